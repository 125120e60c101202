// SPDX-License-Identifier: Apache-2.0
#include "git/signature.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::git {
namespace {

constexpr std::string_view head = "tree 1\nparent 2\nauthor Ann A <a@example.com> 1 +0000\ncommitter x <y> 1 +0000\n";

TEST(Signature, IsTakenOutOfTheBytesItStandsOver) {
  const auto plain = std::string(head) + "\nmessage\n\n body";
  const auto with = std::string(head) + "gpgsig -----BEGIN-----\n \n abc\n -----END-----\nencoding utf-8\n\nmessage\n";
  const auto found = split_signed(with);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->signature, "-----BEGIN-----\n\nabc\n-----END-----\n");
  EXPECT_EQ(found->payload, std::string(head) + "encoding utf-8\n\nmessage\n");
  EXPECT_EQ(found->author, "Ann A <a@example.com>");
  const auto none = split_signed(plain);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->payload, plain);
  EXPECT_EQ(none->signature, "");
}

TEST(Signature, WhatLooksLikeOneInTheMessageIsNone) {
  const auto commit = std::string(head) + "\ngpgsig x\n y\n";
  EXPECT_EQ(split_signed(commit)->signature, "");
  EXPECT_EQ(split_signed(commit)->payload, commit);
}

TEST(Signature, AmbiguousCommitsAreRefused) {
  for (const std::string_view more : {"gpgsig a\ngpgsig b\n\nm", "gpgsig a\n x\nother y\ngpgsig b\n\nm",
                                      "gpgsig-sha256 a\n\nm", "gpgsig a\ngpgsig-sha256 b\n\nm", "gpgsig a"}) {
    EXPECT_FALSE(split_signed(std::string(head) + std::string(more))) << more;
  }
}

}  // namespace
}  // namespace holdfast::git
