// SPDX-License-Identifier: Apache-2.0
// `holdfast trust init | add | accept | require | list | remove | publish | sign | update | keygen`: whose signatures this machine accepts.
#pragma once

#include "base/result.h"
#include "console.h"

#include <string>
#include <vector>

namespace holdfast::bootstrap {

struct TrustInitOptions {
  std::string folder;             // empty: the user's own
  std::string root;               // a published root, instead of keys
  std::string pin;                // and its fingerprint
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

struct TrustAcceptOptions {
  std::string folder;
  std::vector<std::string> names, channels;  // empty: any
};

// Says which bundles are taken, by name and channel.
Result<> run_trust_accept(const TrustAcceptOptions& options, Console& console);

struct TrustPublishOptions {
  std::string folder;
  std::uint64_t version = 0;
  std::string output;
};

// Writes the root as a version of a chain, to be signed with trust sign or a stock program.
Result<> run_trust_publish(const TrustPublishOptions& options, Console& console);

struct TrustSignOptions {
  std::string root;
  std::vector<std::string> sign_keys;
  std::string passphrase_file;
};

// Writes <root>.<key id>.minisig, .p7s or .sig beside a published root.
Result<> run_trust_sign(const TrustSignOptions& options, Console& console);

struct TrustUpdateOptions {
  std::string folder;
  std::string root;
};

// Takes the next published root, with the signatures beside it, in place of the one that is held.
Result<> run_trust_update(const TrustUpdateOptions& options, Console& console);

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
