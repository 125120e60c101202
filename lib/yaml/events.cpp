// SPDX-License-Identifier: Apache-2.0
#include "yaml/events.h"

#include <yaml.h>

#include <algorithm>
#include <string>

namespace holdfast::yaml {
namespace {

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(text));
}

Position position_of(const yaml_mark_t& mark) {
  return {.line = static_cast<int>(mark.line) + 1, .column = static_cast<int>(mark.column) + 1};
}

// libyaml counts characters for its marks and bytes for what its reader refuses.
Position position_of_byte(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  Position out;
  for (const char c : before)
    out.line += c == '\n' ? 1 : 0;
  for (const char c : before.substr(line_start))
    out.column += (c & 0xC0) != 0x80 ? 1 : 0;
  return out;
}

// What libyaml was reading when it met a problem, in a user's words.
std::string_view part_of(std::string_view context) {
  if (context.ends_with("sequence") || context.ends_with("collection")) return "the list";
  if (context.ends_with("mapping")) return "the map";
  if (context.ends_with("scalar")) return "the text";
  return context.ends_with("simple key") ? "the key" : "";
}

bool is_indented_with_tab(std::string_view text, int number) {
  for (int line = 1; line < number && !text.empty(); ++line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return text;
}

void tell(const yaml_event_t& raw, Event& out) {
  out = {};
  out.start = position_of(raw.start_mark);
  switch (raw.type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: break;
    case YAML_STREAM_END_EVENT: out.kind = EventKind::stream_end; break;
    case YAML_DOCUMENT_START_EVENT: out.kind = EventKind::document_start; break;
    case YAML_ALIAS_EVENT:
      out.kind = EventKind::alias;
      out.anchor = view(raw.data.alias.anchor);
      break;
    case YAML_SCALAR_EVENT: {
      const auto& scalar = raw.data.scalar;
      out.kind = EventKind::scalar;
      out.anchor = view(scalar.anchor);
      out.tag = view(scalar.tag);
      out.plain = out.tag == "!" ? scalar.style == YAML_PLAIN_SCALAR_STYLE
                                 : scalar.plain_implicit != 0 && out.tag.empty();
      out.scalar = {reinterpret_cast<const char*>(scalar.value), scalar.length};
      break;
    }
    case YAML_SEQUENCE_START_EVENT:
      out.kind = EventKind::sequence_start;
      out.anchor = view(raw.data.sequence_start.anchor);
      break;
    case YAML_SEQUENCE_END_EVENT: out.kind = EventKind::sequence_end; break;
    case YAML_MAPPING_START_EVENT:
      out.kind = EventKind::mapping_start;
      out.anchor = view(raw.data.mapping_start.anchor);
      break;
    case YAML_MAPPING_END_EVENT: out.kind = EventKind::mapping_end; break;
  }
}

}  // namespace

struct EventReader::State {
  explicit State(std::string_view text) {
    CHECK(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    yaml_event_delete(&event);
    yaml_parser_delete(&parser);
  }

  yaml_parser_t parser{};
  yaml_event_t event{};
};

EventReader::EventReader(std::string_view text, std::string_view name, Way way)
    : text_(without_mark(text)), name_(name), quick_(text_) {
  if (way == Way::libyaml) state_ = std::make_unique<State>(text_);
}

EventReader::~EventReader() = default;

Result<> EventReader::next(Event& event) {
  if (state_ == nullptr) {
    if (quick_.next(event)) return {};
    state_ = std::make_unique<State>(text_);
    for (std::size_t i = 0; i < quick_.told(); ++i)
      TRY(read(event));
  }
  return read(event);
}

Result<> EventReader::read(Event& event) {
  yaml_event_delete(&state_->event);
  if (yaml_parser_parse(&state_->parser, &state_->event) != 1) return failure(problem());
  tell(state_->event, event);
  return {};
}

Error EventReader::problem() const {
  const auto& parser = state_->parser;
  if (parser.error == YAML_MEMORY_ERROR) return {Code::limit, "no memory for the YAML text"};
  const std::string cause = parser.problem == nullptr ? "" : parser.problem;
  if (parser.error != YAML_READER_ERROR) {
    const auto at = position_of(parser.problem_mark);
    Error error = Error(Code::yaml_syntax, "the text is not YAML").at(place(name_, at)).because(cause);
    const auto part = part_of(parser.context == nullptr ? "" : parser.context);
    const auto begin = position_of(parser.context_mark);
    if (!part.empty() && begin != at)
      error = std::move(error).at(fmt::format("{} ({} begins)", place(name_, begin), part));
    if (is_indented_with_tab(text_, at.line))
      error = std::move(error).fix("indent the line with spaces: YAML takes no tabs there");
    return error;
  }
  const auto at = place(name_, position_of_byte(text_, parser.problem_offset));
  if (cause == "control characters are not allowed") {
    return Error(Code::yaml_syntax, "the text is not YAML").at(at).because(cause);
  }
  return Error(Code::text_encoding, "the text is not UTF-8").at(at).because(cause);
}

std::string place(std::string_view name, const Position& position) {
  return fmt::format("{}:{}:{}", name, position.line, position.column);
}

}  // namespace holdfast::yaml
