// SPDX-License-Identifier: Apache-2.0
// One kind as a stream of changes that never loses one: list, watch from there, and list again when
// the server has forgotten our place (410). It keeps name, uid and version of each object, so that
// what vanished between two lists is reported as deleted. It does not know who looks at the events.
// Mirrors: the reflector of k8s.io/client-go v0.37 tools/cache.
#pragma once

#include "base/result.h"
#include "kube/client.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace holdfast::kube {

struct WatchEvent {
  enum class Kind {
    added,
    modified,
    deleted,  // after a new list the object has only apiVersion, kind, name, namespace and uid
    synced,   // everything that a list held has been reported; after trouble also: the server
              // watches on from the last place
    trouble,  // the view grows old since now; watch() goes on trying, and synced ends it
    rewound,  // the server's versions have gone back, as after a restore: what is known of them counts no more. All
              // objects are reported again, then synced
  };

  Kind kind = Kind::synced;
  Value object;
  std::string resource_version;  // of the list or the last place, for synced
  std::optional<Error> error;    // for trouble
};

using WatchHandler = std::function<void(WatchEvent&&)>;

struct WatchTimes {
  Duration first_pause = std::chrono::milliseconds(250);
  Duration longest_pause = std::chrono::seconds(30);
  // The server sends a bookmark about once a minute; longer silence is a dead connection, or a server that has gone
  // back behind our place and waits until it has passed it. Either way the kind is listed again.
  Duration silence_max = std::chrono::seconds(150);
};

// Blocks until `stop`, and calls `handler` on this thread. Ends earlier only with what no waiting
// mends: Code::kind_unknown (the kind is not served any more) or Code::forbidden.
Result<> watch(Client& client, const KindInfo& kind, const ListOptions& options,
               const WatchHandler& handler, const std::stop_token& stop,
               const WatchTimes& times = {});

// One line of a watch's body.
struct StreamEvent {
  enum class Type { added, modified, deleted, bookmark, error };

  Type type;
  Value object;
};

// Cuts a watch's body into its events, however the bytes arrive.
class StreamDecoder {
 public:
  // Calls `use` for each complete event; its refusal ends the feeding. Refuses with
  // Code::json_syntax, Code::wrong_type, or Code::limit for an event above 32 MiB.
  Result<> feed(std::string_view bytes, const std::function<Result<>(StreamEvent&&)>& use);

 private:
  std::string partial_;
};

}  // namespace holdfast::kube
