// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) of texts so short that opening OpenSSL for them would cost more than the sum
// itself: a generated name, an annotation. Private to lib/crypto; the rest of the program asks
// digest.h, which knows from which size on OpenSSL is the faster one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast::crypto {

std::array<unsigned char, 32> short_sha256(std::string_view bytes);

}  // namespace holdfast::crypto
