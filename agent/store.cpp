// SPDX-License-Identifier: Apache-2.0
#include "agent/store.h"

#include <algorithm>
#include <charconv>

#include "agent/pause.h"
#include "base/log.h"
#include "base/text.h"
#include "sync/names.h"
#include "sync/namespaces.h"

namespace holdfast::agent {
namespace {

constexpr std::string_view config_name = "argocd-cm";
constexpr std::string_view parameters_name = "argocd-cmd-params-cm";
constexpr std::string_view certificates_name = "argocd-tls-certs-cm";
constexpr std::string_view known_hosts_name = "argocd-ssh-known-hosts-cm";
constexpr std::string_view gpg_keys_name = "argocd-gpg-keys-cm";
constexpr std::string_view secret_selector = "argocd.argoproj.io/secret-type in (repository,repo-creds,cluster)";
constexpr std::size_t kinds_watched = 4;
constexpr std::string_view elsewhere_listed = "Application elsewhere";
constexpr auto elsewhere_pause = std::chrono::seconds(10);

std::uint64_t version_of(const Value& object) {
  const auto text = object.text({"metadata", "resourceVersion"});
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_cluster(const Value& secret) { return secret.text({"metadata", "labels", "argocd.argoproj.io/secret-type"}) == "cluster"; }

// How a cluster is reached, which nobody needs here.
void drop_credentials(Value& cluster) {
  Value* data = cluster.find("data");
  if (data != nullptr && data->as_object() != nullptr) data->as_object()->erase("config");
}

ObjectPtr leaving_metadata(const Value& project) {
  const Value* metadata = project.find("metadata");
  if (metadata == nullptr || metadata->text({"deletionTimestamp"}).empty()) return nullptr;
  const auto finalizers = sync::strings_of(metadata->find("finalizers"));
  const bool held = std::ranges::find(finalizers, sync::names::cascade_finalizer) != finalizers.end();
  return held ? std::make_shared<const Value>(*metadata) : nullptr;
}

}  // namespace

Store::KnownApplication Store::known(const Value& object) {
  return {std::string(object.text({"metadata", "uid"})), version_of(object), std::string(object.text({"metadata", "namespace"})),
          std::string(object.text({"spec", "project"})), Packed(object)};
}

Store::Store(kube::Client& client, std::string namespace_name, std::shared_ptr<const health::Scripts> scripts,
             Handlers handlers)
    : client_(client),
      namespace_(std::move(namespace_name)),
      scripts_(std::move(scripts)),
      tokens_(std::make_shared<access::Tokens>(client.clock())),
      handlers_(std::move(handlers)) {
  state_.lock()->configuration = make_configuration({}, 0);
  const kube::ListOptions all{.namespace_ = namespace_,
                              .managed_fields = kube::ManagedFields::drop};
  kube::ListOptions secrets = all;
  secrets.label_selector = secret_selector;
  start("argoproj.io/v1alpha1", "Application", all);
  start("argoproj.io/v1alpha1", "AppProject", all);
  start("v1", "ConfigMap", all);
  start("v1", "Secret", secrets);
}

Store::~Store() {
  for (auto& thread : threads_) thread.request_stop();
}

void Store::start(std::string_view api_version, std::string_view kind, const kube::ListOptions& options) {
  threads_.emplace_back([this, options, version = std::string(api_version),
                         name = std::string(kind)](const std::stop_token& stop) {
    const auto handler = [&](kube::WatchEvent&& event) { observe(name, std::move(event)); };
    auto info = client_.kind_of(version, name);
    Result<> ended = info ? kube::watch(client_, *info, options, handler, stop)
                          : Result<>(failure(std::move(info).error()));
    if (stop.stop_requested()) return;
    state_.lock()->broken = ended ? Error(Code::internal, "a watch ended by itself") : std::move(ended).error();
    changed_.notify_all();
  });
}

std::vector<sync::ClusterSecret> Store::clusters_of(const State& state) {
  std::vector<sync::ClusterSecret> clusters;
  for (const auto& [name, secret] : state.secrets) {
    if (is_cluster(*secret)) clusters.push_back(sync::decode_cluster_secret(*secret));
  }
  return clusters;
}

std::shared_ptr<const Configuration> Store::make_configuration(const State& state, std::uint64_t generation) const {
  const auto held = [&](std::string_view name) -> const Value* {
    const auto found = state.config.find(std::string(name));
    return found == state.config.end() ? nullptr : found->second.get();
  };
  auto made = std::make_shared<Configuration>();
  made->settings = sync::decode_settings(held(config_name), held(parameters_name));
  made->settings.clusters.secrets = clusters_of(state);
  made->generation = generation;
  std::vector<health::Script> scripts;
  for (const auto& each : made->settings.health) scripts.push_back({each.group_kind, each.lua});
  made->assessor = health::Assessor(std::move(scripts), scripts_);
  if (auto updates = sync::Updates::make(made->settings.ignore_updates)) {
    made->updates = *std::move(updates);
  } else {
    made->settings.problems.push_back(fmt::format("ignoreResourceUpdates: {}", updates.error().message()));
  }
  for (const auto& problem : made->settings.problems) log::warn("a setting was left out", {{"cause", problem}});
  return made;
}

Result<> Store::wait_until_listed(const std::stop_token& stop) {
  auto state = state_.lock();
  changed_.wait(state.mutex(), stop, [&] { return state->broken || state->listed.size() == kinds_watched + (state->elsewhere.empty() ? 0 : 1); });
  if (state->broken) return failure(Error(*state->broken));
  if (stop.stop_requested()) return failure(Code::stopped, "stopped while the namespace was read");
  return {};
}

std::string Store::instance_of(const Value& application) const {
  return sync::instance_name({std::string(application.text({"metadata", "namespace"})), std::string(application.text({"metadata", "name"}))},
                             namespace_);
}

void Store::note_listed(std::string_view what) {
  state_.lock()->listed.emplace(what);
  changed_.notify_all();
}

void Store::observe(const std::string& kind, kube::WatchEvent&& event) {
  if (event.kind == kube::WatchEvent::Kind::trouble) {
    log::warn("a kind of the namespace is read again", {{"kind", kind}, {"cause", event.error->message()}});
    return;
  }
  if (event.kind == kube::WatchEvent::Kind::synced) {
    return note_listed(kind);
  }
  if (event.kind == kube::WatchEvent::Kind::rewound) {
    log::warn("the API server has gone back to an earlier state", {{"kind", kind}});
    if (kind == "Application") forget_versions();
    return;
  }
  if (kind == "Application") return observe_application(std::move(event));
  if (kind == "AppProject") return observe_project(std::move(event));
  if (kind == "ConfigMap") return observe_config(std::move(event));
  observe_secret(std::move(event));
}

void Store::forget_versions() {
  auto state = state_.lock();
  for (auto& [instance, held] : state->applications) held.version = 0;
  state->written.clear();
}

void Store::observe_secret(kube::WatchEvent&& event) {
  const std::string name(event.object.text({"metadata", "name"}));
  {
    auto state = state_.lock();
    if (event.kind == kube::WatchEvent::Kind::deleted) {
      state->secrets.erase(name);
    } else {
      if (is_cluster(event.object)) drop_credentials(event.object);
      state->secrets[name] = std::make_shared<const Value>(std::move(event.object));
    }
    if (clusters_of(*state) != state->configuration->settings.clusters.secrets) {
      state->configuration = make_configuration(*state, state->configuration->generation + 1);
    }
    state->repositories = nullptr;
    ++state->access_generation;
  }
  handlers_.everything();
}

void Store::observe_application(kube::WatchEvent&& event) {
  const std::string instance = instance_of(event.object);
  bool fresh = false;
  {
    auto state = state_.lock();
    KnownApplication& held = state->applications[instance];
    if (event.kind == kube::WatchEvent::Kind::deleted) {
      const bool other = !held.uid.empty() && held.uid != event.object.text({"metadata", "uid"});
      if (other) return;
      state->applications.erase(instance);
      state->written.erase(instance);
    } else {
      if (held.version > version_of(event.object)) return;
      const bool ours = state->written[instance] == event.object.text({"metadata", "resourceVersion"});
      fresh = held.uid.empty();
      held = known(event.object);
      if (ours) return;
    }
  }
  const auto& tell = fresh ? handlers_.appeared : handlers_.application;
  tell(instance);
  tell_leaving_projects();
}

// Who came, went or changed its project: the last Application may be gone.
void Store::tell_leaving_projects() {
  std::vector<std::string> leaving;
  {
    auto state = state_.lock();
    for (const auto& [name, project] : state->projects) {
      if (project.leaving != nullptr) leaving.push_back(name);
    }
  }
  for (const auto& name : leaving) handlers_.leaving_project(name);
}

void Store::look_elsewhere(std::vector<std::string> patterns) {
  elsewhere_ = {};  // ended before what it brought is forgotten
  forget_elsewhere();
  if (patterns.empty()) return;
  elsewhere_ = std::jthread([this, patterns = std::move(patterns)](const std::stop_token& stop) { watch_elsewhere(patterns, stop); });
}

void Store::watch_elsewhere(const std::vector<std::string>& patterns, const std::stop_token& stop) {
  const kube::ListOptions all{.namespace_ = "", .managed_fields = kube::ManagedFields::drop};
  const auto handler = [&](kube::WatchEvent&& event) { observe_elsewhere(patterns, std::move(event)); };
  while (!stop.stop_requested()) {
    const auto info = client_.kind_of(sync::names::api_version, "Application");
    const Result<> ended = info ? kube::watch(client_, *info, all, handler, stop) : Result<>(failure(Error(info.error())));
    if (stop.stop_requested()) return;
    // Rights that are missing may be granted later; the engine's own namespace does not wait for them.
    if (!ended) log::warn("Applications of other namespaces are not seen", {{"cause", ended.error().message()}});
    forget_elsewhere();
    note_listed(elsewhere_listed);
    pause(elsewhere_pause, stop);
  }
}

void Store::observe_elsewhere(const std::vector<std::string>& patterns, kube::WatchEvent&& event) {
  if (event.kind == kube::WatchEvent::Kind::trouble) {
    log::warn("the Applications of other namespaces are read again", {{"cause", event.error->message()}});
  }
  if (event.kind == kube::WatchEvent::Kind::rewound) return forget_versions();
  if (event.kind == kube::WatchEvent::Kind::trouble || event.kind == kube::WatchEvent::Kind::synced) return note_listed(elsewhere_listed);
  const auto place = event.object.text({"metadata", "namespace"});
  if (place != namespace_ && sync::lists_namespace(patterns, place)) observe_application(std::move(event));
}

void Store::forget_elsewhere() {
  std::vector<std::string> gone;
  {
    auto state = state_.lock();
    for (const auto& [instance, held] : state->applications) {
      if (held.namespace_ != namespace_) gone.push_back(instance);
    }
    for (const auto& instance : gone) {
      state->applications.erase(instance);
      state->written.erase(instance);
    }
  }
  for (const auto& instance : gone) handlers_.application(instance);
  tell_leaving_projects();
}

void Store::observe_project(kube::WatchEvent&& event) {
  const std::string name(event.object.text({"metadata", "name"}));
  bool global = false;
  {
    auto state = state_.lock();
    const auto& globals = state->configuration->settings.global_projects;
    global = std::ranges::find(globals, name, &sync::GlobalProject::name) != globals.end();
    ++state->access_generation;
    if (event.kind == kube::WatchEvent::Kind::deleted) {
      state->projects.erase(name);
      state->signature_rules.erase(name);
    } else {
      const Value* labels = event.object.find_path({"metadata", "labels"});
      state->projects[name] = {std::make_shared<const sync::Project>(sync::decode_project(event.object)),
                               labels == nullptr ? Value(Object{}) : *labels, leaving_metadata(event.object)};
      state->signature_rules[name] = std::make_shared<const SignatureRules>(decode_signature_rules(event.object));
    }
  }
  tell_leaving_projects();
  if (global) return handlers_.everything();
  std::vector<std::string> members;
  {
    auto state = state_.lock();
    for (const auto& [instance, held] : state->applications) {
      if (held.project == name) members.push_back(instance);
    }
  }
  for (const auto& instance : members) handlers_.application(instance);
}

void Store::observe_config(kube::WatchEvent&& event) {
  const std::string name(event.object.text({"metadata", "name"}));
  if (name == certificates_name || name == known_hosts_name || name == gpg_keys_name) return observe_trusted(name, std::move(event));
  if (name != config_name && name != parameters_name) return;
  std::optional<std::vector<std::string>> elsewhere;
  {
    auto state = state_.lock();
    const bool deleted = event.kind == kube::WatchEvent::Kind::deleted;
    state->config[name] = deleted ? nullptr : std::make_shared<const Value>(std::move(event.object));
    state->configuration = make_configuration(*state, state->configuration->generation + 1);
    const auto& listed = state->configuration->settings.application_namespaces;
    if (listed != state->elsewhere) {
      elsewhere = state->elsewhere = listed;
      state->listed.erase(std::string(elsewhere_listed));
    }
  }
  if (elsewhere) look_elsewhere(*std::move(elsewhere));
  handlers_.everything();
}

void Store::observe_trusted(const std::string& name, kube::WatchEvent&& event) {
  {
    auto state = state_.lock();
    const bool deleted = event.kind == kube::WatchEvent::Kind::deleted;
    state->trusted[name] = deleted ? nullptr : std::make_shared<const Value>(std::move(event.object));
    state->repositories = nullptr;
    ++state->access_generation;
  }
  handlers_.everything();
}

ObjectPtr Store::application(const std::string& instance) {
  Packed held;
  {
    auto state = state_.lock();
    const auto found = state->applications.find(instance);
    if (found == state->applications.end()) return nullptr;
    held = found->second.object;
  }
  return std::make_shared<const Value>(held.unpack());
}

bool Store::has_application(const std::string& instance) { return state_.lock()->applications.contains(instance); }

std::size_t Store::application_count() { return state_.lock()->applications.size(); }

std::vector<std::string> Store::applications() {
  std::vector<std::string> instances;
  auto state = state_.lock();
  for (const auto& [instance, held] : state->applications) instances.push_back(instance);
  return instances;
}

std::shared_ptr<const sync::Project> Store::project(const std::string& name) {
  auto state = state_.lock();
  const auto found = state->projects.find(name);
  if (found == state->projects.end()) return nullptr;
  const auto& [own, labels, leaving] = found->second;
  std::shared_ptr<sync::Project> merged;
  const auto& clusters = state->configuration->settings.clusters;
  if (!clusters.secrets->empty()) {
    merged = std::make_shared<sync::Project>(*own);
    place_on(*merged, clusters);
  }
  for (const auto& global : state->configuration->settings.global_projects) {
    const auto more = state->projects.find(global.name);
    if (global.name == name || more == state->projects.end() || !global.selects(&labels)) continue;
    if (merged == nullptr) merged = std::make_shared<sync::Project>(*own);
    merge_global(*merged, *more->second.own);
  }
  if (merged != nullptr) return merged;
  return own;
}

ObjectPtr Store::leaving_project(const std::string& name) {
  auto state = state_.lock();
  const auto found = state->projects.find(name);
  return found == state->projects.end() ? nullptr : found->second.leaving;
}

std::shared_ptr<const SignatureRules> Store::signature_rules(const std::string& project) {
  auto state = state_.lock();
  const auto found = state->signature_rules.find(project);
  return found == state->signature_rules.end() ? std::make_shared<const SignatureRules>() : found->second;
}

std::vector<std::string> Store::signature_keys() {
  auto state = state_.lock();
  std::vector<std::string> keys;
  const auto held = state->trusted[std::string(gpg_keys_name)];
  const Value* data = held == nullptr ? nullptr : held->find("data");
  if (data == nullptr || data->as_object() == nullptr) return keys;
  for (const auto& [id, key] : *data->as_object()) {
    if (key.is_string()) keys.push_back(*key.as_string());
  }
  return keys;
}

std::uint64_t Store::access_generation() { return state_.lock()->access_generation; }

std::shared_ptr<const Configuration> Store::configuration() { return state_.lock()->configuration; }

std::shared_ptr<const access::Repositories> Store::repositories() {
  auto state = state_.lock();
  if (state->repositories == nullptr) {
    access::RepositoryObjects objects;
    for (const auto& [name, secret] : state->secrets) {
      if (!is_cluster(*secret)) objects.secrets.push_back(secret);
    }
    objects.tls_certificates = state->trusted[std::string(certificates_name)];
    objects.known_hosts = state->trusted[std::string(known_hosts_name)];
    objects.tokens = tokens_;
    state->repositories = std::make_shared<const access::Repositories>(objects);
  }
  return state->repositories;
}

void Store::note_application(const Value& object) {
  const std::string instance = instance_of(object);
  auto state = state_.lock();
  const auto place = state->applications.find(instance);
  if (place == state->applications.end()) return;
  state->written[instance] = object.text({"metadata", "resourceVersion"});
  if (place->second.version > version_of(object)) return;
  Value kept = object;
  kept["metadata"].as_object()->erase("managedFields");
  place->second = known(kept);
}

}  // namespace holdfast::agent
