// SPDX-License-Identifier: Apache-2.0
#include "commands/bundle.h"

#include "base/handle.h"
#include "base/text.h"
#include "commands/trust.h"
#include "fakes/temporary_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

class Commands : public testing::Test {
 protected:
  void SetUp() override {
    write("hello.txt", "hello\n");
    write("small.toml", R"(name = "small"
version = "${version}"
platform = "linux/amd64"
[[files]]
component = "docs"
path = "hello.txt"
)");
    create.definition = path("small.toml");
    create.output = path("small.hfb");
    create.sign_keys = {path("maker.key")};
    create.variables = {"version=1.0.0"};
    read.path = create.output;
    read.trust_folder = path("trust");
  }

  std::string path(const std::string& name) const { return folder / name; }

  void write(const std::string& name, std::string_view content) const {
    std::ofstream(folder / name, std::ios::binary) << content;
  }

  // What the command says, its results and its errors, with the test's folder as "~".
  template <class Command>
  std::string said(const Command& command, Output output = Output::text) {
    const FileDescriptor out(::memfd_create("said", MFD_CLOEXEC));
    const ManualClock clock;
    Console console(out.get(), out.get(), output, clock);
    last = command(console);
    if (!last) console.error(last.error(), "nothing was changed");
    std::ifstream file(fmt::format("/proc/self/fd/{}", out.get()));
    std::ostringstream text;
    text << file.rdbuf();
    return replace_all(text.str(), folder.path(), "~");
  }

  void make_key_and_trust() {
    said([&](Console& c) {
      return run_trust_keygen({.key = path("maker.key"), .public_key = {}}, c);
    });
    ASSERT_TRUE(last);
    said([&](Console& c) {
      return run_trust_init(
          {.folder = path("trust"), .keys = {path("maker.key.pub")}, .note = "maker"}, c);
    });
    ASSERT_TRUE(last);
  }

  const TemporaryFolder folder{"commands"};
  BundleCreateOptions create;
  BundleOptions read;
  Result<> last;
};

TEST_F(Commands, MakeVerifyAndShowABundle) {
  make_key_and_trust();
  said([&](Console& c) { return run_bundle_create(create, c); });
  ASSERT_TRUE(last) << last.error().message();
  const std::string verified = said([&](Console& c) { return run_bundle_verify(read, c); });
  ASSERT_TRUE(last) << last.error().message();
  EXPECT_NE(verified.find("small 1.0.0: 34 kB, signed by "), std::string::npos) << verified;
  const std::string shown = said([&](Console& c) { return run_bundle_inspect(read, c); });
  EXPECT_NE(shown.find("docs         files   docs"), std::string::npos) << shown;
  EXPECT_NE(shown.find("hello.txt"), std::string::npos) << shown;
  EXPECT_NE(shown.find("docs         sbom    docs.sbom"), std::string::npos) << shown;
  const std::string json =
      said([&](Console& c) { return run_bundle_inspect(read, c); }, Output::json);
  EXPECT_NE(json.find(R"("name":"hello.txt")"), std::string::npos) << json;
}

TEST_F(Commands, KeepTheSecretKeyToTheirOwner) {
  make_key_and_trust();
  EXPECT_EQ(fs::status(path("maker.key")).permissions(), fs::perms(0600));
  EXPECT_EQ(said([&](Console& c) {
              return run_trust_keygen({.key = path("maker.key"), .public_key = path("x")}, c);
            }),
            "error HF-E-1001: the file is there already\n"
            "  where:   ~/maker.key\n"
            "  nothing was changed\n"
            "  fix:     name another file: a key is never overwritten\n"
            "  more:    holdfast explain HF-E-1001\n");
}

TEST_F(Commands, RefuseABundleOfAnotherMaker) {
  make_key_and_trust();
  said([&](Console& c) {
    return run_trust_keygen({.key = path("other.key"), .public_key = {}}, c);
  });
  create.sign_keys = {path("other.key")};
  said([&](Console& c) { return run_bundle_create(create, c); });
  ASSERT_TRUE(last);
  const std::string id = [&] {
    std::ifstream file(path("other.key.pub"));
    std::string line;
    std::getline(file, line);
    return line.substr(line.size() - 16);
  }();
  const std::string refused = said([&](Console& c) { return run_bundle_verify(read, c); });
  EXPECT_EQ(refused.substr(refused.find("error ")),
            fmt::format(
                "error HF-E-2003: the bundle is signed by a key that this machine does not trust\n"
                "  where:   key {}\n"
                "  while:   verifying ~/small.hfb\n"
                "  because: 0 of 1 signatures of role 'release' are by trusted keys\n"
                "  nothing was changed\n"
                "  fix:     get the maker's public key by another way than the bundle, then: "
                "holdfast trust add KEY.pub\n"
                "  more:    holdfast explain HF-E-2003\n",
                id));
  EXPECT_EQ(row_of(last.error().code()).exit, Exit::verification);
  said([&](Console& c) {
    return run_trust_add({.folder = path("trust"), .key = path("other.key.pub")}, c);
  });
  ASSERT_TRUE(last) << last.error().message();
  said([&](Console& c) { return run_bundle_verify(read, c); });
  EXPECT_TRUE(last);
}

TEST_F(Commands, NameWhatIsMissing) {
  EXPECT_EQ(said([&](Console& c) { return run_bundle_verify(read, c); }),
            "error HF-E-2007: there is no trust root\n"
            "  where:   ~/trust/root.json\n"
            "  because: No such file or directory\n"
            "  nothing was changed\n"
            "  fix:     make a trust root: holdfast trust init --key KEY.pub\n"
            "  more:    holdfast explain HF-E-2007\n");
  make_key_and_trust();
  said([&](Console& c) { return run_bundle_verify(read, c); });
  EXPECT_EQ(last.error().code(), Code::file_missing);
  create.variables = {"version"};
  said([&](Console& c) { return run_bundle_create(create, c); });
  EXPECT_EQ(last.error().message(), "'version' is not NAME=VALUE");
  create.variables = {};
  create.sign_keys = {path("nowhere.key")};
  said([&](Console& c) { return run_bundle_create(create, c); });
  EXPECT_EQ(last.error().code(), Code::file_missing);
  EXPECT_FALSE(fs::exists(create.output));
}

TEST_F(Commands, RefuseAnEarlierSecurityEpoch) {
  make_key_and_trust();
  said([&](Console& c) { return run_bundle_create(create, c); });
  ASSERT_TRUE(last);
  ASSERT_TRUE(bundle::record_accepted_epoch(path("trust"), 2));
  said([&](Console& c) { return run_bundle_verify(read, c); });
  EXPECT_EQ(last.error().message(), "verifying " + path("small.hfb") +
                                        ": the bundle's security epoch is 0, this site is at 2");
  EXPECT_EQ(row_of(last.error().code()).exit, Exit::refused);
}

}  // namespace
}  // namespace holdfast::bootstrap
