// SPDX-License-Identifier: Apache-2.0
// Input that is made to hurt: each ends soon, in an error with its place, within the caller's limits.
#include "kustomize/kustomize.h"
#include "fakes/temporary_folder.h"
#include "tree/disk_tree.h"
#include "tree/memory_tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace holdfast::kustomize {
namespace {

namespace fs = std::filesystem;

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += text;
  return out;
}

constexpr std::string_view config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

std::string with_data(std::string_view data) {
  return fmt::format("{}data: {}\n", config_map, data);
}

std::string alias_bomb() {
  std::string out = std::string(config_map) + "data:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i)
    out += fmt::format("  a{0}: &a{0} [{1}]\n", i, repeated(fmt::format("*a{},", i - 1), 10));
  return out;
}

std::string nested_maps(int depth) {
  std::string out = std::string(config_map) + "data:\n";
  for (int i = 1; i <= depth; ++i)
    out += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  return out;
}

std::string many_patches(int count) {
  std::string out = "resources: [r.yaml]\npatches:\n";
  for (int i = 0; i < count; ++i)
    out += "- {target: {kind: ConfigMap}, patch: '[{\"op\":\"add\",\"path\":\"/data/a\",\"value\":\"c\"}]'}\n";
  return out;
}

std::string config_maps(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a{}\n", i);
  return out;
}

struct Hostile {
  std::string sentence;
  tree::MemoryTree::Files files;
  Code code;
  std::string where;  // the innermost place
};

void expect_refused(const Hostile& hostile, const Options& options) {
  const auto built = build(tree::MemoryTree(hostile.files), "", options);
  ASSERT_FALSE(built) << hostile.sentence;
  const Error& error = built.error();
  EXPECT_EQ(error.code(), hostile.code) << hostile.sentence << ": " << error.message();
  ASSERT_FALSE(error.where().empty()) << hostile.sentence << ": " << error.message();
  EXPECT_TRUE(error.where().front().starts_with(hostile.where))
      << hostile.sentence << ": " << error.message();
}

TEST(Hostile, InputIsRefusedAtItsPlace) {
  const std::string list = "resources: [r.yaml]\n";
  const auto one = [&](std::string text) {
    return tree::MemoryTree::Files{{"kustomization.yaml", list}, {"r.yaml", std::move(text)}};
  };
  const auto root = [](std::string text) {
    return tree::MemoryTree::Files{{"kustomization.yaml", std::move(text)},
                                   {"r.yaml", with_data("{a: b}")}};
  };
  const auto table = std::to_array<Hostile>({
      {"brackets in brackets", one(with_data(repeated("[", 100'000))), Code::limit, "r.yaml:5:106"},
      {"braces in braces", one(with_data(repeated("{a: ", 50'000))), Code::limit, "r.yaml:5:403"},
      {"maps in maps", one(nested_maps(2000)), Code::limit, "r.yaml:105:101"},
      {"a bomb of aliases", one(alias_bomb()), Code::limit, "r.yaml:10:36"},
      {"an anchor that holds itself", one(with_data("&a [*a]")), Code::yaml_syntax, "r.yaml:5:11"},
      {"an alias of nothing", one(with_data("[*nobody]")), Code::yaml_syntax, "r.yaml:5:8"},
      {"a key twice", one(std::string(config_map) + "data:\n  a: b\n  a: c\n"), Code::yaml_syntax,
       "r.yaml:7:3"},
      {"bytes that are no UTF-8", one(with_data("\"\xff\xfe\"")), Code::text_encoding, "r.yaml:5:8"},
      {"half a character", one(with_data("\"\xe2\x82\"")), Code::text_encoding, "r.yaml:5:9"},
      {"a control character", one(with_data("\"\x01\"")), Code::yaml_syntax, "r.yaml:5:8"},
      {"a number beyond float64", one(with_data("{a: .inf}")), Code::wrong_type, "r.yaml:5:11"},
      {"a count beyond int64",
       root("resources: [r.yaml]\nreplicas:\n- {name: a, count: 99999999999999999999}\n"),
       Code::wrong_type, "kustomization.yaml:3:20"},
      {"itself as a resource", root("resources:\n- .\n"), Code::kustomization, "kustomization.yaml:2:3"},
      {"a label that is no text", root("resources: [r.yaml]\ncommonLabels: {a: [1]}\n"),
       Code::wrong_type, "kustomization.yaml:2:19"},
      {"a pattern that would run for ever",
       root("resources: [r.yaml]\npatches:\n- target: {kind: '((((a{1000}){1000}){1000}){1000})'}\n"
            "  patch: '[{\"op\":\"remove\",\"path\":\"/data\"}]'\n"),
       Code::kustomization, "kustomization.yaml:3:11"},
  });
  Options options;
  options.limits.nodes = 100'000;
  options.limits.time = std::chrono::milliseconds(1500);
  for (const auto& each : table)
    expect_refused(each, options);
}

// Every field that names a file, and every text that is read as a document of its own.
TEST(Hostile, NoFileIsReadBeyondTheCallersLimits) {
  constexpr std::string_view lists = "resources: [r.yaml]\n";
  const auto inline_text = [](std::string_view field, const std::string& text) {
    return fmt::format("{}:\n- |\n  {}\n", field, text);
  };
  const auto table = std::to_array<std::pair<std::string_view, std::string>>({
      {"resources", "resources: [f.yaml]\n"},
      {"configurations", "configurations: [f.yaml]\n"},
      {"crds", "crds: [f.yaml]\n"},
      {"openapi", "openapi: {path: f.yaml}\n"},
      {"patches", "patches: [{path: f.yaml, target: {kind: ConfigMap}}]\n"},
      {"patchesStrategicMerge", "patchesStrategicMerge: [f.yaml]\n"},
      {"patchesJson6902",
       "patchesJson6902: [{path: f.yaml, target: {version: v1, kind: ConfigMap, name: a}}]\n"},
      {"replacements", "replacements: [{path: f.yaml}]\n"},
      {"generators", "generators: [f.yaml]\n"},
      {"transformers", "transformers: [f.yaml]\n"},
      {"validators", "validators: [f.yaml]\n"},
      {"a plugin's target file",
       inline_text("transformers", "{apiVersion: builtin, kind: ValueAddTransformer, metadata: "
                                   "{name: a}, targetFilePath: f.yaml}")},
      {"a plugin's patch file",
       inline_text("transformers", "{apiVersion: builtin, kind: PatchTransformer, metadata: "
                                   "{name: a}, path: f.yaml, target: {kind: ConfigMap}}")},
      {"a chart's values", "helmCharts: [{name: c, valuesFile: f.yaml}]\n"},
      {"a chart's values and inline ones",
       "helmCharts: [{name: c, valuesFile: f.yaml, valuesInline: {a: b}}]\n"},
      {"a chart's further values",
       "helmCharts: [{name: c, valuesFile: none.yaml, additionalValuesFiles: [f.yaml]}]\n"},
  });
  Options options;
  options.limits.depth = 20;
  options.limits.nodes = 500;
  options.render_chart = [](const ChartRequest&) -> Result<std::string> { return std::string(); };
  const std::string deep = repeated("[", 30) + repeated("]", 30);
  for (const auto& [field, text] : table) {
    const std::string kustomization =
        text.starts_with("resources") ? text : std::string(lists) + text;
    const auto with = [&](std::string file) {
      return tree::MemoryTree::Files{{"kustomization.yaml", kustomization},
                                     {"r.yaml", with_data("{a: b}")},
                                     {"charts/c/Chart.yaml", "name: c\n"},
                                     {"none.yaml", "{}\n"},
                                     {"f.yaml", std::move(file)}};
    };
    const auto name = [&](std::string_view what) { return fmt::format("{}, {}", field, what); };
    expect_refused({name("deep"), with("a: " + deep + "\n"), Code::limit, "f.yaml:1:"}, options);
    expect_refused({name("large"), with("a: [" + repeated("b,", 600) + "]\n"), Code::limit,
                    "f.yaml:1:"},
                   options);
    expect_refused({name("a bomb of aliases"), with(alias_bomb()), Code::limit, "f.yaml:8:20"},
                   options);
    expect_refused({name("no UTF-8"), with("a: \"\xff\"\n"), Code::text_encoding, "f.yaml:1:5"},
                   options);
    expect_refused({name("no YAML"), with("a: [1\nb: 2\n"), Code::yaml_syntax, "f.yaml:"}, options);
  }
  for (const std::string_view field :
       {"crds: [f.json]", "openapi: {path: f.json}",
        "patches: [{path: f.json, target: {kind: ConfigMap}}]"}) {
    const auto with = [&](std::string file) {
      return tree::MemoryTree::Files{
          {"kustomization.yaml", fmt::format("{}{}\n", lists, field)},
          {"r.yaml", with_data("{a: b}")},
          {"f.json", std::move(file)}};
    };
    const bool patch = field.starts_with("patches");
    const std::string begin = patch ? "[{\"op\":\"add\",\"path\":\"/data\",\"value\":" : "{\"a\":";
    const std::string end = patch ? "}]" : "}";
    expect_refused({std::string(field), with(begin + deep + end), Code::limit, "f.json:1:"}, options);
    expect_refused({std::string(field), with(begin + "[1" + repeated(",1", 600) + "]" + end), Code::limit,
                    "f.json:1:"},
                   options);
  }
}

// Each step doubles what is there: forty make a terabyte of a line.
TEST(Hostile, WhatIsCopiedIntoResourcesIsLimited) {
  const std::string many(5000, 'x');
  const auto times = [](int count, std::string_view text) { return repeated(text, count); };
  const auto built_from = [&](std::string fields) {
    return tree::MemoryTree::Files{
        {"kustomization.yaml", "resources: [r.yaml]\n" + std::move(fields)},
        {"r.yaml", with_data("{a: b, c: " + many + "}")}};
  };
  const auto table = std::to_array<Hostile>({
      {"a text that is put behind itself",
       built_from("replacements:\n" +
                  times(40, "- source: {kind: ConfigMap, fieldPath: data.c}\n  targets:\n"
                            "  - select: {kind: ConfigMap}\n    fieldPaths: [data.c]\n"
                            "    options: {delimiter: '-', index: 99}\n")),
       Code::limit, "kustomization.yaml:33:3"},
      {"a map that is put into itself",
       built_from("replacements:\n" +
                  times(40, "- source: {kind: ConfigMap, fieldPath: data}\n  targets:\n"
                            "  - select: {kind: ConfigMap}\n    fieldPaths: [data.more]\n"
                            "    options: {create: true}\n")),
       Code::limit, "kustomization.yaml:98:3"},
      {"a text that is copied by a JSON patch",
       built_from("patches:\n- target: {kind: ConfigMap}\n  patch: |\n" +
                  times(400, "    - {op: copy, from: /data/c, path: /data/-}\n"
                             "    - {op: copy, from: /data, path: /metadata/labels}\n"
                             "    - {op: move, from: /metadata/labels, path: /data/d}\n")),
       Code::limit, "kustomization.yaml:3:3"},
      {"a large patch of many",
       {{"kustomization.yaml", "resources: [r.yaml]\npatches:\n- target: {kind: ConfigMap}\n"
                               "  path: p.yaml\n"},
        {"r.yaml", config_maps(300)},
        {"p.yaml", with_data("{a: " + many + "}")}},
       Code::limit, "kustomization.yaml:3:3"},
      {"a long prefix of many",
       {{"kustomization.yaml", "resources: [r.yaml]\nnamePrefix: " + many + "\n"},
        {"r.yaml", config_maps(300)}},
       Code::limit, "kustomization.yaml:2:13"},
  });
  Options options;
  options.limits.copied = 1'000'000;
  for (const auto& each : table)
    expect_refused(each, options);
}

TEST(Hostile, AHundredThousandPatchesEndAtTheOneThatIsTooMuch) {
  tree::MemoryTree::Files files{{"kustomization.yaml", many_patches(100'000)},
                                {"r.yaml", with_data("{a: b}")}};
  Options options;
  options.limits.time = std::chrono::milliseconds(300);
  const auto built = build(tree::MemoryTree(files), "", options);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().what(), "the build takes longer than 300 ms");
  // A slow machine gets no further than the one resource; the entries of patches begin at column 3.
  int line = 0, column = 0;
  const std::string& place = built.error().where().back();
  ASSERT_EQ(std::sscanf(place.c_str(), "kustomization.yaml:%d:%d", &line, &column), 2) << place;
  EXPECT_EQ(column, line == 1 ? 13 : 3) << place;
  EXPECT_LE(line, 100'002) << place;
  // Each keeps the id that it finds: looking at all of them again for the next took nine seconds for 8,000.
  files.find("kustomization.yaml")->second += "- {target: {kind: ConfigMap}, patch: '[{\"op\":\"remove\",\"path\":\"/data/b\"}]'}\n";
  options.limits.time = std::chrono::minutes(10);
  expect_refused({"the last of them", std::move(files), Code::patch, "kustomization.yaml:100003:3"}, options);
}

// Each is looked up in the file for its spelling. Reading it anew every time would take minutes.
TEST(Hostile, TwentyThousandNumbersAsAnnotationsAreSpelledInOnePass) {
  std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n";
  for (int i = 0; i < 20'000; ++i)
    text += fmt::format("    a{}: {}.10\n", i, i);
  const tree::MemoryTree tree(
      tree::MemoryTree::Files{{"kustomization.yaml", "resources: [r.yaml]\n"}, {"r.yaml", text}});
  const auto built = build(tree, "");
  ASSERT_TRUE(built) << built.error().message();
  const Value* annotations = built->resources.at(0).object.find_path({"metadata", "annotations"});
  for (const std::string_view number : {"0", "3", "4", "5", "19999"})
    EXPECT_EQ(annotations->text({fmt::format("a{}", number)}), fmt::format("{}.10", number));
}

TEST(Hostile, KustomizationsThatListTwoOthersEachAreCounted) {
  tree::MemoryTree tree;
  for (int i = 0; i < 40; ++i) {
    tree.add(fmt::format("c{}/kustomization.yaml", i),
             fmt::format("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                         "components: [../c{0}, ../c{0}]\n",
                         i + 1));
  }
  tree.add("c40/kustomization.yaml",
           "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: a\n");
  tree.add("kustomization.yaml", "components: [c0]\n");
  Options options;
  options.limits.files = 2000;
  const auto built = build(tree, "", options);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message().substr(0, 37), "the build reads more than 2000 files,");
}

TEST(Hostile, FilesOfGeneratorsAreCounted) {
  tree::MemoryTree tree({{"kustomization.yaml", "configMapGenerator:\n- name: a\n  files: [x, y=x, z=x]\n"},
                         {"x", std::string(1000, 'x')}});
  Options options;
  options.limits.bytes = 2500;
  const auto built = build(tree, "", options);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message(),
            "generating ConfigMap \"a\": the build reads more than 2500 bytes, at \"x\" "
            "(kustomization.yaml:3:19)");
}

class Links : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) const {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << text;
  }

  [[nodiscard]] std::string built(std::string_view directory) const {
    const auto tree = tree::DiskTree::open(folder / "tree").value();
    const auto result = build(tree, directory);
    return result ? print(*result) : result.error().message();
  }

  const TemporaryFolder folder{"links"};
};

TEST_F(Links, AreFollowedInsideTheTree) {
  write("tree/real/base/kustomization.yaml", "resources: [../shared]\n");
  write("tree/real/shared/kustomization.yaml", "resources: [link.yaml]\n");
  write("tree/real/shared/cm.yaml", config_map);
  fs::create_symlink("cm.yaml", folder / "tree/real/shared/link.yaml");
  write("tree/app/kustomization.yaml", "resources: [base]\n");
  // "../shared" is meant from where the base really is.
  fs::create_directory_symlink("../real/base", folder / "tree/app/base");
  EXPECT_EQ(built("app"), config_map);
  fs::create_directory_symlink("app", folder / "tree/also");
  EXPECT_EQ(built("also"), config_map);
}

TEST_F(Links, ThatLeadOutOfTheRootOrTheTreeAreRefusedByName) {
  write("tree/other/cm.yaml", config_map);
  write("outside.yaml", config_map);
  write("tree/app/kustomization.yaml", "resources:\n- link.yaml\n");
  fs::create_symlink("../other/cm.yaml", folder / "tree/app/link.yaml");
  EXPECT_EQ(built("app"),
            "the file \"link.yaml\" is not in or below \"app\" (app/kustomization.yaml:2:3): it is a link to "
            "\"other/cm.yaml\"");
  fs::remove(folder / "tree/app/link.yaml");
  fs::create_symlink("../../outside.yaml", folder / "tree/app/link.yaml");
  EXPECT_EQ(built("app"), fmt::format("the link \"app/link.yaml\" leads out of the tree ({}; app/kustomization.yaml:2:3)",
                                      (folder / "tree").string()));
  fs::remove(folder / "tree/app/link.yaml");
  fs::create_directory_symlink("..", folder / "tree/app/link.yaml");
  EXPECT_EQ(built("app"),
            "\"link.yaml\" leads back to \"app\", which is being built (app/kustomization.yaml:2:3)");
}

}  // namespace
}  // namespace holdfast::kustomize
