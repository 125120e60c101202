// SPDX-License-Identifier: Apache-2.0
#include "sync/global_projects.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace holdfast::sync {
namespace {

using Operator = LabelRequirement::Operator;

constexpr std::array<std::pair<std::string_view, Operator>, 4> operators{
    {{"In", Operator::in}, {"NotIn", Operator::not_in}, {"Exists", Operator::exists}, {"DoesNotExist", Operator::absent}}};

bool holds(const LabelRequirement& requirement, const Value* labels) {
  const Value* label = labels == nullptr ? nullptr : labels->find(requirement.key);
  const bool listed = label != nullptr && std::ranges::find(requirement.values, text_of(label)) != requirement.values.end();
  switch (requirement.op) {
    case Operator::in: return listed;
    case Operator::not_in: return !listed;
    case Operator::exists: return label != nullptr;
    case Operator::absent: return label == nullptr;
  }
  std::unreachable();
}

Result<LabelRequirement> decode_expression(const Value& value) {
  const auto word = value.text({"operator"});
  const auto* found = std::ranges::find(operators, word, &std::pair<std::string_view, Operator>::first);
  if (found == operators.end()) return failure(Code::wrong_type, "\"{}\" is no operator of a label selector", printable(word));
  LabelRequirement requirement{std::string(value.text({"key"})), found->second, strings_of(value.find("values"))};
  const bool wants_values = requirement.op == Operator::in || requirement.op == Operator::not_in;
  if (requirement.key.empty() || wants_values == requirement.values.empty()) {
    return failure(Code::wrong_type, "the label selector's {} of \"{}\" has {} values", word, printable(requirement.key), requirement.values.size());
  }
  return requirement;
}

template <class T>
void append(std::vector<T>& into, const std::vector<T>& more) {
  into.insert(into.end(), more.begin(), more.end());
}

}  // namespace

bool GlobalProject::selects(const Value* labels) const {
  return std::ranges::all_of(selector, [&](const LabelRequirement& each) { return holds(each, labels); });
}

Result<GlobalProject> decode_global_project(const Value& value) {
  GlobalProject project;
  project.name = value.text({"projectName"});
  const Value* labels = value.find_path({"labelSelector", "matchLabels"});
  if (labels != nullptr && labels->as_object() != nullptr) {
    for (const auto& [key, wanted] : *labels->as_object()) {
      LabelRequirement requirement{key, Operator::in, {std::string(text_of(&wanted))}};
      project.selector.push_back(std::move(requirement));
    }
  }
  const Value* expressions = value.find_path({"labelSelector", "matchExpressions"});
  if (expressions == nullptr || expressions->as_array() == nullptr) return project;
  for (const auto& each : *expressions->as_array()) {
    auto requirement = TRY(decode_expression(each));
    project.selector.push_back(std::move(requirement));
  }
  return project;
}

void merge_global(Project& project, const Project& global) {
  append(project.source_repos, global.source_repos);
  append(project.destinations, global.destinations);
  append(project.cluster_allowed, global.cluster_allowed);
  append(project.cluster_denied, global.cluster_denied);
  append(project.namespace_denied, global.namespace_denied);
  append(project.windows, global.windows);
  if (!global.namespace_allowed || global.namespace_allowed->empty()) return;
  // A list where there was none permits no longer everything: upstream's append() as well.
  if (!project.namespace_allowed) project.namespace_allowed.emplace();
  append(*project.namespace_allowed, *global.namespace_allowed);
}

}  // namespace holdfast::sync
