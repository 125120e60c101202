// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::tidy {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Walks through the text once; each function takes one kind of token off its front.
class Lexer {
 public:
  explicit Lexer(Source& source) : out_(source), text_(source.text) { out_.code = source.text; }

  void run() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("//")) {
        line_comment();
      } else if (text_.substr(at_).starts_with("/*")) {
        block_comment();
      } else if (text_.substr(at_).starts_with("R\"")) {
        raw_literal();
      } else if (text_[at_] == '"') {
        literal();
      } else if (text_[at_] == '\'' && (at_ == 0 || !is_word(text_[at_ - 1]))) {
        character();
      } else {
        line_ += text_[at_++] == '\n' ? 1 : 0;
      }
    }
  }

 private:
  void blank(std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i) {
      if (out_.code[i] != '\n') out_.code[i] = ' ';
    }
  }

  void skip_to(std::size_t to) {
    for (; at_ < to; ++at_)
      line_ += text_[at_] == '\n' ? 1 : 0;
  }

  void line_comment() {
    const auto end = std::min(text_.find('\n', at_), text_.size());
    out_.comments.push_back({at_, line_, std::string(text_.substr(at_ + 2, end - at_ - 2))});
    blank(at_, end);
    skip_to(end);
  }

  void block_comment() {
    const auto close = text_.find("*/", at_);
    const auto end = close == std::string_view::npos ? text_.size() : close + 2;
    out_.comments.push_back({at_, line_, std::string(text_.substr(at_ + 2, end - at_ - 2))});
    blank(at_, end);
    skip_to(end);
  }

  void raw_literal() {
    const auto open = text_.find('(', at_);
    const auto closer = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
    const auto close = text_.find(closer, open);
    const auto end = close == std::string_view::npos ? text_.size() : close;
    out_.literals.push_back({at_, line_, std::string(text_.substr(open + 1, end - open - 1))});
    blank(open + 1, end);
    skip_to(std::min(end + closer.size(), text_.size()));
  }

  void literal() {
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n')
      end += text_[end] == '\\' ? 2U : 1U;
    end = std::min(end, text_.size());
    out_.literals.push_back({at_, line_, std::string(text_.substr(at_ + 1, end - at_ - 1))});
    blank(at_ + 1, end);
    skip_to(std::min(end + 1, text_.size()));
  }

  void character() {
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != '\'' && text_[end] != '\n')
      end += text_[end] == '\\' ? 2U : 1U;
    end = std::min(end, text_.size());
    blank(at_ + 1, end);
    skip_to(std::min(end + 1, text_.size()));
  }

  Source& out_;
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

int Source::line_of(std::size_t offset) const {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return static_cast<int>(std::count(text.begin(), end, '\n')) + 1;
}

bool Source::is_test() const {
  return path.starts_with("tests/") || path.ends_with("_test.cpp");
}

std::string Source::folder() const {
  const auto parts = split(path, '/');
  if (parts.size() < 2) return "";
  return parts[0] == "lib" && parts.size() > 2 ? fmt::format("lib/{}", parts[1])
                                               : std::string(parts[0]);
}

Source parse_source(std::string path, std::string text) {
  Source out;
  out.path = std::move(path);
  out.text = std::move(text);
  Lexer(out).run();
  return out;
}

std::vector<Source> load_sources() {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (const auto* folder : {"lib", "bootstrap", "agent", "tests"}) {
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const auto path = entry.path().generic_string();
      const bool source = path.ends_with(".h") || path.ends_with(".cpp");
      if (entry.is_regular_file() && source) paths.push_back(path);
    }
  }
  std::ranges::sort(paths);
  std::vector<Source> out;
  for (auto& path : paths)
    out.push_back(parse_source(path, read_text(path)));
  return out;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string_view> lines_of(std::string_view text) {
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (auto at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool starts = at == 0 || !is_word(word.front()) || !is_word(text[at - 1]);
    const bool ends = end >= text.size() || !is_word(word.back()) || !is_word(text[end]);
    if (starts && ends) return at;
  }
  return std::string_view::npos;
}

std::size_t after_closing(std::string_view code, std::size_t open) {
  const char opener = code[open];
  const char closer = opener == '(' ? ')' : opener == '{' ? '}' : ']';
  int depth = 0;
  for (auto i = open; i < code.size(); ++i) {
    if (code[i] == opener) ++depth;
    if (code[i] == closer && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

}  // namespace holdfast::tidy
