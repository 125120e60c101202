// SPDX-License-Identifier: Apache-2.0
// The events of a text: quickly where it is plain, from libyaml, to which this is the door, where it
// is not. Private to lib/yaml. It does not know what a scalar means.
#pragma once

#include "base/result.h"
#include "yaml/event.h"
#include "yaml/quick_events.h"

#include <memory>
#include <optional>
#include <string_view>

namespace holdfast::yaml {

class EventReader {
 public:
  enum class Way { quick_first, libyaml };  // the same events; tests compare them

  EventReader(std::string_view text, std::string_view name, Way way = Way::quick_first);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  // Refuses with Code::yaml_syntax or Code::text_encoding at name:line:col.
  Result<> next(Event& event);

 private:
  struct State;  // libyaml's

  Result<> read(Event& event);
  Error problem() const;

  std::string_view text_;
  std::string_view name_;
  QuickEvents quick_;
  std::unique_ptr<State> state_;  // once the quick ones are over
};

struct Twins {
  Position first, second;
};

// Where `key` stands for the first and the second time in the mapping that starts at `start`.
std::optional<Twins> locate_duplicate(std::string_view text, const Position& start,
                                      std::string_view key);

}  // namespace holdfast::yaml
