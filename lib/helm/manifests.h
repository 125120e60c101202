// SPDX-License-Identifier: Apache-2.0
// Rendered files → documents in install order, hooks apart. Pure.
// Mirrors helm 4.3 pkg/release/v1/util/{manifest,manifest_sorter,kind_sorter}.go.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "helm/helm.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

// What a template made.
struct Rendered {
  const std::string& path;
  std::string text;
  const gotmpl::Templates::Trace& trace;
  std::string_view source;  // the template
};

struct RankedDocument {
  std::size_t rank;  // of its kind, in the order of installing
  std::string kind;
  Document document;
};

using RankedDocuments = std::vector<RankedDocument>;

// The file's documents, without those that the settings leave out. Refuses with Code::yaml_syntax
// what is no YAML, at the line of the template that made it.
Result<RankedDocuments> read_documents(Rendered rendered, const Settings& settings);

// Manifests in install order, then hooks in theirs; those of one kind in the order given.
std::vector<Document> in_order(RankedDocuments documents);

// A file's documents as Helm 4.2 and later cut them: views of the text.
std::vector<std::string_view> split_documents(std::string_view text);
// As Helm 3 cuts and trims them.
std::vector<std::string_view> split_documents3(std::string_view text);

}  // namespace holdfast::helm
