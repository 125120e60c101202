// SPDX-License-Identifier: Apache-2.0
#include "sync/namespaces.h"

#include <algorithm>

#include "base/glob.h"
#include "base/result.h"
#include "base/text.h"
#include "regex/expression.h"

namespace holdfast::sync {
namespace {

// An expression without lookarounds, but perhaps as what must not be found.
struct Wanted {
  std::string expression;
  bool denies = false;
};

std::optional<std::string_view> between(std::string_view text, std::string_view head, std::string_view tail) {
  if (text.size() < head.size() + tail.size() || !text.starts_with(head) || !text.ends_with(tail)) return std::nullopt;
  return text.substr(head.size(), text.size() - head.size() - tail.size());
}

Wanted read_expression(std::string_view text) {
  if (const auto denied = between(text, "^((?!", ").)*$")) return {std::string(*denied), true};
  if (const auto denied = between(text, "^(?!", ").*$")) return {fmt::format("^(?:{})", *denied), true};
  return {std::string(text), false};
}

bool matches(std::string_view text, std::string_view namespace_) {
  const auto wanted = read_expression(text);
  const auto expression = regex::Expression::compile(wanted.expression);
  return expression && expression->matches(namespace_) != wanted.denies;
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
  const auto compiled = regex::Expression::compile(read_expression(*expression).expression);
  if (compiled) return std::nullopt;
  return fmt::format("\"{}\" is no regular expression that is known here: {}", printable(pattern), compiled.error());
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
