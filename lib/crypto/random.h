// SPDX-License-Identifier: Apache-2.0
// Random bytes of the operating system, for keys, tokens and serial numbers.
#pragma once

#include "base/result.h"

#include <string>

namespace holdfast::crypto {

Result<std::string> random_bytes(std::size_t count);

}  // namespace holdfast::crypto
