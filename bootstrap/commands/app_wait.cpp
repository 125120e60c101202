// SPDX-License-Identifier: Apache-2.0
#include "commands/app_wait.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "commands/app_access.h"
#include "commands/app_list.h"

namespace holdfast::bootstrap {
namespace {

bool waits_for_all(const AppWaitOptions& options) {
  return !options.sync && !options.health && !options.operation && !options.suspended && !options.degraded;
}

bool waits_for_sync(const AppWaitOptions& options) { return options.sync || waits_for_all(options); }
bool waits_for_healthy(const AppWaitOptions& options) { return options.health || waits_for_all(options); }

// Any of the healths that are waited for will do; where none is, every health.
bool is_well(std::string_view health, const AppWaitOptions& options) {
  if (!waits_for_healthy(options) && !options.suspended && !options.degraded) return true;
  return (waits_for_healthy(options) && health == "Healthy") || (options.suspended && health == "Suspended") ||
         (options.degraded && health == "Degraded");
}

std::string health_text(const Value& row) {
  const auto message = row.text({"health", "message"});
  return fmt::format("{} is {}{}{}", resource_name(row), row.text({"health", "status"}), message.empty() ? "" : ": ",
                     printable(message, 300));
}

bool is_unsynced(const Value& row) {
  const auto status = row.text({"status"});
  return !status.empty() && status != "Synced";
}

// Of one of the resources that are waited for. A kind without health has none to wait for.
std::string blocking_row(const Value& row, const AppWaitOptions& options) {
  if (waits_for_sync(options) && is_unsynced(row)) return fmt::format("{} is {}", resource_name(row), row.text({"status"}));
  const auto health = row.text({"health", "status"});
  return health.empty() || is_well(health, options) ? std::string() : health_text(row);
}

Result<std::string> blocking_resource(const Array& rows, const AppWaitOptions& options) {
  for (const auto& row : rows) {
    const bool named = TRY(names_resource(options.resources, row));
    auto text = named ? blocking_row(row, options) : std::string();
    if (!text.empty()) return text;
  }
  return std::string();
}

// What the whole is not, by the first object that is not either: a resource may differ, or be ill, and not count.
std::string blocking_whole(const Value& status, const AppWaitOptions& options) {
  const auto& rows = rows_of(status, {"resources"});
  const auto state = status.text({"sync", "status"}), health = status.text({"health", "status"});
  if (waits_for_sync(options) && state != "Synced") {
    const auto row = std::ranges::find_if(rows, is_unsynced);
    if (row != rows.end()) return fmt::format("{} is {}", resource_name(*row), row->text({"status"}));
    return fmt::format("it is {}", state.empty() ? "not compared yet" : state);
  }
  if (is_well(health, options)) return {};
  const auto row = std::ranges::find_if(rows, [&](const Value& each) { return !health.empty() && each.text({"health", "status"}) == health; });
  if (row != rows.end() && health != "Healthy") return health_text(*row);
  return fmt::format("it is {}", health.empty() ? "not assessed yet" : health);
}

// As argocd's: what got worse while it was waited for does not get better by waiting.
Result<> refuse_gone_bad(Healths& healths, const sync::Application& now, const AppWaitOptions& options) {
  const auto bad = TRY(healths.gone_bad(now, options));
  if (bad.empty()) return {};
  return failure(Error(Code::operation, bad).at(fmt::format("application {}", argument_of(now)))
                     .fix(fmt::format("see why: holdfast app explain {}", argument_of(now))));
}

}  // namespace

Result<std::string> blocking(const sync::Application& application, const AppWaitOptions& options) {
  const Value& status = application.status();
  const auto of = [&](std::string_view what) {
    return what.empty() ? std::string() : fmt::format("application {}: {}", argument_of(application), what);
  };
  const bool operation = options.operation || waits_for_all(options);
  if (operation && application.operation() != nullptr) {
    const auto message = status.text({"operationState", "message"});
    return of(message.empty() ? std::string("the operation to end") : printable(message, 300));
  }
  if (options.resources.empty()) return of(blocking_whole(status, options));
  const auto text = TRY(blocking_resource(rows_of(status, {"resources"}), options));
  return of(text);
}

Result<std::string> Healths::gone_bad(const sync::Application& application, const AppWaitOptions& options) {
  std::string bad;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    const bool named = TRY(names_resource(options.resources, row));
    if (!named || !waits_for_healthy(options)) continue;
    const std::string health(row.text({"health", "status"}));
    const auto [known, fresh] = seen_.try_emplace(application.instance + " " + sync::to_string(key_of_row(row)), health);
    const auto before = std::exchange(known->second, health);
    const bool was_bad = before == "Degraded" || before == "Unknown";
    if (!fresh && !was_bad && health == "Degraded" && bad.empty()) bad = health_text(row);
  }
  return bad;
}

Result<> run_app_wait(const AppWaitOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto applications = TRY(access.chosen(options.names, options.selector));
  const bool structured = options.format == AppFormat::json || options.format == AppFormat::yaml;
  std::optional<Step> step;  // not beside a document
  if (!structured) step.emplace(console, "Wait", "for what was named");
  std::vector<sync::Application> last;
  Healths healths;
  const auto question = [&]() -> Result<std::string> {
    last.clear();
    for (const auto& each : applications) {
      auto now = access.find(each.namespace_ + "/" + each.name);
      const bool gone = !now && now.error().code() == Code::object_missing;
      if (options.deleted && gone) continue;
      if (!now) return failure(std::move(now).error());
      std::string waits = fmt::format("application {} to be gone", each.name);
      if (!options.deleted) waits = TRY(blocking(*now, options));
      if (!options.deleted && !waits.empty()) TRY(refuse_gone_bad(healths, *now, options));
      last.push_back(*std::move(now));
      if (waits.empty()) continue;
      if (step) step->waiting(waits);
      return waits;
    }
    return std::string();
  };
  TRY(ask_until_done(console.clock(), options.timeout, question));
  if (step) step->done(options.deleted ? "gone" : "as asked");
  step.reset();
  if (console.is_json() && !structured) {
    console.data(Object{{"waited", true}});
    return {};
  }
  for (const auto& each : last) TRY(show_application(access, each, options.format, {.operation = options.operation, .parameters = ""}, console));
  return {};
}

}  // namespace holdfast::bootstrap
