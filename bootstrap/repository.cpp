// SPDX-License-Identifier: Apache-2.0
#include "repository.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "embedded.h"
#include "version.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::string_view skeleton_prefix = "cluster/";         // templates/cluster/
constexpr std::string_view cluster_prefix = "cluster/@cluster@/";  // inside the skeleton

std::string_view storage_name(GitStorage storage) {
  switch (storage) {
    case GitStorage::host: return "host";
    case GitStorage::claim: return "claim";
    case GitStorage::memory: return "memory";
  }
  std::unreachable();
}

using Variables = std::vector<std::pair<std::string_view, std::string>>;

Variables variables_of(const ClusterSettings& settings) {
  const std::string tag = settings.agent_tag.empty() ? std::string(version) : settings.agent_tag;
  const std::string hello = settings.hello_image.empty()
                                ? fmt::format("holdfast.local/hello:{}", version)
                                : settings.hello_image;
  return {{"@cluster@", settings.name},
          {"@namespace@", settings.engine_namespace},
          {"@repository@", settings.repository},
          {"@branch@", settings.branch},
          {"@git_mode@", settings.git_url.empty() ? "builtin" : "external"},
          {"@git_url@", settings.git_url.empty() ? builtin_git_url(settings) : settings.git_url},
          {"@git_storage@", std::string(storage_name(settings.storage))},
          {"@git_host_path@", settings.host_path},
          {"@agent_repository@", settings.agent_image},
          {"@agent_tag@", tag},
          {"@hello_image@", hello},
          {"@version@", std::string(version)}};
}

std::string filled(std::string_view text, const Variables& variables) {
  std::string out(text);
  for (const auto& [name, value] : variables) out = replace_all(std::move(out), name, value);
  return out;
}

// What Git takes (git-check-ref-format), and no more of it than branches have.
Result<> check_branch(std::string_view branch) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  bool good = !branch.empty() && std::ranges::all_of(branch, [&](char c) { return plain(c) || std::string_view("-._/").contains(c); });
  for (const auto part : split(branch, '/')) {
    good = good && !part.empty() && plain(part.front()) && !part.ends_with('.') && !part.ends_with(".lock") && !part.contains("..");
  }
  if (good) return {};
  return failure(Error(Code::usage, fmt::format("\"{}\" is no name for a branch", printable(branch)))
                     .fix("use letters, digits, dashes, dots and slashes, as in main or team/main"));
}

Result<> check_settings(const ClusterSettings& settings) {
  TRY(check_name("cluster", settings.name));
  TRY(check_name("namespace", settings.engine_namespace));
  TRY(check_name("repository", settings.repository));
  return check_branch(settings.branch);
}

// Everything under `prefix` of templates/, moved to `to` and filled in.
Files filled_templates(std::string_view prefix, std::string_view to, const Variables& variables) {
  Files files;
  for (const auto& file : embedded_templates()) {
    if (!file.path.starts_with(prefix)) continue;
    const auto path = fmt::format("{}{}", to, file.path.substr(prefix.size()));
    files[filled(path, variables)] = filled(file.content, variables);
  }
  return files;
}

void add_crds(Files& files, const ClusterSettings& settings) {
  files.merge(filled_templates("crds/", fmt::format("cluster/{}/cfg/argo-cd/crds/", settings.name), {}));
}

}  // namespace

std::string builtin_git_url(const ClusterSettings& settings) {
  return fmt::format("http://holdfast-agent.{}.svc/{}.git", settings.engine_namespace, settings.repository);
}

Result<> check_name(std::string_view what, std::string_view name) {
  constexpr std::size_t length_max = 53;  // Helm's limit for release names, which become of it
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool good = !name.empty() && name.size() <= length_max && plain(name.front()) && plain(name.back()) &&
                    std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-'; });
  if (good) return {};
  return failure(Error(Code::usage, fmt::format("\"{}\" is no name for the {}", printable(name), what))
                     .fix(fmt::format("use lower-case letters, digits and dashes, at most {} of them", length_max)));
}

Result<Files> scaffold_repository(const ClusterSettings& settings) {
  TRY(check_settings(settings));
  Files files = filled_templates(skeleton_prefix, "", variables_of(settings));
  add_crds(files, settings);
  return files;
}

Result<Files> scaffold_cluster(const ClusterSettings& settings) {
  TRY(check_settings(settings));
  Files files = filled_templates(fmt::format("{}{}", skeleton_prefix, cluster_prefix),
                                 fmt::format("cluster/{}/", settings.name), variables_of(settings));
  add_crds(files, settings);
  return files;
}

Result<Files> scaffold_hello(const tree::FileTree& repository, const ClusterSettings& settings) {
  Files files = filled_templates("samples/hello/", "internal/hello/", variables_of(settings));
  Files app = TRY(scaffold_app(repository, settings,
                               {.name = "hello", .path = "internal/hello", .source = AppSource::chart,
                                .target_namespace = "hello"}));
  app[fmt::format("cluster/{}/overlay/hello/values.yaml", settings.name)] =
      fmt::format("# What differs on cluster {}; everything that can be set: internal/hello/values.yaml.\n"
                  "message: hello from {}\n"
                  "replicas: 1\n",
                  settings.name, settings.name);
  files.merge(app);
  return files;
}

namespace {

// The kustomization with one more entry at the end of its `resources:`; every other byte stays.
Result<std::string> with_resource(std::string_view kustomization, std::string_view entry,
                                  const std::string& path) {
  std::string out;
  std::string_view indent = "  ";
  bool inside = false, added = false;
  const auto add = [&] { out += fmt::format("{}- {}\n", indent, entry); };
  for (auto line : split(kustomization.ends_with('\n') ? kustomization.substr(0, kustomization.size() - 1) : kustomization, '\n')) {
    const auto text = trim(line);
    const bool item = text.starts_with("- ") || text == "-";
    const bool aside = text.empty() || text.starts_with('#');
    if (inside && !item && !aside && !line.starts_with(' ')) {
      add();
      inside = false;
    }
    if (text == "resources:" && !line.starts_with(' ')) inside = added = true;
    if (inside && item) {
      indent = line.substr(0, line.find('-'));
      if (trim(text.substr(1)) == entry) {
        return failure(Error(Code::object_exists, fmt::format("\"{}\" is listed already", entry)).at(path));
      }
    }
    out += fmt::format("{}\n", line);
  }
  if (inside) add();
  if (!added) out += fmt::format("resources:\n  - {}\n", entry);
  return out;
}

std::string source_of(const ClusterSettings& settings, const AppSettings& app) {
  const auto overlay = fmt::format("cluster/{}/overlay/{}", settings.name, app.name);
  switch (app.source) {
    case AppSource::chart:
      return fmt::format("    path: {}\n    helm:\n      releaseName: {}\n      valueFiles:\n        - /{}/values.yaml\n",
                         app.path, app.name, overlay);
    case AppSource::kustomize: return fmt::format("    path: {}\n", overlay);
    case AppSource::directory: return fmt::format("    path: {}\n    directory:\n      recurse: true\n", app.path);
  }
  std::unreachable();
}

std::string application_yaml(const ClusterSettings& settings, const AppSettings& app) {
  const auto variables = variables_of(settings);
  return filled(fmt::format("apiVersion: argoproj.io/v1alpha1\n"
                            "kind: Application\n"
                            "metadata:\n"
                            "  name: {}\n"
                            "  namespace: @namespace@\n"
                            "  finalizers:\n"
                            "    - resources-finalizer.argocd.argoproj.io\n"
                            "spec:\n"
                            "  project: platform\n"
                            "  source:\n"
                            "    repoURL: @git_url@\n"
                            "    targetRevision: @branch@\n"
                            "{}"
                            "  destination:\n"
                            "    server: https://kubernetes.default.svc\n"
                            "    namespace: {}\n"
                            "  syncPolicy:\n"
                            "    automated:\n"
                            "      prune: true\n"
                            "      selfHeal: true\n"
                            "    syncOptions:\n"
                            "      - CreateNamespace=true\n",
                            app.name, source_of(settings, app),
                            app.target_namespace.empty() ? app.name : app.target_namespace),
                variables);
}

}  // namespace

Result<Files> scaffold_app(const tree::FileTree& repository, const ClusterSettings& settings,
                           const AppSettings& app) {
  constexpr auto taken = std::to_array<std::string_view>({"root", "argo-cd", "kustomization"});
  TRY(check_name("application", app.name));
  const auto folder = fmt::format("cluster/{}/app-of-apps", settings.name);
  const auto file = fmt::format("{}/{}.yaml", folder, app.name);
  const bool exists = TRY(tree::is_file(repository, file));
  if (exists || std::ranges::find(taken, app.name) != taken.end()) {
    return failure(Error(Code::object_exists, fmt::format("there is an application \"{}\" already", app.name)).at(file));
  }
  const auto kustomization = fmt::format("{}/kustomization.yaml", folder);
  const bool known = TRY(tree::is_file(repository, kustomization));
  if (!known) {
    return failure(Error(Code::repo_layout, fmt::format("there is no cluster \"{}\" in the repository", settings.name)).at(kustomization));
  }

  Files files;
  files[file] = application_yaml(settings, app);
  const std::string listed = TRY(repository.read(kustomization));
  files[kustomization] = TRY(with_resource(listed, app.name + ".yaml", kustomization));
  const auto overlay = fmt::format("cluster/{}/overlay/{}", settings.name, app.name);
  if (app.source == AppSource::chart) {
    files[overlay + "/values.yaml"] =
        fmt::format("# What differs on cluster {}; everything that can be set: {}/values.yaml.\n", settings.name, app.path);
  } else if (app.source == AppSource::kustomize) {
    files[overlay + "/kustomization.yaml"] =
        fmt::format("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ../../../../{}\n", app.path);
  }
  return files;
}

}  // namespace holdfast::bootstrap
