// SPDX-License-Identifier: Apache-2.0
#include "applications.h"

#include "yaml/yaml.h"

namespace holdfast::bootstrap {

Result<sync::Application> read_application(const tree::FileTree& repository, const std::string& cluster, const std::string& file) {
  const auto path = fmt::format("cluster/{}/app-of-apps/{}", cluster, file);
  const std::string text = TRY(repository.read(path));
  Value object = TRY(yaml::parse_one(text, path, yaml::Dialect::kube));
  return sync::decode_application(std::move(object));
}

Result<std::vector<render::Manifest>> render_app_of_apps(const tree::FileTree& repository, const ClusterSettings& cluster,
                                                         const ClusterFacts& facts) {
  const auto root = TRY(read_application(repository, cluster.name, "root.yaml"));
  return render_application(repository, root, facts);
}

Result<std::vector<render::Manifest>> render_application(const tree::FileTree& repository, const sync::Application& application,
                                                         const ClusterFacts& facts) {
  std::vector<render::Manifest> manifests;
  for (const auto& source : application.sources) {
    if (source.reference_only()) continue;
    const render::Context context{.application = application.name,
                                  .project = application.project,
                                  .namespace_ = application.destination.namespace_,
                                  .revision = source.target_revision,
                                  .kube_version = facts.kube_version,
                                  .api_versions = facts.api_versions,
                                  .references = {}};
    auto rendered = TRY(render::render(source.raw, context, repository), "application {}", application.name);
    std::ranges::move(rendered.manifests, std::back_inserter(manifests));
  }
  return manifests;
}

}  // namespace holdfast::bootstrap
