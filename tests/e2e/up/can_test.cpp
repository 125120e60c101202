// SPDX-License-Identifier: Apache-2.0
// A machine that cannot run kind is found out before anything is made: what is taken from this one, by the kernel's
// own means, is the reason with which the tests on kind are skipped there.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "harness.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

// What is taken away: what stands before the program, what is in its environment; what is said then.
struct Lack {
  const char* name = "nothing";
  std::vector<std::string> prefix, environment;
  const char* words = "";
};

// A checkout that has fetched nothing yet, on a machine with neither docker nor podman.
class CanRunKind : public testing::Test {
 protected:
  void SetUp() override {
    ::chmod(folder.path().c_str(), 0755);
    std::filesystem::create_directories(checkout + "/build");
    std::filesystem::copy(source("scripts"), checkout + "/scripts", std::filesystem::copy_options::recursive);
    std::filesystem::create_directory(folder.path("bin"));
    for (const auto* each : {"docker", "podman"}) {
      const auto file = folder.path("bin") + "/" + each;
      std::ofstream(file) << "#!/bin/sh\necho 'error: not on this machine' >&2\nexit 1\n";
      ::chmod(file.c_str(), 0755);
    }
    // Nothing can be taken from a machine that has less.
    const auto can = run_without(Lack(), {source("scripts/kind/up"), "--can"});
    if (can.exit != 0) GTEST_SKIP() << can.out;
  }

  Ran run_without(const Lack& lack, const std::vector<std::string>& command) {
    auto whole = lack.prefix;
    whole.insert(whole.end(), command.begin(), command.end());
    auto environment = lack.environment;
    environment.push_back(fmt::format("PATH={}:{}", folder.path("bin"), ::getenv("PATH")));
    environment.push_back("HOLDFAST_SOURCE=" + checkout);
    return run(whole, {.timeout = seconds(300), .folder = {}, .environment = environment, .input = {}});
  }

  void expect_reason(const Lack& lack) {
    const auto ran = run_without(lack, {checkout + "/scripts/kind/up", "--can"});
    EXPECT_EQ(ran.exit, 1) << lack.name << ": " << ran.out << ran.err;
    EXPECT_TRUE(ran.out.starts_with("docker: error: not on this machine; podman: error: not on this machine; ")) << lack.name << ": " << ran.out;
    EXPECT_TRUE(ran.out.contains(lack.words)) << lack.name << ": " << lack.words << " is missing in:\n" << ran.out << ran.err;
  }

  // The command after a mount in a namespace of its own.
  static std::vector<std::string> mounted(const std::string& mount) { return {"unshare", "--mount", "sh", "-c", mount + " && exec \"$@\"", "-"}; }

  TemporaryFolder folder{"can"};
  std::string checkout = folder.path("checkout");
};

TEST_F(CanRunKind, SaysWhatTheMachineLacks) {
  const Lack lacks[] = {
      {"root", {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"}, {}, "no private docker: it needs root"},
      {"namespaces", {"setpriv", "--bounding-set", "-sys_admin", "--"}, {}, "no private docker: the kernel gives no namespaces"},
      {"links", {"setpriv", "--bounding-set", "-net_admin", "--"}, {}, "no private docker: the kernel makes no bridges"},
      {"cgroups", mounted("mount -t tmpfs -o ro tmpfs /sys/fs/cgroup"), {}, "no private docker: no cgroup can be made in /sys/fs/cgroup"},
      {"disk", mounted(fmt::format("mount -t tmpfs -o size=64m tmpfs {}/build", checkout)), {}, "MB are free in"},
  };
  for (const auto& lack : lacks) expect_reason(lack);
  EXPECT_FALSE(std::filesystem::exists(checkout + "/build/kind/debian")) << "something was fetched before the machine was looked at";
}

TEST_F(CanRunKind, SaysWhatCannotBeFetched) {
  std::ofstream(folder.path("apt.conf")) << fmt::format("Dir::State::lists \"{}\";\n", folder.path("no-lists"));
  expect_reason({"Debian", {}, {"APT_CONFIG=" + folder.path("apt.conf")}, "no private docker: Debian's packages cannot be had"});

  const std::vector<std::string> no_modules{"GOPROXY=off", "GOFLAGS=-modcacherw", "GOMODCACHE=" + folder.path("no-modules")};
  if (!std::filesystem::exists(source("build/kind/bin/kind"))) GTEST_SKIP() << "kind is this machine's own";
  expect_reason({"kind", {}, no_modules, "kind's Go module cannot be had"});
  std::filesystem::create_symlink(source("build/kind/bin/kind"), folder.path("bin") + "/kind");
  expect_reason({"parts of the node image", {}, no_modules, "the Go module github.com/rancher/local-path-provisioner"});

  // docker's packages are there now.
  const auto broken = run({"sh", "-c", fmt::format("rm {}/build/kind/debian/usr/lib/*/xtables/libxt_addrtype.so", checkout)});
  ASSERT_EQ(broken.exit, 0) << broken.err;
  expect_reason({"packet filters", {}, {}, "no private docker: the kernel lacks packet filters"});
}

TEST_F(CanRunKind, ElseEachTestIsSkippedWithTheReason) {
  const Lack lack{"namespaces", {"setpriv", "--bounding-set", "-sys_admin", "--"}, {}, "the kernel gives no namespaces"};
  const auto on_kind = source("tests/e2e/up/on_kind");
  ASSERT_EQ(run_without(lack, {on_kind, "begin"}).exit, 0);
  const auto ran = run_without(lack, {on_kind, "trial", "none", program("trial_e2e")});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains("[  SKIPPED ] Trial.OfARepositoryThatWorksPassesWithACaseForEachApplication")) << ran.out;
  EXPECT_TRUE(ran.out.contains(lack.words)) << ran.out;
  EXPECT_FALSE(ran.out.contains("[       OK ]")) << ran.out;
}

}  // namespace
}  // namespace holdfast::e2e

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
