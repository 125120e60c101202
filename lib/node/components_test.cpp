// SPDX-License-Identifier: Apache-2.0
#include "node/components.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "crypto/x509.h"
#include "fakes/temporary_folder.h"
#include "node/certificates.h"
#include "node/files.h"
#include "node/log_file.h"

namespace holdfast::node {
namespace {

class Folder : public testing::Test {
 protected:
  const TemporaryFolder folder_{"node"};
  const std::string path_ = folder_.path();
};

class Memory final : public Components {
 public:
  explicit Memory(std::vector<ComponentFile> files) : files_(std::move(files)) {}
  [[nodiscard]] const std::vector<ComponentFile>& files() const override { return files_; }
  Result<> copy(const ComponentFile&, int fd) const override {
    return ::write(fd, "hello", 5) == 5 ? Result<>() : failure(Code::disk_full, "full");
  }

 private:
  std::vector<ComponentFile> files_;
};

constexpr std::string_view hello_digest =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

using Unpacking = Folder;

TEST_F(Unpacking, WritesWhatIsMissingAndLeavesTheRest) {
  const Memory components({{"kube", std::string(hello_digest), 5}, {"cni/bridge", std::string(hello_digest), 5}});
  EXPECT_EQ(unpack(components, path_).value(), 2);
  EXPECT_EQ(read_file(path_ + "/bin/kube").value(), "hello");
  EXPECT_EQ(unpack(components, path_).value(), 0);
  ASSERT_EQ(::unlink((path_ + "/bin/kube").c_str()), 0);
  EXPECT_EQ(unpack(components, path_).value(), 1);
}

TEST_F(Unpacking, RefusesAFileThatIsNotWhatItsListSays) {
  const Memory components({{"kube", std::string(64, '0'), 5}});
  const auto result = unpack(components, path_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::node_component);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/bin/kube"));
}

TEST_F(Unpacking, WritesNothingOutsideItsFolderAndNothingUnknown) {
  const Memory components({{"../escape", std::string(hello_digest), 5},
                           {"lib/../../escape", std::string(hello_digest), 5},
                           {"unknown", std::string(hello_digest), 5}});
  EXPECT_EQ(unpack(components, path_ + "/in").value(), 0);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/escape"));
}

using Logs = Folder;

TEST_F(Logs, AreBoundedAndKeepTheLastPart) {
  auto log = LogFile::open(path_ + "/x.log", 100);
  ASSERT_TRUE(log);
  for (int i = 0; i < 50; ++i) log->append("0123456789\n");
  EXPECT_LE(std::filesystem::file_size(path_ + "/x.log"), 100U);
  EXPECT_LE(std::filesystem::file_size(path_ + "/x.log.1"), 100U);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/x.log.2"));
}

using Certificates = Folder;

TEST_F(Certificates, AreMadeOnceAndAgainWhenANameIsMissing) {
  ManualClock clock;
  clock.advance(std::chrono::hours(24 * 365 * 56));
  const CertificateNames names{"one", {}, {"192.0.2.10"}};
  EXPECT_TRUE(make_certificates(path_, names, clock).value());
  EXPECT_FALSE(make_certificates(path_, names, clock).value());
  const auto before = read_file(path_ + "/scheduler.crt").value();
  EXPECT_TRUE(make_certificates(path_, {"one", {}, {"192.0.2.11"}}, clock).value());
  EXPECT_EQ(read_file(path_ + "/scheduler.crt").value(), before);
  const auto served = crypto::read_certificate(read_file(path_ + "/apiserver.crt").value());
  ASSERT_TRUE(served);
  EXPECT_NE(std::ranges::find(served->ip_addresses, "192.0.2.11"), served->ip_addresses.end());
}

TEST_F(Certificates, OfAClientBesideTheNodeNameItAndStayWhileTheyAreGood) {
  const SystemClock clock;
  ASSERT_TRUE(make_certificates(path_, {"one", {}, {}}, clock));
  const auto config_of = [&](const std::string& user) {
    const auto made = client_kubeconfig({"https://127.0.0.1:1", path_, "agent"}, {user, {"group"}}, clock);
    return made ? std::string(made->reveal()) : made.error().message();
  };
  const auto first = config_of("alice");
  const auto details = crypto::read_certificate(read_file(path_ + "/agent.crt").value());
  ASSERT_TRUE(details);
  EXPECT_EQ(details->subject.common_name, "alice");
  EXPECT_EQ(details->subject.organizations, std::vector<std::string>{"group"});
  EXPECT_EQ(config_of("alice"), first);
  EXPECT_NE(config_of("bob"), first);
}

TEST_F(Certificates, AreRenewedAMonthBeforeTheyEnd) {
  ManualClock clock;
  clock.advance(std::chrono::hours(24 * 365 * 56));
  const CertificateNames names{"one", {}, {}};
  ASSERT_TRUE(make_certificates(path_, names, clock));
  clock.advance(std::chrono::hours(24 * 334));
  EXPECT_FALSE(make_certificates(path_, names, clock).value());
  clock.advance(std::chrono::hours(24 * 2));
  EXPECT_TRUE(make_certificates(path_, names, clock).value());
}

TEST_F(Certificates, KeepPrivateKeysToTheirOwner) {
  ManualClock clock;
  clock.advance(std::chrono::hours(24 * 365 * 56));
  ASSERT_TRUE(make_certificates(path_, {"one", {}, {}}, clock));
  int keys = 0;
  for (const auto& each : std::filesystem::directory_iterator(path_)) {
    if (each.path().extension() != ".key") continue;
    ++keys;
    struct stat state {};
    ASSERT_EQ(::stat(each.path().c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777, 0600U) << each.path();
  }
  EXPECT_EQ(keys, 15);
}

}  // namespace
}  // namespace holdfast::node
