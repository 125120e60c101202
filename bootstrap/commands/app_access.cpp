// SPDX-License-Identifier: Apache-2.0
#include "commands/app_access.h"

#include <poll.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "local_agent.h"
#include "sync/names.h"
#include "sync/namespaces.h"
#include "sync/settings.h"
#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::string_view api_version = sync::names::api_version;
constexpr int ask_every_ms = 200;
constexpr Duration refresh_limit = std::chrono::minutes(1);
constexpr int conflicts_max = 10;  // as upstream's API server and SetAppOperation

kube::Identity identity_of(const sync::Application& application) {
  return {"argoproj.io", "v1alpha1", "Application", application.namespace_, application.name};
}

// What a person says of an Application, as a JSON patch of the object that was read and no other: a merge patch
// cannot say the null of a Helm value.
Value patch_between(const Value& before, const Value& after) {
  Array patch;
  const auto add = [&](std::string_view pointer, const Value* from, const Value* to) {
    if (to == nullptr && from != nullptr) patch.push_back(Object{{"op", "remove"}, {"path", pointer}});
    if (to != nullptr && (from == nullptr || *from != *to)) patch.push_back(Object{{"op", "add"}, {"path", pointer}, {"value", *to}});
  };
  add("/spec", before.find("spec"), after.find("spec"));
  for (const std::string_view name : {"labels", "annotations", "finalizers"}) {
    add(fmt::format("/metadata/{}", name), before.find_path({"metadata", name}), after.find_path({"metadata", name}));
  }
  if (patch.empty()) return Array{};
  const auto version = before.text({"metadata", "resourceVersion"});
  patch.insert(patch.begin(), Object{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", version}});
  return patch;
}

kube::Identity project_at(const std::string& place, const std::string& name) {
  return {"argoproj.io", "v1alpha1", "AppProject", place, name};
}

std::string_view engine_namespace_of(const Value& application) {
  const auto told = application.text({"status", "controllerNamespace"});
  return told.empty() ? engine_namespace : told;
}

// A project that permits all that there is.
sync::Project everything() {
  sync::Project project;
  project.source_repos = {"*"};
  project.source_namespaces = {"*"};
  project.destinations.push_back({"*", "", "*"});
  return project;
}

std::string repeated_name(const std::vector<sync::Source>& sources) {
  std::set<std::string_view> names;
  for (const auto& source : sources) {
    const auto name = source.raw.text({"name"});
    if (!name.empty() && !names.insert(name).second) return std::string(name);
  }
  return {};
}

}  // namespace

Result<AppAccess> AppAccess::connect(const AppCluster& cluster, Console& console) {
  auto config = TRY(kube::load_kubeconfig(cluster.kubeconfig, cluster.context));
  auto client = TRY(kube::Client::connect(std::move(config), console.clock(), kube::Absence::refused_at_once));
  std::string beside = TRY(find_agent_here(client, std::string(engine_namespace)));
  // -N may also be said of an engine that is somewhere else.
  if (beside.empty() && !cluster.namespace_.empty()) beside = TRY(find_agent_here(client, cluster.namespace_));
  if (!beside.empty()) {
    console.mark_simulated();
    console.note_beside("simulated: pods of this cluster become ready and run nothing");
  }
  return AppAccess(std::move(client), cluster.namespace_);
}

Result<sync::Application> AppAccess::find(const std::string& name) {
  const auto slash = name.find('/');
  const std::string usual = asked_.empty() ? std::string(engine_namespace) : asked_;
  const std::string place = slash == std::string::npos ? usual : name.substr(0, slash);
  const std::string own = slash == std::string::npos ? name : name.substr(slash + 1);
  auto object = client_.get({"argoproj.io", "v1alpha1", "Application", place, own});
  if (object) return sync::decode_application(*std::move(object));
  if (object.error().code() != Code::object_missing) return failure(std::move(object).error());
  Error error(Code::object_missing, fmt::format("there is no application \"{}\" in namespace \"{}\"", printable(own), place));
  const auto others = all("");
  std::vector<std::string> arguments;
  if (others) {
    for (const auto& each : *others) arguments.push_back(argument_of(each));
  }
  const std::vector<std::string_view> known(arguments.begin(), arguments.end());
  if (const auto close = nearest(name, known)) return failure(std::move(error).fix(fmt::format("did you mean {} ?", *close)));
  return failure(std::move(error).fix("see what there is: holdfast app list"));
}

Result<std::vector<sync::Application>> AppAccess::all(const std::string& selector) {
  const auto kind = TRY(client_.kind_of(api_version, "Application"));
  const auto elsewhere = watched_elsewhere();
  kube::ListOptions options;
  options.label_selector = selector;
  if (elsewhere.empty()) options.namespace_ = asked_.empty() ? engine_namespace : std::string_view(asked_);
  auto found = client_.list(kind, options);
  if (!found && found.error().code() == Code::forbidden && !elsewhere.empty()) {
    options.namespace_ = engine_namespace;
    found = client_.list(kind, options);
  }
  auto list = TRY(std::move(found));
  std::erase_if(list.items, [&](const Value& item) {
    const auto place = item.text({"metadata", "namespace"});
    return !elsewhere.empty() && place != engine_namespace && !sync::lists_namespace(elsewhere, place);
  });
  std::vector<sync::Application> applications;
  for (auto& item : list.items) {
    auto application = sync::decode_application(std::move(item));
    if (application) applications.push_back(*std::move(application));
  }
  return applications;
}

std::vector<std::string> AppAccess::watched_elsewhere() {
  if (!asked_.empty()) return {};
  const auto parameters = client_.get({"", "v1", "ConfigMap", std::string(engine_namespace), "argocd-cmd-params-cm"});
  return parameters ? sync::decode_settings(nullptr, &*parameters).application_namespaces : std::vector<std::string>();
}

Result<std::vector<sync::Application>> AppAccess::chosen(const std::vector<std::string>& names, const std::string& selector) {
  if (names.empty() && selector.empty()) {
    return failure(Error(Code::usage, "no application is named").fix("name one, or pick some with --selector"));
  }
  if (!selector.empty()) return all(selector);
  std::vector<sync::Application> applications;
  for (const auto& name : names) {
    auto application = TRY(find(name));
    applications.push_back(std::move(application));
  }
  return applications;
}

Result<AppAccess::Changed> AppAccess::write_latest(sync::Application application,
                                                   const std::function<Result<Changed>(const sync::Application&)>& write) {
  for (int attempt = 1;; ++attempt) {
    auto changed = write(application);
    if (changed || changed.error().code() != Code::resource_version || attempt == conflicts_max) return changed;
    const auto uid = application.uid;
    application = TRY(find(fmt::format("{}/{}", application.namespace_, application.name)));
    if (application.uid != uid) return changed;
  }
}

Result<sync::Application> AppAccess::write(const sync::Application& application, const Change& patch) {
  const auto write_one = [&](const sync::Application& now) -> Result<Changed> {
    auto body = TRY(patch(now));
    body["metadata"]["resourceVersion"] = now.object.text({"metadata", "resourceVersion"});
    auto object = TRY(client_.patch(identity_of(now), kube::PatchType::merge, body));
    auto decoded = TRY(sync::decode_application(std::move(object)));
    return Changed{std::move(decoded), true};
  };
  auto changed = TRY(write_latest(application, write_one));
  return std::move(changed.application);
}

Result<AppAccess::Changed> AppAccess::edit(const std::string& name, const Change& change) {
  const auto write_one = [&](const sync::Application& now) -> Result<Changed> {
    const auto wanted = TRY(change(now));
    const auto patch = patch_between(now.object, wanted);
    if (patch.as_array()->empty()) return Changed{now, false};
    auto object = TRY(client_.patch(identity_of(now), kube::PatchType::json, patch, {.field_manager = "holdfast"}));
    auto decoded = TRY(sync::decode_application(std::move(object)));
    return Changed{std::move(decoded), true};
  };
  auto application = TRY(find(name));
  return write_latest(std::move(application), write_one);
}

Result<> AppAccess::admit(const Value& application, Console& console) {
  auto decoded = TRY(sync::decode_application(application, engine_namespace_of(application)));
  auto project = client_.get(project_at(decoded.control_namespace, decoded.project));
  if (!project && project.error().code() == Code::object_missing && decoded.namespace_ != decoded.control_namespace) {
    decoded = TRY(sync::decode_application(application, decoded.namespace_));  // an engine beside its Applications
    project = client_.get(project_at(decoded.control_namespace, decoded.project));
  }
  const auto settings = settings_at(decoded.control_namespace);
  std::optional<sync::Project> permits;
  if (project) {
    permits = with_globals(*project, decoded.control_namespace, settings);
  } else if (project.error().code() == Code::forbidden) {
    console.note_beside(fmt::format("not checked against project {}: you may not read it", decoded.project));
    permits = everything();
  } else if (project.error().code() != Code::object_missing) {
    return failure(std::move(project).error());
  }
  const auto conditions = sync::admit(decoded, permits ? &*permits : nullptr, settings.clusters);
  const auto twice = repeated_name(decoded.sources);
  if (conditions.empty() && twice.empty()) return {};
  Error error(Code::application_spec, fmt::format("the engine would not accept application {}", argument_of(decoded)));
  for (const auto& each : conditions) error = std::move(error).because(each.message);
  if (!twice.empty()) error = std::move(error).because(fmt::format("two sources are named \"{}\"", printable(twice)));
  return failure(std::move(error));
}

sync::Project AppAccess::with_globals(const Value& object, const std::string& place, const sync::Settings& settings) {
  auto project = sync::decode_project(object);
  const Value* labels = object.find_path({"metadata", "labels"});
  for (const auto& global : settings.global_projects) {
    if (global.name == project.name || !global.selects(labels)) continue;
    const auto more = client_.get(project_at(place, global.name));
    if (more) sync::merge_global(project, sync::decode_project(*more));
  }
  place_on(project, settings.clusters);
  return project;
}

sync::Settings AppAccess::settings_at(const std::string& place) {
  auto settings = read_settings(client_, place);
  kube::ListOptions options;
  options.namespace_ = place;
  options.label_selector = sync::cluster_secrets;
  const auto kind = client_.kind_of("v1", "Secret");
  const auto secrets = kind ? client_.list(*kind, options) : Result<kube::List>(std::unexpect, kind.error());
  settings.clusters.secrets.reset();
  if (!secrets) return settings;
  auto& clusters = settings.clusters.secrets.emplace();
  for (const auto& each : secrets->items) clusters.push_back(sync::decode_cluster_secret(each));
  return settings;
}

Result<sync::Project> AppAccess::project_of(const sync::Application& application) {
  const auto& place = application.control_namespace;
  const auto project = TRY(client_.get(project_at(place, application.project)));
  return with_globals(project, place, settings_at(place));
}

Result<> AppAccess::remove(const sync::Application& application) {
  const kube::DeleteOptions options{.propagation = kube::Propagation::by_kind, .uid = application.uid, .resource_version = {},
                                    .grace_seconds = -1, .dry_run = kube::DryRun::no};
  return client_.remove(identity_of(application), options);
}

Result<sync::Application> AppAccess::refresh(const sync::Application& application, AppRefresh how, Duration limit) {
  if (how == AppRefresh::none) return sync::decode_application(application.object);
  Value patch;
  patch["metadata"]["annotations"][sync::names::refresh] = how == AppRefresh::hard ? "hard" : "normal";
  TRY(client_.patch(identity_of(application), kube::PatchType::merge, patch));
  Value last;
  const auto question = [&]() -> Result<std::string> {
    last = TRY(client_.get(identity_of(application)));
    const bool waits = !sync::annotation(last, sync::names::refresh).empty();
    return waits ? fmt::format("the comparison of application {}", argument_of(application)) : std::string();
  };
  TRY(ask_until_done(client_.clock(), limit == Duration{0} ? refresh_limit : limit, question));
  return sync::decode_application(std::move(last));
}

Result<> ask_until_done(const Clock& clock, Duration limit, const std::function<Result<std::string>()>& question) {
  const auto started = clock.steady();
  while (true) {
    auto answer = question();
    const bool soon = !answer && row_of(answer.error().code()).retry == Retry::soon;
    if (!answer && !soon) return failure(std::move(answer).error());
    const std::string waits = answer ? *answer : answer.error().message();
    if (waits.empty()) return {};
    if (limit > Duration{0} && clock.steady() - started > limit) {
      return failure(Error(Code::timed_out, fmt::format("not done within {}", format_duration(limit)))
                         .at(fmt::format("waiting for {}", waits)));
    }
    ::poll(nullptr, 0, ask_every_ms);
  }
}

Result<> edit_and_tell(AppAccess& access, const std::string& name, const AppAccess::Change& change, AskProject ask, Console& console) {
  const auto looked_at = [&](const sync::Application& now) -> Result<Value> {
    auto wanted = TRY(change(now));
    if (ask == AskProject::yes) TRY(access.admit(wanted, console));
    return wanted;
  };
  const auto changed = TRY(access.edit(name, looked_at));
  const auto told = argument_of(changed.application);
  console.line(fmt::format("application {} {}", told, changed.written ? "is changed" : "is so already"));
  console.data(Object{{"application", told}, {"changed", changed.written}});
  return {};
}

sync::Settings read_settings(kube::Client& client, const std::string& control_namespace) {
  const auto config = client.get({"", "v1", "ConfigMap", control_namespace, "argocd-cm"});
  return sync::decode_settings(config ? &*config : nullptr);
}

Result<> confirm(Console& console, const std::string& question, const Confirmation& how) {
  const auto answer = console.ask(question);
  const bool nobody = answer == Console::Answer::nobody;
  if (answer == Console::Answer::yes || (nobody && how.unattended == Unattended::goes_on)) return {};
  if (nobody) {
    return failure(Error(Code::confirmation, "nobody is here to confirm it").fix(fmt::format("run it in a terminal, or say {}", how.otherwise)));
  }
  return failure(Error(Code::confirmation, "it was not confirmed").fix(fmt::format("answer y, or say {}", how.otherwise)));
}

std::string argument_of(const sync::Application& application) { return argument_of(application.namespace_, application.name); }

std::string argument_of(std::string_view namespace_, std::string_view name) {
  return namespace_ == engine_namespace ? std::string(name) : fmt::format("{}/{}", namespace_, name);
}

std::string table(const std::vector<Cells>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}", row[i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string sync_policy_word(const sync::Application& application) {
  if (!application.automated) return "Manual";
  return application.automated->prune ? "Auto-Prune" : "Auto";
}

std::string conditions_word(const Value& status) {
  std::map<std::string, int> counts;
  std::vector<std::string> order;
  for (const auto& each : rows_of(status, {"conditions"})) {
    const std::string type(each.text({"type"}));
    if (++counts[type] == 1) order.push_back(type);
  }
  std::string text;
  for (const auto& type : order) {
    text += (text.empty() ? "" : ",") + type;
    if (counts[type] > 1) text += fmt::format("({})", counts[type]);
  }
  return text.empty() ? "<none>" : text;
}

std::string short_revision(std::string_view revision) {
  const bool commit = revision.size() == 40 && revision.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return std::string(commit ? revision.substr(0, 7) : revision);
}

const Array& rows_of(const Value& value, std::initializer_list<std::string_view> path) {
  static const Array none;
  const Value* found = value.find_path(path);
  return found == nullptr || found->as_array() == nullptr ? none : *found->as_array();
}

sync::Key key_of_row(const Value& row) {
  return {std::string(row.text({"group"})), std::string(row.text({"kind"})), std::string(row.text({"namespace"})), std::string(row.text({"name"}))};
}

kube::Identity identity_of_row(const Value& row) {
  auto [group, kind, place, name] = key_of_row(row);
  return {std::move(group), std::string(row.text({"version"})), std::move(kind), std::move(place), std::move(name)};
}

std::string resource_table(const Value& status) {
  std::map<sync::Key, const Value*> results;
  const auto& all = rows_of(status, {"operationState", "syncResult", "resources"});
  for (const auto& each : all) results[key_of_row(each)] = &each;
  std::vector<Cells> rows{{"GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"}};
  const auto text = [](std::string_view word) { return std::string(word); };
  for (const auto& each : rows_of(status, {"resources"})) {
    const auto found = results.find(key_of_row(each));
    std::string message, hook;
    if (found != results.end()) {
      message = printable(found->second->text({"message"}), 400);
      hook = found->second->text({"hookType"});
      results.erase(found);
    }
    rows.push_back({text(each.text({"group"})), text(each.text({"kind"})), text(each.text({"namespace"})),
                    text(each.text({"name"})), text(each.text({"status"})), text(each.text({"health", "status"})), hook, message});
  }
  for (const auto& each : all) {  // hooks and what was pruned
    if (!results.contains(key_of_row(each))) continue;
    const auto word = each.text({"hookType"}).empty() ? each.text({"status"}) : each.text({"hookPhase"});
    rows.push_back({text(each.text({"group"})), text(each.text({"kind"})), text(each.text({"namespace"})),
                    text(each.text({"name"})), text(word), "", text(each.text({"hookType"})),
                    printable(each.text({"message"}), 400)});
  }
  return rows.size() == 1 ? std::string() : table(rows);
}

std::string operation_lines(const Value& status) {
  const Value* state = status.find("operationState");
  if (state == nullptr) return {};
  std::vector<Cells> rows{{"Operation:", "Sync"},
                          {"Sync Revision:", std::string(state->text({"syncResult", "revision"}))},
                          {"Phase:", std::string(state->text({"phase"}))},
                          {"Start:", std::string(state->text({"startedAt"}))}};
  if (const auto end = state->text({"finishedAt"}); !end.empty()) rows.push_back({"Finished:", std::string(end)});
  if (const auto message = state->text({"message"}); !message.empty()) rows.push_back({"Message:", printable(message, 2000)});
  return table(rows);
}

std::string resource_name(const Value& row) {
  const auto place = row.text({"namespace"});
  return fmt::format("{} {}{}{}", row.text({"kind"}), place, place.empty() ? "" : "/", row.text({"name"}));
}

Result<bool> names_resource(std::string_view pattern, const Value& row) {
  const bool inverted = pattern.starts_with('!');
  const auto parts = split(inverted ? pattern.substr(1) : pattern, ':');
  if (parts.size() != 3) {
    return failure(Error(Code::usage, fmt::format("\"{}\" names no resource", printable(pattern)))
                       .fix("write GROUP:KIND:NAME, as apps:Deployment:web or :Service:web"));
  }
  std::string_view name = parts[2], place;
  if (const auto slash = name.find('/'); slash != std::string_view::npos) {
    place = name.substr(0, slash);
    name.remove_prefix(slash + 1);
  }
  const auto fits = [](std::string_view wanted, std::string_view word) { return wanted == "*" || wanted == word; };
  const bool named = fits(parts[0], row.text({"group"})) && fits(parts[1], row.text({"kind"})) &&
                     fits(name, row.text({"name"})) && (place.empty() || fits(place, row.text({"namespace"})));
  return named != inverted;
}

Result<bool> names_resource(const std::vector<std::string>& patterns, const Value& row) {
  bool says_what = false, named = false, excluded = false;
  for (const auto& pattern : patterns) {
    const bool fits = TRY(names_resource(pattern, row));
    const bool excludes = pattern.starts_with('!');
    says_what = says_what || !excludes;
    named = named || (!excludes && fits);
    excluded = excluded || (excludes && !fits);
  }
  return !excluded && (named || !says_what);
}

std::string selector_of(const sync::Key& key) {
  return fmt::format("{}:{}:{}{}{}", key.group, key.kind, key.namespace_, key.namespace_.empty() ? "" : "/", key.name);
}

Value without_managed_fields(Value object) {
  if (Value* metadata = object.find("metadata"); metadata != nullptr && metadata->as_object() != nullptr) {
    metadata->as_object()->erase("managedFields");
  }
  return object;
}

void print_document(Console& console, AppFormat format, const Value& value) {
  if (console.is_json()) {
    console.data(value);
  } else if (format == AppFormat::json) {
    console.line(json::write_indented(value));
  } else {
    auto text = yaml::write(value);
    if (text.ends_with('\n')) text.pop_back();
    console.line(text);
  }
}

}  // namespace holdfast::bootstrap
