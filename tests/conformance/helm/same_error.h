// SPDX-License-Identifier: Apache-2.0
// Is our error the one that Helm printed: the same cause at the same place? The words around may be
// other ones.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

// What Helm's text says: "probe/templates/t.yaml:6:9" from the outermost template to the innermost,
// and the last cause. Without places it is an error of the chart or its values, whose cause is
// compared by no machine.
struct HelmError {
  std::vector<std::string> places;
  std::string cause;
};

HelmError read_helm_error(std::string_view text);

// Nothing when it is, else what is missing.
std::string difference_of(const Error& error, std::string_view helm_text);

}  // namespace holdfast::helm
