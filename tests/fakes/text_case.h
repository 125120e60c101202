// SPDX-License-Identifier: Apache-2.0
// Test cases that are one file of text each: a tree of files, what is asked of it, then the whole
// text that comes out. A new case is added as data; HOLDFAST_ACCEPT=1 writes the texts.
// It does not know who makes the text.
#pragma once

#include "tree/memory_tree.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::fakes {

struct TextCase {
  std::string path;  // of its file
  tree::MemoryTree tree;
  std::vector<std::pair<std::string, std::string>> flags;  // in the file's order
  std::string input;  // the file up to the expected text
  std::string expected;

  // The last flag of that name, "" when there is none.
  [[nodiscard]] std::string flag(std::string_view name) const;

  void expect(std::string_view text) const;
};

// "# file PATH" starts a file, "# NAME TEXT" is a flag where the name is one of `flags`, "# expected"
// starts the text.
TextCase read_text_case(const std::string& path, std::initializer_list<std::string_view> flags);

// The files of a folder, sorted.
std::vector<std::string> text_cases(const std::string& folder);

// "patch-without-match.txt" is the test patch_without_match.
std::string text_case_name(const testing::TestParamInfo<std::string>& info);

}  // namespace holdfast::fakes
