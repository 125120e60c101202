// SPDX-License-Identifier: Apache-2.0
// The whole way of a values file by URL: an Application's source, the schemes that are allowed, and a
// server on this machine.
#include "agent/remote_values.h"

#include "fakes/loopback.h"
#include "render/render.h"
#include "sync/settings.h"
#include "tree/memory_tree.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

class RemoteValuesTest : public testing::Test {
 protected:
  // The color that the chart is rendered with, or the refusal.
  std::string color(const std::string& helm) const {
    const tree::MemoryTree tree(tree::MemoryTree::Files{
        {"Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n"},
        {"values.yaml", "color: none\n"},
        {"templates/cm.yaml",
         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {color: {{ .Values.color }}}\n"}});
    auto source = yaml::parse_one("path: .\nhelm: " + helm, "case", yaml::Dialect::kube);
    EXPECT_TRUE(source) << helm;
    const auto rendered = render::render(*source, {.application = "a", .values_file = remote}, tree);
    if (!rendered) return rendered.error().message();
    return std::string(rendered->manifests.at(0).object.text({"data", "color"}));
  }

  std::unique_ptr<fakes::Loopback> server =
      fakes::Loopback::answering([](const fakes::Received& received, fakes::Connection& to) {
        if (received.target == "/v.yaml?at=main*") to.answer(200, "color: fetched\n");
        else if (received.target == "/text") to.answer(200, "plain");
        else if (received.target == "/large") to.answer(200, std::string(2000, '#'));
        else if (received.target == "/moved") to.answer(302, "", "Location: /v.yaml?at=main*\r\n");
        else to.answer(404, "the body may echo secrets");
      });
  RemoteValues remote{.schemes = sync::decode_settings(nullptr).values_file_schemes, .bytes_max = 1000};
};

TEST_F(RemoteValuesTest, AValuesFileMayBeAnyUrlOfAnAllowedScheme) {
  const auto url = server->url("");
  EXPECT_EQ(color(fmt::format("{{valueFiles: ['{}/v.yaml?at=main*']}}", url)), "fetched");
  EXPECT_EQ(color(fmt::format("{{valueFiles: ['{}/moved']}}", url)), "fetched");
  EXPECT_EQ(color(fmt::format("{{valueFiles: ['{}/v.yaml?at=main*'], values: 'color: own'}}", url)), "own");
  EXPECT_EQ(color(fmt::format("{{fileParameters: [{{name: color, path: '{}/text'}}]}}", url)), "plain");
}

TEST_F(RemoteValuesTest, WhatIsNotFetchedIsRefusedWithItsReason) {
  const auto url = server->url("");
  const auto refused = [&](const std::string& file) {
    return color(fmt::format("{{valueFiles: ['{}'], ignoreMissingValueFiles: true}}", file));
  };
  EXPECT_EQ(refused(url + "/none?token=x"),
            fmt::format("values file '{}/none' is not fetched: the server answers HTTP 404", url));
  EXPECT_EQ(refused("s3://bucket/v.yaml"),
            "values file 's3://bucket/v.yaml' is not fetched: the URL scheme 's3' is not allowed");
  EXPECT_TRUE(refused(url + "/large").contains("1000 bytes")) << refused(url + "/large");
  const auto nowhere = fmt::format("http://127.0.0.1:{}/v.yaml", fakes::closed_port());
  EXPECT_TRUE(refused(nowhere).starts_with(fmt::format("values file '{}' is not fetched: ", nowhere)))
      << refused(nowhere);
}

TEST_F(RemoteValuesTest, TheSchemesAreThoseOfArgocdCm) {
  const Value config = Object{{"data", Object{{"helm.valuesFileSchemes", " s3, https ,"}}}};
  remote.schemes = sync::decode_settings(&config).values_file_schemes;
  EXPECT_EQ(remote.schemes, (std::vector<std::string>{"s3", "https"}));
  EXPECT_EQ(color("{valueFiles: ['HTTP://127.0.0.1:1/v.yaml']}"),
            "values file 'HTTP://127.0.0.1:1/v.yaml' is not fetched: the URL scheme 'http' is not allowed");
  EXPECT_EQ(color("{valueFiles: ['s3://bucket/v.yaml']}"),
            "values file 's3://bucket/v.yaml' is not fetched: 's3' is not spoken here, http and https are");
}

}  // namespace
}  // namespace holdfast::agent
