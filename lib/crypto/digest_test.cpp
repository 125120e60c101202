// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include "base/handle.h"
#include "base/text.h"
#include "crypto/blake2b.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <random>

namespace holdfast::crypto {
namespace {

FileDescriptor file_of(std::string_view bytes) {
  FileDescriptor file(::memfd_create("digest-test", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

std::string random_text(std::size_t size) {
  std::mt19937_64 random(20261123);
  std::string text(size, '\0');
  for (char& c : text)
    c = static_cast<char>(random());
  return text;
}

TEST(Sha256, IsWhatEveryoneElseComputes) {
  EXPECT_EQ(sha256("").text(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 1321, A.5.
TEST(Md5, IsWhatPackageDatabasesHold) {
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Sha256, ReadsItsOwnTextAndNothingElse) {
  const auto digest = sha256("abc");
  EXPECT_EQ(parse_sha256(digest.text()), digest);
  EXPECT_EQ(parse_sha256_hex(digest.hex()), digest);
  EXPECT_FALSE(parse_sha256(digest.hex()));
  EXPECT_FALSE(parse_sha256_hex(digest.hex().substr(1)));
  EXPECT_FALSE(
      parse_sha256_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
}

TEST(HashRanges, GivesEachRangesDigestWhateverTheNumberOfThreads) {
  const std::string bytes = random_text(1'000'000);
  const auto file = file_of(bytes);
  const std::vector<Range> ranges = {
      {0, 0}, {0, 1}, {5, 700'000}, {999'999, 1}, {300'000, 262'144}};
  for (const unsigned threads : {0U, 1U, 2U, 8U}) {
    std::atomic<std::uint64_t> hashed = 0;
    const auto digests =
        hash_ranges(file.get(), ranges, threads, [&](std::uint64_t n) { hashed += n; }).value();
    ASSERT_EQ(digests.size(), ranges.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      EXPECT_EQ(digests[i], sha256(bytes.substr(ranges[i].offset, ranges[i].size)));
    }
    EXPECT_EQ(hashed, 0U + 1 + 700'000 + 1 + 262'144);
  }
}

TEST(HashRanges, SeesSingleBitsBeyondFourGigabytes) {
  const FileDescriptor file(::memfd_create("sparse", MFD_CLOEXEC));
  constexpr std::uint64_t size = (std::uint64_t{5} << 30) + 7;
  ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  for (const std::uint64_t at :
       {std::uint64_t{1} << 31, (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 32, size - 1}) {
    const std::vector<Range> range{{at - 4096, std::min<std::uint64_t>(8192, size - at + 4096)}};
    const auto before = hash_ranges(file.get(), range, 1).value();
    ASSERT_EQ(::pwrite(file.get(), "\1", 1, static_cast<off_t>(at)), 1);
    EXPECT_NE(hash_ranges(file.get(), range, 1).value(), before) << at;
  }
}

TEST(HashRanges, RefusesAFileThatEndsEarly) {
  const auto file = file_of("0123456789");
  const std::vector<Range> ranges = {{0, 4}, {4, 7}};
  const auto error = hash_ranges(file.get(), ranges, 2).error();
  EXPECT_EQ(error.code(), Code::file_unreadable);
  EXPECT_EQ(error.message(), "the file ends at byte 10, 1 were to follow");
}

TEST(Sha256, OfShortTextsEqualsOpenSsl) {
  const std::string bytes = random_text(300'000);
  for (const std::size_t size : {0UL, 1UL, 54UL, 55UL, 56UL, 57UL, 63UL, 64UL, 65UL, 119UL, 120UL,
                                 128UL, 1000UL, 131'072UL, 131'073UL, 300'000UL}) {
    Sha256 want;
    unsigned int length = 0;
    ASSERT_EQ(EVP_Digest(bytes.data(), size, want.bytes.data(), &length, EVP_sha256(), nullptr), 1);
    EXPECT_EQ(sha256(std::string_view(bytes).substr(0, size)), want) << size;
  }
}

TEST(Blake2b, EqualsOpenSslWhereOpenSslHasIt) {
  const std::string bytes = random_text(1000);
  for (const std::size_t size : {0U, 1U, 127U, 128U, 129U, 255U, 256U, 257U, 1000U}) {
    std::array<unsigned char, 64> want{};
    unsigned int length = 0;
    ASSERT_EQ(EVP_Digest(bytes.data(), size, want.data(), &length, EVP_blake2b512(), nullptr), 1);
    EXPECT_EQ(to_hex(blake2b(std::string_view(bytes).substr(0, size), 64)),
              to_hex({reinterpret_cast<const char*>(want.data()), length}))
        << size;
  }
  // Python 3.11: hashlib.blake2b(b"abc", digest_size=32)
  EXPECT_EQ(to_hex(blake2b("abc", 32)),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

}  // namespace
}  // namespace holdfast::crypto
