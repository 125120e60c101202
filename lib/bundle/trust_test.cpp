// SPDX-License-Identifier: Apache-2.0
#include "bundle/trust.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

const crypto::SigningKey maker = crypto::SigningKey::generate().value();
const crypto::SigningKey site = crypto::SigningKey::generate().value();
const crypto::SigningKey stranger = crypto::SigningKey::generate().value();

DetachedSignature signed_by(const crypto::SigningKey& key, std::string_view message) {
  return {.key = key.public_key().id(), .text = key.sign(message, "test").value().to_text()};
}

class OnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "holdfast-trust-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }

  void TearDown() override { fs::remove_all(folder); }

  fs::path folder;
};

TEST(TrustRoot, CountsSignaturesPerRole) {
  TrustRoot root = TrustRoot::of(maker.public_key(), "maker");
  ASSERT_TRUE(root.add({.key = site.public_key(), .roles = {TrustRole::site}, .note = {}}));
  EXPECT_TRUE(root.check("m", {signed_by(maker, "m")}));
  EXPECT_EQ(root.check("m", {}).error().code(), Code::bundle_signature);
  EXPECT_EQ(root.check("m", {signed_by(stranger, "m")}).error().code(), Code::bundle_untrusted_key);
  EXPECT_EQ(root.check("m", {signed_by(site, "m")}).error().code(), Code::bundle_untrusted_key);
  EXPECT_EQ(root.check("m", {signed_by(maker, "x")}).error().code(), Code::bundle_signature);
  EXPECT_EQ(root.check("m", {signed_by(maker, "m"), signed_by(site, "x")}).error().code(),
            Code::bundle_signature)
      << "a trusted key's signature that does not hold is never passed over";
  ASSERT_TRUE(root.set_threshold(TrustRole::site, 1));
  EXPECT_EQ(root.check("m", {signed_by(maker, "m")}).error().code(), Code::bundle_untrusted_key);
  EXPECT_EQ(root.check("m", {signed_by(maker, "m"), signed_by(maker, "m")}).error().code(),
            Code::bundle_untrusted_key)
      << "the same key twice is one key";
  EXPECT_TRUE(root.check("m", {signed_by(maker, "m"), signed_by(site, "m")}));
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
  EXPECT_EQ(load_accepted_epoch(folder).value(), 0U);
  ASSERT_TRUE(record_accepted_epoch(folder, 7));
  ASSERT_TRUE(record_accepted_epoch(folder, 3));
  EXPECT_EQ(load_accepted_epoch(folder).value(), 7U);
  std::ofstream(folder / "epoch") << "many";
  EXPECT_EQ(load_accepted_epoch(folder).error().code(), Code::trust_root);
}

TEST_F(OnDisk, RefusesARootThatOthersMayChange) {
  EXPECT_EQ(TrustRoot::load(folder).error().code(), Code::trust_root);
  ASSERT_TRUE(TrustRoot::of(maker.public_key()).save(folder));
  ASSERT_TRUE(TrustRoot::load(folder));
  ::chmod((folder / "root.json").c_str(), 0666);
  EXPECT_EQ(TrustRoot::load(folder).error().code(), Code::trust_root);
  fs::rename(folder / "root.json", folder / "real.json");
  fs::create_symlink("real.json", folder / "root.json");
  EXPECT_EQ(TrustRoot::load(folder).error().code(), Code::trust_root);
}

}  // namespace
}  // namespace holdfast::bundle
