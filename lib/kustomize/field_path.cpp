// SPDX-License-Identifier: Apache-2.0
#include "kustomize/field_path.h"

#include "base/text.h"
#include "kustomize/object.h"
#include "kustomize/resource.h"
#include "regex/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace holdfast::kustomize {
namespace {

struct Pair {
  std::string field, value;
};

bool is_list_part(std::string_view part) {
  return part.starts_with('[') && part.ends_with(']') && part.size() >= 2;
}

Result<Pair> split_list_part(std::string_view part) {
  const auto inner = part.substr(1, part.size() - 2);
  const auto equals = inner.find('=');
  if (equals == std::string_view::npos) {
    return failure(
        Error(Code::kustomization, fmt::format("the path part \"{}\" names no element", part))
            .fix("write it as [field=value]"));
  }
  return Pair{std::string(inner.substr(0, equals)), std::string(inner.substr(equals + 1))};
}

std::unexpected<Error> not_a(std::string_view wanted, const Value& value, std::string_view part) {
  return failure(Code::kustomize_target, "\"{}\" is looked for in {}, it needs a {}", part,
                 type_of(value), wanted);
}

std::size_t index_of(std::string_view part) {
  std::size_t index = 0;
  std::from_chars(part.data(), part.data() + part.size(), index);
  return index;
}

Value made_as(std::string_view next, Value::Kind last) {
  if (is_list_part(next) || is_index(next)) return Array();
  if (!next.empty() || last == Value::Kind::object) return Object();
  if (last == Value::Kind::array) return Array();
  return {};
}

class Matcher {
 public:
  explicit Matcher(std::optional<Value::Kind> create) : create_(create) {}

  Result<> go(Value& node, std::span<const std::string> path, bool fresh = false) {
    if (path.empty()) {
      matches_.fields.push_back(&node);
      matches_.fresh.push_back(fresh);
      return {};
    }
    const std::string& part = path.front();
    if (is_index(part)) return by_index(node, path);
    if (is_list_part(part)) return by_value(node, path);
    if (part == "*") return every(node, path);
    return by_name(node, path);
  }

  Matches take() { return std::move(matches_); }

 private:
  static std::string_view next_of(std::span<const std::string> path) {
    return path.size() > 1 ? std::string_view(path[1]) : std::string_view();
  }

  Result<> every(Value& node, std::span<const std::string> path) {
    if (node.is_null()) return {};
    if (!node.is_array()) return not_a("list", node, path.front());
    for (auto& element : *node.as_array())
      TRY(go(element, path.subspan(1)));
    return {};
  }

  Result<> by_name(Value& node, std::span<const std::string> path) {
    if (node.is_null() && !create_) return {};
    if (!node.is_object() && !node.is_null()) return not_a("map", node, path.front());
    Value* field = node.find(path.front());
    const bool absent = field == nullptr;
    if (absent && !create_) return {};
    if (absent) {
      field = &node[path.front()];
      *field = made_as(next_of(path), *create_);
    }
    return go(*field, path.subspan(1), absent || &node == made_);
  }

  Result<> by_index(Value& node, std::span<const std::string> path) {
    if (node.is_null()) node = Array();
    if (!node.is_array()) return not_a("list", node, path.front());
    auto& list = *node.as_array();
    const auto index = index_of(path.front());
    const bool fresh = create_ && index == list.size();
    if (fresh) list.push_back(made_as(next_of(path), *create_));
    if (index >= list.size()) {
      return failure(Code::kustomize_target, "index {} is named, the list has {} elements", index,
                     list.size());
    }
    return go(list[index], path.subspan(1), fresh);
  }

  Result<> by_value(Value& node, std::span<const std::string> path) {
    const Pair wanted = TRY(split_list_part(path.front()));
    if (!node.is_array() && !node.is_null()) return not_a("list", node, path.front());
    const auto expression = regex::Expression::compile(wanted.value);
    if (!expression) {
      return failure(Error(Code::kustomization, fmt::format("\"{}\" is not a regular expression",
                                                            printable(wanted.value)))
                         .because(expression.error()));
    }
    const auto before = matches_.fields.size();
    const auto visit = [&]() -> Result<> {
      if (!node.is_array()) return {};
      for (auto& element : *node.as_array()) {
        const Value* field = wanted.field.empty() ? &element : element.find(wanted.field);
        if (field == nullptr || !expression->matches(text_of(*field))) continue;
        // An element found by its own value ends the path.
        TRY(go(element, wanted.field.empty() ? std::span<const std::string>() : path.subspan(1)));
      }
      return {};
    };
    TRY(visit());
    if (!create_ || matches_.fields.size() != before) return {};
    if (node.is_null()) node = Array();
    if (wanted.field.empty()) {
      node.as_array()->push_back(resolve_plain(wanted.value));
    } else {
      Object element;
      element.set(wanted.field, resolve_plain(wanted.value));
      node.as_array()->push_back(std::move(element));
    }
    made_ = &node.as_array()->back();
    return visit();
  }

  std::optional<Value::Kind> create_;
  const Value* made_ = nullptr;  // the list element that was made for the path
  Matches matches_;
};

std::optional<std::string> near_of(std::string_view word, const std::vector<std::string>& words) {
  const std::vector<std::string_view> known(words.begin(), words.end());
  const auto near = nearest(word, known);
  if (!near || *near == word) return std::nullopt;
  return std::string(*near);
}

DeadEnd end_in_list(const Array& list, const Pair& wanted, std::string_view way) {
  std::vector<std::string> values;
  for (const auto& element : list) {
    const Value* field = wanted.field.empty() ? &element : element.find(wanted.field);
    if (field != nullptr) values.push_back(text_of(*field));
  }
  auto near = near_of(wanted.value, values);
  if (near) near = fmt::format("[{}={}]", wanted.field, *near);
  return {fmt::format("no element of {} has the {} \"{}\"", way,
                      wanted.field.empty() ? "value" : printable(wanted.field), printable(wanted.value)),
          std::move(near)};
}

}  // namespace

DeadEnd dead_end(const Value& root, std::span<const std::string> path) {
  const Value* at = &root;
  std::string way;
  for (const auto& part : path) {
    const std::string shown = way.empty() ? "the resource" : fmt::format("\"{}\"", printable(way));
    const Value* next = nullptr;
    if (const auto* list = at->as_array()) {
      const auto wanted = is_list_part(part) ? split_list_part(part) : Result<Pair>(Pair{});
      if (!wanted) return {};
      if (is_list_part(part)) {
        const auto fits = [&](const Value& element) {
          const Value* field = wanted->field.empty() ? &element : element.find(wanted->field);
          return field != nullptr && text_of(*field) == wanted->value;
        };
        const auto found = std::ranges::find_if(*list, fits);
        if (found == list->end()) return end_in_list(*list, *wanted, shown);
        next = &*found;
      } else if (is_index(part) && index_of(part) < list->size()) {
        next = &(*list)[index_of(part)];
      } else {
        return {fmt::format("{} is a list of {}", shown, list->size()), std::nullopt};
      }
    } else if (const auto* object = at->as_object()) {
      next = object->find(part);
      std::vector<std::string> names;
      for (const auto& member : *object)
        names.push_back(member.key);
      if (next == nullptr)
        return {fmt::format("{} has no \"{}\"", shown, printable(part)), near_of(part, names)};
    } else {
      return {fmt::format("{} is {}", shown, type_of(*at)), std::nullopt};
    }
    at = next;
    way += (way.empty() ? "" : ".") + part;
  }
  return {};
}

bool is_index(std::string_view part) {
  return !part.empty() && part.size() < 10 &&
         part.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<const Value*> look_up(const Value& root, std::span<const std::string> path) {
  const Value* at = &root;
  for (const auto& raw : path) {
    const auto part = trim(raw);
    if (part.empty()) continue;
    if (at == nullptr || at->is_null()) return nullptr;
    if (part == "*")
      return failure(Code::kustomization, "\"*\" cannot be part of the path of a source");
    if (is_index(part) || part == "-") {
      if (!at->is_array()) return not_a("list", *at, part);
      const auto& list = *at->as_array();
      const auto index = part == "-" ? list.size() - 1 : index_of(part);
      at = index < list.size() ? &list[index] : nullptr;
    } else if (is_list_part(part)) {
      const Pair wanted = TRY(split_list_part(part));
      if (!at->is_array()) return not_a("list", *at, part);
      const Value* found = nullptr;
      for (const auto& element : *at->as_array()) {
        const Value* field = wanted.field.empty() ? &element : element.find(wanted.field);
        if (field == nullptr || text_of(*field) != wanted.value) continue;
        found = &element;
        break;
      }
      at = found;
    } else {
      if (!at->is_object()) return not_a("map", *at, part);
      at = at->find(part);
    }
  }
  return at;
}

Result<Matches> match_all(Value& root, std::span<const std::string> path,
                          std::optional<Value::Kind> create) {
  Matcher matcher(create);
  TRY(matcher.go(root, path));
  return matcher.take();
}

std::optional<std::string> pointer_to(const Value& root, const Value* wanted) {
  if (&root == wanted) return std::string();
  if (const auto* object = root.as_object()) {
    for (const auto& [key, value] : *object) {
      if (auto rest = pointer_to(value, wanted)) return "/" + pointer_part(key) + *rest;
    }
  }
  if (const auto* array = root.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (auto rest = pointer_to((*array)[i], wanted)) return "/" + std::to_string(i) + *rest;
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::kustomize
