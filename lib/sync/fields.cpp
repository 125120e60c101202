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

bool holds_exactly(const Value& live, const Value& target, const Value& fields);

// "." says that the node itself is owned.
bool is_node_itself(std::string_view key) { return key == "."; }

std::size_t children_of(const Value& fields) {
  return fields.as_object()->size() - (fields.as_object()->contains(".") ? 1 : 0);
}

bool members_held(const Value& live, const Value& target, const Value& fields) {
  if (target.as_object() == nullptr || target.as_object()->size() != children_of(fields)) return false;
  for (const auto& [name, value] : *target.as_object()) {
    const Value* inner = fields.find("f:" + name);
    const Value* held = live.find(name);
    if (inner == nullptr || held == nullptr || !holds_exactly(*held, value, *inner)) return false;
  }
  return true;
}

// A key's member that the target leaves to its default is not among what it owns of the item.
bool is_keyed_by(const Value& item, const Value& keys, const Value& fields) {
  if (keys.as_object() == nullptr) return false;
  for (const auto& [name, value] : *keys.as_object()) {
    const Value* found = item.find(name);
    if (found == nullptr ? fields.find("f:" + name) != nullptr : !(*found == value)) return false;
  }
  return true;
}

bool items_held(const Value& live, const Value& target, const Value& fields) {
  const auto* items = target.as_array();
  const auto* held = live.as_array();
  if (items == nullptr || held == nullptr || items->size() != children_of(fields)) return false;
  for (const auto& [key, inner] : *fields.as_object()) {
    if (is_node_itself(key)) continue;
    const Element element = element_of(key);
    const auto parsed = json::parse(element.text, "managedFields");
    if ((element.kind != 'k' && element.kind != 'v') || !parsed) return false;
    const auto index = find_item(*held, element);
    if (index == held->size()) return false;
    bool found = false;
    for (const auto& item : *items) {
      const bool same = element.kind == 'v' ? item == *parsed
                                            : is_keyed_by(item, *parsed, inner) && holds_exactly((*held)[index], item, inner);
      found = found || same;
    }
    if (!found) return false;
  }
  return true;
}

bool holds_exactly(const Value& live, const Value& target, const Value& fields) {
  if (is_leaf(fields) || children_of(fields) == 0) return live == target;
  return target.is_array() ? items_held(live, target, fields) : members_held(live, target, fields);
}

// The target without what names it, which nobody owns.
Value without_identity(Value target) {
  for (const std::string_view name : {"apiVersion", "kind"}) target.as_object()->erase(name);
  Value* metadata = target.find("metadata");
  if (metadata != nullptr && metadata->as_object() != nullptr) {
    for (const std::string_view name : {"name", "namespace"}) metadata->as_object()->erase(name);
    if (metadata->as_object()->empty()) target.as_object()->erase("metadata");
  }
  return target;
}

}  // namespace

bool is_applied(const Value& live, const Value& target, std::string_view manager) {
  const Value* entries = live.find_path({"metadata", "managedFields"});
  const Value* ours = nullptr;
  if (entries == nullptr || entries->as_array() == nullptr || target.as_object() == nullptr) return false;
  for (const auto& entry : *entries->as_array()) {
    if (entry.text({"manager"}) != manager || !entry.text({"subresource"}).empty()) continue;
    // A second entry of ours (another version, an update) makes the set of our fields another one.
    if (ours != nullptr || entry.text({"operation"}) != "Apply") return false;
    ours = &entry;
  }
  if (ours == nullptr || ours->text({"apiVersion"}) != target.text({"apiVersion"})) return false;
  const Value* fields = ours->find("fieldsV1");
  return fields != nullptr && fields->as_object() != nullptr && !is_leaf(*fields) &&
         members_held(live, without_identity(target), *fields);
}

Value applied_fields(const Value& object, std::string_view manager) {
  return owned_fields(object, [&](const ManagerEntry& entry) {
    return entry.manager == manager && entry.operation == "Apply" && entry.subresource.empty();
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
    if (set != nullptr && wanted(row)) merge_fields(fields, *set);
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
