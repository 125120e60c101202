// SPDX-License-Identifier: Apache-2.0
// `holdfast bundle create | sign | verify | inspect`. What is shown of a bundle was verified before.
#pragma once

#include "base/result.h"
#include "bundle/bundle.h"
#include "console.h"

#include <string>
#include <vector>

namespace holdfast::bootstrap {

struct BundleCreateOptions {
  std::string definition;
  std::string output;
  std::vector<std::string> sign_keys;  // files, or URIs of keys in hardware
  std::string passphrase_file;         // for keys that are encrypted
  std::vector<std::string> variables;  // "name=value"
  std::string issued_at;               // RFC 3339; empty: SOURCE_DATE_EPOCH, or not said
};

Result<> run_bundle_create(const BundleCreateOptions& options, Console& console);

struct BundleOptions {
  std::string path;
  std::string trust_folder;  // empty: the user's own
};

Result<> run_bundle_verify(const BundleOptions& options, Console& console);
Result<> run_bundle_inspect(const BundleOptions& options, Console& console);

struct BundleSignOptions {
  BundleOptions bundle;
  std::string output;
  std::vector<std::string> sign_keys;
  std::string passphrase_file;
  std::vector<std::string> signatures;  // files, made elsewhere over the statement
};

// Adds signatures to a bundle that carries one of a release key already; no other content changes.
Result<> run_bundle_sign(const BundleSignOptions& options, Console& console);

// Verifies with a running step that shows progress: what every command does before it uses a
// bundle. `platform` as OpenOptions::platform.
Result<bundle::Bundle> open_bundle(const BundleOptions& options, Console& console,
                                   std::optional<std::string> platform = std::nullopt);

// "linux/amd64": what this program was built for.
std::string own_platform();

}  // namespace holdfast::bootstrap
