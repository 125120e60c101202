// SPDX-License-Identifier: Apache-2.0
#include "node/netlink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/handle.h"
#include "base/text.h"
#include "node/files.h"

namespace holdfast::node {
namespace {

// One rtnetlink request under construction: a header of the kernel's, then attributes.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    put(&header, sizeof header);
  }

  void put(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    bytes_.append(NLMSG_ALIGN(size) - size, '\0');
  }

  // Returns where the attribute begins, for end_nest.
  std::size_t attribute(std::uint16_t type, const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    rtattr header{};
    header.rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
    header.rta_type = type;
    put(&header, sizeof header);
    put(data, size);
    return at;
  }

  void text(std::uint16_t type, const std::string& value) {
    attribute(type, value.c_str(), value.size() + 1);
  }

  std::size_t begin_nest(std::uint16_t type) { return attribute(type, nullptr, 0); }

  void end_nest(std::size_t at) {
    const auto size = static_cast<unsigned short>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);  // rta_len is the first field
  }

  // Sends and returns the kernel's first answer, empty when none came.
  std::string ask() {
    const auto size = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &size, sizeof size);  // nlmsg_len is the first field
    const FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket || ::send(socket.get(), bytes_.data(), bytes_.size(), 0) < 0) return "";
    std::string answer(32768, '\0');
    const auto count = ::recv(socket.get(), answer.data(), answer.size(), 0);
    answer.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return answer;
  }

  // Sends and waits for the kernel's acknowledgement: 0 or an errno.
  int send() {
    const std::string answer = ask();
    nlmsgerr result{};
    if (answer.size() < NLMSG_HDRLEN + sizeof result) return EPROTO;
    std::memcpy(&result, answer.data() + NLMSG_HDRLEN, sizeof result);
    return -result.error;
  }

 private:
  std::string bytes_;
};

Result<> finish(int answer, int fine, std::string what) {
  if (answer == 0 || answer == fine) return {};
  return failure(Error(Code::node_capability, std::move(what)).because(::strerror(answer)));
}

struct Cidr {
  in_addr address{};
  std::uint8_t prefix = 0;
};

Result<Cidr> parse_cidr(const std::string& text) {
  Cidr cidr;
  const auto slash = text.find('/');
  const auto digits = slash == std::string::npos ? "32" : text.substr(slash + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), cidr.prefix);
  if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &cidr.address) != 1 ||
      parsed.ptr != digits.data() + digits.size() || cidr.prefix > 32) {
    return failure(Code::usage, "\"{}\" is no IPv4 address with a prefix", printable(text));
  }
  return cidr;
}

// The index of the bridge that a link is a port of; 0 without one.
std::uint32_t master_of(unsigned index) {
  Request request(RTM_GETLINK, 0);
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(index);
  request.put(&link, sizeof link);
  const std::string answer = request.ask();
  std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(ifinfomsg));
  rtattr attribute{};
  while (at + sizeof attribute <= answer.size()) {
    std::memcpy(&attribute, answer.data() + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > answer.size()) return 0;
    std::uint32_t master = 0;
    if (attribute.rta_type == IFLA_MASTER && attribute.rta_len >= RTA_LENGTH(sizeof master)) {
      std::memcpy(&master, answer.data() + at + RTA_LENGTH(0), sizeof master);
      return master;
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
  return 0;
}

Result<std::uint32_t> index_of(const std::string& link) {
  const auto index = ::if_nametoindex(link.c_str());
  if (index == 0) return failure(Code::node_capability, "there is no network link \"{}\"", link);
  return index;
}

}  // namespace

Result<> add_bridge(const std::string& name) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  const ifinfomsg link{};
  request.put(&link, sizeof link);
  request.text(IFLA_IFNAME, name);
  const auto nest = request.begin_nest(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "bridge");
  request.end_nest(nest);
  return finish(request.send(), EEXIST, fmt::format("cannot make the bridge \"{}\"", name));
}

Result<> delete_link(const std::string& name) {
  const auto index = ::if_nametoindex(name.c_str());
  if (index == 0) return {};
  Request request(RTM_DELLINK, 0);
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(index);
  request.put(&link, sizeof link);
  return finish(request.send(), ENODEV, fmt::format("cannot remove the link \"{}\"", name));
}

Result<> set_link_up(const std::string& name) {
  const auto index = TRY(index_of(name));
  Request request(RTM_NEWLINK, 0);
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(index);
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  request.put(&link, sizeof link);
  return finish(request.send(), 0, fmt::format("cannot set the link \"{}\" up", name));
}

Result<> add_address(const std::string& link, const std::string& cidr) {
  const Cidr parsed = TRY(parse_cidr(cidr));
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  ifaddrmsg message{};
  message.ifa_family = AF_INET;
  message.ifa_prefixlen = parsed.prefix;
  message.ifa_index = TRY(index_of(link));
  request.put(&message, sizeof message);
  request.attribute(IFA_LOCAL, &parsed.address, sizeof parsed.address);
  request.attribute(IFA_ADDRESS, &parsed.address, sizeof parsed.address);
  return finish(request.send(), EEXIST, fmt::format("cannot give \"{}\" the address {}", link, cidr));
}

Result<> add_link_route(const std::string& link, const std::string& cidr) {
  const Cidr parsed = TRY(parse_cidr(cidr));
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  rtmsg message{};
  message.rtm_family = AF_INET;
  message.rtm_dst_len = parsed.prefix;
  message.rtm_table = RT_TABLE_MAIN;
  message.rtm_protocol = RTPROT_STATIC;
  message.rtm_scope = RT_SCOPE_LINK;
  message.rtm_type = RTN_UNICAST;
  request.put(&message, sizeof message);
  const std::uint32_t index = TRY(index_of(link));
  request.attribute(RTA_DST, &parsed.address, sizeof parsed.address);
  request.attribute(RTA_OIF, &index, sizeof index);
  return finish(request.send(), EEXIST, fmt::format("cannot route {} to \"{}\"", cidr, link));
}

Result<> delete_link_route(const std::string& cidr) {
  const Cidr parsed = TRY(parse_cidr(cidr));
  Request request(RTM_DELROUTE, 0);
  rtmsg message{};
  message.rtm_family = AF_INET;
  message.rtm_dst_len = parsed.prefix;
  message.rtm_table = RT_TABLE_MAIN;
  message.rtm_protocol = RTPROT_STATIC;
  message.rtm_scope = RT_SCOPE_LINK;
  message.rtm_type = RTN_UNICAST;
  request.put(&message, sizeof message);
  request.attribute(RTA_DST, &parsed.address, sizeof parsed.address);
  return finish(request.send(), ESRCH, fmt::format("cannot remove the route to {}", cidr));
}

std::vector<LinkAddress> link_addresses() {
  std::vector<LinkAddress> addresses;
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return addresses;
  const Handle<ifaddrs, ::freeifaddrs> list(raw);
  for (const ifaddrs* each = list.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if ((each->ifa_flags & IFF_UP) == 0) continue;
    sockaddr_in address{};
    std::memcpy(&address, each->ifa_addr, sizeof address);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    addresses.push_back({each->ifa_name, text.data()});
  }
  return addresses;
}

std::vector<std::string> bridge_ports(const std::string& bridge) {
  std::vector<std::string> ports;
  const auto master = ::if_nametoindex(bridge.c_str());
  if (master == 0) return ports;
  const Handle<struct if_nameindex, ::if_freenameindex> list(::if_nameindex());
  if (list == nullptr) return ports;
  for (const struct if_nameindex* each = list.get(); each->if_index != 0; ++each) {
    if (master_of(each->if_index) == master) ports.emplace_back(each->if_name);
  }
  return ports;
}

std::string parse_default_link(std::string_view proc_net_route) {
  for (const auto line : split(proc_net_route, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() > 7 && fields[1] == "00000000" && trim(fields[7]) == "00000000") {
      return std::string(fields[0]);
    }
  }
  return "";
}

}  // namespace holdfast::node
