// SPDX-License-Identifier: Apache-2.0
#include "agent/web/push_identity.h"

#include "agent/web/push_endpoint.h"
#include "base/text.h"
#include "kube/reviews.h"

namespace holdfast::agent {

std::function<Result<std::string>(const Secret&)> pushers(kube::Client& client,
                                                          const std::string& engine_namespace) {
  const std::string account =
      fmt::format("system:serviceaccount:{}:holdfast-push", engine_namespace);
  return [&client, account](const Secret& token) -> Result<std::string> {
    auto user = TRY(kube::review_token(client, token, {std::string(push_audience)}));
    if (user.name == account) return std::move(user.name);
    return failure(Code::forbidden, "\"{}\" may not push, only {}", printable(user.name), account);
  };
}

}  // namespace holdfast::agent
