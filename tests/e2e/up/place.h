// SPDX-License-Identifier: Apache-2.0
// Where the cluster of the tests comes from. What differs between our own node and kind's, and nothing
// else: how it is made and reached, what becomes of it at the end. Only place.cpp knows kind from a node.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness.h"

namespace holdfast::e2e {

enum class Pods { run, simulated };

class Place {
 public:
  virtual ~Place() = default;

  // HOLDFAST_E2E_PLACE: kind, else this machine as a node. `folder` is the test's own, and not made yet.
  static std::unique_ptr<Place> chosen(std::string folder);

  // Why there can be no cluster; enters its network otherwise.
  virtual std::optional<std::string> enter(Pods pods) = 0;
  // After `holdfast up`: where the cluster is to be made, or found.
  [[nodiscard]] virtual std::vector<std::string> up_arguments() const = 0;
  // What stands before `holdfast up`.
  [[nodiscard]] virtual std::vector<std::string> up_prefix() const = 0;
  [[nodiscard]] virtual std::string kubeconfig() const = 0;
  // The steps that `up` has here and the tests may kill, in order.
  [[nodiscard]] virtual std::vector<std::string> steps() const = 0;
  // "http://…" of a Service's port 80 for programs of this process, "" while it is not there.
  virtual std::string url_of(const std::string& service, const std::string& in_namespace) = 0;
  // Stops the machine of the node `name` and starts it again.
  virtual void restart(const std::string& name) = 0;
  // After `holdfast e2e`: where it makes its own cluster; and what it left of the cluster `name`, "".
  [[nodiscard]] virtual std::vector<std::string> trial_arguments() const = 0;
  [[nodiscard]] virtual std::string trial_left(const std::string& name) const = 0;
  // After the last test: what must be true of the network, then the cluster goes.
  virtual void end() = 0;
};

}  // namespace holdfast::e2e
