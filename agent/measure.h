// SPDX-License-Identifier: Apache-2.0
// What /metrics says of Applications and of the cluster, under upstream's names, so that its dashboards and
// alerts go on working. Mirrors argoproj/argo-cd 3.6 controller/metrics.
#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/context.h"
#include "agent/web/metrics.h"
#include "base/guarded.h"

namespace holdfast::agent {

// `labels`: of Applications, that argocd_app_labels shows; none, no such family.
std::vector<MetricFamily> metric_families(const std::vector<std::string>& labels = {});

struct ApplicationMeasured {
  const std::string& namespace_;
  const std::string& name;
  const Value* application;  // null: gone
  const std::vector<std::string>& labels;
};
// Brings the series of one Application up to date; an Application that is gone has none.
void measure_application(Metrics& metrics, const ApplicationMeasured& measured, Memory& memory);

void measure_git(Metrics& metrics, const git::Asked& asked);

// Counts what is asked of the API server for the Application that the asking thread works on, and for
// none outside of that. Thread-safe.
class RequestMeter {
 public:
  explicit RequestMeter(Metrics& metrics) : metrics_(metrics) {}

  // The calling thread works on this Application from now on, or on none (null).
  void work_on(const Value* application);
  void count(const kube::Answered& answered);

 private:
  struct Subject {
    LabelValues id{"", "", ""};
    bool dry_run = false;
  };

  Metrics& metrics_;
  Guarded<std::map<std::thread::id, Subject>> subjects_;
};

struct LookMeasured {
  std::string namespace_;
  const std::string& server_version;
  Duration took{};
  const Error* error = nullptr;
};
void measure_look(Metrics& metrics, const LookMeasured& look);

struct ClusterMeasured {
  kube::Client& client;
  Store& store;
  sync::Cluster& cluster;
  sync::Predictor& predictor;
  WorkQueue& queue;
};
// What is only true of the moment at which somebody asks.
void measure_cluster(Metrics& metrics, const ClusterMeasured& measured);

}  // namespace holdfast::agent
