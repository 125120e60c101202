// SPDX-License-Identifier: Apache-2.0
#include "kube/status.h"

#include <gtest/gtest.h>

namespace holdfast::kube {
namespace {

TEST(Status, BecomesAnErrorThatSaysWhatCanBeDone) {
  struct Case {
    int status;
    const char* body;
    Code code;
    const char* message;
  };

  const Case cases[] = {
      {404,
       R"({"kind":"Status","message":"configmaps \"y\" not found","reason":"NotFound",
    "details":{"name":"y","kind":"configmaps"},"code":404})",
       Code::object_missing, "ConfigMap x/y does not exist: configmaps \"y\" not found"},
      {404, "404 page not found\n", Code::kind_unknown,
       "the API server does not serve ConfigMap x/y: 404 page not found"},
      {409, R"({"kind":"Status","message":"exists","reason":"AlreadyExists","code":409})",
       Code::object_exists, "ConfigMap x/y exists already: exists"},
      {409, R"({"kind":"Status","message":"modified","reason":"Conflict","code":409})",
       Code::resource_version, "ConfigMap x/y has changed since it was read: modified"},
      {409,
       R"({"kind":"Status","message":"conflict with \"kubectl\"","reason":"Conflict",
    "details":{"causes":[{"reason":"FieldManagerConflict","field":".data.a"}]},"code":409})",
       Code::object_conflict,
       "another manager owns fields of ConfigMap x/y: conflict with \"kubectl\""},
      {410, R"({"kind":"Status","message":"too old","reason":"Expired","code":410})",
       Code::resource_version, "the resource version of ConfigMap x/y is too old: too old"},
      {401, R"({"kind":"Status","message":"Unauthorized","code":401})", Code::forbidden,
       "the API server does not accept the credentials: Unauthorized"},
      {403, R"({"kind":"Status","message":"no rights","code":403})", Code::forbidden,
       "the API server forbids to apply ConfigMap x/y: no rights"},
      {422, R"({"kind":"Status","message":"bad field","code":422})", Code::object_invalid,
       "the API server refuses to apply ConfigMap x/y: bad field"},
      {429,
       R"({"kind":"Status","message":"slow down","details":{"retryAfterSeconds":7},"code":429})",
       Code::throttled,
       "the API server asks for a pause of 7 s before the next try to apply ConfigMap x/y: slow "
       "down"},
      {500, R"({"kind":"Status","message":"etcd leader changed","code":500})",
       Code::cluster_unreachable,
       "the API server answered 500 to apply ConfigMap x/y: etcd leader changed"},
      {302, "", Code::internal, "the API server answered 302 to apply ConfigMap x/y"},
  };
  for (const auto& c : cases) {
    const Error error =
        status_error({.status = c.status, .body = c.body}, "apply", "ConfigMap x/y");
    EXPECT_EQ(error.message(), c.message);
    EXPECT_EQ(error.code(), c.code) << c.message;
  }
}

TEST(Status, TakesRetryAfterFromTheHeaderToo) {
  const Error error = status_error({.status = 429, .headers = {{"Retry-After", "3"}}}, "get", "x");
  EXPECT_EQ(error.message(), "the API server asks for a pause of 3 s before the next try to get x");
}

TEST(Status, KeepsHostileTextAwayFromTheTerminal) {
  const Error error = status_error({.status = 403, .body = "\x1b[31mred"}, "get", "x");
  EXPECT_EQ(error.message().find('\x1b'), std::string::npos);
}

TEST(Status, KeepsTheCauseOfALostConnection) {
  const Error lost =
      Error(Code::unreachable, "the peer cannot be reached").at("GET https://x").because("refused");
  const Error error = transport_error(lost, "list", "/api/v1/pods");
  EXPECT_EQ(error.code(), Code::cluster_unreachable);
  EXPECT_EQ(error.message(),
            "list /api/v1/pods: the cluster does not answer (GET https://x): refused");
  EXPECT_EQ(error.fix_line(), row_of(Code::cluster_unreachable).fix);
}

}  // namespace
}  // namespace holdfast::kube
