// SPDX-License-Identifier: Apache-2.0
// Every output of the kustomize corpora, read and printed again, must be the same bytes; every output
// of the Helm corpora that is YAML must be read. The archives lie outside the project.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "yaml/yaml.h"

namespace holdfast::yaml {
namespace {

namespace fs = std::filesystem;

// Known differences, each with its reason.
const std::set<std::string, std::less<>> not_equal{
    "print.strings/expected.yaml",   // go-yaml escapes every character after a leading byte order mark
    "generators.html/expected.yaml"  // libyaml indents after U+2028 inside single quotes
};
const std::set<std::string, std::less<>> not_yaml{
    "helm-probes/crds/expected.yaml",       // an untemplated file
    "helm-probes/split-dots/expected.yaml"  // text after a document's end mark
};

fs::path shared() {
  const char* given = std::getenv("HOLDFAST_SHARED");
  return given != nullptr ? given : "../shared";
}

class Unpacked {
 public:
  explicit Unpacked(const fs::path& archive)
      : folder_(fs::temp_directory_path() / fmt::format("holdfast-yaml-{}", ::getpid())) {
    fs::create_directories(folder_);
    const auto command = fmt::format("tar -xf '{}' -C '{}' --wildcards '*expected*.yaml'", archive.string(),
                                     folder_.string());
    // The archive's name comes from this file and the folder's from the system, nothing from outside.
    good_ = std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c)
  }
  ~Unpacked() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  [[nodiscard]] bool good() const { return good_; }

  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) out.push_back(entry.path());
    }
    std::ranges::sort(out);
    return out;
  }

  [[nodiscard]] std::string name(const fs::path& file) const {
    return fs::relative(file, folder_).generic_string();
  }

 private:
  fs::path folder_;
  bool good_ = false;
};

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string printed(const std::vector<Document>& documents) {
  std::string out;
  for (const auto& document : documents) {
    if (!out.empty()) out += "---\n";
    out += write(document.value);
  }
  return out;
}

class Corpus : public testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] static fs::path archive() { return shared() / "corpus" / GetParam(); }
};

using KustomizeCorpus = Corpus;
using HelmCorpus = Corpus;

TEST_P(KustomizeCorpus, ComesBackByteForByte) {
  if (!fs::exists(archive())) GTEST_SKIP() << archive() << " is absent: its outputs were not checked";
  const Unpacked corpus(archive());
  ASSERT_TRUE(corpus.good());
  std::size_t equal = 0;
  for (const auto& file : corpus.files()) {
    const auto name = corpus.name(file);
    const auto text = content(file);
    const auto documents = parse_all(text, name, Dialect::kube);
    ASSERT_TRUE(documents) << documents.error().message();
    const bool same = printed(*documents) == text;
    EXPECT_EQ(same, !not_equal.contains(name)) << name;
    equal += same ? 1 : 0;
  }
  EXPECT_GT(equal, 100);
  RecordProperty("equal", std::to_string(equal));
}

TEST_P(HelmCorpus, IsRead) {
  if (!fs::exists(archive())) GTEST_SKIP() << archive() << " is absent: its outputs were not checked";
  const Unpacked corpus(archive());
  ASSERT_TRUE(corpus.good());
  for (const auto& file : corpus.files()) {
    if (file.filename() != "expected.yaml") continue;
    const auto name = corpus.name(file);
    const auto documents = parse_all(content(file), name, Dialect::kube, {.duplicates = Duplicates::keep_last});
    EXPECT_EQ(documents.has_value(), !not_yaml.contains(name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Archives, KustomizeCorpus,
                         testing::Values("kustomize-krusty.tar.gz", "kustomize-probes.tar.gz",
                                         "kustomize-real.tar.zst"));
INSTANTIATE_TEST_SUITE_P(Archives, HelmCorpus, testing::Values("helm-probes.tar.gz", "helm-real.tar.zst"));

}  // namespace
}  // namespace holdfast::yaml
