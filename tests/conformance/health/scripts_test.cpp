// SPDX-License-Identifier: Apache-2.0
// Upstream's scripts, run here on upstream's own cases, give upstream's health and upstream's
// actions. A folder says of which kind a case is only by its object, as the engine sees it.
#include "health/customizations.h"
#include "tree/disk_tree.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace holdfast::health {
namespace {

std::string folder_name() {
  const char* given = std::getenv("HOLDFAST_HEALTH_CASES");
  if (given != nullptr) return given;
  const char* shared = std::getenv("HOLDFAST_SHARED");
  return std::string(shared == nullptr ? "../shared" : shared) + "/corpus/resource_customizations";
}

class Upstream : public testing::Test {
 protected:
  void SetUp() override {
    auto tree = tree::DiskTree::open(folder_name());
    if (!tree) GTEST_SKIP() << folder_name() << " is absent: upstream's cases were not run";
    tree_.emplace(*std::move(tree));
    auto loaded = load_customizations(*tree_);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    scripts_ = *std::move(loaded);
    auto files = tree::walk(*tree_, "");
    ASSERT_TRUE(files.has_value()) << files.error().message();
    files_ = *std::move(files);
  }

  Value document(const std::string& path) {
    const auto text = tree_->read(path);
    if (!text) ADD_FAILURE() << path << ": " << text.error().message();
    auto value = yaml::parse_one(text.value_or(""), path, yaml::Dialect::kube,
                                 {.duplicates = yaml::Duplicates::keep_last});
    if (!value) ADD_FAILURE() << value.error().message();
    return value.value_or(Value());
  }

  // Calls `each` with every case of that list in every file of that name, and the file's folder.
  template <class Each>
  int for_each_case(std::string_view file, std::string_view list, const Each& each) {
    int count = 0;
    for (const auto& path : files_) {
      if (!path.ends_with(fmt::format("/{}", file))) continue;
      const Value cases = document(path);
      const Value* rows = cases.find(list);
      if (rows == nullptr || !rows->is_array()) continue;
      const auto folder = path.substr(0, path.size() - file.size());
      for (const auto& row : *rows->as_array()) {
        ++count;
        each(folder, row);
      }
    }
    return count;
  }

  std::optional<tree::DiskTree> tree_;
  Customizations scripts_;
  std::vector<std::string> files_;
};

// Go's decoder does not mind the case of a key.
std::string input_of(const Value& row) {
  const auto path = row.text({"inputPath"});
  return std::string(path.empty() ? row.text({"inputpath"}) : path);
}

std::string shown(const Health& health) {
  return fmt::format("{}: {}", to_string(health.status), health.message);
}

TEST_F(Upstream, HealthScriptsGiveUpstreamsHealth) {
  int equal = 0;
  const auto count = for_each_case("health_test.yaml", "tests", [&](const std::string& folder,
                                                                    const Value& row) {
    const auto path = folder + input_of(row);
    const Value live = document(path);
    const std::string* script = scripts_.health.find(group_kind_of(live));
    ASSERT_NE(script, nullptr) << path;
    const auto health = run_script(*script, live);
    std::string got = health ? "no health" : health.error().message();
    if (health && health->health) got = shown(*health->health);
    const auto want = fmt::format("{}: {}", row.text({"healthStatus", "status"}),
                                  row.text({"healthStatus", "message"}));
    EXPECT_EQ(got, want) << path;
    equal += got == want ? 1 : 0;
  });
  EXPECT_GT(count, 1'000);
  fmt::print("{} of {} health cases equal, {} scripts\n", equal, count, scripts_.health.size());
}

// Without upstream's scripts: the status is upstream's, the message may say more.
TEST_F(Upstream, OurOwnRulesGiveUpstreamsStatus) {
  int equal = 0, known = 0;
  const auto count = for_each_case("health_test.yaml", "tests", [&](const std::string& folder,
                                                                    const Value& row) {
    const auto path = folder + input_of(row);
    const Value live = document(path);
    const auto health = assess_builtin(live);
    // A deletion is judged before any script.
    if (!health || pending_deletion(live)) return;
    ++known;
    const auto got = to_string(health->status);
    const auto want = row.text({"healthStatus", "status"});
    EXPECT_EQ(got, want) << path << "\nours: " << health->message
                         << "\ntheirs: " << row.text({"healthStatus", "message"});
    equal += got == want ? 1 : 0;
  });
  fmt::print("{} of {} cases equal of the kinds that are known, of {}\n", equal, known, count);
}

Action wanted_action(const Value& row) {
  Action action;
  action.name = row.text({"name"});
  action.display_name = row.text({"displayName"});
  action.icon_class = row.text({"iconClass"});
  const Value* disabled = row.find("disabled");
  action.disabled = disabled != nullptr && *disabled == Value(true);
  const Value* parameters = row.find("params");
  if (parameters == nullptr || !parameters->is_array()) return action;
  for (const auto& each : *parameters->as_array())
    action.parameters.emplace_back(each.text({"name"}));
  return action;
}

TEST_F(Upstream, DiscoveryFindsUpstreamsActions) {
  int equal = 0;
  const auto count = for_each_case("action_test.yaml", "discoveryTests", [&](const std::string& at,
                                                                             const Value& row) {
    const auto path = at + input_of(row);
    const Value live = document(path);
    const auto kind = scripts_.actions.find(group_kind_of(live));
    ASSERT_NE(kind, scripts_.actions.end()) << path;
    const auto actions = discover_actions(kind->second.discovery, live);
    ASSERT_TRUE(actions.has_value()) << path << ": " << actions.error().message();
    std::vector<Action> want;
    if (const Value* result = row.find("result"); result != nullptr && result->is_array()) {
      for (const auto& each : *result->as_array()) want.push_back(wanted_action(each));
    }
    // As upstream's own test: its lists may name more than a case has.
    bool all = true;
    for (const auto& action : *actions) {
      const bool known = std::ranges::find(want, action) != want.end();
      EXPECT_TRUE(known) << path << ": " << action.name;
      all = all && known;
    }
    equal += all ? 1 : 0;
  });
  EXPECT_GT(count, 80);
  fmt::print("{} of {} discovery cases equal\n", equal, count);
}

// Actions write the time at which they ran.
bool is_time(std::string_view text) {
  const auto digits = [&](std::size_t at, std::size_t size) {
    return text.size() >= at + size &&
           std::ranges::all_of(text.substr(at, size), [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto at = text.rfind(' ');
  if (at != std::string_view::npos) text.remove_prefix(at + 1);
  return digits(0, 4) && digits(5, 2) && digits(8, 2) && text.size() > 10 && text[10] == 'T' &&
         digits(11, 2);
}

bool is_nothing(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (const auto* map = value->as_object())
    return std::ranges::all_of(*map, [](const Member& each) { return is_nothing(&each.value); });
  return value->is_array() && value->as_array()->empty();
}

// The pointer to the first difference, "" when there is none. Upstream's test asks for a diff of the
// wanted object: what the other one has beyond it is none.
std::string difference(const Value* want, const Value* got) {
  if (is_nothing(want)) return "";
  if (want == nullptr || got == nullptr || want->kind() != got->kind()) return "/";
  if (const auto* text = want->as_string())
    return *text == *got->as_string() || (is_time(*text) && is_time(*got->as_string())) ? "" : "/";
  if (const auto* map = want->as_object()) {
    for (const auto& [key, value] : *map) {
      const auto inner = difference(&value, got->find(key));
      if (!inner.empty()) return "/" + key + inner;
    }
    return "";
  }
  if (const auto* list = want->as_array()) {
    if (list->size() != got->as_array()->size()) return "/";
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto inner = difference(&(*list)[i], &(*got->as_array())[i]);
      if (!inner.empty()) return fmt::format("/{}{}", i, inner);
    }
    return "";
  }
  return *want == *got ? "" : "/";
}

// The objects of a file of expected ones: one, or a list of {operation, unstructuredObj}. A
// Deployment's status and generation are its controller's; two files show them as they become.
std::vector<Value> wanted_objects(const Value& document) {
  std::vector<Value> objects;
  if (document.is_object()) objects.push_back(document);
  if (document.is_array()) {
    for (const auto& row : *document.as_array()) {
      const Value* object = row.find("unstructuredObj");
      objects.push_back(object == nullptr ? Value() : *object);
    }
  }
  for (auto& object : objects) {
    if (group_kind_of(object) != "apps_Deployment") continue;
    object["metadata"]["generation"] = nullptr;
    object["status"] = nullptr;
  }
  return objects;
}

// What an action makes is named after its source and the time.
std::string closest(const std::vector<Value>& wanted, Value made, const Impact& impact) {
  std::string nearest = "no object";
  for (const auto& want : wanted) {
    if (group_kind_of(want) != group_kind_of(made)) continue;
    const auto kind = made.text({"kind"});
    const bool named_by_time = kind == "Job" || kind == "Workflow";
    if (impact.effect == Effect::create && named_by_time)
      made["metadata"]["name"] = std::string(want.text({"metadata", "name"}));
    nearest = difference(&want, &made);
    if (nearest.empty()) return "";
  }
  return nearest;
}

TEST_F(Upstream, ActionsMakeUpstreamsObjects) {
  int equal = 0;
  const auto count = for_each_case("action_test.yaml", "actionTests", [&](const std::string& folder,
                                                                          const Value& row) {
    const auto path = folder + input_of(row);
    const auto name = row.text({"action"});
    const Value live = document(path);
    const auto kind = scripts_.actions.find(group_kind_of(live));
    ASSERT_NE(kind, scripts_.actions.end()) << path;
    const auto script = kind->second.definitions.find(name);
    ASSERT_NE(script, kind->second.definitions.end()) << path << ": " << name;
    const Value* given = row.find("parameters");
    const auto impacts = run_action(script->second, live, given == nullptr ? Object{} : *given);
    if (const auto message = row.text({"expectedErrorMessage"}); !message.empty()) {
      ASSERT_FALSE(impacts.has_value()) << path;
      const auto got = render_error(impacts.error(), "");
      const bool same = got.find(message) != std::string::npos;
      EXPECT_TRUE(same) << path << ": " << got << "\nwant: " << message;
      equal += same ? 1 : 0;
      return;
    }
    ASSERT_TRUE(impacts.has_value()) << path << ": " << impacts.error().message();
    const auto wanted = wanted_objects(
        document(fmt::format("{}{}", folder, row.text({"expectedOutputPath"}))));
    bool all = true;
    for (const auto& impact : *impacts) {
      const auto where = closest(wanted, impact.object, impact);
      EXPECT_EQ(where, "") << path << ": " << name << ": " << json::write(impact.object);
      all = all && where.empty();
    }
    equal += all ? 1 : 0;
  });
  EXPECT_GT(count, 80);
  fmt::print("{} of {} action cases equal\n", equal, count);
}

}  // namespace
}  // namespace holdfast::health
