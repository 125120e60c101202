// SPDX-License-Identifier: Apache-2.0
// Any bytes: the reader refuses or returns, within its budgets; what it returns can be printed, is
// read again, and is then printed the same. A document's head is what the whole document has there.
// The quick events are libyaml's.
#include "yaml/events.h"
#include "yaml/yaml.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using holdfast::yaml::Dialect;

void check(std::string_view text, Dialect dialect) {
  const holdfast::yaml::Limits limits{.depth = 50, .bytes = 1 << 20, .nodes = 100'000};
  const auto documents = holdfast::yaml::parse_all(text, "fuzz", dialect, limits);
  if (!documents) return;
  for (const auto& document : *documents) {
    const auto printed = holdfast::yaml::write(document.value);
    const auto again = holdfast::yaml::parse_one(printed, "again", Dialect::kube);
    // A value whose text has DEL is printed raw, as upstream prints it, and refused as upstream
    // does.
    if (!again) continue;
    CHECK(holdfast::yaml::write(*again) == printed);
    static_cast<void>(holdfast::yaml::locate(text, document.index, "/a/0/b"));
  }
}

void check_head(std::string_view text) {
  constexpr holdfast::yaml::Limits limits{.depth = 50,
                                          .bytes = 1 << 20,
                                          .nodes = 100'000,
                                          .duplicates = holdfast::yaml::Duplicates::keep_last};
  constexpr auto keys = std::to_array<std::string_view>({"a", "kind"});
  const auto whole = holdfast::yaml::parse_one(text, "fuzz", Dialect::kube, limits);
  const auto head = holdfast::yaml::parse_head(text, "fuzz", Dialect::kube, limits, keys);
  CHECK(whole.has_value() == head.has_value());
  if (!whole) {
    CHECK(whole.error().message() == head.error().message());
    return;
  }
  CHECK(whole->kind() == head->kind());
  for (const auto key : keys) {
    const auto *one = whole->find(key), *other = head->find(key);
    CHECK((one == nullptr) == (other == nullptr));
    CHECK(one == nullptr || holdfast::yaml::write(*one) == holdfast::yaml::write(*other));
  }
}

void check_events(std::string_view text) {
  using holdfast::yaml::EventKind;
  using holdfast::yaml::EventReader;
  EventReader quick(text, "fuzz"), plain(text, "fuzz", EventReader::Way::libyaml);
  holdfast::yaml::Event mine, theirs;
  while (theirs.kind != EventKind::stream_end) {
    auto got = quick.next(mine);
    const auto want = plain.next(theirs);
    if (!want) {
      // libyaml looks ahead: it refuses earlier, and tells less of what is before.
      while (got && mine.kind != EventKind::stream_end)
        got = quick.next(mine);
      CHECK(!got && got.error().message() == want.error().message());
      return;
    }
    CHECK(got.has_value());
    CHECK(mine.kind == theirs.kind && mine.plain == theirs.plain && mine.scalar == theirs.scalar);
    CHECK(mine.anchor == theirs.anchor && mine.tag == theirs.tag);
    const bool node = theirs.kind == EventKind::scalar || theirs.kind == EventKind::mapping_start ||
                      theirs.kind == EventKind::sequence_start;
    CHECK(!node || mine.start == theirs.start);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, Dialect::kube);
  check(text, Dialect::kyaml);
  check_head(text);
  check_events(text);
  return 0;
}
