// SPDX-License-Identifier: Apache-2.0
// The four forms of date and time that go-yaml takes for a timestamp (resolve.go, parseTimestamp),
// read as leniently as Go's time.Parse reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::yaml {

// The time as Go's time.Time prints itself in JSON (RFC 3339 with the fraction that is there), or
// nothing when the text is no timestamp.
std::optional<std::string> parse_timestamp(std::string_view text);

}  // namespace holdfast::yaml
