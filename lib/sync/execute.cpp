// SPDX-License-Identifier: Apache-2.0
#include "sync/execute.h"

#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "sync/fields.h"
#include "sync/kinds.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

constexpr int in_flight = 32;

// Of an object whose controller writes its status all the time.
constexpr int removal_attempts = 8;

// Longer than any API server took to serve a kind whose CRD is Established (≤ 3 s under load).
constexpr auto kind_patience = std::chrono::seconds(60);

// Upstream's creations and replacements carry its program's name, its applies another.
constexpr std::string_view replace_manager = "argocd-application-controller";

kube::Identity identity_of(const Value& object) {
  const auto version = split_api_version(object.text({"apiVersion"}));
  return {version.group, version.version, std::string(object.text({"kind"})),
          std::string(object.text({"metadata", "namespace"})), std::string(object.text({"metadata", "name"}))};
}

// "configmap/one", "deployment.apps/web", as kubectl names what it did.
std::string kubectl_name(const Key& key) {
  const auto kind = ascii_lower(key.kind);
  return key.group.empty() ? fmt::format("{}/{}", kind, key.name) : fmt::format("{}.{}/{}", kind, key.group, key.name);
}

std::string words_of(const Error& error) {
  return error.causes().empty() ? error.message() : error.causes().back();
}

Outcome refused(const Error& error) { return {false, "SyncFailed", words_of(error), nullptr}; }

kube::ApplyOptions apply_options() {
  return {.field_manager = std::string(names::field_manager),
          .force = kube::Force::yes,
          .dry_run = kube::DryRun::no,
          .validation = kube::FieldValidation::ignore};
}

kube::WriteOptions write_options(std::string_view manager = replace_manager) {
  return {.field_manager = std::string(manager), .subresource = "", .dry_run = kube::DryRun::no,
          .validation = kube::FieldValidation::ignore};
}

kube::Propagation propagation_of(const Options& options) {
  const auto word = options.value("PrunePropagationPolicy");
  if (word == "background") return kube::Propagation::background;
  return word == "orphan" ? kube::Propagation::orphan : kube::Propagation::foreground;
}

bool is_rbac(const Value& object) { return object.text({"apiVersion"}) == "rbac.authorization.k8s.io/v1"; }

// What upstream's `auth reconcile` writes before the apply: the grant under its program's name, without the
// metadata, so that a label that leaves Git has one owner. A binding's role cannot be changed: another role
// is another binding, made anew.
Result<> grant_first(kube::Client& client, const Value& target, const Value* live) {
  if (live != nullptr) {
    const Value* role = live->find("roleRef");
    if (role == nullptr || target.find("roleRef") == nullptr || contains(*role, *target.find("roleRef"))) return {};
    const kube::DeleteOptions options{.propagation = kube::Propagation::background,
                                      .uid = std::string(live->text({"metadata", "uid"})),
                                      .resource_version = "",
                                      .grace_seconds = -1,
                                      .dry_run = kube::DryRun::no};
    const auto gone = client.remove(identity_of(*live), options);
    if (!gone && gone.error().code() != Code::object_missing) return gone;
  }
  Value grant = target;
  Value metadata = Object{{"name", target.text({"metadata", "name"})}};
  const auto place = target.text({"metadata", "namespace"});
  if (!place.empty()) metadata["namespace"] = place;
  // What stays as long as the object is ours: a grant of nothing has an owner as well.
  if (const auto id = annotation(target, names::tracking_id); !id.empty()) metadata["annotations"][names::tracking_id] = id;
  grant["metadata"] = std::move(metadata);
  const auto made = client.create(grant, write_options());
  if (!made && made.error().code() != Code::object_exists) return failure(Error(made.error()));
  return {};
}

// metadata.managedFields with the entries of client-side applies moved into ours, so that what they set
// and Git dropped goes; nothing when there are none.
std::optional<Value> migrated_fields(const Value& live, std::string_view manager) {
  const Value* entries = live.find_path({"metadata", "managedFields"});
  if (entries == nullptr || entries->as_array() == nullptr) return std::nullopt;
  Array kept;
  Value fields = Object{};
  Value ours;
  bool found = false;
  for (const auto& entry : *entries->as_array()) {
    const ManagerEntry row{entry.text({"manager"}), entry.text({"operation"}), entry.text({"subresource"})};
    const bool grant = row.manager == replace_manager && is_rbac(live);  // see grant_first
    const bool migrated = row.operation == "Update" && row.subresource.empty() && !grant &&
                          ((!manager.empty() && row.manager == manager) || row.manager == names::field_manager || row.manager == replace_manager);
    const bool apply = row.operation == "Apply" && row.subresource.empty() && row.manager == names::field_manager;
    if (!migrated && !apply) {
      kept.push_back(entry);
      continue;
    }
    found = found || migrated;
    if (apply || ours.is_null()) ours = entry;
    if (const Value* set = entry.find("fieldsV1")) merge_fields(fields, *set);
  }
  if (!found) return std::nullopt;
  ours["manager"] = names::field_manager;
  ours["operation"] = "Apply";
  ours["fieldsV1"] = std::move(fields);
  kept.push_back(std::move(ours));
  return Value(std::move(kept));
}

std::optional<Value> fields_to_migrate(const Value& live, std::string_view manager) {
  // The status of an Application is an Update of ours as well: taken over, it would go with the next apply.
  if (live.text({"kind"}) == "Application" && live.text({"apiVersion"}) == names::api_version) return std::nullopt;
  return migrated_fields(live, manager);
}

Result<> migrate(kube::Client& client, const Value& held, std::string_view manager) {
  if (!fields_to_migrate(held, manager)) return {};
  // What is held leaves out entries that the patch must not lose.
  const Value live = TRY(client.get(identity_of(held)));
  const auto fields = fields_to_migrate(live, manager);
  if (!fields) return {};
  const Value patch = Array{Object{{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", *fields}},
                            Object{{"op", "replace"},
                                   {"path", "/metadata/resourceVersion"},
                                   {"value", live.text({"metadata", "resourceVersion"})}}};
  TRY(client.patch(identity_of(live), kube::PatchType::json, patch, write_options()));
  return {};
}

// "….spec.colour: field not declared in schema": what the server's schema does not know is left out, as
// a client-side apply would have it dropped; the comparison goes on showing it.
bool drop_undeclared(const Error& error, Value& object) {
  const std::string words = words_of(error);
  const auto end = words.find(": field not declared in schema");
  if (end == std::string::npos) return false;
  const auto start = words.rfind(' ', end);
  std::string_view path = std::string_view(words).substr(start + 1, end - start - 1);
  if (!path.starts_with('.')) return false;
  Value* holder = &object;
  path.remove_prefix(1);
  while (true) {
    const auto dot = path.find_first_of(".[");
    if (dot == std::string_view::npos) return holder->as_object() != nullptr && holder->as_object()->erase(path);
    if (path[dot] == '[') {  // a list item: drop the whole field, its name is what is safe to say
      return holder->as_object() != nullptr && holder->as_object()->erase(path.substr(0, dot));
    }
    holder = holder->find(path.substr(0, dot));
    if (holder == nullptr) return false;
    path.remove_prefix(dot + 1);
  }
}

// What takes others along when it is deleted.
bool holds_others(const Key& key) { return is_definition(key) || is_namespace(key); }

// Why Git's absence of an object does not remove it; empty when it does.
std::string_view why_kept(const SyncRequest& request, const Task& task) {
  if (!request.operation.prune) return "ignored (requires pruning)";
  return prune_of(request.operation.options, *task.live) == Prune::no ? "ignored (no prune)" : "";
}

class Executor {
 public:
  Executor(kube::Client& client, Cluster& cluster, const ExecuteInput& input)
      : client_(client), cluster_(cluster), plan_(input.plan), request_(input.request), options_(input.options) {}

  void run(std::span<const Change> changes, std::span<Outcome> outcomes) {
    std::vector<std::size_t> plain;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Task& task = plan_.tasks[changes[i].task];
      switch (changes[i].verb) {
        case Change::Verb::apply:
          if (is_plain(task) && is_settled(task)) {
            outcomes[i] = {true, "Synced", applied_message(task, *task.live), nullptr};
          } else if (is_plain(task)) {
            plain.push_back(i);
          } else {
            outcomes[i] = apply_apart(task);
          }
          break;
        case Change::Verb::prune: outcomes[i] = prune(task); break;
        case Change::Verb::delete_hook: outcomes[i] = from(delete_hook(task)); break;
        case Change::Verb::release_hook:
          outcomes[i] = from(release_hook(client_, cluster_, *task.live));
          break;
      }
    }
    apply_together(changes, plain, outcomes);
  }

 private:
  static Outcome from(const Result<>& result) {
    return result ? Outcome{} : refused(result.error());
  }

  [[nodiscard]] bool asks(const Task& task, std::string_view word) const {
    return request_.operation.options.has(word) || has_option(task.target.get(), word) ||
           has_option(task.live.get(), word);
  }
  [[nodiscard]] bool replaces(const Task& task) const { return asks(task, "Replace=true"); }
  [[nodiscard]] bool forces(const Task& task) const {
    return request_.operation.force || asks(task, "Force=true");
  }
  [[nodiscard]] bool is_plain(const Task& task) const {
    return !request_.operation.dry_run && !replaces(task) && !forces(task) && !task.makes_namespace;
  }

  // Would an apply change nothing, neither in the object nor in who owns it?
  [[nodiscard]] bool is_settled(const Task& task) const {
    if (!task.exact || task.live == nullptr) return false;
    return !applied_fields(*task.live, names::field_manager).as_object()->empty() && !fields_to_migrate(*task.live, request_.migrated_manager);
  }

  // Is the kind defined by a CRD of this plan that was applied moments ago?
  [[nodiscard]] bool defined_in_plan(const Key& key) const {
    const auto elapsed = client_.clock().wall() - request_.started;
    return elapsed < kind_patience && std::ranges::any_of(plan_.tasks, [&](const Task& each) {
             return each.key.kind == "CustomResourceDefinition" && each.target != nullptr &&
                    each.target->text({"spec", "group"}) == key.group &&
                    each.target->text({"spec", "names", "kind"}) == key.kind;
           });
  }

  [[nodiscard]] std::string applied_message(const Task& task, const Value& written) const {
    const auto name = kubectl_name(task.key);
    if (asks(task, "ServerSideApply=true")) return name + " serverside-applied";
    if (task.live == nullptr) return name + " created";
    const bool same = task.live->text({"metadata", "resourceVersion"}) == written.text({"metadata", "resourceVersion"});
    return name + (same ? " unchanged" : " configured");
  }

  Outcome written(const Task& task, const Value& object) {
    cluster_.note_written(object);
    return {true, "Synced", applied_message(task, object), nullptr};
  }

  Outcome retry_apply(const Task& task, Value object, Error error) {
    // Its CRD is of this sync: discovery follows the CRD's readiness by a moment.
    if (task.kind_missing && error.code() == Code::kind_unknown && defined_in_plan(task.key)) {
      return {true, "", "waiting for the kind to be served", nullptr};
    }
    // Somebody else's write came in between, as the server says when its own attempts have not sufficed.
    const auto raced = [](const Error& refusal) { return refusal.code() == Code::resource_version; };
    for (int attempt = 0; attempt < 8 && (raced(error) || drop_undeclared(error, object)); ++attempt) {
      auto answer = client_.apply(object, apply_options());
      if (answer) return written(task, *answer);
      error = std::move(answer).error();
    }
    return refused(error);
  }

  void apply_together(std::span<const Change> changes, const std::vector<std::size_t>& indexes,
                      std::span<Outcome> outcomes) {
    std::vector<Value> objects;
    for (const auto index : indexes) {
      const Task& task = plan_.tasks[changes[index].task];
      // A lost race repeats at the next sync: the migration only decides what a removal reaches.
      if (task.live != nullptr) std::ignore = migrate(client_, *task.live, request_.migrated_manager);
      // What keeps the grant from being made keeps the apply as well, and that says why.
      if (is_rbac(*task.target)) std::ignore = grant_first(client_, *task.target, task.live.get());
      objects.push_back(*task.target);
    }
    auto answers = client_.apply_all(objects, apply_options(), in_flight);
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      const Task& task = plan_.tasks[changes[indexes[i]].task];
      Outcome& outcome = outcomes[indexes[i]];
      if (!answers[i]) {
        outcome = retry_apply(task, std::move(objects[i]), std::move(answers[i]).error());
        continue;
      }
      outcome = written(task, *answers[i]);
      outcome.applied = std::make_shared<const Value>(*std::move(answers[i]));
    }
  }

  Outcome apply_apart(const Task& task) {
    const auto name = kubectl_name(task.key);
    if (request_.operation.dry_run) return {true, "Synced", fmt::format("{} {} (dry run)", name, task.live == nullptr ? "created" : "configured"), nullptr};
    if (replaces(task)) return replace(task);
    if (task.makes_namespace) return make_namespace(task);
    auto answer = client_.apply(*task.target, apply_options());
    if (answer) return written(task, *answer);
    const auto code = answer.error().code();
    const bool recreate = (code == Code::object_invalid || code == Code::object_conflict) && task.live != nullptr;
    if (recreate && holds_others(task.key)) {
      auto outcome = refused(answer.error());
      outcome.message += fmt::format("; a {} is not made anew by force, because all that is in it would go", task.key.kind);
      return outcome;
    }
    return recreate ? recreate_object(task) : refused(answer.error());
  }

  // A bare name owns no field, so an apply would leave no trace of who made it.
  Outcome make_namespace(const Task& task) {
    auto answer = task.live == nullptr ? client_.create(*task.target, write_options(names::field_manager))
                                       : client_.apply(*task.target, apply_options());
    if (!answer && answer.error().code() == Code::object_exists) answer = client_.apply(*task.target, apply_options());
    return answer ? written(task, *answer) : refused(answer.error());
  }

  Outcome replace(const Task& task) {
    auto options = write_options();
    if (!asks(task, "Validate=false")) options.validation = kube::FieldValidation::strict;
    const auto name = kubectl_name(task.key);
    if (task.live == nullptr) {
      auto answer = client_.create(*task.target, options);
      if (!answer) return refused(answer.error());
      cluster_.note_written(*answer);
      return {true, "Synced", name + " created", nullptr};
    }
    if (forces(task) && !holds_others(task.key)) return recreate_object(task);
    Value object = *task.target;
    object["metadata"]["resourceVersion"] = task.live->text({"metadata", "resourceVersion"});
    auto answer = client_.replace(object, options);
    if (!answer && answer.error().code() == Code::resource_version) {
      const auto fresh = client_.get(identity_of(*task.live));
      if (fresh) object["metadata"]["resourceVersion"] = fresh->text({"metadata", "resourceVersion"});
      answer = client_.replace(object, options);
    }
    if (!answer) return refused(answer.error());
    cluster_.note_written(*answer);
    return {true, "Synced", name + " replaced", nullptr};
  }

  // Deletes and makes again. While finalizers hold the old object the task stays pending: the next
  // step finds it here again.
  Outcome recreate_object(const Task& task) {
    const auto name = kubectl_name(task.key);
    if (task.live->text({"metadata", "deletionTimestamp"}).empty()) {
      const kube::DeleteOptions options{.propagation = kube::Propagation::background,
                                        .uid = std::string(task.live->text({"metadata", "uid"})),
                                        .resource_version = "",
                                        .grace_seconds = 0,
                                        .dry_run = kube::DryRun::no};
      const auto gone = client_.remove(identity_of(*task.live), options);
      if (!gone && gone.error().code() != Code::object_missing) return refused(gone.error());
    }
    auto answer = client_.create(*task.target, write_options(replaces(task) ? replace_manager : names::field_manager));
    if (answer) {
      cluster_.note_written(*answer);
      return {true, "Synced", name + (replaces(task) ? " replaced" : " configured"), nullptr};
    }
    if (answer.error().code() == Code::object_exists || answer.error().code() == Code::object_conflict) {
      return {true, "", fmt::format("{} waits for its deletion", name), nullptr};
    }
    return refused(answer.error());
  }

  // Is the Application one of those that this step prunes?
  [[nodiscard]] bool goes_as_well(const std::string& application) const {
    return std::ranges::any_of(plan_.tasks, [&](const Task& each) {
      const bool child = each.prune() && is_application(each.key) && why_kept(request_, each).empty();
      return child && (application == each.key.name || application == fmt::format("{}_{}", each.key.namespace_, each.key.name));
    });
  }

  Outcome prune(const Task& task) {
    if (const auto kept = why_kept(request_, task); !kept.empty()) return {true, "PruneSkipped", std::string(kept), nullptr};
    if (const auto objection = options_.claims.objection(options_.application, options_.own, *task.live)) {
      // A namespace and the child Application that fills it leave together, the one after the other.
      if (goes_as_well(objection->application)) return {true, "", objection->text, nullptr};
      return {true, "PruneSkipped", objection->text, nullptr};
    }
    if (request_.operation.dry_run) return {true, "Pruned", "pruned (dry run)", nullptr};
    const auto gone = remove_owned(client_, cluster_, *task.live, options_, propagation_of(request_.operation.options));
    if (!gone) return refused(gone.error());
    return {true, "Pruned", "pruned", nullptr};
  }

  Result<> delete_hook(const Task& task) {
    if (const auto objection = options_.claims.objection(options_.application, nullptr, *task.live)) {
      return failure(Code::object_conflict, "{}", objection->text);
    }
    TRY(release_hook(client_, cluster_, *task.live));
    const kube::DeleteOptions options{.propagation = kube::Propagation::background,
                                      .uid = std::string(task.live->text({"metadata", "uid"})),
                                      .resource_version = "",
                                      .grace_seconds = -1,
                                      .dry_run = kube::DryRun::no};
    const auto gone = client_.remove(identity_of(*task.live), options);
    if (!gone && gone.error().code() != Code::object_missing) return gone;
    return {};
  }

  kube::Client& client_;
  Cluster& cluster_;
  const Plan& plan_;
  const SyncRequest& request_;
  const ExecuteOptions& options_;
};

// The changes of one group run together; a refused one does not keep later groups of the wave back, as
// upstream applies what it can.
std::vector<Outcome> run_groups(Executor& executor, const std::vector<Change>& changes,
                                const std::stop_token& stop) {
  std::vector<Outcome> outcomes(changes.size());
  std::size_t from = 0;
  while (from < changes.size()) {
    if (stop.stop_requested()) {
      outcomes.resize(from);
      return outcomes;
    }
    std::size_t to = from;
    while (to < changes.size() && changes[to].group == changes[from].group) ++to;
    executor.run(std::span(changes).subspan(from, to - from), std::span(outcomes).subspan(from, to - from));
    from = to;
  }
  return outcomes;
}

}  // namespace

std::set<GroupKind> pruned_kinds(const ExecuteInput& input) {
  std::set<GroupKind> kinds;
  if (input.request.operation.dry_run) return kinds;
  for (const auto& change : input.step.changes) {
    const Task& task = input.plan.tasks[change.task];
    if (change.verb == Change::Verb::prune && why_kept(input.request, task).empty()) kinds.insert(group_kind(task.key));
  }
  return kinds;
}

std::vector<Outcome> execute(kube::Client& client, Cluster& cluster, const ExecuteInput& input,
                             const std::stop_token& stop) {
  Executor executor(client, cluster, input);
  return run_groups(executor, input.step.changes, stop);
}

void execute_cleanup(kube::Client& client, Cluster& cluster, const ExecuteInput& input) {
  Executor executor(client, cluster, input);
  std::ignore = run_groups(executor, input.step.when_succeeded, {});
}

Result<> remove_owned(kube::Client& client, Cluster& cluster, const Value& live,
                      const ExecuteOptions& options, kube::Propagation propagation) {
  const auto identity = identity_of(live);
  for (int attempt = 1;; ++attempt) {
    auto fresh = client.get(identity);
    if (!fresh && fresh.error().code() == Code::object_missing) return {};
    if (!fresh) return failure(std::move(fresh).error());
    if (fresh->text({"metadata", "uid"}) != live.text({"metadata", "uid"})) return {};  // another one by now
    if (owner_of(*fresh, options.tracking) != options.application) {
      return failure(Error(Code::object_conflict, "the object belongs to another application now").at(kube::to_string(identity)));
    }
    if (!fresh->text({"metadata", "deletionTimestamp"}).empty()) return {};
    // Whoever takes it over between the look and the deletion keeps it.
    const kube::DeleteOptions remove{.propagation = propagation,
                                     .uid = std::string(live.text({"metadata", "uid"})),
                                     .resource_version = std::string(fresh->text({"metadata", "resourceVersion"})),
                                     .grace_seconds = -1,
                                     .dry_run = kube::DryRun::no};
    const auto gone = client.remove(identity, remove);
    if (gone || gone.error().code() == Code::object_missing) break;
    if (gone.error().code() != Code::resource_version || attempt == removal_attempts) return gone;
  }
  auto after = client.get(identity);
  if (after) {
    cluster.note_written(*after);
  } else if (after.error().code() == Code::object_missing) {
    cluster.note_removed(key_of(live));
  }
  return {};
}

Result<ObjectPtr> create_hook(kube::Client& client, Cluster& cluster, const Value& hook) {
  auto answer = client.create(hook, write_options());
  // Made by a pass that was cut off before it was seen.
  if (!answer && answer.error().code() == Code::object_exists) answer = client.get(identity_of(hook));
  Value object = TRY(std::move(answer));
  cluster.note_written(object);
  return std::make_shared<const Value>(std::move(object));
}

Result<> release_hook(kube::Client& client, Cluster& cluster, const Value& live) {
  auto finalizers = strings_of(live.find_path({"metadata", "finalizers"}));
  if (std::erase(finalizers, names::hook_finalizer) == 0) return {};
  Array left;
  for (auto& each : finalizers) left.emplace_back(std::move(each));
  const Value patch = Object{{"metadata", Object{{"finalizers", left.empty() ? Value() : Value(std::move(left))}}}};
  auto answer = client.patch(identity_of(live), kube::PatchType::merge, patch, write_options());
  if (!answer && answer.error().code() == Code::object_missing) return {};
  if (!answer) return failure(std::move(answer).error());
  cluster.note_written(*answer);
  return {};
}

}  // namespace holdfast::sync
