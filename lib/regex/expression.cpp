// SPDX-License-Identifier: Apache-2.0
#include "regex/expression.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"

namespace holdfast::regex {
namespace {

constexpr std::int64_t program_bytes_max = std::int64_t{8} << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// regexp/syntax names the errors so.
std::string_view error_name(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape: return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass: return "invalid character class";
    case re2::RE2::ErrorBadCharRange: return "invalid character class range";
    case re2::RE2::ErrorMissingBracket: return "missing closing ]";
    case re2::RE2::ErrorMissingParen: return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen: return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize: return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8: return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture: return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge: return "expression too large";
    case re2::RE2::NoError:
    case re2::RE2::ErrorInternal: return "internal error";
  }
  return "internal error";
}

// Go reads (?<name>…) as (?P<name>…), which RE2 of Debian 12 does not know, and refuses \C, which RE2
// takes.
struct Translated {
  std::string pattern;
  bool refused = false;
};

Translated in_re2_words(std::string_view pattern) {
  Translated translated;
  std::string& out = translated.pattern;
  bool in_class = false, literal = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto rest = pattern.substr(i);
    if (literal) {
      literal = !rest.starts_with("\\E");
    } else if (rest.starts_with("\\Q")) {
      literal = true;
    } else if (rest[0] == '\\' && rest.size() > 1) {
      translated.refused = translated.refused || rest[1] == 'C';
      out += rest[0];
      ++i;
    } else if (in_class) {
      in_class = rest[0] != ']';
    } else if (rest[0] == '[') {
      in_class = true;
      // A bracket right behind belongs to the class.
      const std::size_t first = rest.starts_with("[^]") ? 2 : rest.starts_with("[]") ? 1 : 0;
      out += rest.substr(0, first);
      i += first;
    } else if (rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!")) {
      out += "(?P";
      i += 1;
      continue;
    }
    out += pattern[i];
  }
  return translated;
}

// Bytes of the first character; a byte that is no UTF-8 is a character of its own, as in Go.
std::size_t character_size(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return find_invalid_utf8(text.substr(0, size)) ? 1 : size;
}

}  // namespace

struct Expression::Compiled {
  re2::RE2 program;
  Compiled(const std::string& pattern, const re2::RE2::Options& options) : program(pattern, options) {}
};

Expression::Expression(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

std::expected<Expression, std::string> Expression::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(program_bytes_max);
  const Translated translated = in_re2_words(pattern);
  if (translated.refused) return std::unexpected("error parsing regexp: invalid escape sequence: `\\C`");
  auto compiled = std::make_unique<const Compiled>(translated.pattern, options);
  const re2::RE2& program = compiled->program;
  if (program.ok()) return Expression(std::move(compiled));
  // RE2 leaves the whole pattern out where Go names it.
  const bool whole = program.error_code() == re2::RE2::ErrorMissingParen ||
                     program.error_code() == re2::RE2::ErrorUnexpectedParen;
  const std::string_view name = error_name(program.error_code());
  return std::unexpected(fmt::format(
      "error parsing regexp: {}{}", name,
      name.ends_with("too large") ? "" : fmt::format(": `{}`", whole ? pattern : program.error_arg())));
}

bool Expression::matches(std::string_view text) const {
  return compiled_->program.Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::vector<Match> Expression::find(std::string_view text, std::int64_t limit, Groups groups) const {
  std::vector<Match> found;
  int count = groups == Groups::all ? compiled_->program.NumberOfCapturingGroups() + 1 : 1;
  std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(count));
  std::size_t at = 0;
  std::size_t last_end = std::string_view::npos;
  while (limit < 0 || static_cast<std::int64_t>(found.size()) < limit) {
    if (at > text.size() || !compiled_->program.Match(piece(text), at, text.size(), re2::RE2::UNANCHORED,
                                                      pieces.data(), count)) {
      break;
    }
    auto begin = static_cast<std::size_t>(pieces[0].data() - text.data());
    std::size_t end = begin + pieces[0].size();
    // An empty match right after a match does not count (regexp.go, allMatches).
    bool accepted = end > begin || begin != last_end;
    last_end = end;
    if (end > begin) {
      at = end;
    } else {
      at = end < text.size() ? end + character_size(text.substr(end)) : text.size() + 1;
    }
    if (!accepted) continue;
    Match match;
    for (const re2::StringPiece& part : pieces) {
      if (part.data() == nullptr) {
        match.groups.emplace_back();
      } else {
        match.groups.emplace_back(std::string_view(part.data(), part.size()));
      }
    }
    found.push_back(std::move(match));
  }
  return found;
}

std::optional<std::size_t> Expression::group(std::string_view name) const {
  const auto& names = compiled_->program.NamedCapturingGroups();
  const auto found = names.find(std::string(name));
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found->second);
}

}  // namespace holdfast::regex
