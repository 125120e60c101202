// SPDX-License-Identifier: Apache-2.0
// Builds every case of a kustomize corpus and compares it with the real tool's output, byte for
// byte.
//   kustomize_conformance krusty|probes|real ARCHIVE WORK KNOWN [CASE]
// ARCHIVE is unpacked into WORK once. KNOWN lists the differences that are accepted, each with a
// reason; an entry that no longer differs is a failure too, so that the list can only shrink.
#include "base/text.h"
#include "kustomize/kustomize.h"
#include "tree/disk_tree.h"
#include "value/json.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

using holdfast::Result;
using holdfast::Value;
namespace kustomize = holdfast::kustomize;

struct Case {
  std::string name;
  std::string root;           // folder of the tree
  std::string target;         // directory in it
  std::string expected_file;  // "" when the build must be refused
  kustomize::Options options;
};

enum class Outcome { same, differs };

struct Verdict {
  Outcome outcome;
  std::string detail;
};

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

bool unpack(const std::string& archive, const std::string& work) {
  const std::string done = work + "/.unpacked";
  if (exists(done)) return true;
  std::vector<std::string> words{"tar", "-xf", archive, "-C", work};
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, "tar", nullptr, nullptr, argv.data(), environ) != 0) return false;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return false;
  std::ofstream(done) << "ok\n";
  return true;
}

std::vector<std::vector<std::string>> table(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  const std::string text = slurp(path);
  for (const auto line : holdfast::split(text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    auto& row = rows.emplace_back();
    for (const auto cell : holdfast::split(line, '\t'))
      row.emplace_back(cell);
  }
  return rows;
}

// krusty and probes: one folder is one case.
std::vector<Case> folder_cases(const std::string& work) {
  std::vector<Case> cases;
  for (const auto& row : table(work + "/index.tsv")) {
    const std::string folder = fmt::format("{}/{}", work, row[0]);
    const auto parsed = holdfast::json::parse(slurp(folder + "/case.json"), "case.json");
    if (!parsed) continue;
    const Value& description = *parsed;
    const auto check = description.text({"check"});
    if (!check.empty() && check != "verified" && check != "rewritten-from-oracle") continue;
    Case made;
    made.name = row[0];
    made.root = folder + "/input";
    made.target = description.text({"target"});
    if (description.text({"expect"}) == "ok") made.expected_file = folder + "/expected.yaml";
    const bool legacy =
        description.text({"options", "reorder"}) == "legacy" ||
        description.text({"options", "Reorder"}) == "krusty.ReorderOptionLegacy" ||
        description.text({"options", "Reorder"}) == "krusty.ReorderOptionUnspecified";
    made.options.order = legacy ? kustomize::Order::legacy : kustomize::Order::fifo;
    if (description.text({"options", "LoadRestrictions"}) == "types.LoadRestrictionsNone") {
      made.options.reading = kustomize::Reading::anywhere;
    }
    cases.push_back(std::move(made));
  }
  return cases;
}

std::vector<Case> real_cases(const std::string& work) {
  const std::string base = work + "/kustomize-real";
  std::vector<Case> cases;
  for (const auto& row : table(base + "/index.tsv")) {
    Case made;
    made.name = row[0];
    if (made.name == "real-1086") continue;  // its kustomization file is missing
    made.root = base;
    made.target = row[2];
    made.expected_file = fmt::format("{}/{}", base, row[4]);
    cases.push_back(std::move(made));
  }
  return cases;
}

std::string first_difference(std::string_view ours, std::string_view theirs) {
  const auto a = holdfast::split(ours, '\n');
  const auto b = holdfast::split(theirs, '\n');
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto x = i < a.size() ? a[i] : "(end)";
    const auto y = i < b.size() ? b[i] : "(end)";
    if (x != y) return fmt::format("line {}: ours \"{}\", theirs \"{}\"", i + 1, x, y);
  }
  return "equal";
}

Verdict judge(const Case& made, std::string* output) {
  const auto tree = holdfast::tree::DiskTree::open(made.root);
  if (!tree) return {Outcome::differs, tree.error().message()};
  const auto built = kustomize::build(*tree, made.target, made.options);
  if (made.expected_file.empty()) {
    if (built) return {Outcome::differs, "must be refused, was built"};
    if (output != nullptr) *output = holdfast::render_error(built.error(), "nothing was changed");
    return {Outcome::same, {}};
  }
  if (!built) return {Outcome::differs, built.error().message()};
  const std::string ours = kustomize::print(*built);
  if (output != nullptr) *output = ours;
  const std::string theirs = slurp(made.expected_file);
  if (ours == theirs) return {Outcome::same, {}};
  return {Outcome::differs, first_difference(ours, theirs)};
}

int run(const std::vector<Case>& cases, const std::map<std::string, std::string>& known,
        const std::string& only) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t same = 0, accepted = 0, wrong = 0;
  for (const auto& made : cases) {
    if (!only.empty() && made.name != only) continue;
    std::string output;
    const auto verdict = judge(made, only.empty() ? nullptr : &output);
    if (!only.empty()) fmt::print("{}", output);
    const bool listed = known.contains(made.name);
    if (verdict.outcome == Outcome::same && !listed) {
      ++same;
    } else if (verdict.outcome == Outcome::differs && listed) {
      ++accepted;
    } else {
      ++wrong;
      fmt::print("{}: {}\n", made.name,
                 listed ? std::string("is the same now; remove it from the known differences")
                        : verdict.detail);
    }
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  fmt::print("{} the same, {} known differences, {} wrong, {} ms\n", same, accepted, wrong,
             took.count());
  return wrong == 0 && same + accepted > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() < 5) {
    fmt::print(stderr,
               "usage: kustomize_conformance krusty|probes|real ARCHIVE WORK KNOWN [CASE]\n");
    return 2;
  }
  constexpr int skipped = 77;  // the return code that ctest counts as skipped
  if (!exists(words[2])) {
    fmt::print("skipped: the corpus {} is not there\n", words[2]);
    return skipped;
  }
  ::mkdir(words[3].c_str(), 0755);
  if (!unpack(words[2], words[3])) {
    fmt::print(stderr, "{} cannot be unpacked\n", words[2]);
    return 1;
  }
  std::map<std::string, std::string> known;
  for (const auto& row : table(words[4])) {
    if (row.size() == 2) known.emplace(row[0], row[1]);
  }
  const auto cases = words[1] == "real" ? real_cases(words[3]) : folder_cases(words[3]);
  return run(cases, known, words.size() > 5 ? words[5] : "");
}
