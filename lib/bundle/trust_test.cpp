// SPDX-License-Identifier: Apache-2.0
#include "bundle/trust.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "fakes/temporary_folder.h"

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

const crypto::SigningKey maker = crypto::SigningKey::generate().value();
const crypto::SigningKey site = crypto::SigningKey::generate().value();
const crypto::SigningKey stranger = crypto::SigningKey::generate().value();

const WallTime now = parse_rfc3339("2027-06-01T00:00:00Z").value();

crypto::DetachedSignature signed_by(const crypto::Signer& key, std::string_view message) {
  return key.sign(message, "test").value();
}

class OnDisk : public testing::Test {
 protected:
  const TemporaryFolder folder{"trust"};
};

TEST(TrustRoot, CountsSignaturesPerRole) {
  TrustRoot root = TrustRoot::of(maker.public_key(), "maker");
  ASSERT_TRUE(root.add({.key = site.public_key(), .roles = {TrustRole::site}, .note = {}}));
  EXPECT_TRUE(root.check("m", {signed_by(maker, "m")}, now));
  EXPECT_EQ(root.check("m", {}, now).error().code(), Code::bundle_signature);
  EXPECT_EQ(root.check("m", {signed_by(stranger, "m")}, now).error().code(), Code::bundle_untrusted_key);
  EXPECT_EQ(root.check("m", {signed_by(site, "m")}, now).error().code(), Code::bundle_untrusted_key);
  EXPECT_EQ(root.check("m", {signed_by(maker, "x")}, now).error().code(), Code::bundle_signature);
  EXPECT_EQ(root.check("m", {signed_by(maker, "m"), signed_by(site, "x")}, now).error().code(),
            Code::bundle_signature)
      << "a trusted key's signature that does not hold is never passed over";
  ASSERT_TRUE(root.set_threshold(TrustRole::site, 1));
  EXPECT_EQ(root.check("m", {signed_by(maker, "m")}, now).error().code(), Code::bundle_untrusted_key);
  EXPECT_EQ(root.check("m", {signed_by(maker, "m"), signed_by(maker, "m")}, now).error().code(),
            Code::bundle_untrusted_key)
      << "the same key twice is one key";
  EXPECT_TRUE(root.check("m", {signed_by(maker, "m"), signed_by(site, "m")}, now));
}

// A P-256 key with a certificate for code signing of 100 years, signed by itself; made by OpenSSL.
constexpr std::string_view release_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgn3wz9IIdLFa3YU6S\n"
    "rx3Ps5AQM5M1hxJnD+Jx9kG6kJuhRANCAAR9QNpeAwIc7ykSV5PzPXTQlMbKgT6H\n"
    "kzzwxn7l1a4YuBlNid+OEXOHwYQUPRHKhuN5c/h71oBdaTZ1CMA0X9ow\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view release_certificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBezCCASKgAwIBAgIUfoXMsUkNOHUEiiCK0lpMOHL7+AMwCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHUmVsZWFzZTAgFw0yNjExMjgxNDE1NDVaGA8yMTI2MTEwNDE0\n"
    "MTU0NVowEjEQMA4GA1UEAwwHUmVsZWFzZTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "A0IABH1A2l4DAhzvKRJXk/M9dNCUxsqBPoeTPPDGfuXVrhi4GU2J344Rc4fBhBQ9\n"
    "EcqG43lz+HvWgF1pNnUIwDRf2jCjVDBSMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/\n"
    "BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMDMB0GA1UdDgQWBBSGugNxdSQOUnpx\n"
    "uI9exKIvDK+/ADAKBggqhkjOPQQDAgNHADBEAiB8eX1VqsrHgdbhSKjOJjmux3oW\n"
    "VkYr46IjtHWf/Q7kqAIgfj7iuSDnyKCImV5dxPWnltfp+J0Blh2h4TDe7t+dtkg=\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view release_public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfUDaXgMCHO8pEleT8z100JTGyoE+\n"
    "h5M88MZ+5dWuGLgZTYnfjhFzh8GEFD0RyobjeXP4e9aAXWk2dQjANF/aMA==\n"
    "-----END PUBLIC KEY-----\n";

TEST(TrustRoot, CountsOneHandOnceWhateverItSignsWith) {
  const auto bare = crypto::Signer::parse(Secret(std::string(release_key)), Secret()).value();
  const auto certified = crypto::Signer::parse(Secret(std::string(release_key) + std::string(release_certificate)), Secret()).value();
  const auto root_of = [](std::string_view key) { return TrustRoot::of(crypto::Verifier::parse(key).value()); };
  EXPECT_TRUE(root_of(release_public).check("m", {signed_by(bare, "m")}, now));
  EXPECT_TRUE(root_of(release_certificate).check("m", {signed_by(certified, "m")}, now));
  EXPECT_EQ(root_of(release_public).check("m", {signed_by(certified, "m")}, now).error().code(), Code::bundle_untrusted_key);
  TrustRoot root = root_of(release_certificate);
  EXPECT_FALSE(root.add({.key = crypto::Verifier::parse(release_public).value(), .roles = {TrustRole::site}, .note = {}}))
      << "the same key in another form is the same key";
  ASSERT_TRUE(root.add({.key = maker.public_key(), .roles = {TrustRole::release}, .note = {}}));
  ASSERT_TRUE(root.set_threshold(TrustRole::release, 2));
  EXPECT_EQ(root.check("m", {signed_by(certified, "m"), signed_by(bare, "m")}, now).error().code(), Code::bundle_untrusted_key);
  const auto both = root.check("m", {signed_by(certified, "m"), signed_by(maker, "m")}, now);
  EXPECT_TRUE(both.has_value() && both->size() == 2);
  const auto copy = TrustRoot::parse(root.to_text());
  ASSERT_TRUE(copy.has_value()) << copy.error().message();
  EXPECT_EQ(copy->to_text(), root.to_text());
}

TEST(TrustRoot, IsFollowedByTheNextOfItsChain) {
  const auto next_maker = crypto::SigningKey::generate().value();
  TrustRoot held = TrustRoot::of(maker.public_key(), "maker");
  ASSERT_TRUE(held.add({.key = site.public_key(), .roles = {TrustRole::release}, .note = {}}));
  ASSERT_TRUE(held.set_threshold(TrustRole::release, 2));
  held = held.as_version(1);
  // Rotation: the new key comes, the maker's goes.
  TrustRoot draft = held;
  ASSERT_TRUE(draft.add({.key = next_maker.public_key(), .roles = {TrustRole::release}, .note = {}}));
  ASSERT_TRUE(draft.remove(maker.public_key().id()));
  const auto text_of = [&](std::uint64_t version) { return draft.as_version(version).to_text(); };
  const auto taken = [&](const std::string& text, const std::vector<crypto::Signer>& keys) {
    std::vector<crypto::DetachedSignature> signatures;
    for (const auto& key : keys) signatures.push_back(signed_by(key, text));
    return held.follow(text, signatures, now);
  };
  const std::string next = text_of(2);
  const struct {
    const char* name;
    std::string text;
    std::vector<crypto::Signer> keys;
    std::optional<Code> refused;
  } cases[] = {
      {"by enough of both", next, {maker, site, next_maker}, std::nullopt},
      {"by too few of the held one", next, {site, next_maker}, Code::bundle_untrusted_key},
      {"by too few of its own", next, {maker, site}, Code::bundle_untrusted_key},
      {"by nobody", next, {}, Code::bundle_signature},
      {"of the same version", text_of(1), {maker, site, next_maker}, Code::trust_root},
      {"with one left out", text_of(3), {maker, site, next_maker}, Code::trust_root},
      {"no root", "{}", {maker, site, next_maker}, Code::trust_root},
      {"with a space more", next + " ", {maker, site, next_maker}, Code::trust_root},
  };
  for (const auto& test : cases) {
    const auto root = taken(test.text, test.keys);
    if (!test.refused) {
      ASSERT_TRUE(root.has_value()) << test.name << ": " << root.error().message();
    } else {
      ASSERT_FALSE(root.has_value()) << test.name;
      EXPECT_EQ(root.error().code(), *test.refused) << test.name << ": " << root.error().message();
    }
  }
  held = taken(next, {maker, site, next_maker}).value();
  EXPECT_EQ(held.version(), 2U);
  EXPECT_EQ(held.check("m", {signed_by(maker, "m"), signed_by(site, "m")}, now).error().code(), Code::bundle_untrusted_key)
      << "the old key counts no longer";
  // What was removed stays out, here and in every root that follows.
  EXPECT_FALSE(held.add({.key = maker.public_key(), .roles = {TrustRole::release}, .note = {}}));
  TrustRoot forgetful = TrustRoot::of(site.public_key());
  ASSERT_TRUE(forgetful.add({.key = next_maker.public_key(), .roles = {TrustRole::release}, .note = {}}));
  EXPECT_EQ(taken(forgetful.as_version(3).to_text(), {site, next_maker}).error().causes()[0], "it forgets a revoked key");
}

TEST(TrustRoot, TakesBundlesOfCertainNamesAndChannels) {
  TrustRoot root = TrustRoot::of(maker.public_key());
  EXPECT_TRUE(root.check_accepted("any", ""));
  ASSERT_TRUE(root.accept({"core", "apps"}, {"stable"}));
  EXPECT_TRUE(root.check_accepted("apps", "stable"));
  EXPECT_EQ(root.check_accepted("other", "stable").error().code(), Code::bundle_policy);
  EXPECT_EQ(root.check_accepted("core", "dev").error().what(), "the bundle's channel is 'dev', this machine takes stable");
  EXPECT_EQ(TrustRoot::parse(root.to_text())->to_text(), root.to_text());
  EXPECT_FALSE(root.accept({""}, {}));
}

TEST(TrustRoot, RefusesSignaturesFiledUnderAnotherKey) {
  auto moved = signed_by(stranger, "m");
  moved.key = maker.public_key().id();
  auto garbage = signed_by(stranger, "m");
  garbage.bytes = "garbage";
  const TrustRoot root = TrustRoot::of(maker.public_key());
  for (const auto& signature : {moved, garbage}) {
    EXPECT_EQ(root.check("m", {signed_by(maker, "m"), signature}, now).error().code(), Code::bundle_signature);
  }
}

TEST(TrustRoot, RefusesThresholdsThatCannotBeMet) {
  TrustRoot root = TrustRoot::of(maker.public_key());
  EXPECT_FALSE(root.set_threshold(TrustRole::release, 2));
  EXPECT_FALSE(root.set_threshold(TrustRole::release, 0));
  EXPECT_FALSE(root.remove(maker.public_key().id()));
  EXPECT_FALSE(root.remove(stranger.public_key().id()));
  EXPECT_FALSE(root.add({.key = maker.public_key(), .roles = {TrustRole::site}, .note = {}}));
  EXPECT_EQ(root.version(), 1U);
}

TEST(TrustRoot, RefusesTextsThatAreNone) {
  const std::string good = TrustRoot::of(maker.public_key()).to_text();
  ASSERT_TRUE(TrustRoot::parse(good));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const auto& text :
       {std::string(), std::string("[]"), replaced("\"version\": 1", "\"version\": 0"),
        replaced("\"release\": 1", "\"release\": 0"), replaced("\"release\"\n", "\"king\"\n"),
        replaced("\"id\": \"", "\"id\": \"0"), good + good}) {
    const auto root = TrustRoot::parse(text);
    ASSERT_FALSE(root.has_value()) << text;
    EXPECT_EQ(root.error().code(), Code::trust_root);
  }
}

TEST_F(OnDisk, KeepsTheRootAndItsFingerprint) {
  TrustRoot root = TrustRoot::of(maker.public_key(), "maker");
  ASSERT_TRUE(root.add({.key = site.public_key(), .roles = {TrustRole::site}, .note = "site"}));
  ASSERT_TRUE(root.save(folder / "trust"));
  const auto loaded = TrustRoot::load(folder / "trust");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
  EXPECT_EQ(loaded->to_text(), root.to_text());
  EXPECT_EQ(loaded->fingerprint(), root.fingerprint());
  EXPECT_EQ(loaded->version(), 2U);
}

TEST_F(OnDisk, KeepsTheHighestEpoch) {
  EXPECT_EQ(load_accepted_epoch(folder.path()).value(), 0U);
  ASSERT_TRUE(record_accepted_epoch(folder.path(), 7));
  ASSERT_TRUE(record_accepted_epoch(folder.path(), 3));
  EXPECT_EQ(load_accepted_epoch(folder.path()).value(), 7U);
  std::ofstream(folder / "epoch") << "many";
  EXPECT_EQ(load_accepted_epoch(folder.path()).error().code(), Code::trust_root);
}

TEST_F(OnDisk, RefusesARootThatOthersMayChange) {
  EXPECT_EQ(TrustRoot::load(folder.path()).error().code(), Code::trust_root);
  ASSERT_TRUE(TrustRoot::of(maker.public_key()).save(folder.path()));
  ASSERT_TRUE(TrustRoot::load(folder.path()));
  ::chmod((folder / "root.json").c_str(), 0666);
  EXPECT_EQ(TrustRoot::load(folder.path()).error().code(), Code::trust_root);
  fs::rename(folder / "root.json", folder / "real.json");
  fs::create_symlink("real.json", folder / "root.json");
  EXPECT_EQ(TrustRoot::load(folder.path()).error().code(), Code::trust_root);
}

}  // namespace
}  // namespace holdfast::bundle
