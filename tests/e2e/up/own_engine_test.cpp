// SPDX-License-Identifier: Apache-2.0
// A docker that is there already, as a user's is: it is taken with kind's own image in it, and it stays with all that
// is not the cluster's. Here it is the engine of the tests, seen from a checkout that has nothing to do with it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

constexpr auto stranger = "holdfast-e2e-stranger";  // a container that is no node

// The word after `key` on its line.
std::string word_after(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return "";
  const auto from = at + key.size();
  return text.substr(from, text.find_first_of(" \n", from) - from);
}

class OwnEngine : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* reason = ::getenv("HOLDFAST_E2E_SKIP")) GTEST_SKIP() << reason;
    if (run({"docker", "info"}).exit != 0) GTEST_SKIP() << "the engine is not docker";
    std::filesystem::create_directories(folder.path("checkout"));
    std::filesystem::copy(source("scripts"), folder.path("checkout/scripts"), std::filesystem::copy_options::recursive);
    image = word_after(content_of(::getenv("HOLDFAST_KIND_CONFIG")), "image: ");
    published = word_after(content_of(source("scripts/kind/kind.sh")), "published_image=");
    had = run({"docker", "image", "inspect", published}).exit == 0;
    if (!had) {
      ASSERT_EQ(run({"docker", "tag", image, published}).exit, 0);
    }
    ASSERT_EQ(run({"docker", "create", "--name", stranger, image}).exit, 0);
  }

  void TearDown() override {
    run({"docker", "rm", "-f", stranger});
    if (!image.empty() && !had) run({"docker", "rmi", published});
  }

  Ran script(const std::string& name, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{folder.path("checkout/scripts/kind/") + name};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command, {.timeout = std::chrono::seconds(300), .folder = {}, .environment = {}, .input = {}});
  }

  TemporaryFolder folder{"engine"};
  std::string image, published;
  bool had = false;
};

TEST_F(OwnEngine, IsTakenWithKindsOwnImageAndLeftAlone) {
  const auto theirs = [] { return run({"docker", "inspect", "--format", "{{.Id}} {{.State.Status}}", stranger}).out; };
  const auto before = theirs();
  ASSERT_NE(before, "");
  const auto up = script("up", {"--prepare", "--name", "guest"});
  EXPECT_EQ(up.exit, 0) << up.out << up.err;
  EXPECT_FALSE(up.out.contains("private docker")) << up.out;
  EXPECT_FALSE(up.out.contains("Node image")) << up.out;
  EXPECT_EQ(word_after(content_of(folder.path("checkout/build/kind/run/guest.yaml")), "image: "), published);

  const auto down = script("down", {"--name", "guest"});
  EXPECT_EQ(down.exit, 0) << down.out << down.err;
  EXPECT_FALSE(std::filesystem::exists(folder.path("checkout/build/kind/run")));
  EXPECT_EQ(theirs(), before);
  EXPECT_EQ(run({"docker", "image", "inspect", published}).exit, 0);
}

}  // namespace
}  // namespace holdfast::e2e
