// SPDX-License-Identifier: Apache-2.0
// What up() decided, once, about this node: every configuration file and command line is a pure
// function of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/layout.h"
#include "node/machine.h"

namespace holdfast::node {

inline constexpr std::string_view service_cidr = "10.96.0.0/16";
inline constexpr std::string_view pod_cidr = "10.244.0.0/16";
inline constexpr std::string_view node_pod_cidr = "10.244.0.0/24";  // the first node's share of it
inline constexpr std::string_view dns_address = "10.96.0.10";
inline constexpr std::string_view pod_bridge = "cni0";
inline constexpr std::string_view node_bridge = "holdfast0";
inline constexpr std::string_view coredns_image = "holdfast.local/coredns:1.14.6";
inline constexpr std::string_view pause_image = "holdfast.local/pause:1";

// Real nodes use Kubernetes' own ports; simulated ones count up from the API server's, so that several
// live on one loopback.
struct Ports {
  std::uint16_t api, etcd, etcd_peer, controller_manager, scheduler, kwok, beside;

  static Ports containers(std::uint16_t api) { return {api, 2379, 2380, 10257, 10259, 0, 0}; }
  static Ports simulated(std::uint16_t api) {
    const auto after = [api](int by) { return static_cast<std::uint16_t>(api + by); };
    return {api, after(1), after(2), after(3), after(4), after(5), after(6)};
  }
};

struct Settings {
  Layout layout;
  bool simulated = false;
  std::string node_name;
  std::string address;       // of the node
  bool bridged = false;      // the address lies on a bridge of ours: no link had one
  Ports ports{};
  std::string dns_forward;
  std::string stages;        // of kwok, when not the built-in ones
  std::vector<Workaround> workarounds;
  std::string cgroup;        // "/holdfast-1f2e3d4c", the parent of all pods' cgroups

  [[nodiscard]] bool works_around(Workaround workaround) const;
  [[nodiscard]] std::string api() const;  // "https://192.0.2.10:6443"
};

}  // namespace holdfast::node
