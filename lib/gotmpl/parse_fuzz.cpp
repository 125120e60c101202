// SPDX-License-Identifier: Apache-2.0
// Any bytes as a template: parsed or refused, never more than its limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gotmpl/templates.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  holdfast::gotmpl::Templates templates{holdfast::gotmpl::Environment{}};
  static_cast<void>(templates.parse("fuzz.yaml", text));
  return 0;
}
