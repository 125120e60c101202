// SPDX-License-Identifier: Apache-2.0
// app logs: what the containers of an Application's pods say, through the API server.
#include "commands/app_logs.h"

#include <algorithm>

#include "base/ascii.h"
#include "commands/app_access.h"
#include "commands/app_tree.h"

#include "base/text.h"
#include "http/url.h"

namespace holdfast::bootstrap {
namespace {

struct Pod {
  std::string namespace_, name;
};

bool is_wanted(const AppLogsOptions& options, const TreeNode& node) {
  const auto fits = [](const std::string& wanted, const std::string& word) { return wanted.empty() || wanted == word; };
  return fits(options.group, node.group) && fits(options.kind, node.kind) && fits(options.namespace_, node.namespace_) &&
         fits(options.resource, node.name);
}

// Pods of the nodes that are wanted, or of anything below them.
void collect(const AppLogsOptions& options, const TreeNode& node, bool wanted, std::vector<Pod>& pods) {
  const bool now = wanted || is_wanted(options, node);
  if (now && node.kind == "Pod" && node.group.empty()) pods.push_back({node.namespace_, node.name});
  for (const auto& child : node.children) collect(options, child, now, pods);
}

Result<std::vector<std::string>> containers_of(kube::Client& client, const Pod& pod, const std::string& only) {
  if (!only.empty()) return std::vector{only};
  const auto object = TRY(client.get({"", "v1", "Pod", pod.namespace_, pod.name}));
  std::vector<std::string> names;
  for (const std::string_view list : {"initContainers", "containers"}) {
    const Value* found = object.find_path({"spec", list});
    if (found == nullptr || found->as_array() == nullptr) continue;
    for (const auto& each : *found->as_array()) names.emplace_back(each.text({"name"}));
  }
  return names;
}

std::string log_path(const AppLogsOptions& options, const Pod& pod, const std::string& container) {
  auto path = fmt::format("/api/v1/namespaces/{}/pods/{}/log?container={}", http::percent_encoded(pod.namespace_),
                          http::percent_encoded(pod.name), http::percent_encoded(container));
  if (options.tail >= 0) path += fmt::format("&tailLines={}", options.tail);
  if (options.since_seconds > 0) path += fmt::format("&sinceSeconds={}", options.since_seconds);
  if (options.previous) path += "&previous=true";
  if (!options.until_time.empty()) path += "&timestamps=true";
  if (options.follow) path += "&follow=true";
  return path;
}

Result<LineFilter> filter_of(const AppLogsOptions& options) {
  LineFilter filter;
  filter.without = options.filter.starts_with('!');
  filter.match_case = options.match_case;
  filter.text = filter.without ? options.filter.substr(1) : options.filter;
  if (!filter.match_case) filter.text = ascii_lower(filter.text);
  if (!options.until_time.empty()) filter.until = TRY(parse_rfc3339(options.until_time), "--until-time");
  return filter;
}

// Lines go here until one is later than what was asked for.
class Printer {
 public:
  Printer(Console& console, const LineFilter& filter, std::string prefix) : console_(console), filter_(filter), prefix_(std::move(prefix)) {}

  // Is there more to come?
  bool print(std::string_view line) {
    const auto shown = shown_line(filter_, line);
    if (!shown.text.empty()) console_.line(fmt::format("{}{}", prefix_, printable(shown.text, std::size_t{64} << 10)));
    return !shown.over;
  }

 private:
  Console& console_;
  const LineFilter& filter_;
  const std::string prefix_;
};

Result<> follow(kube::Client& client, Printer& printer, const std::string& path) {
  constexpr auto quiet_most = std::chrono::hours(24);
  const auto incoming = TRY(client.open({.url = client.config().server + path, .timeout = quiet_most}, {}));
  std::string rest;
  while (true) {
    const auto piece = TRY(incoming->next({}));
    if (piece.empty()) break;
    rest += piece;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      if (!printer.print(std::string_view(rest).substr(0, end))) return {};
      rest.erase(0, end + 1);
    }
  }
  printer.print(rest);
  return {};
}

}  // namespace

LogLine shown_line(const LineFilter& filter, std::string_view line) {
  if (filter.until) {
    const auto blank = std::min(line.find(' '), line.size());
    const auto when = parse_rfc3339(line.substr(0, blank));
    if (when && *when > *filter.until) return {.text = {}, .over = true};
    if (when) line.remove_prefix(std::min(blank + 1, line.size()));
  }
  if (filter.text.empty()) return {.text = line, .over = false};
  const bool has = (filter.match_case ? std::string(line) : ascii_lower(line)).contains(filter.text);
  return {.text = has == filter.without ? std::string_view() : line, .over = false};
}

Result<> run_app_logs(const AppLogsOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  const auto filter = TRY(filter_of(options));
  std::vector<Pod> pods;
  const auto roots = TRY(read_tree(access.client(), application));
  for (const auto& root : roots) collect(options, root, false, pods);
  if (pods.empty()) {
    return failure(Error(Code::object_missing, "no pod of the application fits").at(fmt::format("application {}", argument_of(application)))
                       .fix(fmt::format("see what there is: holdfast app tree {}", argument_of(application))));
  }
  if (options.follow && pods.size() > 1) {
    return failure(Error(Code::usage, fmt::format("--follow reads one pod, and {} fit", pods.size())).fix("name one with --kind Pod --name NAME"));
  }
  for (const auto& pod : pods) {
    const auto containers = TRY(containers_of(access.client(), pod, options.container));
    for (const auto& container : containers) {
      const auto prefix = pods.size() * containers.size() == 1 ? std::string() : fmt::format("{} {} | ", pod.name, container);
      const auto path = log_path(options, pod, container);
      Printer printer(console, filter, prefix);
      if (options.follow) {
        TRY(follow(access.client(), printer, path));
        continue;
      }
      const auto text = TRY(access.client().raw_text(path), "reading the log of pod {}/{}", pod.namespace_, pod.name);
      for (const auto line : split(text, '\n')) {
        if (!printer.print(line)) break;
      }
    }
  }
  return {};
}

}  // namespace holdfast::bootstrap
