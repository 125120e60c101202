// SPDX-License-Identifier: Apache-2.0
#include "render/kustomize_source.h"

#include "kustomize/kustomize.h"

namespace holdfast::render {

Result<std::vector<Manifest>> render_kustomize(const Value& source, const tree::FileTree& tree, std::string_view folder) {
  if (const auto* options = source.find("kustomize"); options != nullptr && options->is_object()) {
    for (const auto& member : *options->as_object()) {
      return failure(Error(Code::source_unsupported, fmt::format("the Application sets kustomize.{}", member.key))
                         .fix("write it into the kustomization file"));
    }
  }
  auto built = TRY(kustomize::build(tree, folder));
  std::vector<Manifest> manifests;
  for (auto& resource : built.resources) {
    manifests.push_back({.object = std::move(resource.object), .origin = std::move(resource.origin)});
  }
  return manifests;
}

}  // namespace holdfast::render
