// SPDX-License-Identifier: Apache-2.0
#include "sync/fields.h"

#include "value/json.h"

namespace holdfast::sync {
namespace {

// A path element of FieldsV1: "f:name", "k:{…}", "v:value", "i:3" or "." (the node itself).
struct Element {
  char kind;
  std::string_view text;
};

Element element_of(std::string_view key) {
  if (key.size() > 1 && key[1] == ':') return {key[0], key.substr(2)};
  return {'.', {}};
}

bool has_keys(const Value& item, const Value& keys) {
  if (keys.as_object() == nullptr) return false;
  for (const auto& [name, value] : *keys.as_object()) {
    const Value* found = item.find(name);
    // An absent key takes part with its default, which only the server knows: absent matches.
    if (found != nullptr && !(*found == value)) return false;
    if (found == nullptr && name == "name") return false;
  }
  return true;
}

std::size_t find_item(const Array& items, const Element& element) {
  if (element.kind == 'i') {
    std::size_t index = 0;
    for (const char c : element.text) index = index * 10 + static_cast<std::size_t>(c - '0');
    return index < items.size() ? index : items.size();
  }
  const auto key = json::parse(element.text, "managedFields");
  if (!key) return items.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (element.kind == 'k' ? has_keys(items[i], *key) : items[i] == *key) return i;
  }
  return items.size();
}

bool is_leaf(const Value& fields) {
  return fields.as_object() == nullptr || fields.as_object()->empty();
}

const Value* child_of(const Value& object, const Element& element) {
  if (element.kind == 'f') return object.find(element.text);
  const auto* items = object.as_array();
  if (items == nullptr) return nullptr;
  const auto index = find_item(*items, element);
  return index < items->size() ? &(*items)[index] : nullptr;
}

}  // namespace

Value applied_fields(const Value& object, std::string_view manager) {
  return owned_fields(object, [&](const ManagerEntry& entry) {
    return entry.manager == manager && entry.operation == "Apply";
  });
}

void merge_fields(Value& fields, const Value& other) {
  if (other.as_object() == nullptr) return;
  if (!fields.is_object()) fields = Object{};
  for (const auto& [key, value] : *other.as_object()) merge_fields(fields[key], value);
}

Value owned_fields(const Value& object, const std::function<bool(const ManagerEntry&)>& wanted) {
  Value fields = Object{};
  const Value* entries = object.find_path({"metadata", "managedFields"});
  if (entries == nullptr || entries->as_array() == nullptr) return fields;
  for (const auto& entry : *entries->as_array()) {
    const ManagerEntry row{entry.text({"manager"}), entry.text({"operation"}),
                           entry.text({"subresource"})};
    const Value* set = entry.find("fieldsV1");
    if (row.subresource.empty() && set != nullptr && wanted(row)) merge_fields(fields, *set);
  }
  return fields;
}

Value fields_of_manager(const Value& object, std::string_view manager) {
  return owned_fields(object, [&](const ManagerEntry& entry) { return entry.manager == manager; });
}

Value project(const Value& object, const Value& fields) {
  if (is_leaf(fields)) return object;
  Value cut = Object{};
  for (const auto& [key, inner] : *fields.as_object()) {
    const Element element = element_of(key);
    if (element.kind == '.') {
      // The node itself is owned: that it exists is a fact, its other content is not.
      cut["."] = true;
      continue;
    }
    if (const Value* child = child_of(object, element)) cut[key] = project(*child, inner);
  }
  return cut;
}

void remove_fields(Value& object, const Value& fields) {
  if (fields.as_object() == nullptr) return;
  for (const auto& [key, inner] : *fields.as_object()) {
    const Element element = element_of(key);
    if (element.kind == '.') continue;
    if (element.kind == 'f') {
      Value* child = object.find(element.text);
      if (child == nullptr) continue;
      if (is_leaf(inner)) {
        object.as_object()->erase(element.text);
      } else {
        remove_fields(*child, inner);
      }
      continue;
    }
    Array* items = object.as_array();
    if (items == nullptr) continue;
    const auto index = find_item(*items, element);
    if (index >= items->size()) continue;
    if (is_leaf(inner)) {
      items->erase(items->begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      remove_fields((*items)[index], inner);
    }
  }
}

}  // namespace holdfast::sync
