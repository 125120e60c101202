// SPDX-License-Identifier: Apache-2.0
#include "access/tokens.h"

#include <algorithm>

namespace holdfast::access {
namespace {

// As upstream: what is asked with a token ends before the token does.
constexpr auto margin = std::chrono::minutes(1);
constexpr auto longest = std::chrono::minutes(60);
constexpr auto refusal_stands = std::chrono::seconds(15);

}  // namespace

Result<Secret> Tokens::of(const std::string& holder, const http::Options& way, const Ask& ask, const std::stop_token& stop) {
  const WallTime now = clock_.wall();
  {
    auto all = kept_.lock();
    const auto found = all->find(holder);
    if (found != all->end() && now < found->second.until) return found->second.answer;
  }
  const auto transport = TRY(make_(way));
  auto granted = ask({*transport, now, stop});
  if (!granted && granted.error().code() == Code::stopped) return failure(std::move(granted).error());
  Kept kept{granted ? Result<Secret>(granted->token) : failure(granted.error()),
            granted ? std::min(granted->until - margin, now + longest) : now + refusal_stands};
  auto all = kept_.lock();
  std::erase_if(*all, [&](const auto& each) { return each.second.until <= now; });
  return all->insert_or_assign(holder, std::move(kept)).first->second.answer;
}

}  // namespace holdfast::access
