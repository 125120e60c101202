// SPDX-License-Identifier: Apache-2.0
// Every output of the kustomize corpora, read and printed again, must be the same bytes; every
// output of the Helm corpora that is YAML must be read. The archives lie outside the project.
#include "archive/tar_reader.h"
#include "base/handle.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

namespace holdfast::yaml {
namespace {

namespace fs = std::filesystem;

// What is no YAML, each with its reason.
const std::set<std::string, std::less<>> not_yaml{
    "helm-probes/crds/expected.yaml",       // an untemplated file
    "helm-probes/split-dots/expected.yaml"  // text after a document's end mark
};

fs::path shared() {
  const char* given = std::getenv("HOLDFAST_SHARED");
  return given != nullptr ? given : "../shared";
}

// Path → text of every output in the archive.
Result<std::map<std::string, std::string>> outputs(const fs::path& archive_file) {
  const FileDescriptor file(::open(archive_file.c_str(), O_RDONLY | O_CLOEXEC));
  archive::Limits limits;
  limits.bytes = std::uint64_t{1} << 30;
  limits.others = archive::Others::skip;
  std::map<std::string, std::string> out;
  const auto visit = [&](const archive::Entry& entry, const archive::Source& content) -> Result<> {
    const bool wanted =
        entry.path.ends_with(".yaml") && entry.path.find("expected") != std::string::npos;
    if (wanted) out[entry.path] = TRY(archive::read_all(content, entry.size));
    return {};
  };
  TRY(archive::read_tar(archive::source_of_fd(file.get()), limits, visit));
  return out;
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
  [[nodiscard]] static fs::path archive_file() { return shared() / "corpus" / GetParam(); }
};

using KustomizeCorpus = Corpus;
using HelmCorpus = Corpus;

TEST_P(KustomizeCorpus, ComesBackByteForByte) {
  if (!fs::exists(archive_file()))
    GTEST_SKIP() << archive_file() << " is absent: its outputs were not checked";
  const auto files = outputs(archive_file());
  ASSERT_TRUE(files) << files.error().message();
  std::size_t equal = 0;
  for (const auto& [name, text] : *files) {
    const auto documents = parse_all(text, name, Dialect::kube);
    ASSERT_TRUE(documents) << documents.error().message();
    const bool same = printed(*documents) == text;
    EXPECT_TRUE(same) << name;
    equal += same ? 1 : 0;
  }
  EXPECT_GT(equal, 100);
}

TEST_P(HelmCorpus, IsRead) {
  if (!fs::exists(archive_file()))
    GTEST_SKIP() << archive_file() << " is absent: its outputs were not checked";
  const auto files = outputs(archive_file());
  ASSERT_TRUE(files) << files.error().message();
  for (const auto& [name, text] : *files) {
    if (!name.ends_with("/expected.yaml")) continue;
    const auto documents =
        parse_all(text, name, Dialect::kube, {.duplicates = Duplicates::keep_last});
    EXPECT_EQ(documents.has_value(), !not_yaml.contains(name)) << name;
  }
}

// What yaml-cpp read, its plain scalars given their meaning.
Value second_opinion(const YAML::Node& node) {
  if (node.IsSequence()) {
    Array out;
    for (const auto& element : node)
      out.push_back(second_opinion(element));
    return out;
  }
  if (node.IsMap()) {
    Object out;
    for (const auto& member : node)
      out.append(member.first.Scalar(), second_opinion(member.second));
    out.sort();
    return out;
  }
  if (!node.IsScalar()) return {};
  const auto scalar = node.Tag() == "?" ? resolve(node.Scalar(), Dialect::kube) : Scalar();
  const bool text = scalar.kind == ScalarKind::text || scalar.kind == ScalarKind::timestamp;
  return text ? Value(node.Scalar()) : scalar.value;
}

class SmallCorpus : public Corpus {};

TEST_P(SmallCorpus, MeansTheSameToYamlCpp) {
  if (!fs::exists(archive_file()))
    GTEST_SKIP() << archive_file() << " is absent: its outputs were not compared";
  const auto files = outputs(archive_file());
  ASSERT_TRUE(files) << files.error().message();
  for (const auto& [name, text] : *files) {
    const auto documents = parse_all(text, name, Dialect::kube);
    ASSERT_TRUE(documents) << documents.error().message();
    const auto others = YAML::LoadAll(text);
    ASSERT_EQ(documents->size(), others.size()) << name;
    for (std::size_t i = 0; i < others.size(); ++i) {
      // U+2028 inside quotes is a line end in YAML 1.1, which Kubernetes tools read, and text
      // in 1.2.
      if (name == "print.strings/expected.yaml") continue;
      EXPECT_EQ(write(documents->at(i).value), write(second_opinion(others[i]))) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Archives, KustomizeCorpus,
                         testing::Values("kustomize-krusty.tar.gz", "kustomize-probes.tar.gz",
                                         "kustomize-real.tar.zst"));
INSTANTIATE_TEST_SUITE_P(Archives, SmallCorpus,
                         testing::Values("kustomize-krusty.tar.gz", "kustomize-probes.tar.gz"));
INSTANTIATE_TEST_SUITE_P(Archives, HelmCorpus,
                         testing::Values("helm-probes.tar.gz", "helm-real.tar.zst"));

}  // namespace
}  // namespace holdfast::yaml
