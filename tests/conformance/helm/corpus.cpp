// SPDX-License-Identifier: Apache-2.0
#include "corpus.h"

#include "archive/tar_reader.h"
#include "base/handle.h"
#include "base/text.h"
#include "helm/helm.h"
#include "helm/user_values.h"
#include "value/json.h"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>

namespace holdfast::helm {
namespace {

constexpr std::uint64_t archive_bytes_max = std::uint64_t{1} << 30;  // helm-real expands to 150 MB

std::vector<std::string> texts(const Value& command, std::string_view key) {
  std::vector<std::string> out;
  const auto* list = command.find(key);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& each : *list->as_array()) {
    if (const auto* text = each.as_string()) out.push_back(*text);
  }
  return out;
}

Include flag(const Value& command, std::string_view key) {
  const auto* value = command.find(key);
  const bool set = value != nullptr && value->as_bool() != nullptr && *value->as_bool();
  return set ? Include::yes : Include::no;
}

Include inverse(Include include) {
  return include == Include::yes ? Include::no : Include::yes;
}

// The path inside the archive that `relative` to the case's folder names.
std::string resolve(const std::string& folder, std::string_view relative) {
  return join_inside(folder, relative).value_or("outside");
}

Expected expected(const tree::MemoryTree::Files& files, const std::string& folder,
                  std::string_view suffix) {
  Expected out;
  const auto output = files.find(fmt::format("{}/expected{}.yaml", folder, suffix));
  if (output != files.end()) out.output = output->second;
  const auto error = files.find(fmt::format("{}/expected-error{}.txt", folder, suffix));
  if (error != files.end()) out.error = error->second;
  return out;
}

Result<UserValues> user_values(const Corpus& corpus, const Case& each) {
  UserValues given{
      .files = {},
      .json = texts(each.command, "setJson"),
      .typed = texts(each.command, "set"),
      .texts = texts(each.command, "setString"),
      .paths = texts(each.command, "setFile"),
      .contents = {},
      .literals = texts(each.command, "setLiteral"),
      .read = [&](std::string_view path) { return corpus.tree.read(resolve(each.folder, path)); }};
  for (const auto& name : texts(each.command, "values")) {
    std::string content = TRY(corpus.tree.read(resolve(each.folder, name)));
    given.files.push_back({.name = name, .text = std::move(content)});
  }
  return given;
}

}  // namespace

Result<std::optional<Corpus>> read_corpus(const std::string& archive_name) {
  const char* given = std::getenv("HOLDFAST_SHARED");
  const auto path =
      std::filesystem::path(given != nullptr ? given : "../shared") / "corpus" / archive_name;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::nullopt;
  Corpus corpus;
  archive::Limits limits;
  limits.bytes = archive_bytes_max;
  limits.others = archive::Others::skip;
  const auto visit = [&](const archive::Entry& entry, const archive::Source& content) -> Result<> {
    if (entry.kind != archive::EntryKind::file) return {};
    std::string text = TRY(archive::read_all(content, entry.size));
    corpus.tree.add(entry.path, std::move(text));
    return {};
  };
  TRY(archive::read_tar(archive::source_of_fd(file.get()), limits, visit));
  for (const auto& [name, content] : corpus.tree.files()) {
    if (base_name(name) != "cmd.json" || name.find("/charts/") != std::string::npos) continue;
    Case each{.name = {},
              .folder = std::string(parent_path(name)),
              .chart = {},
              .command = {},
              .helm4 = {},
              .helm3 = {}};
    each.name = base_name(each.folder);
    each.command = TRY(json::parse(content, name));
    const auto chart = each.command.text({"chart"});
    each.chart = resolve(each.folder, chart.empty() ? "chart" : chart);
    each.helm4 = expected(corpus.tree.files(), each.folder, "");
    each.helm3 = expected(corpus.tree.files(), each.folder, "-helm3");
    corpus.cases.push_back(std::move(each));
  }
  return corpus;
}

Result<std::string> render_case(const Corpus& corpus, const Case& each, gotmpl::Flavor flavor) {
  Settings settings;
  settings.release.namespace_ = each.command.text({"namespace"});
  settings.release.upgrade = flag(each.command, "isUpgrade");
  const auto kube_version = each.command.text({"kubeVersion"});
  if (!kube_version.empty()) settings.kube_version = kube_version;
  for (const auto& list : texts(each.command, "apiVersions")) {
    for (const auto version : split(list, ','))
      settings.api_versions.emplace_back(version);
  }
  settings.crds = flag(each.command, "includeCrds");
  settings.hooks = inverse(flag(each.command, "noHooks"));
  settings.tests = inverse(flag(each.command, "skipTests"));
  settings.schema = inverse(flag(each.command, "skipSchemaValidation"));
  settings.environment.flavor = flavor;
  settings.release.name =
      TRY(release_name(std::string(each.command.text({"release"})), settings.environment));
  const auto given = TRY(user_values(corpus, each));
  const Object values = TRY(merge_user_values(given, flavor));
  auto chart = TRY(load_chart(corpus.tree, each.chart, {.flavor = flavor}));
  auto documents = TRY(render(std::move(chart), values, settings));
  return print(std::move(documents));
}

}  // namespace holdfast::helm
