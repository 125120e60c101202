// SPDX-License-Identifier: Apache-2.0
#include "fakes/table.h"

#include <fstream>
#include <string_view>

#include "base/text.h"

namespace holdfast::fakes {

std::vector<std::vector<std::string>> rows_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> cells;
    for (const std::string_view cell : split(line, '\t')) cells.emplace_back(cell);
    rows.push_back(std::move(cells));
  }
  return rows;
}

}  // namespace holdfast::fakes
