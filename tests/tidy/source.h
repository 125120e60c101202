// SPDX-License-Identifier: Apache-2.0
// A C++ file taken apart into code, comments and literals, so that a rule about one of them does
// not stumble over another. It does not know the rules.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::tidy {

struct Finding {
  std::string file;
  int line = 0;
  std::string rule;     // short name, also in the table of exceptions
  std::string message;  // what to write instead
};

using Findings = std::vector<Finding>;

struct Piece {
  std::size_t offset = 0;
  int line = 0;
  std::string text;
};

struct Source {
  std::string path;  // from the project's root
  std::string text;
  // As long as `text`: comments and the insides of literals are blanks, line ends stay.
  std::string code;
  std::vector<Piece> comments;  // one for each line, without the slashes
  std::vector<Piece> literals;  // insides of string literals

  [[nodiscard]] int line_of(std::size_t offset) const;

  [[nodiscard]] bool is_header() const { return path.ends_with(".h"); }

  [[nodiscard]] bool is_test() const;
  // The first folder, or the first two below lib/: "lib/yaml", "bootstrap".
  [[nodiscard]] std::string folder() const;
};

Source parse_source(std::string path, std::string text);

// All .h and .cpp files of the project's folders, sorted.
std::vector<Source> load_sources();

std::string read_text(const std::string& path);
std::vector<std::string_view> lines_of(std::string_view text);

// The next place of `word` from `from` on that is no part of a longer identifier; npos for none.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

// The offset after the bracket that closes the one at `open`; npos when none does.
std::size_t after_closing(std::string_view code, std::size_t open);

}  // namespace holdfast::tidy
