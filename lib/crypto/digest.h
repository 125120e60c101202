// SPDX-License-Identifier: Apache-2.0
// SHA-256 of memory, of streams, and of many ranges of one file at once. Files are read with pread,
// never mapped: a file that is cut short under a mapping kills the process.
// It does not know what the bytes mean.
#pragma once

#include "base/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::crypto {

struct Sha256 {
  std::array<unsigned char, 32> bytes{};

  auto operator<=>(const Sha256&) const = default;

  [[nodiscard]] std::string hex() const;   // 64 lower-case digits
  [[nodiscard]] std::string text() const;  // "sha256:" and the digits, as OCI writes it
};

// Exactly 64 lower-case hexadecimal digits, or nothing.
std::optional<Sha256> parse_sha256_hex(std::string_view hex);
// "sha256:" and those digits, or nothing.
std::optional<Sha256> parse_sha256(std::string_view text);

Sha256 sha256(std::string_view bytes);
// Of several texts, each with its length: no other list of texts has the same.
Sha256 sha256_of(std::initializer_list<std::string_view> texts);

// 32 lower-case digits, as package databases record files. It says who a file may be, never that it is.
std::string md5_hex(std::string_view bytes);

class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  ~Sha256Stream();

  void add(std::string_view bytes);
  // Ends the stream; add() must not follow.
  Sha256 finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Bytes [offset, offset + size) of a file.
struct Range {
  std::uint64_t offset;
  std::uint64_t size;
};

// Called with the number of bytes hashed since the last call, from several threads.
using HashProgress = std::function<void(std::uint64_t)>;

// One digest per range, index-aligned; `threads` of this process share the work, longest range
// first. Memory is 256 KiB per thread whatever the sizes. Refuses with Code::file_unreadable when
// the file ends before a range does.
Result<std::vector<Sha256>> hash_ranges(int fd, std::span<const Range> ranges, unsigned threads,
                                        const HashProgress& progress = {});

// Reads exactly `size` bytes at `offset`. Refuses with Code::file_unreadable at an early end.
Result<> read_exactly(int fd, std::uint64_t offset, std::span<char> into);

}  // namespace holdfast::crypto
