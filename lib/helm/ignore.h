// SPDX-License-Identifier: Apache-2.0
// .helmignore: which files of a chart's folder Helm does not load.
// Mirrors helm 4.3 internal/ignore/rules.go (helm.sh/helm/v4/pkg/ignore), its odd negation
// included.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

enum class PathKind { file, directory };

class IgnoreRules {
 public:
  // The default rule alone: templates/.?*
  IgnoreRules();
  // Refuses with Code::chart a pattern with a double star.
  Result<> parse(std::string_view text, const std::string& where);
  [[nodiscard]] bool ignores(std::string_view path, PathKind kind) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool directories_only = false;
    bool whole_path = false;  // matched against the path, else against its last component
  };

  void add(std::string_view line);

  std::vector<Rule> rules_;
};

// Go's path/filepath.Match: * and ? do not match '/', [a-z], [^a], backslash. base/glob is gobwas's, where
// braces, [!a] and ** mean something.
bool file_match(std::string_view pattern, std::string_view name);

}  // namespace holdfast::helm
