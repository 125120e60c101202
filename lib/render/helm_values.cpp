// SPDX-License-Identifier: Apache-2.0
#include "render/helm_values.h"

#include "helm/chart.h"
#include "helm/set.h"
#include "helm/values.h"
#include "yaml/yaml.h"

namespace holdfast::render {
namespace {

Result<> merge_file(Object& into, const NamedText& file) {
  auto documents = TRY(yaml::parse_all(file.text, file.name, yaml::Dialect::kube,
                                       {.duplicates = yaml::Duplicates::keep_last}));
  for (auto& document : documents) {
    if (!document.value.is_object()) {
      return failure(Error(Code::chart_values, fmt::format("values are a map, these are of type {}",
                                                           kind_name(document.value.kind())))
                         .at(yaml::place(file.name, document.start)));
    }
    helm::widen_numbers(document.value);
    helm::merge_documents(into, *document.value.as_object());
  }
  return {};
}

}  // namespace

Result<Object> merge_user_values(const UserValues& given) {
  Object out;
  for (const auto& file : given.files)
    TRY(merge_file(out, file));
  for (const auto& text : given.json)
    TRY(helm::set_values(out, text, helm::SetKind::json));
  for (const auto& text : given.typed)
    TRY(helm::set_values(out, text, helm::SetKind::typed));
  for (const auto& text : given.texts)
    TRY(helm::set_values(out, text, helm::SetKind::text));
  for (const auto& content : given.contents)
    TRY(helm::set_text(out, content.name, content.text));
  for (const auto& text : given.literals)
    TRY(helm::set_values(out, text, helm::SetKind::literal));
  return out;
}

}  // namespace holdfast::render
