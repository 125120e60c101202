// SPDX-License-Identifier: Apache-2.0
// What helm 4.3.1 makes of flags, recorded as rows of testdata/recorded: a new case is added as data.
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

}  // namespace
}  // namespace holdfast::helm
