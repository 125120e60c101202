// SPDX-License-Identifier: Apache-2.0
#include "agent/project_end.h"

#include <algorithm>

#include "base/log.h"
#include "sync/application.h"
#include "sync/names.h"

namespace holdfast::agent {
namespace {

constexpr std::string_view prefix = "project/";

// As far as the project lets it: an Application that may not use a project does not hold it either.
bool is_needed(Context& context, const std::string& name) {
  const auto project = context.store.project(name);
  return std::ranges::any_of(context.store.applications(), [&](const std::string& instance) {
    const auto object = context.store.application(instance);
    const auto application = object == nullptr ? Result<sync::Application>(failure(Code::object_missing, "gone"))
                                               : sync::decode_application(*object, context.store.namespace_name());
    return application && application->project == name && (project == nullptr || project->permits_application(*application));
  });
}

}  // namespace

std::string project_key(std::string_view name) { return fmt::format("{}{}", prefix, name); }

std::optional<std::string> project_of_key(std::string_view key) {
  if (!key.starts_with(prefix)) return std::nullopt;
  return std::string(key.substr(prefix.size()));
}

Result<> end_project(Context& context, const std::string& name) {
  const auto leaving = context.store.leaving_project(name);
  if (leaving == nullptr || is_needed(context, name)) return {};
  Array kept;
  for (const auto& each : sync::strings_of(leaving->find("finalizers"))) {
    if (each != sync::names::cascade_finalizer) kept.emplace_back(each);
  }
  Value patch;
  patch["metadata"]["finalizers"] = std::move(kept);
  patch["metadata"]["resourceVersion"] = leaving->text({"resourceVersion"});
  const auto patched = context.client.patch({"argoproj.io", "v1alpha1", "AppProject", context.store.namespace_name(), name}, kube::PatchType::merge, patch);
  if (!patched && patched.error().code() == Code::object_missing) return {};
  if (!patched) return failure(patched.error());
  log::info("a project is let go", {{"project", name}});
  return {};
}

}  // namespace holdfast::agent
