// SPDX-License-Identifier: Apache-2.0
// Private to lib/yaml.
#pragma once

#include <string_view>

namespace holdfast::yaml {

enum class Characters {
  refused,  // not UTF-8, or of characters that libyaml does not accept, or with other line ends than "\n"
  ascii,    // a byte is a character
  wide,
};

Characters characters_of(std::string_view text);

}  // namespace holdfast::yaml
