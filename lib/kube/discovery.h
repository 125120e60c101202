// SPDX-License-Identifier: Apache-2.0
// Which kinds a cluster serves. Pure: text in, catalog out; the client fetches and caches it.
// Mirrors: k8s.io/api v0.37 apidiscovery/v2 (aggregated discovery).
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::kube {

struct KindInfo {
  std::string group;
  std::string version;
  std::string kind;
  std::string resource;  // plural, as in paths
  bool namespaced = false;
  bool preferred = false;  // the group's first version that serves the kind
  std::vector<std::string> verbs;
  std::vector<std::string> subresources;  // "status", "scale", …

  [[nodiscard]] std::string api_version() const;
  [[nodiscard]] bool has_verb(std::string_view verb) const;
};

// A group's version whose own server does not answer: its kinds are unknown, never absent.
struct StaleVersion {
  std::string group;
  std::string version;
};

class Catalog {
 public:
  // Adds the groups of one APIGroupDiscoveryList (the answer of /api or of /apis).
  Result<> add(const Value& list);

  [[nodiscard]] const KindInfo* find(std::string_view api_version, std::string_view kind) const;

  [[nodiscard]] const std::vector<KindInfo>& kinds() const { return kinds_; }

  [[nodiscard]] const std::vector<StaleVersion>& stale() const { return stale_; }

  [[nodiscard]] bool is_stale(std::string_view api_version) const;

 private:
  void add_version(const std::string& group, const Value& version);

  std::vector<KindInfo> kinds_;
  std::vector<StaleVersion> stale_;
  std::map<std::pair<std::string, std::string>, std::size_t, std::less<>> by_name_;
};

}  // namespace holdfast::kube
