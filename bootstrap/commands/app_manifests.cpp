// SPDX-License-Identifier: Apache-2.0
// app manifests: what Git gives an Application, or what of it is in the cluster. Read only.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go: NewApplicationManifestsCommand.
#include "commands/app_render.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

Result<std::vector<Value>> from_git(AppAccess& access, const sync::Application& application, const AppManifestsOptions& options) {
  const auto settings = read_settings(access.client(), application.control_namespace);
  const RenderFrom from{.revision = options.revision, .revisions = options.revisions, .local = options.local};
  const auto targets = TRY(render_targets(access, application, settings, from));
  std::vector<Value> objects;
  for (const auto* list : {&targets.objects, &targets.hooks}) {
    for (const auto& target : *list) objects.push_back(*target.object);
  }
  return objects;
}

Result<std::vector<Value>> from_cluster(kube::Client& client, const sync::Application& application) {
  std::vector<Value> objects;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    auto live = client.get(identity_of_row(row));
    const bool gone = !live && (live.error().code() == Code::object_missing || live.error().code() == Code::kind_unknown);
    if (gone) continue;
    auto object = TRY(std::move(live));
    objects.push_back(without_managed_fields(std::move(object)));
  }
  return objects;
}

}  // namespace

Result<> run_app_manifests(const AppManifestsOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  auto objects = options.source == ManifestSource::git ? from_git(access, application, options) : from_cluster(access.client(), application);
  if (!objects) return failure(std::move(objects).error());
  Array shown;
  for (auto& object : *objects) {
    Value nothing;
    mask_secrets(object, nothing);
    shown.push_back(std::move(object));
  }
  if (options.format == AppFormat::json || console.is_json()) {
    print_document(console, AppFormat::json, std::move(shown));
    return {};
  }
  for (const auto& object : shown) {
    if (options.format == AppFormat::name) {
      console.line(selector_of(sync::key_of(object)));
    } else {
      console.line("---");
      print_document(console, AppFormat::yaml, object);
    }
  }
  return {};
}

}  // namespace holdfast::bootstrap
