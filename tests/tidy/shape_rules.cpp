// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace holdfast::tidy {
namespace {

constexpr std::size_t file_lines_max = 600;
constexpr std::size_t header_lines_max = 250;
constexpr int function_lines_max = 70;
constexpr int parameters_max = 5;
constexpr int nesting_max = 4;

bool starts_with_word(std::string_view text, std::string_view word) {
  return find_word(text.substr(0, word.size() + 1), word) == 0;
}

enum class Block { scope, function, control, other };

// What the brace after `head` (the code since the last ';' or brace) opens.
Block block_of(std::string_view head) {
  head = trim(head);
  while (head.starts_with("[["))
    head = trim(head.substr(std::min(head.find("]]") + 2, head.size())));
  for (const std::string_view word : {"namespace", "class", "struct", "enum", "union", "extern"}) {
    const bool types =
        find_word(head, word) != std::string_view::npos && head.find('(') == std::string_view::npos;
    if (starts_with_word(head, word) || types) return Block::scope;
  }
  for (const std::string_view word :
       {"if", "for", "while", "switch", "else", "do", "try", "catch"}) {
    if (starts_with_word(head, word)) return Block::control;
  }
  const auto open = head.find('(');
  if (open == std::string_view::npos || open == 0) return Block::other;
  const auto assigned = head.find('=');
  const bool initialiser = assigned < open && !head.substr(0, open).ends_with("operator=") &&
                           head.find("operator") == std::string_view::npos;
  if (initialiser || starts_with_word(head, "return") || head.find("](") != std::string_view::npos)
    return Block::other;
  return Block::function;
}

int count_parameters(std::string_view head) {
  head = trim(head);
  if (head.starts_with("template")) {
    int depth = 0;
    std::size_t i = head.find('<');
    for (; i < head.size(); ++i) {
      depth += head[i] == '<' ? 1 : head[i] == '>' ? -1 : 0;
      if (depth == 0) break;
    }
    head = head.substr(std::min(i + 1, head.size()));
  }
  const auto open = head.find('(');
  if (open == std::string_view::npos) return 0;
  const auto end = after_closing(head, open);
  if (end == std::string_view::npos) return 0;
  const auto inside = trim(head.substr(open + 1, end - open - 2));
  if (inside.empty()) return 0;
  int depth = 0;
  int count = 1;
  for (const char c : inside) {
    depth += c == '(' || c == '<' || c == '{' || c == '[' ? 1 : 0;
    depth -= c == ')' || c == '>' || c == '}' || c == ']' ? 1 : 0;
    count += c == ',' && depth == 0 ? 1 : 0;
  }
  return count;
}

struct Open {
  Block block;
  std::size_t head;  // where its head starts
  std::size_t at;    // of the brace
};

class Functions {
 public:
  Functions(const Source& source, Findings& out) : source_(source), out_(out) {}

  void run() {
    const std::string_view code = source_.code;
    std::size_t head = 0;
    int parens = 0;
    bool directive = false;
    for (std::size_t i = 0; i < code.size(); ++i) {
      const char c = code[i];
      if (c == '#' && (i == 0 || code[code.find_last_not_of(' ', i - 1)] == '\n')) directive = true;
      if (directive) {
        const bool ends = c == '\n' && (i == 0 || code[i - 1] != '\\');
        if (ends) head = i + 1;
        directive = !ends;
        continue;
      }
      parens += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == '{') {
        open(code.substr(head, i - head), head, i, parens);
      } else if (c == '}') {
        close(i);
      }
      if (c == '{' || c == '}' || (c == ';' && parens == 0)) head = i + 1;
    }
  }

 private:
  void open(std::string_view head, std::size_t head_at, std::size_t at, int parens) {
    const bool inside = function_ != open_.npos;
    auto block = block_of(head);
    if (parens > 0 && block == Block::function) block = Block::other;
    if (inside && block == Block::function) block = Block::other;
    if (inside && block == Block::scope) block = Block::other;
    const auto text_at = source_.code.find_first_not_of(" \n", head_at);
    open_.push_back({block, text_at, at});
    if (block == Block::function) {
      function_ = open_.size() - 1;
      const int parameters = count_parameters(head);
      if (parameters > parameters_max) {
        finding(text_at, "parameters",
                fmt::format("{} parameters, at most {}: make a struct of options", parameters,
                            parameters_max));
      }
      nesting_ = 0;
    }
    if (block == Block::control && ++nesting_ > nesting_max) {
      finding(at, "nesting",
              fmt::format("nested deeper than {}: make a function of the inner part", nesting_max));
    }
  }

  void close(std::size_t at) {
    if (open_.items.empty()) return;
    const auto last = open_.items.back();
    open_.items.pop_back();
    if (last.block == Block::control) --nesting_;
    if (last.block != Block::function || function_ != open_.size()) return;
    function_ = open_.npos;
    const int lines = source_.line_of(at) - source_.line_of(last.head) + 1;
    if (lines > function_lines_max && !source_.is_test()) {
      finding(last.head, "function-length",
              fmt::format("{} lines, at most {}: name its parts", lines, function_lines_max));
    }
  }

  void finding(std::size_t at, std::string rule, std::string message) {
    out_.push_back({source_.path, source_.line_of(at), std::move(rule), std::move(message)});
  }

  struct Stack {
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    std::vector<Open> items;

    void push_back(Open one) { items.push_back(one); }

    [[nodiscard]] std::size_t size() const { return items.size(); }
  };

  const Source& source_;
  Findings& out_;
  Stack open_;
  std::size_t function_ = Stack::npos;  // index of the outermost function that is open
  int nesting_ = 0;
};

// A constructor from a bool alone: `Value(bool value)`.
bool is_conversion(std::string_view code, std::size_t open_end, std::size_t end) {
  auto from = open_end - 1;
  while (from > 0 && (std::isalnum(static_cast<unsigned char>(code[from - 1])) != 0))
    --from;
  return code[open_end - 1] == '(' && code[end] == ')' &&
         std::isupper(static_cast<unsigned char>(code[from])) != 0;
}

void check_bool_parameters(const Source& source, Findings& out) {
  const std::string_view code = source.code;
  for (auto at = find_word(code, "bool"); at != std::string_view::npos;
       at = find_word(code, "bool", at + 1)) {
    auto from = at;
    while (from > 0 && std::isspace(static_cast<unsigned char>(code[from - 1])) != 0)
      --from;
    if (code.substr(0, from).ends_with("const")) {
      from -= 5;
      while (from > 0 && std::isspace(static_cast<unsigned char>(code[from - 1])) != 0)
        --from;
    }
    const auto name = code.find_first_not_of(" \n", at + 4);
    const auto end = name == std::string_view::npos ? name : code.find_first_of(" ,)=;({", name);
    const bool parameter = from > 0 && (code[from - 1] == '(' || code[from - 1] == ',') &&
                           end != std::string_view::npos && end > name &&
                           (code[end] == ',' || code[end] == ')' || code[end] == ' ');
    if (parameter && !is_conversion(code, from, end)) {
      out.push_back({source.path, source.line_of(at), "bool-parameter",
                     "an enum class with two named values tells the reader which is which"});
    }
  }
}

}  // namespace

void check_file_length(const Source& source, Findings& out) {
  const auto lines = lines_of(source.text).size();
  const auto most = source.is_header() ? header_lines_max : file_lines_max;
  if (lines > most) {
    out.push_back({source.path, 1, "file-length",
                   fmt::format("{} lines, at most {}: it holds two things", lines, most)});
  }
}

void check_functions(const Source& source, Findings& out) {
  Functions(source, out).run();
  if (source.is_header()) check_bool_parameters(source, out);
}

void check_names(const Source& source, Findings& out) {
  constexpr auto empty_names = std::to_array<std::string_view>(
      {"common", "util", "utils", "helper", "helpers", "misc", "manager", "core", "impl", "types"});
  for (auto part : split(source.path, '/')) {
    part = part.substr(0, part.find('.'));
    if (std::ranges::find(empty_names, part) != empty_names.end()) {
      out.push_back(
          {source.path, 1, "name", fmt::format("'{}' names nothing: say what is in it", part)});
    }
  }
}

}  // namespace holdfast::tidy
