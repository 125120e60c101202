// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens signed with RS256 (RFC 7515 3.1, RFC 7518 3.3): how the holder of a key shows himself to the
// service that knows its public half. It does not know what is claimed.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::crypto {

// `header` and `claims` are JSON text; the key is RSA's in PEM (PKCS #1 or PKCS #8), without a pass phrase.
// Refuses with Code::wrong_type what is none.
Result<Secret> make_jwt(std::string_view header, std::string_view claims, const Secret& key_pem);

}  // namespace holdfast::crypto
