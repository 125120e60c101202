// SPDX-License-Identifier: Apache-2.0
// Go's regexp through RE2: the same engine, so only error texts, replacement templates and the
// walking over empty matches need care. The door to RE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace holdfast::gotmpl {

struct Match {
  std::vector<std::optional<std::string_view>> groups;  // [0] is the whole
};

class Regex {
 public:
  // Refuses in the words of Go's regexp: "error parsing regexp: missing closing ]: `[`".
  static Result<Regex> compile(const std::string& pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  [[nodiscard]] bool matches(std::string_view text) const;
  // Up to `limit` matches, all when it is negative, with their groups when asked for.
  enum class Groups { whole, all };
  [[nodiscard]] std::vector<Match> find(std::string_view text, std::int64_t limit,
                                        Groups groups = Groups::whole) const;
  // "$1", "${name}" and "$$" of a replacement.
  void expand(std::string& out, std::string_view replacement, const Match& match) const;

 private:
  struct Compiled;
  explicit Regex(std::unique_ptr<Compiled> compiled);

  std::unique_ptr<Compiled> compiled_;
};

// Compiled patterns by text, some of them: what it gave is gone with the next compile().
class RegexCache {
 public:
  // Refuses as Regex::compile.
  Result<const Regex*> compile(const std::string& pattern);

 private:
  std::unordered_map<std::string, Regex> compiled_;
};

std::string quote_meta(std::string_view text);

}  // namespace holdfast::gotmpl
