// SPDX-License-Identifier: Apache-2.0
#include "archive/compress.h"
#include "archive/tar_reader.h"
#include "archive/tar_writer.h"

#include <gtest/gtest.h>

namespace holdfast::archive {
namespace {

std::string chart_tar() {
  std::string bytes;
  TarWriter tar(sink_to(bytes));
  EXPECT_TRUE(tar.folder("chart"));
  EXPECT_TRUE(tar.file("chart/Chart.yaml", "name: chart\n"));
  EXPECT_TRUE(tar.file("chart/" + std::string(150, 'n') + ".yaml", "long: name\n"));
  EXPECT_TRUE(tar.finish());
  return bytes;
}

std::string gzip(std::string_view bytes) {
  std::string out;
  EXPECT_TRUE(gzip_compress(source_of(bytes), sink_to(out)));
  return out;
}

std::string zstd(std::string_view bytes) {
  std::string out;
  EXPECT_TRUE(zstd_compress(source_of(bytes), sink_to(out), {.size = bytes.size()}));
  return out;
}

std::string tar_of(const TarHeader& header, std::string_view content = {}) {
  std::string bytes = header.bytes() + std::string(content);
  bytes += std::string(tar_padding(content.size()) + 2 * tar_block, '\0');
  return bytes;
}

TEST(ReadTree, ReadsWhatTheWriterWrotePlainAndCompressed) {
  const std::string plain = chart_tar();
  for (const auto& bytes : {plain, gzip(plain), zstd(plain)}) {
    const auto tree = read_tree(bytes);
    ASSERT_TRUE(tree.has_value()) << tree.error().message();
    EXPECT_EQ(tree->files().size(), 2U);
    EXPECT_EQ(tree->read("chart/Chart.yaml").value(), "name: chart\n");
    EXPECT_EQ(tree->read("chart/" + std::string(150, 'n') + ".yaml").value(), "long: name\n");
  }
}

TEST(ReadTree, RefusesWhatCouldLeaveTheTreeOrIsNoFile) {
  const struct {
    const char* name;
    std::string bytes;
    Code code;
  } cases[] = {
      {"climbing path", tar_of({.name = "../x", .size = 1}, "1"), Code::path_outside},
      {"climbing inside", tar_of({.name = "a/../../x", .size = 1}, "1"), Code::path_outside},
      {"absolute path", tar_of({.name = "/etc/x", .size = 1}, "1"), Code::path_outside},
      {"backslash", tar_of({.name = "a\\b", .size = 1}, "1"), Code::path_outside},
      {"link", tar_of({.name = "l", .type = '2', .link = "/etc"}), Code::source_unsupported},
      {"hard link", tar_of({.name = "l", .type = '1', .link = "x"}), Code::source_unsupported},
      {"device", tar_of({.name = "d", .type = '3'}), Code::source_unsupported},
      {"pipe", tar_of({.name = "p", .type = '6'}), Code::source_unsupported},
      {"no archive", "hello", Code::file_unreadable},
      {"cut short", chart_tar().substr(0, 1100), Code::file_unreadable},
  };

  for (const auto& test : cases) {
    const auto tree = read_tree(test.bytes);
    ASSERT_FALSE(tree.has_value()) << test.name;
    EXPECT_EQ(tree.error().code(), test.code) << test.name << ": " << tree.error().message();
  }
}

TEST(ReadTree, RefusesAPathThatOccursTwiceOrIsFileAndFolder) {
  for (const auto* second : {"a", "a/b"}) {
    std::string bytes;
    TarWriter tar(sink_to(bytes));
    ASSERT_TRUE(tar.file("a", "1"));
    ASSERT_TRUE(tar.file(second, "2"));
    ASSERT_TRUE(tar.finish());
    EXPECT_EQ(read_tree(bytes).error().code(), Code::path_outside);
  }
}

TEST(ReadTree, CountsAgainstItsLimits) {
  const std::string plain = chart_tar();
  EXPECT_EQ(read_tree(plain, {.entries = 2}).error().message(),
            "the archive has more than 2 members");
  EXPECT_EQ(read_tree(plain, {.bytes = 20}).error().message(),
            "the archive expands to more than 20 bytes");
  EXPECT_EQ(read_tree(plain, {.path_bytes = 100}).error().code(), Code::limit);
  EXPECT_EQ(read_tree(plain, {.depth = 1}).error().code(), Code::limit);
  // 64 MiB of zeros are a few KiB as gzip: the header's size is what counts.
  std::string bomb = TarHeader{.name = "zeros", .size = std::uint64_t{64} << 20}.bytes();
  bomb += std::string(std::size_t{64} << 20, '\0');
  EXPECT_EQ(read_tree(gzip(bomb), {.bytes = 1 << 20}).error().code(), Code::limit);
}

TEST(Zstd, ExpandsToExactlyTheExpectedSize) {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += std::to_string(i * 7919L % 104'729);
  const std::string small = zstd(text);
  EXPECT_EQ(small, zstd(text));
  std::string out;
  ASSERT_TRUE(zstd_expand(source_of(small), sink_to(out), text.size()));
  EXPECT_EQ(out, text);
  for (const auto& [bytes, size] : std::vector<std::pair<std::string, std::uint64_t>>{
           {small, text.size() - 1},
           {small, text.size() + 1},
           {small, 0},
           {small.substr(0, small.size() - 5), text.size()},
           {small + small, text.size()},
           {small + "x", text.size()},
           {"hello", 5}}) {
    std::string ignored;
    const auto expanded = zstd_expand(source_of(bytes), sink_to(ignored), size);
    ASSERT_FALSE(expanded.has_value()) << size;
    EXPECT_EQ(expanded.error().code(), Code::bundle_content);
    EXPECT_LE(ignored.size(), size);
  }
}

TEST(TarWriter, GivesTheSameBytesForTheSameCalls) {
  EXPECT_EQ(chart_tar(), chart_tar());
}

TEST(TarWriter, RefusesContentThatChangesItsSize) {
  std::string bytes;
  TarWriter tar(sink_to(bytes));
  EXPECT_EQ(tar.file("x", TarWriter::Content{source_of("abc"), 4}).error().message(),
            "'x' changed its size while it was read");
  EXPECT_EQ(tar.file("x", TarWriter::Content{source_of("abc"), 2}).error().message(),
            "'x' changed its size while it was read");
}

}  // namespace
}  // namespace holdfast::archive
