// SPDX-License-Identifier: Apache-2.0
// The table of every function a template may call: text/template's, Sprig's as Helm keeps them and
// Helm's own.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gotmpl/function.h"
#include "gotmpl/templates.h"

namespace holdfast::gotmpl {

class FunctionTable {
 public:
  static const FunctionTable& of(Flavor flavor);

  [[nodiscard]] const Function* find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }

 private:
  explicit FunctionTable(Flavor flavor);
  void add(std::span<const Function> rows);

  std::unordered_map<std::string_view, const Function*> rows_;
  std::vector<std::string_view> names_;
};

// The rows by theme; each in its own functions_*.cpp.
std::span<const Function> builtin_functions();
std::span<const Function> template_functions();
std::span<const Function> string_functions();
std::span<const Function> case_functions();
std::span<const Function> list_functions();
std::span<const Function> dict_functions();
std::span<const Function> math_functions();
std::span<const Function> encoding_functions();
std::span<const Function> toml_functions();
std::span<const Function> regex_functions();
std::span<const Function> time_functions();
std::span<const Function> path_functions();
std::span<const Function> version_functions();
std::span<const Function> random_functions();
std::span<const Function> certificate_functions();
// What Helm 3 lacks.
std::span<const Function> encoding_functions_of_helm4();
std::span<const Function> toml_functions_of_helm4();
std::span<const Function> duration_functions_of_helm4();

}  // namespace holdfast::gotmpl
