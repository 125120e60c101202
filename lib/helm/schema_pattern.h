// SPDX-License-Identifier: Apache-2.0
// A schema's regular expression: the door to RE2, which reads what Go's regexp reads. Private to
// lib/helm.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

namespace re2 {
class RE2;
}

namespace holdfast::helm {

class Pattern {
 public:
  // Nothing when the text is no pattern.
  static std::optional<Pattern> compile(std::string_view text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Does it match anywhere in the text?
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace holdfast::helm
