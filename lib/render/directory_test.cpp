// SPDX-License-Identifier: Apache-2.0
#include "render/directory.h"

#include "tree/memory_tree.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::render {
namespace {

std::string object(std::string_view name) {
  return fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n", name);
}

const tree::MemoryTree& sample() {
  static const tree::MemoryTree tree({
      {"app/a.yaml", object("a")},
      {"app/b.yml", object("b")},
      {"app/c.json", R"({"kind":"ConfigMap","metadata":{"name":"c"}})"},
      {"app/d.txt", object("d")},
      {"app/.h.yaml", object("h")},
      {"app/sub/e.yaml", object("e")},
      {"app/sub/deep/f.yaml", object("f")},
      {"app/skipped.yaml", "# +argocd:skip-file-rendering\n" + object("skipped")},
      {"app/values.yaml", "replicas: 1\n"},
      {"app/broken.yaml", "a: b: c\n"},
  });
  return tree;
}

// With its byte order mark, as Windows PowerShell writes a file.
std::string utf16(std::string_view text, bool high_first) {
  std::string out = high_first ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) {
    if (high_first) out += '\0';
    out += c;
    if (!high_first) out += '\0';
  }
  return out;
}

std::string names(const Result<std::vector<Manifest>>& manifests) {
  if (!manifests) return manifests.error().message();
  std::string out;
  for (const auto& manifest : *manifests) {
    out += out.empty() ? "" : " ";
    out += manifest.object.text({"metadata", "name"});
  }
  return out;
}

TEST(Directory, ChoosesFiles) {
  struct Case {
    DirectoryOptions options;
    std::string_view want;
  };

  for (const auto& [options, want] : std::to_array<Case>({
           {{}, "h a b c"},
           {{.recurse = Recurse::yes}, "h a b c f e"},
           {{.recurse = Recurse::yes, .include = "sub/*"}, "f e"},
           {{.recurse = Recurse::yes, .exclude = "sub/**"}, "h a b c"},
           {{.include = "{a,b}.*", .exclude = "b.*"}, "a"},
           {{.extensions = Extensions::all, .include = "*.txt"}, "d"},
       })) {
    EXPECT_EQ(names(render_directory(sample(), "app", options)), want)
        << options.include << options.exclude;
  }
}

TEST(Directory, ReadsFilesAsUpstreamDoes) {
  struct Case {
    std::string_view name;
    std::string text;
    std::string_view want;
  };

  for (const auto& [name, text, want] : std::to_array<Case>({
           {"a.yaml", "---\n# c\n---\n" + object("a") + "---\n---\n" + object("b") + "---\n",
            "a b"},
           {"a.yaml", "kind: ConfigMap\nmetadata:\n  name: half\n", "half"},
           {"a.yaml", "{\"kind\": \"X\",\n\t\"metadata\": {\"name\": \"j\"}}", "j"},
           {"a.yaml", object("a") + "---\na: b: c\n",
            "the text is not YAML (a.yaml:6:5): mapping values are not allowed in this context"},
           {"a.yaml", object("a") + "---\nx: 1\n", "the object has no 'kind' (a.yaml:6:1)"},
           {"a.yaml", "# apiVersion: kind: metadata:\n- 1\n",
            "a manifest is an object, this is of type array (a.yaml:2:1)"},
           {"a.yaml", "- 1\n", ""},
           {"a.yaml", "\xff: 1\n", ""},
           {"a.yaml", "", ""},
           {"a.json", R"([{"kind":"X"}])",
            "a manifest is an object, this is of type array (a.json)"},
           {"a.json", R"({"a":1})", "the object has no 'kind' (a.json)"},
           {"a.yaml", "\xEF\xBB\xBF" + object("marked"), "marked"},
           {"a.json", "\xEF\xBB\xBF{\"kind\":\"X\",\"metadata\":{\"name\":\"marked\"}}", "marked"},
           {"a.yaml", utf16("kind: X\nmetadata: {name: wide}\n", false), "wide"},
           {"a.yaml", utf16("kind: X\nmetadata: {name: wide}\n", true), "wide"},
           {"a.json", utf16("{\"kind\":\"X\",\"metadata\":{\"name\":\"wide\"}}", false), "wide"},
           {"a.yaml", utf16("kind: X\nmetadata: {name: \"", false) + std::string("\x3D\xD8\x00\xDE\xE9\x00\xAC\x20\x00\xD8\"\x00}\x00", 14), "😀é€\uFFFD"},
           {"a.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12345\n", "\"a.yaml\" is kept in Git LFS, which is not read here"},
           {"a.jsonnet", "{}", "jsonnet is not rendered here (a.jsonnet)"},
       })) {
    const tree::MemoryTree tree(tree::MemoryTree::Files{{std::string(name), text}});
    EXPECT_EQ(names(render_directory(tree, "", {})), want) << text;
  }
}

TEST(Directory, BytesAreCounted) {
  const auto rendered = render_directory(sample(), "app", {.bytes_max = 100});
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().code(), Code::limit);
}

TEST(Directory, OptionsComeFromTheApplication) {
  const Value given = Object{{"recurse", true}, {"include", "*.yaml"}, {"jsonnet", Object()}};
  const auto options = decode_directory_options(&given);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->recurse, Recurse::yes);
  EXPECT_EQ(options->include, "*.yaml");
  const Value jsonnet = Object{{"jsonnet", Object{{"libs", Array{"x"}}}}};
  EXPECT_EQ(decode_directory_options(&jsonnet).error().code(), Code::source_unsupported);
  const Value text = Object{{"recurse", "yes"}};
  EXPECT_EQ(decode_directory_options(&text).error().message(),
            "'directory.recurse' is of type string, wanted: true or false");
}

}  // namespace
}  // namespace holdfast::render
