// SPDX-License-Identifier: Apache-2.0
#include "yaml/events.h"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast::yaml {
namespace {

std::string shown(const Event& event) {
  return fmt::format("{} {} '{}' '{}' '{}'", static_cast<int>(event.kind), event.plain, event.anchor,
                     event.tag, event.scalar);
}

bool has_node_at(const Event& event) {
  return event.kind == EventKind::scalar || event.kind == EventKind::mapping_start ||
         event.kind == EventKind::sequence_start;
}

// The events of the text, with the places of nodes; the last is the refusal, if there is one.
std::vector<std::string> events_of(std::string_view text, EventReader::Way way) {
  EventReader reader(text, "t", way);
  std::vector<std::string> out;
  Event event;
  while (event.kind != EventKind::stream_end) {
    const auto read = reader.next(event);
    if (!read) {
      out.push_back(read.error().message());
      break;
    }
    out.push_back(shown(event));
    if (has_node_at(event)) out.back() += place(" at", event.start);
  }
  return out;
}

// How far the quick ones come on their own.
std::size_t quick_events(std::string_view text) {
  QuickEvents quick(text);
  Event event;
  while (quick.next(event)) {
  }
  return quick.told();
}

struct Row {
  std::string_view text;
  bool quick = true;  // is libyaml not needed at all?
};

constexpr auto rows = std::to_array<Row>({
    {""},
    {"\n# c\n\n"},
    {"a: b"},
    {"a: b\n"},
    {"a:\n"},
    {"a:"},
    {"a:\n  b :"},
    {"a:\nb:\n"},
    {"a: # c\n  b: c # d\n# e\n   # f\n  g: h\n"},
    {"a:\n- b\n-\n- c: d\n  e: f\n-\n  g: h\ni: j\n"},
    {"a:\n  - b\n  - - c\n    - d\n  -   e: f\n      g:\n      - h\ni:\n"},
    {"- a\n- b: c\n  d: e\n-\n"},
    {"---\na: b\n---\n# c\nd: e\n--- # f\n- g\n"},
    {"a: 'it''s' # c\nb: \"x\\n\\t\\\"y\\\\\"\n'c d': e\n\"f\": g\nh : i\n"},
    {"a: |\n  x\n\n    y\n  z\n\nb: |-\n  x\n  \nc: |+\n  x\n\n\nd: e\n"},
    {"a: |\n  x"},
    {"a:\n  - |\n   x\n  - y\n"},
    {"a: [b, 'c', \"d\", [1, -2], {e: f, 'g': h,}, ]\ni: {}\nj: []\nk: {l: [], m: {n: o}}\n"},
    {"a: http://x:80/y#z\nb: a:b\nc: --flag=x\nd: -1\n"},
    {"a:\n  \"b\"\nc:\n  d\n"},
    {"é: ü\n日: [本, x]\n\"ß\": 'ñ' # €\nk: v\n", false},
    {"é: ü\n- 日\n", false},
    {"é: ü # €\nb: 'ñ'\n"},
    {"a: b\n  c\nd: e # f\n"},
    {"a: b\n\n  - c\n\n\n  d # e\nf:\n  g\n  h\n- i\n", false},
    {"a: b\n\n  - c\n\n\n  d # e\nf:\n  g\n  h\ni:\n- j\n k\n- l\n"},
    {"a: 'b  \n  c''d''\n\n\n\t e' # f\ng: h\n"},
    {"a: \"b \\t \n  \\\"c\n\n d\"\ne: f\n"},
    {"a: 'it''s  \n  b'\n"},
    {"a: >\n  b\n  c\n\n  d\n   e\n  f\n\n   g\n\n\nh: >-\n\n  i\n  j\nk: >+\n  l\n\n"},
    {"a: >-\n  b\n  c"},
    // What it leaves to libyaml.
    {"a: b\n  # c\nd: e\n"},
    {"a: b\n  c: d\n", false},
    {"a: b: c\n", false},
    {"a: - b\n", false},
    {"a\n", false},
    {"'a'\n", false},
    {"a: \"b\\\n  c\"\n", false},
    {"a: 'b\n---\n'\n", false},
    {"'a\n  b': c\n", false},
    {"a: b\n  c: d\n", false},
    {"a: b\n\tc\n", false},
    {"a\n  b\n", false},
    {"a: |2\n  b\n", false},
    {"a: |\nb: c\n", false},
    {"a: |\n    \n  x\n", false},
    {"a: &x b\nc: *x\n", false},
    {"a: !t b\n", false},
    {"? a\n: b\n", false},
    {"a:\tb\n", false},
    {"\ta: b\n", false},
    {"a: b\tc\n", false},
    {"a: b\r\n", false},
    {"a: \"\\x41\"\n", false},
    {"a: [b: c]\n", false},
    {"a: {\"b\":c}\n", false},
    {"a: [b\n", false},
    {"a: [b,\n  c]\n", false},
    {"[a]: b\n", false},
    {"- a\nb: c\n", false},
    {"a: b\n- c\n", false},
    {"a:\n    b: c\n  d: e\n", false},
    {"a: b\n...\n", false},
    {"%YAML 1.1\n---\na: b\n", false},
    {"---\n---\na: b\n", false},
    {"--- a\n", false},
    {"---a: b\n", false},
    {"a: @b\n", false},
    {"a: `b\n", false},
    {"a: %b\n", false},
    {"a: b\x7f\n", false},
    {"a: \xC2\x85 b\n", false},
    {"a: \xE2\x80\xA8 b\n", false},
    {"a: \xFF\n", false},
    {"a: \"b\" c\n", false},
    {"a: 'b'c: d\n", false},
    {"a: 'b'#c\n", false},
});

TEST(QuickEvents, AreLibyamls) {
  for (const auto& [text, quick] : rows) {
    const auto want = events_of(text, EventReader::Way::libyaml);
    EXPECT_EQ(events_of(text, EventReader::Way::quick_first), want) << text;
    EXPECT_EQ(quick_events(text) == want.size(), quick) << text;
  }
}

TEST(QuickEvents, LeaveWhatIsTooDeepOrTooLong) {
  std::string dashes;
  for (int i = 0; i < 300; ++i)
    dashes += "- ";
  const std::string list = "a: [" + std::string(3000, '1') + "]\n";
  const std::string key = std::string(1100, 'k') + ": v\n";
  for (const auto& text : {dashes, list, key}) {
    EXPECT_EQ(events_of(text, EventReader::Way::quick_first),
              events_of(text, EventReader::Way::libyaml));
    EXPECT_LT(quick_events(text), events_of(text, EventReader::Way::libyaml).size());
  }
}

}  // namespace
}  // namespace holdfast::yaml
