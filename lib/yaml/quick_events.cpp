// SPDX-License-Identifier: Apache-2.0
#include "yaml/quick_events.h"

#include "yaml/clean_text.h"

#include <algorithm>
#include <array>

namespace holdfast::yaml {
namespace {

// libyaml's limit for a key is 1,024 characters.
constexpr std::size_t key_bytes_max = 1000;
constexpr int flow_depth_max = 16;
constexpr std::size_t levels_max = 100;
// Of a line with a flow collection, whose positions are counted from the line's start.
constexpr std::size_t flow_line_max = 2000;

// A loop: find() is a call.
constexpr bool is_one_of(char c, std::string_view set) {
  for (const char each : set) {
    if (each == c) return true;
  }
  return false;
}

// What may stand in a plain scalar of a flow collection without a second look.
constexpr auto flow_characters = [] {
  std::array<bool, 256> out{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789_./-+=$()~<>;^"))
    out[static_cast<unsigned char>(c)] = true;
  return out;
}();

bool flows(char c) {
  return flow_characters[static_cast<unsigned char>(c)];
}

// What the character after a backslash stands for; 0 for those that libyaml is asked about.
char unescaped(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case ' ': return c;
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    default: return 0;
  }
}

}  // namespace

bool QuickEvents::next(Event& event) {
  if (head_ == queue_.size()) {
    queue_.clear();
    owned_.clear();
    head_ = 0;
    if (stage_ == Stage::ended || !fill()) {
      stage_ = Stage::ended;
      queue_.clear();
      return false;
    }
  }
  event = queue_[head_++];
  ++told_;
  return true;
}

// The events of the next line that has some.
bool QuickEvents::fill() {
  if (stage_ == Stage::start) {
    const auto characters = characters_of(text_);
    if (characters == Characters::refused) return false;
    wide_ = characters == Characters::wide;
    stage_ = Stage::between;
    tell(EventKind::other, 0);
    next_line();
    return true;
  }
  while (line_begin_ < text_.size()) {
    skip_spaces();
    if (at_ == line_end_ || text_[at_] == '#') {
      line_begin_ = line_end_ + 1;
      ++line_;
      next_line();
      continue;
    }
    if (!read_line()) return false;
    if (!queue_.empty()) return true;
  }
  return finish_stream();
}

// Goes to the line at line_begin_.
void QuickEvents::next_line() {
  at_ = std::min(line_begin_, text_.size());
  const auto end = text_.find('\n', at_);
  line_end_ = end == std::string_view::npos ? text_.size() : end;
}

bool QuickEvents::read_line() {
  const auto start = text_.substr(line_begin_, 3);
  const bool marker = at_ == line_begin_ && is_one_of(start[0], "-.%") &&
                      (start == "---" || start == "..." || start[0] == '%');
  if (!(marker ? read_marker() : read_content())) return false;
  line_begin_ = line_end_ + 1;
  ++line_;
  next_line();
  return true;
}

// "---", alone in its line.
bool QuickEvents::read_marker() {
  if (text_[at_] != '-' || stage_ == Stage::begun) return false;
  const auto dashes = at_;
  at_ += 3;
  if (here() != '\n' && here() != ' ') return false;
  if (!only_comment_left()) return false;
  if (stage_ == Stage::inside) finish_document();
  stage_ = Stage::begun;
  tell(EventKind::document_start, dashes);
  return true;
}

bool QuickEvents::read_content() {
  const auto indent = static_cast<int>(at_ - line_begin_);
  if (stage_ == Stage::between) {
    tell(EventKind::document_start, at_);
    stage_ = Stage::begun;
  }
  while (!levels_.empty() && levels_.back().indent > indent)
    close_level();
  const bool same = !levels_.empty() && levels_.back().indent == indent;
  if (same && levels_.back().indentless && !at_dash()) close_level();
  if (levels_.empty()) {
    if (stage_ == Stage::inside) return false;
    stage_ = Stage::inside;
    return node(Keys::allowed) && !levels_.empty();
  }
  auto& level = levels_.back();
  if (level.indent < indent) return level.awaiting && node(Keys::allowed);
  if (level.end == EventKind::sequence_end) {
    if (!at_dash()) return false;
    if (level.awaiting) tell_empty(level);
    return entry();
  }
  if (at_dash()) {
    if (!level.awaiting) return false;
    const Level sequence{.end = EventKind::sequence_end, .indent = indent, .indentless = true};
    return open_level(sequence, EventKind::sequence_start) && entry();
  }
  if (level.awaiting) tell_empty(level);
  return node(Keys::allowed);
}

bool QuickEvents::finish_stream() {
  if (stage_ == Stage::begun) return false;
  at_ = text_.size();
  if (stage_ == Stage::inside) finish_document();
  tell(EventKind::stream_end, at_);
  stage_ = Stage::ended;
  return true;
}

void QuickEvents::finish_document() {
  while (!levels_.empty())
    close_level();
  tell(EventKind::other, at_);
}

void QuickEvents::close_level() {
  if (levels_.back().awaiting) tell_empty(levels_.back());
  tell(levels_.back().end, at_);
  levels_.pop_back();
}

void QuickEvents::tell_empty(Level& level) {
  level.awaiting = false;
  tell(EventKind::scalar, level.after);
  queue_.back().plain = true;
}

// The collection is what the level around it waits for.
bool QuickEvents::open_level(const Level& level, EventKind start) {
  if (levels_.size() >= levels_max) return false;
  if (!levels_.empty()) levels_.back().awaiting = false;
  tell(start, at_);
  levels_.push_back(level);
  return true;
}

// The dash of a sequence and what stands behind it.
bool QuickEvents::entry() {
  levels_.back().awaiting = true;
  levels_.back().after = ++at_;
  skip_spaces();
  return only_comment_left() || node(Keys::allowed);
}

bool QuickEvents::node(Keys keys) {
  const char c = here();
  if (c == '"' || c == '\'') return quoted(keys);
  if (c == '|' || c == '>') return block_text();
  if (c == '[' || c == '{') return flow();
  if (!at_dash()) return plain(keys);
  if (keys == Keys::refused) return false;
  const auto indent = static_cast<int>(at_ - line_begin_);
  return open_level({.end = EventKind::sequence_end, .indent = indent}, EventKind::sequence_start) &&
         entry();
}

bool QuickEvents::plain(Keys keys) {
  if (is_one_of(here(), "?:,[]{}#&*!|>'\"%@`\t")) return false;
  const auto from = at_;
  Event scalar{.kind = EventKind::scalar, .plain = true, .start = position(from)};
  if (!scan_plain(scalar.scalar)) return false;
  if (here() == ':') return keys == Keys::allowed && key(from, scalar);
  // A comment ends it, else the lines below may be more of it.
  if (here() != '#' && goes_on_below() && !plain_lines(scalar)) return false;
  return value(scalar);
}

// What of the line is a plain scalar; stops where it is followed by a colon or a comment.
bool QuickEvents::scan_plain(std::string_view& text) {
  const auto from = at_;
  auto end = at_;
  for (; at_ < line_end_; ++at_) {
    const char c = text_[at_];
    if (c == '\t') return false;
    if (c == ' ') continue;
    if (c == ':' && (at_ + 1 == line_end_ || is_one_of(text_[at_ + 1], " \t"))) break;
    if (c == '#' && text_[at_ - 1] == ' ') break;
    end = at_ + 1;
  }
  text = text_.substr(from, end - from);
  return true;
}

// The further lines of a plain scalar.
bool QuickEvents::plain_lines(Event& scalar) {
  if (levels_.empty()) return false;
  auto& out = owned_.emplace_back(scalar.scalar);
  while (here() != '#' && goes_on_below()) {
    std::string_view text;
    const auto end = line_end_;
    fold_line(out);
    const bool tabs = text_.substr(end, at_ - end).find('\t') != std::string_view::npos;
    if (tabs || !scan_plain(text) || here() == ':') return false;
    out += text;
  }
  scalar.scalar = out;
  return true;
}

// Goes to the next line that is not blank, as a scalar does that goes on there.
void QuickEvents::fold_line(std::string& out) {
  const auto from = std::min(text_.find_first_not_of(" \t\n", line_end_), text_.size());
  const auto breaks =
      static_cast<std::size_t>(std::ranges::count(text_.substr(line_end_, from - line_end_), '\n'));
  out.append(breaks > 1 ? breaks - 1 : 1, breaks > 1 ? '\n' : ' ');
  line_ += static_cast<int>(breaks);
  line_begin_ = text_.rfind('\n', from) + 1;
  next_line();
  at_ = from;
}

bool QuickEvents::quoted(Keys keys) {
  const auto from = at_;
  Event scalar{.kind = EventKind::scalar, .start = position(from)};
  if (!(here() == '"' ? scan_double_quoted(scalar) : scan_single_quoted(scalar))) {
    at_ = from;
    return quoted_lines(scalar) && only_comment_left() && value(scalar);
  }
  const auto end = at_;
  if (only_comment_left()) return value(scalar);
  at_ = end;
  skip_spaces();
  return here() == ':' && is_one_of(after(at_), " \n") && keys == Keys::allowed && key(from, scalar);
}

// A quoted scalar that does not end in its first line.
bool QuickEvents::quoted_lines(Event& scalar) {
  auto& out = owned_.emplace_back();
  const char mark = text_[at_++];
  const std::string_view stops = mark == '"' ? "\"\\" : "'";
  while (true) {
    const auto stop = text_.find_first_of(stops, at_);
    if (stop == std::string_view::npos) return false;
    while (stop >= line_end_) {
      const auto line = text_.substr(at_, line_end_ - at_);
      out += line.substr(0, line.find_last_not_of(" \t") + 1);
      fold_line(out);
      if (at_ == line_begin_) return false;  // perhaps a marker
    }
    out += text_.substr(at_, stop - at_);
    at_ = stop + 1;
    if (text_[stop] == '"' || (mark == '\'' && here() != '\'')) break;
    const char meant = mark == '"' ? unescaped(here()) : mark;
    if (meant == 0) return false;
    out += meant;
    ++at_;
  }
  scalar.scalar = out;
  return true;
}

// A key was read up to its colon; it opens a mapping where none is open in its column.
bool QuickEvents::key(std::size_t from, const Event& scalar) {
  if (at_ - from > key_bytes_max) return false;
  const auto colon = at_;
  const auto indent = static_cast<int>(from - line_begin_);
  if (levels_.empty() || levels_.back().indent < indent) {
    at_ = from;
    const Level mapping{.end = EventKind::mapping_end, .indent = indent};
    if (!open_level(mapping, EventKind::mapping_start)) return false;
  }
  queue_.push_back(scalar);
  at_ = colon + 1;
  levels_.back().awaiting = true;
  levels_.back().after = at_;
  skip_spaces();
  return only_comment_left() || node(Keys::refused);
}

bool QuickEvents::value(const Event& scalar) {
  if (levels_.empty() || !levels_.back().awaiting) return false;
  levels_.back().awaiting = false;
  queue_.push_back(scalar);
  return true;
}

// Is the next line that is not blank a part of the scalar before it? When in doubt, yes.
bool QuickEvents::goes_on_below() const {
  auto line = line_end_ + 1;
  while (line < text_.size()) {
    const auto at = text_.find_first_not_of(' ', line);
    if (at == std::string_view::npos) return false;
    if (text_[at] == '\t') return true;
    if (text_[at] != '\n') {
      const int outer = levels_.empty() ? -1 : levels_.back().indent;
      return static_cast<int>(at - line) > outer && text_[at] != '#';
    }
    line = at + 1;
  }
  return false;
}

// "|" and ">".
bool QuickEvents::block_text() {
  if (levels_.empty() || !levels_.back().awaiting) return false;
  Event scalar{.kind = EventKind::scalar, .start = position(at_)};
  BlockText block{.folds = text_[at_++] == '>'};
  if (here() == '-' || here() == '+') block.chomping = text_[at_++];
  if (text_.substr(at_, line_end_ - at_).find_first_not_of(' ') != std::string_view::npos)
    return false;
  // The first line that is not blank says how far the text is indented.
  std::size_t blanks_max = 0;
  for (auto line = line_end_ + 1;; line += block.indent + 1) {
    const auto at = std::min(text_.find_first_not_of(' ', line), text_.size());
    if (line >= text_.size() || at == text_.size()) return false;
    block.indent = at - line;
    if (text_[at] == '\t') return false;
    if (text_[at] != '\n') break;
    blanks_max = std::max(blanks_max, block.indent);
  }
  if (blanks_max > block.indent || static_cast<int>(block.indent) <= levels_.back().indent)
    return false;
  auto& out = owned_.emplace_back();
  if (!block_lines(out, block)) return false;
  scalar.scalar = out;
  return value(scalar);
}

// Reads the lines that belong to it; the last of them is the line that was read.
bool QuickEvents::block_lines(std::string& out, const BlockText& block) {
  std::size_t breaks = 0;    // line ends since the last line of text
  bool joins = false;        // may the next line of text be joined to that?
  while (line_end_ + 1 < text_.size()) {
    const auto begin = line_end_ + 1;
    auto from = begin;
    while (from < begin + block.indent && from < text_.size() && text_[from] == ' ')
      ++from;
    if (from == text_.size()) return false;
    if (text_[from] != '\n') {
      if (from < begin + block.indent && text_[from] == '\t') return false;
      if (from < begin + block.indent) break;
      const bool starts_blank = is_one_of(text_[from], " \t");
      const bool joined = joins && !starts_blank;
      out.append(joined && breaks > 1 ? breaks - 1 : breaks, joined && breaks == 1 ? ' ' : '\n');
      joins = block.folds && !starts_blank;
      breaks = 0;
    }
    const auto end = std::min(text_.find('\n', from), text_.size());
    out += text_.substr(from, end - from);
    breaks += end < text_.size() ? 1U : 0U;
    line_begin_ = begin;
    line_end_ = end;
    ++line_;
  }
  at_ = line_end_;
  const std::size_t kept = block.chomping == '+' ? breaks : block.chomping == '-' ? 0U : 1U;
  out.append(std::min(breaks, kept), '\n');
  return true;
}

bool QuickEvents::flow() {
  if (levels_.empty() || !levels_.back().awaiting || line_end_ - line_begin_ > flow_line_max)
    return false;
  levels_.back().awaiting = false;
  return flow_node(0) && only_comment_left();
}

bool QuickEvents::flow_node(int depth) {
  if (depth > flow_depth_max) return false;
  const char c = here();
  if (c == '[') return flow_sequence(depth);
  if (c == '{') return flow_mapping(depth);
  Event scalar{.kind = EventKind::scalar};
  scalar.start = position(at_);
  const bool read = c == '"'    ? scan_double_quoted(scalar)
                    : c == '\'' ? scan_single_quoted(scalar)
                                : flow_plain(scalar);
  if (read) queue_.push_back(scalar);
  return read;
}

bool QuickEvents::flow_sequence(int depth) {
  tell(EventKind::sequence_start, at_++);
  while (true) {
    skip_spaces();
    if (here() == ']') break;
    if (!flow_node(depth + 1)) return false;
    skip_spaces();
    if (here() == ']') break;
    if (here() != ',') return false;
    ++at_;
  }
  tell(EventKind::sequence_end, at_++);
  return true;
}

bool QuickEvents::flow_mapping(int depth) {
  tell(EventKind::mapping_start, at_++);
  while (true) {
    skip_spaces();
    if (here() == '}') break;
    const auto key = at_;
    if (is_one_of(here(), "[{") || !flow_node(depth + 1) || at_ - key > key_bytes_max) return false;
    skip_spaces();
    if (here() != ':' || after(at_) != ' ') return false;
    ++at_;
    skip_spaces();
    if (!flow_node(depth + 1)) return false;
    skip_spaces();
    if (here() == '}') break;
    if (here() != ',') return false;
    ++at_;
  }
  tell(EventKind::mapping_end, at_++);
  return true;
}

bool QuickEvents::flow_plain(Event& scalar) {
  const auto from = at_;
  if (!flows(here()) || here() == '>' || (here() == '-' && (!flows(after(at_)) || after(at_) == '-')))
    return false;
  auto end = at_;
  for (; at_ < line_end_; ++at_) {
    const char c = text_[at_];
    if (c == ' ') continue;
    if (!flows(c) && !(c == ':' && flows(after(at_)))) break;
    end = at_ + 1;
  }
  if (!is_one_of(here(), ",]}:") || (here() == ':' && at_ != end)) return false;
  scalar.plain = true;
  scalar.scalar = text_.substr(from, end - from);
  return true;
}

bool QuickEvents::scan_single_quoted(Event& scalar) {
  const auto from = ++at_;
  std::string* joined = nullptr;
  auto begin = from;
  while (true) {
    const auto quote = text_.find('\'', at_);
    if (quote == std::string_view::npos || quote >= line_end_) return false;
    at_ = quote + 1;
    if (here() != '\'') {
      scalar.scalar = text_.substr(begin, quote - begin);
      break;
    }
    if (joined == nullptr) joined = &owned_.emplace_back();
    joined->append(text_, begin, at_ - begin);
    begin = ++at_;
  }
  if (joined == nullptr) return true;
  joined->append(scalar.scalar);
  scalar.scalar = *joined;
  return true;
}

bool QuickEvents::scan_double_quoted(Event& scalar) {
  auto begin = ++at_;
  std::string* joined = nullptr;
  while (true) {
    while (at_ < line_end_ && text_[at_] != '"' && text_[at_] != '\\')
      ++at_;
    if (at_ >= line_end_) return false;
    if (text_[at_] == '"') break;
    const char meant = unescaped(after(at_));
    if (meant == 0) return false;
    if (joined == nullptr) joined = &owned_.emplace_back();
    joined->append(text_, begin, at_ - begin);
    joined->push_back(meant);
    at_ += 2;
    begin = at_;
  }
  scalar.scalar = text_.substr(begin, at_++ - begin);
  if (joined == nullptr) return true;
  joined->append(scalar.scalar);
  scalar.scalar = *joined;
  return true;
}

bool QuickEvents::at_dash() const {
  return here() == '-' && is_one_of(after(at_), " \n");
}

// Is the rest of the line nothing, or a comment? Stays where it is when it is more.
bool QuickEvents::only_comment_left() {
  const auto at = std::min(text_.find_first_not_of(' ', at_), line_end_);
  return at == line_end_ || (text_[at] == '#' && at > 0 && text_[at - 1] == ' ');
}

void QuickEvents::skip_spaces() {
  while (at_ < line_end_ && text_[at_] == ' ')
    ++at_;
}

Position QuickEvents::position(std::size_t at) const {
  if (at >= line_begin_) return {.line = line_, .column = columns(line_begin_, at)};
  // An empty node, on a line before. The last line may have no end.
  const auto passed = std::ranges::count(text_.substr(at, line_begin_ - at), '\n') +
                      (line_begin_ > text_.size() ? 1 : 0);
  return {.line = line_ - static_cast<int>(passed),
          .column = columns(text_.rfind('\n', at - 1) + 1, at)};
}

// 1 and the characters between.
int QuickEvents::columns(std::size_t from, std::size_t to) const {
  if (!wide_) return static_cast<int>(to - from) + 1;
  int out = 1;
  for (const char c : text_.substr(from, to - from))
    out += (c & 0xC0) != 0x80 ? 1 : 0;
  return out;
}

void QuickEvents::tell(EventKind kind, std::size_t at) {
  queue_.push_back({.kind = kind, .start = position(at)});
}

}  // namespace holdfast::yaml
