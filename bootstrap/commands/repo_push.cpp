// SPDX-License-Identifier: Apache-2.0
#include "commands/repo_push.h"

#include "base/text.h"
#include "git/push.h"
#include "git/working.h"
#include "kube/reviews.h"
#include "local_agent.h"

#include <memory>
#include <stop_token>

namespace holdfast::bootstrap {
namespace {

// The names that the engine's chart gives to the account and the Service, and the agent's header
// and audience.
constexpr const char* push_account = "holdfast-push";
constexpr const char* push_audience = "holdfast-git";
constexpr const char* token_header = "X-Holdfast-Token";
constexpr const char* agent_service = "holdfast-agent";
constexpr const char* agent_port = "http";
constexpr Duration token_life = std::chrono::minutes(10);  // the least that the API server gives

std::string short_id(const git::CommitId& commit) {
  return commit.hex().substr(0, 7);
}

std::string describe(const std::string& branch, const git::PushedCommits& pushed) {
  if (pushed.before == pushed.after) {
    return fmt::format("{} is at {} already", branch, short_id(pushed.after));
  }
  return fmt::format("{} is at {}, {} commit{} published", branch, short_id(pushed.after),
                     pushed.commits, pushed.commits == 1 ? "" : "s");
}

// The agent's URL, and how a request gets there.
Result<git::PushTarget> make_target(kube::Client& client, const PushOptions& options, std::string endpoint) {
  const auto& cluster = options.cluster;
  const auto granted = TRY(
      kube::request_token(client, {.namespace_ = cluster.engine_namespace, .name = push_account},
                          {push_audience}, token_life),
      "asking for a token of service account {}/{}", cluster.engine_namespace, push_account);
  git::PushTarget target{.url = std::move(endpoint), .repository = cluster.repository};
  if (!target.url.empty()) {
    while (target.url.ends_with('/'))
      target.url.pop_back();
    const std::shared_ptr<http::Transport> transport = TRY(http::make_curl_transport({}));
    target.send = [transport, token = granted.token](http::Request request) {
      request.headers.push_back({token_header, token.reveal()});
      return transport->send(request);
    };
    return target;
  }
  target.url = client.service_url(
      {.namespace_ = cluster.engine_namespace, .name = agent_service, .port = agent_port});
  target.send = [&client, token = granted.token](http::Request request) {
    request.headers.push_back({token_header, token.reveal()});
    return client.send(std::move(request));
  };
  return target;
}

// What the built-in Git has and this repository lacks comes from the agent: at `endpoint`, else through kubectl.
Error with_way_back(Error error, const ClusterSettings& cluster, const std::string& endpoint) {
  if (error.code() != Code::git_not_fast_forward) return error;
  const auto pull = fmt::format("git pull --rebase {}/{}.git {}", endpoint.empty() ? "http://127.0.0.1:8080" : endpoint, cluster.repository, cluster.branch);
  if (!endpoint.empty()) return std::move(error).fix(fmt::format("{}, then push again", pull));
  return std::move(error).fix(fmt::format("kubectl -n {} port-forward service/{} 8080:80, beside it: {}, then push again",
                                          cluster.engine_namespace, agent_service, pull));
}

Result<> check_reads_built_in(const ClusterSettings& cluster) {
  if (cluster.git_url.empty()) return {};
  return failure(Error(Code::repo_layout,
                       fmt::format("cluster \"{}\" does not read the built-in Git", cluster.name))
                     .at(printable(cluster.git_url))
                     .fix(fmt::format("git push {} {}", cluster.git_url, cluster.branch)));
}

}  // namespace

Result<PushReport> push_repository(kube::Client& client, const PushOptions& options) {
  const auto& cluster = options.cluster;
  TRY(check_reads_built_in(cluster));
  const auto state = TRY(git::inspect_working(options.folder));
  const std::string here = TRY(find_agent_here(client, cluster.engine_namespace));
  const auto& endpoint = options.endpoint.empty() ? here : options.endpoint;
  const auto target = TRY(make_target(client, options, endpoint));
  auto tried = git::push_to(target, state.repository, cluster.branch, std::stop_token());
  if (!tried) tried = failure(with_way_back(std::move(tried).error(), cluster, endpoint));
  const auto pushed = TRY(std::move(tried), "publishing \"{}\"", cluster.branch);
  return PushReport{.text = describe(cluster.branch, pushed),
                    .branch = cluster.branch,
                    .before = pushed.before.is_zero() ? "" : pushed.before.hex(),
                    .after = pushed.after.hex(),
                    .commits = pushed.commits,
                    .simulated = !here.empty(),
                    .uncommitted = state.uncommitted};
}

Result<> run_repo_push(const RepoPushOptions& options, Console& console) {
  TRY(check_reads_built_in(options.push.cluster));
  auto config = TRY(kube::load_kubeconfig(options.kubeconfig, options.context));
  auto client = TRY(kube::Client::connect(std::move(config), console.clock(), kube::Absence::refused_at_once));
  const auto report = TRY(push_repository(client, options.push));
  if (report.simulated) console.mark_simulated();
  console.line(fmt::format("{}{}", report.text, report.simulated ? ", on a simulated cluster" : ""));
  if (!report.uncommitted.empty()) {
    console.line(fmt::format("{} changed files are not committed and so not published, {} first",
                             report.uncommitted.size(), printable(report.uncommitted.front())));
  }
  Array paths;
  for (const auto& path : report.uncommitted)
    paths.emplace_back(path);
  console.data(Object{{"branch", report.branch},
                      {"before", report.before},
                      {"after", report.after},
                      {"commits", static_cast<std::int64_t>(report.commits)},
                      {"uncommitted", std::move(paths)}});
  return {};
}

}  // namespace holdfast::bootstrap
