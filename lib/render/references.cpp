// SPDX-License-Identifier: Apache-2.0
#include "render/references.h"

#include "base/text.h"

#include <algorithm>
#include <map>
#include <string>

namespace holdfast::render {
namespace {

bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

using Named = std::map<std::string, const Value*, std::less<>>;

Result<Named> named_sources(const std::vector<Value>& sources) {
  Named named;
  for (const auto& source : sources) {
    const auto name = source.text({"ref"});
    if (name.empty()) continue;
    if (!is_name(name)) {
      return failure(Code::application_spec, "sources.ref {} cannot contain any special characters except '_' and '-'", printable(name));
    }
    if (!named.emplace(fmt::format("${}", name), &source).second) {
      return failure(Error(Code::application_spec, fmt::format("several sources have the ref \"{}\"", name)).fix("give each a ref of its own"));
    }
  }
  return named;
}

Result<> check_file(std::string_view file, const Named& named) {
  if (!file.starts_with('$')) return {};
  const auto name = file.substr(0, file.find('/'));
  const auto found = named.find(name);
  if (found != named.end() && found->second->text({"chart"}).empty()) return {};
  if (found != named.end()) {
    return failure(Error(Code::application_spec, fmt::format("source referenced \"{}\", which is a chart", printable(name)))
                       .fix("name a Git repository by ref"));
  }
  if (named.empty()) {
    return failure(Code::application_spec, "source referenced \"{}\", but no source has a 'ref' field defined", printable(name));
  }
  std::string known;
  for (const auto& [each, source] : named) known += (known.empty() ? "" : ", ") + each;
  return failure(Code::application_spec, "source referenced \"{}\", which is not one of the available sources ({})", printable(name), known);
}

}  // namespace

Result<> check_references(const std::vector<Value>& sources) {
  const Named named = TRY(named_sources(sources));
  for (const auto& source : sources) {
    const Value *files = source.find_path({"helm", "valueFiles"}), *parameters = source.find_path({"helm", "fileParameters"});
    if (files != nullptr && files->as_array() != nullptr) {
      for (const auto& file : *files->as_array()) {
        if (const auto* text = file.as_string()) TRY(check_file(*text, named));
      }
    }
    if (parameters == nullptr || parameters->as_array() == nullptr) continue;
    for (const auto& parameter : *parameters->as_array()) TRY(check_file(parameter.text({"path"}), named));
  }
  return {};
}

}  // namespace holdfast::render
