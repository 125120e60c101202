// SPDX-License-Identifier: Apache-2.0
// The events of what most documents are: block mappings and sequences of scalars, literal and folded
// texts and short flow collections. Private to lib/yaml. It judges no text: where one goes beyond
// that, or is wrong, it says so and libyaml reads the text from its start. What it told until then
// is what libyaml tells (yaml_fuzz compares them), two to five times as fast.
#pragma once

#include "yaml/event.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::yaml {

class QuickEvents {
 public:
  // The text without its byte order mark; it must outlive this.
  explicit QuickEvents(std::string_view text) : text_(text) {}

  // False when the next event is libyaml's to find; then it stays so.
  bool next(Event& event);
  // How many events next() gave.
  [[nodiscard]] std::size_t told() const { return told_; }

 private:
  // A block collection that is open.
  struct Level {
    EventKind end;
    int indent;
    bool indentless = false;  // a sequence in the column of the key that it belongs to
    bool awaiting = false;    // its key or dash was told, the node there was not
    std::size_t after = 0;    // where such a node stands when it is empty
  };
  enum class Keys { allowed, refused };  // may a key stand here?
  struct BlockText {
    bool folds;
    char chomping = ' ';
    std::size_t indent = 0;
  };

  bool fill();
  bool read_line();
  bool read_marker();
  bool read_content();
  bool finish_stream();
  void finish_document();
  void close_level();
  void tell_empty(Level& level);
  bool open_level(const Level& level, EventKind start);
  bool entry();
  bool node(Keys keys);
  bool plain(Keys keys);
  bool scan_plain(std::string_view& text);
  bool plain_lines(Event& scalar);
  void fold_line(std::string& out);
  bool quoted(Keys keys);
  bool quoted_lines(Event& scalar);
  bool key(std::size_t from, const Event& scalar);
  bool value(const Event& scalar);
  bool block_text();
  bool block_lines(std::string& out, const BlockText& block);
  bool flow();
  bool flow_node(int depth);
  bool flow_sequence(int depth);
  bool flow_mapping(int depth);
  bool flow_plain(Event& scalar);
  bool scan_single_quoted(Event& scalar);
  bool scan_double_quoted(Event& scalar);
  bool at_dash() const;
  bool goes_on_below() const;
  bool only_comment_left();
  void skip_spaces();
  void next_line();
  [[nodiscard]] char here() const { return at_ < line_end_ ? text_[at_] : '\n'; }
  [[nodiscard]] char after(std::size_t at) const { return at + 1 < line_end_ ? text_[at + 1] : '\n'; }
  [[nodiscard]] Position position(std::size_t at) const;
  [[nodiscard]] int columns(std::size_t from, std::size_t to) const;
  void tell(EventKind kind, std::size_t at);

  std::string_view text_;
  std::vector<Level> levels_;
  std::vector<Event> queue_;
  std::deque<std::string> owned_;  // texts of the queue's scalars that do not stand so in the text
  std::size_t head_ = 0;
  std::size_t told_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t line_end_ = 0;  // of its last character, before the line end
  std::size_t at_ = 0;
  int line_ = 1;
  bool wide_ = false;  // it has characters of more than a byte
  enum class Stage { start, between, begun, inside, ended } stage_ = Stage::start;
};

}  // namespace holdfast::yaml
