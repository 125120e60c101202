// SPDX-License-Identifier: Apache-2.0
#include "render/chart_inflation.h"

#include "helm/helm.h"
#include "helm/user_values.h"

#include <algorithm>

namespace holdfast::render {
namespace {

helm::Include include(bool wanted) {
  return wanted ? helm::Include::yes : helm::Include::no;
}

Result<helm::Settings> settings_of(const kustomize::ChartRequest& request,
                                   const ClusterFacts& cluster) {
  helm::Settings out;
  auto& limits = out.environment.limits;
  limits.output_bytes = std::min(limits.output_bytes, request.limits.bytes);
  limits.time = std::min<Duration>(limits.time, request.limits.time);
  if (!request.release.empty() && !request.name_template.empty()) {
    return failure(Error(Code::chart, "a chart has a releaseName and a nameTemplate")
                       .fix("keep one of them"));
  }
  if (!request.release.empty()) out.release.name = request.release;
  if (!request.name_template.empty())
    out.release.name = TRY(helm::release_name(request.name_template, out.environment));
  if (!request.space.empty()) out.release.namespace_ = request.space;
  const auto& version =
      request.kube_version.empty() ? cluster.kube_version : request.kube_version;
  if (!version.empty()) out.kube_version = version.starts_with('v') ? version : "v" + version;
  out.api_versions = request.api_versions.empty() ? cluster.api_versions : request.api_versions;
  out.crds = include(request.include_crds);
  out.hooks = include(!request.skip_hooks);
  out.tests = include(!request.skip_tests);
  return out;
}

}  // namespace

Result<std::string> inflate_chart(const kustomize::ChartRequest& request,
                                  const ClusterFacts& cluster) {
  const auto settings = TRY(settings_of(request, cluster));
  Object values;
  for (const auto& [place, document] : request.values)
    TRY(helm::merge_values(values, document, place));
  auto chart = TRY(helm::load_chart(request.tree, request.chart,
                                    {.files = request.limits.files, .bytes = request.limits.bytes}));
  auto documents = TRY(helm::render(std::move(chart), values, settings));
  return helm::print(std::move(documents));
}

}  // namespace holdfast::render
