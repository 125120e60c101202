// SPDX-License-Identifier: Apache-2.0
// The zone in force at an instant, by a file of the time zone database (TZif, RFC 8536): its
// transitions, and after the last of them the POSIX rule at its end.
// Mirrors Go 1.26 time/zoneinfo_read.go and time/zoneinfo.go (lookup, tzset).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

struct Zone {
  int offset = 0;             // seconds east of UTC
  std::string name = "UTC";   // "" prints as the offset
};

// Nothing when the file is none, or one of the first version, whose times end in 2038.
std::optional<Zone> zone_in_file(std::string_view file, std::int64_t seconds);

// The zone of that IANA name at that instant, in seconds since 1970; "" and "Local" are UTC. Nothing when this machine's
// /usr/share/zoneinfo does not know it.
std::optional<Zone> find_zone(const std::string& name, std::int64_t seconds);

}  // namespace holdfast
