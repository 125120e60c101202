// SPDX-License-Identifier: Apache-2.0
// v1 Events about objects. The same remark again raises the count of the Event that is there; an
// object that chatters is cut off. Writing an Event is never worth a failure: problems are logged
// at debug level and forgotten. Thread-safe. Mirrors: k8s.io/client-go v0.37 tools/record (names,
// count bump, spam filter of 25 and one per 5 minutes), without its aggregation of similar
// messages.
#pragma once

#include "base/clock.h"
#include "base/guarded.h"
#include "kube/client.h"

#include <cstdint>
#include <map>
#include <string>

namespace holdfast::kube {

enum class EventType { normal, warning };

struct Remark {
  Identity about;
  std::string uid;               // of the object
  std::string resource_version;  // of the object, or ""
  EventType type = EventType::normal;
  std::string reason;   // "ResourceUpdated"
  std::string message;  // at most 1,024 bytes are kept
};

class EventRecorder {
 public:
  // `component` and `instance` as the Event's source: "holdfast-agent" and the pod's name.
  EventRecorder(Client& client, std::string component, std::string instance)
      : client_(client), component_(std::move(component)), instance_(std::move(instance)) {}

  void record(const Remark& remark);

 private:
  struct Written {
    std::string name;
    std::int64_t count = 1;
    SteadyTime last{};
  };

  struct Budget {
    double tokens = 0;
    SteadyTime last{};
  };

  struct State {
    std::map<std::string, Written> written;  // by object, type, reason and message
    std::map<std::string, Budget> budgets;   // by object
  };

  bool spend(const Remark& remark);
  Result<> write(const Remark& remark, const std::string& key);
  [[nodiscard]] Value new_event(const Remark& remark, const std::string& name,
                                const std::string& time) const;

  Client& client_;
  const std::string component_;
  const std::string instance_;
  Guarded<State> state_;
};

}  // namespace holdfast::kube
