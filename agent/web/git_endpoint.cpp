// SPDX-License-Identifier: Apache-2.0
#include "agent/web/git_endpoint.h"

#include "base/log.h"
#include "git/upload_pack.h"

#include <atomic>
#include <memory>

namespace holdfast::agent {
namespace {

constexpr std::size_t request_bytes_max = std::size_t{8} << 20;  // some 160,000 ids

http::Headers git_headers(std::string_view kind) {
  return {{"Content-Type", fmt::format("application/x-git-upload-pack-{}", kind)},
          {"Cache-Control", "no-cache, max-age=0, must-revalidate"}};
}

git::Dialect dialect_of(const Request& request) {
  const auto protocol = request.header("git-protocol");
  return protocol.find("version=2") != std::string_view::npos ? git::Dialect::v2 : git::Dialect::v0;
}

Response advertise(const git::UploadPack& repository, const Request& request) {
  if (request.query.find("service=git-receive-pack") != std::string::npos) {
    return text_response(403, "this repository is read-only here; push with: holdfast repo push\n");
  }
  if (request.query.find("service=git-upload-pack") == std::string::npos) {
    return text_response(403, "only smart HTTP is served\n");
  }
  Response response{.headers = git_headers("advertisement")};
  const auto done =
      repository.advertise(dialect_of(request), [&](std::string_view bytes) -> Result<> {
        response.body += bytes;
        return {};
      });
  if (done) return response;
  log::error("the built-in Git cannot be read", {{"because", done.error().message()}});
  return text_response(500, "the repository cannot be read\n");
}

// One of the few places for packs, given back at its end.
class Place {
 public:
  explicit Place(std::shared_ptr<std::atomic<int>> free) : free_(std::move(free)) {
    taken_ = free_->fetch_sub(1) > 0;
    if (!taken_) free_->fetch_add(1);
  }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  ~Place() {
    if (taken_) free_->fetch_add(1);
  }

  [[nodiscard]] bool taken() const { return taken_; }

 private:
  std::shared_ptr<std::atomic<int>> free_;
  bool taken_;
};

Response upload(const git::UploadPack& repository, const std::shared_ptr<std::atomic<int>>& free,
                const Request& request) {
  auto body = read_whole_body(request);
  if (!body)
    return text_response(body.error().code() == Code::limit ? 413 : 400,
                         body.error().what() + "\n");
  const auto place = std::make_shared<const Place>(free);
  if (!place->taken()) {
    auto response = text_response(503, "too many fetches at once\n");
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  Response response{.headers = git_headers("result")};
  response.stream = [repository, place, dialect = dialect_of(request), text = *std::move(body)](
                        const Write& write, const std::stop_token& stop) -> Result<> {
    const auto done = repository.answer(dialect, text, write, stop);
    // What the client did wrong is in the answer already; that answer is whole.
    if (!done && done.error().code() == Code::wrong_type) return {};
    if (!done && done.error().code() == Code::git_revision) return {};
    return done;
  };
  return response;
}

}  // namespace

std::vector<Route> git_routes(const GitEndpointOptions& options) {
  const git::UploadPack repository(options.repository);
  const auto free = std::make_shared<std::atomic<int>>(options.packs_at_once);
  std::vector<Route> routes;
  for (const std::string_view suffix : {".git", ""}) {
    const std::string base = fmt::format("/{}{}", options.name, suffix);
    routes.push_back(
        {.method = "GET", .prefix = base + "/info/refs", .handler = [repository](const Request& r) {
           return advertise(repository, r);
         }});
    routes.push_back(
        {.method = "POST",
         .prefix = base + "/git-upload-pack",
         .handler = [repository, free](const Request& r) { return upload(repository, free, r); },
         .body_bytes_max = request_bytes_max});
  }
  return routes;
}

}  // namespace holdfast::agent
