// SPDX-License-Identifier: Apache-2.0
#include "commands/bundle.h"

#include "base/text.h"
#include "bundle/create.h"
#include "bundle/inputs.h"
#include "commands/signing_key.h"
#include "version.h"

#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t key_file_limit = 16384;

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> units = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return value < 10 ? fmt::format("{:.1f} {}", value, units.at(unit))
                    : fmt::format("{:.0f} {}", value, units.at(unit));
}

std::string trust_folder_of(const BundleOptions& options) {
  return options.trust_folder.empty() ? bundle::default_trust_folder() : options.trust_folder;
}

// A signature made elsewhere, by a key that is trusted here: only so is it known whose a bare one is.
Result<crypto::DetachedSignature> load_signature(const std::string& path, const bundle::Bundle& bundle,
                                                 const bundle::TrustRoot& trust, WallTime now) {
  const bundle::InputFile input = TRY(bundle::open_input(path));
  const auto source = archive::source_of_range(input.file.get(), 0, input.size);
  const std::string bytes = TRY(archive::read_all(source, key_file_limit), "{}", path);
  auto named = crypto::read_signature(bytes);
  for (const auto& trusted : trust.keys()) {
    crypto::DetachedSignature signature{crypto::Scheme::ecdsa, trusted.key.id(), bytes};
    if (named) signature = *named;
    const auto signed_by = trusted.key.has_signed(bundle.statement_text(), signature, now);
    if (signed_by && *signed_by) return signature;
    if (!signed_by && named) return failure(Error(signed_by.error()).at(path));
  }
  return failure(Error(Code::bundle_untrusted_key, "no trusted key made this signature over the bundle's statement").at(path));
}

// A value that names an existing file or folder is a path of the caller's folder, not of the
// definition's.
Result<bundle::Variables> variables_of(const BundleCreateOptions& options) {
  bundle::Variables variables{{"version", std::string(version)}};
  for (const auto& assignment : options.variables) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return failure(Code::usage, "'{}' is not NAME=VALUE", printable(assignment));
    }
    std::string value = assignment.substr(equals + 1);
    std::error_code status;
    const bool named = value.find('/') != std::string::npos && fs::exists(value, status);
    if (named || fs::is_directory(value, status)) {
      value = fs::absolute(value).lexically_normal();
    }
    variables[assignment.substr(0, equals)] = std::move(value);
  }
  return variables;
}

// https://reproducible-builds.org/specs/source-date-epoch/
Result<std::string> issued_at(const BundleCreateOptions& options) {
  if (!options.issued_at.empty()) {
    const auto time = parse_rfc3339(options.issued_at);
    if (!time) return failure(Error(Code::usage, time.error().what()).fix("--issued-at 2026-11-23T08:00:00Z"));
    return format_rfc3339(*time);
  }
  const char* epoch =
      std::getenv("SOURCE_DATE_EPOCH");  // NOLINT(concurrency-mt-unsafe): one thread
  if (epoch == nullptr) return std::string();
  const std::string_view text = epoch;
  std::int64_t seconds = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (status != std::errc() || end != text.data() + text.size()) {
    return failure(Code::usage, "SOURCE_DATE_EPOCH '{}' is no number of seconds", printable(text));
  }
  return format_rfc3339(WallTime(std::chrono::seconds(seconds)));
}

std::string signers_text(const bundle::Bundle& bundle) {
  std::string text;
  for (const auto& id : bundle.signers())
    text += (text.empty() ? "" : ", ") + id.text();
  return text;
}

std::uint64_t size_of(const bundle::Item& item) {
  std::uint64_t size = 0;
  for (const auto& part : item.parts)
    size += part.size;
  return size;
}

Value statement_value(const bundle::Bundle& bundle) {
  const bundle::Statement& statement = bundle.statement();
  Array signers, platforms;
  for (const auto& id : bundle.signers())
    signers.emplace_back(id.text());
  for (const auto& platform : statement.platforms)
    platforms.emplace_back(platform);
  return Object{{"name", statement.name},
                {"version", statement.version},
                {"id", bundle.id().text()},
                {"signedBy", signers},
                {"platforms", platforms},
                {"securityEpoch", statement.security_epoch},
                {"kubernetes", statement.kubernetes},
                {"issuedAt", statement.issued_at},
                {"bytes", bundle.size()},
                {"blobs", statement.limits.blobs},
                {"expandedBytes", statement.limits.expanded}};
}

Array items_value(const bundle::Bundle& bundle) {
  Array items;
  for (const auto& item : bundle.items()) {
    Array parts;
    for (const auto& part : item.parts) {
      if (part.name.empty()) continue;
      parts.emplace_back(
          Object{{"name", part.name}, {"digest", part.digest.text()}, {"bytes", part.size}});
    }
    Object value{{"component", item.component},
                 {"kind", bundle::item_kind_name(item.kind)},
                 {"name", item.name},
                 {"digest", item.manifest.text()},
                 {"bytes", size_of(item)}};
    if (!parts.empty()) value.set("files", parts);
    items.emplace_back(std::move(value));
  }
  return items;
}

void show_items(const bundle::Bundle& bundle, Console& console) {
  for (const auto& item : bundle.items()) {
    console.line(fmt::format("{:<12} {:<7} {:<44} {:>9}", item.component,
                             bundle::item_kind_name(item.kind), item.name,
                             size_text(size_of(item))));
    for (const auto& part : item.parts) {
      if (part.name.empty()) continue;
      console.line(
          fmt::format("{:<12} {:<7}   {:<42} {:>9}", "", "", part.name, size_text(part.size)));
    }
  }
}

}  // namespace

std::string own_platform() {
#ifdef __aarch64__
  return "linux/arm64";
#else
  return "linux/amd64";
#endif
}

Result<> run_bundle_create(const BundleCreateOptions& options, Console& console) {
  bundle::CreateOptions create;
  create.output = options.output;
  for (const auto& path : options.sign_keys) {
    crypto::Signer key = TRY(load_signer(path, options.passphrase_file));
    create.keys.push_back(std::move(key));
  }
  const bundle::Variables variables = TRY(variables_of(options));
  bundle::Definition definition = TRY(bundle::load_definition(options.definition, variables));
  const std::string issued = TRY(issued_at(options));
  if (definition.statement.issued_at.empty()) definition.statement.issued_at = issued;
  Step step(console, "Bundle", definition.statement.name);
  create.on_part = [&](std::string_view part) { step.waiting(part); };
  const bundle::Statement statement = TRY(bundle::create_bundle(definition, create));
  std::error_code status;
  const std::uint64_t size = fs::file_size(options.output, status);
  step.done(fmt::format("{} {}: {} blobs, {}, signed by {}", statement.name, statement.version,
                        statement.limits.blobs, size_text(status ? 0 : size),
                        create.keys.front().id().text()));
  console.data(Object{{"bundle", options.output},
                      {"name", statement.name},
                      {"version", statement.version},
                      {"blobs", statement.limits.blobs},
                      {"bytes", status ? 0 : size}});
  return {};
}

namespace {

Result<bundle::Bundle> open_trusting(const bundle::TrustRoot& trust, const BundleOptions& options,
                                     Console& console, std::optional<std::string> platform) {
  bundle::OpenOptions open;
  open.installer_version = version;
  open.platform = std::move(platform);
  open.now = console.clock().wall();
  open.minimum_epoch = TRY(bundle::load_accepted_epoch(trust_folder_of(options)));
  Step step(console, "Verify", options.path);
  std::atomic<std::uint64_t> shown = 0;
  open.progress = [&](std::uint64_t done, std::uint64_t total) {
    const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
    if (shown.exchange(percent) != percent) step.waiting(fmt::format("checksums, {} %", percent));
  };
  bundle::Bundle opened = TRY(bundle::Bundle::open(options.path, trust, open));
  step.done(fmt::format("{} {}: {}, signed by {}", opened.statement().name,
                        opened.statement().version, size_text(opened.size()),
                        signers_text(opened)));
  return opened;
}

}  // namespace

Result<bundle::Bundle> open_bundle(const BundleOptions& options, Console& console,
                                   std::optional<std::string> platform) {
  const bundle::TrustRoot trust = TRY(bundle::TrustRoot::load(trust_folder_of(options)));
  return open_trusting(trust, options, console, std::move(platform));
}

Result<> run_bundle_sign(const BundleSignOptions& options, Console& console) {
  if (options.sign_keys.empty() && options.signatures.empty()) {
    return failure(Error(Code::usage, "nothing to sign with").fix("--sign-key KEY, or --signature FILE made elsewhere"));
  }
  const auto trust = TRY(bundle::TrustRoot::load(trust_folder_of(options.bundle)));
  const auto opened = TRY(open_trusting(trust.for_signing(), options.bundle, console, std::nullopt));
  std::vector<crypto::DetachedSignature> more;
  for (const auto& path : options.sign_keys) {
    const crypto::Signer key = TRY(load_signer(path, options.passphrase_file));
    auto signature = TRY(key.sign(opened.statement_text(), bundle::signature_comment(opened.statement())), "{}", path);
    more.push_back(std::move(signature));
  }
  for (const auto& path : options.signatures) {
    auto signature = TRY(load_signature(path, opened, trust, console.clock().wall()));
    more.push_back(std::move(signature));
  }
  Step step(console, "Sign", opened.statement().name);
  TRY(opened.write_with(more, options.output));
  Array signed_by;
  std::string text;
  for (const auto& signature : more) {
    text += (text.empty() ? "" : ", ") + signature.key.text();
    signed_by.emplace_back(signature.key.text());
  }
  step.done(fmt::format("{}, signed by {} as well", options.output, text));
  console.data(Object{{"bundle", options.output}, {"id", opened.id().text()}, {"signedBy", signed_by}});
  return {};
}

Result<> run_bundle_verify(const BundleOptions& options, Console& console) {
  const bundle::Bundle opened = TRY(open_bundle(options, console));
  console.data(statement_value(opened));
  return {};
}

Result<> run_bundle_inspect(const BundleOptions& options, Console& console) {
  const bundle::Bundle opened = TRY(open_bundle(options, console));
  const bundle::Statement& statement = opened.statement();
  console.line();
  console.line(fmt::format("Name        {} {}", statement.name, statement.version));
  console.line(fmt::format("Identity    {}", opened.id().text()));
  console.line(fmt::format("Signed by   {}", signers_text(opened)));
  console.line(fmt::format("Platforms   {}", fmt::join(statement.platforms, ", ")));
  console.line(
      fmt::format("Kubernetes  {}", statement.kubernetes.empty() ? "any" : statement.kubernetes));
  console.line(fmt::format("Epoch       {}", statement.security_epoch));
  if (!statement.issued_at.empty())
    console.line(fmt::format("Issued      {}", statement.issued_at));
  console.line(fmt::format("Content     {} blobs, {}, {} unpacked", statement.limits.blobs,
                           size_text(statement.limits.bytes),
                           size_text(statement.limits.expanded)));
  console.line();
  show_items(opened, console);
  Value value = statement_value(opened);
  value["items"] = items_value(opened);
  console.data(value);
  return {};
}

}  // namespace holdfast::bootstrap
