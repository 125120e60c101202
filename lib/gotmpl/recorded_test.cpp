// SPDX-License-Identifier: Apache-2.0
// What Go and helm print, recorded as rows of testdata/recorded: a new case is added as data.
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>

#include "base/text.h"
#include "gotmpl/templates.h"
#include "value/json.h"

namespace holdfast::gotmpl {
namespace {

// Lines of cells between tabs; '#' starts a comment.
std::vector<std::vector<std::string>> rows_of(const std::string& name) {
  std::ifstream file("testdata/recorded/" + name);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> cells;
    for (const std::string_view cell : split(line, '\t')) cells.emplace_back(cell);
    rows.push_back(std::move(cells));
  }
  EXPECT_FALSE(rows.empty()) << name;
  return rows;
}

TEST(Recorded, TemplatesPrintWhatHelmPrints) {
  for (const std::string name : {"printf.tsv", "toml.tsv"}) {
    for (const auto& row : rows_of(name)) {
      Templates templates{Environment{}};
      ASSERT_TRUE(templates.parse("t", row[0])) << row[0];
      const Result<std::string> out = templates.execute("t", Datum::new_dict());
      ASSERT_TRUE(out) << row[0] << ": " << out.error().message();
      EXPECT_EQ(json::write(Value(*out)), row[1]) << row[0];
    }
  }
}

}  // namespace
}  // namespace holdfast::gotmpl
