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

Known known_differences(const std::string& name) {
  Known known;
  std::ifstream in(fmt::format("tests/conformance/helm/{}", name));
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

// Helm 3 cuts the white space at the end of a document.
std::string without_blanks_at_ends(std::string_view text) {
  std::string out;
  for (const auto line : split(text, '\n')) {
    const auto end = line.find_last_not_of(" \t\r");
    if (end != std::string_view::npos) out += fmt::format("{}\n", line.substr(0, end + 1));
  }
  return out;
}

// The same for Helm 3, which the archives hold where it differs in more than blanks.
std::string complaint3(const Corpus& corpus, const Case& each) {
  const auto got = render_case(corpus, each, gotmpl::Flavor::helm3);
  const bool own = each.helm3.output || !each.helm3.error.empty();
  const auto& want = own ? each.helm3 : each.helm4;
  if (!want.output) return got ? fmt::format("must fail: {}", want.error) : std::string();
  if (!got) return fmt::format("failed: {}", got.error().message());
  const bool same = own ? *got == *want.output
                        : without_blanks_at_ends(*got) == without_blanks_at_ends(*want.output);
  return same ? std::string()
              : fmt::format("output differs\n{}", difference(*got, *want.output));
}

struct Counts {
  std::size_t equal = 0, outputs = 0, refused = 0, errors = 0;
};

// The version of Helm that is held against, and the list of what differs from it.
struct Judge {
  std::string (*complaint)(const Corpus&, const Case&);
  bool (*succeeds)(const Case&);
  const char* known;
};

const Judge helm4{complaint, [](const Case& each) { return each.helm4.output.has_value(); },
                  "known_differences.tsv"};
const Judge helm3{complaint3,
                  [](const Case& each) {
                    const bool own = each.helm3.output || !each.helm3.error.empty();
                    return own ? each.helm3.output.has_value() : each.helm4.output.has_value();
                  },
                  "known_differences_helm3.tsv"};

void check(const std::string& archive, const Judge& judge) {
  const auto corpus = read_corpus(archive);
  ASSERT_TRUE(corpus) << corpus.error().message();
  if (!*corpus) GTEST_SKIP() << "corpus/" << archive << " is absent: nothing was checked";
  const auto known = known_differences(judge.known);
  const char* only = std::getenv("HOLDFAST_CASE");
  Counts counts;
  for (const auto& each : (*corpus)->cases) {
    if (only != nullptr && each.name.find(only) == std::string::npos) continue;
    const auto what = judge.complaint(**corpus, each);
    const bool has_output = judge.succeeds(each);
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
  check("helm-probes.tar.gz", helm4);
}

TEST(Real, AreWhatHelmPrints) {
  check("helm-real.tar.zst", helm4);
}

TEST(Probes3, AreWhatHelm3PrintsWhereItIsAskedFor) {
  check("helm-probes.tar.gz", helm3);
}

TEST(Real3, AreWhatHelm3PrintsWhereItIsAskedFor) {
  check("helm-real.tar.zst", helm3);
}

}  // namespace
}  // namespace holdfast::helm
