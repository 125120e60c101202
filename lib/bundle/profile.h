// SPDX-License-Identifier: Apache-2.0
// The tar profile of a bundle: which members, in which order, with which header bytes. Every header
// follows from a member's name, size and place, so a reader compares headers instead of
// interpreting them. docs/formats/bundle.md describes the format for readers of other programs.
// It does not know what the members hold.
#pragma once

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/detached.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::bundle {

inline constexpr std::string_view statement_name = "holdfast/statement.json";
inline constexpr std::string_view closure_name = "holdfast/closure.txt";
inline constexpr std::string_view layout_name = "oci-layout";
inline constexpr std::string_view index_name = "index.json";

inline constexpr std::uint64_t statement_limit = std::uint64_t{64} << 10;
inline constexpr std::uint64_t signature_limit = std::uint64_t{64} << 10;
inline constexpr std::size_t signatures_limit = 8;
inline constexpr std::uint64_t closure_limit = std::uint64_t{8} << 20;
inline constexpr std::size_t blobs_limit = 65'536;
inline constexpr std::uint64_t index_limit = std::uint64_t{4} << 20;
inline constexpr std::uint64_t manifest_limit = std::uint64_t{4} << 20;

// "holdfast/sig/E67ED073CD778B04.minisig", ".p7s" or ".sig"
std::string signature_name(const crypto::DetachedSignature& signature);
// Key and form as such a name says them, without the content; nothing for other names.
std::optional<crypto::DetachedSignature> parse_signature_name(std::string_view name);
// "blobs/sha256/<64 digits>"
std::string blob_name(const crypto::Sha256& digest);

// The one content that image-spec v1 gives this file.
inline constexpr std::string_view layout_text = "{\"imageLayoutVersion\":\"1.0.0\"}";

// All bytes before the content of a member that starts at `at`. Blobs are preceded by a pax comment
// so that their content starts at a multiple of 4 KiB, where it can be shared with other files.
std::string plain_header(std::string_view name, std::uint64_t size);
std::string blob_header(const crypto::Sha256& digest, std::uint64_t size, std::uint64_t at);

// The two zero blocks at the end.
inline constexpr std::uint64_t trailer_size = 1024;

// Name and size as a header of ours holds them, if these 512 bytes are one.
struct NameAndSize {
  std::string name;
  std::uint64_t size;
};

std::optional<NameAndSize> read_plain_header(std::string_view block);

// Sums that would pass 2^63 are refused with Code::bundle_format.
Result<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b);

}  // namespace holdfast::bundle
