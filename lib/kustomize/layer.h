// SPDX-License-Identifier: Apache-2.0
// One kustomization directory: reads its file, gathers what it lists, applies its fields in the
// tool's order. Layers nest; what must wait for the end (hashes, references, vars, order) is not
// here. Upstream: kustomize v5.8.1, api/internal/target/kusttarget.go.
#pragma once

#include "base/result.h"
#include "kustomize/build_context.h"
#include "kustomize/loader.h"

#include <optional>
#include <string>

namespace holdfast::kustomize {

class Layer {
 public:
  // What a layer gets from the one that lists it.
  struct Inherited {
    std::optional<std::string> origin;  // path so far, when buildMetadata wants origins
    std::vector<std::string> build_metadata;
    std::string helm_namespace;
  };

  static Result<Layer> open(Loader loader, BuildContext& context);

  [[nodiscard]] const Kustomization& kustomization() const { return kustomization_; }

  void inherit(Inherited inherited) { inherited_ = std::move(inherited); }

  // Adds everything of this layer and below to `into`: nothing for a kustomization, the parent's
  // for a component.
  Result<> accumulate(Accumulated& into);

  // "file:line:col" of what the JSON pointer leads to in the kustomization file.
  [[nodiscard]] std::string place_at(std::string_view pointer) const;

 private:
  Layer(Loader loader, Kustomization kustomization, std::string file, BuildContext& context)
      : loader_(std::move(loader)),
        kustomization_(std::move(kustomization)),
        file_(std::move(file)),
        context_(&context) {}

  enum class Listed { resource, component };

  Result<> add_resources(Accumulated& into, const std::vector<std::string>& paths);
  Result<> add_file(ResourceSet& resources, const std::string& path);
  Result<> add_directory(Accumulated& into, const std::string& path, Listed listed);
  Result<Loader> enter(const std::string& path);
  Result<> add_configuration(Accumulated& into);
  [[nodiscard]] Result<SharedConfig> read_configuration(const std::string& path) const;
  // Where the file of configurations has the row that cannot join the others.
  [[nodiscard]] std::string conflict_in(const std::string& path, const SharedConfig& with) const;
  [[nodiscard]] Result<SharedConfig> read_definitions(const std::string& path) const;
  static Result<FieldSpecs> specs_of(const Label& label, const TransformerConfig& config);
  Result<> generate(Accumulated& into);
  Result<> generate_built_in(Accumulated& into);
  Result<> transform(Accumulated& into);
  Result<> patch_and_name(Accumulated& into);
  Result<> label_and_annotate(Accumulated& into);
  Result<> finish_fields(Accumulated& into);
  Result<> validate(ResourceSet& resources);
  // Configurations of plugins: inline documents, files or directories.
  Result<ResourceSet> plugin_configs(const std::vector<std::string>& entries);
  // Before a transformer that puts `text` into each resource.
  Result<> charge(const ResourceSet& resources, std::size_t text, std::string_view pointer) const;
  // A failure is told with its place in the file.
  [[nodiscard]] Result<> told(Result<> done, std::string_view pointer) const;
  // After each transformer, as the tool does. `pointer` leads to it in the file.
  Result<> after(ResourceSet& resources, std::string_view transformer, std::string_view pointer);
  // Where the kustomization file lists the text.
  [[nodiscard]] std::string place(const std::string& entry) const;
  [[nodiscard]] Entry entry(std::string pointer) const;
  [[nodiscard]] std::string configured_in() const;
  [[nodiscard]] std::string own_path() const;
  [[nodiscard]] std::string origin_of(const std::string& path) const;

  Loader loader_;
  Kustomization kustomization_;
  std::string file_;  // name of the kustomization file
  BuildContext* context_;
  Inherited inherited_;
};

}  // namespace holdfast::kustomize
