// SPDX-License-Identifier: Apache-2.0
// The rules of the kinds that run pods. Pure.
// Mirrors argoproj/argo-cd 3.6 gitops-engine/pkg/health/health_{deployment,statefulset,daemonset,
// replicaset,pod,job}.go and kubectl's rollout status.
#pragma once

#include "health/health.h"

namespace holdfast::health {

Health assess_deployment(const Value& live);
Health assess_stateful_set(const Value& live);
Health assess_daemon_set(const Value& live);
Health assess_replica_set(const Value& live);
Health assess_pod(const Value& live);
Health assess_job(const Value& live);

}  // namespace holdfast::health
