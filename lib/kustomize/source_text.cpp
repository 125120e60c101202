// SPDX-License-Identifier: Apache-2.0
#include "kustomize/source_text.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::kustomize {

Result<> check_separators(std::string_view text, std::string_view file) {
  const auto line_of = [&](std::size_t at) {
    return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  };
  const auto first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first != std::string_view::npos && text[first] == '%') {
    return failure(Error(Code::yaml_syntax, "a YAML directive stands before the document")
                       .at(fmt::format("{}:{}:1", file, line_of(first)))
                       .fix("remove the line that begins with %"));
  }
  std::size_t at = 0;
  while ((at = text.find("\n---", at)) != std::string_view::npos) {
    const auto end = text.find('\n', at + 1);
    if (end == std::string_view::npos) return {};
    const auto rest = trim(text.substr(at + 4, end - at - 4));
    if (!rest.empty() && rest.front() != '#') {
      return failure(Error(Code::yaml_syntax, "a document separator has something behind it")
                         .at(fmt::format("{}:{}:1", file, line_of(at) + 1))
                         .because(std::string(printable(rest)))
                         .fix("put it on a line of its own"));
    }
    at = end + 1;
  }
  return {};
}

namespace {

// "key: >-" or "- >": the header of a folded text at the end of a line.
bool ends_in_fold(std::string_view line) {
  line = trim(line);
  while (!line.empty() &&
         std::string_view("+-123456789").find(line.back()) != std::string_view::npos)
    line.remove_suffix(1);
  if (!line.ends_with('>')) return false;
  line.remove_suffix(1);
  return line.empty() || line.back() == ' ' || line.back() == '\t';
}

bool is_blank_char(char c) {
  return c == ' ' || c == '\t';
}

// Does the printer leave the block form? Then the text survives.
bool keeps_form(std::string_view text) {
  return text.ends_with(' ') || text.find(" \n") != std::string_view::npos;
}

}  // namespace

std::string printed_folded(const std::string& text) {
  const auto first = text.find_first_not_of('\n');
  if (first == std::string::npos || is_blank_char(text[first]) || keeps_form(text)) return text;
  std::string out;
  bool breaks = true, leading = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') {
      if (breaks) leading = is_blank_char(text[i]);
      breaks = false;
      out += text[i];
      continue;
    }
    if (!breaks && !leading) {
      const auto next = text.find_first_not_of('\n', i);
      // Between two plain lines the added break folds away; at the end only several are kept.
      const bool stays =
          next == std::string::npos ? i + 1 < text.size() : is_blank_char(text[next]);
      if (stays) out += '\n';
    }
    out += '\n';
    breaks = true;
  }
  return out;
}

FoldedTexts::FoldedTexts(std::string_view text) {
  if (text.find('>') == std::string_view::npos) return;
  for (const auto line : split(text, '\n'))
    left_ += static_cast<std::size_t>(ends_in_fold(line));
}

void FoldedTexts::unfold(const Resource& resource, Value& value, const std::string& pointer) {
  if (left_ > 0 && resource.source != nullptr) visit(resource, value, pointer);
}

void FoldedTexts::visit(const Resource& resource, Value& node, const std::string& pointer) {
  if (left_ == 0 || pointer.starts_with("/metadata/annotations")) return;  // those it writes anew
  if (auto* object = node.as_object()) {
    for (auto& [key, value] : *object)
      visit(resource, value, pointer + "/" + pointer_part(key));
  } else if (auto* array = node.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      visit(resource, (*array)[i], fmt::format("{}/{}", pointer, i));
  } else if (auto* text = node.as_string()) {
    if (text->find('\n') == std::string::npos) return;
    std::string changed = printed_folded(*text);
    if (changed == *text) return;
    if (!text_is_folded(resource, pointer)) return;
    --left_;
    *text = std::move(changed);
  }
}

}  // namespace holdfast::kustomize
