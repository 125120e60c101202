// SPDX-License-Identifier: Apache-2.0
// What Sprig does to its arguments first: to text, to a number, to a list. Mirrors spf13/cast 1.7.0
// and sprig 3.3.0 strings.go, and reflect.DeepEqual.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

extern const Type int_list_type;     // []int
extern const Type nested_list_type;  // [][]interface {}

std::string text_of(const Datum& value);              // strval
std::int64_t int64_of(const Datum& value);            // cast.ToInt64: 0 for what is no number
double float64_of(const Datum& value);                // cast.ToFloat64
std::int64_t truncate_to_int64(double value);         // as amd64 converts; out of range is the minimum
// Beyond 256 levels, or a million nodes, values are not equal.
bool deep_equal(const Datum& left, const Datum& right);
// Refuses with Code::limit what is deeper or larger than that.
Result<Datum> deep_copy(const Datum& value);

// The elements of a list, []string or []uint8; nothing for other kinds.
std::optional<std::vector<Datum>> elements_of(const Datum& value);
// strslice: elements as texts without nils; a scalar is a list of itself.
std::vector<std::string> texts_of(const Datum& value);

}  // namespace holdfast::gotmpl
