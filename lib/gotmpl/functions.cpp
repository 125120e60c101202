// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/functions.h"

#include <algorithm>

namespace holdfast::gotmpl {

const FunctionTable& FunctionTable::of(Flavor flavor) {
  static const FunctionTable helm4(Flavor::helm4);
  static const FunctionTable helm3(Flavor::helm3);
  return flavor == Flavor::helm4 ? helm4 : helm3;
}

FunctionTable::FunctionTable(Flavor flavor) {
  for (std::span<const Function> rows :
       {builtin_functions(), template_functions(), string_functions(), case_functions(),
        list_functions(), dict_functions(), math_functions(), encoding_functions(),
        regex_functions(), version_functions(), time_functions(), path_functions(),
        random_functions(), certificate_functions(), toml_functions()}) {
    add(rows);
  }
  if (flavor == Flavor::helm4) {
    add(encoding_functions_of_helm4());
    add(toml_functions_of_helm4());
    add(duration_functions_of_helm4());
  }
  std::sort(names_.begin(), names_.end());
}

void FunctionTable::add(std::span<const Function> rows) {
  for (const Function& row : rows) {
    if (rows_.emplace(row.name, &row).second) names_.push_back(row.name);
  }
}

const Function* FunctionTable::find(std::string_view name) const {
  auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : found->second;
}

}  // namespace holdfast::gotmpl
