// SPDX-License-Identifier: Apache-2.0
// A small file system in memory, for tests of a full disk.
#pragma once

#include <optional>
#include <string>

namespace holdfast::e2e {

// Mounts of this process from here on are seen by it and its children only. Returns why it cannot.
std::optional<std::string> enter_private_mounts();

// Mounted at `folder` while it lives. Requires: enter_private_mounts().
class Disk {
 public:
  Disk(std::string folder, long bytes);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Fills it up but for `pages` of 4096 bytes; or takes the filling away.
  void leave(long pages) const;
  void leave_all() const;
  void resize(long bytes) const;

 private:
  [[nodiscard]] std::string filling() const { return folder_ + "/filling"; }

  std::string folder_;
};

}  // namespace holdfast::e2e
