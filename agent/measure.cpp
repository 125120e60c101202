// SPDX-License-Identifier: Apache-2.0
#include "agent/measure.h"

#include <map>

#include "sync/names.h"
#include "sync/operation.h"

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

std::string repository_of(const Value& application) {
  const Value* several = application.find_path({"spec", "sources"});
  if (several == nullptr || several->as_array() == nullptr || several->as_array()->empty()) {
    return text_at(application, {"spec", "source", "repoURL"});
  }
  return text_at(several->as_array()->front(), {"repoURL"});
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

}  // namespace

std::vector<MetricFamily> metric_families() {
  const std::vector<std::string> id{"namespace", "name", "project"};
  const auto with = [&](std::initializer_list<const char*> more) {
    auto labels = id;
    for (const char* each : more) labels.emplace_back(each);
    return labels;
  };
  return {{"argocd_app_info", "Information about an application.", Kind::gauge,
           with({"autosync_enabled", "repo", "dest_server", "dest_namespace", "sync_status", "health_status", "operation"}), {}},
          {"argocd_app_condition", "Conditions of an application, by type.", Kind::gauge, with({"condition"}), {}},
          {"argocd_app_sync_total", "Operations that have ended.", Kind::counter, with({"dest_server", "phase", "dry_run"}), {}},
          {"argocd_app_sync_duration_seconds_total", "Seconds that operations took.", Kind::counter, with({"dest_server"}), {}},
          {"argocd_app_reconcile", "Time of one look at an application, in seconds.", Kind::histogram, {"namespace", "dest_server"},
           {0.01, 0.05, 0.25, 0.5, 1, 2, 4, 8, 16}},
          {"argocd_cluster_info", "The cluster.", Kind::gauge, {"server", "k8s_version", "name"}, {}},
          {"argocd_cluster_connection_status", "1 while the cluster answers.", Kind::gauge, {"server", "k8s_version"}, {}},
          {"argocd_cluster_api_resources_count", "Kinds that are watched.", Kind::gauge, {"server"}, {}},
          {"argocd_cluster_api_resource_objects", "Objects that are known.", Kind::gauge, {"server"}, {}},
          {"holdfast_reconcile_errors_total", "Looks at applications that ended early.", Kind::counter, {"code"}, {}},
          {"holdfast_applications", "Applications known.", Kind::gauge, {}, {}},
          {"holdfast_dry_runs", "Dry runs asked of the API server.", Kind::gauge, {}, {}},
          {"holdfast_api_requests", "Requests to the API server since the start.", Kind::gauge, {"outcome"}, {}},
          {"holdfast_queue_depth", "Applications that wait for their turn.", Kind::gauge, {}, {}}};
}

void measure_application(Metrics& metrics, const std::string& namespace_name, const std::string& name,
                         const Value* application, Memory& memory) {
  metrics.forget("argocd_app_info", {namespace_name, name});
  metrics.forget("argocd_app_condition", {namespace_name, name});
  if (application == nullptr) {
    metrics.forget("argocd_app_sync_total", {namespace_name, name});
    metrics.forget("argocd_app_sync_duration_seconds_total", {namespace_name, name});
    return;
  }
  const Value& app = *application;
  const LabelValues id{namespace_name, name, text_at(app, {"spec", "project"}, "default")};
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

void measure_look(Metrics& metrics, Context& context, const LookMeasured& look) {
  const std::string server(sync::names::local_server);
  metrics.observe("argocd_app_reconcile", {look.namespace_, server}, std::chrono::duration<double>(look.took).count());
  if (look.error != nullptr) metrics.count("holdfast_reconcile_errors_total", {std::string(row_of(look.error->code()).name)});
  const auto& version = context.client.server_version();
  metrics.set("argocd_cluster_info", {server, version, std::string(sync::names::local_name)}, 1);
  const bool lost = look.error != nullptr && look.error->code() == Code::cluster_unreachable;
  metrics.set("argocd_cluster_connection_status", {server, version}, lost ? 0 : 1);
  metrics.set("argocd_cluster_api_resources_count", {server}, static_cast<double>(context.cluster.watched_kinds()));
  metrics.set("argocd_cluster_api_resource_objects", {server}, static_cast<double>(context.cluster.known_objects()));
  metrics.set("holdfast_applications", {}, static_cast<double>(context.store.application_names().size()));
  metrics.set("holdfast_dry_runs", {}, static_cast<double>(context.predictor.requests()));
  metrics.set("holdfast_queue_depth", {}, static_cast<double>(context.queue.waiting()));
  const auto traffic = context.client.traffic();
  metrics.set("holdfast_api_requests", {"sent"}, static_cast<double>(traffic.calls));
  metrics.set("holdfast_api_requests", {"throttled"}, static_cast<double>(traffic.throttled));
  metrics.set("holdfast_api_requests", {"lost"}, static_cast<double>(traffic.lost));
}

}  // namespace holdfast::agent
