// SPDX-License-Identifier: Apache-2.0
// The Application object, decoded: one line per field, unknown fields ignored. What must go back
// verbatim (sources, comparedTo, the operation) stays a Value. It does not know how it is fetched.
// Mirrors argoproj/argo-cd 3.6 pkg/apis/application/v1alpha1/types.go: Application.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sync/options.h"
#include "value/value.h"

namespace holdfast::sync {

struct Source {
  std::string repo_url;
  std::string path;
  std::string target_revision;
  std::string chart;
  std::string ref;
  std::string tag_prefix;
  Value raw;  // the whole object: the renderer's options, and what status repeats

  // A source that only lends its files to others by `$ref`.
  [[nodiscard]] bool reference_only() const { return !ref.empty() && path.empty() && chart.empty(); }
  bool operator==(const Source& other) const { return raw == other.raw; }
};

struct Destination {
  std::string server;
  std::string name;
  std::string namespace_;

  bool operator==(const Destination&) const = default;
};

struct Automated {
  bool prune = false;
  bool self_heal = false;
  bool allow_empty = false;
};

struct RetryPolicy {
  std::int64_t limit = 0;  // 0: no retry; below 0: for ever
  Duration duration = std::chrono::seconds(5);
  std::int64_t factor = 2;
  Duration most = std::chrono::minutes(3);
  bool refresh = false;

  // The pause before attempt `count` + 1.
  [[nodiscard]] Duration delay(std::int64_t count) const;
};

struct IgnoreRule {
  std::string group, kind, name, namespace_;  // group and kind are globs; name and namespace exact
  std::vector<std::string> pointers;
  std::vector<std::string> jq;
  std::vector<std::string> managers;
};

struct Application {
  std::string name;
  std::string namespace_;
  std::string control_namespace;  // the engine's
  std::string instance;           // what tracking calls it: see instance_name()
  std::string uid;
  std::string project;
  Destination destination;
  std::vector<Source> sources;  // never empty; one for `source`
  bool multi_source = false;
  std::optional<Automated> automated;
  Options options;  // spec.syncPolicy.syncOptions
  std::optional<RetryPolicy> retry;
  Value retry_raw;
  Value namespace_metadata;  // spec.syncPolicy.managedNamespaceMetadata, null when absent
  std::vector<IgnoreRule> ignore;
  Value ignore_raw;
  std::size_t history_limit = 10;
  std::vector<std::string> finalizers;
  std::optional<WallTime> deleted;  // metadata.deletionTimestamp
  Value object;                     // as the API server gave it, or ahead of it:
  std::shared_ptr<const Value> told;  // then what the API server has; else null

  [[nodiscard]] const Value* operation() const { return object.find("operation"); }
  [[nodiscard]] const Value& status() const;
  [[nodiscard]] const Value& spec() const;
  [[nodiscard]] std::string_view annotation(std::string_view annotation_name) const;
  [[nodiscard]] bool has_finalizer(std::string_view finalizer) const;
  // Is the confirmation of a deletion or prune that was asked for at `since` given?
  [[nodiscard]] bool approved(WallTime since) const;
};

// `control_namespace`: the engine's; who does not know it takes the status's word, and where that says nothing
// the Application's own. Refuses with Code::application_spec when there is no source or the types are wrong.
Result<Application> decode_application(Value object, std::string_view control_namespace = {});

Source decode_source(const Value& value);
RetryPolicy decode_retry(const Value& value);
std::vector<IgnoreRule> decode_ignore_rules(const Value* rules);
std::optional<Duration> parse_go_duration(std::string_view text);  // "1h2m3.5s", "180s"

std::string_view text_of(const Value* value);  // "" when absent or no string
enum class Absent { no, yes };  // what a flag that is not there says
bool flag_of(const Value* value, Absent absent = Absent::no);
std::int64_t int_of(const Value* value, std::int64_t absent);
std::vector<std::string> strings_of(const Value* value);

}  // namespace holdfast::sync
