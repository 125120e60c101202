// SPDX-License-Identifier: Apache-2.0
#include "commands/repo_lint.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>

#include "applications.h"
#include "base/text.h"
#include "commands/repo.h"
#include "sync/project.h"
#include "tree/disk_tree.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

using Severity = Finding::Severity;

struct Linter {
  const tree::FileTree& repository;
  std::vector<Finding> findings = {};

  void add(Severity severity, std::string place, Code code, std::string text) {
    findings.emplace_back(severity, std::move(place), code, std::move(text), std::string());
  }

  void add(const Error& error, const std::string& fallback) {
    const auto text = error.causes().empty() ? error.what() : fmt::format("{}: {}", error.what(), fmt::join(error.causes(), ": "));
    add(Severity::error, error.where().empty() ? fallback : error.where().front(), error.code(), text);
    if (error.fix_line() != row_of(error.code()).fix) findings.back().fix = error.fix_line();
  }
};

std::string object_name(const Value& object) {
  return fmt::format("{} {}", object.text({"kind"}), object.text({"metadata", "name"}));
}

void check_image(Linter& linter, const std::string& place, std::string_view image) {
  if (image.find('@') != std::string_view::npos) return;
  const auto tag = base_name(image).find(':');
  const bool floating = tag == std::string_view::npos || base_name(image).substr(tag) == ":latest";
  if (!floating) return;
  linter.add(Severity::warning, place, Code::repo_lint,
             fmt::format("image \"{}\" has no fixed tag: it is pulled at every start and is missing offline", printable(image)));
}

// Every "image" of a "containers" list, wherever the pod template stands.
void check_images(Linter& linter, const std::string& place, const Value& value) {
  if (const auto* array = value.as_array()) {
    for (const auto& element : *array) check_images(linter, place, element);
    return;
  }
  const auto* object = value.as_object();
  if (object == nullptr) return;
  for (const auto& member : *object) {
    const bool containers = member.key == "containers" || member.key == "initContainers";
    if (containers && member.value.is_array()) {
      for (const auto& container : *member.value.as_array()) check_image(linter, place, container.text({"image"}));
    } else {
      check_images(linter, place, member.value);
    }
  }
}

void check_manifest(Linter& linter, const render::Manifest& manifest) {
  const auto place = manifest.origin.empty() ? object_name(manifest.object) : manifest.origin;
  check_images(linter, place, manifest.object);
  const bool secret = manifest.object.text({"kind"}) == "Secret" && manifest.object.text({"apiVersion"}) == "v1";
  if (secret && (manifest.object.find("data") != nullptr || manifest.object.find("stringData") != nullptr)) {
    linter.add(Severity::warning, place, Code::repo_lint, fmt::format("{} stands in Git as plain text", object_name(manifest.object)));
  }
}

// Their Secrets are not in Git.
const sync::Clusters clusters_unseen{.local = sync::LocalCluster::enabled, .secrets = std::nullopt};

// What an application of this cluster is looked at with.
struct Surroundings {
  const ClusterSettings& cluster;
  std::map<std::string, sync::Project> projects = {};
  std::map<std::string, std::string> owners = {};  // object → application
};

void check_application(Linter& linter, const render::Manifest& manifest, Surroundings& around) {
  const auto& cluster = around.cluster;
  auto& owners = around.owners;
  const auto application = sync::decode_application(manifest.object);
  if (!application) return linter.add(application.error(), manifest.origin);
  const auto project = around.projects.find(application->project);
  const auto* permitting = project == around.projects.end() ? nullptr : &project->second;
  for (const auto& condition : sync::admit(*application, permitting, clusters_unseen)) {
    linter.add(Severity::error, manifest.origin, Code::project_denied, condition.message);
  }
  const auto url = cluster.git_url.empty() ? builtin_git_url(cluster) : cluster.git_url;
  for (const auto& source : application->sources) {
    if (source.repo_url == url) continue;
    linter.add(Severity::warning, manifest.origin, Code::repo_lint,
               fmt::format("application {} comes from another repository, {}: not looked at", application->name, printable(source.repo_url)));
    return;
  }
  const auto manifests = render_application(linter.repository, *application, {});
  if (!manifests) return linter.add(manifests.error(), manifest.origin);
  for (const auto& each : *manifests) {
    check_manifest(linter, each);
    const auto key = fmt::format("{}/{}/{}", each.object.text({"apiVersion"}), application->destination.namespace_, object_name(each.object));
    const auto [owner, first] = owners.try_emplace(key, application->name);
    if (!first && owner->second != application->name) {
      linter.add(Severity::error, manifest.origin, Code::shared_object, fmt::format("{} is in {} and in {}", object_name(each.object), owner->second, application->name));
    }
  }
}

// Our own API group has two kinds: any other is a typo, or one that this engine does not know.
void check_kind(Linter& linter, const render::Manifest& manifest) {
  constexpr std::array<std::string_view, 2> kinds{"Application", "AppProject"};
  const auto kind = manifest.object.text({"kind"});
  if (!manifest.object.text({"apiVersion"}).starts_with("argoproj.io/") || std::ranges::find(kinds, kind) != kinds.end()) return;
  const auto close = nearest(kind, kinds);
  linter.add(Severity::error, manifest.origin, Code::kind_unknown, fmt::format("the engine has no kind \"{}\"", printable(kind)));
  if (close) linter.findings.back().fix = fmt::format("did you mean {} ?", *close);
}

// A file that the kustomization does not name has no effect, whatever it holds.
void check_listed(Linter& linter, const std::string& folder) {
  const auto kustomization = linter.repository.read(folder + "/kustomization.yaml");
  const auto files = tree::walk(*tree::subtree(linter.repository, folder), "");
  if (!kustomization || !files) return;
  for (const auto& file : *files) {
    const bool manifest = file.ends_with(".yaml") && base_name(file) != "kustomization.yaml";
    const auto parent = parent_path(file);
    const bool listed = kustomization->contains(file) || (!parent.empty() && kustomization->contains(fmt::format("- {}\n", parent)));
    if (!manifest || listed) continue;
    linter.add(Severity::warning, fmt::format("{}/{}", folder, file), Code::repo_lint, "no kustomization lists this file: it has no effect");
    linter.findings.back().fix = fmt::format("add \"- {}\" to the resources of {}/kustomization.yaml", file, folder);
  }
}

void check_cluster(Linter& linter, const std::string& name) {
  const auto folder = "cluster/" + name;
  const auto cluster = read_cluster(linter.repository, name);
  if (!cluster) return linter.add(cluster.error(), folder + "/cluster.toml");
  check_listed(linter, folder + "/app-of-apps");
  const auto root = render_app_of_apps(linter.repository, *cluster, {});
  if (!root) return linter.add(root.error(), folder + "/app-of-apps");
  Surroundings around{.cluster = *cluster};
  for (const auto& manifest : *root) {
    check_kind(linter, manifest);
    if (manifest.object.text({"kind"}) != "AppProject") continue;
    auto project = sync::decode_project(manifest.object);
    place_on(project, clusters_unseen);
    around.projects.insert_or_assign(project.name, std::move(project));
  }
  for (const auto& manifest : *root) {
    const bool application = manifest.object.text({"kind"}) == "Application" && manifest.object.text({"metadata", "name"}) != "root";
    if (application) check_application(linter, manifest, around);
  }
}

std::string counted(std::size_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

}  // namespace

Result<std::vector<Finding>> lint_repository(const tree::FileTree& repository) {
  const bool ours = TRY(tree::is_file(repository, "holdfast.toml"));
  if (!ours) return failure(Error(Code::repo_layout, "this is not a Holdfast repository").at("holdfast.toml is missing"));
  Linter linter{.repository = repository};
  const auto clusters = TRY(repository.list("cluster"));
  for (const auto& entry : clusters) {
    if (entry.kind == tree::EntryKind::directory) check_cluster(linter, entry.name);
  }
  return std::move(linter.findings);
}

Result<> run_repo_lint(const RepoLintOptions& options, Console& console) {
  const auto tree = TRY(tree::DiskTree::open(options.folder));
  const auto findings = TRY(lint_repository(tree));
  std::size_t errors = 0;
  Array rows;
  for (const auto& finding : findings) {
    const bool is_error = finding.severity == Severity::error;
    errors += is_error ? 1 : 0;
    const auto word = is_error ? "error" : "warning";
    console.line(fmt::format("{}  {}  {}  {}", finding.place, word, row_of(finding.code).name, finding.text));
    Object row{{"place", finding.place}, {"severity", word}, {"code", row_of(finding.code).name}, {"text", finding.text}};
    if (!finding.fix.empty()) {
      console.line(fmt::format("    fix: {}", finding.fix));
      row.set("fix", finding.fix);
    }
    rows.emplace_back(std::move(row));
  }
  console.line(fmt::format("{}, {}", counted(errors, "error"), counted(findings.size() - errors, "warning")));
  console.data(Object{{"findings", std::move(rows)}});
  if (errors == 0) return {};
  return failure(Error(Code::repo_lint, fmt::format("the repository has {}", counted(errors, "mistake"))).at(options.folder));
}

Result<> run_repo_render(const RepoRenderOptions& options, Console& console) {
  const auto tree = TRY(tree::DiskTree::open(options.folder));
  const auto cluster = TRY(read_cluster(tree, options.cluster));
  const auto root = TRY(render_app_of_apps(tree, cluster, {}));
  std::vector<Value> objects;
  bool found = options.application.empty() || options.application == "root";
  for (const auto& manifest : root) {
    if (options.application.empty() || options.application == "root") objects.push_back(manifest.object);
    const auto name = manifest.object.text({"metadata", "name"});
    const bool application = manifest.object.text({"kind"}) == "Application" && name != "root";
    if (!application || (!options.application.empty() && options.application != name)) continue;
    found = true;
    const auto decoded = TRY(sync::decode_application(manifest.object));
    auto manifests = TRY(render_application(tree, decoded, {}));
    for (auto& each : manifests) objects.push_back(std::move(each.object));
  }
  if (!found) return failure(Code::object_missing, "cluster {} has no application \"{}\"", cluster.name, printable(options.application));
  if (console.is_json()) {
    console.data(Array(objects.begin(), objects.end()));
  } else {
    std::string text = yaml::write_all(objects);
    if (text.ends_with('\n')) text.pop_back();
    console.line(text);
  }
  return {};
}

}  // namespace holdfast::bootstrap
