// SPDX-License-Identifier: Apache-2.0
// Any bytes as a template that runs, with every function at hand and small limits.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gotmpl/templates.h"

namespace {

holdfast::Value values() {
  using holdfast::Array;
  using holdfast::Object;
  return Object{{"n", 5},
                {"f", 1.5},
                {"s", "abc\ndef"},
                {"b", true},
                {"l", Array{1, "x", nullptr, Array{2}}},
                {"m", Object{{"a", Object{{"b", "c"}}}, {"z", Array{}}}},
                {"t", "{{ .n }}{{ define \"x\" }}y{{ end }}"},
                {"u", "http://user@host:80/path?q=1#f"},
                {"v", "1.2.3-rc.1"}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  holdfast::gotmpl::Environment environment;
  environment.limits.output_bytes = 1 << 16;
  environment.limits.list_items = 1 << 12;
  environment.limits.steps = 20'000;
  environment.limits.nesting = 50;
  environment.limits.time = std::chrono::milliseconds(500);
  environment.random = [](std::span<unsigned char> bytes) {
    for (unsigned char& byte : bytes) byte = 42;
  };
  holdfast::gotmpl::Templates templates(environment);
  if (!templates.parse("fuzz.yaml", text)) return 0;
  auto root = holdfast::gotmpl::Datum::from_value(values(),
                                                  holdfast::gotmpl::Datum::Numbers::as_float64);
  static_cast<void>(templates.execute("fuzz.yaml", root));
  return 0;
}
