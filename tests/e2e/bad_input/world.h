// SPDX-License-Identifier: Apache-2.0
// The folder that the tests of this program work in: a copy of world/ with what only the programs can
// make (keys, trust roots, bundles, repositories). Its home folder is empty and it names no cluster.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness.h"

namespace holdfast::e2e {

// Words apart by blanks; the first is a program of ours or one of the machine's.
std::vector<std::string> words(std::string_view line);

class World {
 public:
  World();

  // Runs the line in the folder. `environment` wins over the world's own.
  Ran run(std::string_view line, std::vector<std::string> environment = {}) const;
  // The same, which must end with 0; returns what it said.
  std::string must(std::string_view line) const;

  [[nodiscard]] std::string path(const std::string& name = "") const { return folder_.path(name); }
  void write(const std::string& name, std::string_view content) const;
  [[nodiscard]] std::string read(const std::string& name) const;

  // Everything below `name`: path → kind, mode and content. Equal before and after: nothing was changed.
  [[nodiscard]] std::map<std::string, std::string> look(const std::string& name = "") const;

  // What differs between runs and machines replaced: the folder is "~", a key's id "KEY", a time "N ms", the node's size "N MiB".
  [[nodiscard]] std::string masked(std::string text) const;

 private:
  TemporaryFolder folder_{"world"};
};

// "HF-E-1234" of what a command printed as its error; "" when it is none.
std::string code_in(std::string_view error);

}  // namespace holdfast::e2e
