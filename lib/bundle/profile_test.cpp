// SPDX-License-Identifier: Apache-2.0
#include "bundle/profile.h"

#include "archive/tar_writer.h"

#include <gtest/gtest.h>

namespace holdfast::bundle {
namespace {

TEST(BlobHeader, EndsAtAMultipleOf4096WhereverItStarts) {
  const auto digest = crypto::sha256("x");
  for (const std::uint64_t base : {std::uint64_t{0}, (std::uint64_t{1} << 31) - 4096,
                                   (std::uint64_t{1} << 32) - 4096, std::uint64_t{5} << 30}) {
    for (std::uint64_t at = base; at < base + 8192; at += 512) {
      const std::string header = blob_header(digest, 1, at);
      EXPECT_EQ((at + header.size()) % 4096, 0U) << at;
      EXPECT_LE(header.size(), 4096U + 1024U) << at;
      const auto last = read_plain_header(std::string_view(header).substr(header.size() - 512));
      ASSERT_TRUE(last.has_value()) << at;
      EXPECT_EQ(last->name, blob_name(digest));
    }
  }
}

TEST(PlainHeader, IsReadBackAndNothingElseIs) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 31,
                                   std::uint64_t{1} << 32, archive::tar_size_limit}) {
    const std::string block = plain_header("index.json", size);
    const auto read = read_plain_header(block);
    ASSERT_TRUE(read.has_value()) << size;
    EXPECT_EQ(read->size, size);
    for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
      std::string changed = block;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
      EXPECT_FALSE(read_plain_header(changed).has_value()) << size << " bit " << bit;
    }
  }
}

TEST(SignatureName, IsAClosedGrammar) {
  for (const std::string name :
       {"holdfast/sig/E67ED073CD778B04.minisig", "holdfast/sig/E67ED073CD778B04.p7s",
        "holdfast/sig/E67ED073CD778B04.sig"}) {
    const auto read = parse_signature_name(name);
    ASSERT_TRUE(read.has_value()) << name;
    EXPECT_EQ(signature_name(*read), name);
  }
  for (const auto* name :
       {"holdfast/sig/.minisig", "holdfast/sig/e67ed073cd778b04.minisig",
        "holdfast/sig/E67ED073CD778B04.p7", "holdfast/sig/E67ED073CD778B04", "holdfast/sig/../../etc/pas.minisig",
        "sig/E67ED073CD778B04.minisig", "holdfast/sig/E67ED073CD778B044.minisig"}) {
    EXPECT_FALSE(parse_signature_name(name).has_value()) << name;
  }
}

TEST(CheckedAdd, RefusesSumsThatNoFileHolds) {
  constexpr std::uint64_t most = (std::uint64_t{1} << 63) - 1;
  EXPECT_EQ(checked_add(most - 1, 1).value(), most);
  for (const auto& [a, b] : {std::pair{most, std::uint64_t{1}},
                             {std::uint64_t{1}, most},
                             {~std::uint64_t{0}, std::uint64_t{1}},
                             {~std::uint64_t{0}, ~std::uint64_t{0}}}) {
    EXPECT_EQ(checked_add(a, b).error().code(), Code::bundle_format);
  }
}

}  // namespace
}  // namespace holdfast::bundle
