// SPDX-License-Identifier: Apache-2.0
#include "same_error.h"

#include "base/text.h"

#include <algorithm>

namespace holdfast::helm {
namespace {

// The text after the last `mark`, or all of it.
std::string_view after_last(std::string_view text, std::string_view mark) {
  const auto at = text.rfind(mark);
  return at == std::string_view::npos ? text : text.substr(at + mark.size());
}

std::string_view between(std::string_view text, std::string_view open, std::string_view close) {
  const auto at = text.find(open);
  if (at == std::string_view::npos) return {};
  const auto rest = text.substr(at + open.size());
  return rest.substr(0, rest.find(close));
}

// "template: F:L:C: executing "F" at <E>: error calling x: template: …", Go's one line.
HelmError read_chain(std::string_view text) {
  HelmError out;
  constexpr std::string_view mark = "template: ", executing = ": executing ";
  for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const auto rest = text.substr(at + mark.size());
    const auto end = rest.find(executing);
    const auto place = rest.substr(0, end);
    if (end != std::string_view::npos && place.find(' ') == std::string_view::npos)
      out.places.emplace_back(place);
  }
  auto cause = after_last(text, ">: ");
  constexpr std::string_view calling = "error calling ";
  if (cause.starts_with(calling)) cause = cause.substr(cause.find(": ") + 2);
  // Of a text that tpl cannot parse the place is in front of the cause.
  out.cause = after_last(cause, ": template: gotpl:1: ");
  return out;
}

// Helm 4's blocks: a place, then "executing … at <…>:", then the cause, for each level.
HelmError read_blocks(const std::vector<std::string_view>& lines) {
  HelmError out;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    if (!lines[i + 1].starts_with("  executing ")) continue;
    auto place = lines[i];
    if (place.starts_with("Error: ")) place.remove_prefix(sizeof "Error: " - 1);
    out.places.emplace_back(place);
  }
  for (const auto line : lines) {
    if (line.starts_with("    ") || line.starts_with("template: ")) out.cause = trim(line);
  }
  return out;
}

bool holds(const std::string& place, std::string_view wanted) {
  return place == wanted || place.starts_with(fmt::format("{} ", wanted)) ||
         place.starts_with(fmt::format("{}:", wanted));
}

}  // namespace

HelmError read_helm_error(std::string_view text) {
  const auto lines = split(text, '\n');
  const auto first = lines.front();
  if (first.starts_with("Error: execution error at (") ||
      first.starts_with("Error: parse error at (")) {
    return {{std::string(between(first, "(", ")"))},
            std::string(first.substr(first.find("): ") + 3))};
  }
  if (first.starts_with("Error: YAML parse error on ")) {
    // What has the wrong shape for Helm's structs is named in Go's types there.
    constexpr std::string_view mark = " yaml: ";
    auto cause = first.find(mark) == std::string_view::npos ? std::string_view()
                                                            : after_last(first, mark);
    if (cause.starts_with("line ")) cause = cause.substr(cause.find(": ") + 2);
    if (cause.starts_with("unknown anchor ")) cause = between(cause, "anchor ", " referenced");
    return {{std::string(between(first, "error on ", ": "))}, std::string(cause)};
  }
  if (first.starts_with("Error: template: ")) return read_chain(first);
  return read_blocks(lines);
}

std::string difference_of(const Error& error, std::string_view helm_text) {
  const auto wanted = read_helm_error(helm_text);
  if (wanted.places.empty()) return {};
  const auto said = error.message();
  for (const auto& place : {wanted.places.front(), wanted.places.back()}) {
    const bool found =
        std::ranges::any_of(error.where(), [&](const auto& each) { return holds(each, place); });
    if (!found) return fmt::format("not at {}: {}", place, said);
  }
  // Our limits have words of their own.
  if (error.code() == Code::limit || said.find(wanted.cause) != std::string::npos) return {};
  return fmt::format("not because \"{}\": {}", wanted.cause, said);
}

}  // namespace holdfast::helm
