// SPDX-License-Identifier: Apache-2.0
#include "commands/app_render.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "commands/app_settings.h"
#include "commands/source_access.h"
#include "render/detect.h"
#include "render/references.h"
#include "render/render.h"
#include "sync/names.h"
#include "tree/disk_tree.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

using Revisions = std::map<std::size_t, std::string>;

struct Checkout {
  std::vector<TreePtr> trees;  // one for each source
  std::vector<std::string> revisions;
};

std::string wanted_revision(const sync::Application& application, const RenderFrom& from, const Revisions& revisions, std::size_t index) {
  if (const auto named = revisions.find(index); named != revisions.end()) return named->second;
  if (!from.revision.empty()) return from.revision;
  const Value& status = application.status();
  const auto all = sync::strings_of(status.find_path({"sync", "revisions"}));
  const std::string compared = application.multi_source ? (index < all.size() ? all[index] : "") : std::string(status.text({"sync", "revision"}));
  return compared.empty() ? application.sources[index].target_revision : compared;
}

// The folder becomes the only source's: its path changes with it.
Result<Checkout> check_out_folder(sync::Application& application, const AppLocal& local) {
  Checkout checkout;
  for (auto& source : application.sources) {
    const auto folder = TRY(local_folder(local, source.path));
    auto tree = TRY(tree::DiskTree::open(folder.root));
    source.path = folder.path;
    if (!source.reference_only() && source.chart.empty()) source.raw["path"] = folder.path;
    checkout.trees.push_back(std::make_shared<tree::DiskTree>(std::move(tree)));
    checkout.revisions.push_back(source.target_revision);
  }
  return checkout;
}

Result<Checkout> check_out(const sync::Application& application, const RenderFrom& from, SourceAccess& sources) {
  const auto revisions = TRY(source_revisions(application, from.revisions));
  Checkout checkout;
  for (std::size_t i = 0; i < application.sources.size(); ++i) {
    auto fetched = TRY(sources.fetch(application.sources[i], wanted_revision(application, from, revisions, i)));
    checkout.trees.push_back(std::move(fetched.tree));
    checkout.revisions.push_back(std::move(fetched.revision));
  }
  return checkout;
}

// What the renderer is given: a chart's tree has its dependencies.
Result<TreePtr> complete(const sync::Application& application, const sync::Source& source, const TreePtr& tree, SourceAccess& sources) {
  const auto folder = TRY(render::chart_folder(source.raw, application.instance, *tree));
  return folder ? sources.with_dependencies(tree, *folder) : tree;
}

Result<std::vector<Value>> render_sources(kube::Client& client, const sync::Application& application, const Checkout& checkout,
                                          SourceAccess& sources, const sync::Settings& settings) {
  const auto catalog = TRY(client.catalog());
  render::Context context{.application = application.instance,
                          .project = application.project,
                          .namespace_ = application.destination.namespace_,
                          .revision = "",
                          .kube_version = client.server_version(),
                          .api_versions = {},
                          .references = {},
                          .kustomize_options = settings.kustomize_options,
                          .kustomize_versions = settings.kustomize_versions};
  for (const auto& kind : catalog->kinds()) {
    context.api_versions.push_back(kind.api_version());
    context.api_versions.push_back(fmt::format("{}/{}", kind.api_version(), kind.kind));
  }
  std::ranges::sort(context.api_versions);
  for (std::size_t i = 0; i < application.sources.size(); ++i) {
    if (!application.sources[i].ref.empty()) context.references["$" + application.sources[i].ref] = checkout.trees[i];
  }
  std::vector<Value> manifests, sources_of_spec;
  for (const auto& source : application.sources) sources_of_spec.push_back(source.raw);
  if (application.multi_source) TRY(render::check_references(sources_of_spec), "application {}", argument_of(application));
  for (std::size_t i = 0; i < application.sources.size(); ++i) {
    if (application.sources[i].reference_only()) continue;
    context.revision = checkout.revisions[i];
    const auto tree = TRY(complete(application, application.sources[i], checkout.trees[i], sources), "application {}", argument_of(application));
    auto rendered = TRY(render::render(render::without_empty_blocks(application.sources[i].raw), context, *tree), "application {}", argument_of(application));
    for (auto& each : rendered.manifests) manifests.push_back(std::move(each.object));
  }
  return manifests;
}

Result<sync::Targets> make_targets(kube::Client& client, const sync::Application& application, const sync::Settings& settings,
                                   std::vector<Value> manifests) {
  const auto catalog = TRY(client.catalog());
  const sync::AdoptOptions options{
      .application = application.instance,
      .namespace_ = application.destination.namespace_,
      .tracking = settings.tracking,
      .scope = [&](std::string_view group, std::string_view kind) -> std::optional<sync::Scope> {
        for (const auto& each : catalog->kinds()) {
          if (each.group == group && each.kind == kind) return each.namespaced ? sync::Scope::namespaced : sync::Scope::cluster;
        }
        return std::nullopt;
      },
      .excluded = [&](std::string_view group, std::string_view kind) { return settings.excludes(group, kind); }};
  return sync::adopt(options, std::move(manifests));
}

bool is_folder(const fs::path& path) {
  std::error_code bad;
  return fs::is_directory(path, bad);
}

}  // namespace

Result<std::map<std::size_t, std::string>> source_revisions(const sync::Application& application, const AppRevisions& asked) {
  if (!asked.positions.empty() && !asked.names.empty()) {
    return failure(Error(Code::usage, "--source-positions and --source-names both name sources").fix("use one of them"));
  }
  const std::size_t named = asked.positions.size() + asked.names.size();
  if (named != asked.revisions.size()) {
    return failure(Error(Code::usage, fmt::format("there are {} --revisions for {} sources", asked.revisions.size(), named))
                       .fix("name a source for each: --revisions v1 --source-positions 1 --revisions v2 --source-positions 2"));
  }
  std::vector<std::string> names;
  for (const auto& source : application.sources) names.emplace_back(source.raw.text({"name"}));
  Revisions revisions;
  for (std::size_t i = 0; i < named; ++i) {
    SourceChoice choice;
    if (asked.positions.empty()) {
      choice.name = asked.names[i];
    } else {
      choice.position = asked.positions[i];
    }
    const auto index = TRY(chosen_index(names, choice, "s"));
    if (!index) return failure(Code::usage, "--source-positions and --source-names name sources, and neither 0 nor \"\" is one");
    revisions[*index] = asked.revisions[i];
  }
  return revisions;
}

Result<LocalFolder> local_folder(const AppLocal& local, const std::string& source_path) {
  std::error_code bad;
  const auto folder = fs::weakly_canonical(local.folder, bad);
  if (bad) return failure(Code::file_missing, "there is no folder \"{}\"", printable(local.folder));
  if (!local.root.empty()) {
    const auto root = fs::weakly_canonical(local.root, bad);
    const auto inside = folder.lexically_relative(root).generic_string();
    if (bad || inside.empty() || inside.starts_with("..")) {
      return failure(Code::usage, "--local \"{}\" is not in --local-repo-root \"{}\"", printable(local.folder), printable(local.root));
    }
    return LocalFolder{root.string(), inside};
  }
  const auto path = clean_path(source_path);
  if (path.empty() || is_folder(folder / path)) return LocalFolder{folder.string(), path.empty() ? "." : path};
  const auto end = "/" + path;
  const auto whole = folder.generic_string();
  // The source's folder of a checkout, as argocd takes it; what it refers to above it is there as well.
  if (whole.ends_with(end)) return LocalFolder{whole.substr(0, whole.size() - end.size()), path};
  return LocalFolder{whole, "."};
}

Result<sync::Targets> render_targets(AppAccess& access, const sync::Application& application, const sync::Settings& settings,
                                     const RenderFrom& from) {
  const auto sources = TRY(SourceAccess::open(access, application));
  sync::Application rendered = application;
  Checkout checkout;
  if (from.local.folder.empty()) {
    checkout = TRY(check_out(application, from, *sources));
  } else {
    checkout = TRY(check_out_folder(rendered, from.local));
  }
  auto manifests = TRY(render_sources(access.client(), rendered, checkout, *sources, settings));
  return make_targets(access.client(), rendered, settings, std::move(manifests));
}

Value without_server_fields(Value object) {
  if (object.as_object() == nullptr) return object;
  object.as_object()->erase("status");
  if (Value* metadata = object.find("metadata"); metadata != nullptr && metadata->as_object() != nullptr) {
    for (const std::string_view name : {"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"}) {
      metadata->as_object()->erase(name);
    }
    Value* annotations = metadata->find("annotations");
    if (annotations != nullptr && annotations->as_object() != nullptr) annotations->as_object()->erase(sync::names::last_applied);
  }
  return object;
}

void mask_secrets(Value& before, Value& after) {
  std::map<std::string, std::string> signs;
  for (Value* object : {&before, &after}) {
    if (object->text({"kind"}) != "Secret") continue;
    Value* data = object->find("data");
    if (data == nullptr || data->as_object() == nullptr) continue;
    for (auto& [key, value] : *data->as_object()) {
      const std::string text(value.as_string() == nullptr ? "" : *value.as_string());
      const auto [sign, fresh] = signs.try_emplace(text, std::string(8 + signs.size() * 2, '+'));
      value = sign->second;
    }
  }
}

}  // namespace holdfast::bootstrap
