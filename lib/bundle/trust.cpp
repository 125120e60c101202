// SPDX-License-Identifier: Apache-2.0
#include "bundle/trust.h"

#include "archive/stream.h"
#include "base/files.h"
#include "base/handle.h"
#include "base/text.h"
#include "value/json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

namespace holdfast::bundle {
namespace {

constexpr std::array<std::string_view, 3> role_names = {"release", "site", "downgrade"};
constexpr std::string_view file_name = "root.json";
constexpr std::string_view epoch_name = "epoch";
constexpr std::size_t keys_limit = 64;
constexpr std::size_t file_limit = std::size_t{256} << 10;

std::unexpected<Error> malformed(std::string reason) {
  return failure(Error(Code::trust_root, "the trust root is malformed").because(std::move(reason)));
}

Result<TrustedKey> parse_key(const Value& value) {
  auto parsed = TRY(crypto::Verifier::parse(value.text({"key"})));
  TrustedKey key{.key = parsed, .roles = {}, .note = {}};
  key.note = printable(value.text({"note"}));
  if (value.text({"id"}) != key.key.id().text()) return malformed("a key does not have its own id");
  const Value* roles = value.find("roles");
  const auto* list = roles == nullptr ? nullptr : roles->as_array();
  if (list == nullptr || list->empty()) return malformed("a key has no roles");
  for (const auto& role : *list) {
    const auto* name = role.as_string();
    const TrustRole known = TRY(parse_trust_role(name == nullptr ? std::string_view() : *name));
    key.roles.push_back(known);
  }
  return key;
}

// An absent list is an empty one.
Result<std::vector<std::string>> texts_of(const Value& document, std::string_view key) {
  constexpr std::size_t texts_limit = 256;
  std::vector<std::string> texts;
  const Value* value = document.find(key);
  if (value == nullptr) return texts;
  const auto* list = value->as_array();
  if (list == nullptr || list->size() > texts_limit) {
    return malformed(fmt::format("'{}' is no list of at most {} texts", key, texts_limit));
  }
  for (const auto& each : *list) {
    const auto* text = each.as_string();
    if (text == nullptr || text->empty() || printable(*text) != *text) {
      return malformed(fmt::format("'{}' holds what is no plain text", key));
    }
    texts.push_back(*text);
  }
  return texts;
}

Array array_of(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

// A form that names its key must name the one under which it is filed, trusted or not.
Result<> check_name(const crypto::DetachedSignature& signature) {
  if (signature.scheme == crypto::Scheme::ecdsa) return {};
  const auto read = TRY(crypto::read_signature(signature.bytes), "key {}", signature.key.text());
  if (read.scheme == signature.scheme && read.key == signature.key) return {};
  return failure(Code::bundle_signature, "the signature under the name of key {} is of key {}",
                 signature.key.text(), read.key.text());
}

bool has_role(const TrustedKey& key, TrustRole role) {
  return std::ranges::find(key.roles, role) != key.roles.end();
}

std::string errno_text() {
  return ::strerror(errno);
}

Result<> write_file(const std::string& folder, std::string_view name, std::string_view text) {
  std::error_code status;
  const bool made = std::filesystem::create_directories(folder, status);
  if (status) {
    errno = status.value();
    return failure(system_failure(Code::file_unwritable, "the trust folder could not be made").at(folder));
  }
  auto written = replace_file(fmt::format("{}/{}", folder, name), text, 0644);
  if (!written && made) std::filesystem::remove(folder, status);
  return written;
}

}  // namespace

std::string_view trust_role_name(TrustRole role) {
  return role_names.at(static_cast<std::size_t>(role));
}

Result<TrustRole> parse_trust_role(std::string_view name) {
  const auto* found = std::ranges::find(role_names, name);
  if (found == role_names.end()) {
    return failure(Code::trust_root, "'{}' is no role: release, site or downgrade",
                   printable(name));
  }
  return static_cast<TrustRole>(found - role_names.begin());
}

TrustRoot TrustRoot::of(const crypto::Verifier& key, std::string note) {
  TrustRoot root;
  root.keys_.push_back({.key = key, .roles = {TrustRole::release}, .note = std::move(note)});
  root.thresholds_[TrustRole::release] = 1;
  return root;
}

Result<TrustRoot> TrustRoot::parse(std::string_view text) {
  constexpr json::Limits limits{.depth = 8, .bytes = file_limit};
  const auto document = json::parse(text, file_name, limits, json::Duplicates::refuse);
  if (!document) return malformed(document.error().message());
  // Roots of before there were chains have none; follow() asks for it.
  const Value* type = document->find("type");
  if (type != nullptr && document->text({"type"}) != trust_root_type) {
    return malformed(fmt::format("its type is not '{}'", trust_root_type));
  }
  TrustRoot root;
  const Value* version = document->find("version");
  const auto* number = version == nullptr ? nullptr : version->as_int();
  if (number == nullptr || *number < 1) return malformed("it has no version");
  root.version_ = static_cast<std::uint64_t>(*number);
  const Value* keys = document->find("keys");
  if (keys == nullptr || !keys->is_array() || keys->as_array()->size() > keys_limit) {
    return malformed(fmt::format("it has no list of at most {} keys", keys_limit));
  }
  for (const auto& value : *keys->as_array()) {
    auto key = TRY(parse_key(value));
    if (root.find(key.key.id()) != nullptr) return malformed("a key is listed twice");
    root.keys_.push_back(std::move(key));
  }
  const Value* thresholds = document->find("thresholds");
  if (thresholds == nullptr || !thresholds->is_object()) return malformed("it has no thresholds");
  for (const auto& [name, value] : *thresholds->as_object()) {
    const auto role = TRY(parse_trust_role(name));
    const auto* count = value.as_int();
    if (count == nullptr || *count < 0) return malformed("a threshold is no count");
    root.thresholds_[role] = static_cast<std::size_t>(*count);
  }
  if (root.threshold(TrustRole::release) == 0)
    return malformed("no release signature is asked for");
  root.names_ = TRY(texts_of(*document, "names"));
  root.channels_ = TRY(texts_of(*document, "channels"));
  const auto revoked = TRY(texts_of(*document, "revoked"));
  for (const auto& each : revoked) {
    const auto id = crypto::parse_key_id(each);
    if (!id || root.find(*id) != nullptr) return malformed("a revoked key is none, or is trusted");
    root.revoked_.push_back(*id);
  }
  return root;
}

Result<TrustRoot> TrustRoot::load(const std::string& folder) {
  const std::string path = folder + "/" + std::string(file_name);
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return failure(
        Error(Code::trust_root, "there is no trust root").at(path).because(errno_text()));
  }
  const bool owned = status.st_uid == 0 || status.st_uid == ::geteuid();
  if (!S_ISREG(status.st_mode) || !owned || (status.st_mode & 0022U) != 0) {
    return failure(Error(Code::trust_root, "the trust root can be changed by others")
                       .at(path)
                       .fix(fmt::format("check it, then: chmod 0644 {}", path)));
  }
  const std::string text = TRY(archive::read_all(archive::source_of_fd(file.get()), file_limit));
  auto root = parse(text);
  if (!root) return failure(std::move(root).error().at(path));
  return root;
}

Result<> TrustRoot::save(const std::string& folder) const {
  return write_file(folder, file_name, to_text());
}

std::string TrustRoot::to_text() const {
  Array keys;
  for (const auto& key : keys_) {
    Array roles;
    for (const auto role : key.roles)
      roles.emplace_back(trust_role_name(role));
    keys.emplace_back(Object{{"id", key.key.id().text()},
                             {"key", key.key.text()},
                             {"note", key.note},
                             {"roles", roles}});
  }
  Object thresholds;
  for (const auto& [role, count] : thresholds_)
    thresholds.set(trust_role_name(role), Value(static_cast<std::uint64_t>(count)));
  Object document{{"type", trust_root_type}, {"version", version_}, {"keys", keys}, {"thresholds", thresholds}};
  Array revoked;
  for (const auto& id : revoked_) revoked.emplace_back(id.text());
  if (!revoked.empty()) document.set("revoked", revoked);
  if (!names_.empty()) document.set("names", array_of(names_));
  if (!channels_.empty()) document.set("channels", array_of(channels_));
  return json::write_indented(document) + "\n";
}

crypto::Sha256 TrustRoot::fingerprint() const {
  return crypto::sha256(to_text());
}

std::size_t TrustRoot::threshold(TrustRole role) const {
  const auto found = thresholds_.find(role);
  return found == thresholds_.end() ? 0 : found->second;
}

const TrustedKey* TrustRoot::find(const crypto::KeyId& id) const {
  const auto found =
      std::ranges::find_if(keys_, [&](const TrustedKey& key) { return key.key.id() == id; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<> TrustRoot::add(TrustedKey key) {
  if (find(key.key.id()) != nullptr) {
    return failure(
        Error(Code::trust_root, fmt::format("key {} is trusted already", key.key.id().text()))
            .fix("see it with: holdfast trust list"));
  }
  if (std::ranges::binary_search(revoked_, key.key.id())) {
    return failure(Error(Code::trust_root, fmt::format("key {} was removed, and is never taken again", key.key.id().text()))
                       .fix("use another key, or make a new trust root"));
  }
  if (keys_.size() >= keys_limit) {
    return failure(Code::limit, "the trust root has {} keys, the limit is {}", keys_.size(),
                   keys_limit);
  }
  keys_.push_back(std::move(key));
  std::ranges::sort(keys_, {}, [](const TrustedKey& each) { return each.key.id(); });
  ++version_;
  return {};
}

Result<> TrustRoot::remove(const crypto::KeyId& id) {
  if (find(id) == nullptr) {
    return failure(
        Error(Code::trust_root, fmt::format("key {} is not in the trust root", id.text()))
            .fix("see its keys with: holdfast trust list"));
  }
  std::vector<TrustedKey> left;
  std::ranges::copy_if(keys_, std::back_inserter(left),
                       [&](const TrustedKey& key) { return key.key.id() != id; });
  for (const auto& [role, count] : thresholds_) {
    const auto able = static_cast<std::size_t>(
        std::ranges::count_if(left, [&](const TrustedKey& key) { return has_role(key, role); }));
    if (able < count) {
      return failure(Code::trust_root,
                     "without key {} the {} signature(s) of role '{}' cannot be had", id.text(),
                     count, trust_role_name(role));
    }
  }
  keys_ = std::move(left);
  revoked_.push_back(id);
  std::ranges::sort(revoked_);
  ++version_;
  return {};
}

Result<> TrustRoot::accept(std::vector<std::string> names, std::vector<std::string> channels) {
  for (const auto* list : {&names, &channels}) {
    for (const auto& text : *list) {
      if (!text.empty() && printable(text) == text) continue;
      return failure(Code::usage, "'{}' is no plain text", printable(text));
    }
  }
  names_ = std::move(names);
  channels_ = std::move(channels);
  ++version_;
  return {};
}

Result<> TrustRoot::check_accepted(std::string_view name, std::string_view channel) const {
  const auto check = [](std::string_view what, std::string_view value, const std::vector<std::string>& taken) -> Result<> {
    if (taken.empty() || std::ranges::find(taken, value) != taken.end()) return {};
    return failure(Error(Code::bundle_policy, fmt::format("the bundle's {} is '{}', this machine takes {}", what, value, fmt::join(taken, ", ")))
                       .fix("take a bundle of that name and channel, or: holdfast trust accept"));
  };
  TRY(check("name", name, names_));
  return check("channel", channel, channels_);
}

TrustRoot TrustRoot::as_version(std::uint64_t version) const {
  TrustRoot root = *this;
  root.version_ = version;
  return root;
}

Result<TrustRoot> TrustRoot::follow(std::string_view text,
                                    const std::vector<crypto::DetachedSignature>& signatures,
                                    WallTime now) const {
  const auto refused = [](std::string reason) {
    return failure(Error(Code::trust_root, "this is not the next trust root").because(std::move(reason)).fix("get the roots after yours from their maker, each with its signatures"));
  };
  // The signatures of the held root are looked at before the text is read.
  TRY(check(text, signatures, now, "trust root"));
  auto next = TRY(parse(text));
  if (next.to_text() != text) return refused("it is not written as it would be here");
  if (next.version_ != version_ + 1) {
    return refused(fmt::format("it is version {}, version {} is held", next.version_, version_));
  }
  if (!std::ranges::includes(next.revoked_, revoked_)) return refused("it forgets a revoked key");
  TRY(next.check(text, signatures, now, "trust root"), "by its own keys");
  return next;
}

Result<> TrustRoot::set_threshold(TrustRole role, std::size_t count) {
  const auto able = static_cast<std::size_t>(
      std::ranges::count_if(keys_, [&](const TrustedKey& key) { return has_role(key, role); }));
  if (count > able) {
    return failure(Code::trust_root, "{} signatures of role '{}' are asked for, {} key(s) have it",
                   count, trust_role_name(role), able);
  }
  if (role == TrustRole::release && count == 0) {
    return failure(Code::trust_root, "at least one release signature must be asked for");
  }
  thresholds_[role] = count;
  ++version_;
  return {};
}

TrustRoot TrustRoot::for_signing() const {
  TrustRoot root = *this;
  root.thresholds_ = {{TrustRole::release, 1}};
  return root;
}

Result<std::vector<crypto::KeyId>> TrustRoot::check(
    std::string_view message, const std::vector<crypto::DetachedSignature>& signatures,
    WallTime now, std::string_view what) const {
  if (signatures.empty()) return failure(Code::bundle_signature, "the {} carries no signature", what);
  std::vector<crypto::KeyId> signers;
  std::set<crypto::KeyId> hands;  // that signed; one hand may have signed in two forms
  std::string unknown;
  for (const auto& signature : signatures) {
    TRY(check_name(signature));
    const TrustedKey* signer = TRY(signer_of(message, signature, now));
    if (signer == nullptr) {
      unknown += (unknown.empty() ? "" : ", ") + signature.key.text();
    } else if (hands.insert(signature.key).second &&
               std::ranges::find(signers, signer->key.id()) == signers.end()) {
      signers.push_back(signer->key.id());
    }
  }
  TRY(check_thresholds(signers, unknown, what));
  return signers;
}

// The listed key whose signature this is: itself, or else the first certificate above it; null when
// there is none.
Result<const TrustedKey*> TrustRoot::signer_of(std::string_view message,
                                               const crypto::DetachedSignature& signature,
                                               WallTime now) const {
  const TrustedKey* above = nullptr;
  for (const auto& trusted : keys_) {
    const bool has = TRY(trusted.key.has_signed(message, signature, now));
    if (!has) continue;
    if (trusted.key.id() == signature.key) return &trusted;
    if (above == nullptr) above = &trusted;
  }
  return above;
}

Result<> TrustRoot::check_thresholds(const std::vector<crypto::KeyId>& signers,
                                     const std::string& unknown, std::string_view what) const {
  for (const auto& [role, count] : thresholds_) {
    if (role == TrustRole::downgrade) continue;
    const auto signed_by = static_cast<std::size_t>(std::ranges::count_if(
        signers, [&](const crypto::KeyId& id) { return has_role(*find(id), role); }));
    if (signed_by >= count) continue;
    const std::string counted = fmt::format("{} of {} signatures of role '{}' are by trusted keys",
                                            signed_by, count, trust_role_name(role));
    if (unknown.empty()) return failure(Error(Code::bundle_untrusted_key, counted));
    auto error = Error(Code::bundle_untrusted_key,
                       fmt::format("the {} is signed by a key that this machine does not trust", what));
    error = std::move(error).at("key " + unknown).because(counted);
    return failure(std::move(error));
  }
  return {};
}

std::string default_trust_folder() {
  const char* config = ::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return std::string(config) + "/holdfast/trust";
  const char* home = ::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.config/holdfast/trust";
}

Result<std::uint64_t> load_accepted_epoch(const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, epoch_name);
  const auto wrong = [&](std::string reason) {
    return failure(Error(Code::trust_root, "the accepted epoch could not be read")
                       .at(path)
                       .because(std::move(reason)));
  };
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::uint64_t{0};
  if (!file) return wrong(errno_text());
  const std::string text = TRY(archive::read_all(archive::source_of_fd(file.get()), 64));
  const std::string_view digits = trim(text);
  std::uint64_t epoch = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  if (status != std::errc() || end != digits.data() + digits.size())
    return wrong("it is no number");
  return epoch;
}

Result<> record_accepted_epoch(const std::string& folder, std::uint64_t epoch) {
  const std::uint64_t held = TRY(load_accepted_epoch(folder));
  if (epoch <= held) return {};
  return write_file(folder, epoch_name, fmt::format("{}\n", epoch));
}

}  // namespace holdfast::bundle
