// SPDX-License-Identifier: Apache-2.0
#include "kustomize/strategic_merge.h"

#include "kustomize/list_merge.h"
#include "kustomize/source_text.h"

#include <fmt/format.h>

#include <utility>

namespace holdfast::kustomize {
namespace {

enum class Directive { merge, replace, remove };

Result<Directive> directive_of(std::string_view word) {
  if (word == "delete") return Directive::remove;
  if (word == "replace") return Directive::replace;
  if (word == "merge") return Directive::merge;
  return failure(Error(Code::patch, fmt::format("\"$patch\" is \"{}\"", word))
                     .fix("write one of: delete, merge, replace"));
}

// Reads the directive and takes it out.
Result<Directive> take_directive(Value& patch) {
  if (auto* object = patch.as_object()) {
    const Value* word = object->find("$patch");
    if (word == nullptr) return Directive::merge;
    const Directive directive = TRY(directive_of(text_of(*word)));
    object->erase("$patch");
    return directive;
  }
  auto* array = patch.as_array();
  if (array == nullptr) return Directive::merge;
  // In a list it stands as an element of its own.
  for (auto& element : *array) {
    const Value* word = element.find("$patch");
    if (word == nullptr) continue;
    if (element.as_object()->size() > 1) return Directive::merge;
    const std::string text = text_of(*word);
    const Directive directive = TRY(directive_of(text));
    std::erase_if(*array, [&](const Value& item) {
      if (is_blank(&item)) return true;
      const Value* own = item.find("$patch");
      return own != nullptr && text_of(*own) == text;
    });
    return directive;
  }
  return Directive::merge;
}

bool same_shape(const Value& a, const Value& b) {
  return a.is_object() == b.is_object() && a.is_array() == b.is_array();
}

class Merger {
 public:
  Merger(Resource& resource, const Resource& patch, const MergeSchema& schema, Quoted quoted)
      : resource_(resource),
        patch_(patch),
        schema_(schema),
        quoted_(quoted),
        folded_(patch.source == nullptr ? std::string_view() : patch.source->text()) {}

  // `own` or `patch` may be absent, not both.
  Result<ElementMerge> merge(std::optional<Value> own, Value* patch, const SchemaNode* node) {
    node = schema_of(own ? &*own : nullptr, patch, node);
    if (patch == nullptr) {
      auto kept = TRY(keep(*std::move(own), node));
      return ElementMerge{.value = std::move(kept)};
    }
    if (own && patch->is_null()) return ElementMerge{};
    if (!own || own->is_null()) {
      unfold(*patch);
      auto adopted = TRY(adopt(std::move(*patch), node));
      return as_element(std::move(adopted));
    }
    if (!same_shape(*own, *patch)) {
      return failure(Error(Code::patch, fmt::format("the patch has {} at {}, where the resource has {}",
                                                    type_of(*patch), pointer_.empty() ? "/" : pointer_,
                                                    type_of(*own)))
                         .at(place_in(patch_, patch_pointer_)));
    }
    if (own->is_object()) return merge_maps(*std::move(own), *patch, node);
    if (own->is_array()) return merge_lists(*std::move(own), *patch, node);
    return ElementMerge{.value = merge_scalars(*own, std::move(*patch)), .from_patch = true};
  }

 private:
  static ElementMerge as_element(std::optional<Value> value) {
    return {.value = std::move(value), .from_patch = true};
  }

  // A part without a schema that looks like a resource gets that resource's.
  const SchemaNode* schema_of(const Value* own, const Value* patch, const SchemaNode* node) const {
    if (node != nullptr) return node;
    for (const Value* value : {own, patch}) {
      if (value == nullptr || !value->is_object()) continue;
      const auto kind = kind_of(*value);
      const auto version = api_version_of(*value);
      if (kind.empty() || version.empty()) continue;
      if (const auto* found = schema_.find(version, kind)) return found;
    }
    return nullptr;
  }

  struct Step {  // keeps the place in step with the walk

    Step(std::string& pointer, std::string_view part) : pointer_(pointer), length_(pointer.size()) {
      pointer += '/';
      pointer += part;
    }

    ~Step() { pointer_.resize(length_); }

    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

    std::string& pointer_;
    std::size_t length_;
  };

  Result<Directive> directive_in(Value& patch) const {
    auto directive = take_directive(patch);
    if (!directive)
      return failure(std::move(directive).error().at(place_in(patch_, patch_pointer_ + "/$patch")));
    return directive;
  }

  static const SchemaNode* field_schema(const SchemaNode* node, std::string_view key) {
    return node == nullptr ? nullptr : node->field(key);
  }

  Result<ElementMerge> merge_maps(Value own, Value& patch, const SchemaNode* node) {
    switch (TRY(directive_in(patch))) {
      case Directive::remove: return ElementMerge{};
      case Directive::replace: return replaced(std::move(patch), node);
      case Directive::merge: break;
    }
    Object& from = *own.as_object();
    Object& by = *patch.as_object();
    Object out;
    out.reserve(from.size() + by.size());
    auto* a = from.begin();
    auto* b = by.begin();
    while (a != from.end() || b != by.end()) {
      const int order = a == from.end() ? 1 : b == by.end() ? -1 : a->key.compare(b->key);
      std::string& key = order <= 0 ? a->key : b->key;
      const Step step(pointer_, pointer_part(key));
      const Step patch_step(patch_pointer_, pointer_part(key));
      std::optional<Value> field;
      if (order <= 0) field = std::move(a->value);
      auto merged =
          TRY(merge(std::move(field), order >= 0 ? &b->value : nullptr, field_schema(node, key)));
      if (merged.value) out.append(std::move(key), *std::move(merged.value));
      if (order <= 0) ++a;
      if (order >= 0) ++b;
    }
    return ElementMerge{.value = Value(std::move(out))};
  }

  Result<ElementMerge> merge_lists(Value own, Value& patch, const SchemaNode* node) {
    if (node == nullptr || !node->merges) {
      unfold(patch);
      return as_element(std::move(patch));
    }
    switch (TRY(directive_in(patch))) {
      case Directive::remove: return ElementMerge{};
      case Directive::replace: return replaced(std::move(patch), node);
      case Directive::merge: break;
    }
    auto list = TRY(keyed(std::move(*own.as_array()), patch.as_array(), node));
    return ElementMerge{.value = Value(std::move(list))};
  }

  Result<Array> keyed(Array own, Array* patch, const SchemaNode* node) {
    const MergeElement element = [&](std::optional<std::size_t> index, const Value* mine,
                                     const Value* theirs) -> Result<ElementMerge> {
      if (mine == nullptr && theirs == nullptr) return ElementMerge{};
      const Step step(pointer_, index ? std::to_string(*index) : "-");
      std::optional<Value> copy;
      if (mine != nullptr) copy = *mine;
      if (theirs == nullptr) return merge(std::move(copy), nullptr, node->elements);
      const Step patch_step(patch_pointer_, std::to_string(theirs - patch->data()));
      Value patch_copy = *theirs;
      return merge(std::move(copy), &patch_copy, node->elements);
    };
    return merge_keyed_list(std::move(own), patch, node->keys, element);
  }

  // A quoted text stays a text when a number comes in its place, with the number's own spelling.
  Value merge_scalars(const Value& own, Value patch) {
    if (quoted_ == Quoted::dropped) return patch;
    if (auto* text = patch.as_string()) {
      keep_quotes(resource_, pointer_, own, *text);
      if (own.is_string() && text->find('\n') != std::string::npos && text_is_folded(resource_, pointer_))
        *text = printed_folded(*text);
    }
    if (!own.is_string() || (patch.is_string() && !looks_like_date(patch))) return patch;
    if (!text_is_quoted(resource_, pointer_, *own.as_string())) return patch;
    return spelled_text(patch_, patch_pointer_, patch);
  }

  // What the patch brings is printed as its file has it.
  void unfold(Value& patch) {
    if (quoted_ == Quoted::kept) folded_.unfold(patch_, patch, patch_pointer_);
  }

  Result<ElementMerge> replaced(Value patch, const SchemaNode* node) {
    unfold(patch);
    auto settled = TRY(settle(std::move(patch), node));
    return as_element(std::move(settled));
  }

  // What the resource has and the patch does not name: only lists with a key and unwritten nulls
  // change.
  Result<std::optional<Value>> keep(Value own, const SchemaNode* node) {
    if (own.is_null()) {
      if (!null_is_written(resource_, pointer_)) return std::nullopt;
      return own;
    }
    if (auto* object = own.as_object()) {
      std::vector<std::string> gone;
      for (auto& [key, value] : *object) {
        if (value.is_string()) continue;
        const Step step(pointer_, pointer_part(key));
        const SchemaNode* field = schema_of(&value, nullptr, field_schema(node, key));
        auto kept = TRY(keep(std::move(value), field));
        if (kept) {
          value = *std::move(kept);
        } else {
          gone.push_back(key);
        }
      }
      for (const auto& key : gone)
        object->erase(key);
      return own;
    }
    if (own.is_array() && node != nullptr && node->merges) {
      auto list = TRY(keyed(std::move(*own.as_array()), nullptr, node));
      return Value(std::move(list));
    }
    return own;
  }

  // What only the patch has: its nulls and removals have nothing to act on.
  Result<std::optional<Value>> adopt(Value patch, const SchemaNode* node) {
    if (patch.is_object() || (patch.is_array() && node != nullptr && node->merges)) {
      const auto directive = take_directive(patch);
      if (directive && *directive == Directive::remove && patch.is_object()) return std::nullopt;
    }
    return settle(std::move(patch), node);
  }

  Result<std::optional<Value>> settle(Value patch, const SchemaNode* node) {
    if (patch.is_null()) return std::nullopt;
    if (auto* object = patch.as_object()) {
      Object out;
      out.reserve(object->size());
      for (auto& [key, value] : *object) {
        auto settled = TRY(settle_field(std::move(value), field_schema(node, key)));
        if (settled) out.append(key, *std::move(settled));
      }
      return Value(std::move(out));
    }
    if (patch.is_array() && node != nullptr && node->merges) {
      auto list = TRY(settle_list(std::move(*patch.as_array()), node));
      return Value(std::move(list));
    }
    return patch;
  }

  Result<std::optional<Value>> settle_field(Value value, const SchemaNode* node) {
    node = schema_of(&value, nullptr, node);
    const bool keyed_list = value.is_array() && node != nullptr && node->merges;
    if (!value.is_object() && !keyed_list) return settle(std::move(value), node);
    if (TRY(directive_in(value)) == Directive::remove) return std::nullopt;
    return settle(std::move(value), node);
  }

  Result<Array> settle_list(Array list, const SchemaNode* node) {
    const MergeElement element = [&](std::optional<std::size_t>, const Value* mine,
                                     const Value*) -> Result<ElementMerge> {
      if (mine == nullptr) return ElementMerge{};
      auto settled = TRY(settle_field(*mine, node->elements));
      return ElementMerge{.value = std::move(settled)};
    };
    return merge_keyed_list(std::move(list), nullptr, node->keys, element);
  }

  Resource& resource_;
  const Resource& patch_;  // for what its file spells
  const MergeSchema& schema_;
  Quoted quoted_;
  FoldedTexts folded_;
  std::string pointer_, patch_pointer_;
};

}  // namespace

Result<Merged> strategic_merge(Resource& resource, const Resource& patch, const MergeSchema& schema,
                               Quoted quoted) {
  // For the whole resource the tool makes the new one, and forgets to put it in the old one's place.
  if (patch.body.text({"$patch"}) == "replace") return Merged::changed;
  Value own = std::move(resource.body);
  Value by = patch.body;
  auto merged = TRY(Merger(resource, patch, schema, quoted).merge(std::move(own), &by, nullptr));
  if (is_blank(merged.value ? &*merged.value : nullptr)) {
    resource.body = Value();
    return Merged::removed;
  }
  resource.body = *std::move(merged.value);
  return Merged::changed;
}

}  // namespace holdfast::kustomize
