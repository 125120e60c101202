// SPDX-License-Identifier: Apache-2.0
#include "sync/settings.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/glob.h"
#include "sync/namespaces.h"
#include "yaml/yaml.h"

namespace holdfast::sync {
namespace {

constexpr std::string_view customization = "resource.customizations.";

// What is never of interest: events, leases and review requests (argo-cd's default exclusions).
constexpr std::pair<std::string_view, std::string_view> never[] = {
    {"", "Event"},
    {"events.k8s.io", "*"},
    {"metrics.k8s.io", "*"},
    {"coordination.k8s.io", "Lease"},
    {"authentication.k8s.io", "*"},
    {"authorization.k8s.io", "*"}};

bool any_glob(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const auto& each) {
           return glob_match(each, text);
         });
}

bool matches(const KindFilter& filter, std::string_view group, std::string_view kind) {
  return any_glob(filter.groups, group) && any_glob(filter.kinds, kind) &&
         any_glob(filter.clusters, "https://kubernetes.default.svc");
}

std::optional<Value> parse(std::string_view key, std::string_view text, Settings& settings) {
  auto parsed = yaml::parse_one(text, key, yaml::Dialect::kube);
  if (parsed) return *std::move(parsed);
  settings.problems.push_back(fmt::format("argocd-cm {}: {}", key, parsed.error().message()));
  return std::nullopt;
}

std::vector<KindFilter> decode_filters(std::string_view key, std::string_view text, Settings& settings) {
  std::vector<KindFilter> filters;
  const auto value = parse(key, text, settings);
  const auto* array = value ? value->as_array() : nullptr;
  if (array == nullptr) return filters;
  for (const auto& each : *array) {
    filters.push_back({strings_of(each.find("apiGroups")), strings_of(each.find("kinds")),
                       strings_of(each.find("clusters"))});
  }
  return filters;
}

// "apps_Deployment" → {apps, Deployment}; "ConfigMap" → {"", ConfigMap}; "all" → every kind.
std::pair<std::string, std::string> split_group_kind(std::string_view text) {
  if (text == "all") return {"*", "*"};
  const auto underscore = text.find('_');
  if (underscore == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(0, underscore)), std::string(text.substr(underscore + 1))};
}

void decode_ignore(std::string_view name, const Value& value, std::vector<IgnoreRule>& into) {
  Value row = value;
  auto [group, kind] = split_group_kind(name);
  row["group"] = group;
  row["kind"] = kind;
  const Value rows = Array{row};
  for (auto& rule : decode_ignore_rules(&rows)) into.push_back(std::move(rule));
}

void decode_known_types(std::string_view name, const Value& value, Settings& settings) {
  if (value.as_array() == nullptr) return;
  const auto [group, kind] = split_group_kind(name);
  for (const auto& row : *value.as_array()) {
    KnownType known{group, kind, std::string(row.text({"field"})), std::string(row.text({"type"}))};
    if (is_known_type(known.type) && !known.field.empty()) {
      settings.equal.known_types.push_back(std::move(known));
    } else {
      settings.problems.push_back(fmt::format("knownTypeFields of {}: \"{}\" is no type that is known", name, printable(known.type)));
    }
  }
}

KindActions decode_actions(const Value& value) {
  KindActions actions;
  actions.scripts.discovery = value.text({"discovery.lua"});
  actions.with_builtin = flag_of(value.find("mergeBuiltinActions"));
  const Value* definitions = value.find("definitions");
  if (definitions == nullptr || definitions->as_array() == nullptr) return actions;
  for (const auto& each : *definitions->as_array()) {
    actions.scripts.definitions[std::string(each.text({"name"}))] = each.text({"action.lua"});
  }
  return actions;
}

void decode_customization(std::string_view key, std::string_view text, Settings& settings) {
  const auto rest = key.substr(customization.size());
  const auto dot = rest.find('.');
  if (dot == std::string_view::npos) return;
  const auto what = rest.substr(0, dot);
  const auto name = rest.substr(dot + 1);
  if (what == "health") settings.health.push_back({std::string(name), std::string(text)});
  if (what == "actions") {
    if (const auto value = parse(key, text, settings)) settings.actions[std::string(name)] = decode_actions(*value);
  }
  if (what == "knownTypeFields") {
    if (const auto value = parse(key, text, settings)) decode_known_types(name, *value, settings);
  }
  const bool updates = what == "ignoreResourceUpdates";
  if (!updates && what != "ignoreDifferences") return;
  if (const auto value = parse(key, text, settings)) decode_ignore(name, *value, updates ? settings.ignore_updates : settings.ignore);
}

// The older form: one YAML map "group/Kind" → {health.lua, ignoreDifferences}.
void decode_legacy(std::string_view text, Settings& settings) {
  const auto value = parse("resource.customizations", text, settings);
  const auto* map = value ? value->as_object() : nullptr;
  if (map == nullptr) return;
  for (const auto& [key, override] : *map) {
    const auto slash = key.find('/');
    const auto name = slash == std::string::npos ? key : key.substr(0, slash) + "_" + key.substr(slash + 1);
    if (const auto lua = override.text({"health.lua"}); !lua.empty()) {
      settings.health.push_back({name, std::string(lua)});
    }
    if (const auto actions = override.text({"actions"}); !actions.empty()) {
      if (const auto parsed = parse(key, actions, settings)) settings.actions[name] = decode_actions(*parsed);
    }
    if (const auto types = override.text({"knownTypeFields"}); !types.empty()) {
      if (const auto parsed = parse(key, types, settings)) decode_known_types(name, *parsed, settings);
    }
    for (const auto& [member, into] : {std::pair{"ignoreDifferences", &settings.ignore}, {"ignoreResourceUpdates", &settings.ignore_updates}}) {
      const auto rules = override.text({member});
      if (rules.empty()) continue;
      if (const auto parsed = parse(key, rules, settings)) decode_ignore(name, *parsed, *into);
    }
  }
}

void decode_global_projects(std::string_view key, std::string_view text, Settings& settings) {
  const auto value = parse(key, text, settings);
  const auto* array = value ? value->as_array() : nullptr;
  if (array == nullptr) return;
  for (const auto& each : *array) {
    if (auto project = decode_global_project(each)) {
      settings.global_projects.push_back(*std::move(project));
    } else {
      settings.problems.push_back(fmt::format("argocd-cm {}: {}", key, project.error().message()));
    }
  }
}

void decode_rbac(std::string_view key, std::string_view text, Settings& settings) {
  if (text == "normal") settings.respect_rbac = RespectRbac::normal;
  if (text == "strict") settings.respect_rbac = RespectRbac::strict;
  if (!text.empty() && settings.respect_rbac == RespectRbac::no) {
    settings.problems.push_back(fmt::format("argocd-cm {}: \"{}\", wanted: normal or strict", key, printable(text)));
  }
}

void decode_key(std::string_view key, std::string_view text, Settings& settings) {
  const auto duration = [&](Duration absent) { return parse_go_duration(text).value_or(absent); };
  if (key == "application.resourceTrackingMethod") {
    if (text == "label") settings.tracking.method = TrackingMethod::label;
    if (text == "annotation+label") settings.tracking.method = TrackingMethod::annotation_and_label;
  } else if (key == "application.instanceLabelKey" && !text.empty()) {
    settings.tracking.label = text;
  } else if (key == "installationID") {
    settings.tracking.installation_id = text;
  } else if (key == "timeout.reconciliation") {
    settings.resync = duration(settings.resync);
  } else if (key == "timeout.reconciliation.jitter") {
    settings.resync_jitter = duration(settings.resync_jitter);
  } else if (key == "timeout.hard.reconciliation") {
    settings.hard_resync = duration(settings.hard_resync);
  } else if (key == "cluster.inClusterEnabled") {
    settings.clusters.local = text == "false" ? LocalCluster::disabled : LocalCluster::enabled;
  } else if (key == "globalProjects") {
    decode_global_projects(key, text, settings);
  } else if (key == "resource.respectRBAC") {
    decode_rbac(key, text, settings);
  } else if (key == "kustomize.buildOptions") {
    settings.kustomize_options = text;
  } else if (key.starts_with("kustomize.path.") || key.starts_with("kustomize.version.")) {
    settings.kustomize_versions.emplace_back(key.substr(key.find('.', std::string_view("kustomize.").size()) + 1));
  } else if (key == "helm.valuesFileSchemes") {
    const auto schemes = comma_words(text);
    settings.values_file_schemes.assign(schemes.begin(), schemes.end());
  } else if (key == "resource.exclusions") {
    settings.exclusions = decode_filters(key, text, settings);
  } else if (key == "resource.inclusions") {
    settings.inclusions = decode_filters(key, text, settings);
  } else if (key == "resource.selectors") {
    const auto selectors = parse(key, text, settings);
    const bool any = selectors && selectors->as_array() != nullptr && !selectors->as_array()->empty();
    if (any) settings.problems.push_back(fmt::format("argocd-cm {}: is not known here, so every object of a kind is watched", key));
  } else if (key == "resource.customizations") {
    decode_legacy(text, settings);
  } else if (key.starts_with(customization)) {
    decode_customization(key, text, settings);
  }
}

void decode_namespaces(std::string_view key, std::string_view text, Settings& settings) {
  const auto patterns = comma_words(text);
  settings.application_namespaces.assign(patterns.begin(), patterns.end());
  for (const auto& pattern : settings.application_namespaces) {
    if (const auto problem = namespace_pattern_problem(pattern)) {
      settings.problems.push_back(fmt::format("argocd-cmd-params-cm {}: {}", key, *problem));
    }
  }
}

// Of the parameters where Applications are, and what a running operation is held to.
void decode_parameter(std::string_view key, std::string_view text, Settings& settings) {
  if (key == "application.namespaces") decode_namespaces(key, text, settings);
  if (key != "controller.sync.timeout.seconds") return;
  constexpr std::uint32_t longest = 30 * 24 * 3600;
  std::uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code == std::errc{} && end == text.data() + text.size() && seconds <= longest) {
    settings.sync_timeout = std::chrono::seconds(seconds);
  } else {
    settings.problems.push_back(fmt::format("argocd-cmd-params-cm {}: \"{}\" is no number of seconds up to {}", key,
                                            printable(text), longest));
  }
}

// YAML makes a truth value of `off`, and upstream takes that too.
StatusIgnored decode_ignored_status(const Value& word, Settings& settings) {
  const auto text = text_of(&word);
  if (word == Value(false) || text == "none" || text == "off" || text == "false") return StatusIgnored::none;
  if (text == "crd") return StatusIgnored::definitions;
  if (!text.empty() && text != "all") {
    settings.problems.push_back(fmt::format("argocd-cm resource.compareoptions: ignoreResourceStatusField is \"{}\", wanted: all, crd or none",
                                            printable(text)));
  }
  return StatusIgnored::all;
}

template <class Use>
void for_each_entry(const Value* config, const Use& use) {
  const Value* data = config == nullptr ? nullptr : config->find("data");
  if (data == nullptr || data->as_object() == nullptr) return;
  for (const auto& [key, value] : *data->as_object()) {
    if (const auto* text = value.as_string()) use(key, *text);
  }
}

// Whether and how ignoreResourceUpdates holds: both switches are on where nobody says otherwise.
void decode_updates(const Value* config, const std::optional<Value>& options, Settings& settings) {
  const auto said = [&](std::string_view key) { return config == nullptr ? std::string_view() : config->text({"data", key}); };
  if (said("resource.ignoreResourceUpdatesEnabled") == "false") {
    settings.ignore_updates.clear();
    return;
  }
  if (!options || flag_of(options->find("ignoreDifferencesOnResourceUpdates"), Absent::yes)) {
    settings.ignore_updates.insert(settings.ignore_updates.end(), settings.ignore.begin(), settings.ignore.end());
  }
}

}  // namespace

std::optional<Duration> Settings::next_look(double part) const {
  Duration period = resync;
  if (hard_resync > Duration{0} && (period <= Duration{0} || hard_resync < period)) period = hard_resync;
  if (period <= Duration{0}) return std::nullopt;
  return period + std::chrono::duration_cast<Duration>(resync_jitter * part);
}

bool Settings::excludes(std::string_view group, std::string_view kind) const {
  for (const auto& [never_group, never_kind] : never) {
    if (never_group == group && (never_kind == "*" || never_kind == kind)) return true;
  }
  const auto hit = [&](const KindFilter& filter) { return matches(filter, group, kind); };
  if (!inclusions.empty() && std::ranges::none_of(inclusions, hit)) return true;
  return std::ranges::any_of(exclusions, hit);
}

Settings decode_settings(const Value* config, const Value* parameters) {
  Settings settings;
  for_each_entry(config, [&](std::string_view key, std::string_view text) { decode_key(key, text, settings); });
  const auto said = config == nullptr ? std::string_view() : config->text({"data", "resource.compareoptions"});
  const auto options = said.empty() ? std::nullopt : parse("resource.compareoptions", said, settings);
  settings.equal.aggregated_rules = options && flag_of(options->find("ignoreAggregatedRoles"));
  const Value* ignored = options ? options->find("ignoreResourceStatusField") : nullptr;
  if (ignored != nullptr) settings.equal.status = decode_ignored_status(*ignored, settings);
  decode_updates(config, options, settings);
  for_each_entry(parameters, [&](std::string_view key, std::string_view text) { decode_parameter(key, text, settings); });
  return settings;
}

}  // namespace holdfast::sync
