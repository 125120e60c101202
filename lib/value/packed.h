// SPDX-License-Identifier: Apache-2.0
// A Value at rest: what is held for long and looked at seldom, in one piece of memory that is about a quarter of
// the tree's. Nothing is lost: packed and unpacked, a Value is equal to itself, whatever it holds.
// For this process only: the form is stored nowhere.
#pragma once

#include <string>

#include "value/value.h"

namespace holdfast {

class Packed {
 public:
  // Holds null.
  Packed() = default;
  explicit Packed(const Value& value);

  [[nodiscard]] Value unpack() const;

 private:
  std::string bytes_;  // empty: null
};

}  // namespace holdfast
