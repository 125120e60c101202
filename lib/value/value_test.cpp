// SPDX-License-Identifier: Apache-2.0
#include "value/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace holdfast {
namespace {

TEST(Object, IsSortedByTheBytesOfItsKeys) {
  const Object object{{"b", 1}, {"B", 2}, {"a.b", 3}, {"a", 4}, {"é", 5}};
  std::string keys;
  for (const auto& member : object) keys += member.key + " ";
  EXPECT_EQ(keys, "B a a.b b é ");
}

TEST(Object, SortKeepsTheLastOfEqualKeysAndNamesTheFirst) {
  Object object;
  object.append("b", 1);
  object.append("a", 2);
  object.append("b", 3);
  const auto sorted = object.sort();
  EXPECT_FALSE(sorted.unique);
  EXPECT_EQ(sorted.duplicate, "b");
  EXPECT_EQ(object, (Object{{"a", 2}, {"b", 3}}));
}

TEST(Value, FindsAPathOrNothing) {
  const Value value = Object{{"metadata", Object{{"name", "web"}}}};
  EXPECT_EQ(value.text({"metadata", "name"}), "web");
  EXPECT_EQ(value.text({"metadata", "namespace"}), "");
  EXPECT_EQ(value.find_path({"metadata", "name", "further"}), nullptr);
}

TEST(Value, IntegersAndRealsStayApart) {
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_EQ(Value(std::uint64_t{7}), Value(7));
  EXPECT_EQ(Value(std::numeric_limits<std::uint64_t>::max()).kind(), Value::Kind::unsigned_integer);
}

TEST(Value, MembersAreMadeOnTheWay) {
  Value value;
  value["spec"]["replicas"] = 3;
  EXPECT_EQ(value, Value(Object{{"spec", Object{{"replicas", 3}}}}));
}

}  // namespace
}  // namespace holdfast
