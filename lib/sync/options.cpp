// SPDX-License-Identifier: Apache-2.0
#include "sync/options.h"

#include <algorithm>

#include "base/text.h"
#include "sync/key.h"
#include "sync/names.h"

namespace holdfast::sync {

bool Options::has(std::string_view word) const { return std::ranges::find(words_, word) != words_.end(); }

std::string_view Options::value(std::string_view key) const {
  for (const std::string_view word : words_) {
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return word.substr(key.size() + 1);
    }
  }
  return {};
}

bool has_annotation_word(const Value& object, std::string_view name, std::string_view word) {
  const auto words = comma_words(annotation(object, name));
  return std::ranges::find(words, word) != words.end();
}

bool has_option(const Value* object, std::string_view word) {
  return object != nullptr && has_annotation_word(*object, names::sync_options, word);
}

Prune prune_of(const Options& application, const Value& live) {
  if (has_option(&live, "Prune=false")) return Prune::no;
  if (has_option(&live, "Prune=confirm")) return Prune::confirm;
  if (has_option(&live, "Prune=true")) return Prune::yes;
  if (application.has("Prune=false")) return Prune::no;
  return application.has("Prune=confirm") ? Prune::confirm : Prune::yes;
}

Delete delete_of(const Options& application, const Value& live) {
  if (has_option(&live, "Delete=false")) return Delete::no;
  if (has_option(&live, "Delete=confirm")) return Delete::confirm;
  if (has_option(&live, "Delete=true")) return Delete::yes;
  if (application.has("Delete=false")) return Delete::no;
  return application.has("Delete=confirm") ? Delete::confirm : Delete::yes;
}

}  // namespace holdfast::sync
