// SPDX-License-Identifier: Apache-2.0
// `holdfast explain CODE`: the section of docs/errors.md, embedded into the program.
#pragma once

#include <string>

#include "base/result.h"
#include "console.h"

namespace holdfast::bootstrap {

struct ExplainOptions {
  std::string code;  // "HF-E-2002"; empty lists all
};

Result<> run_explain(const ExplainOptions& options, Console& console);

}  // namespace holdfast::bootstrap
