// SPDX-License-Identifier: Apache-2.0
#include "sync/application.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "sync/key.h"
#include "sync/names.h"
#include "sync/namespaces.h"

namespace holdfast::sync {
namespace {

const Value null_value;

// A century is longer than anything that is waited for; above it nanoseconds overflow.
constexpr double longest_wait_seconds = 3.2e9;

Automated decode_automated(const Value& value) {
  return {.prune = flag_of(value.find("prune")),
          .self_heal = flag_of(value.find("selfHeal")),
          .allow_empty = flag_of(value.find("allowEmpty"))};
}

void decode_policy(const Value& policy, Application& application) {
  const Value* automated = policy.find("automated");
  if (automated != nullptr && automated->is_object() && flag_of(automated->find("enabled"), Absent::yes)) {
    application.automated = decode_automated(*automated);
  }
  application.options = Options(strings_of(policy.find("syncOptions")));
  if (const Value* retry = policy.find("retry"); retry != nullptr && retry->is_object()) {
    application.retry = decode_retry(*retry);
    application.retry_raw = *retry;
  }
  if (const Value* metadata = policy.find("managedNamespaceMetadata")) {
    application.namespace_metadata = *metadata;
  }
}

// "12.5s" at `text`: the number, then the unit. Advances past both.
std::optional<double> take_unit(std::string_view& text) {
  const std::string number(text.substr(0, text.find_first_not_of("0123456789.")));
  if (number.empty()) return std::nullopt;
  text.remove_prefix(number.size());
  static constexpr std::pair<std::string_view, double> units[] = {
      {"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  for (const auto& [unit, seconds] : units) {
    const auto next = text.substr(0, text.find_first_of("0123456789."));
    if (next != unit) continue;
    text.remove_prefix(unit.size());
    return std::strtod(number.c_str(), nullptr) * seconds;
  }
  return std::nullopt;
}

// A number alone counts seconds.
Duration backoff_duration(std::string_view text, Duration absent) {
  std::uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool plain = code == std::errc{} && end == text.data() + text.size();
  return plain ? std::chrono::seconds(seconds) : parse_go_duration(text).value_or(absent);
}

// The engine's namespace, as far as the Application tells.
std::string told_control_namespace(const Value& object) {
  const auto told = object.text({"status", "controllerNamespace"});
  return std::string(told.empty() ? object.text({"metadata", "namespace"}) : told);
}

}  // namespace

std::string_view text_of(const Value* value) {
  const auto* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string_view{} : std::string_view(*text);
}

bool flag_of(const Value* value, Absent absent) {
  const auto* flag = value == nullptr ? nullptr : value->as_bool();
  return flag == nullptr ? absent == Absent::yes : *flag;
}

std::int64_t int_of(const Value* value, std::int64_t absent) {
  const auto* number = value == nullptr ? nullptr : value->as_int();
  return number == nullptr ? absent : *number;
}

std::vector<std::string> strings_of(const Value* value) {
  std::vector<std::string> texts;
  const auto* array = value == nullptr ? nullptr : value->as_array();
  if (array == nullptr) return texts;
  for (const auto& each : *array) {
    if (const auto* text = each.as_string()) texts.push_back(*text);
  }
  return texts;
}

std::optional<Duration> parse_go_duration(std::string_view text) {
  text = trim(text);
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const auto part = take_unit(text);
    if (!part) return std::nullopt;
    seconds += *part;
  }
  seconds = std::min(seconds, longest_wait_seconds);
  return Duration(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

Duration RetryPolicy::delay(std::int64_t count) const {
  double seconds = std::chrono::duration<double>(duration).count();
  const double cap = most > Duration{0} ? std::chrono::duration<double>(most).count() : longest_wait_seconds;
  for (std::int64_t i = 0; i < count && seconds < cap; ++i) seconds *= static_cast<double>(factor);
  return Duration(static_cast<std::int64_t>(std::min(seconds, cap) * 1e9));
}

RetryPolicy decode_retry(const Value& value) {
  RetryPolicy policy;
  policy.limit = int_of(value.find("limit"), 0);
  policy.refresh = flag_of(value.find("refresh"));
  if (const Value* backoff = value.find("backoff")) {
    policy.duration = backoff_duration(backoff->text({"duration"}), policy.duration);
    policy.most = backoff_duration(backoff->text({"maxDuration"}), policy.most);
    policy.factor = std::max<std::int64_t>(1, int_of(backoff->find("factor"), policy.factor));
  }
  return policy;
}

Source decode_source(const Value& value) {
  return {.repo_url = std::string(value.text({"repoURL"})),
          .path = std::string(value.text({"path"})),
          .target_revision = std::string(value.text({"targetRevision"})),
          .chart = std::string(value.text({"chart"})),
          .ref = std::string(value.text({"ref"})),
          .tag_prefix = std::string(value.text({"tagPrefix"})),
          .raw = value};
}

std::vector<IgnoreRule> decode_ignore_rules(const Value* rules) {
  std::vector<IgnoreRule> decoded;
  const auto* array = rules == nullptr ? nullptr : rules->as_array();
  if (array == nullptr) return decoded;
  for (const auto& rule : *array) {
    decoded.push_back({.group = std::string(rule.text({"group"})),
                       .kind = std::string(rule.text({"kind"})),
                       .name = std::string(rule.text({"name"})),
                       .namespace_ = std::string(rule.text({"namespace"})),
                       .pointers = strings_of(rule.find("jsonPointers")),
                       .jq = strings_of(rule.find("jqPathExpressions")),
                       .managers = strings_of(rule.find("managedFieldsManagers"))});
  }
  return decoded;
}

const Value& Application::status() const {
  const Value* found = object.find("status");
  return found == nullptr ? null_value : *found;
}

const Value& Application::spec() const {
  const Value* found = object.find("spec");
  return found == nullptr ? null_value : *found;
}

std::string_view Application::annotation(std::string_view annotation_name) const {
  return sync::annotation(object, annotation_name);
}

bool Application::has_finalizer(std::string_view finalizer) const {
  return std::ranges::find(finalizers, finalizer) != finalizers.end();
}

bool Application::approved(WallTime since) const {
  const auto when = parse_rfc3339(annotation(names::deletion_approved));
  return when && *when >= since;
}

Result<Application> decode_application(Value object, std::string_view control_namespace) {
  Application application;
  application.name = object.text({"metadata", "name"});
  application.namespace_ = object.text({"metadata", "namespace"});
  application.control_namespace = control_namespace.empty() ? told_control_namespace(object) : std::string(control_namespace);
  application.instance = instance_name({application.namespace_, application.name}, application.control_namespace);
  application.uid = object.text({"metadata", "uid"});
  application.finalizers = strings_of(object.find_path({"metadata", "finalizers"}));
  if (const auto deleted = object.text({"metadata", "deletionTimestamp"}); !deleted.empty()) {
    application.deleted = TRY(parse_rfc3339(deleted));
  }
  const Value* spec = object.find("spec");
  if (spec == nullptr || !spec->is_object()) {
    return failure(Code::application_spec, "application \"{}\" has no spec", application.name);
  }
  application.project = spec->text({"project"});
  if (application.project.empty()) application.project = "default";
  application.destination = {std::string(spec->text({"destination", "server"})),
                             std::string(spec->text({"destination", "name"})),
                             std::string(spec->text({"destination", "namespace"}))};
  const Value* sources = spec->find("sources");
  if (sources != nullptr && sources->as_array() != nullptr && !sources->as_array()->empty()) {
    application.multi_source = true;
    for (const auto& each : *sources->as_array()) application.sources.push_back(decode_source(each));
  } else if (const Value* source = spec->find("source")) {
    application.sources.push_back(decode_source(*source));
  }
  if (const Value* policy = spec->find("syncPolicy")) decode_policy(*policy, application);
  if (const Value* rules = spec->find("ignoreDifferences")) application.ignore_raw = *rules;
  application.ignore = decode_ignore_rules(&application.ignore_raw);
  const auto limit = int_of(spec->find("revisionHistoryLimit"), 10);
  application.history_limit = static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 0, 1000));
  application.object = std::move(object);
  return application;
}

}  // namespace holdfast::sync
