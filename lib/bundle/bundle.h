// SPDX-License-Identifier: Apache-2.0
// A verified bundle, open for reading. There is no way to a Bundle but through verification, and no
// byte of it reaches a parser before the signature over it holds; what is read later is checked
// against its digest once more. The order of the checks is docs/formats/bundle.md, "Verification".
// It does not know the cluster.
#pragma once

#include "archive/stream.h"
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
#include <string_view>
#include <vector>

namespace holdfast::bundle {

// Called from several threads with bytes done and bytes in all.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct OpenOptions {
  std::string installer_version;        // "" skips the check of minInstaller
  std::optional<std::string> platform;  // "linux/amd64"; nothing skips the check
  std::uint64_t minimum_epoch = 0;
  WallTime now = SystemClock().wall();  // at which certificates must be valid
  unsigned threads = 0;                  // 0: as many as processors, at most 8
  std::string copy_folder = "/var/tmp";  // see hold_file
  Progress progress = {};
};

class Bundle {
 public:
  // Refuses with the 2xxx codes, Code::file_missing, Code::wrong_architecture.
  static Result<Bundle> open(const std::string& path, const TrustRoot& trust,
                             const OpenOptions& options);

  [[nodiscard]] const Statement& statement() const { return statement_; }

  [[nodiscard]] const crypto::Sha256& id() const { return id_; }  // of the statement's bytes

  [[nodiscard]] const Closure& closure() const { return closure_; }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }

  [[nodiscard]] const std::vector<crypto::KeyId>& signers() const { return signers_; }

  // The exact bytes that signatures are made over.
  [[nodiscard]] const std::string& statement_text() const { return head_.statement; }

  [[nodiscard]] std::uint64_t size() const { return held_.size; }

  [[nodiscard]] Custody custody() const { return held_.custody; }

  [[nodiscard]] std::vector<const Item*> items_of(std::string_view component, ItemKind kind) const;
  // The file `name` of component `component`, or null.
  [[nodiscard]] const Part* find_file(std::string_view component, std::string_view name) const;

  // A blob's bytes, checked. Refuses with Code::limit above `limit`.
  [[nodiscard]] Result<std::string> read(const crypto::Sha256& digest, std::uint64_t limit) const;
  // As it is stored, or expanded to its signed size. The digest is checked at the end: what went
  // into the sink counts only when this succeeds.
  Result<> copy(const crypto::Sha256& digest, const archive::Sink& sink) const;
  Result<> expand(const crypto::Sha256& digest, const archive::Sink& sink) const;
  // Writes a file part to `path` with its mode: complete and synced under that name, or not at all.
  Result<> install_file(const Part& file, const std::string& path) const;
  // One image as an OCI archive, as `ctr images import` and `skopeo copy oci-archive:` take it.
  Result<> write_image_archive(const Item& image, const archive::Sink& sink) const;
  // The same bundle with `more` signatures beside its own, written to `path`: complete, or not at
  // all. One of the same key and form is replaced.
  Result<> write_with(const std::vector<crypto::DetachedSignature>& more,
                      const std::string& path) const;

 private:
  struct Opening;

  // What lies before the blobs and is not kept in another form.
  struct Head {
    std::string statement;
    std::vector<crypto::DetachedSignature> signatures;
    std::string index;
  };

  [[nodiscard]] Result<std::uint64_t> place_of(const crypto::Sha256& digest) const;

  HeldFile held_;
  Head head_;
  crypto::Sha256 id_;
  Statement statement_;
  Closure closure_;
  std::vector<std::uint64_t> places_;  // of the contents, as closure_.lines()
  std::vector<Item> items_;
  std::vector<crypto::KeyId> signers_;
};

}  // namespace holdfast::bundle
