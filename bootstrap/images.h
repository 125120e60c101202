// SPDX-License-Identifier: Apache-2.0
// A bundle's images on this machine's node: what `up` and `node up` share.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "bundle/bundle.h"
#include "node/node.h"

namespace holdfast::bootstrap {

// Loads every image of the bundle into the node's containerd; those that are there cost one look.
// Returns how many the bundle has.
Result<std::size_t> import_bundle_images(const bundle::Bundle& bundle, const std::string& state_dir, const node::Progress& progress);

}  // namespace holdfast::bootstrap
