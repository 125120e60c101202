// SPDX-License-Identifier: Apache-2.0
// Every case of the Helm corpora: outputs byte for byte, and what must fail fails for the same cause at
// the same place of a template. The archives lie outside the project; known_differences.tsv holds what differs and why, and may only shrink.
// HOLDFAST_CASE=text runs the cases whose names hold the text and shows the differing lines.
#include "corpus.h"
#include "same_error.h"

#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

namespace holdfast::helm {
namespace {

constexpr std::size_t difference_lines = 8;

using Known = std::map<std::string, std::string, std::less<>>;  // case → reason

Known known_differences() {
  Known known;
  std::ifstream in("tests/conformance/helm/known_differences.tsv");
  for (std::string line; std::getline(in, line);) {
    const auto columns = split(line, '\t');
    if (columns.size() == 2 && !line.starts_with('#')) known.emplace(columns[0], columns[1]);
  }
  return known;
}

// The first lines that differ, for a person.
std::string difference(std::string_view got, std::string_view want) {
  const auto mine = split(got, '\n'), theirs = split(want, '\n');
  std::string out;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < std::max(mine.size(), theirs.size()) && shown < difference_lines;
       ++i) {
    const auto left = i < mine.size() ? mine[i] : "<end>";
    const auto right = i < theirs.size() ? theirs[i] : "<end>";
    if (left == right) continue;
    ++shown;
    out += fmt::format("    {}: got  {}\n    {}: want {}\n", i + 1, left, i + 1, right);
  }
  return out;
}

// Nothing when the case is as Helm 4 has it, else what differs.
std::string complaint(const Corpus& corpus, const Case& each) {
  const auto got = render_case(corpus, each, gotmpl::Flavor::helm4);
  if (!each.helm4.output) {
    return got ? fmt::format("must fail: {}", each.helm4.error)
               : difference_of(got.error(), each.helm4.error);
  }
  if (!got) return fmt::format("failed: {}", got.error().message());
  return *got == *each.helm4.output
             ? std::string()
             : fmt::format("output differs\n{}", difference(*got, *each.helm4.output));
}

struct Counts {
  std::size_t equal = 0, outputs = 0, refused = 0, errors = 0;
};

void check(const std::string& archive) {
  const auto corpus = read_corpus(archive);
  ASSERT_TRUE(corpus) << corpus.error().message();
  if (!*corpus) GTEST_SKIP() << "corpus/" << archive << " is absent: nothing was checked";
  const auto known = known_differences();
  const char* only = std::getenv("HOLDFAST_CASE");
  Counts counts;
  for (const auto& each : (*corpus)->cases) {
    if (only != nullptr && each.name.find(only) == std::string::npos) continue;
    const auto what = complaint(**corpus, each);
    const bool has_output = each.helm4.output.has_value();
    ++(has_output ? counts.outputs : counts.errors);
    if (what.empty()) ++(has_output ? counts.equal : counts.refused);
    const bool excused = known.contains(each.name);
    if (what.empty() == excused) {
      ADD_FAILURE() << each.name << ": "
                    << (excused ? "is no longer different: take it off the list" : what);
    }
  }
  std::cout << fmt::format("{}: {} of {} outputs equal, {} of {} errors refused alike\n", archive,
                           counts.equal, counts.outputs, counts.refused, counts.errors);
}

TEST(Probes, AreWhatHelmPrints) {
  check("helm-probes.tar.gz");
}

TEST(Real, AreWhatHelmPrints) {
  check("helm-real.tar.zst");
}

}  // namespace
}  // namespace holdfast::helm
