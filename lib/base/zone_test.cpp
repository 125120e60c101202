// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>

#include "fakes/table.h"

namespace holdfast {
namespace {

void append_number(std::string& out, std::int64_t number, int bytes) {
  for (int at = bytes; at-- > 0;) out += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * at));
}

void append_header(std::string& out, int times, int types, int names) {
  out += "TZif2" + std::string(15, '\0');
  for (const int count : {0, 0, 0, times, types, names}) append_number(out, count, 4);
}

// LMT until second 1000, then SUM, from 2000 on STD, whose place the rule takes.
std::string zone_file(const std::string& rule) {
  std::string out;
  append_header(out, 0, 1, 4);
  out += std::string(6, '\0') + std::string("UTC\0", 4);
  append_header(out, 2, 3, 12);
  for (const int time : {1000, 2000}) append_number(out, time, 8);
  out += "\2\1";
  struct Type {
    int offset, summer, name;
  };
  for (const auto& [offset, summer, name] : {Type{123, 0, 0}, Type{3600, 0, 4}, Type{7200, 1, 8}}) {
    append_number(out, offset, 4);
    append_number(out, summer, 1);
    append_number(out, name, 1);
  }
  return out + std::string("LMT\0STD\0SUM\0", 12) + "\n" + rule + "\n";
}

TEST(ZoneFile, AfterTheLastTransitionItsRuleHolds) {
  const auto rows = fakes::rows_of("testdata/zones.tsv");
  EXPECT_FALSE(rows.empty());
  for (const auto& row : rows) {
    std::int64_t seconds = 0;
    std::from_chars(row[1].data(), row[1].data() + row[1].size(), seconds);
    const auto zone = zone_in_file(zone_file(row[0]), seconds);
    ASSERT_TRUE(zone) << row[0];
    EXPECT_EQ(zone->name, row[2]) << row[0] << " at " << seconds;
    EXPECT_EQ(fmt::format("{}", zone->offset), row[3]) << row[0] << " at " << seconds;
  }
}

TEST(ZoneFile, WhatIsCutOrWrongIsNoZone) {
  const std::string whole = zone_file("CET-1");
  for (std::size_t size = 0; size < whole.size() - std::string_view("\nCET-1\n").size(); ++size)
    EXPECT_FALSE(zone_in_file(whole.substr(0, size), 1500)) << size;
  std::string wrong = whole;
  wrong[whole.find("\2\1")] = '\7';  // there are three types
  EXPECT_FALSE(zone_in_file(wrong, 1500));
}

TEST(Zone, IsFoundByItsName) {
  if (!find_zone("Europe/Berlin", 0)) GTEST_SKIP() << "this machine has no time zones";
  constexpr std::int64_t winter = 1'767'225'600, summer = 1'782'864'000;  // the first of January and of July 2026
  const auto offset = [](const char* name, std::int64_t seconds) { return find_zone(name, seconds).value_or(Zone{.offset = -1}).offset; };
  EXPECT_EQ(offset("Europe/Berlin", winter), 3600);
  EXPECT_EQ(offset("Europe/Berlin", summer), 7200);
  EXPECT_EQ(offset("Australia/Sydney", winter), 11 * 3600);
  EXPECT_EQ(offset("Asia/Kolkata", summer), 19'800);
  EXPECT_EQ(offset("", summer), 0);
  for (const char* name : {"Europe/Nowhere", "../../../etc/passwd", "/etc/passwd", "posixrules/"}) EXPECT_FALSE(find_zone(name, summer)) << name;
}

}  // namespace
}  // namespace holdfast
