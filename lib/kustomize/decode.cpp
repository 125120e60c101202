// SPDX-License-Identifier: Apache-2.0
#include "kustomize/decode.h"

#include "base/text.h"
#include "kustomize/resource.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

namespace holdfast::kustomize {

Decoder::Step::Step(Decoder& decoder, std::string_view part)
    : decoder_(decoder), length_(decoder.pointer_.size()) {
  decoder.pointer_ += '/';
  decoder.pointer_ += pointer_part(part);
}

std::string Decoder::place_of(const std::string& pointer) const {
  if (text_.empty()) return file_;
  return yaml::place(file_, yaml::locate(text_, 0, pointer));
}

std::string Decoder::place() const {
  return place_of(pointer_);
}

std::unexpected<Error> Decoder::wrong_type(const Value& value, std::string_view wanted) const {
  const bool bare = value.is_number() || value.as_bool() != nullptr;
  const std::string spelled = bare ? spelling(value) : std::string();
  const std::string is = value.is_number()              ? fmt::format("the number {}", spelled)
                         : bare                         ? fmt::format("the boolean {}", spelled)
                                                        : std::string(type_of(value));
  Error error(Code::wrong_type,
              fmt::format("\"{}\" is {}, it must be {}",
                          pointer_.empty() ? "the file" : pointer_.substr(1), is, wanted));
  error = std::move(error).at(place());
  if (wanted == "a text" && bare) {
    return failure(std::move(error).fix(fmt::format(
        "put it in quotes: \"{}\"; unquoted digits and y, n, yes, no, on, off are no text in this file",
        spelled)));
  }
  const auto* text = value.as_string();
  if (wanted == "a whole number" && text != nullptr && resolve_plain(*text).as_int() != nullptr)
    return failure(std::move(error).fix(fmt::format("write it without quotes: {}", *text)));
  if (wanted == "a list" && text != nullptr)
    return failure(std::move(error).fix(fmt::format("write it as a list: [{}]", printable(*text, 40))));
  return failure(std::move(error));
}

std::unexpected<Error> Decoder::unknown_name(std::string_view key,
                                             std::span<const std::string_view> known) const {
  Error error(Code::unknown_key, fmt::format("\"{}\" is not a known field", printable(key)));
  const auto near = nearest(key, known);
  if (near)
    return failure(std::move(error).at(place()).fix(fmt::format("did you mean \"{}\"?", *near)));
  return failure(std::move(error).at(place()).fix(
      fmt::format("the fields known here are: {}", fmt::join(known, ", "))));
}

// A scalar as the file spells it, 1.10 and not 1.1.
std::string Decoder::spelling(const Value& value) const {
  if (text_.empty()) return text_of(value);
  const Source source{std::string(text_)};
  const auto line = source.at(0, pointer_);
  const auto spelled = trim(line.substr(0, line.find_first_of("\r\n,]}#")));
  return yaml::resolve(spelled, yaml::Dialect::kube).value == value ? printable(spelled, 40) : text_of(value);
}

Result<> Decoder::read(const Value& value, std::string& out) {
  if (value.is_null()) return {};
  const bool scalar = !value.is_object() && !value.is_array();
  if (!value.is_string() && (decoding_ == Decoding::kustomization || !scalar))
    return wrong_type(value, "a text");
  out = text_of(value);
  return {};
}

Result<> Decoder::read(const Value& value, bool& out) {
  if (value.is_null()) return {};
  if (value.as_bool() == nullptr) return wrong_type(value, "true or false");
  out = *value.as_bool();
  return {};
}

Result<> Decoder::read(const Value& value, std::int64_t& out) {
  if (value.is_null()) return {};
  if (value.as_int() == nullptr) return wrong_type(value, "a whole number");
  out = *value.as_int();
  return {};
}

Result<> Decoder::read(const Value& value, Texts& out) {
  if (value.is_null()) return {};
  if (!value.is_object()) return wrong_type(value, "a map of texts");
  for (const auto& [key, member] : *value.as_object()) {
    const Step step(*this, key);
    std::string text;
    TRY(read(member, text));
    out.insert_or_assign(key, std::move(text));
  }
  return {};
}

Result<> Decoder::read(const Value& value, Value& out) {
  out = value;
  return {};
}

}  // namespace holdfast::kustomize
