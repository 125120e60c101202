// SPDX-License-Identifier: Apache-2.0
// The commonest mistakes of charts, each as one file in testdata/mistakes: the chart, what the user
// gives, then the whole text that the user sees. A new mistake is added as data;
// HOLDFAST_ACCEPT=1 writes the texts.
#include "base/text.h"
#include "helm/helm.h"
#include "helm/user_values.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace holdfast::helm {
namespace {

struct Mistake {
  tree::MemoryTree chart;
  std::vector<std::string> files;
  std::vector<std::string> set;
  std::string input;  // the file up to the expected text
  std::string expected;
};

constexpr std::string_view expected_mark = "# expected\n";

// "# file PATH" starts a file, "# values PATH" and "# set TEXT" are flags, "# expected" the text.
Mistake read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto end = text.find(expected_mark) + expected_mark.size();
  Mistake mistake;
  mistake.input = text.substr(0, end);
  mistake.expected = text.substr(end);
  std::string name, content;
  for (const auto line : split(mistake.input, '\n')) {
    if (!line.starts_with("# ")) {
      content += fmt::format("{}\n", line);
      continue;
    }
    if (!name.empty()) mistake.chart.add(name, content);
    name.clear();
    content.clear();
    if (line.starts_with("# file ")) name = line.substr(7);
    if (line.starts_with("# values ")) mistake.files.emplace_back(line.substr(9));
    if (line.starts_with("# set ")) mistake.set.emplace_back(line.substr(6));
  }
  return mistake;
}

Result<std::string> rendered(const Mistake& mistake) {
  UserValues given;
  for (const auto& name : mistake.files) {
    std::string text = TRY(mistake.chart.read(name));
    given.files.push_back({name, std::move(text)});
  }
  given.typed = mistake.set;
  const auto values = TRY(merge_user_values(given));
  auto chart = TRY(load_chart(mistake.chart, ""));
  Settings settings;
  // Far below where the sanitizers' larger frames fill the stack first.
  settings.environment.limits.include_depth = 100;
  const auto documents = TRY(render(std::move(chart), values, settings));
  return print(documents);
}

class Mistakes : public testing::TestWithParam<std::string> {};

TEST_P(Mistakes, AreExplained) {
  const auto mistake = read(GetParam());
  const auto text = rendered(mistake);
  ASSERT_FALSE(text) << "was rendered:\n" << *text;
  const auto shown = render_error(text.error(), "nothing was changed");
  if (std::getenv("HOLDFAST_ACCEPT") != nullptr)
    std::ofstream(GetParam(), std::ios::binary) << mistake.input << shown;
  else
    EXPECT_EQ(shown, mistake.expected);
}

std::vector<std::string> all_mistakes() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/mistakes"))
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  return paths;
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Mistakes, testing::ValuesIn(all_mistakes()), name_of);

}  // namespace
}  // namespace holdfast::helm
