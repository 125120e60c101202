// SPDX-License-Identifier: Apache-2.0
#include "charts/cache.h"

#include "base/text.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace holdfast::charts {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

struct Kept {
  fs::path path;
  std::uint64_t size;
  fs::file_time_type used;
};

std::vector<Kept> packages_in(const std::string& folder) {
  std::vector<Kept> kept;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder, status)) {
    const auto size = entry.file_size(status);
    if (status) continue;
    kept.push_back({entry.path(), size, entry.last_write_time(status)});
  }
  std::ranges::sort(kept, {}, &Kept::used);
  return kept;
}

}  // namespace

Result<std::unique_ptr<Cache>> Cache::open(const std::string& folder, const CacheLimits& limits) {
  std::error_code status;
  for (const std::string_view part : {"packages", "names"}) {
    fs::create_directories(fs::path(folder) / part, status);
    if (!status) continue;
    return failure(Error(Code::file_unwritable, "the folder of the chart cache cannot be made")
                       .at(folder)
                       .because(status.message()));
  }
  return std::make_unique<Cache>(Private{}, folder, limits);
}

std::string Cache::package_path(const crypto::Sha256& digest) const {
  return fmt::format("{}/packages/{}", folder_, digest.hex());
}

std::string Cache::names_folder(const std::string& repository) const {
  return fmt::format("{}/names/{}", folder_, crypto::sha256(repository).hex());
}

std::string Cache::name_path(const CacheName& name) const {
  return fmt::format("{}/{}", names_folder(name.repository), crypto::sha256(name.package).hex());
}

std::optional<std::string> Cache::find(const crypto::Sha256& digest) {
  const auto path = package_path(digest);
  auto bytes = slurp(path);
  if (!bytes) return std::nullopt;
  std::error_code ignored;
  if (crypto::sha256(*bytes) != digest) {
    fs::remove(path, ignored);
    return std::nullopt;
  }
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
  return bytes;
}

std::optional<std::string> Cache::find(const CacheName& name) {
  const auto text = slurp(name_path(name));
  if (!text) return std::nullopt;
  const auto digest = crypto::parse_sha256_hex(trim(*text));
  return digest ? find(*digest) : std::nullopt;
}

bool Cache::write(const std::string& path, std::string_view bytes) const {
  const auto partial = path + ".partial";
  std::error_code ignored;
  {
    std::ofstream file(partial, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) {
      fs::remove(partial, ignored);
      return false;
    }
  }
  fs::rename(partial, path, ignored);
  return !ignored;
}

void Cache::make_room(std::uint64_t bytes) {
  const auto kept = packages_in(folder_ + "/packages");
  std::uint64_t sum = bytes;
  for (const auto& each : kept)
    sum += each.size;
  std::error_code ignored;
  for (const auto& each : kept) {
    if (sum <= limits_.bytes_max) return;
    fs::remove(each.path, ignored);
    sum -= each.size;
  }
}

void Cache::keep(const CacheName& name, const std::string& bytes) {
  if (bytes.size() > limits_.bytes_max) return;
  const auto digest = crypto::sha256(bytes);
  const auto lock = writing_.lock();
  make_room(bytes.size());
  std::error_code ignored;
  fs::create_directories(names_folder(name.repository), ignored);
  if (write(package_path(digest), bytes)) write(name_path(name), digest.hex());
}

void Cache::forget(const std::string& repository) {
  const auto lock = writing_.lock();
  std::error_code ignored;
  fs::remove_all(names_folder(repository), ignored);
}

}  // namespace holdfast::charts
