// SPDX-License-Identifier: Apache-2.0
// Any bytes: the reader refuses or returns, within its budgets; what it returns can be printed, is
// read again, and is then printed the same.
#include "yaml/yaml.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using holdfast::yaml::Dialect;

void check(std::string_view text, Dialect dialect) {
  const holdfast::yaml::Limits limits{.depth = 50, .bytes = 1 << 20, .nodes = 100'000};
  const auto documents = holdfast::yaml::parse_all(text, "fuzz", dialect, limits);
  if (!documents) return;
  for (const auto& document : *documents) {
    const auto printed = holdfast::yaml::write(document.value);
    const auto again = holdfast::yaml::parse_one(printed, "again", Dialect::kube);
    // A value whose text has DEL is printed raw, as upstream prints it, and refused as upstream
    // does.
    if (!again) continue;
    CHECK(holdfast::yaml::write(*again) == printed);
    static_cast<void>(holdfast::yaml::locate(text, document.index, "/a/0/b"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, Dialect::kube);
  check(text, Dialect::kyaml);
  return 0;
}
