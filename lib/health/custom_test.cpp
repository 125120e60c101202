// SPDX-License-Identifier: Apache-2.0
#include "health/custom.h"

#include "health/customizations.h"
#include "tree/memory_tree.h"
#include "value/json.h"

#include <gtest/gtest.h>

namespace holdfast::health {
namespace {

Value object(std::string_view text) {
  return *json::parse(text, "test");
}

TEST(Scripts, AScriptForTheKindWinsOverTheBuiltInRule) {
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

TEST(Scripts, AHostileScriptEndsAtItsLimits) {
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

// Each would take hours in one call of a library's function, which no hook interrupts.
TEST(Scripts, OneCallOfALibraryEndsAtTheLimitsToo) {
  const ScriptLimits limits{.instructions = 2'000'000, .cpu = std::chrono::milliseconds(100)};
  const Value live = Object{{"message", std::string(200'000, ' ') + "x"}};
  for (const char* script : {"return string.rep('', 1 << 62)",                                                         //
                             "return ('x'):rep(1 << 62, '')",                                                          //
                             "return ('x'):rep(100000):find(('x*'):rep(50) .. 'y')",                                   //
                             "return ('x'):rep(100000):find(('x-'):rep(50) .. 'y')",                                   //
                             "return ('x'):rep(100000):gsub(('.*'):rep(50) .. 'y', '')",                               //
                             "for _ in ('x'):rep(100000):gmatch(('x?'):rep(90) .. ('x'):rep(90) .. 'y') do end",       //
                             "return {obj.message:match('%s+$')}",                                                     //
                             "return pcall(string.find, obj.message, '%s*%s*%s*%s*y')",                                //
                             "return table.move({}, 1, 1 << 60, 2)",                                                   //
                             "return table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1)",   //
                             "return table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)",      //
                             "return table.concat(setmetatable({}, {__index = rawlen}), '', 1, 1 << 60)",              //
                             "return table.sort(setmetatable({}, {__index = rawlen, __newindex = rawlen, "
                             "__len = function() return 1 << 30 end}))",                                               //
                             "local a, b, t = ('x'):rep(2000000), ('x'):rep(1999999) .. 'x', {} "
                             "for i = 1, 60000 do t[i] = i % 2 == 0 and a or b end table.sort(t) return 7",            //
                             "local a, b = ('x'):rep(2000000), ('x'):rep(1999999) .. 'x' while a == b do end",         //
                             "local a = ('x'):rep(2000000) while true do a:upper() end",                               //
                             "local a = ('\0'):rep(2000000) local b = ('\0'):rep(1999999) .. '\0' while a <= b do end",  //
                             "return os.date(('%%'):rep(1000000))",                                                    //
                             "return load(('::a:: goto a '):rep(100000))",                                             //
                             "return load(function() return 'x = x ' end)"}) {
    EXPECT_FALSE(run_script(script, live, limits)) << script;
  }
  EXPECT_FALSE(run_script(std::string(300'000, ' '), live));
  EXPECT_EQ(run_script("('x'):rep(2000000):find(('x'):rep(1000000) .. 'y', 1, true)", live)->health, std::nullopt);
  EXPECT_EQ(run_script("return {status = 'Healthy', message = obj.message:match('^%s*(.-)%s*$')}", live)->health->message, "x");
}

TEST(Scripts, AScriptsMetatablesAreNotAsked) {
  const Value live = Object{};
  const auto health = run_script(
      "return setmetatable({message = 7}, {__index = function() while true do end end})", live);
  ASSERT_TRUE(health.has_value());
  EXPECT_EQ(health->health, (Health{Status::unknown, "Lua returned an invalid health status"}));
}

TEST(Scripts, WhatAScriptReturnsIsReadAsUpstreamReadsIt) {
  const Value live = Object{};
  EXPECT_EQ(run_script("return nil", live)->said, Answer::Said::nil);
  EXPECT_EQ(run_script("local x = 1", live)->said, Answer::Said::nil);
  EXPECT_EQ(run_script("return {}", live)->said, Answer::Said::table);
  EXPECT_EQ(run_script("return {}", live)->health, std::nullopt);
  EXPECT_EQ(run_script("return {status = 'Healthy'}", live)->health, Health{});
  EXPECT_EQ(run_script("return {status = 'Degraded', message = 7}", live)->health,
            (Health{Status::degraded, "7"}));
  EXPECT_EQ(run_script("return 'Healthy'", live).error().message(),
            "expect table output from Lua script, not string");
  EXPECT_EQ(
      run_script("return {status = 'Healthy', message = os.date('!%Y', 0) .. table.getn({1, 2})}",
                 live)->health,
      (Health{Status::healthy, "19702"}));
}

TEST(Scripts, AnObjectThatIsBeingDeletedIsProgressingUnlessItsScriptKnowsBetter) {
  const auto deleted = [](std::string_view kind, std::string_view finalizers) {
    return object(fmt::format(R"({{"apiVersion":"example.com/v1","kind":"{}","metadata":{{"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":[{}]}}}})",
                              kind, finalizers));
  };
  const Assessor assessor({{"example.com_Told", "return {status = 'Degraded', message = 'm', deletionMessage = 'being deleted'}"},
                           {"example.com_Plain", "return {status = 'Degraded', message = 'm'}"},
                           {"example.com_Wrong", "return {status = 'Well', deletionMessage = 'being deleted'}"},
                           {"example.com_Broken", "error('why')"},
                           {"example.com_Silent", "return nil"},
                           {"example.com_Empty", "return {}"}});
  const Health blocked{Status::progressing, "Pending deletion; blocked by finalizers: a/b, c"};
  for (const std::string_view kind : {"Plain", "Wrong", "Silent", "Empty", "None"}) EXPECT_EQ(assessor.assess(deleted(kind, R"("a/b","c")")), blocked) << kind;
  EXPECT_EQ(assessor.assess(deleted("Plain", "")), (Health{Status::progressing, "Pending deletion"}));
  EXPECT_EQ(assessor.assess(deleted("Told", R"("a")")), (Health{Status::degraded, "being deleted"}));
  EXPECT_EQ(assessor.assess(deleted("Told", R"("argocd.argoproj.io/hook-finalizer")")), (Health{Status::degraded, "m"}));
  EXPECT_EQ(assessor.assess(deleted("Broken", ""))->status, Status::unknown);
}

TEST(Scripts, AScriptThatSaysNothingLeavesTheKindToItsRule) {
  const auto claim = object(R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","status":{"phase":"Bound"}})");
  const auto assess = [&](const char* lua) { return Assessor(std::vector<Script>{{"PersistentVolumeClaim", lua}}).assess(claim); };
  EXPECT_EQ(assess("return nil"), Health{});
  EXPECT_EQ(assess("return {}"), std::nullopt);
}

TEST(Scripts, ArgocdCmWinsOverTheFolderAndExactNamesOverWildOnes) {
  const auto answer = [](std::string_view message) {
    return fmt::format("return {{status = 'Healthy', message = '{}'}}", message);
  };
  const tree::MemoryTree folder({{"example.com/Widget/health.lua", answer("folder")},
                                 {"_.example.com/_/health.lua", answer("folder, wild")},
                                 {"ConfigMap/health.lua", answer("folder, core")},
                                 {"..data/example.com/Widget/health.lua", answer("folder, twice")},
                                 {"example.com/Widget/testdata/healthy.yaml", "kind: Widget"}});
  const auto loaded = load_customizations(folder);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
  EXPECT_EQ(loaded->health.size(), 3U);
  const Assessor assessor({{"*.example.com_Gadget", answer("settings, wild")}},
                          std::make_shared<const Scripts>(loaded->health));
  struct Case {
    std::string_view live, message;
  };
  for (const auto& [live, message] :
       {Case{R"({"apiVersion":"example.com/v1","kind":"Widget"})", "folder"},
        Case{R"({"apiVersion":"a.example.com/v1","kind":"Widget"})", "folder, wild"},
        Case{R"({"apiVersion":"a.example.com/v1","kind":"Gadget"})", "settings, wild"},
        Case{R"({"apiVersion":"v1","kind":"ConfigMap"})", "folder, core"}}) {
    const auto health = assessor.assess(object(live));
    ASSERT_TRUE(health.has_value()) << live;
    EXPECT_EQ(health->message, message) << live;
  }
  EXPECT_EQ(assessor.assess(object(R"({"apiVersion":"v1","kind":"Widget"})")), std::nullopt);
}

TEST(Scripts, AFolderOfScriptsThatAreTooLargeIsRefused) {
  const tree::MemoryTree folder({{"ConfigMap/health.lua", std::string(300'000, ' ')}});
  const auto loaded = load_customizations(folder);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), Code::limit);
}

TEST(Scripts, ActionsAreFoundAndGiveTheObjectsToWrite) {
  const tree::MemoryTree folder(
      {{"example.com/Widget/actions/discovery.lua",
        "return {stop = {disabled = obj.spec.stopped}, start = {displayName = 'Go', "
        "params = {{name = 'speed'}}}, look = {}}"},
       {"example.com/Widget/actions/stop/action.lua", "obj.spec.stopped = true\nreturn obj"},
       {"example.com/Widget/actions/start/action.lua",
        "return {{operation = 'create', resource = {kind = 'Run', speed = actionParams['speed']}},"
        " {operation = 'patch', resource = obj}}"}});
  const auto loaded = load_customizations(folder);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
  const auto& scripts = loaded->actions.at("example.com_Widget");
  const auto live = object(
      R"({"apiVersion":"example.com/v1","kind":"Widget","spec":{"stopped":false,"empty":{},)"
      R"("list":[],"rows":[{"none":{}}],"size":3,"part":0.5}})");

  const auto actions = discover_actions(scripts.discovery, live);
  ASSERT_TRUE(actions.has_value()) << actions.error().message();
  ASSERT_EQ(actions->size(), 3U);
  EXPECT_EQ(actions->at(1), (Action{"start", "Go", "", false, {"speed"}}));
  EXPECT_EQ(actions->at(2), (Action{"stop", "", "", false, {}}));

  const auto stopped = run_action(scripts.definitions.at("stop"), live, Object{});
  ASSERT_TRUE(stopped.has_value()) << stopped.error().message();
  ASSERT_EQ(stopped->size(), 1U);
  Value want = live;
  want["spec"]["stopped"] = true;
  EXPECT_EQ(stopped->at(0).object, want);

  const auto started =
      run_action(scripts.definitions.at("start"), live, Object{{"speed", "high"}});
  ASSERT_TRUE(started.has_value()) << started.error().message();
  ASSERT_EQ(started->size(), 2U);
  EXPECT_EQ(started->at(0).effect, Effect::create);
  EXPECT_EQ(started->at(0).object, object(R"({"kind":"Run","speed":"high"})"));
  EXPECT_EQ(started->at(1).object, live);
}

TEST(Scripts, WhatAnActionMayNotReturnIsRefused) {
  const Value live = Object{};
  struct Case {
    std::string_view lua, message;
  };
  for (const auto& [lua, message] :
       {Case{"return nil", "expect table output from Lua script, not nil"},
        Case{"return 'x'", "expect table output from Lua script, not string"},
        Case{"return {{operation = 'delete', resource = {}}}", "unsupported operation: \"delete\""},
        Case{"return {{operation = 'patch'}}", "unsupported operation: \"patch\""},
        Case{"return {f = function() end}", "a script returned a table that holds a function"},
        Case{"return {1, 2, x = 3}", "a script returned a list with other keys or holes"},
        Case{"return {[1] = 1, [3] = 3}", "a script returned a list with other keys or holes"},
        Case{"return {[true] = 1}", "a script returned a table with mixed keys"},
        Case{"local t = {} t.t = t return t",
             "a script returned a table that is too large or holds itself"},
        Case{"local t = {} for _ = 1, 40 do t = {a = t, b = t} end return t",
             "a script returned a table that is too large or holds itself"}}) {
    const auto done = run_action(lua, live, Object{});
    ASSERT_FALSE(done.has_value()) << lua;
    EXPECT_EQ(done.error().message(), message) << lua;
  }
}

}  // namespace
}  // namespace holdfast::health
