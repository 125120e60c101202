// SPDX-License-Identifier: Apache-2.0
// Settings → the components' configuration files, command lines and the cluster's first objects. Pure.
// Formats: kubelet.config.k8s.io/v1beta1, kubeproxy.config.k8s.io/v1alpha1 (Kubernetes 1.37), containerd
// configuration version 3 (2.4), CNI 1.0.0.
#pragma once

#include <string>
#include <vector>

#include "node/settings.h"
#include "value/value.h"

namespace holdfast::node {

struct ConfigurationFile {
  std::string name;  // below the configuration folder
  std::string content;
};

std::vector<ConfigurationFile> render_configuration(const Settings& settings);

// nft's input: masquerading of pods that talk to the outside.
std::string render_firewall();

// Cluster DNS: ServiceAccount, rights, Corefile, Deployment, Service.
Value render_dns(const Settings& settings);

// What kwok plays unless it is given other stages.
std::string render_stages();

// The Node of a simulated cluster; kwok keeps it Ready.
Value render_simulated_node(const Settings& settings);

}  // namespace holdfast::node
