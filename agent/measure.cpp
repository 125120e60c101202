// SPDX-License-Identifier: Apache-2.0
#include "agent/measure.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/text.h"
#include "sync/names.h"
#include "sync/operation.h"
#include "sync/project.h"

namespace holdfast::agent {
namespace {

using Kind = MetricFamily::Kind;

std::string text_at(const Value& value, std::initializer_list<std::string_view> path, std::string_view absent = "") {
  const auto text = value.text(path);
  return std::string(text.empty() ? absent : text);
}

std::string server_of(const Value& application) {
  return text_at(application, {"spec", "destination", "server"}, sync::names::local_server);
}

// As upstream's NormalizeGitURL writes it: "https://git/fleet", "git@git/fleet".
std::string repository_of(const Value& application) {
  const Value* several = application.find_path({"spec", "sources"});
  const bool one = several == nullptr || several->as_array() == nullptr || several->as_array()->empty();
  const auto url = one ? application.text({"spec", "source", "repoURL"}) : several->as_array()->front().text({"repoURL"});
  auto text = sync::normalize_repository(url);
  if (text.starts_with("ssh://")) text.erase(0, 6);
  return text;
}

bool is_automated(const Value& application) {
  const Value* automated = application.find_path({"spec", "syncPolicy", "automated"});
  return automated != nullptr && automated->is_object() && sync::flag_of(automated->find("enabled"), sync::Absent::yes);
}

std::string operation_word(const Value& application) {
  if (application.find_path({"metadata", "deletionTimestamp"}) != nullptr) return "delete";
  return application.find("operation") != nullptr ? "sync" : "";
}

void measure_conditions(Metrics& metrics, const LabelValues& id, const Value& application) {
  std::map<std::string, int> counts;
  const Value* conditions = application.find_path({"status", "conditions"});
  if (conditions == nullptr || conditions->as_array() == nullptr) return;
  for (const auto& each : *conditions->as_array()) ++counts[text_at(each, {"type"})];
  for (const auto& [type, count] : counts) {
    LabelValues labels = id;
    labels.push_back(type);
    metrics.set("argocd_app_condition", labels, count);
  }
}

// An operation is counted when its end is seen for the first time.
void count_operation(Metrics& metrics, const LabelValues& id, const Value& application, Memory& memory) {
  const auto state = sync::decode_state(*application.find("status"));
  if (!state || !state->finished || !completed(state->phase)) return;
  const auto end = text_at(application, {"status", "operationState", "finishedAt"});
  const bool known = std::exchange(memory.counted_operation, end) == end;
  if (known) return;
  const auto operation = sync::decode_operation(state->operation);
  LabelValues labels = id;
  labels.push_back(server_of(application));
  const auto seconds = std::chrono::duration<double>(*state->finished - state->started).count();
  metrics.count("argocd_app_sync_duration_seconds_total", labels, seconds);
  labels.emplace_back(to_string(state->phase));
  labels.emplace_back(operation && operation->dry_run ? "true" : "false");
  metrics.count("argocd_app_sync_total", labels);
}

// "team-name" → "label_team_name", as upstream's NormalizeLabels.
std::string metric_label(const std::string& label) {
  std::string name = "label_" + label;
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '_'; }, '_');
  return name;
}

struct ApiPath {
  std::string resource, namespace_;
  bool named = false;
};

// "/apis/apps/v1/namespaces/shop/deployments/web" → deployments in shop, named.
ApiPath parse_path(std::string_view path) {
  auto parts = split(path, '/');
  const std::size_t lead = path.starts_with("/apis/") ? 4 : 3;  // the empty part before the first / counts
  if (!path.starts_with("/api") || parts.size() <= lead) return {};
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(lead));
  ApiPath out;
  if (parts.size() > 2 && parts[0] == "namespaces") {
    out.namespace_ = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  out.resource = parts[0];
  out.named = parts.size() > 1;
  return out;
}

std::string_view verb_of(std::string_view method, bool named) {
  if (method == "GET") return named ? "Get" : "List";
  if (method == "POST") return "Create";
  if (method == "PUT") return "Update";
  if (method == "PATCH") return "Patch";
  return method == "DELETE" ? "Delete" : "Unknown";
}

}  // namespace

std::vector<MetricFamily> metric_families(const std::vector<std::string>& shown) {
  const std::vector<std::string> id{"namespace", "name", "project"};
  const auto with = [&](std::initializer_list<const char*> more) {
    auto labels = id;
    for (const char* each : more) labels.emplace_back(each);
    return labels;
  };
  std::vector<MetricFamily> families{
          {"argocd_app_info", "Information about an application.", Kind::gauge,
           with({"autosync_enabled", "repo", "dest_server", "dest_namespace", "sync_status", "health_status", "operation"}), {}},
          {"argocd_app_condition", "Conditions of an application, by type.", Kind::gauge, with({"condition"}), {}},
          {"argocd_app_sync_total", "Operations that have ended.", Kind::counter, with({"dest_server", "phase", "dry_run"}), {}},
          {"argocd_app_sync_duration_seconds_total", "Seconds that operations took.", Kind::counter, with({"dest_server"}), {}},
          {"argocd_app_reconcile", "Time of one look at an application, in seconds.", Kind::histogram, {"namespace", "dest_server"},
           {0.01, 0.05, 0.25, 0.5, 1, 2, 4, 8, 16}},
          {"argocd_app_k8s_request_total", "Requests to the API server for an application.", Kind::counter,
           with({"server", "response_code", "verb", "resource_kind", "resource_namespace", "dry_run"}), {}},
          {"argocd_app_orphaned_resources_count", "Objects of the namespace that no application has.", Kind::gauge, id, {}},
          {"argocd_git_request_total", "Requests to repositories.", Kind::counter, {"repo", "request_type"}, {}},
          {"argocd_git_request_duration_seconds", "Time of requests to repositories, in seconds.", Kind::histogram,
           {"repo", "request_type"}, {0.1, 0.25, 0.5, 1, 2, 4, 10, 20}},
          {"argocd_git_lsremote_fail_total", "Listings of references that did not come.", Kind::counter, {"repo"}, {}},
          {"argocd_git_fetch_fail_total", "Fetches that did not succeed.", Kind::counter, {"repo"}, {}},
          {"argocd_cluster_info", "The cluster.", Kind::gauge, {"server", "k8s_version", "name"}, {}},
          {"argocd_cluster_connection_status", "1 while the cluster answers.", Kind::gauge, {"server", "k8s_version"}, {}},
          {"argocd_cluster_api_resources", "Kinds that are watched.", Kind::gauge, {"server"}, {}},
          {"argocd_cluster_api_resource_objects", "Objects that are known.", Kind::gauge, {"server"}, {}},
          {"argocd_cluster_events_total", "Changes of objects that were seen.", Kind::counter, {"server", "group", "kind"}, {}},
          {"holdfast_reconcile_errors_total", "Looks at applications that ended early.", Kind::counter, {"code"}, {}},
          {"holdfast_applications", "Applications known.", Kind::gauge, {}, {}},
          {"holdfast_dry_runs", "Dry runs asked of the API server.", Kind::gauge, {}, {}},
          {"holdfast_api_requests", "Requests to the API server since the start.", Kind::gauge, {"outcome"}, {}},
          {"holdfast_queue_depth", "Applications that wait for their turn.", Kind::gauge, {}, {}},
          {"workqueue_depth", "The same, as upstream calls it.", Kind::gauge, {"name"}, {}}};
  if (shown.empty()) return families;
  auto with_shown = id;
  for (const auto& each : shown) with_shown.push_back(metric_label(each));
  families.push_back({"argocd_app_labels", "Labels of an application.", Kind::gauge, std::move(with_shown), {}});
  return families;
}

void measure_application(Metrics& metrics, const ApplicationMeasured& measured, Memory& memory) {
  const LabelValues key{measured.namespace_, measured.name};
  metrics.forget("argocd_app_info", key);
  metrics.forget("argocd_app_condition", key);
  metrics.forget("argocd_app_orphaned_resources_count", key);
  if (!measured.labels.empty()) metrics.forget("argocd_app_labels", key);
  if (measured.application == nullptr) {
    metrics.forget("argocd_app_sync_total", key);
    metrics.forget("argocd_app_sync_duration_seconds_total", key);
    metrics.forget("argocd_app_k8s_request_total", key);
    return;
  }
  const Value& app = *measured.application;
  const LabelValues id{measured.namespace_, measured.name, text_at(app, {"spec", "project"}, "default")};
  if (memory.orphans) metrics.set("argocd_app_orphaned_resources_count", id, static_cast<double>(*memory.orphans));
  if (!measured.labels.empty()) {
    LabelValues labels = id;
    for (const auto& each : measured.labels) labels.push_back(text_at(app, {"metadata", "labels", each}));
    metrics.set("argocd_app_labels", labels, 1);
  }
  LabelValues info = id;
  for (auto& each : {std::string(is_automated(app) ? "true" : "false"), repository_of(app), server_of(app),
                     text_at(app, {"spec", "destination", "namespace"}), text_at(app, {"status", "sync", "status"}, "Unknown"),
                     text_at(app, {"status", "health", "status"}, "Unknown"), operation_word(app)}) {
    info.push_back(each);
  }
  metrics.set("argocd_app_info", info, 1);
  measure_conditions(metrics, id, app);
  if (app.find("status") != nullptr) count_operation(metrics, id, app, memory);
}

void measure_look(Metrics& metrics, const LookMeasured& look) {
  const std::string server(sync::names::local_server);
  metrics.observe("argocd_app_reconcile", {look.namespace_, server}, std::chrono::duration<double>(look.took).count());
  if (look.error != nullptr) metrics.count("holdfast_reconcile_errors_total", {std::string(row_of(look.error->code()).name)});
  const bool lost = look.error != nullptr && look.error->code() == Code::cluster_unreachable;
  metrics.set("argocd_cluster_connection_status", {server, look.server_version}, lost ? 0 : 1);
}

void measure_cluster(Metrics& metrics, const ClusterMeasured& measured) {
  const std::string server(sync::names::local_server);
  metrics.set("argocd_cluster_info", {server, measured.client.server_version(), measured.store.configuration()->settings.clusters.local_name().value_or("")}, 1);
  metrics.set("argocd_cluster_api_resources", {server}, static_cast<double>(measured.cluster.watched_kinds()));
  metrics.set("argocd_cluster_api_resource_objects", {server}, static_cast<double>(measured.cluster.known_objects()));
  for (const auto& [kind, count] : measured.cluster.events_seen()) {
    metrics.set("argocd_cluster_events_total", {server, kind.first, kind.second}, static_cast<double>(count));
  }
  metrics.set("holdfast_applications", {}, static_cast<double>(measured.store.application_count()));
  metrics.set("holdfast_dry_runs", {}, static_cast<double>(measured.predictor.requests()));
  const auto waiting = static_cast<double>(measured.queue.waiting());
  metrics.set("holdfast_queue_depth", {}, waiting);
  metrics.set("workqueue_depth", {"app_reconciliation_queue"}, waiting);
  const auto traffic = measured.client.traffic();
  metrics.set("holdfast_api_requests", {"sent"}, static_cast<double>(traffic.calls));
  metrics.set("holdfast_api_requests", {"throttled"}, static_cast<double>(traffic.throttled));
  metrics.set("holdfast_api_requests", {"lost"}, static_cast<double>(traffic.lost));
}

void measure_git(Metrics& metrics, const git::Asked& asked) {
  const bool listing = asked.what == git::Asked::What::listing;
  const LabelValues labels{asked.url, listing ? "ls-remote" : "fetch"};
  metrics.count("argocd_git_request_total", labels);
  metrics.observe("argocd_git_request_duration_seconds", labels, std::chrono::duration<double>(asked.took).count());
  if (!asked.answered) metrics.count(listing ? "argocd_git_lsremote_fail_total" : "argocd_git_fetch_fail_total", {asked.url});
}

void RequestMeter::work_on(const Value* application) {
  auto subjects = subjects_.lock();
  if (application == nullptr) {
    subjects->erase(std::this_thread::get_id());
    return;
  }
  const Value* dry = application->find_path({"operation", "sync", "dryRun"});
  (*subjects)[std::this_thread::get_id()] = {{text_at(*application, {"metadata", "namespace"}), text_at(*application, {"metadata", "name"}),
                                              text_at(*application, {"spec", "project"}, "default")},
                                             sync::flag_of(dry)};
}

void RequestMeter::count(const kube::Answered& answered) {
  Subject subject;
  {
    auto subjects = subjects_.lock();
    if (const auto found = subjects->find(std::this_thread::get_id()); found != subjects->end()) subject = found->second;
  }
  const auto path = parse_path(answered.path);
  LabelValues labels = subject.id;
  for (auto& each : {std::string(sync::names::local_server), std::to_string(answered.status),
                     std::string(verb_of(answered.method, path.named)), path.resource, path.namespace_,
                     std::string(subject.dry_run ? "true" : "false")}) {
    labels.push_back(each);
  }
  metrics_.count("argocd_app_k8s_request_total", labels);
}

}  // namespace holdfast::agent
