// SPDX-License-Identifier: Apache-2.0
// The Helm corpora (../shared/corpus) as cases: read out of their archives into memory, rendered
// through lib/helm as `helm template` would be called. It does not know what is right.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "tree/memory_tree.h"
#include "value/value.h"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::helm {

// What one version of Helm did: its output, or its error text.
struct Expected {
  std::optional<std::string> output;
  std::string error;
};

struct Case {
  std::string name;
  std::string folder;  // in the archive
  std::string chart;   // folder of the chart in the archive
  Value command;       // cmd.json
  Expected helm4;
  Expected helm3;
};

struct Corpus {
  tree::MemoryTree tree;
  std::vector<Case> cases;
};

// Nothing when the archive is absent.
Result<std::optional<Corpus>> read_corpus(const std::string& archive_name);

// The standard output of `helm template` with the case's flags.
Result<std::string> render_case(const Corpus& corpus, const Case& each, gotmpl::Flavor flavor);

}  // namespace holdfast::helm
