// SPDX-License-Identifier: Apache-2.0
#include "commands/junit.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

Value application(const std::string& status) {
  return json::parse(R"({"metadata":{"name":"shop","creationTimestamp":"2026-01-01T00:00:00Z"},"status":)" + status + "}", "test").value();
}

TEST(Junit, AnApplicationPassesOrSaysWhyNot) {
  struct Row {
    const char* name;
    const char* status;
    const char* failure;
    double seconds;
  };
  for (const auto& row :
       {Row{"well", R"({"sync":{"status":"Synced"},"health":{"status":"Healthy","lastTransitionTime":"2026-01-01T00:00:07Z"}})", "", 7},
        Row{"never seen", "{}", "not compared/not assessed", 0},
        Row{"a condition comes first",
            R"({"sync":{"status":"Unknown"},"health":{"status":"Healthy"},"conditions":[{"type":"ComparisonError","message":"web.yaml:5: wrong"}]})",
            "Unknown/Healthy, ComparisonError: web.yaml:5: wrong", 0},
        Row{"then the object that is ill",
            R"({"sync":{"status":"Synced"},"health":{"status":"Degraded"},"resources":[{"kind":"Service","namespace":"shop","name":"web","status":"Synced"},
               {"kind":"Deployment","namespace":"shop","name":"web","status":"Synced","health":{"status":"Degraded","message":"no pod"}}]})",
            "Synced/Degraded, Deployment shop/web is Degraded: no pod", 0},
        Row{"or that differs",
            R"({"sync":{"status":"OutOfSync"},"health":{"status":"Healthy"},"resources":[{"kind":"Service","namespace":"shop","name":"web","status":"OutOfSync"}]})",
            "OutOfSync/Healthy, Service shop/web is OutOfSync", 0}}) {
    const auto result = application_case(application(row.status));
    EXPECT_EQ(result.failure, row.failure) << row.name;
    EXPECT_EQ(result.seconds, row.seconds) << row.name;
  }
}

TEST(Junit, IsXmlWhateverTheTextsAre) {
  const std::vector<TestCase> cases = {{"cluster", "up", 12.5, "", ""}, {"application", "shop", 3, "a < b & \"c\"\x01", "line one\nline two"}};
  EXPECT_EQ(junit("demo", cases),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites tests=\"2\" failures=\"1\" errors=\"0\" time=\"12.500\">\n"
            "  <testsuite name=\"demo\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"12.500\">\n"
            "    <testcase classname=\"cluster\" name=\"up\" time=\"12.500\"/>\n"
            "    <testcase classname=\"application\" name=\"shop\" time=\"3.000\">\n"
            "      <failure message=\"a &lt; b &amp; &quot;c&quot;\">line one&#10;line two</failure>\n"
            "    </testcase>\n"
            "  </testsuite>\n"
            "</testsuites>\n");
}

}  // namespace
}  // namespace holdfast::bootstrap
