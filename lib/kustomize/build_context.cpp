// SPDX-License-Identifier: Apache-2.0
#include "kustomize/build_context.h"

#include <fmt/format.h>

namespace holdfast::kustomize {

Result<> BuildContext::choose_schema(const Kustomization& kustomization, const Loader& loader) {
  if (schema_chosen_) return {};
  const auto path = kustomization.openapi.find("path");
  const auto version = kustomization.openapi.find("version");
  const bool has_path = path != kustomization.openapi.end();
  const bool has_version = version != kustomization.openapi.end();
  if (has_path && has_version) {
    return failure(Error(Code::kustomization, "openapi has \"path\" and \"version\"")
                       .at(loader.shown())
                       .fix("keep one of them"));
  }
  if (has_path) {
    const std::string text = TRY(loader.read(path->second), "reading openapi.path");
    const std::string name = loader.path_of(path->second);
    const Value document = TRY(read_document(text, name, loader.read_limits()));
    using BuiltIn = MergeSchema::BuiltIn;
    schema_ = MergeSchema::read(document, merged_         ? BuiltIn::yields
                                          : unknown_kind_ ? BuiltIn::precedes
                                                          : BuiltIn::absent);
    schema_chosen_ = true;
    return {};
  }
  if (!has_version || version->second.empty()) return {};
  if (version->second != "v1.21.2") {
    return failure(Error(Code::kustomization,
                         fmt::format("openapi.version \"{}\" is not built in", version->second))
                       .at(loader.shown())
                       .fix("use v1.21.2, the only one, or a file: openapi: {path: …}"));
  }
  schema_chosen_ = true;
  return {};
}

void BuildContext::saw_resource(const Gvk& gvk) {
  if (!unknown_kind_) unknown_kind_ = !is_known_kind(gvk);
}

Result<> BuildContext::count_resources(std::size_t now) const {
  if (now > options_.limits.resources)
    return failure(Code::limit, "the build has more than {} resources", options_.limits.resources);
  return budget_.check_time();
}

}  // namespace holdfast::kustomize
