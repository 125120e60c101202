// SPDX-License-Identifier: Apache-2.0
// The door to libyaml's parser: its event stream as plain views. Private to lib/yaml.
// It does not know what a scalar means.
#pragma once

#include "base/result.h"
#include "yaml/yaml.h"

#include <memory>
#include <optional>
#include <string_view>

namespace holdfast::yaml {

enum class EventKind {
  other,  // the stream's start, a document's end
  stream_end,
  document_start,
  alias,
  scalar,
  sequence_start,
  sequence_end,
  mapping_start,
  mapping_end,
};

// The views are good until the reader's next event.
struct Event {
  EventKind kind = EventKind::other;
  bool plain = false;       // a scalar without quotes and tag: its text decides its type
  std::string_view anchor;  // "" for none; of an alias the name it refers to
  std::string_view tag;     // of a scalar, in its long form
  std::string_view scalar;
  Position start;
};

class EventReader {
 public:
  EventReader(std::string_view text, std::string_view name);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  // Refuses with Code::yaml_syntax or Code::text_encoding at name:line:col.
  Result<> next(Event& event);

 private:
  struct State;

  Error problem() const;

  std::string_view text_;
  std::string_view name_;
  std::unique_ptr<State> state_;
};

// Where `key` stands for the second time in the mapping that starts at `start`.
std::optional<Position> locate_duplicate(std::string_view text, const Position& start,
                                         std::string_view key);

}  // namespace holdfast::yaml
