// SPDX-License-Identifier: Apache-2.0
#include "kustomize/kustomize.h"

#include <fmt/format.h>

#include <algorithm>

#include "kustomize/build_context.h"
#include "kustomize/layer.h"
#include "kustomize/name_references.h"
#include "kustomize/origin.h"
#include "kustomize/transformers.h"
#include "yaml/yaml.h"

namespace holdfast::kustomize {
namespace {

// "true" and anything but "false": the tool keeps a resource only without the mark or with "false".
bool is_local(const Resource& resource) {
  const Value* mark = resource.body.find_path({"metadata", "annotations", "config.kubernetes.io/local-config"});
  return mark != nullptr && !mark->is_null() && text_of(*mark) != "false";
}

void drop_local(ResourceSet& resources) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    if (!is_local(resources[i])) kept.push_back(i);
  }
  if (kept.size() != resources.size()) resources.reorder(kept);
}

bool wants(const Kustomization& root, std::string_view option) {
  return std::ranges::find(root.build_metadata, option) != root.build_metadata.end();
}

// The tool's own annotations go, those that were asked for come; every annotation becomes a text.
void settle_annotations(Resource& resource, const Kustomization& root) {
  Texts texts = spelled_texts(resource, "annotations");
  std::erase_if(texts, [](const auto& entry) { return is_build_annotation(entry.first); });
  if (wants(root, "originAnnotations") && resource.origin) {
    texts.insert_or_assign("config.kubernetes.io/origin", print_origin(*resource.origin));
  }
  if (wants(root, "transformerAnnotations") && !resource.transformations.empty()) {
    texts.insert_or_assign("alpha.config.kubernetes.io/transformations", print_transformations(resource.transformations));
  }
  set_metadata_texts(resource.body, "annotations", texts);
}

Result<> sort(ResourceSet& resources, const Kustomization& root, Order order) {
  if (root.sort_options) return sort_resources(resources, *root.sort_options);
  if (order == Order::fifo) return {};
  return sort_resources(resources, {.order = "legacy", .legacy = {}});
}

}  // namespace

Result<Built> build(const tree::FileTree& tree, std::string_view directory, const Options& options) {
  BuildContext context(options);
  const Loader loader = TRY(Loader::open(tree, directory, options.reading));
  Layer root = TRY(Layer::open(loader, context));
  const Kustomization kustomization = root.kustomization();
  TRY(context.choose_schema(kustomization, loader));
  Layer::Inherited inherited{.origin = std::nullopt, .build_metadata = kustomization.build_metadata, .helm_namespace = {}};
  if (!kustomization.build_metadata.empty()) inherited.origin = "";
  root.inherit(std::move(inherited));

  Accumulated all;
  TRY(root.accumulate(all));
  TRY(add_hashes(all.resources));
  TRY(fix_name_references(all.resources, all.config->name_references));
  TRY(resolve_vars(all.resources, all.vars, all.config->var_references));
  drop_local(all.resources);
  TRY(sort(all.resources, kustomization, options.order));
  if (wants(kustomization, "managedByLabel")) {
    const FieldSpecs specs{FieldSpec::make({}, "metadata/labels", true)};
    TRY(set_pairs(all.resources, {{"app.kubernetes.io/managed-by", fmt::format("kustomize-{}", options.version)}}, specs));
  }

  Built built;
  built.warnings = std::move(context.warnings);
  built.resources.reserve(all.resources.size());
  for (std::size_t i = 0; i < all.resources.size(); ++i) {
    Resource& resource = all.resources[i];
    settle_annotations(resource, kustomization);
    built.resources.push_back({.object = std::move(resource.body), .origin = std::move(resource.at)});
  }
  return built;
}

std::string print(const Built& built) {
  std::string out;
  for (const auto& resource : built.resources) {
    if (!out.empty()) out += "---\n";
    out += yaml::write(resource.object);
  }
  return out;
}

}  // namespace holdfast::kustomize
