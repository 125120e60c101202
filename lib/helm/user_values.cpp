// SPDX-License-Identifier: Apache-2.0
#include "helm/user_values.h"

#include "base/text.h"
#include "helm/chart.h"
#include "helm/set.h"
#include "helm/values.h"
#include "yaml/yaml.h"

namespace holdfast::helm {
namespace {

constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last};

}  // namespace

Result<> merge_values(Object& values, Value document, const std::string& place) {
  if (document.is_null()) return {};
  if (!document.is_object()) {
    return failure(Error(Code::chart_values,
                         fmt::format("values must be a map, not {}", kind_name(document.kind())))
                       .at(place)
                       .fix("write values as \"key: value\""));
  }
  widen_numbers(document);
  merge_documents(values, *document.as_object());
  return {};
}

Result<> merge_values_file(Object& values, std::string_view content, const std::string& name,
                           gotmpl::Flavor flavor) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (flavor == gotmpl::Flavor::helm3) {
    auto document = TRY(yaml::parse_one(content, name, yaml::Dialect::kube, yaml_limits));
    return merge_values(values, std::move(document), name);
  }
  auto documents = TRY(yaml::parse_all(content, name, yaml::Dialect::kube, yaml_limits));
  for (auto& document : documents) {
    TRY(merge_values(values, std::move(document.value), yaml::place(name, document.start)));
  }
  return {};
}

Result<Object> merge_user_values(const UserValues& given, gotmpl::Flavor flavor) {
  Object values;
  const auto set_all = [&](const std::vector<std::string>& texts, std::string_view flag,
                           SetKind kind) -> Result<> {
    for (const auto& text : texts)
      TRY(set_values(values, text, kind, flavor), "{} {}", flag, printable(text));
    return {};
  };
  for (const auto& file : given.files)
    TRY(merge_values_file(values, file.text, file.name, flavor));
  TRY(set_all(given.json, "--set-json", SetKind::json));
  TRY(set_all(given.typed, "--set", SetKind::typed));
  TRY(set_all(given.texts, "--set-string", SetKind::text));
  for (const auto& text : given.paths)
    TRY(set_files(values, text, given.read, flavor), "--set-file {}", printable(text));
  for (const auto& content : given.contents)
    TRY(set_text(values, content.name, content.text));
  TRY(set_all(given.literals, "--set-literal", SetKind::literal));
  return values;
}

}  // namespace holdfast::helm
