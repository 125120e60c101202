// SPDX-License-Identifier: Apache-2.0
// What was verified, kept in the state folder: <state>/install/verified/<digest of the statement>.json
// says which bundle, by whom signed, under which trust root, when, and which file it was. It is a
// record for people and for what comes after; nothing skips a verification because of it.
#pragma once

#include <string>

#include "base/clock.h"
#include "bundle/bundle.h"

namespace holdfast::bootstrap {

// Written anew each time. Refuses with Code::disk_full or Code::file_unwritable.
Result<> record_verified(const std::string& state_dir, const bundle::Bundle& bundle,
                         const std::string& path, const bundle::TrustRoot& trust, WallTime now);

}  // namespace holdfast::bootstrap
