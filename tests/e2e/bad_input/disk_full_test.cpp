// SPDX-License-Identifier: Apache-2.0
// Every command that writes, on a small file system of its own that has room for a little more each
// time: as long as the room does not suffice, one error and nothing left behind; then the same command
// works. So the disk is full at every single write of the command once.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "disk.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* name;
  std::vector<const char*> before;  // with room
  const char* run;
  std::vector<const char*> after;  // each must end with 0
};

const Case cases[] = {
    {"trust keygen", {}, "holdfast trust keygen --key small/new.key", {"holdfast trust init --trust-dir new --key small/new.key.pub"}},
    {"trust init", {}, "holdfast trust init --trust-dir small/trust --key maker.key.pub", {"holdfast bundle verify small.hfb --trust-dir small/trust"}},
    {"trust add",
     {"holdfast trust init --trust-dir small/trust --key maker.key.pub"},
     "holdfast trust add other.key.pub --trust-dir small/trust",
     {"holdfast bundle verify other.hfb --trust-dir small/trust"}},
    {"trust remove",
     {"holdfast trust init --trust-dir small/trust --key maker.key.pub", "holdfast trust add other.key.pub --trust-dir small/trust"},
     "bash remove.sh",
     {"holdfast trust list --trust-dir small/trust"}},
    {"bundle create",
     {},
     "holdfast bundle create -f small.toml -o small/new.hfb --sign-key maker.key",
     {"holdfast bundle verify small/new.hfb --trust-dir trust", "cmp small/new.hfb small.hfb"}},
    {"repo init",
     {},
     "holdfast repo init small/fleet --cluster demo --sample hello",
     {"git -C small/fleet fsck --strict", "bash clean.sh", "holdfast repo lint small/fleet"}},
    {"repo add-app",
     {"holdfast repo init small/fleet --cluster demo --sample hello"},
     "holdfast repo add-app web --repo small/fleet --chart internal/hello",
     {"git -C small/fleet fsck --strict", "bash clean.sh", "holdfast repo lint small/fleet"}},
    {"repo add-cluster",
     {"holdfast repo init small/fleet --cluster demo --sample hello"},
     "holdfast repo add-cluster next --repo small/fleet",
     {"git -C small/fleet fsck --strict", "bash clean.sh", "holdfast repo lint small/fleet"}},
};

// What a user looks at: objects that no ref leads to are Git's own litter, which it collects by itself.
std::map<std::string, std::string> seen(const World& world) {
  auto all = world.look("small");
  std::erase_if(all, [](const auto& entry) { return entry.first.contains("/.git/objects"); });
  return all;
}

TEST(DiskFull, LeavesNothingHalfDoneAndTheSameCommandWorksAfterwards) {
  if (const auto why = enter_private_mounts()) GTEST_SKIP() << *why;
  const World world;
  const auto remove = world.read("other.key.pub");
  world.write("remove.sh", fmt::format("exec {} trust remove {} --trust-dir small/trust\n", program("holdfast"), remove.substr(remove.find('\n') - 16, 16)));
  world.write("clean.sh", "test -z \"$(git -C small/fleet status --porcelain)\"\n");
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const Disk disk(world.path("small"), 16 << 20);
    for (const auto* line : test.before) world.must(line);
    const auto before = seen(world);
    int refused = 0;
    Ran ran;
    for (long pages = 0; pages < 2000; pages += pages < 16 ? 1 : 8) {
      disk.leave(pages);
      ran = world.run(test.run);
      disk.leave_all();
      if (ran.exit == 0) break;
      ++refused;
      EXPECT_EQ(ran.exit, 4) << pages << " pages free\n" << ran.err;
      EXPECT_EQ(code_in(ran.err), "HF-E-1009") << pages << " pages free\n" << ran.err;
      EXPECT_TRUE(ran.err.contains("because: ") && ran.err.contains("\n  nothing was changed\n")) << ran.err;
      EXPECT_EQ(seen(world), before) << pages << " pages free\n" << ran.err;
      if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(refused, 0);
    if (ran.exit != 0) ran = world.run(test.run);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    for (const auto* line : test.after) world.must(line);
  }
}

// A bundle that others may write is copied first (docs/formats/bundle.md, Verification): into /var/tmp.
TEST(DiskFull, ABundleThatNeedsAPrivateCopy) {
  if (const auto why = enter_private_mounts()) GTEST_SKIP() << *why;
  const World world;
  fs::permissions(world.path("small.hfb"), fs::perms(0666));
  const Disk disk("/var/tmp", 1 << 20);
  disk.leave(1);
  const auto ran = world.run("holdfast bundle verify small.hfb --trust-dir trust");
  EXPECT_EQ(ran.exit, 4);
  EXPECT_EQ(ran.err, "error HF-E-1009: the file could not be written\n"
                     "  while:   making a private copy in '/var/tmp'\n"
                     "  because: No space left on device\n"
                     "  nothing was changed\n"
                     "  fix:     free space on that file system, then run the same command again\n"
                     "  more:    holdfast explain HF-E-1009\n");
  disk.leave_all();
  world.must("holdfast bundle verify small.hfb --trust-dir trust");
}

}  // namespace
}  // namespace holdfast::e2e
