// SPDX-License-Identifier: Apache-2.0
// The commonest mistakes, each as one file in testdata/mistakes: the tree, then the whole text that
// the user sees. And builds in testdata/builds, with what `kustomize build` 5.8.1 prints for them. A
// new one of either is added as data.
#include "fakes/text_case.h"
#include "kustomize/kustomize.h"

namespace holdfast::kustomize {
namespace {

class Mistakes : public testing::TestWithParam<std::string> {};

TEST_P(Mistakes, AreExplained) {
  const auto mistake = fakes::read_text_case(GetParam(), {"target"});
  Options options;
  options.render_chart = [](const ChartRequest&) -> Result<std::string> { return std::string(); };
  const auto built = build(mistake.tree, mistake.flag("target"), options);
  ASSERT_FALSE(built) << "was built:\n" << print(*built);
  mistake.expect(render_error(built.error(), "nothing was changed"));
}

INSTANTIATE_TEST_SUITE_P(All, Mistakes, testing::ValuesIn(fakes::text_cases("testdata/mistakes")),
                         fakes::text_case_name);

class Builds : public testing::TestWithParam<std::string> {};

TEST_P(Builds, PrintWhatTheToolPrints) {
  const auto one = fakes::read_text_case(GetParam(), {"target"});
  const auto built = build(one.tree, one.flag("target"));
  ASSERT_TRUE(built) << render_error(built.error(), "nothing was changed");
  one.expect(print(*built));
}

INSTANTIATE_TEST_SUITE_P(All, Builds, testing::ValuesIn(fakes::text_cases("testdata/builds")),
                         fakes::text_case_name);

}  // namespace
}  // namespace holdfast::kustomize
