// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include "http/transport.h"

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

TEST(Url, HasTheOriginItConnectsTo) {
  EXPECT_EQ(parse_url("https://Example.ORG/a?b=c")->origin(), "https://example.org:443");
  EXPECT_EQ(parse_url("http://127.0.0.1:8080")->origin(), "http://127.0.0.1:8080");
  EXPECT_EQ(parse_url("https://[::1]:6443/x")->origin(), "https://[::1]:6443");
  EXPECT_EQ(parse_url("https://example.org/a?b=c")->path, "/a?b=c");
}

TEST(Url, RefusesWhatIsNotSpoken) {
  for (const auto* bad : {"", "ftp://host/", "file:///etc/passwd", "https://user:pass@host/",
                          "https://host/a b", "https://host/\r\nX: y", "/relative", "https://"}) {
    const auto url = parse_url(bad);
    ASSERT_FALSE(url.has_value()) << bad;
    EXPECT_EQ(url.error().code(), Code::wrong_type) << bad;
    EXPECT_EQ(url.error().message().find("pass@"), std::string::npos);
  }
}

TEST(Url, IsShownWithoutCredentialsAndQuery) {
  EXPECT_EQ(shown_url("https://user:secret@host/path?token=x#y"), "https://host/path");
  EXPECT_EQ(shown_url("https://host/a@b"), "https://host/a@b");
}

TEST(Url, EncodesOneSegment) {
  EXPECT_EQ(percent_encoded("a/b c~d:é"), "a%2Fb%20c~d%3A%C3%A9");
}

TEST(Redirect, FollowsReadsAndLeavesCredentialsAtHome) {
  const Request request{
      .url = "https://git.example/repo/info?x=1",
      .headers = {{"Authorization", "Bearer t"}, {"Accept", "*/*"}, {"PRIVATE-TOKEN", "t"}}};
  const auto follow = [&](int status, const char* location) {
    return redirected(request, {.status = status, .headers = {{"Location", location}}});
  };
  const auto same = follow(302, "/other");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->url, "https://git.example/other");
  EXPECT_EQ(same->headers.size(), 3U);
  for (const auto* elsewhere :
       {"https://other.example/x", "https://git.example:444/x", "//other.example/x"}) {
    const auto other = follow(307, elsewhere);
    ASSERT_TRUE(other) << elsewhere;
    ASSERT_EQ(other->headers.size(), 1U) << elsewhere;
    EXPECT_EQ(other->headers[0].name, "Accept");
  }
}

TEST(Redirect, IsRefusedDownToHttpAndToOddPlaces) {
  const Request request{.url = "https://git.example/repo"};
  for (const auto* bad :
       {"http://git.example/repo", "file:///etc/passwd", "https://u:p@git.example/", ""}) {
    EXPECT_FALSE(redirected(request, {.status = 301, .headers = {{"location", bad}}})) << bad;
  }
  EXPECT_FALSE(redirected(request, {.status = 304, .headers = {{"location", "/x"}}}));
}

TEST(Redirect, NeverRepeatsABodyElsewhere) {
  const Request request{.method = "POST", .url = "https://a.example/x", .body = "secret"};
  EXPECT_FALSE(redirected(request, {.status = 307, .headers = {{"location", "/y"}}}));
  const auto seen = redirected(request, {.status = 303, .headers = {{"location", "/y"}}});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->method, "GET");
  EXPECT_TRUE(seen->body.empty());
}

}  // namespace
}  // namespace holdfast::http
