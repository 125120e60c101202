// SPDX-License-Identifier: Apache-2.0
#include "kustomize/structured_text.h"

#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/field_spec.h"
#include "kustomize/object.h"
#include "kustomize/resource.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <map>
#include <utility>

namespace holdfast::kustomize {
namespace {

bool is_scalar(const Value& value) {
  return !value.is_object() && !value.is_array();
}

bool is_json(std::string_view text) {
  const auto begin = trim(text);
  return begin.starts_with('{') || begin.starts_with('[');
}

bool has_type_of(const Value& field, const Value& changed) {
  if (field.is_string()) return true;
  if (field.as_bool() != nullptr) return changed.as_bool() != nullptr;
  return field.is_number() && changed.is_number() &&
         (field.as_real() != nullptr || changed.as_real() == nullptr);
}

// False when the text does not fit the field's type: in JSON the tool then changes nothing, and
// says nothing.
bool write(Value& field, const Value& value, bool fresh) {
  if (!is_scalar(field)) {
    field = value;
  } else if (fresh) {
    field = resolve_plain(text_of(value));
  } else {
    Value changed = with_text(field, text_of(value));
    if (!has_type_of(field, changed)) return false;
    field = std::move(changed);
  }
  return true;
}

std::string printed(const Value& document, std::string_view original) {
  if (!is_json(original)) return std::string(trim(yaml::write(document)));
  const bool spread = original.find('\n') != std::string_view::npos &&
                      original.find("  ") != std::string_view::npos;
  return spread ? std::string(trim(json::write_indented(document, "  ", json::Escape::html)))
                : json::write(document);
}

struct Token {
  std::size_t begin, end;
  char quote;  // 0 for none
};

// The scalar at that place, if it stands on one line of its own.
std::optional<Token> token_at(std::string_view text, const yaml::Position& position) {
  std::size_t line = 0;
  for (int i = 1; i < position.line; ++i) {
    line = text.find('\n', line);
    if (line == std::string_view::npos) return std::nullopt;
    ++line;
  }
  const std::size_t begin = line + static_cast<std::size_t>(position.column) - 1;
  const std::size_t stop = std::min(text.find('\n', line), text.size());
  if (begin >= stop ||
      text.substr(line, begin - line).find_first_of("{[") != std::string_view::npos)
    return std::nullopt;
  const std::string_view rest = text.substr(begin, stop - begin);
  if (rest.front() == '"' || rest.front() == '\'') {
    const auto close = rest.find(rest.front(), 1);
    if (close == std::string_view::npos ||
        rest.substr(0, close).find('\\') != std::string_view::npos)
      return std::nullopt;
    return Token{begin, begin + close + 1, rest.front()};
  }
  if (rest.front() == '|' || rest.front() == '>') return std::nullopt;
  return Token{begin, begin + trim(rest.substr(0, rest.find(" #"))).size(), 0};
}

std::string spelled_as(const Token& token, const Value& field, const std::string& text) {
  if (token.quote == '"') return json::write(Value(text), json::Escape::plain);
  if (token.quote == '\'') return "'" + replace_all(text, "'", "''") + "'";
  const Value changed = with_text(field, text);
  if (field.is_string()) return std::string(trim(yaml::write(Value(text))));
  const std::string_view tag = field.as_bool() != nullptr   ? "!!bool "
                               : field.as_real() != nullptr ? "!!float "
                                                            : "!!int ";
  return has_type_of(field, changed) ? text : std::string(tag) + text;
}

// YAML keeps its order and comments: only the scalars themselves are exchanged. Nothing when a
// field is not such a scalar.
std::optional<std::string> edited(const Value& document, std::string_view original,
                                  const Matches& matches, const Value& value) {
  std::map<std::size_t, std::pair<Token, std::string>> edits;
  for (std::size_t i = 0; i < matches.fields.size(); ++i) {
    const Value& field = *matches.fields[i];
    if (matches.fresh[i] || !is_scalar(field) || field.is_null() || !is_scalar(value))
      return std::nullopt;
    const auto pointer = pointer_to(document, &field);
    const auto token =
        pointer ? token_at(original, yaml::locate(original, 0, *pointer)) : std::nullopt;
    if (!token) return std::nullopt;
    edits.emplace(token->begin, std::pair(*token, spelled_as(*token, field, text_of(value))));
  }
  std::string out(original);
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    const auto& [token, spelling] = edit->second;
    out.replace(token.begin, token.end - token.begin, spelling);
  }
  return std::string(trim(out));
}

}  // namespace

Result<bool> replace_in_text(Value& root, std::span<const std::string> path, const Value& value,
                             std::optional<Value::Kind> create, Budget& budget) {
  for (std::size_t length = 1; length < path.size(); ++length) {
    const auto found = look_up(root, path.first(length));
    if (!found) return false;
    if (*found == nullptr) return false;
    if (!(*found)->is_string()) {
      if (is_scalar(**found)) return false;
      continue;
    }
    const std::string original = *(*found)->as_string();
    TRY(budget.grow(original.size()));
    const ReadLimits limits = budget.of_text();
    auto document =
        yaml::parse_one(original, path[length - 1], yaml::Dialect::kyaml,
                        {.depth = limits.depth, .bytes = limits.bytes, .nodes = limits.nodes});
    if (!document && document.error().code() == Code::limit)
      return failure(std::move(document).error());
    if (!document || is_scalar(*document)) return false;
    auto matches = match_all(*document, path.subspan(length), create);
    if (!matches || matches->fields.empty()) return false;
    auto text = is_json(original) ? std::nullopt : edited(*document, original, *matches, value);
    for (std::size_t i = 0; !text && i < matches->fields.size(); ++i) {
      if (!write(*matches->fields[i], value, matches->fresh[i])) return true;
    }
    auto fields = match_all(root, path.first(length), std::nullopt);
    if (!fields || fields->fields.size() != 1) return false;
    *fields->fields.front() = text ? *std::move(text) : printed(*document, original);
    return true;
  }
  return false;
}

}  // namespace holdfast::kustomize
