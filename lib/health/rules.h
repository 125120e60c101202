// SPDX-License-Identifier: Apache-2.0
// Health of kinds that say in their status how they are, as rows: the first whose terms all hold
// gives the status. Pure.
#pragma once

#include "health/health.h"

#include <array>
#include <string_view>

namespace holdfast::health {

// Terms, separated by " and ":
//   Ready=True          a condition of that type has that status, or one of A|B; both may be globs
//   Ready=False(A|B)    and its reason or message is one of these globs; !Error: its severity is
//   no Ready            no condition of that type
//   /status/phase=A|B   the value there is one of these: texts, numbers, true and false
//   /status/phase!=A|B  there is a value and it is another one
//   no /status/phase    nothing is there: absent, null, "" or empty
//   has /status/phase
//   /status/ready</spec/replicas   numbers, 0 when absent; with a * on both sides those of one
//                       element are compared, with one on the right only their sum counts
//   behind              the controller has not seen the current generation
//   stale               a condition is of an earlier generation
//   otherwise           always
// In a path * stands for every element of a list and every member of an object. A condition of an
// earlier generation is as good as none.
struct Rule {
  std::string_view when;
  Status status = Status::healthy;
  // "": what the condition or the object's status says itself.
  std::string_view message;
};

struct KindRules {
  std::string_view group, kinds;  // globs by spaces
  std::array<Rule, 16> rules;     // up to the first with an empty `when`
  std::string_view conditions = "/status/conditions";  // paths by spaces
};

// Nothing when no row holds: the kind has no health then.
std::optional<Health> judge(const KindRules& kind, const Value& live);

// The rules of the object's kind; null when there are none.
const KindRules* find_rules(std::string_view group, std::string_view kind);

}  // namespace holdfast::health
