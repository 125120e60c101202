// SPDX-License-Identifier: Apache-2.0
#include "commands/app_resource.h"

#include <gtest/gtest.h>

#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

Value pod() {
  return yaml::parse_one(R"(
kind: Pod
metadata: {name: web, labels: {app.kubernetes.io/name: web}}
spec: {containers: [{name: a, image: a:1, ports: [{containerPort: 80}, {containerPort: 81}]}, {name: b, image: b:1}], tolerations: [u, v]}
status: {podIP: 10.0.0.1, ready: true, lastTransitionTime: null}
)", "test", yaml::Dialect::kube).value();
}

TEST(AppGetResource, PicksFieldsThroughLists) {
  const struct {
    const char* sentence;
    std::vector<std::string> fields;
    const char* picked;
  } cases[] = {
      {"a plain one", {"status.podIP"}, R"({"metadata":{"name":"web"},"status":{"podIP":"10.0.0.1"}})"},
      {"two of one object", {"status.podIP", "status.ready"}, R"({"metadata":{"name":"web"},"status":{"podIP":"10.0.0.1","ready":true}})"},
      {"one of each element", {"spec.containers.name"}, R"({"metadata":{"name":"web"},"spec":{"containers":[{"name":"a"},{"name":"b"}]}})"},
      {"two of each element", {"spec.containers.name", "spec.containers.image"},
       R"({"metadata":{"name":"web"},"spec":{"containers":[{"image":"a:1","name":"a"},{"image":"b:1","name":"b"}]}})"},
      {"of those elements that have it", {"spec.containers.ports.containerPort"},
       R"({"metadata":{"name":"web"},"spec":{"containers":[{"ports":[{"containerPort":80},{"containerPort":81}]}]}})"},
      {"one that nobody has", {"status.nothing", "spec.tolerations.nothing"}, R"({"metadata":{"name":"web"}})"},
      {"one that is null", {"status.lastTransitionTime"}, R"({"metadata":{"name":"web"},"status":{"lastTransitionTime":null}})"},
      {"a whole one", {"spec.tolerations"}, R"({"metadata":{"name":"web"},"spec":{"tolerations":["u","v"]}})"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    EXPECT_EQ(json::write(picked_fields(pod(), each.fields)), each.picked);
  }
}

TEST(AppGetResource, ShowsARowForEachPlainValue) {
  const auto picked = picked_fields(pod(), {"spec.containers.name", "spec.tolerations", "status"});
  EXPECT_EQ(field_table({picked}, NameColumn::no),
            "FIELD                      VALUE\n"
            "metadata.name              web\n"
            "spec.containers[0].name    a\n"
            "spec.containers[1].name    b\n"
            "spec.tolerations[0]        u\n"
            "spec.tolerations[1]        v\n"
            "status.lastTransitionTime  <nil>\n"
            "status.podIP               10.0.0.1\n"
            "status.ready               true");
  EXPECT_EQ(field_table({picked_fields(pod(), {"status.podIP"})}, NameColumn::yes),
            "FIELD          RESOURCE NAME  VALUE\n"
            "metadata.name  web            web\n"
            "status.podIP   web            10.0.0.1");
}

}  // namespace
}  // namespace holdfast::bootstrap
