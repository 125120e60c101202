// SPDX-License-Identifier: Apache-2.0
// Semantic versions and constraints as Helm reads them (kubeVersion, dependency ranges,
// semverCompare). Mirrors Masterminds/semver v3.5.0, version.go and constraints.go.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::gotmpl {

struct Version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string pre_release;
  std::string metadata;  // ignored by comparisons
  std::string original;

  // Accepts "1", "v1.2", "1.2.3-rc.1+build" and leading zeros. Refuses with Code::wrong_type.
  static Result<Version> parse(std::string_view text);
  // Exactly three numbers and no "v", as charts' own versions must be.
  static Result<Version> parse_strict(std::string_view text);
  [[nodiscard]] std::string print() const;  // "1.2.3-rc.1+build"
};

std::strong_ordering compare(const Version& left, const Version& right);

class Constraints {
 public:
  // ">=1.19-0 <2 || ~3.1". Refuses with Code::wrong_type: improper constraint: "…".
  static Result<Constraints> parse(std::string_view text);
  [[nodiscard]] bool allow(const Version& version) const;

 private:
  struct Constraint {
    enum class Operator : std::uint8_t {
      equal, not_equal, greater, less, greater_equal, less_equal, tilde, caret
    };
    Operator op;
    Version version;
    bool dirty;        // a part is missing or a wildcard
    bool minor_dirty;
    bool patch_dirty;
  };
  struct Alternative {
    std::vector<Constraint> all;
    bool pre_releases = false;  // one of them names a pre-release
  };
  class Reader;
  static bool holds(const Constraint& constraint, const Version& version);
  std::vector<Alternative> alternatives_;
};

}  // namespace holdfast::gotmpl
