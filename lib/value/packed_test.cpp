// SPDX-License-Identifier: Apache-2.0
#include "value/packed.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace holdfast {
namespace {

TEST(Packed, GivesBackEveryKindAsItWas) {
  using Limits = std::numeric_limits<std::int64_t>;
  const Value values[] = {nullptr, true, false, 0, -1, Limits::min(), Limits::max(), std::numeric_limits<std::uint64_t>::max(),
                          0.5, 1.0, -0.0, std::numeric_limits<double>::infinity(), "", "text", std::string("\0\xFF", 2),
                          std::string(127, 'a'), std::string(128, 'b'), std::string(70'000, 'c'), Array{}, Object{},
                          Array{1, Array{"x", nullptr}, Object{{"", Array(200, Value(7))}}}};
  for (const auto& value : values) EXPECT_EQ(Packed(value).unpack(), value);
  EXPECT_EQ(Packed().unpack(), Value());
}

Value random_value(std::minstd_rand& random, int depth) {
  switch (random() % (depth > 0 ? 7 : 5)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return static_cast<std::int64_t>(random()) - (1 << 30);
    case 3: return static_cast<double>(random()) / 7;
    case 4: return std::string(random() % 300, 'v');
    case 5: {
      Array items;
      for (auto left = random() % 5; left > 0; --left) items.push_back(random_value(random, depth - 1));
      return items;
    }
    default: {
      Object members;
      for (auto left = random() % 5; left > 0; --left) members.set(std::to_string(random()), random_value(random, depth - 1));
      return members;
    }
  }
}

TEST(Packed, GivesBackRandomTrees) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::minstd_rand random(seed);
    const Value value = random_value(random, 6);
    EXPECT_EQ(Packed(value).unpack(), value) << "seed " << seed;
  }
}

}  // namespace
}  // namespace holdfast
