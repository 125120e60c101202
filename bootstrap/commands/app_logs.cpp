// SPDX-License-Identifier: Apache-2.0
// app logs: what the containers of an Application's pods say, through the API server.
#include "commands/app_logs.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/ascii.h"
#include "commands/app_access.h"
#include "commands/app_tree.h"

#include "base/text.h"
#include "http/url.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::size_t followed_max = 32;  // a thread for each

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
  if (options.tail > 0) path += fmt::format("&tailLines={}", options.tail);
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

struct Stream {
  std::string path, prefix;
};

Result<std::vector<Stream>> streams_of(kube::Client& client, const AppLogsOptions& options, const std::vector<Pod>& pods) {
  std::vector<Stream> streams;
  for (const auto& pod : pods) {
    const auto containers = TRY(containers_of(client, pod, options.container));
    for (const auto& container : containers) {
      const auto prefix = pods.size() * containers.size() == 1 ? std::string() : fmt::format("{} {} | ", pod.name, container);
      streams.push_back({log_path(options, pod, container), prefix});
    }
  }
  return streams;
}

// Where the lines of all streams go; they may come from several threads.
class Printer {
 public:
  Printer(Console& console, const LineFilter& filter) : console_(console), filter_(filter) {}

  // Is there more to come of the stream, or was the line later than what was asked for?
  bool print(const Stream& stream, std::string_view line) {
    const auto shown = shown_line(filter_, line);
    if (!shown.text.empty()) tell(stream, shown.text);
    return !shown.over;
  }

  void tell(const Stream& stream, std::string_view text) {
    const std::scoped_lock one_line_at_a_time(mutex_);
    console_.line(fmt::format("{}{}", stream.prefix, printable(text, std::size_t{64} << 10)));
  }

 private:
  Console& console_;
  const LineFilter& filter_;
  std::mutex mutex_;
};

Result<> read(kube::Client& client, Printer& printer, const Stream& stream) {
  const auto text = TRY(client.raw_text(stream.path));
  for (const auto line : split(text, '\n')) {
    if (!printer.print(stream, line)) break;
  }
  return {};
}

Result<> follow(kube::Client& client, Printer& printer, const Stream& stream) {
  constexpr auto quiet_most = std::chrono::hours(24);
  const auto incoming = TRY(client.open({.url = client.config().server + stream.path, .timeout = quiet_most}, {}));
  std::string rest;
  while (true) {
    const auto piece = TRY(incoming->next({}));
    if (piece.empty()) break;
    rest += piece;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      if (!printer.print(stream, std::string_view(rest).substr(0, end))) return {};
      rest.erase(0, end + 1);
    }
  }
  printer.print(stream, rest);
  return {};
}

// One after another, or at once where they have no end. A container that has not begun says so in its place, as long
// as others have something to say.
Result<> print_all(kube::Client& client, Printer& printer, const std::vector<Stream>& streams, bool follows) {
  std::vector<Result<>> outcomes(streams.size());
  const auto print_one = [&](std::size_t at) {
    outcomes[at] = follows ? follow(client, printer, streams[at]) : read(client, printer, streams[at]);
    if (!outcomes[at] && streams.size() > 1) printer.tell(streams[at], outcomes[at].error().message());
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t at = 0; at < streams.size(); ++at) {
      if (follows) {
        threads.emplace_back([&print_one, at] { print_one(at); });
      } else {
        print_one(at);
      }
    }
  }
  const bool none = std::ranges::none_of(outcomes, [](const Result<>& each) { return each.has_value(); });
  return none && !outcomes.empty() ? outcomes.front() : Result<>();
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
  const auto streams = TRY(streams_of(access.client(), options, pods));
  if (options.follow && streams.size() > followed_max) {
    return failure(Error(Code::usage, fmt::format("--follow reads at most {} containers, and {} fit", followed_max, streams.size()))
                       .fix("name some of them with --kind, --name or --container"));
  }
  Printer printer(console, filter);
  TRY(print_all(access.client(), printer, streams, options.follow), "reading the logs of application {}", argument_of(application));
  return {};
}

}  // namespace holdfast::bootstrap
