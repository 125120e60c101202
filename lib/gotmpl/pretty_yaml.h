// SPDX-License-Identifier: Apache-2.0
// toYamlPretty: go-yaml v3's encoder with an indent of 2, on the template's values as they are.
// Mirrors sigs.k8s.io/yaml 1.6.0 goyaml.v3 encode.go and emitterc.go.
#pragma once

#include <string>

#include "base/result.h"
#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

Result<std::string> write_pretty_yaml(const Datum& value);

}  // namespace holdfast::gotmpl
