// SPDX-License-Identifier: Apache-2.0
#include "kustomize/field_spec.h"

#include "base/text.h"
#include "kustomize/object.h"

#include <algorithm>
#include <span>

namespace holdfast::kustomize {

std::vector<std::string> split_path(std::string_view path, char separator) {
  std::vector<std::string> parts;
  bool first = true;
  for (const auto piece : split(path, separator)) {
    if (std::exchange(first, false) && piece.empty() && path.size() > 0) continue;
    if (!parts.empty() && parts.back().ends_with('\\')) {
      parts.back().back() = separator;
      parts.back() += piece;
    } else {
      parts.emplace_back(piece);
    }
  }
  return parts;
}

std::vector<std::string> split_field_path(std::string_view path) {
  std::vector<std::string> out;
  const auto pieces = split_path(path, '.');
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].starts_with('[') || pieces[i].ends_with(']')) {
      out.push_back(pieces[i]);
      continue;
    }
    std::string whole = pieces[i];
    while (i + 1 < pieces.size()) {
      whole += "." + pieces[++i];
      if (whole.ends_with(']')) break;
    }
    if (whole.find('=') == std::string::npos) {
      const auto begin = whole.find_first_not_of("[]");
      const auto end = whole.find_last_not_of("[]");
      whole = begin == std::string::npos ? "" : whole.substr(begin, end - begin + 1);
    }
    out.push_back(std::move(whole));
  }
  return out;
}

FieldSpec FieldSpec::make(Gvk gvk, std::string path, bool create) {
  auto parts = split_path(path, '/');
  return {
      .gvk = std::move(gvk), .path = std::move(path), .create = create, .parts = std::move(parts)};
}

Result<> merge_into(FieldSpecs& specs, const FieldSpec& spec) {
  const auto found = std::ranges::find_if(specs, [&](const FieldSpec& there) {
    return there.path == spec.path && is_selected(there.gvk, spec.gvk);
  });
  if (found == specs.end()) {
    specs.push_back(spec);
    return {};
  }
  if (found->create != spec.create) {
    return failure(Code::kustomization,
                   "the field spec \"{}\" is given twice, once with create true and once without",
                   spec.path);
  }
  return {};
}

Result<> merge_into(FieldSpecs& specs, const FieldSpecs& more) {
  for (const auto& spec : more)
    TRY(merge_into(specs, spec));
  return {};
}

namespace {

struct Walk {
  const FieldSpec& spec;
  Create create;
  const SetField& set;

  Result<> go(Value& node, std::span<const std::string> path) const;
  Result<> into_object(Object& object, std::span<const std::string> path) const;
};

Result<> Walk::go(Value& node, std::span<const std::string> path) const {
  if (path.empty()) return set(node);
  if (node.is_null()) return {};
  if (auto* array = node.as_array()) {
    for (auto& element : *array)
      TRY(go(element, path));  // lists take no part of the path
    return {};
  }
  if (auto* object = node.as_object()) return into_object(*object, path);
  return failure(Code::wrong_type, "the field path \"{}\" goes through {}", spec.path,
                 type_of(node));
}

Result<> Walk::into_object(Object& object, std::span<const std::string> path) const {
  std::string_view name = path.front();
  const bool list = name.ends_with("[]");
  if (list) name.remove_suffix(2);
  if (name.empty()) {
    return failure(Code::kustomization, "the field path \"{}\" has an empty field name", spec.path);
  }
  const bool creates = spec.create && create != Create::nothing && !list;
  const bool last = path.size() == 1;
  Value* field = object.find(name);
  if (field == nullptr) {
    if (!creates) return {};
    field = &object[name];
  }
  if (field->is_null()) {
    if (list) *field = Array();
    if (creates && (!last || create == Create::object)) *field = Object();
    if (creates && last && create == Create::scalar) *field = "";
  }
  return go(*field, path.subspan(1));
}

}  // namespace

Result<> visit_path(Value& object, const FieldSpec& spec, Create create, const SetField& set) {
  return Walk{spec, create, set}.go(object, spec.parts);
}

Result<> visit_fields(Value& object, const FieldSpec& spec, Create create, const SetField& set) {
  const auto& wanted = spec.gvk;
  if (!wanted.kind.empty() && wanted.kind != kind_of(object)) return {};
  if (!wanted.group.empty() || !wanted.version.empty()) {
    const std::string_view version = api_version_of(object);
    const auto slash = version.find('/');
    const auto group =
        slash == std::string_view::npos ? std::string_view() : version.substr(0, slash);
    const auto bare = slash == std::string_view::npos ? version : version.substr(slash + 1);
    if (!wanted.group.empty() && wanted.group != group) return {};
    if (!wanted.version.empty() && wanted.version != bare) return {};
  }
  return visit_path(object, spec, create, set);
}

}  // namespace holdfast::kustomize
