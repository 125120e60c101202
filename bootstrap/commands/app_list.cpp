// SPDX-License-Identifier: Apache-2.0
// app list, app get, app resources, app history: what stands in Applications, read only.
#include "commands/app_list.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "commands/app_access.h"
#include "commands/app_tree.h"
#include "sync/names.h"
#include "sync/project.h"

namespace holdfast::bootstrap {
namespace {

std::string text_at(const Value& value, std::initializer_list<std::string_view> path) { return std::string(value.text(path)); }

std::string cluster_of(const sync::Application& application) {
  const auto& destination = application.destination;
  return destination.server.empty() ? destination.name : destination.server;
}

// A cluster has a URL and names, and an Application says one of them.
bool is_on(const sync::Destination& destination, const sync::Clusters& clusters, const std::string& cluster) {
  if (cluster == destination.server || cluster == destination.name) return true;
  const sync::Destination named{"", cluster, ""};
  return clusters.refusal(destination).empty() && (cluster == sync::names::local_server || clusters.refusal(named).empty());
}

bool is_wanted(const AppListOptions& options, const sync::Clusters& clusters, const sync::Application& application) {
  const auto& projects = options.projects;
  if (!projects.empty() && std::ranges::find(projects, application.project) == projects.end()) return false;
  if (!options.on_cluster.empty() && !is_on(application.destination, clusters, options.on_cluster)) return false;
  if (options.repository.empty() && options.path.empty()) return true;
  return std::ranges::any_of(application.sources, [&](const sync::Source& source) {
    const bool repository = options.repository.empty() ||
                            sync::normalize_repository(options.repository) == sync::normalize_repository(source.repo_url);
    return repository && (options.path.empty() || options.path == source.path);
  });
}

std::string source_lines(const sync::Application& application) {
  std::vector<Cells> rows;
  for (const auto& source : application.sources) {
    rows.push_back({"- Repo:", source.repo_url});
    rows.push_back({"  Target:", source.target_revision});
    if (!source.chart.empty()) rows.push_back({"  Chart:", source.chart});
    if (!source.path.empty()) rows.push_back({"  Path:", source.path});
    if (!source.ref.empty()) rows.push_back({"  Ref:", source.ref});
  }
  return (application.multi_source ? "Sources:\n" : "Source:\n") + table(rows);
}

std::string sync_status_text(const sync::Application& application) {
  const Value& status = application.status();
  const auto word = status.text({"sync", "status"});
  const auto& target = application.sources.front().target_revision;
  const auto revision = status.text({"sync", "revision"});
  const std::string place = target.empty() || target == "HEAD" ? "HEAD" : target;
  std::string text(word);
  if (application.multi_source) return text;
  if (word == "Synced") text += " to ";
  if (word == "OutOfSync") text += " from ";
  if (word != "Synced" && word != "OutOfSync") return text;
  text += place;
  if (!revision.empty() && revision != place) text += fmt::format(" ({})", short_revision(revision));
  return text;
}

// Of several sources one must be named.
Result<sync::Source> chosen_source(const sync::Application& application, const SourceChoice& choice) {
  if (!application.multi_source) return application.sources.front();
  std::vector<std::string> names;
  for (const auto& each : application.sources) names.emplace_back(each.raw.text({"name"}));
  const auto index = TRY(required_index(names, choice));
  return application.sources[index];
}

}  // namespace

std::string format_app_list(const std::vector<sync::Application>& applications) {
  std::vector<Cells> rows{{"NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS", "REPO", "PATH", "TARGET"}};
  for (const auto& each : applications) {
    const Value& status = each.status();
    const auto& source = each.sources.front();
    rows.push_back({each.namespace_ + "/" + each.name, cluster_of(each), each.destination.namespace_, each.project,
                    text_at(status, {"sync", "status"}), text_at(status, {"health", "status"}), sync_policy_word(each),
                    conditions_word(status), source.repo_url, source.path.empty() ? source.chart : source.path,
                    source.target_revision});
  }
  return table(rows);
}

std::vector<Cells> window_lines(const sync::Application& application, const std::vector<sync::Window>& windows, WallTime now) {
  const auto subject = sync::window_subject(application);
  std::vector<Cells> lines{{"SyncWindow:", std::string(sync::window_word(windows, subject, now))}};
  std::vector<std::string_view> assigned;
  for (const auto* each : sync::windows_for(windows, subject)) assigned.push_back(each->text);
  if (!assigned.empty()) lines.push_back({"Assigned Windows:", fmt::format("{}", fmt::join(assigned, ","))});
  return lines;
}

std::string format_app(const sync::Application& application, const std::vector<Cells>& windows) {
  const Value& status = application.status();
  auto health = text_at(status, {"health", "status"});
  if (const auto message = status.text({"health", "message"}); !message.empty()) health += fmt::format(" ({})", printable(message));
  const std::string policy = application.automated ? (application.automated->prune ? "Automated (Prune)" : "Automated") : "Manual";
  std::string out = table({{"Name:", application.namespace_ + "/" + application.name},
                           {"Project:", application.project},
                           {"Server:", cluster_of(application)},
                           {"Namespace:", application.destination.namespace_}});
  out += "\n" + source_lines(application) + "\n";
  auto state = windows;
  state.insert(state.end(), {{"Sync Policy:", policy}, {"Sync Status:", sync_status_text(application)}, {"Health Status:", health}});
  out += table(state);
  std::vector<Cells> conditions{{"CONDITION", "MESSAGE", "LAST TRANSITION"}};
  if (const Value* all = status.find("conditions"); all != nullptr && all->as_array() != nullptr) {
    for (const auto& each : *all->as_array()) {
      conditions.push_back({text_at(each, {"type"}), printable(each.text({"message"}), 2000), text_at(each, {"lastTransitionTime"})});
    }
  }
  if (conditions.size() > 1) out += "\n\n" + table(conditions);
  return out;
}

std::string format_parameters(const sync::Source& source) {
  std::vector<Cells> rows{{"NAME", "VALUE"}};
  for (const auto& each : rows_of(source.raw, {"helm", "parameters"})) rows.push_back({text_at(each, {"name"}), printable(each.text({"value"}), 80)});
  return table(rows);
}

std::string format_history(const sync::Application& application) {
  std::vector<std::pair<std::string, std::vector<Cells>>> places;  // by repository, in the order of the first entries
  const auto add = [&](const Value& entry, const Value* from, const std::string& revision) {
    const std::string url = from == nullptr ? std::string() : text_at(*from, {"repoURL"});
    auto place = std::ranges::find(places, url, &std::pair<std::string, std::vector<Cells>>::first);
    if (place == places.end()) place = places.insert(places.end(), {url, {{"ID", "DATE", "REVISION"}}});
    const std::string target = from == nullptr ? std::string() : text_at(*from, {"targetRevision"});
    const std::string shown = target.empty() || target == revision ? short_revision(revision)
                                                                   : fmt::format("{} ({})", target, short_revision(revision));
    place->second.push_back({fmt::format("{}", sync::int_of(entry.find("id"), 0)), text_at(entry, {"deployedAt"}), shown});
  };
  for (const auto& entry : rows_of(application.status(), {"history"})) {
    const auto& sources = rows_of(entry, {"sources"});
    const auto revisions = sync::strings_of(entry.find("revisions"));
    for (std::size_t i = 0; i < sources.size(); ++i) add(entry, &sources[i], i < revisions.size() ? revisions[i] : std::string());
    if (sources.empty()) add(entry, entry.find("source"), text_at(entry, {"revision"}));
  }
  std::string out;
  for (const auto& [url, rows] : places) out += fmt::format("{}SOURCE  {}\n{}", out.empty() ? "" : "\n\n", url, table(rows));
  return out;
}

Result<> show_application(AppAccess& access, const sync::Application& application, AppFormat format, const ShownBetween& between,
                          Console& console) {
  if (format == AppFormat::json || format == AppFormat::yaml || console.is_json()) {
    print_document(console, format, without_managed_fields(application.object));
    return {};
  }
  if (format == AppFormat::name) {
    console.line(application.namespace_ + "/" + application.name);
    return {};
  }
  if (is_tree(format)) {
    const auto text = TRY(tree_text(access.client(), application, format));
    console.line(text);
    return {};
  }
  console.line(format_app(application, between.windows));
  if (between.operation) console.line("\n" + operation_lines(application.status()));
  if (!between.parameters.empty()) console.line("\n" + between.parameters);
  if (const auto resources = resource_table(application.status()); !resources.empty()) console.line("\n" + resources);
  return {};
}

Result<> run_app_list(const AppListOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  auto applications = TRY(access.all(options.selector));
  sync::Clusters clusters;
  if (!options.on_cluster.empty() && !applications.empty()) clusters = access.settings_at(applications.front().control_namespace).clusters;
  if (!clusters.secrets) clusters.secrets.emplace();
  std::erase_if(applications, [&](const auto& each) { return !is_wanted(options, clusters, each); });
  std::ranges::sort(applications, {}, &sync::Application::name);
  if (options.format == AppFormat::json || options.format == AppFormat::yaml || console.is_json()) {
    Array items;
    for (const auto& each : applications) items.push_back(without_managed_fields(each.object));
    print_document(console, options.format, std::move(items));
    return {};
  }
  if (options.format == AppFormat::name) {
    for (const auto& each : applications) console.line(each.namespace_ + "/" + each.name);
    return {};
  }
  console.line(format_app_list(applications));
  return {};
}

Result<> run_app_get(const AppGetOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  auto application = TRY(access.find(options.name));
  application = TRY(access.refresh(application, options.refresh, options.timeout));
  ShownBetween between{.operation = options.operation, .parameters = ""};
  // Who may not read the project is told nothing of its windows.
  if (const auto project = access.project_of(application)) between.windows = window_lines(application, project->windows, console.clock().wall());
  if (options.parameters) {
    const auto source = TRY(chosen_source(application, options.source));
    between.parameters = format_parameters(source);
  }
  return show_application(access, application, options.format, between, console);
}

Result<> run_app_resources(const AppResourcesOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  const Array& resources = rows_of(application.status(), {"resources"});
  if (options.format == AppFormat::json || options.format == AppFormat::yaml || console.is_json()) {
    print_document(console, options.format, Value(resources));
    return {};
  }
  if (is_tree(options.format)) {
    const auto text = TRY(tree_text(access.client(), application, options.format));
    console.line(text);
    return {};
  }
  std::vector<Cells> rows{{"GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH"}};
  for (const auto& row : resources) {
    if (options.format == AppFormat::name) {
      console.line(selector_of(key_of_row(row)));
    }
    rows.push_back({text_at(row, {"group"}), text_at(row, {"kind"}), text_at(row, {"namespace"}), text_at(row, {"name"}),
                    text_at(row, {"status"}), text_at(row, {"health", "status"})});
  }
  if (options.format != AppFormat::name) console.line(table(rows));
  return {};
}

Result<> run_app_history(const AppHistoryOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  const Value* found = application.status().find("history");
  const Value history = found == nullptr ? Value(Array{}) : *found;
  switch (options.format) {
    case HistoryFormat::json: print_document(console, AppFormat::json, history); return {};
    case HistoryFormat::yaml: print_document(console, AppFormat::yaml, history); return {};
    case HistoryFormat::id:
      for (const auto& entry : *history.as_array()) console.line(fmt::format("{}", sync::int_of(entry.find("id"), 0)));
      return {};
    case HistoryFormat::wide: break;
  }
  if (console.is_json()) {
    console.data(history);
  } else {
    console.line(format_history(application));
  }
  return {};
}

}  // namespace holdfast::bootstrap
