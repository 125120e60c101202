// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/regex.h"

#include "gotmpl/go_text.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

// Charts have a dozen patterns; a template that makes them up must not fill the memory.
constexpr std::size_t patterns_max = 64;

bool name_rune(char32_t rune) { return rune == '_' || is_letter(rune) || is_digit(rune); }

}  // namespace

std::expected<const regex::Expression*, std::string> RegexCache::compile(const std::string& pattern) {
  auto found = compiled_.find(pattern);
  if (found != compiled_.end()) return &found->second;
  if (compiled_.size() >= patterns_max) compiled_.clear();
  auto expression = regex::Expression::compile(pattern);
  if (!expression) return std::unexpected(std::move(expression).error());
  return &compiled_.emplace(pattern, *std::move(expression)).first->second;
}

void expand(std::string& out, std::string_view replacement, const regex::Expression& expression,
            const regex::Match& match) {
  while (!replacement.empty()) {
    std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    bool braces = replacement.starts_with('{');
    std::string_view rest = replacement.substr(braces ? 1 : 0);
    std::size_t size = 0;
    while (size < rest.size()) {
      Rune rune = decode_rune(rest.substr(size));
      if (!name_rune(rune.value)) break;
      size += rune.size;
    }
    if (size == 0 || (braces && (size >= rest.size() || rest[size] != '}'))) {
      out += '$';
      continue;
    }
    std::string_view name = rest.substr(0, size);
    replacement = rest.substr(size + (braces ? 1 : 0));
    ParsedUnsigned number = parse_unsigned(name, 10);
    std::size_t index = match.groups.size();
    // Leading zeros make a name of it.
    bool numeric = number.status == Parsed::ok && number.value < 100'000'000 &&
                   (name.size() == 1 || name[0] != '0');
    if (numeric) {
      index = number.value;
    } else {
      index = expression.group(name).value_or(index);
    }
    if (index < match.groups.size() && match.groups[index]) out += *match.groups[index];
  }
}

std::string quote_meta(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace holdfast::gotmpl
