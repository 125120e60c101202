// SPDX-License-Identifier: Apache-2.0
// How go-yaml v2 lays out a block document: which quotes a text needs, where it is folded, how deep
// it stands. An emitter of our own, because libyaml's, its ancestor, differs around U+2028 and the
// byte order mark. Private to lib/yaml; it does not know types.
// Mirrors emitterc.go of go-yaml v2.4 for what sigs.k8s.io/yaml prints, its oddities included.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::yaml {

// What the caller wants; a text that cannot be written so gets the nearest style that can hold it.
enum class Style { plain, double_quoted, literal };

class Emitter {
 public:
  // Appends to `out`, which must outlive it. Texts are UTF-8.
  explicit Emitter(std::string& out) : out_(out) {}

  // One node, then finish(). Mappings and sequences that are opened have at least one entry.
  void scalar(std::string_view text, Style style);
  void empty_mapping() { mark("{}", Before::space); }
  void empty_sequence() { mark("[]", Before::space); }
  void open_mapping();
  void key(std::string_view text, Style style);  // the next node is its value
  void close_mapping() { outdent(); }
  void open_sequence();
  void item();  // the next node is it
  void close_sequence() { outdent(); }
  void finish() { new_line(); }

  // What stands in a text, as far as it decides between the styles.
  struct Shape {
    bool breaks = false;
    bool plain = true;
    bool single_quoted = true;
    bool literal = true;
  };

 private:
  enum class Before { nothing, space };
  enum class Folding { no, yes };

  void put(char c);
  std::size_t put_character(std::string_view text, std::size_t at);  // its size in bytes
  void put_text(std::string_view text);
  void put_line_end();
  void put_escaped(std::string_view text, std::size_t at);
  void mark(std::string_view text, Before before);
  void block_mark(char c);
  void new_line();
  void indent();
  void outdent();
  void write(std::string_view text, Style style, const Shape& shape, Folding folding);
  void plain(std::string_view text, Folding folding);
  void single_quoted(std::string_view text, Folding folding);
  void double_quoted(std::string_view text, Folding folding);
  void literal(std::string_view text);
  [[nodiscard]] bool is_wide() const;

  std::string& out_;
  std::vector<int> outer_;   // indents of what is open
  int indent_ = -1;          // -1 before the first mapping or sequence
  int column_ = 0;           // in characters
  bool value_ = false;       // the next node is a mapping's value
  bool after_space_ = true;  // upstream's `whitespace`
  bool at_margin_ = true;    // nothing but blanks and dashes in this line yet; upstream's `indention`
};

}  // namespace holdfast::yaml
