// SPDX-License-Identifier: Apache-2.0
#include "bundle/profile.h"

#include "archive/tar_writer.h"

#include <algorithm>
#include <limits>

namespace holdfast::bundle {
namespace {

constexpr std::string_view signature_folder = "holdfast/sig/";
constexpr std::uint64_t alignment = 4096;
constexpr unsigned member_mode = 0444;

// A pax record of exactly `size` bytes (512 to 4096), which says nothing.
std::string padding_record(std::size_t size) {
  std::string record = fmt::format("{} comment=", size);
  record.resize(size - 1, ' ');
  return record + '\n';
}

}  // namespace

std::string signature_name(const crypto::DetachedSignature& signature) {
  return fmt::format("{}{}.{}", signature_folder, signature.key.text(),
                     crypto::scheme_suffix(signature.scheme));
}

std::optional<crypto::DetachedSignature> parse_signature_name(std::string_view name) {
  if (!name.starts_with(signature_folder)) return std::nullopt;
  name.remove_prefix(signature_folder.size());
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto key = crypto::parse_key_id(name.substr(0, dot));
  const auto scheme = crypto::parse_scheme_suffix(name.substr(dot + 1));
  if (!key || !scheme) return std::nullopt;
  return crypto::DetachedSignature{.scheme = *scheme, .key = *key, .bytes = {}};
}

std::string blob_name(const crypto::Sha256& digest) {
  return "blobs/sha256/" + digest.hex();
}

std::string plain_header(std::string_view name, std::uint64_t size) {
  const archive::TarHeader header{.name = std::string(name), .mode = member_mode, .size = size};
  return header.bytes();
}

std::string blob_header(const crypto::Sha256& digest, std::uint64_t size, std::uint64_t at) {
  const std::string header = plain_header(blob_name(digest), size);
  std::uint64_t missing = (alignment - (at + archive::tar_block) % alignment) % alignment;
  if (missing == 0) return header;
  // A pax member is a header and at least one block.
  if (missing == archive::tar_block) missing += alignment;
  const auto record_size = static_cast<std::size_t>(missing - archive::tar_block);
  const archive::TarHeader pax{
      .name = "holdfast/padding", .type = 'x', .mode = member_mode, .size = record_size};
  return pax.bytes() + padding_record(record_size) + header;
}

std::optional<NameAndSize> read_plain_header(std::string_view block) {
  if (block.size() != archive::tar_block) return std::nullopt;
  const std::string_view name = block.substr(0, block.substr(0, 100).find('\0'));
  std::uint64_t size = 0;
  for (const char c : block.substr(124, 11)) {
    if (c < '0' || c > '7') return std::nullopt;
    size = size << 3 | static_cast<std::uint64_t>(c - '0');
  }
  if (name.size() > 100 || plain_header(name, size) != block) return std::nullopt;
  return NameAndSize{std::string(name), size};
}

Result<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (a > most || b > most - a) {
    return failure(Code::bundle_format, "sizes {} and {} add up to more than a file can hold", a,
                   b);
  }
  return a + b;
}

}  // namespace holdfast::bundle
