// SPDX-License-Identifier: Apache-2.0
// Private to lib/yaml.
#pragma once

#include <string_view>

namespace holdfast::yaml {

// UTF-8 of characters that libyaml accepts, and no line ends but "\n".
bool is_clean(std::string_view text);

}  // namespace holdfast::yaml
