// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "archive/stream.h"
#include "bundle/bundle.h"
#include "node/components.h"

namespace holdfast::node {
namespace {

class BundleComponents final : public Components {
 public:
  BundleComponents(const bundle::Bundle& bundle, std::vector<ComponentFile> files)
      : bundle_(bundle), files_(std::move(files)) {}

  [[nodiscard]] const std::vector<ComponentFile>& files() const override { return files_; }

  Result<> copy(const ComponentFile& file, int fd) const override {
    const auto* part = bundle_.find_file("node", file.name);
    if (part == nullptr) return failure(Code::node_component, "the bundle has no file \"{}\"", file.name);
    const auto sink = archive::sink_to_fd(fd);
    return part->expanded_digest ? bundle_.expand(part->digest, sink) : bundle_.copy(part->digest, sink);
  }

 private:
  const bundle::Bundle& bundle_;
  std::vector<ComponentFile> files_;
};

}  // namespace

Result<std::unique_ptr<Components>> open_bundle(const bundle::Bundle& bundle) {
  std::vector<ComponentFile> files;
  for (const auto* item : bundle.items_of("node", bundle::ItemKind::files)) {
    for (const auto& part : item->parts) {
      if (part.name.empty()) continue;
      const bool stored = !part.expanded_digest;
      files.push_back({part.name, (stored ? part.digest : *part.expanded_digest).hex(),
                       stored ? part.size : part.expanded_size});
    }
  }
  if (files.empty()) {
    return failure(Error(Code::bundle_policy, "the bundle holds no node")
                       .fix("give a bundle whose definition includes bundles/node.toml"));
  }
  std::ranges::sort(files, {}, &ComponentFile::name);
  return std::unique_ptr<Components>(std::make_unique<BundleComponents>(bundle, std::move(files)));
}

}  // namespace holdfast::node
