// SPDX-License-Identifier: Apache-2.0
#include "journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "fakes/temporary_folder.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

class JournalOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    path = folder / "state" / "demo.journal";
  }
  ManualClock clock;
  const TemporaryFolder folder{"journal"};
  std::string path;
};

TEST_F(JournalOnDisk, NamesTheStepThatWasInterrupted) {
  {
    auto journal = Journal::open(path, clock).value();
    ASSERT_TRUE(journal.begin("verify", "x"));
    ASSERT_TRUE(journal.end("verify", "good"));
    ASSERT_TRUE(journal.begin("images", "x"));
  }
  EXPECT_EQ(Journal::open(path, clock).value().interrupted(), "images");
}

TEST_F(JournalOnDisk, IsReadAfterALineWasCutShort) {
  {
    auto journal = Journal::open(path, clock).value();
    ASSERT_TRUE(journal.begin("images", "x"));
  }
  std::ofstream(path, std::ios::app) << "\n{\"event\":\"en";
  auto journal = Journal::open(path, clock).value();
  EXPECT_EQ(journal.interrupted(), "images");
  ASSERT_TRUE(journal.end("images", "9 loaded"));
}

TEST_F(JournalOnDisk, BelongsToOneRunAtATime) {
  const auto first = Journal::open(path, clock);
  ASSERT_TRUE(first);
  EXPECT_EQ(Journal::open(path, clock).error().code(), Code::another_run);
}

}  // namespace
}  // namespace holdfast::bootstrap
