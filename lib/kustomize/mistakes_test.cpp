// SPDX-License-Identifier: Apache-2.0
// The commonest mistakes, each as one file in testdata/mistakes: the tree, then the whole text that
// the user sees. A new mistake is added as data.
#include "base/text.h"
#include "kustomize/kustomize.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace holdfast::kustomize {
namespace {

struct Mistake {
  tree::MemoryTree tree;
  std::string target;
  std::string expected;
};

// "# file PATH" starts a file, "# target DIR" names what is built, "# expected" the text.
Mistake read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  Mistake mistake;
  std::string name, content;
  const auto finish = [&] {
    if (name == "expected") mistake.expected = content;
    if (name.starts_with("file ")) mistake.tree.add(name.substr(5), content);
    content.clear();
  };
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("# file ") || line == "# expected") {
      finish();
      name = line.substr(2);
    } else if (line.starts_with("# target ")) {
      mistake.target = line.substr(9);
    } else {
      content += std::string(line) + "\n";
    }
  }
  if (content.ends_with("\n\n")) content.pop_back();
  finish();
  return mistake;
}

class Mistakes : public testing::TestWithParam<std::string> {};

TEST_P(Mistakes, AreExplained) {
  const auto mistake = read(GetParam());
  Options options;
  options.render_chart = [](const ChartRequest&) -> Result<std::string> { return std::string(); };
  const auto built = build(mistake.tree, mistake.target, options);
  ASSERT_FALSE(built) << "was built:\n" << print(*built);
  EXPECT_EQ(render_error(built.error(), "nothing was changed"), mistake.expected);
}

std::vector<std::string> all_mistakes() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/mistakes")) {
    paths.push_back(entry.path().string());
  }
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
}  // namespace holdfast::kustomize
