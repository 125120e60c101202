// SPDX-License-Identifier: Apache-2.0
#include "sync/compare.h"

#include <gtest/gtest.h>

#include "sync/fields.h"
#include "sync/jq_path.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

constexpr const char* ours =
    R"("managedFields":[{"manager":"argocd-controller","operation":"Apply",
       "fieldsV1":{"f:data":{"f:a":{}},"f:items":{"k:{\"name\":\"x\"}":{".":{},"f:v":{}}}}}])";

Value live_object(std::string_view rest) {
  return object(fmt::format(R"({{"metadata":{{{}}},{}}})", ours, rest));
}

TEST(Differs, OnlyFieldsThatWeOwnCount) {
  const auto ignore = Ignore::make({});
  const Key key{"", "ConfigMap", "shop", "one"};
  const Value predicted = live_object(R"("data":{"a":"1","b":"x"},"items":[{"name":"x","v":1}])");
  struct Case {
    const char* name;
    const char* live;
    bool want;
  };
  const Case cases[] = {
      {"equal", R"("data":{"a":"1","b":"x"},"items":[{"name":"x","v":1}])", false},
      {"somebody else's field", R"("data":{"a":"1","b":"other"},"items":[{"name":"x","v":1}])", false},
      {"our field changed", R"("data":{"a":"2","b":"x"},"items":[{"name":"x","v":1}])", true},
      {"our field removed", R"("data":{"b":"x"},"items":[{"name":"x","v":1}])", true},
      {"our item stands elsewhere", R"("data":{"a":"1"},"items":[{"name":"w","v":9},{"name":"x","v":1}])", false},
      {"our item changed", R"("data":{"a":"1"},"items":[{"name":"x","v":2}])", true},
      {"status is not Git's", R"("data":{"a":"1"},"items":[{"name":"x","v":1}],"status":{"a":1})", false},
  };
  for (const auto& each : cases) EXPECT_EQ(differs(key, live_object(each.live), predicted, *ignore), each.want) << each.name;
}

TEST(Differs, AFieldThatLeftGitCountsWhileItLives) {
  const auto ignore = Ignore::make({});
  const Value live = live_object(R"("data":{"a":"1"})");
  Value predicted = live_object(R"("data":{})");
  predicted["metadata"]["managedFields"] = Array{};
  EXPECT_TRUE(differs({}, live, predicted, *ignore));
}

TEST(Ignored, PointersAndJqAreTakenOutOfBothSides) {
  const auto ignore = Ignore::make({{"", "ConfigMap", "", "", {"/data/a", "/missing/x"}, {".items[] | select(.name == \"x\") | .v"}, {}}});
  ASSERT_TRUE(ignore);
  const Key key{"", "ConfigMap", "shop", "one"};
  const Value predicted = live_object(R"("data":{"a":"1"},"items":[{"name":"x","v":1}])");
  EXPECT_FALSE(differs(key, live_object(R"("data":{"a":"2"},"items":[{"name":"x","v":7}])"), predicted, *ignore));
}

TEST(Ignored, WhatAManagerOwnsThroughASubresourceToo) {
  const Key key{"apps", "Deployment", "shop", "web"};
  IgnoreRule rule;
  rule.group = "apps";
  rule.kind = "Deployment";
  rule.managers = {"kube-controller-manager"};
  const auto ignore = *Ignore::make({rule});
  Value live = object(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop","managedFields":[
      {"manager":"kube-controller-manager","operation":"Update","subresource":"scale","fieldsV1":{"f:spec":{"f:replicas":{}}}}]},
      "spec":{"replicas":7,"paused":true}})");
  Value predicted = object(R"({"spec":{"replicas":2,"paused":false}})");
  ignore.normalize(key, live, predicted);
  EXPECT_EQ(live.find_path({"spec", "replicas"}), nullptr);
  EXPECT_EQ(predicted.find_path({"spec", "replicas"}), nullptr);
  EXPECT_NE(live.find_path({"spec", "paused"}), nullptr);
}

TEST(Ignored, WhatIsRespectedKeepsItsLiveValue) {
  struct Case {
    const char* sentence;
    std::vector<std::string> pointers, jq;
    const char *live, *target, *want;
  };
  // Of each list the managers' entries say what names its items.
  constexpr std::string_view entries = R"("managedFields":[{"manager":"argocd-controller","operation":"Apply","fieldsV1":{"f:spec":{
      "f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:image":{},"f:mounts":{"k:{\"path\":\"/a\"}":{}}}},
      "f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:nodePort":{}}}}}}])";
  const Case cases[] = {
      {"an autoscaler's replicas", {"/spec/replicas"}, {}, R"({"replicas":7,"x":1})", R"({"replicas":2,"x":2})", R"({"replicas":7,"x":2})"},
      {"a field that Git does not have", {"/spec/replicas"}, {}, R"({"replicas":7})", R"({"x":2})", R"({"replicas":7,"x":2})"},
      {"a field that was removed is not brought back", {"/spec/a/note"}, {}, R"({"a":{"x":1}})", R"({"a":{"note":"n","x":2}})", R"({"a":{"x":2}})"},
      {"what neither has", {"/spec/none", "/spec/a/b"}, {}, R"({"x":1})", R"({"x":2})", R"({"x":2})"},
      {"the image of a container that an injected one has moved", {}, {".spec.containers[] | select(.name == \"app\") | .image"},
       R"({"containers":[{"name":"proxy","image":"p"},{"name":"app","image":"live"}]})", R"({"containers":[{"name":"app","image":"git"}]})",
       R"({"containers":[{"image":"live","name":"app"}]})"},
      {"every image, where one container is injected", {}, {".spec.containers[].image"},
       R"({"containers":[{"name":"proxy","image":"p"},{"name":"app","image":"live"}]})", R"({"containers":[{"name":"app","image":"git"}]})",
       R"({"containers":[{"image":"live","name":"app"}]})"},
      {"an injected container as a whole stays beside ours", {}, {".spec.containers[] | select(.name == \"proxy\")"},
       R"({"containers":[{"name":"proxy","image":"p"},{"name":"app","image":"live"}]})", R"({"containers":[{"name":"app","image":"git"}]})",
       R"({"containers":[{"image":"git","name":"app"},{"image":"p","name":"proxy"}]})"},
      {"an ignored container keeps its place", {}, {".spec.containers[] | select(.name == \"app\")"},
       R"({"containers":[{"name":"b","image":"b"},{"name":"app","image":"live"}]})",
       R"({"containers":[{"name":"app","image":"git"},{"name":"b","image":"new"}]})",
       R"({"containers":[{"image":"live","name":"app"},{"image":"new","name":"b"}]})"},
      {"an ignored container that was removed", {}, {".spec.containers[] | select(.name == \"app\")"},
       R"({"containers":[{"name":"b","image":"b"}]})", R"({"containers":[{"name":"app","image":"git"},{"name":"b","image":"b"}]})",
       R"({"containers":[{"image":"b","name":"b"}]})"},
      {"a port that Git writes without its protocol", {}, {".spec.ports[].nodePort"},
       R"({"ports":[{"port":81,"protocol":"TCP","nodePort":31},{"port":80,"protocol":"TCP","nodePort":30}]})", R"({"ports":[{"port":80},{"port":81}]})",
       R"({"ports":[{"nodePort":30,"port":80},{"nodePort":31,"port":81}]})"},
      {"lists within an item go by names as well", {}, {".spec.containers[].env[].value"},
       R"({"containers":[{"name":"app","env":[{"name":"NEW","value":"n"},{"name":"A","value":"live"}]}]})",
       R"({"containers":[{"name":"app","env":[{"name":"A","value":"git"}]}]})", R"({"containers":[{"env":[{"name":"A","value":"live"}],"name":"app"}]})"},
      {"and by the key that names them where that is no name", {}, {".spec.containers[].mounts[].sub"},
       R"({"containers":[{"name":"app","mounts":[{"name":"v","path":"/b","sub":"live b"},{"name":"v","path":"/a","sub":"live a"}]}]})",
       R"({"containers":[{"name":"app","mounts":[{"name":"v","path":"/a","sub":"a"},{"name":"v","path":"/b","sub":"b"}]}]})",
       R"({"containers":[{"mounts":[{"name":"v","path":"/a","sub":"live a"},{"name":"v","path":"/b","sub":"live b"}],"name":"app"}]})"},
      {"a list that is no list of named items goes by its order", {"/spec/args/1"}, {}, R"({"args":["a","live"]})", R"({"args":["a","git"]})", R"({"args":["a","live"]})"},
      {"what is of another type in Git", {"/spec/a/b"}, {}, R"({"a":{"b":1}})", R"({"a":[1]})", R"({"a":[1]})"},
  };
  for (const auto& each : cases) {
    IgnoreRule rule;
    rule.kind = "*";
    rule.pointers = each.pointers;
    rule.jq = each.jq;
    const auto ignore = Ignore::make({rule});
    ASSERT_TRUE(ignore) << each.sentence;
    Value target = object(fmt::format(R"({{"kind":"X","spec":{}}})", each.target));
    ignore->respect({"", "X", "", "x"}, object(fmt::format(R"({{"kind":"X","metadata":{{{}}},"spec":{},"status":{{"a":1}}}})", entries, each.live)), target);
    EXPECT_EQ(json::write(*target.find("spec")), each.want) << each.sentence;
    EXPECT_EQ(target.find("status"), nullptr) << each.sentence;
  }
}

TEST(Ignored, AStatusIsNeverTakenOver) {
  IgnoreRule rule;
  rule.kind = "*";
  rule.pointers = {"/status", "/status/phase"};
  Value target = object(R"({"spec":{}})");
  Ignore::make({rule})->respect({"", "X", "", "x"}, object(R"({"spec":{},"status":{"phase":"Old"}})"), target);
  EXPECT_EQ(target, object(R"({"spec":{}})"));
}

TEST(Jq, SelectsPlacesOrRefusesByName) {
  const Value document = object(R"({"a":{"b.c":1,"list":[{"n":"x","v":1},{"n":"y","v":2}]}})");
  struct Case {
    const char* path;
    std::size_t places;
  };
  const Case cases[] = {{".a", 1}, {".a.list[]", 2}, {".a.list[0].v", 1}, {".a[\"b.c\"]", 1}, {".a.\"b.c\"", 1},
                        {".a.list[] | select(.n == \"y\")", 1}, {".a.list[-1]", 1}, {".missing", 0},
                        {".a.list[] | select(.n | startswith(\"x\")) | .v", 1}, {".a.list[0].v, .a.list[1].v", 2},
                        {".a.list[] | select(.v > 1 and .n != \"x\")", 1}, {"..", 10}, {".a.list[]?.v", 2},
                        {".a.list[] | select(.n | test(\"^[xz]$\"))", 1}, {".a.list[] | select(.n | test(\"^X\"; \"i\"))", 1},
                        {".a.list[] | select(.n | test(\"(\"))", 0}, {".a.list[] | select(.n | IN(\"x\", \"y\"))", 2},
                        {".a | select(.list[].n == \"y\") | .list", 1}, {".a | select(any(.list[]; .v > 1)) | .list", 1},
                        {".a | select(all(.list[]; .v > 1)) | .list", 0}, {".a | select(.list | any(.n == \"y\"))", 1},
                        {".a.list[] | select(.w == null)", 2},
                        {".a.list[] | select(.w.deeper == null) | .n", 2}, {".a.list[] | select(.n | inside(\"xx\"))", 1},
                        {".a | select(.list | length == 2)", 1}, {".a | select(keys | contains([\"list\"]))", 1},
                        {".a.list[] | select([.n] | inside([\"x\", \"z\"]))", 1}, {".a.list[] | select(.n | not)", 0}, {".a.list[] | select(has(\"n\")) | .n", 2}, {"empty", 0}};
  for (const auto& each : cases) {
    const auto path = JqPath::parse(each.path);
    ASSERT_TRUE(path) << each.path;
    EXPECT_EQ(path->select(document).size(), each.places) << each.path;
  }
  for (const char* bad : {".a[", ")", ".a | nosuch", ".a.\"x", "select()", "test", "not(.a)", "[.a", ""}) EXPECT_FALSE(JqPath::parse(bad)) << bad;
}

TEST(Fields, ProjectFindsItemsByTheirKey) {
  const Value fields = object(R"({"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{"f:name":{}}},
                                  "f:set":{"v:\"b\"":{}}}})");
  const Value live = object(R"({"spec":{"ports":[{"port":81},{"port":80,"protocol":"TCP","name":"http"}],"set":["a","b"]}})");
  const Value cut = project(live, fields);
  EXPECT_EQ(cut.find_path({"f:spec", "f:ports", "k:{\"port\":80,\"protocol\":\"TCP\"}", "f:name"})->as_string()->c_str(),
            std::string("http"));
  EXPECT_NE(cut.find_path({"f:spec", "f:set", "v:\"b\""}), nullptr);
}

TEST(Fields, TellWhatASecondApplyWouldLeaveAlone) {
  const char* live = R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"n","labels":{"l":"1","other":"x"},
      "managedFields":[{"manager":"argocd-controller","operation":"Apply","apiVersion":"v1","fieldsV1":{
        "f:metadata":{"f:labels":{"f:l":{}},"f:finalizers":{".":{},"v:\"f\"":{}}},
        "f:spec":{"f:args":{},"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:name":{}}}}}},
        {"manager":"kubectl-edit","operation":"Update","apiVersion":"v1","fieldsV1":{"f:metadata":{"f:labels":{"f:other":{}}}}}],
      "finalizers":["f","g"]},
    "spec":{"args":["a","b"],"ports":[{"port":81},{"port":80,"protocol":"TCP","name":"web"}]}})";
  const char* target = R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"n","labels":{"l":"1"},"finalizers":["f"]},
    "spec":{"args":["a","b"],"ports":[{"port":80,"name":"web"}]}})";
  struct Case {
    const char* sentence;
    const char *from, *to;
    bool applied;
  };
  const Case cases[] = {
      {"the same, beside what others own", "", "", true},
      {"another value", "\"l\":\"1\"}", "\"l\":\"2\"}", false},
      {"a field less", ",\"name\":\"web\"", "", false},
      {"a field more", "\"name\":\"web\"", "\"name\":\"web\",\"targetPort\":8080", false},
      {"what another manager owns now", "\"l\":\"1\"}", "\"l\":\"1\",\"other\":\"x\"}", false},
      {"another order in a list that is one value", "[\"a\",\"b\"]", "[\"b\",\"a\"]", false},
      {"another key of an item", "\"port\":80", "\"port\":81", false},
      {"another member of a set", "[\"f\"]", "[\"g\"]", false},
      {"another version", "\"apiVersion\":\"v1\"", "\"apiVersion\":\"v2\"", false},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    std::string text = target;
    if (*each.from != '\0') text.replace(text.find(each.from), std::string(each.from).size(), each.to);
    EXPECT_EQ(is_applied(object(live), object(text.c_str()), "argocd-controller"), each.applied);
  }
}

}  // namespace
}  // namespace holdfast::sync
