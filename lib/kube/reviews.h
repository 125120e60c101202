// SPDX-License-Identifier: Apache-2.0
// Questions about identities: may someone do something, who owns a token, a token for a service
// account. It does not know what the answers are used for.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "kube/client.h"

#include <map>
#include <string>
#include <vector>

namespace holdfast::kube {

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

// One of: a resource (group, resource, …) or a path ("/metrics").
struct Access {
  std::string verb;
  std::string group;
  std::string resource;
  std::string subresource;
  std::string namespace_;
  std::string name;
  std::string path;
};

struct Verdict {
  bool allowed = false;
  std::string reason;  // the authorizer's own words, often ""
};

// SelfSubjectAccessReview.
Result<Verdict> may_i(Client& client, const Access& access);
// SubjectAccessReview: asked by a server about its caller.
Result<Verdict> may_user(Client& client, const User& user, const Access& access);

struct ServiceAccount {
  std::string namespace_;
  std::string name;
};

struct GrantedToken {
  Secret token;
  WallTime expires{};
};

// TokenRequest. The server gives at least 10 minutes.
Result<GrantedToken> request_token(Client& client, const ServiceAccount& account,
                                   const std::vector<std::string>& audiences, Duration valid_for);

// TokenReview. Code::forbidden when the token is nobody's or for none of these audiences.
Result<User> review_token(Client& client, const Secret& token,
                          const std::vector<std::string>& audiences);

}  // namespace holdfast::kube
