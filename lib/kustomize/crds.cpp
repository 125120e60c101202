// SPDX-License-Identifier: Apache-2.0
#include "kustomize/crds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace holdfast::kustomize {
namespace {

constexpr int depth_max = 32;  // definitions may refer to themselves

class Reader {
 public:
  Reader(const Object& definitions, TransformerConfig& config)
      : definitions_(definitions), config_(config) {}

  Result<> read() {
    for (const auto& [name, definition] : definitions_) {
      const Value* properties = properties_of(&definition);
      if (properties == nullptr || properties->find("kind") == nullptr ||
          properties->find("apiVersion") == nullptr || properties->find("metadata") == nullptr) {
        continue;
      }
      kind_ = name.substr(name.rfind('.') + 1);
      path_.clear();
      TRY(visit(name));
    }
    return {};
  }

 private:
  static const Value* properties_of(const Value* definition) {
    if (definition == nullptr) return nullptr;
    const Value* upper = definition->find_path({"Schema", "properties"});
    return upper != nullptr ? upper : definition->find_path({"schema", "properties"});
  }

  FieldSpec here() const {
    return {{"", "", kind_}, fmt::format("{}", fmt::join(path_, "/")), false};
  }

  Result<> visit(const std::string& name) {
    const Value* definition = definitions_.find(name);
    const Value* properties = properties_of(definition);
    if (properties == nullptr || !properties->is_object()) return {};
    if (path_.size() > depth_max)
      return failure(Code::limit, "the definition \"{}\" is nested more than {} deep", name,
                     depth_max);
    for (const auto& [key, property] : *properties->as_object()) {
      path_.push_back(key);
      TRY(property_marks(property));
      if (const auto reference = property.text({"$ref"}); !reference.empty())
        TRY(visit(std::string(reference)));
      path_.pop_back();
    }
    return {};
  }

  Result<> property_marks(const Value& property) {
    const auto marked = [&](std::string_view mark) {
      const Value* value = property.find(mark);
      return value != nullptr && value->is_string();
    };
    if (marked("x-kubernetes-annotation")) TRY(merge_into(config_.common_annotations.change(), here()));
    if (marked("x-kubernetes-label-selector")) TRY(merge_into(config_.common_labels.change(), here()));
    if (marked("x-kubernetes-identity")) TRY(merge_into(config_.name_prefix.change(), here()));
    if (!marked("x-kubernetes-object-ref-api-version") || !marked("x-kubernetes-object-ref-kind"))
      return {};
    const bool named = marked("x-kubernetes-object-ref-name-key");
    path_.emplace_back(named ? property.text({"x-kubernetes-object-ref-name-key"}) : "name");
    const NameReference reference{
        .target = {"", std::string(property.text({"x-kubernetes-object-ref-api-version"})),
                   std::string(property.text({"x-kubernetes-object-ref-kind"}))},
        .referrers = {here()}};
    path_.pop_back();
    return add_name_reference(config_, reference);
  }

  const Object& definitions_;
  TransformerConfig& config_;
  std::string kind_;
  std::vector<std::string> path_;
};

}  // namespace

Result<TransformerConfig> read_crds(const std::string& text, const std::string& file,
                                    const ReadLimits& limits) {
  const Value document = TRY(read_document(text, file, limits));
  TransformerConfig config;
  if (const auto* definitions = document.as_object()) TRY(Reader(*definitions, config).read());
  sort_fields(config);
  return config;
}

}  // namespace holdfast::kustomize
