// SPDX-License-Identifier: Apache-2.0
// What the builder itself put into an image or a component of files, as a CycloneDX 1.5 document of its
// own artifact: every file with its digest, and the packages that it is made of (packages.h). Neither
// times nor serial numbers enter: the same inputs on machines with the same packages give the same bytes.
#pragma once

#include "base/result.h"
#include "bundle/draft.h"

#include <string>
#include <vector>

namespace holdfast::bundle {

struct Ingredient {
  std::string path;  // where it lies inside
  std::string from;  // on this machine
  crypto::Sha256 digest;
};

// The ingredient that is a file of this machine.
Result<Ingredient> ingredient_of(std::string path, const std::string& from);

// Adds two documents about `item`, a line of the index, which they name as their subject: a CycloneDX
// SBOM, and SLSA provenance.
Result<> describe(Draft& draft, const Value& item, const std::vector<Ingredient>& ingredients);

// A statement on vulnerabilities from elsewhere, OpenVEX or CycloneDX.
struct VexSource {
  std::string subject;  // an item's name
  std::string path;
};

// Refuses with Code::bundle_definition when there is no such item, or the file is no such document.
Result<> add_vex(Draft& draft, const VexSource& vex);

}  // namespace holdfast::bundle
