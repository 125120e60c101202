// SPDX-License-Identifier: Apache-2.0
#include "commands/app_settings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

using Words = std::vector<std::pair<std::string_view, std::vector<std::string>>>;

template <class Row>
const Row& row_named(std::span<const Row> rows, std::string_view flag) {
  const auto found = std::ranges::find_if(rows, [&](const Row& row) { 
    const auto flags = split(row.flags, ',');
    return std::ranges::find(flags, flag) != flags.end();
  });
  CHECK(found != rows.end());
  return *found;
}

Value parsed(std::string_view text) { return yaml::parse_one(text, "test", yaml::Dialect::kube).value(); }

std::vector<Said> said(const Words& words) {
  std::vector<Said> out;
  for (const auto& [flag, each] : words) {
    Said one{&row_named(setting_rows(), flag), each};
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Unsaid> unsaid(const Words& words) {
  std::vector<Unsaid> out;
  for (const auto& [flag, each] : words) {
    Unsaid one{&row_named(removal_rows(), flag), each};
    out.push_back(std::move(one));
  }
  return out;
}

struct Case {
  const char* sentence;
  const char* spec;
  Words words;
  const char* becomes;
};

TEST(AppSet, ChangesWhatItsFlagsSayAndNothingElse) {
  const Case cases[] = {
      {"a text", "{source: {path: a, targetRevision: main}}", {{"--revision", {"v2"}}}, "{source: {path: a, targetRevision: v2}}"},
      {"an empty text takes the member away", "{destination: {name: a, namespace: n}}", {{"--dest-name", {""}}}, "{destination: {namespace: n}}"},
      {"the whole list of values files", "{source: {helm: {valueFiles: [a.yaml, b.yaml]}}}", {{"--values", {"c.yaml"}}}, "{source: {helm: {valueFiles: [c.yaml]}}}"},
      {"parameters by name, others stay", "{source: {helm: {parameters: [{name: a, value: '1'}, {name: b, value: '2', forceString: true}]}}}",
       {{"--helm-set", {"b=x,y=z", "c="}}}, "{source: {helm: {parameters: [{name: a, value: '1'}, {name: b, value: 'x\\,y=z'}, {name: c, value: ''}]}}}"},
      {"commas that are kept already", "{source: {}}", {{"-p", {"a=1\\,2"}}}, "{source: {helm: {parameters: [{name: a, value: '1\\,2'}]}}}"},
      {"a parameter that is text", "{source: {}}", {{"--helm-set-string", {"a=1"}}}, "{source: {helm: {parameters: [{name: a, value: '1', forceString: true}]}}}"},
      {"a parameter from a file", "{source: {}}", {{"--helm-set-file", {"a=files/a.txt"}}}, "{source: {helm: {fileParameters: [{name: a, path: files/a.txt}]}}}"},
      {"values in place of all there were, a null among them", "{source: {helm: {values: 'a: 1', releaseName: r}}}", {{"--values-literal-file", {"b: {c: null}"}}},
       "{source: {helm: {releaseName: r, valuesObject: {b: {c: null}}}}}"},
      {"no values leave no empty block", "{source: {path: a, helm: {values: 'a: 1'}}}", {{"--values-literal-file", {""}}}, "{source: {path: a}}"},
      {"a flag", "{source: {}}", {{"--directory-recurse", {"true"}}}, "{source: {directory: {recurse: true}}}"},
      {"a flag that is taken back", "{source: {helm: {skipCrds: true}}}", {{"--helm-skip-crds", {"false"}}}, "{source: {}}"},
      {"images by name, whatever stands behind it", "{source: {kustomize: {images: ['a:1', 'registry:5000/b:1', 'c=d:1']}}}",
       {{"--kustomize-image", {"registry:5000/b@sha256:00", "c:2", "e=f"}}}, "{source: {kustomize: {images: ['a:1', 'registry:5000/b@sha256:00', 'c:2', 'e=f']}}}"},
      {"replicas by name", "{source: {kustomize: {replicas: [{name: web, count: 1}]}}}", {{"--kustomize-replica", {"web=3", "db=2"}}},
       "{source: {kustomize: {replicas: [{name: web, count: 3}, {name: db, count: 2}]}}}"},
      {"labels", "{source: {kustomize: {commonLabels: {a: b}}}}", {{"--kustomize-common-label", {"c=d=e"}}}, "{source: {kustomize: {commonLabels: {c: d=e}}}}"},
      {"automated", "{syncPolicy: {syncOptions: [A=b]}}", {{"--sync-policy", {"auto"}}}, "{syncPolicy: {automated: {}, syncOptions: [A=b]}}"},
      {"manual, and no empty policy", "{syncPolicy: {automated: {prune: true}}}", {{"--sync-policy", {"none"}}}, "{}"},
      {"pruning of what is automated", "{syncPolicy: {automated: {selfHeal: true}}}", {{"--auto-prune", {"true"}}}, "{syncPolicy: {automated: {prune: true, selfHeal: true}}}"},
      {"pruning of what is not automated yet", "{}", {{"--auto-prune", {"true"}}}, "{syncPolicy: {automated: {enabled: false, prune: true}}}"},
      {"both at once", "{}", {{"--sync-policy", {"automated"}}, {"--self-heal", {"true"}}}, "{syncPolicy: {automated: {selfHeal: true}}}"},
      {"options come and go", "{syncPolicy: {syncOptions: [A=b, C=d]}}", {{"--sync-option", {"!A=b", "C=d", "E=f"}}}, "{syncPolicy: {syncOptions: [C=d, E=f]}}"},
      {"the last option goes", "{syncPolicy: {syncOptions: [A=b]}}", {{"--sync-option", {"!A=b"}}}, "{}"},
      {"a retry", "{}", {{"--sync-retry-limit", {"3"}}, {"--sync-retry-backoff-duration", {"1m30s"}}}, "{syncPolicy: {retry: {limit: 3, backoff: {duration: 1m30s}}}}"},
      {"no retry", "{syncPolicy: {retry: {limit: 3}}}", {{"--sync-retry-limit", {"0"}}}, "{}"},
      {"a parameter of what is a chart by its status", "{source: {path: a}}", {{"--parameter", {"a=b"}}}, "{source: {path: a, helm: {parameters: [{name: a, value: b}]}}}"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    const Value before = Object{{"spec", parsed(each.spec)}, {"status", Object{{"sourceType", "Helm"}}}};
    const auto after = with_settings(before, said(each.words), {});
    ASSERT_TRUE(after) << after.error().message();
    EXPECT_EQ(json::write(*after->find("spec")), json::write(parsed(each.becomes)));
    EXPECT_EQ(*after->find("status"), *before.find("status"));
  }
}

TEST(AppSet, ChangesTheSourceThatIsMeant) {
  const Value before = parsed("{spec: {sources: [{path: a, name: one}, {path: b, name: two}, {path: c}]}, status: {sourceTypes: [Helm, Kustomize, Directory]}}");
  const auto paths = [&](const SourceChoice& choice, const Words& words) {
    const auto after = with_settings(before, said(words), choice);
    if (!after) return after.error().what() + " | " + std::string(after.error().fix_line());
    std::string out;
    for (const auto& each : *after->find_path({"spec", "sources"})->as_array()) out += json::write(each);
    return out;
  };
  const Words path{{"--path", {"x"}}};
  EXPECT_EQ(paths({.position = 2, .name = ""}, path), R"({"name":"one","path":"a"}{"name":"two","path":"x"}{"path":"c"})");
  EXPECT_EQ(paths({.position = 0, .name = "one"}, path), R"({"name":"one","path":"x"}{"name":"two","path":"b"}{"path":"c"})");
  const std::string known = R"(name one with --source-position 1 to 3, or --source-name: "one", "two")";
  EXPECT_EQ(paths({}, path), "the application has 3 sources, and none is named | " + known);
  EXPECT_EQ(paths({.position = 4, .name = ""}, path), "the application has 3 sources, and none at 4 | " + known);
  EXPECT_EQ(paths({.position = 0, .name = "four"}, path), "no source is named \"four\" | " + known);
  EXPECT_EQ(paths({.position = 1, .name = "one"}, path), "--source-position and --source-name both name a source | use one of them");
  EXPECT_EQ(paths({.position = 2, .name = ""}, {{"-p", {"a=b"}}}),
            "--parameter is for charts, and the source is of type Kustomize | kustomize has --kustomize-image, --kustomize-replica and others");
  EXPECT_EQ(paths({}, {{"--project", {"p"}}}), R"({"name":"one","path":"a"}{"name":"two","path":"b"}{"path":"c"})");
}

TEST(AppSet, RefusesWordsThatSayNothing) {
  const struct {
    Words words;
    const char* message;
  } cases[] = {
      {{{"--helm-set", {"a"}}}, "--helm-set is \"a\", wanted: NAME=VALUE"},
      {{{"--helm-set-file", {"=a"}}}, "--helm-set-file is \"=a\", wanted: NAME=PATH"},
      {{{"--kustomize-replica", {"web=many"}}}, "--kustomize-replica is \"many\", wanted: a whole number"},
      {{{"--kustomize-common-label", {"a"}}}, "--kustomize-common-label is \"a\", wanted: NAME=VALUE"},
      {{{"--sync-policy", {"sometimes"}}}, "--sync-policy is \"sometimes\", wanted: manual or automated"},
      {{{"--sync-retry-limit", {"-1"}}}, "--sync-retry-limit is \"-1\", wanted: 0 or more"},
      {{{"--sync-retry-backoff-duration", {"soon"}}}, "--sync-retry-backoff-duration is \"soon\", wanted: a duration, as 5s, 2m or 1h"},
      {{{"--revision-history-limit", {"1x"}}}, "--revision-history-limit is \"1x\", wanted: a whole number"},
      {{{"--values-literal-file", {"- a"}}}, "--values-literal-file holds array, wanted: a mapping"},
  };
  for (const auto& each : cases) {
    const auto after = with_settings(parsed("{spec: {source: {path: a}}}"), said(each.words), {});
    ASSERT_FALSE(after) << each.message;
    EXPECT_EQ(after.error().message(), each.message);
    EXPECT_EQ(after.error().code(), Code::usage);
  }
}

TEST(AppUnset, TakesAwayWhatItsFlagsNameAndNothingElse) {
  const Case cases[] = {
      {"a member and the block that is empty then", "{path: a, kustomize: {namePrefix: a-}}", {{"--nameprefix", {}}}, "{path: a}"},
      {"a parameter", "{helm: {parameters: [{name: a, value: '1'}, {name: b, value: '2'}]}}", {{"-p", {"a", "c"}}}, "{helm: {parameters: [{name: b, value: '2'}]}}"},
      {"a parameter from a file", "{helm: {fileParameters: [{name: a, path: f}], releaseName: r}}", {{"-p", {"a"}}}, "{helm: {releaseName: r}}"},
      {"values, however they were said", "{helm: {values: 'a: 1', valuesObject: {a: 1}, valueFiles: [a]}}", {{"--values-literal", {}}}, "{helm: {valueFiles: [a]}}"},
      {"a values file", "{helm: {valueFiles: [a, b]}}", {{"--values", {"b"}}}, "{helm: {valueFiles: [a]}}"},
      {"an image by its name", "{kustomize: {images: ['a:1', 'b/c=d:2']}}", {{"--kustomize-image", {"b/c"}}}, "{kustomize: {images: ['a:1']}}"},
      {"replicas", "{kustomize: {replicas: [{name: web, count: 1}]}}", {{"--kustomize-replica", {"web"}}}, "{}"},
      {"what is not there", "{path: a}", {{"--namesuffix", {}}, {"--values", {"b"}}}, "{path: a}"},
      {"two at once", "{ref: r, path: a, helm: {passCredentials: true}}", {{"--ref", {}}, {"--pass-credentials", {}}}, "{path: a}"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    const Value before = Object{{"spec", Object{{"source", parsed(each.spec)}}}};
    const auto after = without_settings(before, unsaid(each.words), {});
    ASSERT_TRUE(after) << after.error().message();
    EXPECT_EQ(json::write(*after->find_path({"spec", "source"})), json::write(parsed(each.becomes)));
  }
}

TEST(AppSources, OneMoreAndOneLess) {
  const Value before = parsed("{spec: {sources: [{path: a, name: one}, {path: b}]}}");
  const auto shown = [](const Result<Value>& application) {
    return application ? json::write(*application->find_path({"spec", "sources"})) : application.error().what();
  };
  EXPECT_EQ(shown(with_source(before, said({{"--path", {"c"}}, {"--helm-set", {"a=b"}}}), "three")),
            R"([{"name":"one","path":"a"},{"path":"b"},{"helm":{"parameters":[{"name":"a","value":"b"}]},"name":"three","path":"c"}])");
  EXPECT_EQ(shown(without_source(before, {.position = 2, .name = ""})), R"([{"name":"one","path":"a"}])");
  EXPECT_EQ(shown(without_source(before, {.position = 0, .name = "one"})), R"([{"path":"b"}])");
  EXPECT_EQ(shown(without_source(before, {})), "the application has 2 sources, and none is named");
  EXPECT_EQ(shown(without_source(parsed("{spec: {sources: [{path: a}]}}"), {.position = 1, .name = ""})), "the application has one source, and needs one");
  EXPECT_EQ(shown(with_source(parsed("{spec: {source: {path: a}}}"), said({{"--path", {"c"}}}), "")), "the application has one source, in spec.source");
}

TEST(AppSettings, EachRowHasItsOwnFlag) {
  std::vector<std::string_view> flags;
  for (const auto& row : setting_rows()) {
    for (const auto flag : split(row.flags, ',')) flags.push_back(flag);
  }
  std::ranges::sort(flags);
  EXPECT_EQ(std::ranges::adjacent_find(flags), flags.end());
}

}  // namespace
}  // namespace holdfast::bootstrap
