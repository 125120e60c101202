// SPDX-License-Identifier: Apache-2.0
#include "commands/repo_lint.h"

#include <map>

#include "applications.h"
#include "base/text.h"
#include "commands/repo.h"
#include "tree/disk_tree.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

using Severity = Finding::Severity;

struct Linter {
  const tree::FileTree& repository;
  std::vector<Finding> findings = {};

  void add(Severity severity, std::string place, Code code, std::string text) {
    findings.push_back({.severity = severity, .place = std::move(place), .code = code, .text = std::move(text)});
  }

  void add(const Error& error, const std::string& fallback) {
    const auto text = error.causes().empty() ? error.what() : fmt::format("{}: {}", error.what(), fmt::join(error.causes(), ": "));
    add(Severity::error, error.where().empty() ? fallback : error.where().front(), error.code(), text);
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

void check_application(Linter& linter, const ClusterSettings& cluster, const render::Manifest& manifest,
                       std::map<std::string, std::string>& owners) {
  const auto application = sync::decode_application(manifest.object);
  if (!application) return linter.add(application.error(), manifest.origin);
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

void check_cluster(Linter& linter, const std::string& name) {
  const auto folder = "cluster/" + name;
  const auto cluster = read_cluster(linter.repository, name);
  if (!cluster) return linter.add(cluster.error(), folder + "/cluster.toml");
  const auto root = render_app_of_apps(linter.repository, *cluster, {});
  if (!root) return linter.add(root.error(), folder + "/app-of-apps");
  std::map<std::string, std::string> owners;  // object → application
  for (const auto& manifest : *root) {
    const bool application = manifest.object.text({"kind"}) == "Application" && manifest.object.text({"metadata", "name"}) != "root";
    if (application) check_application(linter, *cluster, manifest, owners);
  }
}

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
    rows.emplace_back(Object{{"place", finding.place}, {"severity", word}, {"code", row_of(finding.code).name}, {"text", finding.text}});
  }
  console.line(fmt::format("{} errors, {} warnings", errors, findings.size() - errors));
  console.data(Object{{"findings", std::move(rows)}});
  if (errors == 0) return {};
  return failure(Error(Code::repo_lint, fmt::format("the repository has {} mistakes", errors)).at(options.folder));
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
