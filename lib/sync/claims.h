// SPDX-License-Identifier: Apache-2.0
// What each Application's sources have, as they were rendered last: nobody removes it on behalf of another Application, nor the
// namespace or the definition of a kind that it needs. An object that moved from one Application to another, one that two of
// them have, and all of a renamed one are kept that way; upstream removes such objects and makes them anew.
// Thread-safe. It does not know what lives.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "sync/target.h"

namespace holdfast::sync {

class Claims {
 public:
  // May the Application have the object at all? What it may not have it cannot keep others from removing.
  using IsPermitted = std::function<bool(const Target& target)>;

  void put(const std::string& application, const Targets& targets, const IsPermitted& is_permitted);
  // It was looked at, and had nothing to say: it keeps what it had.
  void note_look(const std::string& application);
  // It is gone, or going.
  void drop(const std::string& application);

  struct Objection {
    std::string application;  // that has it; "" for the one that asks
    std::string text;
  };

  // Why `application` does not remove the object; nothing when it may. `own`: what it is made of itself, or null.
  [[nodiscard]] std::optional<Objection> objection(const std::string& application, const Targets* own, const Value& live) const;
  // The first of these that nobody has looked at yet: it may want anything.
  [[nodiscard]] std::optional<std::string> unknown_of(const std::vector<std::string>& applications) const;

 private:
  struct Claimed {
    std::vector<std::uint64_t> objects;  // hashes of their keys, sorted: there may be very many
    std::set<std::string> namespaces;
    std::set<std::pair<std::string, std::string>> kinds;
  };

  mutable Guarded<std::map<std::string, Claimed>> claimed_;
};

}  // namespace holdfast::sync
