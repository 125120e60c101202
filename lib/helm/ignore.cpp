// SPDX-License-Identifier: Apache-2.0
#include "helm/ignore.h"

#include "base/text.h"
#include "gotmpl/unicode.h"

#include <optional>

namespace holdfast::helm {
namespace {

// One "[…]" at the start of `pattern` against `rune`: the length of the class and whether it matched;
// nothing when the class is broken.
struct ClassMatch {
  std::size_t length;
  bool matched;
};

std::optional<ClassMatch> match_class(std::string_view pattern, char32_t rune) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  // A character; something has to follow it.
  const auto next = [&]() -> std::optional<char32_t> {
    if (at >= pattern.size() || pattern[at] == '-' || pattern[at] == ']') return std::nullopt;
    if (pattern[at] == '\\' && ++at >= pattern.size()) return std::nullopt;
    const auto found = gotmpl::decode_rune(pattern.substr(at));
    at += found.size;
    if (found.bad() || at >= pattern.size()) return std::nullopt;
    return found.value;
  };
  bool matched = false;
  do {
    const auto low = next();
    if (!low) return std::nullopt;
    auto high = low;
    if (pattern[at] == '-') {
      ++at;
      high = next();
      if (!high) return std::nullopt;
    }
    matched = matched || (*low <= rune && rune <= *high);
  } while (pattern[at] != ']');
  return ClassMatch{.length = at + 1, .matched = matched != negated};
}

// Do the brackets close and the backslashes stand before something?
bool is_pattern(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '[') {
      const auto match = match_class(pattern.substr(i), 0);
      if (!match) return false;
      i += match->length - 1;
    } else if (pattern[i] == '\\' && ++i == pattern.size()) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool file_match(std::string_view pattern, std::string_view name) {
  // The last star and where its text ended: going back to it keeps the match linear in their
  // product.
  std::size_t p = 0, n = 0;
  std::optional<std::size_t> star;
  std::size_t star_name = 0;
  while (n < name.size()) {
    bool stepped = false;
    std::size_t size = 1;  // of what a step takes of the name
    if (p < pattern.size()) {
      if (pattern[p] == '*') {
        star = p++;
        star_name = n;
        continue;
      }
      if (pattern[p] == '?') {
        stepped = name[n] != '/';
        size = gotmpl::decode_rune(name.substr(n)).size;
        if (stepped) ++p;
      } else if (pattern[p] == '[') {
        const auto rune = gotmpl::decode_rune(name.substr(n));
        size = rune.size;
        const auto match = match_class(pattern.substr(p), rune.value);
        if (!match) return false;
        stepped = match->matched;
        if (stepped) p += match->length;
      } else {
        const std::size_t literal = pattern[p] == '\\' && p + 1 < pattern.size() ? p + 1 : p;
        stepped = pattern[literal] == name[n];
        if (stepped) p = literal + 1;
      }
    }
    if (stepped) {
      n += size;
      continue;
    }
    if (!star || name[star_name] == '/') return false;
    p = *star + 1;
    n = ++star_name;
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

IgnoreRules::IgnoreRules() {
  add("templates/.?*");
}

void IgnoreRules::add(std::string_view line) {
  Rule rule;
  if (line.starts_with('!')) {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.directories_only = true;
    line.remove_suffix(1);
  }
  if (line.starts_with('/')) {
    rule.whole_path = true;
    line.remove_prefix(1);
  } else {
    rule.whole_path = line.find('/') != std::string_view::npos;
  }
  rule.pattern = line;
  rules_.push_back(std::move(rule));
}

Result<> IgnoreRules::parse(std::string_view text, const std::string& where) {
  for (const auto raw : split(text, '\n')) {
    const auto line = trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.find("**") != std::string_view::npos) {
      return failure(Error(Code::chart, "double-star (**) syntax is not supported").at(where));
    }
    if (!is_pattern(line)) {
      return failure(Error(Code::chart, fmt::format("\"{}\" is no pattern: a bracket or backslash is open",
                                                    printable(line)))
                         .at(where));
    }
    add(line);
  }
  return {};
}

bool IgnoreRules::ignores(std::string_view path, PathKind kind) const {
  if (path.empty() || path == ".") return false;
  for (const auto& rule : rules_) {
    if (rule.directories_only && kind != PathKind::directory) {
      // A negated rule that does not match ignores the file: so it is upstream.
      if (rule.negated) return true;
      continue;
    }
    const bool matched = file_match(rule.pattern, rule.whole_path ? path : base_name(path));
    if (matched != rule.negated) return true;
  }
  return false;
}

}  // namespace holdfast::helm
