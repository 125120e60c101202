// SPDX-License-Identifier: Apache-2.0
// The secret half that --sign-key names, for bundles and trust roots.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/detached.h"

namespace holdfast::bootstrap {

// A file, or a URI of OpenSSL's stores and engines ("pkcs11:…"). Refuses with Code::usage when the file
// is encrypted and no pass phrase is given.
Result<crypto::Signer> load_signer(const std::string& key, const std::string& passphrase_file);

}  // namespace holdfast::bootstrap
