// SPDX-License-Identifier: Apache-2.0
#include "commands/repo.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/text.h"
#include "config/section.h"
#include "git/working.h"
#include "tree/disk_tree.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

git::CommitText commit_text(const Clock& clock, std::string message) {
  return {.author_name = "holdfast", .author_email = "holdfast@localhost", .time = clock.wall(), .message = std::move(message)};
}

std::string short_id(std::string_view commit) { return std::string(commit.substr(0, 7)); }

Result<Files> files_of(const RepoInitOptions& options) {
  Files files = TRY(scaffold_repository(options.cluster));
  if (options.sample.empty()) return files;
  if (options.sample != "hello") {
    return failure(Error(Code::usage, fmt::format("there is no sample \"{}\"", printable(options.sample))).fix("--sample hello"));
  }
  Files sample = TRY(scaffold_hello(tree::MemoryTree(files), options.cluster));
  for (auto& [path, content] : sample) files[path] = std::move(content);
  return files;
}

// A repository of an earlier run is left as it is, whatever its owner made of it since.
Result<std::optional<MadeRepository>> existing(const RepoInitOptions& options) {
  std::error_code error;
  if (!fs::exists(options.folder, error) || fs::is_empty(options.folder, error)) return std::nullopt;
  const auto tree = TRY(tree::DiskTree::open(options.folder));
  const bool ours = TRY(tree::is_file(tree, "holdfast.toml"));
  if (!ours) {
    return failure(Error(Code::repo_layout, fmt::format("the folder \"{}\" holds something else", options.folder))
                       .fix("name a folder that does not exist yet"));
  }
  TRY(read_cluster(tree, options.cluster.name));
  const auto state = TRY(git::inspect_working(options.folder));
  return MadeRepository{.commit = state.head ? state.head->hex() : "", .files = 0, .existed = true};
}

}  // namespace

Result<> check_repository(const RepoInitOptions& options) {
  const auto found = TRY(existing(options));
  if (!found) TRY(files_of(options));
  return {};
}

Result<MadeRepository> make_repository(const RepoInitOptions& options, const Clock& clock) {
  const auto found = TRY(existing(options));
  if (found) return *found;
  const Files files = TRY(files_of(options));
  const auto commit = TRY(git::create_working(
      options.folder, options.cluster.branch, tree::MemoryTree(files),
      commit_text(clock, fmt::format("Start of cluster {}\n", options.cluster.name))));
  return MadeRepository{.commit = commit.hex(), .files = files.size(), .existed = false};
}

Result<> run_repo_init(const RepoInitOptions& options, Console& console) {
  const auto made = TRY(make_repository(options, console.clock()));
  console.data(Object{{"folder", options.folder},
                      {"commit", made.commit},
                      {"files", static_cast<std::int64_t>(made.files)},
                      {"existed", made.existed}});
  if (made.existed) {
    console.line(fmt::format("{} is there already with cluster {}, at {}; nothing was changed", options.folder, options.cluster.name, short_id(made.commit)));
    return {};
  }
  console.line(fmt::format("{}: {} files, first commit {} on {}", options.folder, made.files, short_id(made.commit), options.cluster.branch));
  console.line();
  console.line("Next");
  console.line(fmt::format("  Add an application   holdfast repo add-app web --repo {} --chart internal/web", options.folder));
  console.line(fmt::format("  Check it             holdfast repo lint {}", options.folder));
  console.line(fmt::format("  Bring a cluster up   holdfast up --bundle core.hfb --repo {} --cluster {}", options.folder, options.cluster.name));
  return {};
}

namespace {

// What brings a commit to the cluster, as typed where the command ran.
std::string publishing(const std::string& folder, const ClusterSettings& cluster, bool only_one) {
  if (!cluster.git_url.empty()) return fmt::format("git{} push {} {}", folder == "." ? "" : " -C " + folder, cluster.git_url, cluster.branch);
  return fmt::format("holdfast repo push{}{}", folder == "." ? "" : " --repo " + folder, only_one ? "" : " --cluster " + cluster.name);
}

// Commits `files` and says which ones they are.
Result<> commit_and_show(const std::string& folder, const Files& files, std::string message, std::string_view then, Console& console) {
  const auto commit = TRY(git::commit_working(folder, tree::MemoryTree(files), commit_text(console.clock(), std::move(message))));
  Array paths;
  for (const auto& [path, content] : files) {
    console.line(fmt::format(" + {}", path));
    paths.emplace_back(path);
  }
  console.line(fmt::format("Committed as {}. Publish it with: {}", short_id(commit.hex()), then));
  console.data(Object{{"commit", commit.hex()}, {"files", Value(std::move(paths))}});
  return {};
}

}  // namespace

Result<> run_repo_add_cluster(const RepoAddClusterOptions& options, Console& console) {
  const auto tree = TRY(tree::DiskTree::open(options.folder));
  const bool ours = TRY(tree::is_file(tree, "holdfast.toml"));
  if (!ours) return failure(Error(Code::repo_layout, fmt::format("\"{}\" is not a Holdfast repository", options.folder)).at("holdfast.toml is missing"));
  const auto present = TRY(tree.kind("cluster/" + options.cluster.name));
  if (present) {
    return failure(Error(Code::object_exists, fmt::format("there is a cluster \"{}\" already", options.cluster.name)).at("cluster/" + options.cluster.name));
  }
  const Files files = TRY(scaffold_cluster(options.cluster));
  return commit_and_show(options.folder, files, fmt::format("Add cluster {}\n", options.cluster.name),
                         publishing(options.folder, options.cluster, false), console);
}

Result<> run_repo_add_app(const RepoAddAppOptions& options, Console& console) {
  AppSettings app{.name = options.name, .path = {}, .source = AppSource::chart, .target_namespace = options.target_namespace};
  int given = 0;
  for (const auto& [path, source] : {std::pair(options.chart, AppSource::chart), std::pair(options.kustomize, AppSource::kustomize),
                                     std::pair(options.directory, AppSource::directory)}) {
    if (path.empty()) continue;
    ++given;
    app.path = path;
    app.source = source;
  }
  if (given != 1) {
    return failure(Error(Code::usage, fmt::format("an application has one source, {} are given", given))
                       .fix("give one of --chart FOLDER, --kustomize FOLDER and --directory FOLDER"));
  }
  const auto inside = join_inside("", app.path);
  if (!inside) return failure(Code::path_outside, "\"{}\" is not a path inside the repository", printable(app.path));
  app.path = *inside;

  const auto tree = TRY(tree::DiskTree::open(options.folder));
  const auto settings = TRY(read_cluster(tree, options.cluster));
  const auto kind = TRY(tree.kind(app.path));
  if (kind != tree::EntryKind::directory) {
    return failure(Error(Code::path_missing, fmt::format("there is no folder \"{}\" in the repository", printable(app.path))).at(options.folder));
  }
  const Files files = TRY(scaffold_app(tree, settings, app));
  return commit_and_show(options.folder, files, fmt::format("Add {} to cluster {}\n", app.name, settings.name),
                         publishing(options.folder, settings, options.cluster.empty()), console);
}

namespace {

Result<std::string> pick_cluster(const tree::FileTree& repository, const std::string& asked) {
  const bool ours = TRY(tree::is_file(repository, "holdfast.toml"));
  if (!ours) return failure(Error(Code::repo_layout, "this is not a Holdfast repository").at("holdfast.toml is missing"));
  std::vector<std::string> names;
  const auto folders = TRY(repository.list("cluster"));
  for (const auto& entry : folders) {
    if (entry.kind == tree::EntryKind::directory) names.push_back(entry.name);
  }
  if (asked.empty() && names.size() == 1) return names.front();
  if (std::ranges::find(names, asked) != names.end()) return asked;
  return failure(Error(Code::repo_layout, asked.empty() ? "the repository has several clusters" : fmt::format("there is no cluster \"{}\" in the repository", printable(asked)))
                     .at(fmt::format("it has: {}", fmt::join(names, ", ")))
                     .fix("name one with --cluster"));
}

}  // namespace

Result<ClusterSettings> read_cluster(const tree::FileTree& repository, const std::string& cluster) {
  const std::string name = TRY(pick_cluster(repository, cluster));
  const std::string path = fmt::format("cluster/{}/cluster.toml", name);
  const std::string text = TRY(repository.read(path));
  const auto document = TRY(config::parse_toml(text, path));
  config::Section root(document);
  config::Section in_cluster = TRY(root.section("cluster"));
  config::Section engine = TRY(root.section("engine"));
  config::Section in_git = TRY(root.section("git"));
  ClusterSettings settings;
  settings.name = TRY(in_cluster.required_text("name"));
  const std::string url = TRY(in_git.required_text("url"));
  settings.engine_namespace = TRY(engine.required_text("namespace"));
  settings.branch = TRY(in_git.required_text("branch"));
  const auto mode = TRY(in_git.choice("mode", {"builtin", "external"}));
  const auto kind = TRY(engine.choice("kind", {"holdfast", "argo-cd"}));
  for (const auto* section : {&in_cluster, &engine, &in_git, &root}) TRY(section->finish());
  if (settings.name != name) return failure(in_cluster.refusal(Code::repo_layout, "name", fmt::format("the folder's name is \"{}\"", name)));
  if (kind == "argo-cd") return failure(engine.refusal(Code::source_unsupported, "kind", "this version runs the engine \"holdfast\" only"));
  if (mode == "external") settings.git_url = url;
  // "http://holdfast-agent.argocd.svc/fleet.git" → "fleet"
  auto repository_name = base_name(url);
  if (repository_name.ends_with(".git")) repository_name.remove_suffix(4);
  settings.repository = repository_name;
  return settings;
}

}  // namespace holdfast::bootstrap
