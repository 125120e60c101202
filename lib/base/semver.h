// SPDX-License-Identifier: Apache-2.0
// Semantic versions and ranges over them, as the Go programs around us understand them.
// Mirrors github.com/Masterminds/semver v3.4.0: version.go (loose NewVersion), constraints.go.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::semver {

struct Version {
  std::uint64_t major = 0, minor = 0, patch = 0;
  std::string prerelease, metadata;
  std::string original;  // as it was written

  // "v1", "1.2" and "01.2.3" are versions; nothing when the text is none.
  static std::optional<Version> parse(std::string_view text);

  [[nodiscard]] std::string to_string() const;  // "1.2.3-rc.1+build"
};

// Precedence: metadata does not count.
std::strong_ordering compare(const Version& a, const Version& b);

// ">=1.2, <2", "~1.2.3", "^1", "1.x", "1.2 - 1.4", "a || b".
class Range {
 public:
  // Nothing when the text is no range. A plain version is a range too: "1.2" is "1.2.x".
  static std::optional<Range> parse(std::string_view text);

  // A prerelease matches only where one is named in the same alternative.
  [[nodiscard]] bool contains(const Version& version) const;

 private:
  enum class Operator { equal, not_equal, greater, less, at_least, at_most, tilde, caret };

  struct Condition {
    Operator op = Operator::equal;
    Version version;
    bool dirty = false;  // something was left out or is a wildcard
    bool minor_dirty = false, patch_dirty = false;
  };

  struct Scanner;

  static std::optional<Condition> parse_condition(Scanner& scanner);
  static std::optional<std::vector<Condition>> parse_conditions(std::string_view text);
  static bool holds(const Condition& condition, const Version& version);
  static bool holds_not_equal(const Condition& condition, const Version& version);
  static bool holds_greater(const Condition& condition, const Version& version);
  static bool holds_at_most(const Condition& condition, const Version& version);
  static bool holds_tilde(const Condition& condition, const Version& version);
  static bool holds_caret(const Condition& condition, const Version& version);

  std::vector<std::vector<Condition>> alternatives_;
};

}  // namespace holdfast::semver
