// SPDX-License-Identifier: Apache-2.0
// What Go and helm print, recorded as rows of testdata/recorded: a new case is added as data.
#include <gtest/gtest.h>

#include "fakes/table.h"
#include "gotmpl/templates.h"
#include "value/json.h"

namespace holdfast::gotmpl {
namespace {

TEST(Recorded, TemplatesPrintWhatHelmPrints) {
  for (const std::string name : {"printf.tsv", "toml.tsv"}) {
    const auto rows = fakes::rows_of("testdata/recorded/" + name);
    EXPECT_FALSE(rows.empty()) << name;
    for (const auto& row : rows) {
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
