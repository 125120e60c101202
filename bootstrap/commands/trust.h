// SPDX-License-Identifier: Apache-2.0
// `holdfast trust init | add | require | list | remove | keygen`: whose signatures this machine accepts.
#pragma once

#include "base/result.h"
#include "console.h"

#include <string>
#include <vector>

namespace holdfast::bootstrap {

struct TrustInitOptions {
  std::string folder;             // empty: the user's own
  std::vector<std::string> keys;  // public key or certificate files
  std::string note;
};

// Refuses to replace a trust root that is there and differs.
Result<> run_trust_init(const TrustInitOptions& options, Console& console);

enum class Confirm { ask, given };

struct TrustAddOptions {
  std::string folder;
  std::string key;
  std::vector<std::string> roles;  // empty: release
  std::string note;
  Confirm confirm = Confirm::ask;  // asks on a terminal only
};

Result<> run_trust_add(const TrustAddOptions& options, Console& console);

struct TrustRemoveOptions {
  std::string folder;
  std::string id;  // 16 digits
};

Result<> run_trust_remove(const TrustRemoveOptions& options, Console& console);

struct TrustRequireOptions {
  std::string folder;
  std::string role;
  std::size_t count = 1;
};

// How many signatures of a role every bundle must carry.
Result<> run_trust_require(const TrustRequireOptions& options, Console& console);

struct TrustListOptions {
  std::string folder;
};

Result<> run_trust_list(const TrustListOptions& options, Console& console);

struct KeygenOptions {
  std::string key;         // the secret half, mode 0600
  std::string public_key;  // empty: key + ".pub"
};

// Makes a key for signing bundles, in minisign's format, without a pass phrase. Refuses with
// Code::usage when a file is there already.
Result<> run_trust_keygen(const KeygenOptions& options, Console& console);

}  // namespace holdfast::bootstrap
