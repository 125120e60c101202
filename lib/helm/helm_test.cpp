// SPDX-License-Identifier: Apache-2.0
#include "helm/helm.h"

#include "fakes/temporary_folder.h"
#include "helm/ignore.h"
#include "helm/set.h"
#include "helm/values.h"
#include "tree/disk_tree.h"
#include "tree/memory_tree.h"
#include "value/json.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <set>

namespace holdfast::helm {
namespace {

const tree::MemoryTree::Files demo = {
    {"Chart.yaml",
     "apiVersion: v2\nname: demo\nversion: 0.1.0\nappVersion: 1.10\ndependencies:\n- name: sub\n  "
     "version: 0.1.0\n  condition: sub.enabled\n"},
    {"values.yaml", "replicas: 2\nsub:\n  enabled: true\n  color: blue\n"},
    {"crds/one.yaml", "kind: CustomResourceDefinition\n"},
    {"templates/_names.tpl",
     "{{ define \"demo.name\" }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}"},
    {"templates/b.yaml", "kind: Service\nmetadata:\n  name: {{ include \"demo.name\" . }}\n"},
    {"templates/a.yaml",
     "kind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n  version: {{ .Chart.AppVersion "
     "| quote }}\n"},
    {"templates/hook.yaml",
     "kind: Job\nmetadata:\n  annotations:\n    helm.sh/hook: pre-install\n"},
    {"templates/NOTES.txt", "thank you"},
    {"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"},
    {"charts/sub/values.yaml", "color: red\nsize: 1\n"},
    {"charts/sub/templates/c.yaml",
     "kind: ConfigMap\ndata:\n  color: {{ .Values.color }}\n  size: {{ .Values.size | quote }}\n"},
};

Settings settings() {
  Settings out;
  out.release.name = "r";
  return out;
}

std::string rendered(const Object& user) {
  const tree::MemoryTree tree(demo);
  auto chart = load_chart(tree, "");
  if (!chart) return chart.error().message();
  auto documents = render(*std::move(chart), user, settings());
  return documents ? print(*std::move(documents)) : documents.error().message();
}

TEST(Render, PrintsCrdsThenManifestsInInstallOrderThenHooks) {
  EXPECT_EQ(rendered({}),
            "---\n# Source: demo/crds/one.yaml\nkind: CustomResourceDefinition\n\n"
            "---\n# Source: demo/charts/sub/templates/c.yaml\nkind: ConfigMap\ndata:\n  color: "
            "blue\n  size: \"1\"\n\n"
            "---\n# Source: demo/templates/b.yaml\nkind: Service\nmetadata:\n  name: r-demo\n\n"
            "---\n# Source: demo/templates/a.yaml\nkind: Deployment\nspec:\n  replicas: 2\n  "
            "version: \"1.1\"\n"
            "---\n# Source: demo/templates/hook.yaml\nkind: Job\nmetadata:\n  annotations:\n    "
            "helm.sh/hook: pre-install\n\n");
}

TEST(Render, AConditionSwitchesASubchartOff) {
  Object user;
  ASSERT_TRUE(set_values(user, "sub.enabled=false,replicas=3", SetKind::typed));
  const auto text = rendered(user);
  EXPECT_FALSE(text.contains("ConfigMap")) << text;
  EXPECT_TRUE(text.contains("replicas: 3")) << text;
}

TEST(Render, ANullOfTheUserDeletesTheSubchartsDefaultBelowTheParents) {
  Object user;
  ASSERT_TRUE(set_values(user, "sub.color=null,sub.size=null", SetKind::typed));
  const auto text = rendered(user);
  EXPECT_TRUE(text.contains("color: \n  size: \n")) << text;
}

TEST(Render, ReleaseNamesMayBeTemplates) {
  EXPECT_EQ(release_name("x{{ \"y\" }}z", {}).value(), "xyz");
  EXPECT_EQ(release_name("plain", {}).value(), "plain");
}

TEST(LoadChart, RefusesWhatHelmRefuses) {
  constexpr std::string_view head = "apiVersion: v2\nname: demo\nversion: 0.1.0\n";
  for (const std::string_view more : {"dependencies: [{name: s}, {name: s}]\n", "type: other\n",
                                      "apiVersion: v3\n", "version: x\n"}) {
    const tree::MemoryTree tree({{"Chart.yaml", fmt::format("{}{}", head, more)}});
    EXPECT_FALSE(load_chart(tree, "")) << more;
  }
}

// Remembers what it was asked for.
class WatchedTree final : public tree::FileTree {
 public:
  explicit WatchedTree(tree::MemoryTree::Files files) : files_(std::move(files)) {}

  [[nodiscard]] Result<std::optional<tree::EntryKind>> kind(std::string_view path) const override {
    return files_.kind(path);
  }
  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override { return files_.real_path(path); }
  [[nodiscard]] Result<std::vector<tree::Entry>> list(std::string_view path) const override { return files_.list(path); }
  [[nodiscard]] Result<std::string> read(std::string_view path) const override {
    asked.emplace(path);
    if (path == broken) return failure(Code::file_unreadable, "a file cannot be read");
    return files_.read(path);
  }

  mutable std::multiset<std::string> asked;
  std::string broken;

 private:
  tree::MemoryTree files_;
};

WatchedTree watched() {
  return WatchedTree({{"Chart.yaml", "apiVersion: v2\nname: demo\nversion: 0.1.0\n"
                                     "dependencies: [{name: part, version: 0.1.0, condition: part.enabled}]\n"},
                      {"values.yaml", "part: {enabled: false}\n"},
                      {"README.md", "long"},
                      {"shown.txt", "\xEF\xBB\xBFshown"},
                      {"crds/one.yaml", "kind: CustomResourceDefinition\n"},
                      {"templates/a.yaml", "kind: A\ntext: {{ .Files.Get \"shown.txt\" }}\n"},
                      {"charts/part/Chart.yaml", "apiVersion: v2\nname: part\nversion: 0.1.0\n"},
                      {"charts/part/templates/b.yaml", "{{ wrong }}"}});
}

TEST(Render, ReadsAFileWhenItIsAskedForAndOnce) {
  const WatchedTree tree = watched();
  Settings asked = settings();
  asked.crds = Include::no;
  const auto documents = render(*load_chart(tree, ""), {}, asked);
  ASSERT_TRUE(documents) << documents.error().message();
  EXPECT_EQ(documents->front().text, "kind: A\ntext: shown\n");
  const std::multiset<std::string> want = {"Chart.yaml", "charts/part/Chart.yaml", "shown.txt", "templates/a.yaml",
                                           "values.yaml"};
  EXPECT_EQ(tree.asked, want);
}

TEST(Render, RefusesAFileThatCannotBeReadOnceItIsAskedFor) {
  for (const std::string broken : {"shown.txt", "crds/one.yaml", "templates/a.yaml"}) {
    WatchedTree tree = watched();
    tree.broken = broken;
    const auto documents = render(*load_chart(tree, ""), {}, settings());
    ASSERT_FALSE(documents) << broken;
    EXPECT_EQ(documents.error().code(), Code::file_unreadable) << broken;
  }
  WatchedTree tree = watched();
  tree.broken = "README.md";
  EXPECT_TRUE(render(*load_chart(tree, ""), {}, settings()));
}

// As Go's decoder refuses them, with the place in place of Go's types.
TEST(LoadChart, FoldersWithoutFilesAreCountedToo) {
  namespace fs = std::filesystem;
  const TemporaryFolder folder("chart");
  std::ofstream(folder / "Chart.yaml") << "apiVersion: v2\nname: demo\nversion: 1.0.0\n";
  fs::create_directory(folder / "deep");
  // Two links that lead back make 2^40 folders of one.
  for (const auto* link : {"a", "b"}) fs::create_directory_symlink(".", folder / "deep" / link);
  const auto chart = load_chart(tree::DiskTree::open(folder.path()).value(), "", {.files = 1000});
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().code(), Code::limit);
}

TEST(LoadChart, FieldsOfAnotherShapeAreRefused) {
  struct Row {
    std::string_view more;
    std::string_view what;
    std::string_view where;
  };
  for (const auto& [more, what, where] : std::to_array<Row>(
           {{"keywords: a", "'keywords' is string and must be a list of texts", "./Chart.yaml:4:11"},
            {"keywords: [[a]]", "'keywords/0' is array and must be a text", "./Chart.yaml:4:12"},
            {"maintainers: {name: a}", "'maintainers' is object and must be a list of maps", ""},
            {"maintainers: [a]", "'maintainers/0' is string and must be a map of texts", ""},
            {"maintainers: [null]", "'maintainers/0' is null and must be a map of texts", ""},
            {"maintainers: [{name: [a]}]", "'maintainers/0/name' is array and must be a text", ""},
            {"annotations: {a: {b: c}}", "'annotations/a' is object and must be a text", ""},
            {"dependencies: [{name: x, tags: a}]",
             "'dependencies/0/tags' is string and must be a list of texts", ""},
            {"dependencies: [{name: x, import-values: {}}]",
             "'dependencies/0/import-values' is object and must be a list", ""},
            {"dependencies: [{name: x, enabled: a}]",
             "'dependencies/0/enabled' is string and must be true or false", ""},
            {"deprecated: 'true'", "'deprecated' is string and must be true or false", ""},
            {"appVersion: {a: 1}", "'appVersion' is object and must be a text", ""}})) {
    tree::MemoryTree tree;
    tree.add("Chart.yaml", fmt::format("apiVersion: v2\nname: demo\nversion: 0.1.0\n{}\n", more));
    const auto chart = load_chart(tree, "");
    ASSERT_FALSE(chart) << more;
    EXPECT_EQ(chart.error().what(), what);
    EXPECT_TRUE(chart.error().where().front().contains(where)) << chart.error().message();
  }
  tree::MemoryTree good;
  good.add("Chart.yaml",
           "apiVersion: v2\nname: demo\nversion: 0.1.0\nkeywords: [1, true, null]\nhome: 1\n"
           "sources: null\nmaintainers: [{name: 1}]\nannotations: {a: 1, b: true, c: null}\n");
  EXPECT_TRUE(load_chart(good, ""));
}

TEST(Render, Helm3sListsThatChartYamlHasNotAreNil) {
  const tree::MemoryTree tree(
      {{"Chart.yaml", "apiVersion: v2\nname: demo\nversion: 0.1.0\nsources: []\n"},
       {"templates/a.yaml",
        "a: {{ list .Chart.Sources .Chart.Keywords .Chart.Maintainers .Chart.Dependencies | toJson }}\n"}});
  const auto chart = load_chart(tree, "");
  ASSERT_TRUE(chart) << chart.error().message();
  Settings flavored = settings();
  EXPECT_EQ(render(*chart, {}, flavored)->front().text, "a: [[],[],[],[]]\n");
  flavored.environment.flavor = gotmpl::Flavor::helm3;
  EXPECT_EQ(render(*chart, {}, flavored)->front().text, "a: [[],null,null,null]");
}

TEST(Render, ChartsDependenciesAreThoseThatAreEnabled) {
  const tree::MemoryTree tree(
      {{"Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 0.1.0\ndependencies:\n"
        "- {name: s, version: 0.x, alias: t, tags: [ci], import-values: [a]}\n"
        "- {name: s, version: 0.x, condition: use, alias: u}\n"},
       {"values.yaml", "use: false\n"},
       {"charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 0.1.0\n"},
       {"templates/a.yaml", "a: {{ .Chart.Dependencies | toJson }}\n"}});
  const auto rendered = [&](gotmpl::Flavor flavor) {
    Settings flavored = settings();
    flavored.environment.flavor = flavor;
    return render(*load_chart(tree, ""), {}, flavored)->front().text;
  };
  EXPECT_EQ(rendered(gotmpl::Flavor::helm4),
            R"(a: [{"Alias":"t","Condition":"","Enabled":true,"ImportValues":)"
            R"([{"child":"exports.a","parent":"."}],"Name":"t","Repository":"","Tags":["ci"],"Version":"0.x"}])"
            "\n");
  EXPECT_EQ(rendered(gotmpl::Flavor::helm3),
            R"(a: [{"name":"t","version":"0.x","repository":"","tags":["ci"],"enabled":true,)"
            R"("import-values":[{"child":"exports.a","parent":"."}],"alias":"t"}])");
}

TEST(Render, Helm3sChartIsAStruct) {
  const tree::MemoryTree tree(
      {{"Chart.yaml", "apiVersion: v3\nname: demo\nversion: 0.1.0\nmaintainers: [{name: m}]\n"},
       {"templates/a.yaml", "a: {{ .Chart | toJson }}\nb: {{ (first .Chart.Maintainers).Name }}\n"},
       {"templates/_b.tpl", "{{ define \"b\" }}{{ .Chart.Foo }}{{ end }}"}});
  Settings helm3 = settings();
  helm3.environment.flavor = gotmpl::Flavor::helm3;
  auto chart = load_chart(tree, "", {.flavor = gotmpl::Flavor::helm3});
  ASSERT_TRUE(chart) << chart.error().message();
  const auto documents = render(*chart, {}, helm3);
  ASSERT_TRUE(documents) << documents.error().message();
  EXPECT_EQ(documents->front().text,
            R"(a: {"name":"demo","version":"0.1.0","maintainers":[{"name":"m"}],"apiVersion":"v3","IsRoot":true})"
            "\nb: m");
  File more{.path = "templates/c.yaml", .content = Content("c: {{ include \"b\" . }}\n")};
  chart->templates.push_back(std::move(more));
  EXPECT_TRUE(render(*chart, {}, settings()));
  const auto refused = render(*chart, {}, helm3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what(), "can't evaluate field Foo in type interface {}");
}

TEST(IgnoreRules, MatchAsGosFilepathDoes) {
  struct Case {
    std::string_view pattern, name;
    bool want;
  };

  for (const auto& [pattern, name, want] :
       {Case{"?.txt", "é.txt", true}, Case{"[à-ü]*", "é", true}, Case{"[!a]", "!", true}, Case{"*", "a/b", false},
        Case{"d/*/x", "d/e/x", true}, Case{"\\*", "*", true}, Case{"[^a]", "é", true}}) {
    EXPECT_EQ(file_match(pattern, name), want) << pattern << " " << name;
  }
  for (const std::string_view bad : {"[a", "[a-", "[]a]", "a\\", "x[-a]", "*["})
    EXPECT_FALSE(IgnoreRules().parse(bad, ".helmignore")) << bad;
}

TEST(Render, DocumentsOfOtherKindsAreSortedByTheTextOfTheirs) {
  const tree::MemoryTree tree({{"Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"},
                               {"templates/t.yaml", "kind: yes\n---\nkind: 0x10\n---\nkind: Zed\n---\na: 1\n"}});
  auto chart = load_chart(tree, "");
  ASSERT_TRUE(chart) << chart.error().message();
  const auto documents = render(*std::move(chart), {}, settings());
  ASSERT_TRUE(documents) << documents.error().message();
  std::string order;
  for (const auto& document : *documents)
    order += document.text;
  EXPECT_EQ(order, "a: 1\nkind: 0x10\nkind: Zed\nkind: yes\n");
}

// A file is read while it is made, in pieces of some 64 KiB.
TEST(Render, DocumentsOfALargeFileAreCutWhereThePiecesAreNot) {
  const auto chart_of = [](std::string_view end) {
    return tree::MemoryTree(
        {{"Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"},
         {"templates/t.yaml", fmt::format("{{{{- range $i := until 300 }}}}\n---\nkind: A{{{{ if eq $i 299 }}}}a{{{{ end }}}}\n"
                                          "name: n{{{{ $i }}}}\nlarge: {{{{ repeat (mul $i 20 | int) \"x\" }}}}\n{{{{- end }}}}\n{}",
                                          end)}});
  };
  const auto good = chart_of("---\nkind: Z\n");
  const auto documents = render(*load_chart(good, ""), {}, settings());
  ASSERT_TRUE(documents) << documents.error().message();
  ASSERT_EQ(documents->size(), 301U);
  for (std::size_t i = 0; i < 299; ++i) {
    ASSERT_EQ((*documents)[i].text, fmt::format("kind: A\nname: n{}\nlarge: {}\n", i, std::string(i * 20, 'x')));
  }
  EXPECT_EQ(documents->back().text, "kind: Z\n");
  const auto bad = chart_of("---\nkind: Z\n  a: [\n");
  const auto refused = render(*load_chart(bad, ""), {}, settings());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where().front(), "c/templates/t.yaml:9");
}

TEST(SetValues, FollowsTheGrammar) {
  struct Case {
    std::string_view text, want;
  };

  for (const auto& [text, want] :
       {Case{"a.b=1,c={x,y},d[0].e=v,f=null",
             R"({"a":{"b":1},"c":["x","y"],"d":[{"e":"v"}],"f":null})"},
        Case{R"(a\.b=x\,y)", R"({"a.b":"x,y"})"},
        Case{"a=True,b=007,c=1.5,d=", R"({"a":true,"b":"007","c":"1.5","d":""})"},
        Case{"a[2]=x", R"({"a":[null,null,"x"]})"}, Case{"a={}", R"({"a":[""]})"},
        Case{"a[0]=s,a[0].b=1", R"({"a":[{"b":1}]})"}, Case{"a[0]=null,a[0][0]=1", R"({"a":[[1]]})"},
        // What is begun at the end is dropped, after a list no comma is needed.
        Case{"a=1,b[0", R"({"a":1})"}, Case{"a=1,b[0]", R"({"a":1,"b":[]})"}, Case{"a=1,b.", R"({"a":1})"},
        Case{"a={1}b=2", R"({"a":[1],"b":2})"}, Case{R"(a=x\)", R"({"a":"x"})"}}) {
    Object values;
    const auto set = set_values(values, text, SetKind::typed);
    ASSERT_TRUE(set) << text << ": " << set.error().message();
    EXPECT_EQ(json::write(Value(values)), want) << text;
  }
  for (const std::string_view bad : {"a", "a={x", "a[70000]=1", "a=x,a.c=1", "a=null,a.c=1",
                                     "a=x,a[0]=1", "a=null,a[0]=1", "a[0]=x,a[0][0]=1"}) {
    Object values;
    EXPECT_FALSE(set_values(values, bad, SetKind::typed)) << bad;
  }
  Object values;
  EXPECT_FALSE(set_values(values, "a[0", SetKind::typed, gotmpl::Flavor::helm3));
}

}  // namespace
}  // namespace holdfast::helm
