// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/datum.h"

#include "gotmpl/print.h"

#include <gtest/gtest.h>

namespace holdfast::gotmpl {
namespace {

TEST(Datum, DictsAreSharedByReferenceAsGoMapsAre) {
  Datum first = Datum::new_dict();
  Datum second = first;
  second.dict()->set("b", 1);
  second.dict()->set("a", "x");
  ASSERT_EQ(first.dict()->size(), 2U);
  EXPECT_EQ(first.dict()->entries()[0].key, "a");
  EXPECT_TRUE(first.same_box(second));
  EXPECT_TRUE(first.dict()->erase("a"));
  EXPECT_EQ(second.find("a"), nullptr);
}

TEST(Datum, EveryNumberOfAValuesFileIsAFloat) {
  Value value = Object{{"n", 5}, {"l", Array{1.5, true, nullptr}}};
  Datum datum = Datum::from_value(value, Datum::Numbers::as_float64);
  EXPECT_EQ(datum.find("n")->type_name(), "float64");
  EXPECT_EQ(Datum::from_value(value, Datum::Numbers::exact).find("n")->type_name(), "int64");
  EXPECT_EQ(datum.find("l")->type_name(), "[]interface {}");
  EXPECT_EQ(datum.find("l")->items()[2].kind(), Kind::nil);
}

TEST(Datum, TruthFollowsGo) {
  EXPECT_FALSE(Datum().truth());
  EXPECT_FALSE(Datum::nil().truth());
  EXPECT_FALSE(Datum(0).truth());
  EXPECT_FALSE(Datum("").truth());
  EXPECT_FALSE(Datum::new_dict().truth());
  EXPECT_FALSE(Datum::of_list({}).truth());
  EXPECT_TRUE(Datum("false").truth());
  EXPECT_TRUE(Datum(0.5).truth());
}

TEST(Datum, ADocumentComesBackAsItWas) {
  Value value = Object{{"a", Array{1.5, "x", Object{}}}, {"b", nullptr}, {"c", true}};
  Result<Value> back = Datum::from_value(value, Datum::Numbers::exact).to_value();
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, value);
}

TEST(Datum, WhatHoldsItselfIsPrintedForAWhile) {
  Datum loop = Datum::new_dict();
  for (const std::string_view key : {"a", "b", "c"}) loop.dict()->set(key, loop);
  const auto text = print_value(loop);
  EXPECT_TRUE(text.starts_with("map[a:map[a:")) << text.substr(0, 100);
  EXPECT_LT(text.size(), 1000U);
  for (const std::string_view key : {"a", "b", "c"}) loop.dict()->set(key, Datum());
}

TEST(Datum, BytesArePrintedAsNumbers) {
  EXPECT_EQ(print_value(Datum::of_bytes({})), "[]");
  EXPECT_EQ(print_value(Datum::of_bytes(std::string("\0\x09\x0a\x63\x64\xff", 6))), "[0 9 10 99 100 255]");
}

}  // namespace
}  // namespace holdfast::gotmpl
