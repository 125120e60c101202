// SPDX-License-Identifier: Apache-2.0
// The commonest mistakes of charts, each as one file in testdata/mistakes: the chart, what the user
// gives ("# values FILE", "# set TEXT"), then the whole text that the user sees. A new mistake is added
// as data.
#include "fakes/text_case.h"
#include "helm/helm.h"
#include "helm/user_values.h"

namespace holdfast::helm {
namespace {

Result<std::string> rendered(const fakes::TextCase& mistake) {
  UserValues given;
  for (const auto& [flag, argument] : mistake.flags) {
    if (flag == "set") {
      given.typed.push_back(argument);
      continue;
    }
    std::string text = TRY(mistake.tree.read(argument));
    given.files.push_back({argument, std::move(text)});
  }
  const auto values = TRY(merge_user_values(given));
  auto chart = TRY(load_chart(mistake.tree, ""));
  Settings settings;
  // Far below where the sanitizers' larger frames fill the stack first.
  settings.environment.limits.include_depth = 100;
  const auto documents = TRY(render(std::move(chart), values, settings));
  return print(documents);
}

class Mistakes : public testing::TestWithParam<std::string> {};

TEST_P(Mistakes, AreExplained) {
  const auto mistake = fakes::read_text_case(GetParam(), {"values", "set"});
  const auto text = rendered(mistake);
  ASSERT_FALSE(text) << "was rendered:\n" << *text;
  mistake.expect(render_error(text.error(), "nothing was changed"));
}

INSTANTIATE_TEST_SUITE_P(All, Mistakes, testing::ValuesIn(fakes::text_cases("testdata/mistakes")),
                         fakes::text_case_name);

}  // namespace
}  // namespace holdfast::helm
