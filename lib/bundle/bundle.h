// SPDX-License-Identifier: Apache-2.0
// A verified bundle, open for reading. There is no way to a Bundle but through verification, and no
// byte of it reaches a parser before the signature over it holds; what is read later is checked
// against its digest once more. The order of the checks is docs/formats/bundle.md, "Verification".
// It does not know the cluster.
#pragma once

#include "archive/stream.h"
#include "base/result.h"
#include "bundle/verification.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

class Bundle {
 public:
  // Refuses with the 2xxx codes, Code::file_missing, Code::wrong_architecture.
  static Result<Bundle> open(const std::string& path, const TrustRoot& trust,
                             const OpenOptions& options);

  [[nodiscard]] const Statement& statement() const { return verified_.statement; }

  [[nodiscard]] const crypto::Sha256& id() const { return verified_.id; }  // of the statement's bytes

  [[nodiscard]] const Closure& closure() const { return verified_.closure; }

  [[nodiscard]] const std::vector<Item>& items() const { return verified_.items; }

  [[nodiscard]] const std::vector<crypto::KeyId>& signers() const { return verified_.signers; }

  // The exact bytes that signatures are made over.
  [[nodiscard]] const std::string& statement_text() const { return verified_.statement_text; }

  [[nodiscard]] std::uint64_t size() const { return held_.size; }

  [[nodiscard]] const FileIdentity& file_identity() const { return held_.original; }

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
  [[nodiscard]] Result<std::uint64_t> place_of(const crypto::Sha256& digest) const;

  HeldFile held_;
  Verified verified_;
};

}  // namespace holdfast::bundle
