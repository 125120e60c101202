// SPDX-License-Identifier: Apache-2.0
// Values as Go's fmt package prints them. Mirrors Go 1.26 fmt/print.go and fmt/format.go.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

// What %v prints; nothing and nil are "<nil>".
void append_value(std::string& out, const Datum& value);
std::string print_value(const Datum& value);

std::string sprint(std::span<const Datum> values);    // print
std::string sprintln(std::span<const Datum> values);  // println
// Wrong verbs print their complaint, they never fail.
std::string sprintf(std::string_view format, std::span<const Datum> values);

}  // namespace holdfast::gotmpl
