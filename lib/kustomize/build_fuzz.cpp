// SPDX-License-Identifier: Apache-2.0
// The whole build over a small tree made of the input: files are separated by a line "#file NAME".
// Whatever it holds, the build ends in a result or in an error.
#include "base/text.h"
#include "kustomize/kustomize.h"
#include "tree/memory_tree.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  holdfast::tree::MemoryTree tree;
  std::string name = "kustomization.yaml", content;
  for (const auto line : holdfast::split(text, '\n')) {
    if (!line.starts_with("#file ")) {
      content += std::string(line) + "\n";
      continue;
    }
    if (const auto clean = holdfast::join_inside("", name)) tree.add(*clean, content);
    name = line.substr(6);
    content.clear();
  }
  if (const auto clean = holdfast::join_inside("", name)) tree.add(*clean, content);
  holdfast::kustomize::Options options;
  options.limits = {
      .resources = 1000, .files = 100, .bytes = 1 << 20, .nodes = 20'000, .depth = 50};
  options.limits.time = std::chrono::milliseconds(2000);
  const auto built = holdfast::kustomize::build(tree, "", options);
  if (built) static_cast<void>(holdfast::kustomize::print(*built));
  return 0;
}
