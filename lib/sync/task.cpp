// SPDX-License-Identifier: Apache-2.0
#include "sync/task.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/ascii.h"
#include "base/text.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

constexpr std::string_view kind_order[] = {
    "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass",
    "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole",
    "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList",
    "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController",
    "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService"};

auto rank_of(std::string_view kind) { return std::ranges::find(kind_order, kind) - std::begin(kind_order); }

bool runs_before(const Task& left, const Task& right) {
  const auto order = [](const Task& task) {
    return std::tuple(task.phase, task.wave, rank_of(task.key.kind), std::string_view(task.result_key.name));
  };
  return order(left) < order(right);
}

// What the operation was asked to sync: everything, or what its selectors name.
class Selection {
 public:
  explicit Selection(const std::vector<Selector>& selectors) : everything_(selectors.empty()) {
    for (const auto& each : selectors) namespaces_[{each.group, each.kind, each.name}].insert(each.namespace_);
  }

  [[nodiscard]] bool holds(const Key& key) const {
    if (everything_) return true;
    const auto found = namespaces_.find({key.group, key.kind, key.name});
    return found != namespaces_.end() && (found->second.contains("") || found->second.contains(key.namespace_));
  }

 private:
  using Named = std::tuple<std::string, std::string, std::string>;

  bool everything_;
  std::map<Named, std::set<std::string>> namespaces_;  // "": any
};

Key with_namespace(Key key, const std::string& namespace_) {
  if (key.namespace_.empty()) key.namespace_ = namespace_;
  return key;
}

// What lives without a namespace and has a target with one is that target, taken for namespaced while nobody served its kind.
bool is_target_elsewhere(const Targets& targets, const Delta& delta) {
  if (delta.target != nullptr || !delta.key.namespace_.empty()) return false;
  return std::ranges::any_of(targets.objects, [&](const Target& each) {
    return each.key.group == delta.key.group && each.key.kind == delta.key.kind && each.key.name == delta.key.name;
  });
}

Task object_task(const SyncRequest& request, const Delta& delta) {
  Task task;
  task.key = delta.key;
  task.result_key = delta.target == nullptr ? delta.key : with_namespace(delta.key, request.namespace_);
  task.version = delta.version;
  task.target = delta.target;
  task.live = delta.live;
  task.wave = delta.target != nullptr ? delta.wave : wave_of(*delta.live);
  task.modified = delta.match != Match::same;
  task.exact = delta.exact;
  return task;
}

std::string generated_name(const SyncRequest& request, const Value& hook, Phase phase) {
  const auto revision = request.revision.size() >= 8 ? request.revision.substr(0, 7) : request.revision;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(request.started.time_since_epoch());
  const auto suffix = fmt::format("{}-{}-{}", revision, to_string(phase), seconds.count());
  return std::string(hook.text({"metadata", "generateName"})) + ascii_lower(suffix);
}

Task hook_task(const SyncRequest& request, const Target& hook, Phase phase, const Live& live) {
  Task task;
  task.phase = phase;
  task.is_hook = true;
  Value object = *hook.object;
  task.key = hook.key;
  if (task.key.name.empty()) {
    task.key.name = generated_name(request, object, phase);
    object["metadata"]["name"] = task.key.name;
    object["metadata"].as_object()->erase("generateName");
    if (!annotation(object, names::tracking_id).empty()) {
      object["metadata"]["annotations"][names::tracking_id] =
          to_string(TrackingId{request.application, with_namespace(task.key, request.namespace_)});
    }
  }
  Value& finalizers = object["metadata"]["finalizers"];
  if (!finalizers.is_array()) finalizers = Array{};
  if (std::ranges::find(*finalizers.as_array(), Value(names::hook_finalizer)) == finalizers.as_array()->end()) {
    finalizers.as_array()->emplace_back(names::hook_finalizer);
  }
  task.result_key = with_namespace(task.key, request.namespace_);
  task.version = hook.version;
  task.wave = hook.wave;
  task.policy = delete_policy_of(object);
  task.target = std::make_shared<const Value>(std::move(object));
  const auto found = live.find(task.key);
  if (found != live.end()) task.live = found->second;
  return task;
}

bool is_namespace(const Key& key, const std::string& name) {
  return key.group.empty() && key.kind == "Namespace" && key.name == name;
}

void add_namespace_task(const SyncRequest& request, const Targets& targets, std::vector<Task>& tasks) {
  if (!request.operation.options.has("CreateNamespace=true") || request.namespace_.empty()) return;
  const auto declared = [&](const Target& each) { return is_namespace(each.key, request.namespace_); };
  if (std::ranges::any_of(targets.objects, declared) || std::ranges::any_of(targets.hooks, declared)) return;
  Task task;
  task.phase = Phase::presync;
  task.key = task.result_key = {"", "Namespace", "", request.namespace_};
  if (request.live_namespace != nullptr && request.namespace_metadata.is_null()) return;
  task.version = "v1";
  task.makes_namespace = true;
  task.target = std::make_shared<const Value>(namespace_object(request.namespace_, request.namespace_metadata));
  task.live = request.live_namespace;
  tasks.push_back(std::move(task));
}

// Removal runs in the reverse order of creation: the waves of prunes are swapped, first with last.
void reverse_prune_waves(std::vector<Task>& tasks) {
  std::set<int> waves;
  for (const auto& task : tasks) {
    if (task.prune()) waves.insert(task.wave);
  }
  std::map<int, int> swapped;
  auto last = waves.rbegin();
  for (const int wave : waves) swapped[wave] = *last++;
  for (auto& task : tasks) {
    if (task.prune()) task.wave = swapped[task.wave];
  }
}

void move_prunes_last(const Options& options, std::vector<Task>& tasks) {
  int last = 0;
  for (const auto& task : tasks) {
    if (task.phase == Phase::sync) last = std::max(last, task.wave);
  }
  for (auto& task : tasks) {
    const bool asked = options.has("PruneLast=true") || has_option(task.live.get(), "PruneLast=true");
    if (task.prune() && asked) task.wave = last + 1;
  }
}

// A namespace comes before what is in it and a CRD before its objects, whatever their waves are.
void pull_forward(std::vector<Task>& tasks) {
  const auto move_before = [&](std::size_t from, const auto& depends) {
    for (std::size_t i = 0; i < from; ++i) {
      if (!depends(tasks[i])) continue;
      tasks[from].phase = tasks[i].phase;
      tasks[from].wave = tasks[i].wave;
      std::rotate(tasks.begin() + static_cast<std::ptrdiff_t>(i), tasks.begin() + static_cast<std::ptrdiff_t>(from),
                  tasks.begin() + static_cast<std::ptrdiff_t>(from) + 1);
      return;
    }
  };
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Task& task = tasks[i];
    if (task.prune()) continue;
    if (task.key.group.empty() && task.key.kind == "Namespace") {
      const std::string name = task.key.name;
      move_before(i, [&](const Task& each) { return each.key.namespace_ == name; });
    } else if (task.key.kind == "CustomResourceDefinition") {
      const auto group = task.target->text({"spec", "group"});
      const auto kind = task.target->text({"spec", "names", "kind"});
      move_before(i, [&](const Task& each) { return each.key.group == group && each.key.kind == kind; });
    }
  }
}

bool defined_here(const std::vector<Task>& tasks, const Key& key) {
  return std::ranges::any_of(tasks, [&](const Task& each) {
    return each.target != nullptr && each.key.kind == "CustomResourceDefinition" &&
           each.target->text({"spec", "group"}) == key.group &&
           each.target->text({"spec", "names", "kind"}) == key.kind;
  });
}

// Why the task may not run, "" when it may: an unknown kind, or what the project forbids.
struct Refusal {
  std::string operation, object;
};

Refusal refuse(const Task& task, const Project& project, const Served& served) {
  if (!served.known) return {served.problem, served.object_problem};
  auto text = project.refusal(task.key, served.namespaced ? Scope::namespaced : Scope::cluster);
  return {text, text};
}

void check(const SyncRequest& request, const Project& project, const FindServed& find, Plan& plan) {
  std::vector<std::string> texts;
  for (auto& task : plan.tasks) {
    if (task.makes_namespace) continue;
    const Served served = find(task.key.group, task.version, task.key.kind);
    const bool tolerated = served.absent && task.target != nullptr &&
                           (request.operation.options.has("SkipDryRunOnMissingResource=true") ||
                            has_option(task.target.get(), "SkipDryRunOnMissingResource=true") ||
                            defined_here(plan.tasks, task.key));
    if (!served.known && tolerated) {
      task.kind_missing = true;
      continue;
    }
    const Refusal refusal = refuse(task, project, served);
    if (refusal.object.empty()) continue;
    task.status = "SyncFailed";
    task.message = refusal.object;
    texts.push_back(refusal.operation);
  }
  for (const auto& text : texts) plan.refusal += (plan.refusal.empty() ? "" : ",") + text;
}

void overlay(const std::vector<TaskResult>& results, std::vector<Task>& tasks) {
  const ResultIndex index = index_of(results);
  for (auto& task : tasks) {
    const auto found = index.find({task.phase, task.result_key});
    if (found == index.end()) continue;
    const TaskResult& result = results[found->second];
    task.status = result.status;
    task.state = result.hook_phase;
    task.message = result.message;
  }
}

void collect_images(const Value* containers, std::vector<std::string>& images) {
  const auto* array = containers == nullptr ? nullptr : containers->as_array();
  if (array == nullptr) return;
  for (const auto& container : *array) {
    if (const auto image = container.text({"image"}); !image.empty()) images.emplace_back(image);
  }
}

}  // namespace

std::vector<std::string> images_of(const Value& object) {
  std::vector<std::string> images;
  const Value* specs[] = {object.find("spec"), object.find_path({"spec", "template", "spec"}),
                          object.find_path({"spec", "jobTemplate", "spec", "template", "spec"})};
  for (const Value* spec : specs) {
    if (spec == nullptr) continue;
    collect_images(spec->find("containers"), images);
    collect_images(spec->find("initContainers"), images);
  }
  return images;
}

Value namespace_object(std::string_view name, const Value& metadata) {
  Value object = Object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Object{{"name", name}}}};
  if (const Value* labels = metadata.find("labels")) object["metadata"]["labels"] = *labels;
  if (!metadata.is_null()) {
    const Value* annotations = metadata.find("annotations");
    object["metadata"]["annotations"] = annotations == nullptr ? Value(Object{}) : *annotations;
    // Upstream marks a namespace whose metadata it manages so; it is part of what users see.
    object["metadata"]["annotations"][names::sync_options] = "ServerSideApply=true";
  }
  return object;
}

Plan plan_tasks(const SyncRequest& request, const PlanInput& input, const FindServed& served) {
  const auto& [deltas, targets, live, project] = input;
  Plan plan;
  const Selection selection(request.operation.selectors);
  for (const auto& delta : deltas) {
    if (delta.hook || delta.skip || !delta.own || !selection.holds(delta.key) || is_target_elsewhere(targets, delta)) continue;
    plan.tasks.push_back(object_task(request, delta));
  }
  const bool hooks_run = !request.operation.apply_strategy && request.operation.selectors.empty();
  for (const auto& hook : targets.hooks) {
    if (!hooks_run) break;
    for (const Phase phase : hook.hook.phases) plan.tasks.push_back(hook_task(request, hook, phase, live));
  }
  add_namespace_task(request, targets, plan.tasks);
  check(request, project, served, plan);
  reverse_prune_waves(plan.tasks);
  move_prunes_last(request.operation.options, plan.tasks);
  std::ranges::stable_sort(plan.tasks, runs_before);
  pull_forward(plan.tasks);
  if (plan.refusal.empty()) overlay(request.results, plan.tasks);
  if (!plan.tasks.empty()) {
    const Task& first = plan.tasks.front();
    const Task& last = plan.tasks.back();
    plan.multi_step = first.phase != last.phase || first.wave != last.wave;
  }
  return plan;
}

}  // namespace holdfast::sync
