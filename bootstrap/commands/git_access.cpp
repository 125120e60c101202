// SPDX-License-Identifier: Apache-2.0
#include "commands/git_access.h"

#include <filesystem>

#include <unistd.h>

#include "base/text.h"
#include "commands/source_transport.h"
#include "git/mirrors.h"

namespace holdfast::bootstrap {
namespace {

class MirrorAccess final : public GitAccess {
 public:
  MirrorAccess(std::string folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}
  ~MirrorAccess() override {
    mirrors_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Result<> start() {
    git::MirrorsOptions options;
    options.directory = folder_;
    options.make_transport = [this](const git::Remote&) -> Result<std::unique_ptr<http::Transport>> {
      auto outside = TRY(http::make_curl_transport({}));
      return make_source_transport(*client_, std::move(outside));
    };
    mirrors_ = TRY(git::Mirrors::open(std::move(options), clock_));
    return {};
  }

  Result<FetchedTree> fetch(kube::Client& client, const std::string& url, const std::string& revision,
                            const std::string& tag_prefix) override {
    client_ = &client;
    git::Remote remote;
    remote.url = url;
    const auto commit = TRY(mirrors_->resolve(remote, {.revision = revision, .tag_prefix = tag_prefix}, {}), "asking {}", printable(url));
    auto tree = TRY(mirrors_->tree(remote, commit, {}), "reading {}", printable(url));
    return FetchedTree{std::move(tree), commit.hex()};
  }

 private:
  const std::string folder_;
  const Clock& clock_;
  kube::Client* client_ = nullptr;
  std::unique_ptr<git::Mirrors> mirrors_;
};

}  // namespace

Result<std::unique_ptr<GitAccess>> GitAccess::open(const Clock& clock) {
  std::error_code bad;
  auto folder = (std::filesystem::temp_directory_path(bad) / "holdfast-git-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return failure(Error(Code::file_unwritable, "no folder can be made for what Git sends").at(folder));
  }
  auto access = std::make_unique<MirrorAccess>(folder, clock);
  TRY(access->start());
  return std::unique_ptr<GitAccess>(std::move(access));
}

}  // namespace holdfast::bootstrap
