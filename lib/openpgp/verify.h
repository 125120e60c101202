// SPDX-License-Identifier: Apache-2.0
// A detached OpenPGP signature over bytes, judged by a set of public keys: no key ring, no trust
// database, no home folder and no program. It does not know Git, or which keys are allowed.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::openpgp {

enum class Verdict { good, bad, expired_signature, expired_key, revoked_key, missing_key };

// As Argo CD 3.6 words them in its problems: "bad signature", "missing key", …
std::string_view verdict_text(Verdict verdict);

struct Signature {
  Verdict verdict = Verdict::bad;
  std::string key_id;      // of the key that signed, sixteen capital digits; "" when it is not said
  std::string primary_id;  // of the key that this one is a subkey of; "" where it is none
};

// `keys` are armoured; one that cannot be read is as good as none. A signature that is damaged, made
// with SHA-1 or MD5, or accompanied by a second one is bad.
Result<Signature> verify_detached(const std::vector<std::string>& keys, std::string_view payload,
                                  std::string_view signature, WallTime now);

}  // namespace holdfast::openpgp
