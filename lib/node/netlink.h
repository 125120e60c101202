// SPDX-License-Identifier: Apache-2.0
// The few things the node needs of the kernel's network, over rtnetlink, in the calling thread's
// network namespace: bridges, addresses, routes. In place of the `ip` program, which a small machine
// may lack. IPv4 only: the node is single-stack.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace holdfast::node {

// All are idempotent: what is there already counts as done. Refuse with node_capability.
Result<> add_bridge(const std::string& name);
Result<> delete_link(const std::string& name);  // absent is fine
Result<> set_link_up(const std::string& name);
Result<> add_address(const std::string& link, const std::string& cidr);      // "192.0.2.10/24"
Result<> add_link_route(const std::string& link, const std::string& cidr);  // without gateway
Result<> delete_link_route(const std::string& cidr);                        // of that form only

struct LinkAddress {
  std::string link;
  std::string address;  // "192.0.2.10"
};

// IPv4 addresses of links that are up, in the kernel's order.
std::vector<LinkAddress> link_addresses();

// The links that are ports of a bridge; none when it does not exist.
std::vector<std::string> bridge_ports(const std::string& bridge);

// The link of the default route, from the text of /proc/net/route; empty without one.
std::string parse_default_link(std::string_view proc_net_route);

}  // namespace holdfast::node
