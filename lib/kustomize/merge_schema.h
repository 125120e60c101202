// SPDX-License-Identifier: Apache-2.0
// Which lists a strategic merge merges by key, instead of replacing them. Built in are the patch
// strategies of Kubernetes 1.21.2, the only schema that kustomize holds; an OpenAPI file replaces
// them. It does not know resources. Upstream: kustomize v5.8.1, kyaml/openapi; Kubernetes v1.21.2,
// api/openapi-spec/swagger.json.
#pragma once

#include "base/result.h"
#include "kustomize/resource_id.h"
#include "value/value.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kustomize {

struct SchemaNode {
  std::map<std::string, const SchemaNode*, std::less<>> fields;
  const SchemaNode* others = nullptr;    // of fields not named above
  const SchemaNode* elements = nullptr;  // of a list
  bool merges = false;                   // a list merged by keys; none: a set of scalars
  std::vector<std::string> keys;

  [[nodiscard]] const SchemaNode* field(std::string_view name) const;
};

// Owns its nodes; a node lives as long as its schema.
class MergeSchema {
 public:
  static std::shared_ptr<const MergeSchema> built_in();
  // From the "definitions" of an OpenAPI v2 document, alone or joined with the built-in one, which
  // then yields to it or goes before it.
  enum class BuiltIn { absent, yields, precedes };
  static std::shared_ptr<const MergeSchema> read(const Value& document, BuiltIn built_in);

  [[nodiscard]] const SchemaNode* find(std::string_view api_version, std::string_view kind) const;

 private:
  friend class BuiltInSchema;
  friend class OpenApiReader;

  SchemaNode& make() { return nodes_.emplace_back(); }

  std::deque<SchemaNode> nodes_;
  using Nodes = std::map<std::string, const SchemaNode*, std::less<>>;
  Nodes kinds_;        // "apps/v1/Deployment"
  Nodes definitions_;  // those of the built-in schema that other schemas refer to
  std::shared_ptr<const MergeSchema> base_;  // owner of nodes taken over
};

}  // namespace holdfast::kustomize
