// SPDX-License-Identifier: Apache-2.0
#include "sync/namespaces.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/glob.h"
#include "base/result.h"
#include "base/text.h"

namespace holdfast::sync {
namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// An expression as RE2 takes it: without lookarounds, but perhaps as what must not be found.
struct Expression {
  std::string_view text;
  bool denies = false;
  re2::RE2::Anchor anchor = re2::RE2::UNANCHORED;
};

std::optional<std::string_view> between(std::string_view text, std::string_view head, std::string_view tail) {
  if (text.size() < head.size() + tail.size() || !text.starts_with(head) || !text.ends_with(tail)) return std::nullopt;
  return text.substr(head.size(), text.size() - head.size() - tail.size());
}

Expression read_expression(std::string_view text) {
  if (const auto denied = between(text, "^((?!", ").)*$")) return {*denied, true, re2::RE2::UNANCHORED};
  if (const auto denied = between(text, "^(?!", ").*$")) return {*denied, true, re2::RE2::ANCHOR_START};
  return {text, false, re2::RE2::UNANCHORED};
}

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

bool matches(std::string_view text, std::string_view namespace_) {
  const auto expression = read_expression(text);
  const re2::RE2 program(piece(expression.text), quiet());
  if (!program.ok()) return false;
  return program.Match(piece(namespace_), 0, namespace_.size(), expression.anchor, nullptr, 0) != expression.denies;
}

}  // namespace

bool lists_namespace(const std::vector<std::string>& patterns, std::string_view namespace_) {
  return std::ranges::any_of(patterns, [&](std::string_view pattern) {
    const auto expression = between(pattern, "/", "/");
    return expression ? matches(*expression, namespace_) : glob_match(pattern, namespace_);
  });
}

std::optional<std::string> namespace_pattern_problem(std::string_view pattern) {
  const auto expression = between(pattern, "/", "/");
  if (!expression) {
    if (glob_valid(pattern)) return std::nullopt;
    return fmt::format("\"{}\" is no glob", printable(pattern));
  }
  const re2::RE2 program(piece(read_expression(*expression).text), quiet());
  if (program.ok()) return std::nullopt;
  return fmt::format("\"{}\" is no regular expression that is known here: {}", printable(pattern), program.error());
}

std::string instance_name(const ApplicationName& application, std::string_view control_namespace) {
  if (application.namespace_.empty() || application.namespace_ == control_namespace) return application.name;
  return application.namespace_ + "_" + application.name;
}

ApplicationName parse_instance_name(std::string_view instance, std::string_view control_namespace) {
  const auto end = instance.find('_');
  if (end == std::string_view::npos) return {std::string(control_namespace), std::string(instance)};
  return {std::string(instance.substr(0, end)), std::string(instance.substr(end + 1))};
}

}  // namespace holdfast::sync
