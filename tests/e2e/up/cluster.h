// SPDX-License-Identifier: Apache-2.0
// The cluster that the tests of this program share: brought under Git by `holdfast up` from a signed bundle
// when the first test needs it, and removed at the end. Where it comes from is place.h's. Or the same path
// where no containers run: as an ordinary user, or as root without CAP_SYS_ADMIN.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness.h"
#include "place.h"
#include "value/value.h"

namespace holdfast::e2e {

class Cluster {
 public:
  enum class Bring { up, bundle_only, simulated };

  // The one cluster of this program; made at the first call. `reason` says why there is none.
  static Cluster* shared(std::string& reason, Bring bring = Bring::up);
  static bool exists();
  // Removes it, if it was made, and the folder.
  static void end();

  Ran holdfast(std::vector<std::string> arguments, std::chrono::seconds timeout = std::chrono::seconds(120));
  Ran up(const std::vector<std::string>& more = {});
  // "holdfast up …" as a person would type it, or where containers cannot run.
  [[nodiscard]] std::vector<std::string> up_command() const;
  // `up` once for each of its steps, each time a step further than the time before, ended in that step: by kill -9,
  // or by Ctrl-C, which is to be told.
  void kill_in_each_step();
  void interrupt_in_each_step();
  Ran kubectl(std::vector<std::string> arguments, const std::string& input = "");
  Ran git(std::vector<std::string> arguments);

  // The object as JSON; null when it is not there.
  Value get(const std::string& kind, const std::string& name, const std::string& in_namespace = "argocd");
  // `Synced/Healthy` of an Application, "" when it is absent.
  std::string state(const std::string& application);

  // Edits a file of the repository: the first `from` becomes `to`. Commits. Pushes.
  void replace_in(const std::string& file, const std::string& from, const std::string& to);
  void write_file(const std::string& file, const std::string& content);
  std::string read_file(const std::string& file);
  void commit(const std::string& message);
  Ran push();
  void publish(const std::string& message);  // commit and push, asserted

  // Where a Service answers this process, without a trailing '/'.
  std::string url_of(const std::string& service, const std::string& in_namespace);
  // The body that the Service answers, "" when it does not.
  std::string ask(const std::string& service, const std::string& in_namespace);

  [[nodiscard]] const Ran& first_up() const { return first_up_; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
  [[nodiscard]] std::string repository() const { return folder_.path("fleet"); }
  [[nodiscard]] std::string kubeconfig() const { return place_->kubeconfig(); }
  Place& place() { return *place_; }

 private:
  std::optional<std::string> make_bundle();
  std::optional<std::string> take_bundle();
  std::optional<std::string> make(Bring bring);
  void end_in_each_step(const std::vector<std::string>& steps, const std::function<void(Background& up, const std::string& step)>& end);

  TemporaryFolder folder_{"up"};
  std::unique_ptr<Place> place_ = Place::chosen(folder_.path());
  Ran first_up_;
};

// Of a file, "" when it is not there.
std::string content_of(const std::string& path);

// Seconds until `question` answered, printed with `what`; fails the test after `within`.
double measure(const std::string& what, std::chrono::seconds within, const std::function<bool()>& question);

class OnCluster : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    cluster = Cluster::shared(reason);
    if (cluster == nullptr) GTEST_SKIP() << reason;
  }

  Cluster* cluster = nullptr;
};

}  // namespace holdfast::e2e
