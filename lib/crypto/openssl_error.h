// SPDX-License-Identifier: Apache-2.0
// OpenSSL's error queue as our Error. Only reason texts are taken: the queue's data strings may
// hold file content. Internal to the module.
#pragma once

#include "base/result.h"

#include <string>

namespace holdfast::crypto {

// Empties the queue of this thread.
std::unexpected<Error> openssl_failure(std::string what, Code code = Code::internal);

}  // namespace holdfast::crypto
