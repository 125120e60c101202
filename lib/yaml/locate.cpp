// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "yaml/events.h"
#include "yaml/yaml.h"

#include <charconv>
#include <string>

namespace holdfast::yaml {
namespace {

bool opens(const Event& event) {
  return event.kind == EventKind::mapping_start || event.kind == EventKind::sequence_start;
}

bool closes(const Event& event) {
  return event.kind == EventKind::mapping_end || event.kind == EventKind::sequence_end;
}

// Reads to the end of the node that `event` starts.
Result<> skip(EventReader& events, Event& event) {
  int open = opens(event) ? 1 : 0;
  while (open > 0) {
    TRY(events.next(event));
    open += opens(event) ? 1 : closes(event) ? -1 : 0;
  }
  return {};
}

// Steps into the element of that index, or to the sequence's end.
Result<> enter_element(EventReader& events, Event& event, std::size_t index) {
  TRY(events.next(event));
  while (!closes(event) && index > 0) {
    TRY(skip(events, event));
    TRY(events.next(event));
    --index;
  }
  return {};
}

// Steps into the value of that key, or to the mapping's end.
Result<> enter_member(EventReader& events, Event& event, std::string_view key) {
  TRY(events.next(event));
  while (!closes(event)) {
    const bool found = event.kind == EventKind::scalar && event.scalar == key;
    TRY(skip(events, event));
    TRY(events.next(event));
    if (found) return {};
    TRY(skip(events, event));
    TRY(events.next(event));
  }
  return {};
}

// Steps into the child `token` of the collection that `event` starts. False when it has none.
Result<bool> enter(EventReader& events, Event& event, std::string_view token) {
  if (event.kind == EventKind::mapping_start) {
    TRY(enter_member(events, event, token));
    return !closes(event);
  }
  if (event.kind != EventKind::sequence_start) return false;
  std::size_t index = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
  if (read.ec != std::errc()) return false;
  TRY(enter_element(events, event, index));
  return !closes(event);
}

Result<> follow(EventReader& events, std::size_t document, std::string_view pointer,
                Position& position) {
  Event event;
  for (std::size_t started = 0; started <= document;) {
    TRY(events.next(event));
    if (event.kind == EventKind::stream_end) return {};
    if (event.kind == EventKind::document_start) ++started;
  }
  TRY(events.next(event));
  position = event.start;
  if (pointer.empty()) return {};
  for (const auto part : split(pointer.substr(1), '/')) {
    const auto token = replace_all(replace_all(std::string(part), "~1", "/"), "~0", "~");
    const bool entered = TRY(enter(events, event, token));
    if (!entered) return {};
    position = event.start;
  }
  return {};
}

Result<std::optional<Position>> second_key(EventReader& events, const Position& start,
                                           std::string_view key) {
  Event event;
  do {
    TRY(events.next(event));
    if (event.kind == EventKind::stream_end) return std::nullopt;
  } while (event.kind != EventKind::mapping_start || event.start != start);
  int seen = 0;
  TRY(events.next(event));
  while (!closes(event)) {
    const bool same = event.kind == EventKind::scalar && event.scalar == key;
    if (same && ++seen == 2) return event.start;
    TRY(skip(events, event));
    TRY(events.next(event));
    TRY(skip(events, event));
    TRY(events.next(event));
  }
  return std::nullopt;
}

}  // namespace

Position locate(std::string_view text, std::size_t document, std::string_view pointer) {
  EventReader events(text, "");
  Position position;
  // A text that stops being YAML on the way still has the places before that.
  static_cast<void>(follow(events, document, pointer, position));
  return position;
}

std::optional<Position> locate_duplicate(std::string_view text, const Position& start,
                                         std::string_view key) {
  EventReader events(text, "");
  const auto found = second_key(events, start, key);
  return found ? *found : std::nullopt;
}

}  // namespace holdfast::yaml
