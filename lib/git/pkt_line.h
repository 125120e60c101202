// SPDX-License-Identifier: Apache-2.0
// Git's framing: four hexadecimal digits of length, then the payload. Pure; both sides use it.
// Documentation of Git 2.39: gitprotocol-common, gitprotocol-v2.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::git {

constexpr std::size_t packet_payload_max = 65'516;

enum class PacketKind { data, flush, delimiter, response_end };

struct Packet {
  PacketKind kind = PacketKind::data;
  std::string_view text;

  // The payload as a line of text.
  [[nodiscard]] std::string_view line() const {
    return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
  }
};

// Requires: at most packet_payload_max bytes.
std::string to_packet(std::string_view payload);
constexpr std::string_view flush_packet = "0000";
constexpr std::string_view delimiter_packet = "0001";

// Packets from bytes that arrive in any portions.
class PacketReader {
 public:
  void feed(std::string_view bytes);
  // The next complete packet, valid until the next feed(); nothing when more bytes are needed.
  // Refuses with Code::git_unreachable what is no packet.
  Result<std::optional<Packet>> next();

  // Bytes that were fed and are in no packet that next() has returned.
  [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(at_); }

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace holdfast::git
