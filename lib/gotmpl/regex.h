// SPDX-License-Identifier: Apache-2.0
// What Go's regexp does beyond matching: templates of replacements, quoting; and compiled patterns kept.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "regex/expression.h"

namespace holdfast::gotmpl {

// Compiled patterns by text, some of them: what it gave is gone with the next compile().
class RegexCache {
 public:
  // Refuses as regex::Expression::compile.
  std::expected<const regex::Expression*, std::string> compile(const std::string& pattern);

 private:
  std::unordered_map<std::string, regex::Expression> compiled_;
};

// "$1", "${name}" and "$$" of a replacement.
void expand(std::string& out, std::string_view replacement, const regex::Expression& expression,
            const regex::Match& match);

std::string quote_meta(std::string_view text);

}  // namespace holdfast::gotmpl
