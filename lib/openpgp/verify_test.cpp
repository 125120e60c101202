// SPDX-License-Identifier: Apache-2.0
// Keys and signatures are made by stock gpg in a folder of its own.
#include "openpgp/verify.h"

#include "base/text.h"
#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace holdfast::openpgp {
namespace {

class Gpg : public testing::Test {
 protected:
  void SetUp() override {
    if (stock::run({"gpg", "--version"}).status != 0) GTEST_SKIP() << "there is no gpg on this machine";
    std::filesystem::permissions(home.path(), std::filesystem::perms::owner_all);
  }

  void TearDown() override { stock::run({"gpgconf", "--homedir", home.path(), "--kill", "all"}); }

  std::string gpg(std::vector<std::string> words, const std::string& input = "") const {
    words.insert(words.begin(), {"gpg", "--homedir", home.path(), "--batch", "--no-tty", "--passphrase", ""});
    const auto ran = stock::run(words, input);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out;
  }

  std::string make_key(const std::string& name, const std::string& algorithm, const std::string& expires = "0") const {
    gpg({"--quick-generate-key", name, algorithm, "sign", expires});
    return gpg({"--armor", "--export", name});
  }

  std::string sign(const std::string& name, const std::string& text) const {
    return gpg({"--local-user", name, "--armor", "--detach-sign"}, text);
  }

  std::string key_id(const std::string& name) const {
    const auto listed = gpg({"--with-colons", "--list-keys", name});
    for (const auto line : split(listed, '\n')) {
      const auto fields = split(line, ':');
      if (fields[0] == "pub") return std::string(fields[4]);
    }
    return {};
  }

  TemporaryFolder home{"gnupg"};
  SystemClock clock;
};

TEST_F(Gpg, GoodSignaturesOfEveryKindOfKey) {
  for (const std::string algorithm : {"ed25519", "rsa2048", "nistp256"}) {
    const auto name = algorithm + "@example.com";
    const auto key = make_key(name, algorithm);
    const auto checked = verify_detached({key}, "text\n", sign(name, "text\n"), clock.wall());
    ASSERT_TRUE(checked);
    EXPECT_EQ(verdict_text(checked->verdict), "signed") << algorithm;
    EXPECT_EQ(checked->key_id, key_id(name));
  }
}

TEST_F(Gpg, WhateverIsWrongIsSaid) {
  const auto ann = make_key("ann@example.com", "ed25519"), bob = make_key("bob@example.com", "ed25519");
  const auto signature = sign("ann@example.com", "text\n");
  const auto verdict = [&](const std::vector<std::string>& keys, std::string_view text, std::string_view given) {
    return std::string(verdict_text(verify_detached(keys, text, given, clock.wall())->verdict));
  };
  EXPECT_EQ(verdict({bob, ann}, "text\n", signature), "signed");
  EXPECT_EQ(verdict({ann}, "texT\n", signature), "bad signature");
  EXPECT_EQ(verdict({bob}, "text\n", signature), "signed with key not in keyring");
  EXPECT_EQ(verdict({}, "text\n", signature), "signed with key not in keyring");
  EXPECT_EQ(verdict({"damaged", ann}, "text\n", signature), "signed");
  EXPECT_EQ(verdict({ann}, "text\n", ""), "bad signature");
  EXPECT_EQ(verdict({ann}, "text\n", "damaged"), "bad signature");
  EXPECT_EQ(verdict({ann}, "text\n", signature.substr(0, signature.size() / 2)), "bad signature");
  EXPECT_EQ(verdict({ann, bob}, "text\n", signature + sign("bob@example.com", "text\n")), "bad signature");
  const auto both = gpg({"--local-user", "ann@example.com", "--local-user", "bob@example.com", "--armor", "--detach-sign"}, "text\n");
  EXPECT_EQ(verdict({ann, bob}, "text\n", both), "bad signature");
}

TEST_F(Gpg, KeysEnd) {
  const auto key = make_key("ann@example.com", "ed25519", "1d");
  const auto signature = sign("ann@example.com", "text\n");
  const auto later = clock.wall() + std::chrono::hours(48);
  EXPECT_EQ(verify_detached({key}, "text\n", signature, clock.wall())->verdict, Verdict::good);
  EXPECT_EQ(verify_detached({key}, "text\n", signature, later)->verdict, Verdict::expired_key);
}

}  // namespace
}  // namespace holdfast::openpgp
