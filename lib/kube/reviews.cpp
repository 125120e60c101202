// SPDX-License-Identifier: Apache-2.0
#include "kube/reviews.h"

#include "base/text.h"
#include "http/url.h"

#include <algorithm>

namespace holdfast::kube {
namespace {

Value text_array(const std::vector<std::string>& texts) {
  Array out;
  for (const auto& text : texts)
    out.emplace_back(text);
  return out;
}

std::vector<std::string> texts_of(const Value* array) {
  std::vector<std::string> out;
  if (array == nullptr || array->as_array() == nullptr) return out;
  for (const auto& item : *array->as_array()) {
    if (item.is_string()) out.push_back(*item.as_string());
  }
  return out;
}

bool flag_at(const Value& value, std::initializer_list<std::string_view> path) {
  const auto* found = value.find_path(path);
  return found != nullptr && found->as_bool() != nullptr && *found->as_bool();
}

void set_access(Value& spec, const Access& access) {
  if (!access.path.empty()) {
    spec["nonResourceAttributes"] = Object{{"path", access.path}, {"verb", access.verb}};
    return;
  }
  auto& attributes = spec["resourceAttributes"];
  attributes["verb"] = access.verb;
  attributes["group"] = access.group;
  attributes["resource"] = access.resource;
  if (!access.subresource.empty()) attributes["subresource"] = access.subresource;
  if (!access.namespace_.empty()) attributes["namespace"] = access.namespace_;
  if (!access.name.empty()) attributes["name"] = access.name;
}

Result<Verdict> ask(Client& client, const char* kind, const char* resource, Value spec) {
  Value review(Object{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", kind}});
  review["spec"] = std::move(spec);
  const Value answer =
      TRY(client.raw_post(fmt::format("/apis/authorization.k8s.io/v1/{}", resource), review));
  // An evaluation error that still allows is an allowance; one that does not is a denial.
  Verdict verdict{
      .allowed = flag_at(answer, {"status", "allowed"}) && !flag_at(answer, {"status", "denied"}),
      .reason = printable(answer.text({"status", "reason"}), 1000)};
  return verdict;
}

}  // namespace

Result<Verdict> may_i(Client& client, const Access& access) {
  Value spec{Object{}};
  set_access(spec, access);
  return ask(client, "SelfSubjectAccessReview", "selfsubjectaccessreviews", std::move(spec));
}

Result<Verdict> may_user(Client& client, const User& user, const Access& access) {
  Value spec{Object{}};
  set_access(spec, access);
  spec["user"] = user.name;
  if (!user.uid.empty()) spec["uid"] = user.uid;
  spec["groups"] = text_array(user.groups);
  for (const auto& [key, values] : user.extra)
    spec["extra"][key] = text_array(values);
  return ask(client, "SubjectAccessReview", "subjectaccessreviews", std::move(spec));
}

Result<GrantedToken> request_token(Client& client, const ServiceAccount& account,
                                   const std::vector<std::string>& audiences, Duration valid_for) {
  Value request(Object{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}});
  request["spec"]["audiences"] = text_array(audiences);
  request["spec"]["expirationSeconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(valid_for).count();
  const Value answer = TRY(client.raw_post(
      fmt::format("/api/v1/namespaces/{}/serviceaccounts/{}/token",
                  http::percent_encoded(account.namespace_), http::percent_encoded(account.name)),
      request));
  GrantedToken granted{.token = Secret(std::string(answer.text({"status", "token"})))};
  granted.expires =
      TRY(parse_rfc3339(answer.text({"status", "expirationTimestamp"})), "reading a TokenRequest");
  return granted;
}

Result<User> review_token(Client& client, const Secret& token,
                          const std::vector<std::string>& audiences) {
  Value review(Object{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}});
  review["spec"]["token"] = token.reveal();
  if (!audiences.empty()) review["spec"]["audiences"] = text_array(audiences);
  const Value answer = TRY(client.raw_post("/apis/authentication.k8s.io/v1/tokenreviews", review));
  const auto granted = texts_of(answer.find_path({"status", "audiences"}));
  const bool meant_for_us =
      audiences.empty() || std::ranges::any_of(granted, [&](const std::string& audience) {
        return std::ranges::find(audiences, audience) != audiences.end();
      });
  if (!flag_at(answer, {"status", "authenticated"}) || !meant_for_us) {
    Error error(Code::forbidden, "the token is not accepted");
    const auto reason = answer.text({"status", "error"});
    if (!reason.empty()) error = std::move(error).because(printable(reason, 1000));
    return failure(std::move(error));
  }
  User user{.name = std::string(answer.text({"status", "user", "username"})),
            .uid = std::string(answer.text({"status", "user", "uid"})),
            .groups = texts_of(answer.find_path({"status", "user", "groups"}))};
  const auto* extra = answer.find_path({"status", "user", "extra"});
  if (extra != nullptr && extra->as_object() != nullptr) {
    for (const auto& [key, values] : *extra->as_object())
      user.extra[key] = texts_of(&values);
  }
  return user;
}

}  // namespace holdfast::kube
