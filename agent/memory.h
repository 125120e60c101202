// SPDX-License-Identifier: Apache-2.0
// What is remembered of an Application between two reconciliations. Losing it costs time and nothing else: all
// truth is in Git and in the API server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sync/target.h"

namespace holdfast::agent {

// The rendered state of one set of pinned sources.
struct Rendered {
  std::vector<std::string> revisions;     // commits
  std::vector<std::string> source_types;
  std::shared_ptr<const sync::Targets> targets;
  Value question;                         // what of the Application was rendered: question_of()
  std::uint64_t served = 0;               // hash of what the cluster served then, which charts ask for
  std::uint64_t configuration = 0;        // the settings' generation
};

struct Memory {
  std::optional<Rendered> rendered;  // of the spec
  std::optional<Error> refusal;        // why there is none
  std::uint64_t refused_access = 0;    // the store's access_generation() of then
  std::optional<SteadyTime> resolved;  // when Git was asked last
  std::optional<SteadyTime> anew;      // when everything was last rendered anew
  std::minstd_rand random{std::random_device{}()};
  enum class Asking { nothing, now, anew } asking = Asking::nothing;  // what a look that left before its answer wanted
  std::optional<Rendered> operation;   // of the running operation, when it differs
  std::uint64_t configuration = 0;
  std::string counted_operation;       // the end of the operation that metrics have counted last
  std::optional<std::size_t> orphans;  // of the last comparison, where the project asks for them

  // Between two looks the targets are packed: most Applications are looked at seldom. No `rendered->targets`
  // is there while the memory rests.
  void wake();
  void rest();

 private:
  std::shared_ptr<const sync::PackedTargets> packed_;
  std::shared_ptr<const sync::Targets> unpacked_;  // from packed_
};

}  // namespace holdfast::agent
