// SPDX-License-Identifier: Apache-2.0
#include "git/pkt_line.h"

#include "base/text.h"

#include <charconv>

namespace holdfast::git {

std::string to_packet(std::string_view payload) {
  CHECK(payload.size() <= packet_payload_max);
  return fmt::format("{:04x}{}", payload.size() + 4, payload);
}

void PacketReader::feed(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

Result<std::optional<Packet>> PacketReader::next() {
  const auto rest = this->rest();
  if (rest.size() < 4) return std::nullopt;
  unsigned length = 0;
  const auto [end, status] = std::from_chars(rest.data(), rest.data() + 4, length, 16);
  if (status != std::errc() || end != rest.data() + 4 || length == 3 ||
      length > packet_payload_max + 4) {
    return failure(Code::git_unreachable, "the answer is not Git's: it has \"{}\" for a length",
                   printable(rest.substr(0, 4)));
  }
  if (length < 4) {
    at_ += 4;
    return Packet{.kind = length == 0   ? PacketKind::flush
                          : length == 1 ? PacketKind::delimiter
                                        : PacketKind::response_end};
  }
  if (rest.size() < length) return std::nullopt;
  at_ += length;
  return Packet{.kind = PacketKind::data, .text = rest.substr(4, length - 4)};
}

}  // namespace holdfast::git
