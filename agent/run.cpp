// SPDX-License-Identifier: Apache-2.0
#include "agent/run.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include "agent/after_push.h"
#include "agent/context.h"
#include "agent/crew.h"
#include "agent/last_duty.h"
#include "agent/lease.h"
#include "agent/measure.h"
#include "agent/project_end.h"
#include "agent/reconcile.h"
#include "agent/serve.h"
#include "agent/server_secret.h"
#include "agent/small_heap.h"
#include "base/log.h"
#include "health/customizations.h"
#include "kube/config.h"
#include "sync/namespaces.h"
#include "tree/disk_tree.h"

namespace holdfast::agent {
namespace {

// What belongs together is written at once: bursts of events within this time are one change.
constexpr auto settle = std::chrono::milliseconds(50);
constexpr auto first_pause = std::chrono::milliseconds(200);
constexpr auto longest_pause = std::chrono::minutes(2);
// Of the 15 s of grace that the chart gives the pod.
constexpr auto last_duty_patience = std::chrono::seconds(8);

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

struct Measuring {
  Metrics& metrics;
  RequestMeter& requests;
  const std::vector<std::string>& labels;
};

void work_on_project(Context& context, const std::string& key, const std::string& name) {
  const auto ended = end_project(context, name);
  if (ended) {
    context.queue.forget(key);
  } else {
    const bool raced = ended.error().code() == Code::resource_version;
    if (!raced) log::warn("a project's deletion is tried again", {{"project", name}, {"cause", ended.error().message()}});
    context.queue.add_with_backoff(key, first_pause, longest_pause);
  }
  context.queue.done(key);
}

struct Work {
  Context& context;
  Memories& memories;
  const Measuring& measuring;
  FreeMemory& free_memory;
};

void work_on_application(const Work& work, const std::string& instance) {
  auto& [context, memories, measuring, free_memory] = work;
  const auto memory = memories.of(instance);
  const auto own = sync::parse_instance_name(instance, context.store.namespace_name());
  const auto start = context.clock.steady();
  const auto object = context.store.application(instance);
  measuring.requests.work_on(object.get());
  Context own_context = context;
  own_context.look.asker = instance;
  memory->wake();
  const auto next = reconcile(own_context, instance, object.get(), *memory);
  memory->rest();
  context.errands.end_pass(instance);
  measuring.requests.work_on(nullptr);
  measure_look(measuring.metrics, {own.namespace_, context.client.server_version(), context.clock.steady() - start, next ? nullptr : &next.error()});
  const auto held = context.store.application(instance);
  measure_application(measuring.metrics, {own.namespace_, own.name, held.get(), measuring.labels}, *memory);
  if (!next) {
    const Code code = next.error().code();
    const bool raced = code == Code::resource_version || code == Code::object_missing;
    if (!raced) log::warn("an application is tried again", {{"application", instance}, {"cause", next.error().message()}});
    context.queue.add_with_backoff(instance, first_pause, longest_pause);
  } else {
    context.queue.forget(instance);
    if (*next) context.queue.add_after(instance, **next);
    if (held == nullptr) memories.forget(instance);
  }
  context.queue.done(instance);
  free_memory.note_work();
}

Result<kube::Config> load_config(const Options& options) {
  if (!options.kubeconfig.empty()) return kube::load_kubeconfig(options.kubeconfig, "");
  auto config = kube::load_in_cluster();
  if (config || config.error().code() != Code::no_kubeconfig) return config;
  return failure(std::move(config).error().fix("outside a pod, name the cluster: holdfast-agent --kubeconfig FILE"));
}

Result<std::shared_ptr<const health::Scripts>> load_scripts(const Options& options) {
  if (options.customizations.empty()) return nullptr;
  const auto folder = TRY(tree::DiskTree::open(options.customizations));
  auto loaded = TRY(health::load_customizations(folder));
  log::info("health scripts were read", {{"folder", options.customizations}, {"scripts", loaded.health.size()}});
  return std::make_shared<const health::Scripts>(std::move(loaded.health));
}

git::MirrorsOptions mirror_options(const Options& options, Metrics& metrics) {
  git::MirrorsOptions mirrors;
  mirrors.on_asked = [&metrics](const git::Asked& asked) { measure_git(metrics, asked); };
  mirrors.directory = options.state_dir + "/mirrors";
  if (!options.git_url.empty()) {
    mirrors.local[options.git_url] = git_repository(options);
  }
  return mirrors;
}

// The pod's name in a pod; whoever comes back under it goes on with its lease.
std::string holder_name() {
  char name[256] = "holdfast-agent";
  std::ignore = ::gethostname(name, sizeof name - 1);
  return name;
}

// Asked to end from outside, the workers end a little later.
struct Ends {
  std::stop_token asked;
  std::stop_source workers;
};

// Works until it is asked to end, or until another agent has taken the lease.
Result<> act(Context context, const Measuring& measuring, const Options& options, Lease& lease, Ends& ends) {
  TRY(lease.acquire(ends.asked));
  ensure_server_secret(context.client, options.namespace_);
  log::info("the agent acts", {{"applications", context.store.application_count()}});
  for (const auto& name : context.store.applications()) context.queue.add(name);
  Memories memories;
  FreeMemory free_memory;
  const Work work{context, memories, measuring, free_memory};
  const auto pass = [&](const std::string& key) {
    if (const auto project = project_of_key(key)) return work_on_project(context, key, *project);
    work_on_application(work, key);
  };
  std::optional<Crew> crew(std::in_place, CrewLimits{.workers = static_cast<std::size_t>(options.workers)},
                           [&](const std::stop_token& token) { return context.queue.take(token); }, pass, context.stop);
  const bool kept = lease.keep(ends.asked, [&] { free_memory.give_back(); });
  const bool in_cluster = options.kubeconfig.empty();
  if (kept && in_cluster) bring_itself_back(context, options.namespace_, last_duty_patience);
  ends.workers.request_stop();
  crew.reset();
  if (kept) lease.release();
  return kept ? Result<>() : failure(Code::stopped, "another agent has taken the lease");
}

}  // namespace

Result<> run_agent(const Options& options, const std::stop_token& stop) {
  const SystemClock clock;
  Ends ends{stop, {}};
  const auto scripts = TRY(load_scripts(options), "reading the folder of health scripts");
  auto config = TRY(load_config(options));
  auto client = TRY(kube::Client::connect(std::move(config), clock), "connecting to the cluster");
  // Here once: the watches below would each ask for it at the same moment.
  TRY(client.catalog(), "discovering what the cluster serves");
  Metrics metrics(metric_families(options.metrics_application_labels));
  RequestMeter requests(metrics);
  client.on_answer([&requests](const kube::Answered& answered) { requests.count(answered); });
  const auto mirrors = TRY(git::Mirrors::open(mirror_options(options, metrics), clock));
  const auto charts = TRY(charts::Charts::open({options.state_dir + "/charts", {}, {}}, clock));
  WorkQueue queue(clock);
  kube::EventRecorder events(client, "holdfast-agent", holder_name());
  sync::Claims claims;
  std::atomic<Store*> known = nullptr;
  const auto changed = [&](const std::string& name) { queue.add_after(name, settle); };
  const auto now = [&](const std::string& name) { queue.add(name); };
  const auto told = [&](const std::string& name) {  // by the store
    // What an Application had that is gone keeps nobody any longer.
    if (Store* store = known; store != nullptr && !store->has_application(name)) claims.drop(name);
    changed(name);
  };
  sync::Cluster cluster(client, {changed, now});
  sync::Predictor predictor(client);
  AcceptedHistories accepted;
  const auto all_again = [&] {
    Store* store = known;
    if (store == nullptr) return;
    const auto configuration = store->configuration();
    cluster.configure(configuration->settings.tracking, [configuration](const sync::Key& key, const Value& before, const Value& after) {
      const auto assess = [&](const Value& live) { return configuration->assessor.assess(live); };
      return configuration->updates.ignores(key, before, after, assess);
    }, configuration->settings.respect_rbac);
    for (const auto& name : store->applications()) queue.add(name);
  };
  Store store(client, options.namespace_, scripts,
              {told, now, [&](const std::string& name) { queue.add_after(project_key(name), settle); }, all_again});
  const auto pushed = [&](const git::PushCommand& push) {
    refresh_followers(client, store, options.git_url, push);
  };
  const auto notified = [&](const Notice& notice) { refresh_followers(client, store, notice); };
  std::atomic<bool> ready = false;
  const auto is_ready = [&]() -> Result<> {
    if (ready) return {};
    return failure(Code::not_healthy, "the namespace has not been read yet");
  };
  const auto numbers = [&] {
    measure_cluster(metrics, {client, store, cluster, predictor, queue});
    return metrics.text();
  };
  const auto server = TRY(serve({options, client, numbers, is_ready, pushed, notified}));
  TRY(store.wait_until_listed(stop));
  known = &store;
  all_again();
  ready = true;
  log::info("the agent is ready", {{"namespace", options.namespace_}, {"server", client.server_version()}});
  // Its threads read the store and the mirrors, so it ends before them.
  Errands errands([&](const std::string& name) { queue.add(name); });
  Lease lease(client, options.namespace_, holder_name());
  auto acted = act({clock, client, store, *mirrors, *charts, cluster, claims, predictor, events, accepted, queue, ends.workers.get_token(),
                    options.git_url, errands, {}},
                   {metrics, requests, options.metrics_application_labels}, options, lease, ends);
  known = nullptr;
  log::info("the agent has stopped");
  if (!acted && acted.error().code() == Code::stopped && stop.stop_requested()) return {};
  return acted;
}

}  // namespace holdfast::agent
