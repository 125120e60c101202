// SPDX-License-Identifier: Apache-2.0
#include "sync/project.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"
#include "base/glob.h"
#include "sync/names.h"
#include "sync/namespaces.h"
#include "sync/wording.h"

namespace holdfast::sync {
namespace {

std::vector<KindRule> decode_rules(const Value* rules) {
  std::vector<KindRule> decoded;
  const auto* array = rules == nullptr ? nullptr : rules->as_array();
  if (array == nullptr) return decoded;
  for (const auto& each : *array) {
    decoded.push_back({std::string(each.text({"group"})), std::string(each.text({"kind"})),
                       std::string(each.text({"name"}))});
  }
  return decoded;
}

bool matches(const KindRule& rule, const Key& key) {
  return glob_match(rule.group, key.group) && glob_match(rule.kind, key.kind) &&
         (rule.name.empty() || glob_match(rule.name, key.name));
}

bool any_matches(const std::vector<KindRule>& rules, const Key& key) {
  return std::ranges::any_of(rules, [&](const auto& rule) { return matches(rule, key); });
}

// A pattern that starts with '!' denies what the rest matches.
struct Verdict {
  bool allowed = false, denied = false;
};

Verdict judge_pattern(std::string_view pattern, std::string_view text, GlobMode mode) {
  if (!pattern.starts_with('!')) return {glob_match(pattern, text, mode), false};
  const bool hit = glob_match(pattern.substr(1), text, mode);
  return {!hit, hit};
}

// A rule says the cluster by its URL, by its name, or both, and one of them is enough. What it denies of them counts
// for its namespaces. Mirrors isDestinationMatched, but that a denied namespace counts also on a cluster that the rule
// says by its name.
Verdict judge_destination(const Destination& rule, const std::optional<std::string>& cluster, const std::string& namespace_name) {
  const auto fits = [](const std::string& pattern, std::string_view text) { return judge_pattern(pattern, text, GlobMode::plain).allowed; };
  const bool name = cluster ? !cluster->empty() && fits(rule.name, *cluster) : !rule.name.empty();
  const bool server = fits(rule.server, names::local_server);
  const bool space = fits(rule.namespace_, namespace_name);
  const bool place = name || server;
  if (place && space) return {true, false};
  const bool denied = (!name && space && rule.name.starts_with('!')) || (!server && space && rule.server.starts_with('!')) ||
                      (!space && place && rule.namespace_.starts_with('!'));
  return {false, denied};
}

}  // namespace

std::string normalize_repository(std::string_view url) {
  std::string text(trim(url));
  const auto at = text.find('@');
  const auto colon = text.find(':', at == std::string::npos ? 0 : at);
  if (text.find("://") == std::string::npos && at != std::string::npos && colon != std::string::npos) {
    text = "ssh://" + text.substr(0, colon) + "/" + text.substr(colon + 1);
  }
  text = ascii_lower(text);
  if (text.ends_with('/')) text.pop_back();
  if (text.ends_with(".git")) text.resize(text.size() - 4);
  return text;
}

bool Project::permits_source(const Source& source) const {
  bool allowed = false;
  const auto asked = normalize_repository(source.repo_url);
  for (const auto& pattern : source_repos) {
    if (pattern == "*") {
      allowed = true;
      continue;
    }
    const bool denies = pattern.starts_with('!');
    const auto rule = (denies ? "!" : "") + normalize_repository(pattern.substr(denies ? 1 : 0));
    const Verdict verdict = judge_pattern(rule, asked, GlobMode::separator);
    if (verdict.denied) return false;
    allowed = allowed || verdict.allowed;
  }
  return allowed;
}

bool Project::permits_namespace(const std::string& namespace_name) const {
  bool allowed = false;
  for (const auto& rule : destinations) {
    const Verdict verdict = judge_destination(rule, cluster_name, namespace_name);
    if (verdict.denied) return false;
    allowed = allowed || verdict.allowed;
  }
  return allowed && (!own_clusters_only || owns_this_cluster);
}

void place_on(Project& project, const Clusters& clusters) {
  project.cluster_name = clusters.local_name();
  project.owns_this_cluster = clusters.belongs_to(project.name);
}

bool Project::permits_kind(const Key& key, Scope scope) const {
  if (scope == Scope::cluster) return any_matches(cluster_allowed, key) && !any_matches(cluster_denied, key);
  const bool allowed = !namespace_allowed || any_matches(*namespace_allowed, key);
  return allowed && !any_matches(namespace_denied, key);
}

bool Project::permits_application(const Application& application) const {
  return application.namespace_ == application.control_namespace || lists_namespace(source_namespaces, application.namespace_);
}

std::string Project::refusal(const Key& key, Scope scope) const {
  if (!permits_kind(key, scope)) return fmt::format("resource {}:{} is not permitted in project {}", key.group, key.kind, name);
  if (scope == Scope::cluster || permits_namespace(key.namespace_)) return {};
  return fmt::format("namespace {} is not permitted in project '{}'", key.namespace_, name);
}

Project decode_project(const Value& object) {
  Project project;
  project.name = object.text({"metadata", "name"});
  const Value* found = object.find("spec");
  const Value none;
  const Value& spec = found == nullptr ? none : *found;
  project.source_repos = strings_of(spec.find("sourceRepos"));
  project.source_namespaces = strings_of(spec.find("sourceNamespaces"));
  if (const Value* list = spec.find("destinations"); list != nullptr && list->as_array() != nullptr) {
    for (const auto& each : *list->as_array()) {
      project.destinations.push_back({std::string(each.text({"server"})),
                                      std::string(each.text({"name"})),
                                      std::string(each.text({"namespace"}))});
    }
  }
  project.own_clusters_only = flag_of(spec.find("permitOnlyProjectScopedClusters"));
  project.cluster_allowed = decode_rules(spec.find("clusterResourceWhitelist"));
  project.cluster_denied = decode_rules(spec.find("clusterResourceBlacklist"));
  project.namespace_denied = decode_rules(spec.find("namespaceResourceBlacklist"));
  const Value* allowed = spec.find("namespaceResourceWhitelist");
  if (allowed != nullptr && allowed->is_array()) project.namespace_allowed = decode_rules(allowed);
  if (const Value* orphans = spec.find("orphanedResources"); orphans != nullptr && orphans->is_object()) {
    project.orphans_reported = true;
    project.orphans_warned = flag_of(orphans->find("warn"));
    project.orphans_ignored = decode_rules(orphans->find("ignore"));
  }
  project.windows = decode_windows(spec.find("syncWindows"));
  return project;
}

std::vector<Condition> admit_sources(const std::vector<Source>& sources, const Project& project) {
  std::vector<Condition> conditions;
  for (const auto& source : sources) {
    if (source.repo_url.empty() || (source.path.empty() && source.chart.empty() && source.ref.empty())) {
      conditions.push_back({"InvalidSpecError",
                            "spec.source.repoURL and either source.path, source.chart, or "
                            "source.ref are required"});
    } else if (!project.permits_source(source)) {
      conditions.push_back({"InvalidSpecError",
                            fmt::format("application repo {} is not permitted in project '{}'",
                                        source.repo_url, project.name)});
    }
  }
  return conditions;
}

std::vector<Condition> admit(const Application& application, const Project* project,
                             const Clusters& clusters) {
  if (project == nullptr) {
    return {{"InvalidSpecError", fmt::format("Application referencing project {} which does not exist",
                                             application.project)}};
  }
  if (!project->permits_application(application)) {
    return {{"UnknownError", fmt::format(wording::use_project, application.name, application.namespace_, project->name)}};
  }
  if (auto refusal = clusters.refusal(application.destination); !refusal.empty()) return {{"InvalidSpecError", std::move(refusal)}};
  if (application.sources.empty()) {
    return {{"InvalidSpecError", "spec.source.repoURL and either source.path, source.chart, or "
                                 "source.ref are required"}};
  }
  auto conditions = admit_sources(application.sources, *project);
  const auto& destination = application.destination;
  if (!project->permits_namespace(destination.namespace_)) {
    const auto cluster = destination.name.empty() ? std::string(names::local_server) : project->cluster_name.value_or(destination.name);
    conditions.push_back(
        {"InvalidSpecError",
         fmt::format("application destination server '{}' and namespace '{}' do not match any of "
                     "the allowed destinations in project '{}'",
                     cluster, destination.namespace_, project->name)});
  }
  return conditions;
}

}  // namespace holdfast::sync
