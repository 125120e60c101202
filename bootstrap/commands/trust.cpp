// SPDX-License-Identifier: Apache-2.0
#include "commands/trust.h"

#include "archive/stream.h"
#include "base/files.h"
#include "base/handle.h"
#include "base/text.h"
#include "bundle/inputs.h"
#include "bundle/trust.h"
#include "commands/signing_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t key_file_limit = 16384;
constexpr std::array all_roles = {bundle::TrustRole::release, bundle::TrustRole::site, bundle::TrustRole::downgrade};

std::string folder_or_own(const std::string& folder) {
  return folder.empty() ? bundle::default_trust_folder() : folder;
}

Result<crypto::Verifier> read_public_key(const std::string& path) {
  const bundle::InputFile input = TRY(bundle::open_input(path));
  const auto source = archive::source_of_range(input.file.get(), 0, input.size);
  const std::string text = TRY(archive::read_all(source, key_file_limit));
  const auto key = crypto::Verifier::parse(text);
  if (key) return *key;
  Error error(Code::usage, key.error().what());
  for (const auto& cause : key.error().causes()) error = std::move(error).because(cause);
  return failure(std::move(error).at(path).fix(std::string(key.error().fix_line())));
}

// A key's name for people: its file's name without ".pub".
std::string note_of(const std::string& note, const std::string& path) {
  return note.empty() ? fs::path(path).stem().string() : note;
}

std::string roles_text(const bundle::TrustedKey& key) {
  std::string text;
  for (const auto role : key.roles) {
    text += text.empty() ? "" : ", ";
    text += bundle::trust_role_name(role);
  }
  return text;
}

Value root_value(const bundle::TrustRoot& root, const std::string& folder) {
  Array keys;
  for (const auto& key : root.keys()) {
    Array roles;
    for (const auto role : key.roles)
      roles.emplace_back(bundle::trust_role_name(role));
    keys.emplace_back(Object{{"id", key.key.id().text()},
                             {"fingerprint", key.key.fingerprint().text()},
                             {"kind", key.key.description()},
                             {"key", key.key.text()},
                             {"note", key.note},
                             {"roles", roles}});
  }
  Object thresholds;
  for (const auto role : all_roles) thresholds.set(bundle::trust_role_name(role), Value(static_cast<std::uint64_t>(root.threshold(role))));
  return Object{{"folder", folder},
                {"version", root.version()},
                {"fingerprint", root.fingerprint().text()},
                {"thresholds", thresholds},
                {"keys", keys}};
}

std::string thresholds_text(const bundle::TrustRoot& root) {
  std::string text;
  for (const auto role : all_roles) {
    const auto count = root.threshold(role);
    if (count > 0) text += fmt::format("{}{} of role {}", text.empty() ? "" : ", ", count, bundle::trust_role_name(role));
  }
  return text;
}

void show_root(const bundle::TrustRoot& root, const std::string& folder, Console& console) {
  console.line(fmt::format("Trust root   {}, version {}", folder, root.version()));
  console.line(fmt::format("Fingerprint  {}", root.fingerprint().text()));
  for (const auto& key : root.keys()) {
    const bool minisign = key.key.scheme() == crypto::Scheme::minisign;
    const std::string kind = minisign ? "" : fmt::format(" ({})", key.key.description());
    console.line(fmt::format("{}  {:<16} {}{}", key.key.id().text(), roles_text(key), key.note, kind));
  }
  console.line(fmt::format("A bundle needs  {}", thresholds_text(root)));
  console.data(root_value(root, folder));
}

Result<> confirm(const crypto::Verifier& key, const std::string& note, Console& console) {
  const bool minisign = key.scheme() == crypto::Scheme::minisign;
  const std::string shown = minisign ? key.text() : fmt::format("{}  {}", key.description(), key.fingerprint().text());
  console.line(fmt::format("Key    {}  {}", note, shown));
  if (console.ask("Compare this with the paper you were given. Same?") != Console::Answer::no) return {};
  return failure(Error(Code::confirmation, "the key was not confirmed")
                     .fix("get the right key from its maker, then run the same command again"));
}

enum class Access { secret, shared };

Result<> write_new(const std::string& path, const std::string& text, Access access) {
  const mode_t mode = access == Access::secret ? 0600 : 0644;
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file && errno == EEXIST) {
    return failure(Error(Code::usage, "the file is there already")
                       .at(path)
                       .fix("name another file: a key is never overwritten"));
  }
  const auto refused = [&] { return failure(system_failure(Code::file_unwritable, "the key could not be written").at(path)); };
  if (!file) return refused();
  auto written = write_all(file.get(), text);
  if (!written) written = failure(std::move(written).error().at(path));
  if (written && ::fsync(file.get()) != 0) written = refused();
  if (!written) ::unlink(path.c_str());
  return written;
}

Result<bundle::TrustRole> role_of(const std::string& name) {
  const auto role = bundle::parse_trust_role(name);
  if (role) return *role;
  return failure(Error(Code::usage, role.error().what()).fix("--role release, --role site or --role downgrade"));
}

Result<std::string> read_text(const std::string& path) {
  constexpr std::uint64_t root_limit = std::uint64_t{256} << 10;
  const bundle::InputFile input = TRY(bundle::open_input(path));
  return archive::read_all(archive::source_of_range(input.file.get(), 0, input.size), root_limit);
}

Result<bundle::TrustRoot> pinned_root(const std::string& path, const std::string& pin) {
  const std::string text = TRY(read_text(path));
  if (crypto::sha256(text).text() != pin) {
    return failure(Error(Code::trust_root, fmt::format("the trust root's fingerprint is {}", crypto::sha256(text).text())).at(path).because(fmt::format("{} was pinned", printable(pin))).fix("get the root and its fingerprint by two ways that nobody else controls"));
  }
  return bundle::TrustRoot::parse(text);
}

// <path>.<key id>.<form> beside a published root.
Result<std::vector<crypto::DetachedSignature>> signatures_beside(const std::string& path) {
  std::vector<crypto::DetachedSignature> signatures;
  const fs::path root = path;
  const std::string prefix = root.filename().string() + ".";
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(root.has_parent_path() ? root.parent_path() : ".", status)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    const auto dot = std::min(rest.find('.'), rest.size());
    const auto key = crypto::parse_key_id(rest.substr(0, dot));
    const auto scheme = crypto::parse_scheme_suffix(rest.substr(std::min(dot + 1, rest.size())));
    if (!key || !scheme) continue;
    std::string bytes = TRY(read_text(entry.path()));
    signatures.push_back({.scheme = *scheme, .key = *key, .bytes = std::move(bytes)});
  }
  return signatures;
}

Result<bundle::TrustRoot> root_of(const TrustInitOptions& options) {
  std::optional<bundle::TrustRoot> root;
  if (!options.root.empty()) {
    if (!options.keys.empty() || options.pin.empty()) return failure(Error(Code::usage, "a published root is pinned by its fingerprint, and brings its keys").fix("holdfast trust init --root FILE --pin sha256:DIGEST"));
    return pinned_root(options.root, options.pin);
  }
  for (const auto& path : options.keys) {
    const crypto::Verifier key = TRY(read_public_key(path));
    const std::string note = note_of(options.note, path);
    if (!root) {
      root = bundle::TrustRoot::of(key, note);
    } else {
      TRY(root->add({.key = key, .roles = {bundle::TrustRole::release}, .note = note}));
    }
  }
  if (!root) return failure(Code::usage, "a trust root needs a public key: --key KEY.pub");
  return *std::move(root);
}

}  // namespace

Result<> run_trust_init(const TrustInitOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  const bundle::TrustRoot root = TRY(root_of(options));
  std::error_code status;
  if (fs::exists(folder + "/root.json", status)) {
    const bundle::TrustRoot held = TRY(bundle::TrustRoot::load(folder));
    if (held.to_text() != root.to_text()) {
      return failure(Error(Code::trust_root, "another trust root is there already")
                         .at(folder)
                         .fix("add the key to it: holdfast trust add KEY.pub"));
    }
  }
  TRY(root.save(folder));
  show_root(root, folder, console);
  return {};
}

Result<> run_trust_add(const TrustAddOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  const crypto::Verifier key = TRY(read_public_key(options.key));
  const std::string note = note_of(options.note, options.key);
  std::vector<bundle::TrustRole> roles;
  for (const auto& name : options.roles) {
    const bundle::TrustRole role = TRY(role_of(name));
    roles.push_back(role);
  }
  if (roles.empty()) roles.push_back(bundle::TrustRole::release);
  std::error_code status;
  const bool first = !fs::exists(folder + "/root.json", status);
  bundle::TrustRoot root = bundle::TrustRoot::of(key, note);
  if (!first) root = TRY(bundle::TrustRoot::load(folder));
  if (first && roles != std::vector{bundle::TrustRole::release}) {
    return failure(Error(Code::usage, "the first key must have role release").at(folder));
  }
  const auto same = [&](const bundle::TrustedKey& each) { return each.key.id() == key.id(); };
  if (!first && std::ranges::any_of(root.keys(), same)) {
    return failure(Error(Code::usage, fmt::format("key {} is trusted already", key.id().text())).at(folder).fix("see its roles with: holdfast trust list"));
  }
  if (options.confirm == Confirm::ask) TRY(confirm(key, note, console));
  if (!first) TRY(root.add({.key = key, .roles = roles, .note = note}));
  TRY(root.save(folder));
  show_root(root, folder, console);
  return {};
}

Result<> run_trust_remove(const TrustRemoveOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  bundle::TrustRoot root = TRY(bundle::TrustRoot::load(folder));
  const auto& keys = root.keys();
  const auto found = std::ranges::find(
      keys, options.id, [](const bundle::TrustedKey& key) { return key.key.id().text(); });
  if (found == keys.end()) {
    return failure(Error(Code::usage,
                         fmt::format("key '{}' is not in the trust root", printable(options.id)))
                       .fix("see its keys with: holdfast trust list"));
  }
  const crypto::KeyId id = found->key.id();
  TRY(root.remove(id));
  TRY(root.save(folder));
  show_root(root, folder, console);
  return {};
}

Result<> run_trust_require(const TrustRequireOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  const bundle::TrustRole role = TRY(role_of(options.role));
  bundle::TrustRoot root = TRY(bundle::TrustRoot::load(folder));
  if (const auto set = root.set_threshold(role, options.count); !set) {
    return failure(Error(Code::usage, set.error().what()).fix("see the keys and their roles with: holdfast trust list"));
  }
  TRY(root.save(folder));
  show_root(root, folder, console);
  return {};
}

Result<> run_trust_accept(const TrustAcceptOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  bundle::TrustRoot root = TRY(bundle::TrustRoot::load(folder));
  TRY(root.accept(options.names, options.channels));
  TRY(root.save(folder));
  show_root(root, folder, console);
  return {};
}

Result<> run_trust_publish(const TrustPublishOptions& options, Console& console) {
  const bundle::TrustRoot root = TRY(bundle::TrustRoot::load(folder_or_own(options.folder)));
  if (options.version == 0) return failure(Code::usage, "versions begin with 1");
  const bundle::TrustRoot published = root.as_version(options.version);
  TRY(replace_file(options.output, published.to_text(), 0644));
  console.line(fmt::format("Root         {}, version {}", options.output, published.version()));
  console.line(fmt::format("Fingerprint  {}", published.fingerprint().text()));
  console.data(Object{{"root", options.output}, {"version", published.version()}, {"fingerprint", published.fingerprint().text()}});
  return {};
}

Result<> run_trust_sign(const TrustSignOptions& options, Console& console) {
  const std::string text = TRY(read_text(options.root));
  const auto root = bundle::TrustRoot::parse(text);
  if (!root) return failure(Error(root.error()).at(options.root).fix("name what holdfast trust publish wrote"));
  Array files;
  for (const auto& path : options.sign_keys) {
    const crypto::Signer key = TRY(load_signer(path, options.passphrase_file));
    const auto signature = TRY(key.sign(text, fmt::format("trust root {}", root->version())), "{}", path);
    const auto file = fmt::format("{}.{}.{}", options.root, signature.key.text(), crypto::scheme_suffix(signature.scheme));
    TRY(replace_file(file, signature.bytes, 0644));
    console.line(fmt::format("Signature    {}", file));
    files.emplace_back(file);
  }
  console.data(Object{{"root", options.root}, {"signatures", files}});
  return {};
}

Result<> run_trust_update(const TrustUpdateOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  const bundle::TrustRoot held = TRY(bundle::TrustRoot::load(folder));
  const std::string text = TRY(read_text(options.root));
  if (text != held.to_text()) {
    const auto signatures = TRY(signatures_beside(options.root));
    const auto next = held.follow(text, signatures, console.clock().wall());
    if (!next && next.error().code() == Code::bundle_signature) {
      return failure(Error(next.error()).at(options.root).fix("get the root again, its signatures beside it, from its maker"));
    }
    if (!next) return failure(Error(next.error()).at(options.root));
    TRY(next->save(folder));
    show_root(*next, folder, console);
    return {};
  }
  show_root(held, folder, console);
  return {};
}

Result<> run_trust_list(const TrustListOptions& options, Console& console) {
  const std::string folder = folder_or_own(options.folder);
  const bundle::TrustRoot root = TRY(bundle::TrustRoot::load(folder));
  show_root(root, folder, console);
  return {};
}

Result<> run_trust_keygen(const KeygenOptions& options, Console& console) {
  const std::string public_path =
      options.public_key.empty() ? options.key + ".pub" : options.public_key;
  std::error_code status;
  if (fs::exists(public_path, status)) {
    return failure(Error(Code::usage, "the file is there already")
                       .at(public_path)
                       .fix("name another file: a key is never overwritten"));
  }
  const crypto::SigningKey key = TRY(crypto::SigningKey::generate());
  TRY(write_new(options.key, key.file_text().reveal(), Access::secret));
  const auto published = write_new(public_path, key.public_key().file_text(), Access::shared);
  if (!published) {
    ::unlink(options.key.c_str());
    return published;
  }
  console.line(
      fmt::format("Key    {}  {}", key.public_key().id().text(), key.public_key().base64()));
  console.line(
      fmt::format("Secret {} (mode 0600, without a pass phrase: keep it where only you can read)",
                  options.key));
  console.data(Object{{"id", key.public_key().id().text()},
                      {"publicKey", key.public_key().base64()},
                      {"key", options.key},
                      {"public", public_path}});
  return {};
}

}  // namespace holdfast::bootstrap
