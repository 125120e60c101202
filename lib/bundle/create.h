// SPDX-License-Identifier: Apache-2.0
// Definition → bundle: every component becomes blobs and a line of the index, then all of it is
// signed. Reproducible: nothing of the machine, the time or the order of folders enters.
#pragma once

#include "base/result.h"
#include "bundle/definition.h"
#include "bundle/draft.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

struct CreateOptions {
  std::vector<crypto::Signer> keys;  // at least one
  std::string output;
  // Called before each part with what is being added.
  std::function<void(std::string_view)> on_part = [](std::string_view) {};
};

Result<Statement> create_bundle(const Definition& definition, const CreateOptions& options);

}  // namespace holdfast::bundle
