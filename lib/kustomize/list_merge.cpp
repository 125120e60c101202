// SPDX-License-Identifier: Apache-2.0
#include "kustomize/list_merge.h"

#include "kustomize/object.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace holdfast::kustomize {
namespace {

using Texts2 = std::vector<std::string>;

// The text a key comparison sees; nothing when the element has no such field.
std::optional<std::string> field_text(const Value& element, const std::string& key) {
  if (key.empty()) {
    if (element.is_object() || element.is_array()) return std::nullopt;
    return element.is_null() ? std::string() : text_of(element);
  }
  const Value* field = element.find(key);
  if (field == nullptr) return std::nullopt;
  return field->is_object() || field->is_array() ? std::string() : text_of(*field);
}

std::string key_text(const Value& element, const std::string& key) {
  if (key.empty()) return text_of(element);
  const Value* field = element.find(key);
  return is_blank(field) ? std::string() : text_of(*field);
}

bool is_empty_map(const Value& value) {
  return value.is_null() || (value.is_object() && value.as_object()->empty());
}

struct Selection {
  Texts2 keys, values;
};

// Which keys count: those that any of the tuples writes.
Selection written_keys(const std::vector<Texts2>& tuples, const Texts2& values,
                       const Texts2& keys) {
  std::set<std::string> written;
  for (const auto& tuple : tuples) {
    for (std::size_t i = 0; i < tuple.size() && i < keys.size(); ++i) {
      if (!tuple[i].empty()) written.insert(keys[i]);
    }
  }
  if (written.empty()) return {keys, values};
  Selection out;
  for (const auto& key : keys) {
    if (written.contains(key)) out.keys.push_back(key);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty() || (i < keys.size() && written.contains(keys[i])))
      out.values.push_back(values[i]);
  }
  return out;
}

std::optional<Texts2> overlap(const Texts2& a, const Texts2& b) {
  if (a.size() != b.size()) return std::nullopt;
  bool common = false;
  Texts2 out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) {
      common = true;
      out.push_back(a[i]);
      continue;
    }
    if (!a[i].empty() && !b[i].empty()) return std::nullopt;
    out.push_back(a[i].empty() ? b[i] : a[i]);
  }
  if (!common) return std::nullopt;
  return out;
}

void join_half_written(std::vector<Texts2>& tuples) {
  for (auto& a : tuples) {
    for (auto& b : tuples) {
      if (auto joined = overlap(a, b)) {
        a = *joined;
        b = *std::move(joined);
      }
    }
  }
}

// The first element whose fields have exactly these texts.
std::optional<std::size_t> find_element(const Array& list, const Selection& selection) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!selection.keys.front().empty() && !list[i].is_object()) continue;
    bool fits = true;
    for (std::size_t k = 0; k < selection.keys.size() && fits; ++k) {
      const auto text = field_text(list[i], selection.keys[k]);
      fits = text.has_value() && k < selection.values.size() && *text == selection.values[k];
    }
    if (fits) return i;
  }
  return std::nullopt;
}

// An empty value fits any; a key beyond the values is not looked at.
bool fits_loosely(const Value& item, const Selection& selection) {
  if (selection.values.empty()) return false;
  for (std::size_t k = 0; k < selection.keys.size() && k < selection.values.size(); ++k) {
    const auto text = field_text(item, selection.keys[k]);
    const std::string& wanted = selection.values[k];
    if (!text) return false;
    if (wanted.empty() ? selection.keys[k].empty() && !text->empty() : *text != wanted)
      return false;
  }
  return true;
}

// Sets, replaces or (without `element`) removes every element that fits.
void put_element(Array& list, const Selection& selection, const Value* element) {
  const bool wants_map = !selection.keys.empty() && !selection.keys.front().empty() &&
                         !selection.values.empty() && !selection.values.front().empty();
  bool found = false;
  Array out;
  out.reserve(list.size() + 1);
  for (auto& item : list) {
    if (is_empty_map(item)) continue;
    if (!item.is_object() && wants_map) {
      out.push_back(std::move(item));
      continue;
    }
    if (!fits_loosely(item, selection)) {
      if (!selection.values.empty()) out.push_back(std::move(item));
      continue;
    }
    found = true;
    if (element != nullptr) out.push_back(*element);
  }
  if (element != nullptr && !found) out.push_back(*element);
  list = std::move(out);
}

class KeyedList {
 public:
  KeyedList(Array own, const Array* patch, Texts2 keys, const MergeElement& merge)
      : own_(std::move(own)), patch_(patch), keys_(std::move(keys)), merge_(merge) {}

  Result<Array> run() {
    if (keys_.empty()) keys_ = {""};
    if (is_simple(own_)) {
      if (patch_ == nullptr) return each_in_place();
      if (is_simple(*patch_)) return by_hash();
    }
    auto tuples = all_tuples();
    if (keys_.size() > 1) join_half_written(tuples);
    Selection last;
    for (const auto& tuple : tuples) {
      last = written_keys(tuples, tuple, keys_);
      TRY(one(last));
    }
    if (!tuples.empty()) append_own(last.keys);
    return tuples.empty() ? std::move(own_) : std::move(merged_);
  }

 private:
  // One key, present and different in all elements: nothing but the elements themselves can change.
  bool is_simple(const Array& list) const {
    if (keys_.size() != 1) return false;
    std::unordered_set<std::string> seen;
    for (const auto& element : list) {
      if (keys_.front().empty() ? (element.is_object() || element.is_array())
                                : !element.is_object())
        return false;
      std::string text = key_text(element, keys_.front());
      if (text.empty() || element.is_null() || !seen.insert(std::move(text)).second) return false;
    }
    return true;
  }

  Result<Array> each_in_place() {
    Array out;
    out.reserve(own_.size());
    for (std::size_t i = 0; i < own_.size(); ++i) {
      auto element = TRY(merge_(i, &own_[i], nullptr));
      if (element.value) out.push_back(*std::move(element.value));
    }
    return out;
  }

  // The general way below takes the square of the length; this one is for well-formed lists.
  Result<Array> by_hash() {
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < own_.size(); ++i)
      places.emplace(key_text(own_[i], keys_.front()), i);
    std::vector<bool> taken(own_.size());
    Array out;
    out.reserve(own_.size() + patch_->size());
    for (const auto& element : *patch_) {
      const auto place = places.find(key_text(element, keys_.front()));
      const bool known = place != places.end();
      const auto index = known ? std::optional(place->second) : std::nullopt;
      if (known) taken[*index] = true;
      auto result = TRY(merge_(index, known ? &own_[*index] : nullptr, &element));
      if (!result.value || is_empty_map(*result.value)) continue;
      out.push_back(known && result.from_patch ? std::move(own_[*index])
                                               : *std::move(result.value));
    }
    for (std::size_t i = 0; i < own_.size(); ++i) {
      if (taken[i]) continue;
      auto result = TRY(merge_(i, &own_[i], nullptr));
      if (result.value && !is_empty_map(*result.value)) out.push_back(*std::move(result.value));
    }
    return out;
  }

  std::vector<Texts2> all_tuples() const {
    std::vector<Texts2> tuples;
    std::set<Texts2> seen;
    const auto collect = [&](const Array& list) {
      for (const auto& element : list) {
        Texts2 tuple;
        for (const auto& key : keys_)
          tuple.push_back(key_text(element, key));
        if (seen.insert(tuple).second) tuples.push_back(std::move(tuple));
      }
    };
    if (patch_ != nullptr) collect(*patch_);
    collect(own_);
    return tuples;
  }

  Result<> one(const Selection& selection) {
    const auto narrow = written_keys({selection.values}, selection.values, selection.keys);
    const auto index = find_element(own_, narrow);
    const auto patch_index = patch_ == nullptr ? std::nullopt : find_element(*patch_, narrow);
    const Value* own = index ? &own_[*index] : nullptr;
    const Value* patch = patch_index ? &(*patch_)[*patch_index] : nullptr;
    auto result = TRY(merge_(index, own, patch));
    auto& value = result.value;
    if (!value || is_empty_map(*value)) {
      put_element(own_, selection, nullptr);
      return {};
    }
    for (std::size_t i = 0; i < selection.keys.size() && value->is_object(); ++i) {
      const auto& key = selection.keys[i];
      if (i < selection.values.size() && !selection.values[i].empty() &&
          value->find(key) == nullptr) {
        value->as_object()->set(key, resolve_plain(selection.values[i]));
      }
    }
    if (index && !result.from_patch) own_[*index] = *value;
    put_element(merged_, selection, &*value);
    return {};
  }

  // The untouched elements of the list follow the merged ones; touched ones meet themselves.
  void append_own(const Texts2& keys) {
    for (const auto& element : own_) {
      Selection selection{.keys = keys, .values = {}};
      if (keys.front().empty()) {
        selection.values = {text_of(element)};
        put_element(merged_, selection, &element);
        continue;
      }
      for (const auto& key : keys) {
        const auto text = field_text(element, key);
        if (text && !element.find(key)->is_null()) {
          selection.values.push_back(*text);
        } else if (text) {
          selection.values.emplace_back("null");
        } else {
          merged_.push_back(element);  // without its key it is added as it is, and once more below
        }
      }
      if (keys.size() > 1) put_element(merged_, selection, nullptr);
      put_element(merged_, selection, &element);
    }
  }

  Array own_;
  const Array* patch_;
  Texts2 keys_;
  const MergeElement& merge_;
  Array merged_;
};

}  // namespace

Result<Array> merge_keyed_list(Array own, const Array* patch, std::vector<std::string> keys,
                               const MergeElement& merge) {
  return KeyedList(std::move(own), patch, std::move(keys), merge).run();
}

}  // namespace holdfast::kustomize
