// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace holdfast::tidy {
namespace {

constexpr std::string_view licence = "// SPDX-License-Identifier: Apache-2.0";

void add(Findings& out, const Source& source, int line, std::string rule, std::string message) {
  out.push_back({source.path, line, std::move(rule), std::move(message)});
}

struct Ban {
  std::string_view word;
  std::string_view message;
};

constexpr auto banned_words = std::to_array<Ban>({
    {"using namespace", "name what you use"},
    {"throw", "return failure(...)"},
    {"dynamic_cast", "give the type a function instead of asking for it"},
    {"typeid", "give the type a function instead of asking for it"},
    {"malloc", "own memory by value or std::unique_ptr"},
    {"std::thread", "std::jthread stops and joins by itself"},
    {"std::regex", "RE2, in its door: std::regex has no bound on time"},
    {"std::format", "fmt::format: g++ 12 has no std::format"},
    {"goto", "a function that returns early"},
    {"sleep", "wait for what you need, with a deadline"},
    {"usleep", "wait for what you need, with a deadline"},
    {"sleep_for", "wait for what you need, with a deadline"},
    {"sleep_until", "wait for what you need, with a deadline"},
    {"system", "start the program with its arguments as a list"},
    {"popen", "start the program with its arguments as a list"},
    {"MOCK_METHOD", "a fake that keeps state, in tests/fakes"},
    {"shared_from_this", "pass the owner"},
});

// Those of the words above that are banned only as a call.
bool only_as_call(std::string_view word) {
  constexpr auto calls =
      std::to_array<std::string_view>({"sleep", "usleep", "system", "popen", "malloc"});
  return std::ranges::find(calls, word) != calls.end();
}

bool is_call(std::string_view code, std::size_t at, std::size_t size) {
  const auto next = code.find_first_not_of(' ', at + size);
  if (next == std::string_view::npos || code[next] != '(') return false;
  const bool member = at > 0 && (code[at - 1] == '.' || (at > 1 && code.substr(at - 2, 2) == "->"));
  return !member;
}

char before(std::string_view code, std::size_t at) {
  while (at > 0 && std::isspace(static_cast<unsigned char>(code[at - 1])) != 0)
    --at;
  return at == 0 ? '\0' : code[at - 1];
}

void check_memory(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  for (auto at = find_word(code, "new"); at != std::string_view::npos;
       at = find_word(code, "new", at + 1)) {
    const bool directive = code.substr(0, at).ends_with("#include <");
    if (!directive)
      add(out, source, source.line_of(at), "new", "own memory by value or std::make_unique");
  }
  for (auto at = find_word(code, "delete"); at != std::string_view::npos;
       at = find_word(code, "delete", at + 1)) {
    if (before(code, at) != '=')
      add(out, source, source.line_of(at), "delete", "std::unique_ptr or base/handle.h");
  }
}

void check_macros(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  for (auto at = code.find("#define "); at != std::string_view::npos;
       at = code.find("#define ", at + 1)) {
    const auto name = code.substr(at + 8);
    const bool ours = source.path == "lib/base/result.h" &&
                      (name.starts_with("TRY(") || name.starts_with("CHECK("));
    if (!ours)
      add(out, source, source.line_of(at), "macro",
          "a constexpr or a function; the macros are TRY and CHECK");
  }
}

// Before C++23's lifetimes, which g++ 12 has not, a lock in what a loop runs over is gone before its first round.
void check_locked_loops(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  for (auto at = find_word(code, "for"); at != std::string_view::npos; at = find_word(code, "for", at + 1)) {
    const auto open = code.find('(', at);
    const auto end = open == std::string_view::npos ? open : after_closing(code, open);
    if (end == std::string_view::npos) continue;
    if (code.substr(open, end - open).find("lock()->") != std::string_view::npos) {
      add(out, source, source.line_of(at), "locked-loop", "name the lock before the loop that runs over what it guards");
    }
  }
}

// `#define`s and paths are looked for in the text, words in the code.
void check_paths(const Source& source, Findings& out) {
  for (const auto& literal : source.literals) {
    for (const auto* path : {"/work/", "/root/", "/tmp/lab"}) {
      const bool own =
          source.path == "tests/tidy/text_rules.cpp" || source.path == "tests/tidy/rules_test.cpp";
      if (literal.text.find(path) != std::string::npos && !own) {
        add(out, source, literal.line, "path", "no path of one machine: ask the environment");
      }
    }
  }
}

// Does `at` stand in a braced initialiser? A brace of a block follows ')', ';', a brace or a
// keyword.
bool is_in_braces(std::string_view code, std::size_t at) {
  int parens = 0;
  while (at > 0) {
    const char c = code[--at];
    if (c == ')') ++parens;
    if (c == '(') --parens;
    if (c == ';' || (c == '}' && parens <= 0)) return false;
    if (c != '{') continue;
    const auto head = code.substr(0, code.find_last_not_of(" \n", at - 1) + 1);
    const char last = head.empty() ? ';' : head.back();
    const bool block = last == ')' || last == ';' || last == '{' || last == '}' || last == ']' ||
                       last == ':' || head.ends_with("else") || head.ends_with("do") ||
                       head.ends_with("const") || head.ends_with("override") ||
                       head.ends_with("noexcept") || last == '>';
    return !block;
  }
  return false;
}

// "f(a);", "a.b = c;", "return x;", "};": prose has blanks before its first bracket.
bool is_statement(std::string_view text) {
  if (text == "}" || text == "};" || text.starts_with("#include ")) return true;
  if (!text.ends_with(';') && !text.ends_with('{')) return false;
  if (text.starts_with("return ") || text.starts_with("if (") || text.starts_with("for ("))
    return true;
  const auto head = text.substr(0, text.find_first_of("(="));
  return head.size() < text.size() && trim(head).find(' ') == std::string_view::npos;
}

constexpr auto error_words =
    std::to_array<std::string_view>({"failed to", "error", "invalid", "unable"});

void check_error_text(const Source& source, const Piece& literal, Findings& out) {
  std::string lower = literal.text;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto word : error_words) {
    if (find_word(lower, word) == std::string_view::npos) continue;
    add(out, source, literal.line, "error-words",
        fmt::format("'{}' says nothing: say what is there and what was wanted", word));
  }
}

void check_error_shape(const Source& source, const Piece& literal, Findings& out) {
  const std::string_view text = literal.text;
  const bool sentence = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) != 0 &&
                        std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (sentence) add(out, source, literal.line, "error-case", "error texts start in lower case");
  if (text.ends_with('.') && !text.ends_with("..")) {
    add(out, source, literal.line, "error-stop", "error texts have no final stop");
  }
}

}  // namespace

void check_opening(const Source& source, Findings& out) {
  const auto lines = lines_of(source.text);
  if (lines.empty() || lines[0] != licence) {
    add(out, source, 1, "spdx", fmt::format("the first line is: {}", licence));
    return;
  }
  if (!source.is_header()) return;
  std::size_t at = 1;
  while (at < lines.size() && lines[at].starts_with("//"))
    ++at;
  const auto purpose = at - 1;
  if (purpose < 1 || purpose > 8) {
    add(out, source, 2, "purpose",
        "a header opens with 2 to 6 lines: what for, what it does not know, upstream");
  }
  if (at >= lines.size() || lines[at] != "#pragma once") {
    add(out, source, static_cast<int>(at) + 1, "pragma",
        "'#pragma once' follows the opening comment");
  }
}

void check_try(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  for (auto at = find_word(code, "TRY"); at != std::string_view::npos;
       at = find_word(code, "TRY", at + 1)) {
    const auto line_start = code.rfind('\n', at) + 1;
    const bool defined = code.substr(line_start).starts_with("#define");
    if (defined || at + 3 >= code.size() || code[at + 3] != '(') continue;
    if (is_in_braces(code, at)) {
      add(out, source, source.line_of(at), "try-in-braces",
          "name the value first: g++ 12 leaks what a braced initialiser has built");
    }
    const auto end = after_closing(code, at + 3);
    const auto next = end == std::string_view::npos ? end : code.find_first_not_of(" \n", end);
    if (next == std::string_view::npos || code[next] != ';') {
      add(out, source, source.line_of(at), "try",
          "name the value first: TRY(...) is followed by ';'");
    }
  }
}

void check_constructs(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  for (const auto& ban : banned_words) {
    for (auto at = find_word(code, ban.word); at != std::string_view::npos;
         at = find_word(code, ban.word, at + 1)) {
      if (only_as_call(ban.word) && !is_call(code, at, ban.word.size())) continue;
      // std::thread::hardware_concurrency starts none; literals' namespaces are made for it.
      const auto rest = code.substr(at + ban.word.size());
      const bool literals = rest.substr(0, rest.find(';')).ends_with("literals");
      if (rest.starts_with("::") || literals) continue;
      add(out, source, source.line_of(at), std::string(ban.word), std::string(ban.message));
    }
  }
  for (auto at = code.find("catch (...)"); at != std::string_view::npos;
       at = code.find("catch (...)", at + 1)) {
    add(out, source, source.line_of(at), "catch-all",
        "catch the library's own exception, in its door");
  }
  if (code.find(" DISABLED_") != std::string_view::npos) {
    add(out, source, 1, "disabled", "a test runs or is removed");
  }
  check_memory(source, out);
  check_locked_loops(source, out);
  check_macros(source, out);
  check_paths(source, out);
}

void check_error_texts(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  if (source.is_test()) return;
  for (const std::string_view call : {"failure", "Error", "refusal", "within"}) {
    for (auto at = find_word(code, call); at != std::string_view::npos;
         at = find_word(code, call, at + 1)) {
      const auto open = at + call.size();
      if (open >= code.size() || code[open] != '(') continue;
      const auto end = after_closing(code, open);
      bool first = true;
      for (const auto& literal : source.literals) {
        if (literal.offset < open || literal.offset >= end) continue;
        check_error_text(source, literal, out);
        if (std::exchange(first, false)) check_error_shape(source, literal, out);
      }
    }
  }
}

void check_comments(const Source& source, Findings& out) {
  constexpr auto praise =
      std::to_array<std::string_view>({"robust", "elegant", "comprehensive", "seamless", "powerful",
                                       "blazing", "cutting-edge", "simply", "magic"});
  constexpr auto notes = std::to_array<std::string_view>({"TODO", "FIXME", "XXX", "HACK"});
  for (const auto& comment : source.comments) {
    for (const auto word : praise) {
      if (find_word(comment.text, word) == std::string_view::npos) continue;
      add(out, source, comment.line, "praise", fmt::format("'{}' praises: say what it does", word));
    }
    for (const auto word : notes) {
      if (find_word(comment.text, word) == std::string_view::npos) continue;
      add(out, source, comment.line, "note", "open an issue, or do it");
    }
    const auto text = trim(comment.text);
    const bool example = comment.text.starts_with("  ");
    const bool statement = is_statement(text);
    if (statement && !example)
      add(out, source, comment.line, "dead-code", "remove code that does not run");
    const bool ruled =
        text.starts_with("---") || text.starts_with("===") || text.starts_with("***");
    if (ruled && !text.starts_with("-----BEGIN")) {
      add(out, source, comment.line, "banner", "no banners: a file with sections is two files");
    }
  }
}

}  // namespace holdfast::tidy
