// SPDX-License-Identifier: Apache-2.0
#include "health/health.h"

#include <gtest/gtest.h>

#include "health/custom.h"
#include "value/json.h"

namespace holdfast::health {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

struct Case {
  const char* name;
  const char* live;
  std::optional<Health> want;
};

TEST(Health, BuiltInKindsFollowTheirStatus) {
  const Case cases[] = {
      {"a ConfigMap has no health", R"({"apiVersion":"v1","kind":"ConfigMap"})", std::nullopt},
      {"a paused Deployment is suspended",
       R"({"apiVersion":"apps/v1","kind":"Deployment","spec":{"paused":true}})",
       Health{Status::suspended, "Deployment is paused"}},
      {"a Deployment with an unseen generation is progressing",
       R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"generation":2},"status":{"observedGeneration":1}})",
       Health{Status::progressing,
              "Waiting for rollout to finish: observed deployment generation less than desired generation"}},
      {"a rolled out Deployment is healthy",
       R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"generation":1},"spec":{"replicas":1},
           "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"availableReplicas":1}})",
       Health{}},
      {"a pod that never restarts and ended badly is degraded",
       R"({"apiVersion":"v1","kind":"Pod","spec":{"restartPolicy":"Never"},"status":{"phase":"Failed",
           "containerStatuses":[{"name":"main","state":{"terminated":{"exitCode":3}}}]}})",
       Health{Status::degraded, "container \"main\" failed with exit code 3"}},
      {"a pod in back-off is degraded",
       R"({"apiVersion":"v1","kind":"Pod","spec":{"restartPolicy":"Always"},"status":{"phase":"Running",
           "containerStatuses":[{"state":{"waiting":{"reason":"CrashLoopBackOff","message":"again"}}}]}})",
       Health{Status::degraded, "again"}},
      {"a failed Job is degraded",
       R"({"apiVersion":"batch/v1","kind":"Job","status":{"conditions":[{"type":"Failed","status":"True","message":"m"}]}})",
       Health{Status::degraded, "m"}},
      {"what is being deleted is progressing",
       R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}})",
       Health{Status::progressing, "Pending deletion"}},
      {"the hook finalizer does not count as a pending deletion",
       R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z",
           "finalizers":["argocd.argoproj.io/hook-finalizer"]}})",
       std::nullopt},
      {"a bound claim is healthy",
       R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","status":{"phase":"Bound"}})", Health{}},
  };
  for (const auto& each : cases) EXPECT_EQ(assess_builtin(object(each.live)), each.want) << each.name;
}

TEST(Health, AScriptForTheKindWinsOverTheBuiltInRule) {
  const Assessor assessor({{"conformance.example.com_Widget",
                            "local hs = {}\nhs.status = obj.spec.health\nhs.message = 'spec says ' .. obj.spec.health\nreturn hs"},
                           {"ConfigMap", "return {status = 'Well'}"},
                           {"*.example.com_*", "return {status = 'Suspended', message = 'wild'}"}});
  const auto widget = object(R"({"apiVersion":"conformance.example.com/v1","kind":"Widget","spec":{"health":"Degraded"}})");
  EXPECT_EQ(assessor.assess(widget), (Health{Status::degraded, "spec says Degraded"}));
  const auto map = object(R"({"apiVersion":"v1","kind":"ConfigMap"})");
  EXPECT_EQ(assessor.assess(map), (Health{Status::unknown, "Lua returned an invalid health status"}));
  const auto gadget = object(R"({"apiVersion":"other.example.com/v1","kind":"Gadget"})");
  EXPECT_EQ(assessor.assess(gadget), (Health{Status::suspended, "wild"}));
}

TEST(Health, AHostileScriptEndsAtItsLimits) {
  const Value live = Object{};
  const ScriptLimits limits{.instructions = 1'000'000, .memory_bytes = std::size_t{4} << 20};
  EXPECT_FALSE(run_script("while true do end", live, limits));
  EXPECT_FALSE(run_script("local s = 'x' while true do s = s .. s end", live, limits));
  EXPECT_FALSE(run_script("return io.open('/etc/passwd')", live, limits));
  EXPECT_FALSE(run_script("return os.execute('true')", live, limits));
  EXPECT_FALSE(run_script("\x1bLua", live, limits));
}

}  // namespace
}  // namespace holdfast::health
