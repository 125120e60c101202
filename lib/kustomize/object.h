// SPDX-License-Identifier: Apache-2.0
// Reading and writing the few fields that every Kubernetes object has. It knows no kinds.
// Upstream: kustomize v5.8.1, kyaml/yaml/rnode.go.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <map>
#include <string>
#include <string_view>

namespace holdfast::kustomize {

// Only texts count here: a number as kind or name is read by text_of.
std::string_view api_version_of(const Value& object);
std::string_view kind_of(const Value& object);
std::string name_of(const Value& object);
std::string namespace_of(const Value& object);

// A scalar as it would be written in YAML without quotes; "" for objects and lists.
std::string text_of(const Value& scalar);
// The value that `text` has as a plain YAML scalar.
Value resolve_plain(std::string_view text);
// Is it a text in quotes only, to one of the two YAMLs that the tool speaks?
bool wants_quotes(std::string_view text);
// .inf and .nan are such reals.
bool is_finite(const Value& scalar);
// Does it stay a text as a key without quotes? The tool writes new keys so, and then cannot print
// an object whose key became a number.
bool is_text_key(std::string_view key);
// The refusal of one that does not.
std::unexpected<Error> bad_key(std::string_view key);
// `text` in the place of `old`: what was text stays text, a number or boolean is read anew.
Value with_text(const Value& old, std::string_view text);

// "a text", "a list", …, for messages.
std::string_view type_of(const Value& value);

// Nothing there: null, {} or [].
bool is_blank(const Value* value);

void set_name(Value& object, std::string_view name);
void set_kind(Value& object, std::string_view kind);
void set_namespace(Value& object, std::string_view space);  // "" removes it

using Texts = std::map<std::string, std::string, std::less<>>;

// metadata.labels or metadata.annotations, every value as text.
Texts metadata_texts(const Value& object, std::string_view field);
// Replaces the whole map; an empty one is removed.
void set_metadata_texts(Value& object, std::string_view field, const Texts& texts);

}  // namespace holdfast::kustomize
