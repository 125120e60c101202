// SPDX-License-Identifier: Apache-2.0
// A piece of YAML's syntax as plain views. Private to lib/yaml.
#pragma once

#include "yaml/yaml.h"

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
  bool plain = false;       // a scalar without quotes and tag (or with the tag "!"): its text decides its type
  std::string_view anchor;  // "" for none; of an alias the name it refers to
  std::string_view tag;     // of a scalar, in its long form
  std::string_view scalar;
  Position start;
};

}  // namespace holdfast::yaml
