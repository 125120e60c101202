// SPDX-License-Identifier: Apache-2.0
#include "kustomize/vars.h"

#include "base/text.h"
#include "kustomize/field_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace holdfast::kustomize {
namespace {

Gvk gvk_of(const VarTarget& target) {
  Gvk gvk{target.group, target.version, target.kind};
  if (target.api_version.empty()) return gvk;
  const Gvk named = parse_gvk(target.api_version, target.kind);
  if (!named.group.empty()) gvk.group = named.group;
  gvk.version = named.version;
  return gvk;
}

// "file:line:col" of what `below` leads to in the var's entry.
Error at_entry(Error error, const Var& var, std::string_view below) {
  return var.entry ? std::move(error).at(var.entry->place(below)) : error;
}

std::unexpected<Error> used_twice(const Var& one, const Var& other) {
  Error error(Code::kustomize_conflict, fmt::format("the var \"{}\" is defined twice", one.name));
  error = at_entry(at_entry(std::move(error), one, "/name"), other, "/name");
  return failure(std::move(error).fix("rename one of them"));
}

// The name among all of that kind that is like the one that the var reads.
std::optional<std::string> nearest_object(const ResourceSet& resources, const Var& var) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto id = resources[i].id();
    if (id.gvk.kind == var.object.kind) names.push_back(id.name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(var.object.name, known);
  if (!near) return std::nullopt;
  return std::string(*near);
}

std::vector<Resource*> read_by(const Var& var, ResourceSet& resources) {
  ResourceId wanted{.gvk = gvk_of(var.object), .name = var.object.name, .space = var.object.space};
  if (!wanted.space.empty()) return resources.with_any_id(wanted);
  std::vector<Resource*> out;  // an absent namespace fits any
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    const auto fits = [&](const ResourceId& id) {
      return id.name == wanted.name && id.gvk == wanted.gvk;
    };
    if (is_blank(&resource.body)) continue;
    if (fits(resource.id()) || std::ranges::any_of(resource.earlier_ids(), fits))
      out.push_back(&resource);
  }
  return out;
}

// "spec.ports[0].port" as well as "spec.ports.0.port".
std::vector<std::string> var_path(std::string_view path) {
  std::vector<std::string> out;
  for (const auto& part : split_field_path(path)) {
    const auto open = part.rfind('[');
    const bool indexed = part.ends_with(']') && open != std::string::npos &&
                         is_index(std::string_view(part).substr(open + 1, part.size() - open - 2));
    if (!indexed) {
      out.push_back(part);
      continue;
    }
    if (open > 0) out.push_back(part.substr(0, open));
    out.push_back(part.substr(open + 1, part.size() - open - 2));
  }
  return out;
}

using Values = std::map<std::string, Value, std::less<>>;

// Puts values into one text. "$$(X)" is a literal "$(X)"; a name that is not known stays.
class Expander {
 public:
  explicit Expander(const Values& values) : values_(values) {}

  Value operator()(std::string_view text) const {
    std::string out;
    std::size_t done = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      if (text[i] != '$') continue;
      out += text.substr(done, i - done);
      const char next = text[i + 1];
      const auto close = next == '(' ? text.find(')', i + 2) : std::string_view::npos;
      if (next == '(' && close != std::string_view::npos) {
        const auto name = text.substr(i + 2, close - i - 2);
        const auto found = values_.find(name);
        const bool usable =
            found != values_.end() && !found->second.is_object() && !found->second.is_array();
        const bool whole = i == 0 && close + 1 == text.size();
        if (usable && whole) return found->second;  // keeps its type
        out += usable ? text_of(found->second) : std::string(text.substr(i, close + 1 - i));
        i = close;
      } else if (next == '$') {
        out += '$';
        ++i;
      } else {
        out += text.substr(i, 2);
        ++i;
      }
      done = i + 1;
    }
    out += text.substr(std::min(done, text.size()));
    return out;
  }

 private:
  const Values& values_;
};

Result<> expand_in(Value& value, const Expander& expand) {
  if (const auto* text = value.as_string()) {
    value = expand(*text);
  } else if (auto* object = value.as_object()) {
    for (auto& [key, member] : *object) {
      if (const auto* own = member.as_string()) member = expand(*own);
    }
  } else if (auto* array = value.as_array()) {
    for (auto& element : *array) {
      if (!element.is_string()) {
        return failure(Code::wrong_type,
                       "a list that vars are put into holds {}, it must hold texts",
                       type_of(element));
      }
      element = expand(std::string(*element.as_string()));
    }
  }
  return {};
}

// The tool reads the text of the file: a date as it is spelled, 0755 as a decimal number. It cannot
// read other spellings of whole numbers, nor those beyond 64 bits with a sign.
Result<Value> as_read(const Resource& resource, const Value& value) {
  if (value.is_null()) return "null";
  const bool whole = value.as_int() != nullptr || value.as_uint() != nullptr;
  if (!value.is_string() && !whole) return value;
  const std::string text =
      spelled_text(resource, pointer_to(resource.body, &value).value_or(""), value);
  if (value.is_string()) return text;
  const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
  std::int64_t decimal = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), decimal);
  if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) return decimal;
  return failure(Error(Code::kustomize_target,
                       fmt::format("a var cannot be the number {}", printable(text)))
                     .at(describe(resource))
                     .at(resource.at)
                     .fix("write it in decimal digits, or as a text in quotes"));
}

Result<Value> value_of(const Var& var, const Resource& resource) {
  const auto path = var_path(var.field_path);
  const auto value = look_up(resource.body, path);
  if (value && *value != nullptr) {
    auto read = as_read(resource, **value);
    if (read) return read;
    Error error = std::move(read).error().within(fmt::format("reading the var \"{}\"", var.name));
    return failure(at_entry(std::move(error), var, "/fieldref"));
  }
  const auto end = dead_end(resource.body, path);
  Error error = Error(Code::kustomize_target,
                      fmt::format("the var \"{}\" reads the field \"{}\", which is not there",
                                  var.name, printable(var.field_path)))
                    .at(fmt::format("{} ({})", describe(resource), resource.at))
                    .fix(end.near ? fmt::format("did you mean \"{}\"?", printable(*end.near))
                                  : "correct its fieldref");
  if (!end.cause.empty()) error = std::move(error).because(end.cause);
  return failure(at_entry(std::move(error), var, "/fieldref"));
}

}  // namespace

Result<> add_vars(Vars& vars, const std::vector<Var>& more, ResourceSet& resources,
                  const Budget& budget) {
  for (const auto& var : more) {
    TRY(budget.check_time());
    const auto matches = read_by(var, resources);
    if (matches.size() > 1) {
      Error error = Error(Code::kustomize_conflict,
                          fmt::format("the var \"{}\" fits {} resources", var.name, matches.size()))
                        .at(matches[0]->at)
                        .at(matches[1]->at)
                        .fix("give its objref a namespace");
      return failure(at_entry(std::move(error), var, "/objref"));
    }
    if (matches.size() == 1) matches.front()->variables.push_back(var.name);
  }
  for (const auto& var : more) {
    const auto [there, is_new] = vars.emplace(var.name, var);
    if (!is_new) return used_twice(var, there->second);
  }
  return {};
}

Result<> join_vars(Vars& vars, const Vars& more) {
  for (const auto& [name, var] : more) {
    const auto [there, is_new] = vars.emplace(name, var);
    if (!is_new) return used_twice(var, there->second);
  }
  return {};
}

Result<> resolve_vars(ResourceSet& resources, const Vars& vars, const FieldSpecs& specs,
                      Budget& budget) {
  if (vars.empty()) return {};
  std::map<std::string, const Resource*> readers;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    for (const auto& name : resources[i].variables)
      readers.emplace(name, &resources[i]);
  }
  Values values;
  for (const auto& [name, var] : vars) {
    const auto reader = readers.find(name);
    if (reader == readers.end()) {
      const auto near = nearest_object(resources, var);
      Error error = Error(Code::kustomize_target,
                          fmt::format("the var \"{}\" reads {} \"{}\", which the build does not hold",
                                      name, var.object.kind, var.object.name))
                        .fix(near ? fmt::format("did you mean \"{}\"?", *near)
                                  : "correct its objref, or remove the var");
      return failure(at_entry(std::move(error), var, "/objref"));
    }
    auto read = value_of(var, *reader->second);
    if (!read) return failure(std::move(read).error());
    values.emplace(name, *std::move(read));
  }
  const Expander expand(values);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    for (const auto& spec : specs) {
      auto done = visit_fields(resource.body, spec, Create::nothing,
                               [&](Value& value) -> Result<> {
                                 TRY(expand_in(value, expand));
                                 return budget.grow(size_of(value));
                               });
      if (!done) return failure(std::move(done).error().at(describe(resource)).at(resource.at));
      settle_shared(resource);
    }
  }
  resources.renamed_any();
  return {};
}

}  // namespace holdfast::kustomize
