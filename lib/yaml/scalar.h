// SPDX-License-Identifier: Apache-2.0
// What a plain scalar means. It does not know documents.
// Mirrors resolve.go of go-yaml v2.4.0 (Dialect::kube) and v3.0.1 (Dialect::kyaml).
#pragma once

#include "value/value.h"
#include "yaml/yaml.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::yaml {

enum class ScalarKind { text, null, boolean, integer, real, not_a_number, timestamp };

struct Scalar {
  ScalarKind kind = ScalarKind::text;
  Value value;  // null for text; the RFC 3339 text for a timestamp
};

Scalar resolve(std::string_view text, Dialect dialect);

// Nothing but text in either dialect, as its length and first character show; false decides nothing.
bool is_surely_text(std::string_view text);

// "12:30:45": a number in base 60 to YAML 1.1 readers, text to go-yaml, which quotes it for them.
bool is_base60(std::string_view text);

// A float64 as Go's strconv.FormatFloat(value, 'g', -1, 64) prints it.
std::string format_general(double value);

// The same for float32, as sigs.k8s.io/yaml turns a real key into text.
std::string format_general_single(float value);

}  // namespace holdfast::yaml
