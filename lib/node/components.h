// SPDX-License-Identifier: Apache-2.0
// Where the node's programs come from: a verified bundle, or a folder of files while developing.
// Names are closed: what is not listed in components.cpp is not unpacked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace holdfast::bundle {
class Bundle;
}

namespace holdfast::node {

// One file of the node component.
struct ComponentFile {
  std::string name;    // "bin/kube", "lib/libmnl.so.0", "cni/bridge", "images/coredns.tar"
  std::string digest;  // SHA-256 of its content, lower-case hex
  std::uint64_t size = 0;
};

class Components {
 public:
  virtual ~Components() = default;
  // All files, sorted by name.
  [[nodiscard]] virtual const std::vector<ComponentFile>& files() const = 0;
  // Writes the content to `fd`. The reader checks digest and size again: what lands on disk is what
  // the list says.
  virtual Result<> copy(const ComponentFile& file, int fd) const = 0;
};

// A folder with bin/, lib/, cni/ and images/, as bundles/node/build makes it.
Result<std::unique_ptr<Components>> open_folder(const std::string& path);

// The component "node" of a verified bundle, which must outlive what is returned.
Result<std::unique_ptr<Components>> open_bundle(const bundle::Bundle& bundle);

// Brings `into`/<name> to the listed content; a file whose recorded digest matches is left alone.
// Returns how many were written. Refuses with node_component, disk_full.
Result<int> unpack(const Components& components, const std::string& into);

}  // namespace holdfast::node
