// SPDX-License-Identifier: Apache-2.0
// The name of a Git object: twenty bytes of SHA-1, as every server of Argo CD's world uses it.
// It does not know what kind of object it names, or whether it exists.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::git {

class ObjectId {
 public:
  static constexpr std::size_t size = 20;

  ObjectId() = default;  // forty zeros, the protocol's "nothing"

  explicit ObjectId(const std::array<unsigned char, size>& bytes) : bytes_(bytes) {}

  // Exactly forty hexadecimal digits of either case.
  static std::optional<ObjectId> parse(std::string_view hex);

  [[nodiscard]] std::string hex() const;

  [[nodiscard]] const std::array<unsigned char, size>& bytes() const { return bytes_; }

  [[nodiscard]] bool is_zero() const { return *this == ObjectId(); }

  auto operator<=>(const ObjectId&) const = default;

 private:
  std::array<unsigned char, size> bytes_{};
};

using CommitId = ObjectId;

}  // namespace holdfast::git

template <>
struct std::hash<holdfast::git::ObjectId> {
  // Any eight bytes of a digest are a hash already.
  std::size_t operator()(const holdfast::git::ObjectId& id) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
      value = value << 8 | id.bytes()[i];
    return value;
  }
};
