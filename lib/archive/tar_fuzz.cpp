// SPDX-License-Identifier: Apache-2.0
// Any archive: refused, or a tree whose paths stay inside and whose size is within the limit.
#include "archive/tar_reader.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 20;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tree = holdfast::archive::read_tree(bytes, {.entries = 1000, .bytes = limit});
  if (!tree) return 0;
  std::uint64_t total = 0;
  for (const auto& [path, content] : tree->files()) {
    CHECK(holdfast::join_inside("", path) == path);
    total += content.size();
  }
  CHECK(total <= limit);
  return 0;
}
