// SPDX-License-Identifier: Apache-2.0
// Where an entry of a configuration stands, for messages: the file is looked through when somebody
// asks, which is when something is wrong. It does not know what the entry says.
#pragma once

#include "base/result.h"
#include "yaml/yaml.h"

#include <memory>
#include <string>
#include <string_view>

namespace holdfast::kustomize {

struct Resource;

class Entry {
 public:
  // `pointer` is a JSON pointer in the document of that index in `text`.
  Entry(std::string file, std::shared_ptr<const std::string> text, std::size_t document, std::string pointer)
      : file_(std::move(file)), text_(std::move(text)), document_(document), pointer_(std::move(pointer)) {}

  // A resource that configures a plugin.
  explicit Entry(const Resource& config);

  // "file:line:col" of what `below`, a JSON pointer too, leads to.
  [[nodiscard]] std::string place(std::string_view below = {}) const;
  [[nodiscard]] Entry at(std::string_view below) const;

  // The entry is a text that was read as a file of the name `name`: what the error says of places in
  // that file it says of places in this one.
  [[nodiscard]] Error told_of_text(Error error, std::string_view name) const;

 private:
  std::string file_;
  std::shared_ptr<const std::string> text_;  // none: `file_` is all that is known
  std::size_t document_;
  std::string pointer_;
};

// The failure, with that place where it names none.
Error placed(Error error, const std::string& place);

}  // namespace holdfast::kustomize
