// SPDX-License-Identifier: Apache-2.0
#include "sync/step.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sync/names.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

Value config_map(std::string_view name, int wave) {
  Value made = object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"shop"}})");
  made["metadata"]["name"] = name;
  made["metadata"]["annotations"][names::sync_wave] = std::to_string(wave);
  return made;
}

// A little world: what the step says is done at once, and health is what the test says.
struct World {
  SyncRequest request;
  Targets targets;
  Live live;
  Project project;
  std::map<std::string, health::Health> health;
  std::set<std::string> refused;
  std::map<std::string, Value> written;  // what the server makes of an apply, where it is not just that
  std::vector<std::string> log;

  World() {
    request.application = "web";
    request.namespace_ = "shop";
    project.destinations = {{"*", "", "*"}};
    project.cluster_allowed = {{"*", "*", ""}};
  }

  void want(std::vector<Value> manifests) {
    const AdoptOptions options{"web", "shop", {}, [](auto, auto) { return std::optional(Scope::namespaced); }, {}};
    targets = adopt(options, std::move(manifests));
  }

  std::vector<Delta> deltas() {
    static const Tracking tracking;
    const auto ignore = Ignore::make({});
    return *compare(targets, {}, live, {*ignore, tracking});
  }

  Outcome perform(const Plan& plan, const Change& change) {
    const Task& task = plan.tasks[change.task];
    switch (change.verb) {
      case Change::Verb::apply:
        log.push_back("apply " + task.key.name);
        if (refused.contains(task.key.name)) return {false, "SyncFailed", "no " + task.key.name};
        live[task.key] = written.contains(task.key.name) ? std::make_shared<const Value>(written[task.key.name]) : task.target;
        return {true, "Synced", "done"};
      case Change::Verb::prune:
        log.push_back("prune " + task.key.name);
        if (!request.operation.prune) return {true, "PruneSkipped", "ignored (requires pruning)"};
        live.erase(task.key);
        return {true, "Pruned", "pruned"};
      case Change::Verb::delete_hook:
        log.push_back("delete " + task.key.name);
        live.erase(task.key);
        return {};
      case Change::Verb::release_hook: {
        Value released = *task.live;
        released["metadata"]["finalizers"] = Array{};
        live[task.key] = std::make_shared<const Value>(std::move(released));
        return {};
      }
    }
    return {};
  }

  Step once(OperationPhase phase = OperationPhase::running) {
    const auto served = [](auto, auto, auto) { return Served{.known = true}; };
    const auto all = deltas();
    Plan plan = plan_tasks(request, {all, targets, live, project}, served);
    Step step = next_step(plan, request, phase, [&](const Value& each) -> std::optional<health::Health> {
      const auto found = health.find(std::string(each.text({"metadata", "name"})));
      return found == health.end() ? std::nullopt : std::optional(found->second);
    });
    std::vector<Outcome> outcomes;
    for (const auto& change : step.changes) outcomes.push_back(perform(plan, change));
    conclude(plan, request, step, outcomes);
    if (step.phase == OperationPhase::succeeded) {
      for (const auto& change : step.when_succeeded) perform(plan, change);
    }
    request.results = results_of(plan, request.results);
    return step;
  }

  Step until_rest(int limit = 20) {
    Step step = once();
    while (limit-- > 0 && !completed(step.phase) && step.acts) step = once();
    return step;
  }
};

TEST(Step, OneWaveEndsWithoutWaitingForHealth) {
  World world;
  world.want({config_map("a", 0), config_map("b", 0)});
  world.health["a"] = {health::Status::progressing, ""};
  const Step step = world.until_rest();
  EXPECT_EQ(step.phase, OperationPhase::succeeded);
  EXPECT_EQ(step.message, "successfully synced (all tasks run)");
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply a", "apply b"}));
  EXPECT_EQ(world.request.results[0].hook_phase, OperationPhase::running);
}

// Rendered while nobody served its kind, it was taken for namespaced.
TEST(Step, ATargetIsNotPrunedForItsNamespace) {
  World world;
  const auto ring = [](std::string_view namespace_) {
    Value made = object(R"({"apiVersion":"example.com/v1","kind":"Ring","metadata":{"name":"one"}})");
    if (!namespace_.empty()) made["metadata"]["namespace"] = namespace_;
    track(made, "web", "shop", {});
    return made;
  };
  world.want({ring("shop")});
  world.live[{"example.com", "Ring", "", "one"}] = std::make_shared<const Value>(ring(""));
  world.request.operation.prune = true;
  world.until_rest();
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply one"}));
}

TEST(Step, AnApplicationGoesAfterWhatTakesItsPlace) {
  World world;
  const auto child = [](std::string_view name) {
    Value made = object(R"({"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"namespace":"shop"}})");
    made["metadata"]["name"] = name;
    track(made, "web", "shop", {});
    return made;
  };
  Value gone = config_map("gone", 0);
  track(gone, "web", "shop", {});
  world.want({child("new"), config_map("stays", 0)});
  world.live[{"argoproj.io", "Application", "shop", "old"}] = std::make_shared<const Value>(child("old"));
  world.live[{"", "ConfigMap", "shop", "gone"}] = std::make_shared<const Value>(gone);
  world.request.operation.prune = true;
  world.until_rest();
  EXPECT_EQ(world.log, (std::vector<std::string>{"prune gone", "apply stays", "apply new", "prune old"}));
}

TEST(Step, AWaveWaitsUntilTheOneBeforeIsHealthy) {
  World world;
  world.want({config_map("late", 1), config_map("early", 0)});
  world.health["early"] = {health::Status::progressing, ""};
  Step step = world.until_rest();
  EXPECT_EQ(step.phase, OperationPhase::running);
  EXPECT_EQ(step.message, "waiting for healthy state of /ConfigMap/early");
  world.health["early"] = {health::Status::healthy, ""};
  step = world.until_rest();
  EXPECT_EQ(step.phase, OperationPhase::succeeded);
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply early", "apply late"}));
}

TEST(Step, ADegradedWaveEndsTheOperation) {
  World world;
  world.want({config_map("late", 1), config_map("early", 0)});
  world.health["early"] = {health::Status::degraded, "bad"};
  const Step step = world.until_rest();
  EXPECT_EQ(step.phase, OperationPhase::failed);
  EXPECT_EQ(step.message, "one or more synchronization tasks completed unsuccessfully");
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply early"}));
}

TEST(Step, WithoutPruneARemovedObjectIsLeftAndNamed) {
  World world;
  world.live[{"", "ConfigMap", "shop", "old"}] = std::make_shared<const Value>(
      object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"old","namespace":"shop"}})"));
  world.want({config_map("a", 0)});
  EXPECT_EQ(world.until_rest().phase, OperationPhase::succeeded);
  EXPECT_TRUE(world.live.contains({"", "ConfigMap", "shop", "old"}));
  world.request.results.clear();
  world.request.operation.prune = true;
  EXPECT_EQ(world.until_rest().phase, OperationPhase::succeeded);
  EXPECT_FALSE(world.live.contains({"", "ConfigMap", "shop", "old"}));
}

TEST(Step, WhatAsksForConfirmationIsPrunedOnceItIsApproved) {
  struct Case {
    const char* sentence;
    std::vector<std::string> options;
    const char* annotation;
    bool approved, waits, goes;
  };
  const Case cases[] = {
      {"nobody asks", {}, "", false, false, true},
      {"the application asks", {"Prune=confirm"}, "", false, true, false},
      {"the object asks", {}, "Prune=confirm", false, true, false},
      {"the object does not ask where the application does", {"Prune=confirm"}, "Prune=true", false, false, true},
      {"the deletion of the application is another question", {"Delete=confirm"}, "Delete=confirm", false, false, true},
      {"it is approved", {"Prune=confirm"}, "", true, false, true},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    for (const std::string_view kind : {"ConfigMap", "Namespace", "CustomResourceDefinition", "PersistentVolume"}) {
      World world;
      Value old = config_map("old", 0);
      old["kind"] = kind;
      old["metadata"]["annotations"][names::sync_options] = each.annotation;
      const Key key = key_of(old);
      world.live[key] = std::make_shared<const Value>(std::move(old));
      world.want({config_map("a", 0)});
      world.request.operation.prune = true;
      world.request.operation.options = Options(each.options);
      world.request.prunes_approved = each.approved;
      const Step step = world.until_rest();
      EXPECT_EQ(step.phase, each.waits ? OperationPhase::running : OperationPhase::succeeded) << kind;
      EXPECT_EQ(step.message, each.waits ? fmt::format("waiting for pruning confirmation of /{}/old", kind)
                                         : "successfully synced (all tasks run)");
      EXPECT_EQ(std::ranges::find(world.log, "prune old") != world.log.end(), each.goes) << kind;
    }
  }
}

TEST(Step, AHookRunsBeforeAndIsReleasedWhenItIsDone) {
  World world;
  Value hook = config_map("hook", 0);
  hook["metadata"]["annotations"][names::hook] = "PreSync";
  hook["metadata"]["annotations"][names::hook_delete_policy] = "HookSucceeded";
  world.want({std::move(hook), config_map("main", 0)});
  world.health["hook"] = {health::Status::progressing, ""};
  EXPECT_EQ(world.until_rest().message, "waiting for completion of hook /ConfigMap/hook");
  world.health["hook"] = {health::Status::healthy, ""};
  EXPECT_EQ(world.until_rest().phase, OperationPhase::succeeded);
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply hook", "apply main", "delete hook"}));
}

TEST(Step, ASyncFailHookRunsOnlyAfterAFailure) {
  World world;
  Value hook = config_map("cry", 0);
  hook["metadata"]["annotations"][names::hook] = "SyncFail";
  world.want({std::move(hook), config_map("main", 0)});
  world.refused.insert("main");
  Step step = world.until_rest();
  EXPECT_EQ(step.phase, OperationPhase::failed);
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply main", "apply cry"}));
  EXPECT_EQ(step.message, "one or more synchronization tasks completed unsuccessfully, reason: no main");
}

TEST(Step, AVanishedObjectIsNamed) {
  World world;
  world.want({config_map("late", 1), config_map("early", 0)});
  world.health["early"] = {health::Status::progressing, ""};
  world.until_rest();
  world.live.clear();
  const Step step = world.until_rest();
  EXPECT_EQ(step.phase, OperationPhase::failed);
  EXPECT_EQ(world.request.results[0].message, "Resource /ConfigMap/early is missing, it might have been deleted");
}

TEST(Step, TerminatingEndsRunningHooks) {
  World world;
  Value hook = config_map("hook", 0);
  hook["metadata"]["annotations"][names::hook] = "Sync";
  world.want({std::move(hook)});
  world.health["hook"] = {health::Status::progressing, ""};
  world.until_rest();
  const Step step = world.once(OperationPhase::terminating);
  EXPECT_EQ(step.message, "Operation terminated");
  EXPECT_EQ(world.log, (std::vector<std::string>{"apply hook", "delete hook"}));
  EXPECT_EQ(world.request.results[0].message, "Terminated");
}

TEST(Step, NothingOfAForbiddenSyncIsApplied) {
  World world;
  world.project.namespace_denied = {{"", "ConfigMap", ""}};
  world.want({config_map("a", 0)});
  const Step step = world.once();
  EXPECT_EQ(step.phase, OperationPhase::failed);
  EXPECT_EQ(step.message,
            "one or more synchronization tasks are not valid: resource :ConfigMap is not permitted in project ");
  EXPECT_TRUE(world.log.empty());
}

TEST(Plan, RemovalRunsInTheReverseOfCreation) {
  World world;
  world.request.operation.prune = true;
  for (const int wave : {-1, 0, 2}) {
    Value made = config_map("w" + std::to_string(wave), wave);
    const Key key = key_of(made);
    world.live[key] = std::make_shared<const Value>(std::move(made));
  }
  world.want({});
  EXPECT_EQ(world.until_rest().phase, OperationPhase::succeeded);
  EXPECT_EQ(world.log, (std::vector<std::string>{"prune w2", "prune w0", "prune w-1"}));
}

// A status that was written before the change says nothing about it, neither good nor bad.
TEST(Step, AStatusFromBeforeTheChangeIsNotTakenForAnAnswer) {
  const auto applied = *parse_rfc3339("2026-01-01T12:00:00Z");
  constexpr std::string_view widget = R"({"apiVersion":"%s","kind":"Widget","metadata":{"name":"a","namespace":"shop","generation":2,
      "creationTimestamp":"%c","annotations":{"argocd.argoproj.io/sync-wave":"0"},"managedFields":[
      {"manager":"argocd-controller","operation":"Apply","time":"2026-01-01T12:00:00Z"}]}%r})";
  constexpr const char* long_ago = "2025-01-01T12:00:00Z";
  struct Case {
    const char *sentence, *version, *created, *rest;
    std::chrono::milliseconds after;
    health::Status health;
    OperationPhase phase;
  };
  using std::chrono::milliseconds;
  const Case cases[] = {
      {"good news of before", "example.com/v1", long_ago, R"(,"status":{"x":1})", milliseconds(900), health::Status::healthy, OperationPhase::running},
      {"bad news of before", "example.com/v1", long_ago, R"(,"status":{"x":1})", milliseconds(1900), health::Status::degraded, OperationPhase::running},
      {"it had its time", "example.com/v1", long_ago, R"(,"status":{"x":1})", milliseconds(2000), health::Status::healthy, OperationPhase::succeeded},
      {"its status is of this generation", "example.com/v1", long_ago, R"(,"status":{"observedGeneration":2})", milliseconds(0), health::Status::healthy,
       OperationPhase::succeeded},
      {"its status is of the one before", "example.com/v1", long_ago, R"(,"status":{"observedGeneration":1})", milliseconds(0), health::Status::healthy,
       OperationPhase::running},
      {"it is new", "example.com/v1", "2026-01-01T12:00:00Z", R"(,"status":{"x":1})", milliseconds(0), health::Status::healthy, OperationPhase::succeeded},
      {"it has no status", "example.com/v1", long_ago, "", milliseconds(0), health::Status::healthy, OperationPhase::succeeded},
      {"Kubernetes' own kinds say it themselves", "apps/v1", long_ago, R"(,"status":{"x":1})", milliseconds(0), health::Status::healthy, OperationPhase::succeeded},
      {"another clock", "example.com/v1", long_ago, R"(,"status":{"x":1})", milliseconds(-60'000), health::Status::healthy, OperationPhase::succeeded},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    std::string text(widget);
    for (const auto& [from, to] : {std::pair{"%s", each.version}, {"%c", each.created}, {"%r", each.rest}}) text.replace(text.find(from), 2, to);
    World world;
    world.request.now = applied + each.after;
    world.written["a"] = object(text);
    world.health["a"] = {each.health, ""};
    Value wanted = object(text);
    wanted.as_object()->erase("status");
    world.want({wanted, config_map("b", 1)});
    const Step step = world.until_rest();
    EXPECT_EQ(step.phase, each.phase);
    EXPECT_EQ(step.comes_back, each.phase == OperationPhase::running);
  }
}

}  // namespace
}  // namespace holdfast::sync
