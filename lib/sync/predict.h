// SPDX-License-Identifier: Apache-2.0
// What applying a target would leave, asked of the API server (server-side apply as a dry run), and asked
// only when target or live object changed in what we own: an unchanged object costs no request.
// Mirrors argoproj/argo-cd 3.6 gitops-engine/pkg/diff/diff.go: serverSideDiff.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "kube/client.h"
#include "sync/compare.h"

namespace holdfast::sync {

// Thread-safe for different Applications; calls about one come one after the other.
class Predictor {
 public:
  explicit Predictor(kube::Client& client) : client_(client) {}

  enum class Ask { where_unknown, always };
  // For targets that live. Index by key; a refusal stands in its place.
  Predictions predict(const std::string& application, const Targets& targets, const Live& live, Ask ask = Ask::where_unknown);

  // After a comparison: these targets are equal to what lives.
  void remember(const std::string& application, const Targets& targets, const std::vector<Delta>& deltas);
  // After an apply of the whole target: what lives is what it asks for, so nobody has to be asked.
  void note_applied(const std::string& application, const Target& target, const Value& live);
  void forget(const std::string& application);

  [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
  struct Known {
    std::uint64_t target = 0;
    std::uint64_t live = 0;
    std::string version;  // the live object's resourceVersion: the same one needs no look at the object
    Prediction prediction;
  };
  using Table = std::map<Key, Known>;

  // What is known of an Application; outside the lock, because only its worker uses it.
  std::shared_ptr<Table> table_of(const std::string& application);

  kube::Client& client_;
  Guarded<std::map<std::string, std::shared_ptr<Table>>> known_;
  std::atomic<std::uint64_t> requests_ = 0;
};

// The live object's fields that we own, as a number: equal numbers, nothing of ours has changed.
std::uint64_t fingerprint(const Value& live);

}  // namespace holdfast::sync
