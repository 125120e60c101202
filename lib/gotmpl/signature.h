// SPDX-License-Identifier: Apache-2.0
// The letters of Function::signature: which Datum fits a Go parameter, and its Go name.
#pragma once

#include <string_view>

#include "gotmpl/function.h"

namespace holdfast::gotmpl {

struct Signature {
  explicit Signature(std::string_view letters)
      : text(letters), variadic(letters.ends_with('*')),
        fixed(variadic ? letters.size() - 2 : letters.size()) {}
  [[nodiscard]] char at(std::size_t index) const { return index < fixed ? text[index] : text[fixed]; }

  std::string_view text;
  bool variadic;
  std::size_t fixed;
};

std::string_view parameter_name(char letter);  // "map[string]interface {}"
bool takes_nil(char letter);                    // a literal nil may be passed
bool fits(const Datum& value, char letter);     // reflect's AssignableTo
Datum nil_of(char letter);                      // what a literal nil becomes

extern const Type nil_dict_type;  // a nil map: empty, and `set` on it fails

}  // namespace holdfast::gotmpl
