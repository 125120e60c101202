// SPDX-License-Identifier: Apache-2.0
#include "config/section.h"

#include "base/text.h"

#include <algorithm>

namespace holdfast::config {
namespace {

const Value absent;

std::string quoted_list(std::initializer_list<std::string_view> words) {
  std::string out;
  for (const auto word : words)
    out += fmt::format("{}'{}'", out.empty() ? "" : ", ", word);
  return out;
}

}  // namespace

std::string Section::pointer_to(std::string_view key) const {
  return pointer_ + "/" + replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1");
}

std::string Section::path_to(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::string Section::place(std::string_view key) const {
  return document_->place(pointer_to(key));
}

Error Section::refusal(Code code, std::string_view key, std::string what) const {
  return Error(code, std::move(what)).at(place(key));
}

const Value* Section::ask(std::string_view key) {
  if (std::ranges::find(asked_, key) == asked_.end()) asked_.emplace_back(key);
  return table_->find(key);
}

std::unexpected<Error> Section::wrong_type(std::string_view key, const Value& held,
                                           std::string_view wanted) const {
  return failure(refusal(Code::wrong_type, key,
                         fmt::format("'{}' is of type {}, wanted: {}", printable(path_to(key)),
                                     kind_name(held.kind()), wanted)));
}

std::unexpected<Error> Section::missing(std::string_view key, std::string_view wanted) const {
  Error error(Code::wrong_type, fmt::format("'{}' is missing, wanted: {}", path_to(key), wanted));
  error = std::move(error).at(document_->place(pointer_));
  std::vector<std::string_view> others;
  const auto* table = table_->as_object();
  if (table != nullptr) {
    for (const auto& member : *table) {
      if (std::ranges::find(asked_, member.key) == asked_.end()) others.push_back(member.key);
    }
  }
  const auto close = nearest(key, others);
  if (close) return failure(std::move(error).fix(fmt::format("'{}' is not known: rename it to '{}'", printable(*close), key)));
  return failure(std::move(error).fix("add it"));
}

Result<std::optional<std::string>> Section::text(std::string_view key) {
  const auto* held = ask(key);
  if (held == nullptr) return std::nullopt;
  const auto* text = held->as_string();
  if (text == nullptr) return wrong_type(key, *held, "a text in quotes");
  return *text;
}

Result<std::optional<std::int64_t>> Section::integer(std::string_view key) {
  const auto* held = ask(key);
  if (held == nullptr) return std::nullopt;
  const auto* integer = held->as_int();
  if (integer == nullptr) return wrong_type(key, *held, "an integer");
  return *integer;
}

Result<std::optional<bool>> Section::flag(std::string_view key) {
  const auto* held = ask(key);
  if (held == nullptr) return std::nullopt;
  const auto* flag = held->as_bool();
  if (flag == nullptr) return wrong_type(key, *held, "true or false");
  return *flag;
}

Result<std::vector<std::string>> Section::texts(std::string_view key) {
  std::vector<std::string> out;
  const auto* held = ask(key);
  if (held == nullptr) return out;
  const auto* elements = held->as_array();
  if (elements == nullptr) return wrong_type(key, *held, "a list of texts");
  for (const auto& element : *elements) {
    const auto* text = element.as_string();
    if (text == nullptr) {
      return wrong_type(fmt::format("{}[{}]", key, out.size()), element, "a text in quotes");
    }
    out.push_back(*text);
  }
  return out;
}

Result<std::optional<std::string>> Section::choice(std::string_view key,
                                                   std::initializer_list<std::string_view> words) {
  auto held = TRY(text(key));
  if (!held || std::ranges::find(words, *held) != words.end()) return held;
  return failure(refusal(Code::wrong_type, key,
                         fmt::format("'{}' is '{}', wanted: one of {}", path_to(key),
                                     printable(*held), quoted_list(words))));
}

Result<Section> Section::section(std::string_view key) {
  const auto* held = ask(key);
  if (held == nullptr) held = &absent;
  if (!held->is_object() && !held->is_null()) return wrong_type(key, *held, "a table");
  return Section(document_, held, pointer_to(key), path_to(key));
}

Result<std::vector<Section>> Section::sections(std::string_view key) {
  std::vector<Section> out;
  const auto* held = ask(key);
  if (held == nullptr) return out;
  const auto* elements = held->as_array();
  if (elements == nullptr) {
    return wrong_type(key, *held, fmt::format("tables, each headed [[{}]]", path_to(key)));
  }
  for (const auto& element : *elements) {
    const auto name = fmt::format("{}[{}]", key, out.size());
    if (!element.is_object()) return wrong_type(name, element, "a table");
    out.push_back(Section(document_, &element, fmt::format("{}/{}", pointer_to(key), out.size()),
                          path_to(name)));
  }
  return out;
}

const Value& Section::value(std::string_view key) {
  const auto* held = ask(key);
  return held == nullptr ? absent : *held;
}

Result<std::string> Section::required_text(std::string_view key) {
  auto held = TRY(text(key));
  if (!held) return missing(key, "a text in quotes");
  if (held->empty()) {
    return failure(refusal(Code::wrong_type, key, fmt::format("'{}' is empty", path_to(key))));
  }
  return *std::move(held);
}

Result<std::int64_t> Section::required_integer(std::string_view key) {
  const auto held = TRY(integer(key));
  if (!held) return missing(key, "an integer");
  return *held;
}

Result<> Section::finish() const {
  const auto* members = table_->as_object();
  if (members == nullptr) return {};
  for (const auto& member : *members) {
    if (std::ranges::find(asked_, member.key) != asked_.end()) continue;
    const std::vector<std::string_view> known(asked_.begin(), asked_.end());
    auto error = refusal(Code::unknown_key, member.key,
                         fmt::format("key '{}' is unknown", printable(path_to(member.key))));
    if (const auto near = nearest(member.key, known)) {
      return failure(std::move(error).fix(fmt::format("did you mean '{}'?", path_to(*near))));
    }
    return failure(std::move(error));
  }
  return {};
}

std::vector<std::string> Section::keys() {
  std::vector<std::string> out;
  if (const auto* members = table_->as_object()) {
    for (const auto& member : *members)
      out.push_back(member.key);
  }
  asked_ = out;
  return out;
}

}  // namespace holdfast::config
