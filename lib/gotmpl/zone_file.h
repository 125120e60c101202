// SPDX-License-Identifier: Apache-2.0
// The zone in force at an instant, by a file of the time zone database (TZif, RFC 8536): its
// transitions, and after the last of them the POSIX rule at its end. It does not know where files are.
// Mirrors Go 1.26 time/zoneinfo_read.go and time/zoneinfo.go (lookup, tzset).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gotmpl/go_time.h"

namespace holdfast::gotmpl {

// Nothing when the file is none, or one of the first version, whose times end in 2038.
std::optional<Zone> zone_in_file(std::string_view file, std::int64_t seconds);

}  // namespace holdfast::gotmpl
