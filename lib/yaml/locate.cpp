// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "yaml/events.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string>
#include <utility>

namespace holdfast::yaml {
namespace {

std::string token_of(std::string_view part) {
  return replace_all(replace_all(std::string(part), "~1", "/"), "~0", "~");
}

std::size_t hash_of_document(std::size_t document) {
  return document + 1;
}

std::size_t hash_of_child(std::size_t parent, std::string_view token) {
  constexpr std::size_t odd = 0x9E3779B97F4A7C15;  // spreads the parent's bits
  return (parent ^ (parent >> 29)) * odd + std::hash<std::string_view>()(token);
}

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
    const bool entered = TRY(enter(events, event, token_of(part)));
    if (!entered) return {};
    position = event.start;
  }
  return {};
}

Result<std::optional<Twins>> twin_keys(EventReader& events, const Position& start,
                                       std::string_view key) {
  Event event;
  do {
    TRY(events.next(event));
    if (event.kind == EventKind::stream_end) return std::nullopt;
  } while (event.kind != EventKind::mapping_start || event.start != start);
  std::optional<Position> first;
  TRY(events.next(event));
  while (!closes(event)) {
    const bool same = event.kind == EventKind::scalar && event.scalar == key;
    if (same && first) return Twins{*first, event.start};
    if (same) first = event.start;
    TRY(skip(events, event));
    TRY(events.next(event));
    TRY(skip(events, event));
    TRY(events.next(event));
  }
  return std::nullopt;
}

// The collections around the event that comes next, the innermost last.
struct Around {
  std::size_t hash;
  bool is_map;
  std::size_t index = 0;       // of a list's next element
  std::optional<std::size_t> key = {};  // of a map, when its value comes next
};

}  // namespace

Places::Places(std::string_view text) {
  EventReader events(text, "");
  std::vector<Around> around;
  std::size_t documents = 0;
  int inside_key = 0;  // collections that are keys; nothing is asked about those
  Event event;
  // A text that stops being YAML on the way still has the places before that.
  while (events.next(event) && event.kind != EventKind::stream_end) {
    if (event.kind == EventKind::document_start) ++documents;
    if (event.kind == EventKind::document_start || event.kind == EventKind::other) continue;
    if (inside_key > 0) {
      inside_key += opens(event) ? 1 : closes(event) ? -1 : 0;
      continue;
    }
    if (closes(event)) {
      around.pop_back();
      continue;
    }
    std::size_t hash = hash_of_document(documents - 1);
    if (!around.empty() && around.back().is_map) {
      auto& map = around.back();
      if (!map.key) {
        const auto token = event.kind == EventKind::scalar ? event.scalar : std::string_view();
        map.key = hash_of_child(map.hash, token);
        inside_key = opens(event) ? 1 : 0;
        continue;
      }
      hash = *std::exchange(map.key, std::nullopt);
    } else if (!around.empty()) {
      hash = hash_of_child(around.back().hash, std::to_string(around.back().index++));
    }
    places_.push_back({hash, event.start});
    if (opens(event)) around.push_back({.hash = hash, .is_map = event.kind == EventKind::mapping_start});
  }
  std::ranges::stable_sort(places_, {}, &Place::hash);
}

Position Places::locate(std::size_t document, std::string_view pointer) const {
  Position position;
  const auto find = [&](std::size_t hash) {
    const auto found = std::ranges::lower_bound(places_, hash, {}, &Place::hash);
    if (found == places_.end() || found->hash != hash) return false;
    position = found->position;
    return true;
  };
  std::size_t hash = hash_of_document(document);
  if (!find(hash) || pointer.empty()) return position;
  for (const auto part : split(pointer.substr(1), '/')) {
    hash = hash_of_child(hash, token_of(part));
    if (!find(hash)) break;
  }
  return position;
}

Position locate(std::string_view text, std::size_t document, std::string_view pointer) {
  EventReader events(text, "");
  Position position;
  // A text that stops being YAML on the way still has the places before that.
  static_cast<void>(follow(events, document, pointer, position));
  return position;
}

std::optional<Twins> locate_duplicate(std::string_view text, const Position& start,
                                      std::string_view key) {
  EventReader events(text, "");
  const auto found = twin_keys(events, start, key);
  return found ? *found : std::nullopt;
}

}  // namespace holdfast::yaml
