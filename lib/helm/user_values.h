// SPDX-License-Identifier: Apache-2.0
// What a user gives beside the chart: values files and assignments, merged in Helm's order of the
// flags. Pure: the files' contents are given. Mirrors helm 4.3 pkg/cli/values/options.go.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "helm/set.h"
#include "value/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

struct NamedText {
  std::string name;  // a file's path in errors; the key of a --set-file
  std::string text;
};

struct UserValues {
  std::vector<NamedText> files;       // --values
  std::vector<std::string> json;      // --set-json
  std::vector<std::string> typed;     // --set
  std::vector<std::string> texts;     // --set-string
  std::vector<std::string> paths;     // --set-file key=path,…; `read` gives the contents
  std::vector<NamedText> contents;    // --set-file, read by the caller
  std::vector<std::string> literals;  // --set-literal
  FileReader read;
};

// Refuses with Code::chart_values, yaml_syntax or what the reader refuses with.
Result<Object> merge_user_values(const UserValues& given,
                                 gotmpl::Flavor flavor = gotmpl::Flavor::helm4);

// One document over `values`; a null changes nothing.
Result<> merge_values(Object& values, Value document, const std::string& place);

// One values file over `values`: each of its documents in turn (Helm 4), its first alone (Helm 3).
Result<> merge_values_file(Object& values, std::string_view content, const std::string& name,
                           gotmpl::Flavor flavor);

}  // namespace holdfast::helm
