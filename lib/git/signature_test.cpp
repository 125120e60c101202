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

TEST(Signature, OfATagStandsAtItsEnd) {
  const std::string tag = "object 1\ntype commit\ntag v1\ntagger Ann A <a@example.com> 1 +0000\n\nmessage\n";
  const std::string armoured = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";
  const auto found = split_signed_tag(tag + armoured);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->payload, tag);
  EXPECT_EQ(found->signature, armoured);
  EXPECT_EQ(found->author, "Ann A <a@example.com>");
  EXPECT_EQ(split_signed_tag(tag)->signature, "");
  EXPECT_EQ(split_signed_tag(tag)->payload, tag);
  EXPECT_FALSE(split_signed_tag("object 1\n"));
}

TEST(Signature, TrailersStandInTheLastParagraph) {
  struct Case {
    std::string_view message, want;
  };

  for (const auto& [message, want] : std::to_array<Case>({
           {"subject\n\nArgocd-gpg-seal: reviewed\n", "reviewed"},
           {"subject\n\nbody\n\nSigned-off-by: Ann\nargocd-GPG-seal: reviewed \n\n", "reviewed"},
           {"subject\n\nArgocd-gpg-seal:\n", ""},
           {"subject\n\nArgocd-gpg-seal: quoted\n\nbody\n", "-"},
           {"subject\n\nI set Argocd-gpg-seal: not at the beginning\n", "-"},
           {"Argocd-gpg-seal: a subject\n", "-"},
           {"subject\n", "-"},
       })) {
    EXPECT_EQ(trailer_of(std::string(head) + "\n" + std::string(message), "Argocd-gpg-seal").value_or("-"), want) << message;
  }
}

}  // namespace
}  // namespace holdfast::git
