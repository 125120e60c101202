// SPDX-License-Identifier: Apache-2.0
#include "health/health.h"

#include "value/json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::health {
namespace {

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

}  // namespace
}  // namespace holdfast::health
