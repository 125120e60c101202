// SPDX-License-Identifier: Apache-2.0
#include "base/flag.h"

#include "base/text.h"

namespace holdfast {

FlagWord read_flag(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

Error unknown_flag(std::string_view word, std::span<const std::string_view> known, std::string_view program) {
  Error error(Code::usage, fmt::format("\"{}\" is not a flag of {}", printable(word), program));
  const auto close = nearest(read_flag(word).name, known);
  return std::move(error).fix(close ? fmt::format("did you mean --{} ?", *close) : fmt::format("{} --help", program));
}

}  // namespace holdfast
