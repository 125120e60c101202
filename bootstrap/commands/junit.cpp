// SPDX-License-Identifier: Apache-2.0
#include "commands/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/text.h"

namespace holdfast::bootstrap {
namespace {

// For attributes and text. What XML 1.0 cannot hold at all is left out.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\n') {
      out += "&#10;";
    } else if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    }
  }
  return out;
}

// "Deployment shop/web is Degraded: …" of the first object that is not well, else "".
std::string first_object(const Value& application) {
  const auto* rows = application.find_path({"status", "resources"});
  if (rows == nullptr || !rows->is_array()) return {};
  for (const auto& row : *rows->as_array()) {
    const auto health = row.text({"health", "status"});
    const bool ill = !health.empty() && health != "Healthy";
    const auto state = ill ? health : row.text({"status"});
    if (!ill && (state.empty() || state == "Synced")) continue;
    const auto message = row.text({"health", "message"});
    return fmt::format("{} {}/{} is {}{}{}", row.text({"kind"}), row.text({"namespace"}), row.text({"name"}), state, message.empty() ? "" : ": ",
                       printable(message, 300));
  }
  return {};
}

std::vector<std::string> conditions(const Value& application) {
  std::vector<std::string> lines;
  const auto* all = application.find_path({"status", "conditions"});
  if (all == nullptr || !all->is_array()) return lines;
  for (const auto& each : *all->as_array()) {
    lines.push_back(fmt::format("{}: {}", each.text({"type"}), printable(each.text({"message"}), 2000)));
  }
  return lines;
}

double seconds_between(std::string_view from, std::string_view to) {
  const auto start = parse_rfc3339(from);
  const auto end = parse_rfc3339(to);
  if (!start || !end || *end < *start) return 0;
  return std::chrono::duration<double>(*end - *start).count();
}

}  // namespace

std::string junit(std::string_view suite, std::span<const TestCase> cases) {
  double seconds = 0;
  for (const auto& each : cases) seconds = std::max(seconds, each.seconds);
  const auto failures = std::ranges::count_if(cases, [](const TestCase& each) { return !each.failure.empty(); });
  const auto counts = fmt::format(R"(tests="{}" failures="{}" errors="0" time="{:.3f}")", cases.size(), failures, seconds);
  std::string out = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n  <testsuite name=\"{}\" {}>\n", counts, escaped(suite), counts);
  for (const auto& each : cases) {
    out += fmt::format(R"(    <testcase classname="{}" name="{}" time="{:.3f}")", escaped(each.group), escaped(each.name), each.seconds);
    out += each.failure.empty() ? "/>\n"
                                : fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", escaped(each.failure), escaped(each.details));
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

TestCase application_case(const Value& application) {
  const auto sync = application.text({"status", "sync", "status"});
  const auto health = application.text({"status", "health", "status"});
  TestCase out{.group = "application", .name = std::string(application.text({"metadata", "name"})), .seconds = 0, .failure = {}, .details = {}};
  out.seconds = seconds_between(application.text({"metadata", "creationTimestamp"}), application.text({"status", "health", "lastTransitionTime"}));
  if (sync == "Synced" && health == "Healthy") return out;
  out.failure = fmt::format("{}/{}", sync.empty() ? "not compared" : sync, health.empty() ? "not assessed" : health);
  auto why = conditions(application);
  if (const auto object = first_object(application); !object.empty()) why.push_back(object);
  if (const auto message = application.text({"status", "operationState", "message"}); !message.empty()) why.push_back(printable(message, 2000));
  if (!why.empty()) out.failure += ", " + why.front();
  out.details = fmt::format("{}", fmt::join(why, "\n"));
  return out;
}

}  // namespace holdfast::bootstrap
