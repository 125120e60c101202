// SPDX-License-Identifier: Apache-2.0
#include "commands/app_wait.h"

#include <algorithm>

#include "base/text.h"
#include "commands/app_access.h"
#include "commands/app_list.h"

namespace holdfast::bootstrap {
namespace {

// What of the health is good enough.
bool is_well(std::string_view health, const AppWaitOptions& options) {
  if (health.empty() || health == "Healthy") return true;
  return (options.suspended && health == "Suspended") || (options.degraded && health == "Degraded");
}

std::string health_text(const Value& row) {
  const auto message = row.text({"health", "message"});
  return fmt::format("{} is {}{}{}", resource_name(row), row.text({"health", "status"}), message.empty() ? "" : ": ",
                     printable(message, 300));
}

Result<std::string> blocking_row(const Array& rows, const AppWaitOptions& options, bool sync, bool health) {
  for (const auto& row : rows) {
    const bool named = TRY(names_resource(options.resources, row));
    if (!named && !options.resources.empty()) continue;
    const auto status = row.text({"status"});
    if (sync && !status.empty() && status != "Synced") return fmt::format("{} is {}", resource_name(row), status);
    if (health && !is_well(row.text({"health", "status"}), options)) return health_text(row);
  }
  return std::string();
}

}  // namespace

Result<std::string> blocking(const sync::Application& application, const AppWaitOptions& options) {
  const bool any = options.sync || options.health || options.operation || options.suspended || options.degraded;
  const bool sync = options.sync || !any;
  const bool health = options.health || options.suspended || options.degraded || !any;
  const bool operation = options.operation || !any;
  const Value& status = application.status();
  const auto of = [&](std::string_view what) { return fmt::format("application {}: {}", argument_of(application), what); };
  if (operation && application.operation() != nullptr) {
    const auto message = status.text({"operationState", "message"});
    return of(message.empty() ? std::string("the operation to end") : printable(message, 300));
  }
  const auto row = TRY(blocking_row(rows_of(status, {"resources"}), options, sync, health));
  if (!row.empty()) return of(row);
  if (!options.resources.empty()) return std::string();
  const auto state = status.text({"sync", "status"});
  if (sync && state != "Synced") return of(fmt::format("it is {}", state.empty() ? "not compared yet" : state));
  const auto whole = status.text({"health", "status"});
  if (health && (whole.empty() || !is_well(whole, options))) return of(fmt::format("it is {}", whole.empty() ? "not assessed yet" : whole));
  return std::string();
}

Result<> run_app_wait(const AppWaitOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto applications = TRY(access.chosen(options.names, options.selector));
  const bool structured = options.format == AppFormat::json || options.format == AppFormat::yaml;
  std::optional<Step> step;  // not beside a document
  if (!structured) step.emplace(console, "Wait", "for what was named");
  std::vector<sync::Application> last;
  const auto question = [&]() -> Result<std::string> {
    last.clear();
    for (const auto& each : applications) {
      auto now = access.find(each.namespace_ + "/" + each.name);
      const bool gone = !now && now.error().code() == Code::object_missing;
      if (options.deleted && gone) continue;
      if (!now) return failure(std::move(now).error());
      std::string waits = fmt::format("application {} to be gone", each.name);
      if (!options.deleted) waits = TRY(blocking(*now, options));
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
