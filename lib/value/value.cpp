// SPDX-License-Identifier: Apache-2.0
#include "value/value.h"

#include <algorithm>
#include <limits>

namespace holdfast {
namespace {

template <class Members>
auto lower_bound(Members& members, std::string_view key) {
  return std::lower_bound(members.begin(), members.end(), key,
                          [](const Member& member, std::string_view k) { return member.key < k; });
}

}  // namespace

Object::Object(std::initializer_list<Member> members) : members_(members) { sort(); }

const Value* Object::find(std::string_view key) const {
  const auto at = lower_bound(members_, key);
  return at != members_.end() && at->key == key ? &at->value : nullptr;
}

Value* Object::find(std::string_view key) {
  const auto at = lower_bound(members_, key);
  return at != members_.end() && at->key == key ? &at->value : nullptr;
}

Value& Object::operator[](std::string_view key) {
  auto at = lower_bound(members_, key);
  if (at == members_.end() || at->key != key) at = members_.insert(at, Member{std::string(key), {}});
  return at->value;
}

void Object::set(std::string_view key, Value value) { (*this)[key] = std::move(value); }

bool Object::erase(std::string_view key) {
  const auto at = lower_bound(members_, key);
  if (at == members_.end() || at->key != key) return false;
  members_.erase(at);
  return true;
}

void Object::append(std::string key, Value value) {
  members_.emplace_back(std::move(key), std::move(value));
}

Object::Sorted Object::sort() {
  if (!std::ranges::is_sorted(members_, {}, &Member::key)) {
    std::ranges::stable_sort(members_, {}, &Member::key);
  }
  const auto twin = std::ranges::adjacent_find(members_, {}, &Member::key);
  if (twin == members_.end()) return {.unique = true, .duplicate = {}};
  std::string duplicate = twin->key;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const bool last = i + 1 == members_.size() || members_[i + 1].key != members_[i].key;
    if (!last) continue;
    if (kept != i) members_[kept] = std::move(members_[i]);
    ++kept;
  }
  members_.resize(kept);
  return {.unique = false, .duplicate = std::move(duplicate)};
}

bool Object::empty() const { return members_.empty(); }

std::size_t Object::size() const { return members_.size(); }

const Member* Object::begin() const { return members_.data(); }

const Member* Object::end() const { return members_.data() + members_.size(); }

Member* Object::begin() { return members_.data(); }

Member* Object::end() { return members_.data() + members_.size(); }

void Object::reserve(std::size_t count) { members_.reserve(count); }

bool Object::operator==(const Object& other) const { return members_ == other.members_; }

Value::Value(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    data_ = static_cast<std::int64_t>(value);
  } else {
    data_ = value;
  }
}

const Value* Value::find(std::string_view key) const {
  const auto* object = as_object();
  return object != nullptr ? object->find(key) : nullptr;
}

Value* Value::find(std::string_view key) {
  auto* object = as_object();
  return object != nullptr ? object->find(key) : nullptr;
}

const Value* Value::find_path(std::initializer_list<std::string_view> keys) const {
  const Value* at = this;
  for (const auto key : keys) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view Value::text(std::initializer_list<std::string_view> keys) const {
  const Value* at = find_path(keys);
  if (at == nullptr || !at->is_string()) return {};
  return *at->as_string();
}

Value& Value::operator[](std::string_view key) {
  if (!is_object()) data_ = Object();
  return (*as_object())[key];
}

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::null: return "null";
    case Value::Kind::boolean: return "boolean";
    case Value::Kind::integer: return "integer";
    case Value::Kind::unsigned_integer: return "integer";
    case Value::Kind::real: return "number";
    case Value::Kind::string: return "string";
    case Value::Kind::array: return "array";
    case Value::Kind::object: return "object";
  }
  std::unreachable();
}

}  // namespace holdfast
