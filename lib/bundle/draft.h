// SPDX-License-Identifier: Apache-2.0
// A bundle in the making: blobs collect in one file without a name beside the output, then
// statement, tables and the blobs in use are written in one pass. Same blobs, same items, same
// keys: same bytes. It does not know where contents come from.
#pragma once

#include "archive/stream.h"
#include "base/handle.h"
#include "base/result.h"
#include "bundle/closure.h"
#include "bundle/index.h"
#include "bundle/statement.h"
#include "crypto/detached.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

// A file without a name in `folder`, gone when it is closed.
Result<FileDescriptor> make_scratch(const std::string& folder);

struct Stored {
  crypto::Sha256 digest;
  std::uint64_t size = 0;
};

class Draft {
 public:
  // `folder` must have room for all blobs.
  static Result<Draft> start(const std::string& folder);

  // Keeps a content that may or may not become part of the bundle.
  Result<Stored> store(const archive::Source& source);

  Result<Stored> store(std::string_view bytes) { return store(archive::source_of(bytes)); }

  struct Compressed {
    Stored stored;
    std::uint64_t expanded_size = 0;
    crypto::Sha256 expanded_digest;
  };

  // Keeps the zstd form of `size` bytes of `source`.
  Result<Compressed> store_compressed(const archive::Source& source, std::uint64_t size);

  [[nodiscard]] bool has(const crypto::Sha256& digest) const { return spooled_.contains(digest); }

  [[nodiscard]] std::optional<Stored> find(const crypto::Sha256& digest) const;
  [[nodiscard]] Result<std::string> read(const crypto::Sha256& digest, std::uint64_t limit) const;

  // Makes a stored content part of the bundle. The first role given stays.
  void use(const crypto::Sha256& digest, Role role,
           std::optional<std::uint64_t> expanded = std::nullopt);

  // A line of the index; `descriptor` names a manifest in use.
  void add_item(Value descriptor) { items_.push_back(std::move(descriptor)); }

  // The line of the index with this name, or null.
  [[nodiscard]] const Value* find_item(std::string_view name) const;

  // Stores `document` as a manifest in use and returns its descriptor.
  Result<Value> add_manifest(const Value& document);

  [[nodiscard]] const std::string& folder() const { return folder_; }

  // Fills in what the statement says of the content, signs it, and writes the bundle to `path`:
  // complete and synced under that name, or not at all.
  Result<Statement> write(Statement statement, const std::vector<crypto::Signer>& keys,
                          const std::string& path) const;

 private:
  struct Place {
    std::uint64_t at;
    std::uint64_t size;
  };

  Result<> write_to(int fd, const Statement& statement,
                    const std::vector<crypto::Signer>& keys) const;

  std::string folder_;
  FileDescriptor spool_;
  std::uint64_t spool_end_ = 0;
  std::map<crypto::Sha256, Place> spooled_;
  std::map<crypto::Sha256, ClosureLine> used_;
  Array items_;
};

// What a signature in minisign's form says of the bundle, under its own signature.
std::string signature_comment(const Statement& statement);

// An OCI descriptor of a stored content.
Value descriptor_of(const Stored& stored, std::string_view media_type);

}  // namespace holdfast::bundle
