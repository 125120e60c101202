// SPDX-License-Identifier: Apache-2.0
#include "fakes/text_case.h"

#include "base/text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace holdfast::fakes {
namespace {

constexpr std::string_view expected_mark = "# expected\n";

using Flag = std::pair<std::string, std::string>;

std::optional<Flag> flag_of(std::string_view line, std::initializer_list<std::string_view> flags) {
  if (!line.starts_with("# ")) return std::nullopt;
  line.remove_prefix(2);
  const auto space = line.find(' ');
  if (space == std::string_view::npos || std::ranges::find(flags, line.substr(0, space)) == flags.end())
    return std::nullopt;
  return Flag(line.substr(0, space), line.substr(space + 1));
}

}  // namespace

std::string TextCase::flag(std::string_view name) const {
  std::string out;
  for (const auto& [key, text] : flags) {
    if (key == name) out = text;
  }
  return out;
}

void TextCase::expect(std::string_view text) const {
  if (std::getenv("HOLDFAST_ACCEPT") != nullptr) {
    std::ofstream(path, std::ios::binary) << input << text;
  } else {
    EXPECT_EQ(text, expected);
  }
}

TextCase read_text_case(const std::string& path, std::initializer_list<std::string_view> flags) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  TextCase out;
  out.path = path;
  const auto mark = text.find(expected_mark);
  if (mark == std::string::npos) {
    ADD_FAILURE() << path << " has no line \"# expected\"";
    return out;
  }
  out.input = text.substr(0, mark + expected_mark.size());
  out.expected = text.substr(out.input.size());
  std::string name, content;
  const auto finish = [&] {
    if (!name.empty()) out.tree.add(name, content);
    name.clear();
    content.clear();
  };
  for (const auto line : split(std::string_view(text).substr(0, mark), '\n')) {
    auto flag = flag_of(line, flags);
    if (flag) {
      finish();
      out.flags.push_back(*std::move(flag));
    } else if (line.starts_with("# file ")) {
      finish();
      name = line.substr(7);
    } else {
      content += line;
      content += '\n';
    }
  }
  content.pop_back();  // what `split` finds behind the last line end
  finish();
  return out;
}

std::vector<std::string> text_cases(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  return paths;
}

std::string text_case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace holdfast::fakes
