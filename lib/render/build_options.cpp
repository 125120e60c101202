// SPDX-License-Identifier: Apache-2.0
#include "render/build_options.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace holdfast::render {
namespace {

// Flags that change nothing here: charts are rendered in any case, and programs and containers never run, so a
// kustomization that needs one is refused by the name of its plugin.
constexpr auto idle_switches = std::to_array<std::string_view>(
    {"enable-helm", "enable-alpha-plugins", "enable-exec", "enable-star", "network", "as-current-user", "helm-debug"});
constexpr auto idle_values = std::to_array<std::string_view>({"helm-command", "network-name", "mount", "env", "e"});

struct Flag {
  std::string_view name;
  std::optional<std::string_view> value;
};

Error refusal(std::string_view word, std::string because) {
  return Error(Code::source_unsupported, fmt::format("kustomize.buildOptions: '{}' is not taken", printable(word)))
      .because(std::move(because))
      .fix("change kustomize.buildOptions of argocd-cm");
}

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Takes "--name=value", "--name value" or, of a switch, "--name".
class Words {
 public:
  explicit Words(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto start = text.find_first_not_of(" \t\r\n", at);
      if (start == std::string_view::npos) break;
      at = std::min(text.find_first_of(" \t\r\n", start), text.size());
      words_.push_back(text.substr(start, at - start));
    }
  }

  [[nodiscard]] bool more() const { return next_ < words_.size(); }
  std::string_view take() { return words_[next_++]; }

  Result<std::string_view> value_of(const Flag& flag) {
    if (flag.value) return *flag.value;
    if (more()) return take();
    return failure(refusal(flag.name, "the flag needs a value"));
  }

 private:
  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
};

Result<Flag> read_flag(std::string_view word) {
  auto name = word;
  const auto dashes = name.starts_with("--") ? 2U : name.starts_with('-') && name.size() == 2 ? 1U : 0U;
  if (dashes == 0) return failure(refusal(word, "it is no flag"));
  name.remove_prefix(dashes);
  const auto equals = name.find('=');
  if (equals == std::string_view::npos) return Flag{name, std::nullopt};
  return Flag{name.substr(0, equals), name.substr(equals + 1)};
}

template <class T>
using Legal = std::array<std::pair<std::string_view, T>, 2>;
constexpr Legal<kustomize::Reading> restrictors{
    {{"LoadRestrictionsRootOnly", kustomize::Reading::root_only}, {"LoadRestrictionsNone", kustomize::Reading::anywhere}}};
constexpr Legal<kustomize::Order> orders{{{"legacy", kustomize::Order::legacy}, {"none", kustomize::Order::fifo}}};

template <class T>
Result<T> choose(const Flag& flag, std::string_view value, const Legal<T>& legal) {
  const auto found = std::ranges::find(legal, value, &std::pair<std::string_view, T>::first);
  if (found != legal.end()) return found->second;
  return failure(refusal(fmt::format("--{} {}", flag.name, value), fmt::format("legal are {} and {}", legal[0].first, legal[1].first)));
}

Result<> apply(const Flag& flag, Words& words, BuildOptions& out) {
  using kustomize::ManagedBy;
  if (is_one_of(idle_switches, flag.name)) return {};
  if (flag.name == "enable-managedby-label") {
    out.managed_by = flag.value == "false" ? ManagedBy::as_asked : ManagedBy::always;
    return {};
  }
  const bool known = is_one_of(idle_values, flag.name) || flag.name == "load-restrictor" || flag.name == "reorder" ||
                     flag.name == "helm-kube-version" || flag.name == "helm-api-versions";
  if (!known) return failure(refusal(flag.name, "no such flag means anything here"));
  const auto value = TRY(words.value_of(flag));
  if (flag.name == "load-restrictor") {
    out.reading = TRY(choose(flag, value, restrictors));
  } else if (flag.name == "reorder") {
    out.order = TRY(choose(flag, value, orders));
  } else if (flag.name == "helm-kube-version") {
    out.kube_version = value;
  } else if (flag.name == "helm-api-versions") {
    out.api_versions.emplace_back(value);
  }
  return {};
}

}  // namespace

Result<BuildOptions> parse_build_options(std::string_view text) {
  BuildOptions out;
  Words words(text);
  while (words.more()) {
    const auto flag = TRY(read_flag(words.take()));
    TRY(apply(flag, words, out));
  }
  return out;
}

}  // namespace holdfast::render
