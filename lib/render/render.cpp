// SPDX-License-Identifier: Apache-2.0
#include "render/render.h"

#include "render/detect.h"
#include "render/directory.h"
#include "render/helm_source.h"
#include "render/kustomize_source.h"

namespace holdfast::render {
namespace {

// Takes apart what has `items`, whatever its kind is called; one level, as upstream.
Result<std::vector<Manifest>> flattened(std::vector<Manifest> manifests) {
  std::vector<Manifest> out;
  for (auto& manifest : manifests) {
    auto* items = manifest.object.find("items");
    if (items == nullptr || (!items->is_array() && !items->is_null())) {
      out.push_back(std::move(manifest));
      continue;
    }
    const bool is_list = items->is_array() || (manifest.object.find("spec") == nullptr &&
                                               manifest.object.find("status") == nullptr);
    if (!is_list) out.push_back(std::move(manifest));
    auto* elements = items->as_array();
    if (!is_list || elements == nullptr) continue;
    for (auto& element : *elements) {
      if (!element.is_object()) {
        return failure(Error(Code::object_invalid,
                             fmt::format("a list's item is of type {}, wanted: an object",
                                         kind_name(element.kind())))
                           .at(manifest.origin));
      }
      out.push_back({std::move(element), manifest.origin});
    }
  }
  return out;
}

Result<std::vector<Manifest>> manifests_of(Type type, const Value& source, const Context& context,
                                           const tree::FileTree& tree, const std::string& folder) {
  const auto environment = environment_of(source, context);
  switch (type) {
    case Type::directory: {
      const auto options = TRY(decode_directory_options(source.find("directory")));
      return render_directory(tree, folder, options);
    }
    case Type::kustomize:
      return render_kustomize({tree, folder, context, environment}, source.find("kustomize"));
    case Type::helm: return render_helm({tree, folder, context, environment}, source.find("helm"));
  }
  std::unreachable();
}

}  // namespace

Result<Rendered> render(const Value& source, const Context& context, const tree::FileTree& tree) {
  const auto folder = TRY(source_folder(tree, source.text({"path"})));
  const auto merged = TRY(with_overrides(source, context.application, tree, folder));
  Rendered out;
  out.type = TRY(detect(merged, tree, folder));
  auto manifests = TRY(manifests_of(out.type, merged, context, tree, folder));
  out.manifests = TRY(flattened(std::move(manifests)));
  return out;
}

}  // namespace holdfast::render
