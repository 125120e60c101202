// SPDX-License-Identifier: Apache-2.0
#include "health/health.h"

#include "health/custom.h"
#include "value/json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::health {
namespace {

Value object(std::string_view text) {
  return *json::parse(text, "test");
}

// testdata/cases/*.json: lists of {name, live, want}, where want is {status, message} or null. A
// new case needs no C++.
TEST(Health, BuiltInKindsFollowTheirStatus) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator("testdata/cases")) {
    std::ifstream stream(file.path());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto cases = json::parse(text, file.path().string());
    ASSERT_TRUE(cases.has_value()) << cases.error().message();
    for (const auto& each : *cases->as_array()) {
      ++count;
      const auto health = assess_builtin(*each.find("live"));
      std::string got = "no health";
      if (health) got = fmt::format("{}: {}", to_string(health->status), health->message);
      std::string want = "no health";
      if (!each.find("want")->is_null()) {
        want = fmt::format("{}: {}", each.text({"want", "status"}), each.text({"want", "message"}));
      }
      EXPECT_EQ(got, want) << file.path().filename() << ": " << each.text({"name"});
    }
  }
  EXPECT_GT(count, 60U);
}

TEST(Health, AScriptForTheKindWinsOverTheBuiltInRule) {
  const Assessor assessor({{"conformance.example.com_Widget",
                            "local hs = {}\nhs.status = obj.spec.health\nhs.message = 'spec says ' "
                            ".. obj.spec.health\nreturn hs"},
                           {"ConfigMap", "return {status = 'Well'}"},
                           {"*.example.com_*", "return {status = 'Suspended', message = 'wild'}"}});
  const auto widget = object(
      R"({"apiVersion":"conformance.example.com/v1","kind":"Widget","spec":{"health":"Degraded"}})");
  EXPECT_EQ(assessor.assess(widget), (Health{Status::degraded, "spec says Degraded"}));
  const auto map = object(R"({"apiVersion":"v1","kind":"ConfigMap"})");
  EXPECT_EQ(assessor.assess(map),
            (Health{Status::unknown, "Lua returned an invalid health status"}));
  const auto gadget = object(R"({"apiVersion":"other.example.com/v1","kind":"Gadget"})");
  EXPECT_EQ(assessor.assess(gadget), (Health{Status::suspended, "wild"}));
}

TEST(Health, AHostileScriptEndsAtItsLimits) {
  const Value live = Object{};
  const ScriptLimits limits{.instructions = 1'000'000, .memory_bytes = std::size_t{4} << 20};
  for (const char* script : {"while true do end",                                            //
                             "while true do pcall(function() while true do end end) end",    //
                             "local s = 'x' while true do s = s .. s end",                   //
                             "while true do pcall(string.rep, 'x', 1 << 40) end",            //
                             "local t = {} while true do t = {t, t} end",                    //
                             "local function f() return f() + 1 end return f()",             //
                             "setmetatable({}, {__gc = function() while true do end end})",  //
                             "return io.open('/etc/passwd')",                                //
                             "return os.execute('true')",                                    //
                             "return os.getenv('HOME')",                                     //
                             "return require('io').open('/etc/passwd')",                     //
                             "return load('\\27Lua')()",                                     //
                             "return string.dump(function() end)",                           //
                             "return dofile('/etc/passwd')",                                 //
                             "error({})", "error(7)", "return 7",                            //
                             "\x1bLua"}) {
    EXPECT_FALSE(run_script(script, live, limits)) << script;
  }
}

TEST(Health, AScriptsMetatablesAreNotAsked) {
  const Value live = Object{};
  const auto health = run_script(
      "return setmetatable({message = 7}, {__index = function() while true do end end})", live);
  ASSERT_TRUE(health.has_value());
  EXPECT_EQ(*health, (Health{Status::unknown, "Lua returned an invalid health status"}));
}

TEST(Health, WhatAScriptReturnsIsReadAsUpstreamReadsIt) {
  const Value live = Object{};
  EXPECT_EQ(*run_script("return nil", live), std::nullopt);
  EXPECT_EQ(*run_script("local x = 1", live), std::nullopt);
  EXPECT_EQ(*run_script("return {}", live), std::nullopt);
  EXPECT_EQ(*run_script("return {status = 'Healthy'}", live), Health{});
  EXPECT_EQ(*run_script("return {status = 'Degraded', message = 7}", live),
            (Health{Status::degraded, "7"}));
  EXPECT_EQ(run_script("return 'Healthy'", live).error().message(),
            "expect table output from Lua script, not string");
  EXPECT_EQ(
      *run_script("return {status = 'Healthy', message = os.date('!%Y', 0) .. table.getn({1, 2})}",
                  live),
      (Health{Status::healthy, "19702"}));
}

}  // namespace
}  // namespace holdfast::health
