// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <gtest/gtest.h>

#include <chrono>

namespace holdfast::crypto {
namespace {

using std::chrono_literals::operator""h;

const WallTime start = parse_rfc3339("2026-11-23T08:00:00Z").value();
const Validity ten_years{start, start + 24h * 3650};
const Validity one_year{start, start + 24h * 365};

TEST(Certificates, CarrySubjectNamesAndValidityAndVerifyAgainstTheirAuthority) {
  for (const auto kind : {KeyKind::p256, KeyKind::rsa2048}) {
    const auto ca = make_ca({.common_name = "kubernetes-ca"}, ten_years, kind).value();
    LeafRequest request;
    request.subject = {.common_name = "kube-apiserver", .organizations = {"system:masters", "b"}};
    request.dns_names = {"kubernetes.default.svc", "localhost"};
    request.ip_addresses = {"10.96.0.1", "::1"};
    request.purpose = Purpose::client_and_server;
    request.validity = one_year;
    const auto leaf = issue(ca, request, kind).value();
    const auto details = read_certificate(leaf.certificate_pem).value();
    EXPECT_EQ(details.subject.common_name, "kube-apiserver");
    EXPECT_EQ(details.subject.organizations, (std::vector<std::string>{"system:masters", "b"}));
    EXPECT_EQ(details.dns_names, request.dns_names);
    EXPECT_EQ(details.ip_addresses, request.ip_addresses);
    EXPECT_EQ(format_rfc3339(details.validity.from), "2026-11-23T08:00:00Z");
    EXPECT_EQ(format_rfc3339(details.validity.until), "2027-11-23T08:00:00Z");
    EXPECT_TRUE(is_issued_by(leaf.certificate_pem, ca.certificate_pem).value());
    EXPECT_TRUE(is_key_of(leaf.key_pem, leaf.certificate_pem).value());
    EXPECT_FALSE(is_key_of(ca.key_pem, leaf.certificate_pem).value());
    const auto other = make_ca({.common_name = "kubernetes-ca"}, ten_years, kind).value();
    EXPECT_FALSE(is_issued_by(leaf.certificate_pem, other.certificate_pem).value());
  }
}

TEST(Certificates, NeverOutliveTheirAuthority) {
  const auto ca = make_ca({.common_name = "ca"}, one_year).value();
  LeafRequest request;
  request.subject.common_name = "admin";
  request.validity = ten_years;
  const auto leaf = issue(ca, request).value();
  EXPECT_EQ(read_certificate(leaf.certificate_pem).value().validity.until, one_year.until);
}

TEST(Certificates, RefuseNamesThatAreNone) {
  const auto ca = make_ca({.common_name = "ca"}, one_year).value();
  LeafRequest request;
  request.subject.common_name = "x";
  request.validity = one_year;
  request.dns_names = {"a,IP:1.2.3.4"};
  EXPECT_EQ(issue(ca, request).error().message(), "'a,IP:1.2.3.4' is no DNS name");
  request.dns_names = {};
  request.ip_addresses = {"10.0.0.0/8"};
  EXPECT_EQ(issue(ca, request).error().message(), "'10.0.0.0/8' is no IP address");
}

TEST(Keys, ArePkcs8PemAndGiveTheirPublicHalf) {
  for (const auto kind : {KeyKind::p256, KeyKind::rsa2048}) {
    const auto key = make_key(kind).value();
    EXPECT_TRUE(key.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_TRUE(public_key_of(key).value().starts_with("-----BEGIN PUBLIC KEY-----\n"));
  }
  EXPECT_FALSE(public_key_of(Secret("no key")).has_value());
}

}  // namespace
}  // namespace holdfast::crypto
