// SPDX-License-Identifier: Apache-2.0
#include "kustomize/field_spec.h"

#include "base/text.h"
#include "kustomize/object.h"
#include "kustomize/resource.h"

#include <algorithm>
#include <utility>

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

Result<> merge_into(FieldSpecs& specs, const FieldSpec& spec) {
  const auto found = std::ranges::find_if(specs, [&](const FieldSpec& there) {
    return there.path == spec.path && is_selected(there.gvk, spec.gvk);
  });
  if (found == specs.end()) {
    specs.push_back(spec);
    return {};
  }
  if (found->create != spec.create) {
    return failure(
        Error(Code::kustomization,
              fmt::format("the field spec \"{}\" is given twice, once with create true and once without",
                          printable(spec.path)))
            .fix(fmt::format("remove it, or write \"create: {}\" as the other does", found->create)));
  }
  return {};
}

Result<> merge_into(FieldSpecs& specs, const FieldSpecs& more) {
  for (const auto& spec : more)
    TRY(merge_into(specs, spec));
  return {};
}

namespace {

// What is left of a path, read part by part: most specs of the defaults never meet an object of theirs.
struct Path {
  explicit Path(std::string_view whole) : rest(whole.substr(whole.starts_with('/') ? 1 : 0)) {}

  // The next part, escapes undone in `unescaped` where there are any.
  std::string_view next(std::string& unescaped) {
    const auto part = piece();
    if (!more || !part.ends_with('\\')) return part;
    unescaped = part;
    while (more && unescaped.ends_with('\\')) {
      unescaped.back() = '/';
      unescaped += piece();
    }
    return unescaped;
  }

  std::string_view rest;
  bool more = true;

 private:
  std::string_view piece() {
    const auto at = rest.find('/');
    const auto part = rest.substr(0, at);
    more = at != std::string_view::npos;
    if (more) rest.remove_prefix(at + 1);
    return part;
  }
};

struct Walk {
  const FieldSpec& spec;
  Create create;
  const SetField* set;
  const SetFieldAt* set_at;  // the one or the other
  std::string pointer;       // kept only for the second

  Result<> go(Value& node, Path path);
  Result<> into_object(Object& object, Path path);
  Result<> step(std::string_view part, Value& node, Path path);
};

Result<> Walk::step(std::string_view part, Value& node, Path path) {
  if (set_at == nullptr) return go(node, path);
  const auto length = pointer.size();
  pointer += "/" + pointer_part(part);
  auto done = go(node, path);
  pointer.resize(length);
  return done;
}

Result<> Walk::go(Value& node, Path path) {
  if (!path.more) return set != nullptr ? (*set)(node) : (*set_at)(node, pointer);
  if (node.is_null()) return {};
  if (auto* array = node.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {  // lists take no part of the path
      TRY(step(std::to_string(i), (*array)[i], path));
    }
    return {};
  }
  if (auto* object = node.as_object()) return into_object(*object, path);
  return failure(Code::wrong_type, "the field path \"{}\" goes through {}", spec.path,
                 type_of(node));
}

Result<> Walk::into_object(Object& object, Path path) {
  std::string unescaped;
  std::string_view name = path.next(unescaped);
  const bool list = name.ends_with("[]");
  if (list) name.remove_suffix(2);
  if (name.empty()) {
    return failure(Code::kustomization, "the field path \"{}\" has an empty field name", spec.path);
  }
  const bool creates = spec.create && create != Create::nothing && !list;
  const bool last = !path.more;
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
  return step(name, *field, path);
}

}  // namespace

Result<> visit_path(Value& object, const FieldSpec& spec, Create create, const SetField& set) {
  return Walk{spec, create, &set, nullptr, {}}.go(object, Path(spec.path));
}

namespace {

bool fits(const Value& object, const Gvk& wanted) {
  if (!wanted.kind.empty() && wanted.kind != kind_of(object)) return false;
  if (wanted.group.empty() && wanted.version.empty()) return true;
  const Gvk gvk = parse_gvk(api_version_of(object), {});
  return (wanted.group.empty() || wanted.group == gvk.group) &&
         (wanted.version.empty() || wanted.version == gvk.version);
}

}  // namespace

Result<> visit_fields(Value& object, const FieldSpec& spec, Create create, const SetField& set) {
  if (!fits(object, spec.gvk)) return {};
  return visit_path(object, spec, create, set);
}

Result<> visit_fields_at(Value& object, const FieldSpec& spec, Create create,
                         const SetFieldAt& set) {
  if (!fits(object, spec.gvk)) return {};
  return Walk{spec, create, nullptr, &set, {}}.go(object, Path(spec.path));
}

}  // namespace holdfast::kustomize
