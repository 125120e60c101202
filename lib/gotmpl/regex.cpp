// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/regex.h"

#include <re2/re2.h>

#include "gotmpl/go_text.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

constexpr std::int64_t program_bytes_max = std::int64_t{8} << 20;
// Charts have a dozen patterns; a template that makes them up must not fill the memory.
constexpr std::size_t patterns_max = 64;

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

bool name_rune(char32_t rune) { return rune == '_' || is_letter(rune) || is_digit(rune); }

}  // namespace

struct Regex::Compiled {
  re2::RE2 program;
  Compiled(const std::string& pattern, const re2::RE2::Options& options)
      : program(pattern, options) {}
};

Regex::Regex(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(program_bytes_max);
  const Translated translated = in_re2_words(pattern);
  auto compiled = std::make_unique<Compiled>(translated.pattern, options);
  if (translated.refused)
    return failure(Code::template_execution, "error parsing regexp: invalid escape sequence: `\\C`");
  if (!compiled->program.ok()) {
    std::string fragment = compiled->program.error_arg();
    // RE2 leaves the whole pattern out where Go names it.
    if (compiled->program.error_code() == re2::RE2::ErrorMissingParen ||
        compiled->program.error_code() == re2::RE2::ErrorUnexpectedParen) {
      fragment = pattern;
    }
    std::string_view name = error_name(compiled->program.error_code());
    return failure(Code::template_execution, "error parsing regexp: {}{}", name,
                   name.ends_with("too large") ? "" : fmt::format(": `{}`", fragment));
  }
  return Regex(std::move(compiled));
}

Result<const Regex*> RegexCache::compile(const std::string& pattern) {
  auto found = compiled_.find(pattern);
  if (found != compiled_.end()) return &found->second;
  if (compiled_.size() >= patterns_max) compiled_.clear();
  auto regex = TRY(Regex::compile(pattern));
  return &compiled_.emplace(pattern, std::move(regex)).first->second;
}

bool Regex::matches(std::string_view text) const {
  return compiled_->program.Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::vector<Match> Regex::find(std::string_view text, std::int64_t limit, Groups groups) const {
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
      at = end < text.size() ? end + decode_rune(text.substr(end)).size : text.size() + 1;
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

void Regex::expand(std::string& out, std::string_view replacement, const Match& match) const {
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
      const std::map<std::string, int>& names = compiled_->program.NamedCapturingGroups();
      auto found = names.find(std::string(name));
      if (found != names.end()) index = static_cast<std::size_t>(found->second);
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
