// SPDX-License-Identifier: Apache-2.0
// What the control-plane namespace holds: Applications, projects, argocd-cm and repository secrets, kept
// by watches; and the Applications of the namespaces that application.namespaces lists. It only remembers and
// says whose turn it is; it decides nothing. Applications go by their instance names (sync/namespaces.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "access/repositories.h"
#include "agent/signatures.h"
#include "base/guarded.h"
#include "health/custom.h"
#include "kube/client.h"
#include "kube/watch.h"
#include "sync/project.h"
#include "sync/settings.h"
#include "sync/updates.h"
#include "value/packed.h"

namespace holdfast::agent {

using ObjectPtr = std::shared_ptr<const Value>;

// One state of argocd-cm, argocd-cmd-params-cm and the Secrets of clusters, with what is made of it once.
struct Configuration {
  sync::Settings settings;
  health::Assessor assessor;
  sync::Updates updates;
  std::uint64_t generation = 0;  // grows with every change
};

class Store {
 public:
  struct Handlers {
    std::function<void(const std::string& instance)> application;  // its object changed, or what it depends on
    std::function<void(const std::string& instance)> appeared;     // it was not there before
    std::function<void(const std::string& name)> leaving_project;  // it may be what the project's deletion waits for
    std::function<void()> everything;                              // a setting changed
  };

  // `scripts`: of the customizations folder, or null.
  Store(kube::Client& client, std::string namespace_name, std::shared_ptr<const health::Scripts> scripts, Handlers handlers);
  ~Store();

  // Blocks until each kind was listed once. Code::stopped, or what makes the cluster unusable.
  Result<> wait_until_listed(const std::stop_token& stop);

  [[nodiscard]] ObjectPtr application(const std::string& instance);
  [[nodiscard]] bool has_application(const std::string& instance);
  [[nodiscard]] std::size_t application_count();
  [[nodiscard]] std::vector<std::string> applications();
  // With what the global projects of its labels add.
  [[nodiscard]] std::shared_ptr<const sync::Project> project(const std::string& name);
  // The metadata of a project that is being deleted and that our finalizer holds; null when it is none.
  [[nodiscard]] ObjectPtr leaving_project(const std::string& name);
  [[nodiscard]] std::shared_ptr<const Configuration> configuration();
  // Which commits the project accepts, and with which keys they are judged.
  [[nodiscard]] std::shared_ptr<const SignatureRules> signature_rules(const std::string& project);
  [[nodiscard]] std::vector<std::string> signature_keys();
  // How repositories are reached, as the Secrets and ConfigMaps say it now.
  [[nodiscard]] std::shared_ptr<const access::Repositories> repositories();
  // Grows with every change of what may open a repository that was refused: a credential, a trusted
  // certificate or key, a project's rules.
  [[nodiscard]] std::uint64_t access_generation();

  // What our own write returned: reads are never older than our writes. What is gone meanwhile stays so.
  void note_application(const Value& object);

  [[nodiscard]] const std::string& namespace_name() const { return namespace_; }

 private:
  struct KnownApplication {
    std::string uid;
    std::uint64_t version = 0;
    std::string namespace_, project;
    Packed object;  // most are looked at seldom
  };

  struct KnownProject {
    std::shared_ptr<const sync::Project> own;
    Value labels;
    ObjectPtr leaving;  // its metadata
  };

  struct State {
    std::map<std::string, KnownApplication> applications;
    std::map<std::string, std::string> written;  // application → resourceVersion of our last write
    std::map<std::string, KnownProject> projects;
    std::map<std::string, ObjectPtr> secrets;
    std::map<std::string, ObjectPtr> trusted;          // the ConfigMaps of certificates and keys
    std::map<std::string, std::shared_ptr<const SignatureRules>> signature_rules;  // by project
    std::shared_ptr<const access::Repositories> repositories;  // made of these when asked for
    std::uint64_t access_generation = 0;
    std::map<std::string, ObjectPtr> config;  // argocd-cm and argocd-cmd-params-cm
    std::shared_ptr<const Configuration> configuration;
    std::vector<std::string> elsewhere;  // the other namespaces of which Applications are watched, as patterns
    std::set<std::string> listed;        // kinds, and elsewhere
    std::optional<Error> broken;
  };

  void start(std::string_view api_version, std::string_view kind, const kube::ListOptions& options);
  static std::vector<sync::ClusterSecret> clusters_of(const State& state);
  [[nodiscard]] std::shared_ptr<const Configuration> make_configuration(const State& state, std::uint64_t generation) const;
  void observe(const std::string& kind, kube::WatchEvent&& event);
  void observe_application(kube::WatchEvent&& event);
  // All that the watch reports from now on is newer than what is known.
  void forget_versions();
  // Watches Applications of all namespaces from now on and takes those that the patterns list.
  void look_elsewhere(std::vector<std::string> patterns);
  void watch_elsewhere(const std::vector<std::string>& patterns, const std::stop_token& stop);
  void observe_elsewhere(const std::vector<std::string>& patterns, kube::WatchEvent&& event);
  void forget_elsewhere();
  void note_listed(std::string_view what);
  [[nodiscard]] std::string instance_of(const Value& application) const;
  static KnownApplication known(const Value& object);
  void observe_project(kube::WatchEvent&& event);
  void tell_leaving_projects();
  void observe_config(kube::WatchEvent&& event);
  void observe_trusted(const std::string& name, kube::WatchEvent&& event);
  void observe_secret(kube::WatchEvent&& event);

  kube::Client& client_;
  const std::string namespace_;
  const std::shared_ptr<const health::Scripts> scripts_;
  const std::shared_ptr<access::Tokens> tokens_;
  Handlers handlers_;
  Guarded<State> state_;
  std::condition_variable_any changed_;
  std::jthread elsewhere_;  // started and ended by the watch of ConfigMaps, which ends before it
  std::vector<std::jthread> threads_;
};

}  // namespace holdfast::agent
