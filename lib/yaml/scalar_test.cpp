// SPDX-License-Identifier: Apache-2.0
#include "yaml/scalar.h"

#include "value/json.h"
#include "yaml/timestamp.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::yaml {
namespace {

std::string meaning(std::string_view text, Dialect dialect) {
  const auto scalar = resolve(text, dialect);
  switch (scalar.kind) {
    case ScalarKind::text: return "text";
    case ScalarKind::not_a_number: return "nan";
    case ScalarKind::null:
    case ScalarKind::boolean:
    case ScalarKind::integer:
    case ScalarKind::real:
    case ScalarKind::timestamp: return json::write(scalar.value);
  }
  return "?";
}

TEST(YamlScalar, MeansTheSameInBothDialects) {
  struct Case {
    std::string_view in;
    std::string_view want;
  };

  for (const auto& [in, want] : std::to_array<Case>({
           {"", "null"},
           {"~", "null"},
           {"Null", "null"},
           {"nULL", "text"},
           {"TRUE", "true"},
           {"tRUE", "text"},
           {"12", "12"},
           {"+12", "12"},
           {"-12", "-12"},
           {"0755", "493"},
           {"0o755", "493"},
           {"0x1F", "31"},
           {"0b101", "5"},
           {"-0b11", "-3"},
           {"1_000", "1000"},
           {"08", "8"},
           {"0x", "text"},
           {"1e", "text"},
           {"9223372036854775807", "9223372036854775807"},
           {"18446744073709551615", "18446744073709551615"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"18446744073709551616", "18446744073709552000"},
           {"1.50", "1.5"},
           {"1.0", "1"},
           {"1.", "1"},
           {".5", "0.5"},
           {"-.5", "-0.5"},
           {"+.5", "0.5"},
           {".", "text"},
           {"1e6", "1000000"},
           {"1e400", "text"},
           {"1e-400", "0"},
           {"-0.0", "-0"},
           {"-", "text"},
           {"+", "text"},
           {".inf", "nan"},
           {"-.INF", "nan"},
           {".nan", "nan"},
           {"inf", "text"},
           {"<<", "text"},
           {"=", "text"},
           {"12:30", "text"},
           {"1.2.3", "text"},
           {"0xfg", "text"},
           {"--1", "text"},
           {"_1", "text"},
           {"123456789.123", "123456789.123"},
           {"1e21", "1e+21"},
       })) {
    EXPECT_EQ(meaning(in, Dialect::kube), want) << in;
    EXPECT_EQ(meaning(in, Dialect::kyaml), want) << in;
  }
}

TEST(YamlScalar, WhatIsSurelyTextIsText) {
  std::vector<std::string> texts{"", "yes", "true", "falsey", "no", "none!", "0x1f", ".5", "-", "~", "a"};
  for (int c = 0; c < 256; ++c) {
    for (const char* rest : {"", "1", "es", "rue", "alse", ".5e3", "onger"})
      texts.push_back(std::string(1, static_cast<char>(c)) + rest);
  }
  std::size_t seen = 0;
  for (const auto& text : texts) {
    if (!is_surely_text(text)) continue;
    ++seen;
    EXPECT_EQ(resolve(text, Dialect::kube).kind, ScalarKind::text) << text;
    EXPECT_EQ(resolve(text, Dialect::kyaml).kind, ScalarKind::text) << text;
  }
  EXPECT_GT(seen, texts.size() / 2);
}

TEST(YamlScalar, OldBooleansAreBooleansInKubeAlone) {
  for (const std::string_view word : {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}) {
    EXPECT_EQ(meaning(word, Dialect::kube), "true") << word;
    EXPECT_EQ(meaning(word, Dialect::kyaml), "text") << word;
  }
  for (const std::string_view word : {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}) {
    EXPECT_EQ(meaning(word, Dialect::kube), "false") << word;
    EXPECT_EQ(meaning(word, Dialect::kyaml), "text") << word;
  }
}

TEST(YamlScalar, TimestampsAreReadAsLenientlyAsGoDoes) {
  struct Case {
    std::string_view in;
    std::string_view want;
  };

  for (const auto& [in, want] : std::to_array<Case>({
           {"2024-01-02", "2024-01-02T00:00:00Z"},
           {"2024-1-2", "2024-01-02T00:00:00Z"},
           {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"},
           {"2024-01-02t3:4:5.120+02:00", "2024-01-02T03:04:05.12+02:00"},
           {"2024-01-02 03:04:05.5", "2024-01-02T03:04:05.5Z"},
           {"2024-02-30", ""},
           {"2024-02-29", "2024-02-29T00:00:00Z"},
           {"2023-02-29", ""},
           {"2024-01-02T03:04:05", ""},
           {"2024-01-02 03:04:05Z", ""},
           {"2024-01-02T25:04:05Z", ""},
           {"2024-01-02x", ""},
           {"20240-1-2", ""},
           {"2024-", ""},
       })) {
    EXPECT_EQ(parse_timestamp(in).value_or(""), want) << in;
  }
}

TEST(YamlScalar, NumbersInBaseSixtyAreRecognised) {
  EXPECT_TRUE(is_base60("12:30:45"));
  EXPECT_TRUE(is_base60("-1_2:59.5"));
  EXPECT_FALSE(is_base60("12:60"));
  EXPECT_FALSE(is_base60("12:"));
  EXPECT_FALSE(is_base60("1:123"));
  EXPECT_FALSE(is_base60("a:12"));
}

TEST(YamlScalar, RealsArePrintedAsGoDoes) {
  EXPECT_EQ(format_general(1e20), "1e+20");
  EXPECT_EQ(format_general(123456789.123), "1.23456789123e+08");
  EXPECT_EQ(format_general(1e-7), "1e-07");
  EXPECT_EQ(format_general(0.0001), "0.0001");
  EXPECT_EQ(format_general(123456.5), "123456.5");
}

}  // namespace
}  // namespace holdfast::yaml
