// SPDX-License-Identifier: Apache-2.0
#include "agent/run.h"

#include <atomic>
#include <charconv>
#include <thread>

#include "agent/after_push.h"
#include "agent/context.h"
#include "agent/reconcile.h"
#include "agent/web/git_endpoint.h"
#include "agent/web/push_endpoint.h"
#include "agent/web/push_identity.h"
#include "agent/web/status_endpoint.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/config.h"

namespace holdfast::agent {
namespace {

// What belongs together is written at once: bursts of events within this time are one change.
constexpr auto settle = std::chrono::milliseconds(50);
constexpr auto first_pause = std::chrono::milliseconds(200);
constexpr auto longest_pause = std::chrono::minutes(2);

// What is remembered of each Application; only one worker has an Application at a time.
class Memories {
 public:
  std::shared_ptr<Memory> of(const std::string& name) {
    auto memories = memories_.lock();
    auto& memory = (*memories)[name];
    if (memory == nullptr) memory = std::make_shared<Memory>();
    return memory;
  }

  void forget(const std::string& name) { memories_.lock()->erase(name); }

 private:
  Guarded<std::map<std::string, std::shared_ptr<Memory>>> memories_;
};

void measure(Context& context, Metrics& metrics, SteadyTime start, const Result<std::optional<Duration>>& next) {
  metrics.observe("argocd_app_reconcile", {}, std::chrono::duration<double>(context.clock.steady() - start).count());
  if (!next) metrics.count("holdfast_reconcile_errors_total", {std::string(row_of(next.error().code()).name)});
  metrics.set("holdfast_applications", {}, static_cast<double>(context.store.application_names().size()));
  metrics.set("holdfast_dry_runs", {}, static_cast<double>(context.predictor.requests()));
  metrics.set("holdfast_watched_kinds", {}, static_cast<double>(context.cluster.watched_kinds()));
}

void work(Context& context, Memories& memories, Metrics& metrics, const std::stop_token& stop) {
  while (const auto name = context.queue.take(stop)) {
    const auto memory = memories.of(*name);
    const auto start = context.clock.steady();
    const auto next = reconcile(context, *name, *memory);
    measure(context, metrics, start, next);
    if (!next) {
      const Code code = next.error().code();
      const bool raced = code == Code::resource_version || code == Code::object_missing;
      if (!raced) log::warn("an application is tried again", {{"application", *name}, {"cause", next.error().message()}});
      context.queue.add_with_backoff(*name, first_pause, longest_pause);
    } else {
      context.queue.forget(*name);
      if (*next) context.queue.add_after(*name, **next);
      if (context.store.application(*name) == nullptr) memories.forget(*name);
    }
    context.queue.done(*name);
  }
}

Result<kube::Config> load_config(const Options& options) {
  if (!options.kubeconfig.empty()) return kube::load_kubeconfig(options.kubeconfig, "");
  return kube::load_in_cluster();
}

std::string git_repository(const Options& options) {
  return options.git_repository.empty() ? options.state_dir + "/git/fleet.git" : options.git_repository;
}

git::MirrorsOptions mirror_options(const Options& options) {
  git::MirrorsOptions mirrors;
  mirrors.directory = options.state_dir + "/mirrors";
  if (!options.git_url.empty()) {
    mirrors.local[options.git_url] = git_repository(options);
  }
  return mirrors;
}

// "http://holdfast-git.argocd/fleet.git" is served as "fleet".
std::string git_name(const Options& options) {
  const std::string_view name = base_name(options.git_url);
  return std::string(name.ends_with(".git") ? name.substr(0, name.size() - 4) : name);
}

Result<ServerOptions> listen_options(const Options& options) {
  const auto colon = options.listen.rfind(':');
  ServerOptions server;
  int port = -1;
  const std::string text = colon == std::string::npos ? "" : options.listen.substr(colon + 1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc{} || end != text.data() + text.size() || port < 0 || port > 65535) {
    return failure(Code::usage, "--listen is \"{}\", wanted: ADDRESS:PORT", printable(options.listen));
  }
  server.address = options.listen.substr(0, colon);
  server.port = port;
  return server;
}

std::vector<MetricFamily> metric_families() {
  using Kind = MetricFamily::Kind;
  return {{"argocd_app_reconcile", "Time of one look at an Application, in seconds.", Kind::histogram, {},
           {0.01, 0.05, 0.25, 0.5, 1, 2, 4, 8, 16}},
          {"holdfast_reconcile_errors_total", "Looks at Applications that ended early.", Kind::counter, {"code"}, {}},
          {"holdfast_applications", "Applications known.", Kind::gauge, {}, {}},
          {"holdfast_dry_runs", "Dry runs asked of the API server.", Kind::gauge, {}, {}},
          {"holdfast_watched_kinds", "Kinds that are watched.", Kind::gauge, {}, {}}};
}

// The built-in repository, empty until the first push.
Result<> prepare_repository(const Options& options) {
  if (options.git_url.empty()) return {};
  return git::prepare_built_in(git_repository(options), "main");
}

// The built-in Git: read by everybody, written by whoever the API server vouches for.
std::vector<Route> git_endpoints(const Options& options, kube::Client& client, Store& store) {
  if (options.git_url.empty()) return {};
  auto routes = git_routes({.repository = git_repository(options), .name = git_name(options)});
  const auto pushed = [&client, &store, url = options.git_url](const git::PushCommand& push) {
    refresh_followers(client, store, url, push);
  };
  for (auto& route : push_routes({.repository = git_repository(options),
                                  .authenticate = pushers(client, options.namespace_),
                                  .pushed = pushed,
                                  .limits = {}})) {
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace

Result<> run_agent(const Options& options, const std::stop_token& stop) {
  const SystemClock clock;
  Metrics metrics(metric_families());
  std::atomic<bool> ready = false;
  auto routes = status_routes(metrics, [&ready]() -> Result<> {
    if (ready) return {};
    return failure(Code::not_healthy, "the namespace has not been read yet");
  });
  TRY(prepare_repository(options));
  const auto listen = TRY(listen_options(options));
  auto config = TRY(load_config(options));
  auto client = TRY(kube::Client::connect(std::move(config), clock), "connecting to the cluster");
  auto mirrors = TRY(git::Mirrors::open(mirror_options(options), clock));
  WorkQueue queue(clock);
  kube::EventRecorder events(client, "holdfast-agent", options.namespace_);
  const auto wake = [&queue](const std::string& name) { queue.add_after(name, settle); };
  sync::Cluster cluster(client, wake);
  sync::Predictor predictor(client);
  Store* known = nullptr;
  const auto wake_all = [&] {
    if (known == nullptr) return;
    cluster.configure(known->configuration()->settings.tracking);
    for (const auto& name : known->application_names()) queue.add(name);
  };
  Store store(client, options.namespace_, {wake, wake_all});
  known = &store;
  for (auto& route : git_endpoints(options, client, store)) routes.push_back(std::move(route));
  const auto server = TRY(Server::start(listen, std::move(routes)));
  TRY(store.wait_until_listed(stop));
  wake_all();
  ready = true;
  log::info("the agent is ready", {{"namespace", options.namespace_}, {"server", client.server_version()},
                                   {"applications", store.application_names().size()}});

  Context context{clock, client, store, *mirrors, cluster, predictor, events, queue, stop};
  Memories memories;
  std::vector<std::jthread> workers;
  for (int i = 0; i < options.workers; ++i) {
    workers.emplace_back([&](const std::stop_token&) { work(context, memories, metrics, stop); });
  }
  for (auto& worker : workers) worker.join();
  log::info("the agent has stopped");
  return {};
}

}  // namespace holdfast::agent
