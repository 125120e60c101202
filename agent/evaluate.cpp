// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate.h"

#include <algorithm>
#include <set>

#include "base/glob.h"
#include "base/text.h"
#include "sync/fields.h"
#include "sync/names.h"
#include "sync/wording.h"

namespace holdfast::agent {
namespace {

using sync::Key;

std::vector<sync::KindRef> kinds_of(const EvaluateInput& input) {
  std::set<sync::KindRef> kinds;
  std::set<std::pair<std::string, std::string>> named;
  const auto add = [&](const std::string& group, const std::string& version, const std::string& kind) {
    if (!kind.empty() && named.insert({group, kind}).second) kinds.insert({group, version, kind});
  };
  if (input.targets != nullptr) {
    for (const auto* list : {&input.targets->objects, &input.targets->hooks}) {
      for (const auto& target : *list) add(target.key.group, target.version, target.key.kind);
    }
  }
  const auto add_rows = [&](const Value* rows) {
    if (rows == nullptr || rows->as_array() == nullptr) return;
    for (const auto& row : *rows->as_array()) {
      add(std::string(row.text({"group"})), std::string(row.text({"version"})), std::string(row.text({"kind"})));
    }
  };
  const Value& status = input.application.status();
  add_rows(status.find("resources"));
  add_rows(status.find_path({"operationState", "syncResult", "resources"}));
  if (!input.application.namespace_metadata.is_null() || input.application.options.has("CreateNamespace=true")) {
    add("", "v1", "Namespace");
  }
  return {kinds.begin(), kinds.end()};
}

std::set<Key> keys_of(const EvaluateInput& input) {
  std::set<Key> keys;
  if (input.targets != nullptr) {
    for (const auto* list : {&input.targets->objects, &input.targets->hooks}) {
      for (const auto& target : *list) {
        if (!target.key.name.empty()) keys.insert(target.key);
      }
    }
  }
  if (!input.application.namespace_metadata.is_null()) {
    keys.insert({"", "Namespace", "", input.application.destination.namespace_});
  }
  return keys;
}

void warn_of_sharing(const EvaluateInput& input, Evaluation& evaluation) {
  const auto& tracking = input.configuration.settings.tracking;
  for (const auto& target : input.targets->objects) {
    const auto found = evaluation.live.find(target.key);
    if (found == evaluation.live.end()) continue;
    const auto owner = sync::owner_of(*found->second, tracking);
    if (owner.empty() || owner == input.application.instance) continue;
    if (!sync::names_itself(*found->second, nullptr, tracking)) continue;
    evaluation.conditions.push_back(
        {"SharedResourceWarning",
         fmt::format("{}/{} is part of applications {}/{} and {}", target.key.kind, target.key.name,
                     input.application.namespace_, input.application.name, replace_all(owner, "_", "/"))});
  }
}

bool is_default_orphan(const Key& key) {
  if (!key.group.empty()) return false;
  return (key.kind == "ServiceAccount" && key.name == "default") ||
         (key.kind == "ConfigMap" && key.name == "kube-root-ca.crt") ||
         (key.kind == "Service" && key.name == "kubernetes" && key.namespace_ == "default");
}

bool ignores_orphan(const sync::Project& project, const Key& key) {
  return std::ranges::any_of(project.orphans_ignored, [&](const sync::KindRule& rule) {
    return (rule.kind.empty() || glob_match(rule.kind, key.kind)) && glob_match(rule.group, key.group) &&
           (rule.name.empty() || glob_match(rule.name, key.name));
  });
}

// What may lie about in a namespace: all kinds that the project permits there.
std::vector<sync::KindRef> orphan_kinds(Context& context, const EvaluateInput& input) {
  std::set<sync::KindRef> kinds;
  const auto catalog = context.client.catalog();
  if (!catalog) return {};
  for (const auto& each : (*catalog)->kinds()) {
    const bool may = each.namespaced && each.preferred && each.has_verb("list") && each.has_verb("watch");
    if (!may || input.configuration.settings.excludes(each.group, each.kind)) continue;
    if (input.project.permits_kind({each.group, each.kind, "", ""}, sync::Scope::namespaced)) kinds.insert({each.group, each.version, each.kind});
  }
  return {kinds.begin(), kinds.end()};
}

// Of an Application that is gone, too: those are the ones that people look for.
void count_orphans(Context& context, const EvaluateInput& input, Evaluation& evaluation) {
  if (!input.project.orphans_reported) return;
  std::size_t count = 0;
  const auto others = context.cluster.others_in(input.application.destination.namespace_, input.application.instance, orphan_kinds(context, input));
  for (const auto& [key, owner] : others) {
    const bool theirs = !owner.empty() && context.store.has_application(owner);
    const bool ours = evaluation.live.contains(key);
    if (!theirs && !ours && !is_default_orphan(key) && !ignores_orphan(input.project, key)) ++count;
  }
  evaluation.orphans = count;
  if (count == 0 || !input.project.orphans_warned) return;
  evaluation.conditions.push_back(
      {"OrphanedResourceWarning", fmt::format("Application has {} orphaned resources", count)});
}

// Live objects that the project does not permit are neither shown nor touched; nor those of a kind that the settings exclude:
// its targets are left out, so that all of it would look as if Git had none.
void hide_forbidden(const EvaluateInput& input, sync::Live& live) {
  std::erase_if(live, [&](const auto& each) {
    const Key& key = each.first;
    if (input.configuration.settings.excludes(key.group, key.kind)) return true;
    if (!input.project.permits_kind(key, key.namespace_.empty() ? sync::Scope::cluster : sync::Scope::namespaced)) return true;
    return !key.namespace_.empty() && !input.project.permits_namespace(key.namespace_);
  });
}

Result<sync::Ignore> ignore_rules(const EvaluateInput& input) {
  auto rules = input.application.ignore;
  const auto& global = input.configuration.settings.ignore;
  rules.insert(rules.end(), global.begin(), global.end());
  return sync::Ignore::make(std::move(rules), input.configuration.settings.equal);
}

void mark_forbidden(const EvaluateInput& input, std::vector<sync::Delta>& deltas) {
  for (auto& delta : deltas) {
    if (delta.target != nullptr) delta.permitted = input.project.permits_kind(delta.key, delta.namespaced ? sync::Scope::namespaced : sync::Scope::cluster);
  }
}

// Only together with ServerSideDiff=true, as upstream.
sync::Compared compared_of(const sync::Application& application) {
  const auto says = [&](std::string_view word) { return sync::has_annotation_word(application.object, sync::names::compare_options, word); };
  return says("ServerSideDiff=true") && says("IncludeMutationWebhook=true") ? sync::Compared::whole : sync::Compared::owned;
}

bool wants_server_diff(const sync::Application& application) {
  return sync::has_annotation_word(application.object, sync::names::compare_options, "ServerSideDiff=true");
}

Result<> compare_targets(Context& context, const EvaluateInput& input, Evaluation& evaluation) {
  static const sync::Targets none;
  const sync::Targets& targets = input.targets == nullptr ? none : *input.targets;
  auto rules = ignore_rules(input);
  if (!rules) {
    return failure(std::move(rules).error().within(sync::wording::diff_normalizer));
  }
  const auto compared = compared_of(input.application);
  // What is remembered is of the fields that we own.
  if (compared == sync::Compared::whole) context.predictor.forget(input.application.instance);
  const auto asked = compared == sync::Compared::whole ? sync::Predictor::Ask::always : sync::Predictor::Ask::where_unknown;
  const auto predictions = context.predictor.predict(input.application.instance, targets, evaluation.live, asked);
  const sync::CompareOptions options{*rules, input.configuration.settings.tracking,
                                     wants_server_diff(input.application) ? sync::RefusalPolicy::fail
                                                                          : sync::RefusalPolicy::compare,
                                     compared};
  evaluation.deltas = TRY(sync::compare(targets, predictions, evaluation.live, options));
  context.predictor.remember(input.application.instance, targets, evaluation.deltas);
  return {};
}

// Without a comparison every object is shown, none is judged.
void show_unjudged(const EvaluateInput& input, Evaluation& evaluation) {
  evaluation.targets_known = sync::TargetsKnown::no;
  std::set<Key> targeted;
  const auto& tracking = input.configuration.settings.tracking;
  if (input.targets != nullptr) {
    for (const auto& target : input.targets->objects) {
      targeted.insert(target.key);
      const auto found = evaluation.live.find(target.key);
      sync::Delta delta;
      delta.key = target.key;
      delta.version = target.version;
      delta.target = target.object;
      delta.live = found == evaluation.live.end() ? nullptr : found->second;
      delta.wave = target.wave;
      delta.skip = target.hook.skip;
      delta.match = sync::Match::unknown;
      evaluation.deltas.push_back(std::move(delta));
    }
  }
  for (const auto& [key, object] : evaluation.live) {
    if (targeted.contains(key)) continue;
    sync::Delta delta;
    delta.key = key;
    delta.version = sync::split_api_version(object->text({"apiVersion"})).version;
    delta.live = object;
    delta.hook = sync::hook_of(*object).is_hook;
    delta.own = sync::names_itself(*object, nullptr, tracking);
    delta.match = sync::Match::extra;
    evaluation.deltas.push_back(std::move(delta));
  }
}

// What the status shows of kinds that nobody can see now stays there, and is not taken for gone: forgotten, it would be left
// behind when they are seen again. It is not removed either, because its kind is stale.
void keep_unseen(const EvaluateInput& input, Evaluation& evaluation) {
  const auto& unseen = evaluation.unseen;
  const Value* rows = input.application.status().find("resources");
  if (unseen.empty() || rows == nullptr || rows->as_array() == nullptr) return;
  for (const auto& row : *rows->as_array()) {
    const Key key{std::string(row.text({"group"})), std::string(row.text({"kind"})), std::string(row.text({"namespace"})), std::string(row.text({"name"}))};
    const bool shown = std::ranges::find(evaluation.deltas, key, &sync::Delta::key) != evaluation.deltas.end();
    if (!unseen.contains(sync::group_kind(key)) || shown) continue;
    sync::Delta delta;
    delta.key = key;
    delta.version = row.text({"version"});
    Value last;
    last["apiVersion"] = sync::join_api_version(key.group, delta.version);
    last["kind"] = key.kind;
    last["metadata"]["name"] = key.name;
    if (!key.namespace_.empty()) last["metadata"]["namespace"] = key.namespace_;
    delta.live = std::make_shared<const Value>(std::move(last));
    delta.hook = sync::flag_of(row.find("hook"));
    delta.namespaced = !key.namespace_.empty();
    delta.match = sync::Match::extra;
    evaluation.deltas.push_back(std::move(delta));
  }
}

}  // namespace

Result<Evaluation> evaluate(Context& context, const EvaluateInput& input) {
  Evaluation evaluation;
  auto view = TRY(context.cluster.live_of(input.application.instance, kinds_of(input), keys_of(input)));
  evaluation.ready = view.ready;
  if (!view.ready) return evaluation;
  evaluation.stale = std::move(view.stale);
  evaluation.unseen = std::move(view.unseen);
  evaluation.live = std::move(view.objects);
  if (input.targets != nullptr) {
    evaluation.conditions = input.targets->conditions;
    warn_of_sharing(input, evaluation);
  }
  count_orphans(context, input, evaluation);
  hide_forbidden(input, evaluation.live);
  // The namespace that only lends its metadata is no object of the Application.
  const Key own_namespace{"", "Namespace", "", input.application.destination.namespace_};
  const bool targeted = input.targets != nullptr &&
                        std::ranges::any_of(input.targets->objects, [&](const auto& each) { return each.key == own_namespace; });
  if (!targeted) evaluation.live.erase(own_namespace);
  if (input.targets == nullptr) {
    show_unjudged(input, evaluation);
    keep_unseen(input, evaluation);
    return evaluation;
  }
  if (auto compared = compare_targets(context, input, evaluation); !compared) {
    evaluation.conditions.push_back({"ComparisonError", fmt::format("{}: {}", sync::wording::compare_states,
                                                                    compared.error().message())});
    evaluation.deltas.clear();
    show_unjudged(input, evaluation);
  }
  keep_unseen(input, evaluation);
  mark_forbidden(input, evaluation.deltas);
  return evaluation;
}

sync::Served find_served(Context& context, const sync::Application& application, const Key& key,
                         const std::string& version) {
  sync::Served served;
  const auto api_version = sync::join_api_version(key.group, version);
  const auto info = context.client.kind_of(api_version, key.kind);
  if (info) {
    served.known = true;
    served.namespaced = info->namespaced;
    return served;
  }
  served.absent = info.error().code() == Code::kind_unknown;
  served.problem = fmt::format(sync::wording::discover, api_version);
  served.object_problem = fmt::format("The Kubernetes API could not find {}/{} for requested resource {}/{}. Make sure "
                                      "the \"{}\" CRD is installed on the destination cluster.",
                                      key.group, key.kind, application.destination.namespace_, key.name, key.kind);
  const auto catalog = context.client.catalog();
  if (!catalog) return served;
  for (const auto& each : (*catalog)->kinds()) {
    if (each.group != key.group || each.kind != key.kind) continue;
    served.object_problem = fmt::format(
        "The Kubernetes API could not find version \"{}\" of {}/{} for requested resource {}/{}. Version \"{}\" of "
        "{}/{} is installed on the destination cluster.",
        version, key.group, key.kind, application.destination.namespace_, key.name, each.version, key.group, key.kind);
  }
  return served;
}

}  // namespace holdfast::agent
