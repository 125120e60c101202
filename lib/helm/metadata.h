// SPDX-License-Identifier: Apache-2.0
// What the fields of Chart.yaml and requirements.yaml must be. Go's decoder refuses a document of
// other shapes; null is nothing everywhere, and a number or boolean is a text.
// Mirrors helm 4.3 pkg/chart/v2/{metadata,dependency}.go.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <string>
#include <string_view>

namespace holdfast::helm {

// `text` is what the document was read from, `file` its name in the error. Refuses with Code::chart,
// at the field.
Result<> check_metadata_shapes(const Value& document, std::string_view text,
                               const std::string& file);

}  // namespace holdfast::helm
