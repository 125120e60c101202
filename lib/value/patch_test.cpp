// SPDX-License-Identifier: Apache-2.0
#include "value/patch.h"

#include "value/json.h"
#include "value/pointer.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::json {
namespace {

Value read(std::string_view text) {
  auto value = parse(text, "case");
  EXPECT_TRUE(value) << text << ": " << value.error().message();
  return *std::move(value);
}

TEST(Pointer, FindsWhatIsThere) {
  const auto document = read(R"({"a/b":{"m~n":[1,{"x":2}]},"":3})");
  EXPECT_EQ(*find(document, "/a~1b/m~0n/1/x"), Value(2));
  EXPECT_EQ(*find(document, "/a~1b/m~0n/-2"), Value(1));
  EXPECT_EQ(*find(document, "/"), Value(3));
  EXPECT_EQ(*find(document, ""), document);
  EXPECT_EQ(find(document, "/a~1b/m~0n/2"), nullptr);
  EXPECT_EQ(find(document, "/a~1b/m~0n/one"), nullptr);
  EXPECT_EQ(find(document, "a"), nullptr);
  EXPECT_EQ(pointer_token("a/b~"), "a~1b~0");
}

// The cases of RFC 6902's appendix A, and the laxities named in the header.
TEST(JsonPatch, AppliesEachOperation) {
  struct Case {
    std::string_view document;
    std::string_view patch;
    std::string_view want;
  };

  for (const auto& [document, patch, want] : std::to_array<Case>({
           {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
            R"({"baz":"qux","foo":"bar"})"},
           {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
            R"({"foo":["bar","qux","baz"]})"},
           {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["x"]}])",
            R"({"foo":["bar",["x"]]})"},
           {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-1","value":1}])",
            R"({"foo":["bar",1]})"},
           {R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])", R"({"b":2})"},
           {R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/1"}])", R"({"a":[1,3]})"},
           {R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"b":2}}])", R"({"a":{"b":2}})"},
           {R"({"a":1})", R"([{"op":"replace","path":"/b","value":2}])", R"({"a":1,"b":2})"},
           {R"({"a":[1,2]})", R"([{"op":"replace","path":"/a/0","value":3}])", R"({"a":[3,2]})"},
           {R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":2}}])", R"({"b":2})"},
           {R"({"a":{"x":1},"b":{}})", R"([{"op":"move","from":"/a/x","path":"/b/y"}])",
            R"({"a":{},"b":{"y":1}})"},
           {R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])",
            R"({"a":[2,3,1]})"},
           {R"({"a":{"x":1}})", R"([{"op":"copy","from":"/a","path":"/a/y"}])",
            R"({"a":{"x":1,"y":{"x":1}}})"},
           {R"({"a":{"b":[1,"x"]}})", R"([{"op":"test","path":"/a","value":{"b":[1,"x"]}}])",
            R"({"a":{"b":[1,"x"]}})"},
           {R"({"a":null})", R"([{"op":"test","path":"/b","value":null}])", R"({"a":null})"},
           {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])",
            R"({"/":9,"~1":10})"},
           {R"({"a":1})", R"([{"op":"add","path":"/b"}])", R"({"a":1,"b":null})"},
           {R"({"a":1})", R"([{"op":"copy","from":"/none","path":"/b"}])", R"({"a":1,"b":null})"},
           {R"({"a":1})", "[]", R"({"a":1})"},
       })) {
    const auto patched = apply_patch(read(document), read(patch));
    ASSERT_TRUE(patched) << patch << ": " << patched.error().message();
    EXPECT_EQ(write(*patched), want) << patch;
  }
}

TEST(JsonPatch, RefusalsNameTheOperation) {
  struct Case {
    std::string_view patch;
    std::string_view want;
  };

  for (const auto& [patch, want] : std::to_array<Case>({
           {R"([{"op":"add","path":"/x/y","value":1}])",
            "operation 1 (add /x/y): nothing that holds '/x/y': the object has no 'x'"},
           {R"([{"op":"add","path":"/a/b","value":1}])",
            "operation 1 (add /a/b): nothing that holds '/a/b': '/a' is of type integer"},
           {R"([{"op":"add","path":"/l/3","value":1}])",
            "operation 1 (add /l/3): index '3' is outside of the list of 1"},
           {R"([{"op":"add","path":"/l/x","value":1}])",
            "operation 1 (add /l/x): index 'x' is outside of the list of 1"},
           {R"([{"op":"remove","path":"/x"}])", "operation 1 (remove /x): nothing at '/x': the object has no 'x'"},
           {R"([{"op":"replace","path":"/l/1","value":1}])",
            "operation 1 (replace /l/1): nothing at '/l/1': '/l' is a list of 1"},
           {R"([{"op":"test","path":"/a","value":1},{"op":"test","path":"/a","value":2}])",
            "operation 2 (test /a): the value at '/a' is another one: it is 1, the test wants 2"},
           {R"([{"op":"copy","path":"/b"}])", "operation 1 (copy /b): 'from' is missing"},
           {R"([{"op":"copy","from":"/none/x","path":"/b"}])",
            "operation 1 (copy /b): nothing that holds '/none/x': the object has no 'none'"},
           {R"([{"op":"copy","from":"/l/1","path":"/b"}])",
            "operation 1 (copy /b): nothing at '/l/1': '/l' is a list of 1"},
           {R"([{"op":"move","from":"/a","path":"/a/b"}])",
            "operation 1 (move /a/b): nothing that holds '/a/b': the object has no 'a'"},
           {R"([{"op":"swap","path":"/a"}])", "operation 1 (swap /a): operation 'swap' is unknown"},
           {R"([{"op":"remove","path":""}])",
            "operation 1 (remove ): the whole document cannot be the operand here"},
           {R"([{"op":"remove","path":"a"}])",
            "operation 1 (remove a): JSON pointer 'a' does not start with '/'"},
           {R"({"op":"remove"})", "a JSON patch is a list, this is of type object"},
       })) {
    const auto patched = apply_patch(read(R"({"a":1,"l":[1]})"), read(patch));
    ASSERT_FALSE(patched) << patch;
    EXPECT_EQ(patched.error().code(), Code::patch);
    EXPECT_EQ(patched.error().message(), want);
  }
}

TEST(JsonPatch, ACopyBombIsRefused) {
  Array operations;
  for (int i = 0; i < 64; ++i) {
    operations.push_back(Object{{"op", "copy"}, {"from", "/a"}, {"path", fmt::format("/a/{}", i)}});
  }
  EXPECT_EQ(apply_patch(read(R"({"a":{}})"), operations).error().code(), Code::limit);
}

// The table of RFC 7386's appendix A.
TEST(MergePatch, AppliesAsTheRfcSays) {
  struct Case {
    std::string_view document;
    std::string_view patch;
    std::string_view want;
  };

  for (const auto& [document, patch, want] : std::to_array<Case>({
           {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           {R"({"a":"b"})", R"({"a":null})", "{}"},
           {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
           {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
           {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
           {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
           {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
           {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
           {R"({"a":"foo"})", "null", "null"},
           {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
           {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
           {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
       })) {
    EXPECT_EQ(write(apply_merge_patch(read(document), read(patch))), want) << patch;
  }
}

TEST(MergePatch, TheDifferenceLeadsFromOneToTheOther) {
  struct Case {
    std::string_view from;
    std::string_view to;
    std::string_view want;
  };

  for (const auto& [from, to, want] : std::to_array<Case>({
           {R"({"a":1})", R"({"a":1})", "{}"},
           {R"({"a":1,"b":2})", R"({"b":3,"c":4})", R"({"a":null,"b":3,"c":4})"},
           {R"({"a":{"x":1,"y":2}})", R"({"a":{"x":1}})", R"({"a":{"y":null}})"},
           {R"({"a":[1,2]})", R"({"a":[1]})", R"({"a":[1]})"},
           {R"({"a":{"x":1}})", R"({"a":"x"})", R"({"a":"x"})"},
       })) {
    const auto patch = merge_patch_between(read(from), read(to));
    EXPECT_EQ(write(patch), want);
    EXPECT_EQ(apply_merge_patch(read(from), patch), read(to)) << from;
  }
}

}  // namespace
}  // namespace holdfast::json
