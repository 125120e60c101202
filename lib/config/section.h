// SPDX-License-Identifier: Apache-2.0
// Reads a table of a document key by key and remembers the keys asked for, so that finish() can
// refuse every other key and name the nearest known one. Errors stand at file:line:col.
//
//   auto root = config::Section(document);
//   cluster.name = TRY(root.required_text("name"));
//   cluster.size = TRY(root.integer("size")).value_or(1);
//   TRY(root.finish());
#pragma once

#include "base/result.h"
#include "config/document.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// The document must outlive its sections.
class Section {
 public:
  explicit Section(const Document& document) : document_(&document), table_(&document.value) {}

  // Each refuses with Code::wrong_type when the key holds something else; nothing when it is
  // absent.
  Result<std::optional<std::string>> text(std::string_view key);
  Result<std::optional<std::int64_t>> integer(std::string_view key);
  Result<std::optional<bool>> flag(std::string_view key);
  Result<std::vector<std::string>> texts(std::string_view key);  // empty when absent
  // Text that must be one of a few words.
  Result<std::optional<std::string>> choice(std::string_view key,
                                            std::initializer_list<std::string_view> words);
  // An inner table; an empty one when absent.
  Result<Section> section(std::string_view key);
  // An array of tables; empty when absent.
  Result<std::vector<Section>> sections(std::string_view key);
  // Whatever stands there, null when absent.
  const Value& value(std::string_view key);

  // Also refuse, with Code::wrong_type, a key that is absent; required_text an empty text too.
  Result<std::string> required_text(std::string_view key);
  Result<std::int64_t> required_integer(std::string_view key);

  // Refuses with Code::unknown_key when the table has a key that nobody asked for.
  Result<> finish() const;

  // For the caller's own checks: an error at the key's place.
  [[nodiscard]] Error refusal(Code code, std::string_view key, std::string what) const;
  [[nodiscard]] std::string place(std::string_view key) const;

  // "cluster.node" or "component[2]": the section as messages name it, "" for the root.
  [[nodiscard]] const std::string& path() const { return path_; }

  // The names of all keys there are, for tables whose keys are data. Marks them as asked for.
  std::vector<std::string> keys();

 private:
  Section(const Document* document, const Value* table, std::string pointer, std::string path)
      : document_(document), table_(table), pointer_(std::move(pointer)), path_(std::move(path)) {}

  [[nodiscard]] std::string pointer_to(std::string_view key) const;
  [[nodiscard]] std::string path_to(std::string_view key) const;
  const Value* ask(std::string_view key);
  [[nodiscard]] std::unexpected<Error> wrong_type(std::string_view key, const Value& held,
                                                  std::string_view wanted) const;
  [[nodiscard]] std::unexpected<Error> missing(std::string_view key, std::string_view wanted) const;

  const Document* document_;
  const Value* table_;
  std::string pointer_;
  std::string path_;
  std::vector<std::string> asked_;
};

}  // namespace holdfast::config
