// SPDX-License-Identifier: Apache-2.0
// Packages on disk under their digest, and which name had which digest when it was fetched. What is
// read back is hashed again: a damaged file is as good as none. Losing the folder costs downloads.
// It does not know repositories.
#pragma once

#include "base/guarded.h"
#include "base/result.h"
#include "crypto/digest.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::charts {

struct CacheLimits {
  std::uint64_t bytes_max = std::uint64_t{512} << 20;  // of all packages; the oldest go first
};

struct CacheName {
  std::string repository;  // what forget() forgets at once
  std::string package;
};

// Thread-safe. The folder belongs to one object alone.
class Cache {
 public:
  // Made when absent. Refuses with Code::file_unwritable.
  static Result<std::unique_ptr<Cache>> open(const std::string& folder, const CacheLimits& limits);

  // The package that was kept under `name`, or of that digest.
  std::optional<std::string> find(const CacheName& name);
  std::optional<std::string> find(const crypto::Sha256& digest);
  // Complete under its digest or not at all. A full disk is not an error: nothing is kept then.
  void keep(const CacheName& name, const std::string& bytes);
  // Forgets which digests the repository's packages had.
  void forget(const std::string& repository);

  class Private {
    friend class Cache;
    Private() = default;
  };

  Cache(Private, std::string folder, const CacheLimits& limits)
      : folder_(std::move(folder)), limits_(limits) {}

 private:
  [[nodiscard]] std::string package_path(const crypto::Sha256& digest) const;
  [[nodiscard]] std::string names_folder(const std::string& repository) const;
  [[nodiscard]] std::string name_path(const CacheName& name) const;
  bool write(const std::string& path, std::string_view bytes) const;
  void make_room(std::uint64_t bytes);

  std::string folder_;
  CacheLimits limits_;
  Guarded<std::monostate> writing_;
};

}  // namespace holdfast::charts
