// SPDX-License-Identifier: Apache-2.0
// Steps 2 to 8 of docs/formats/bundle.md, "Verification": everything that reads a bundle before it is
// known to be good. It opens nothing and talks to nobody, so that it can run where neither is
// possible (sandbox.h). Bundle::open is the way to it.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "bundle/closure.h"
#include "bundle/custody.h"
#include "bundle/index.h"
#include "bundle/statement.h"
#include "bundle/trust.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::bundle {

// Called from several threads with bytes done and bytes in all.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct OpenOptions {
  std::string installer_version;        // "" skips the check of minInstaller
  std::optional<std::string> platform;  // "linux/amd64"; nothing skips the check
  std::uint64_t minimum_epoch = 0;
  WallTime now = SystemClock().wall();   // at which certificates must be valid
  unsigned threads = 0;                  // 0: Bundle::open takes one per processor, at most 8
  std::string copy_folder = "/var/tmp";  // see hold_file
  Progress progress = {};
};

struct Verified {
  // What lies before the blobs and is not kept in another form.
  std::string statement_text;
  std::vector<crypto::DetachedSignature> signatures;
  std::string index_text;

  crypto::Sha256 id;  // of statement_text
  Statement statement;
  Closure closure;
  std::vector<std::uint64_t> places;  // of the contents, as closure.lines()
  std::vector<Item> items;
  std::vector<crypto::KeyId> signers;
};

// Refuses with the 2xxx codes and Code::wrong_architecture.
Result<Verified> verify_held(const HeldFile& file, const TrustRoot& trust,
                             const OpenOptions& options);

// What verify_held() gave, as bytes and back: the one thing that leaves the sandbox. decode() takes
// nothing on trust: lengths are checked, and what is too much is refused with Code::bundle_format.
std::string encode(const Result<Verified>& verified);
Result<Verified> decode(std::string_view bytes);

}  // namespace holdfast::bundle
