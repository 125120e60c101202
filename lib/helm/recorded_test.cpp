// SPDX-License-Identifier: Apache-2.0
// What helm 4.3.1 makes of flags and charts, recorded: rows of testdata/recorded, charts of
// testdata/rendered with the output that they have. A new case is added as data.
#include "fakes/text_case.h"
#include "helm/helm.h"
#include "helm/set.h"
#include "value/json.h"

#include <gtest/gtest.h>

#include <fstream>

namespace holdfast::helm {
namespace {

TEST(Recorded, SetJsonTakesWhatHelmTakes) {
  std::ifstream file("testdata/recorded/set_json.tsv");
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto tab = line.find('\t');
    const auto flag = json::parse(line.substr(0, tab), "set_json.tsv");
    ASSERT_TRUE(flag) << line;
    Object values;
    const auto set = set_values(values, *flag->as_string(), SetKind::json);
    EXPECT_EQ(set ? json::write(Value(values)) : "error", line.substr(tab + 1)) << line;
    ++rows;
  }
  EXPECT_GT(rows, 0);
}

class Rendered : public testing::TestWithParam<std::string> {};

TEST_P(Rendered, AsHelmRendersIt) {
  const auto given = fakes::read_text_case(GetParam(), {});
  auto chart = load_chart(given.tree, "");
  ASSERT_TRUE(chart) << chart.error().message();
  const auto documents = render(*std::move(chart), {}, {});
  ASSERT_TRUE(documents) << documents.error().message();
  given.expect(print(*documents));
}

INSTANTIATE_TEST_SUITE_P(All, Rendered, testing::ValuesIn(fakes::text_cases("testdata/rendered")),
                         fakes::text_case_name);

}  // namespace
}  // namespace holdfast::helm
