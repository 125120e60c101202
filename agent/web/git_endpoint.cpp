// SPDX-License-Identifier: Apache-2.0
#include "agent/web/git_endpoint.h"

#include "base/guarded.h"
#include "base/log.h"
#include "git/upload_pack.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

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

// The few places for packs. Who finds none gets that of a reader who keeps us waiting: readers that stop, or trickle,
// keep nobody else from reading. As long as nobody asks, they may.
class Places {
 public:
  struct Reader {
    std::function<void()> cut;
    Duration waited{};                  // for it, since it last took something as fast as it should
    std::optional<SteadyTime> writing;  // since when it is waited for now
  };
  using ReaderPtr = std::shared_ptr<Reader>;

  explicit Places(const GitEndpointOptions& options) : options_(options) {}

  // Null where there is none.
  ReaderPtr take(std::function<void()> cut) {
    auto fresh = std::make_shared<Reader>();
    fresh->cut = std::move(cut);
    auto readers = readers_.lock();
    if (readers->size() < options_.packs_at_once) return readers->emplace_back(std::move(fresh));
    const auto now = std::chrono::steady_clock::now();
    const auto slow = std::ranges::find_if(*readers, [&](const ReaderPtr& each) { return is_slow(*each, now); });
    if (slow == readers->end()) return nullptr;
    (*slow)->cut();
    readers->erase(slow);
    return readers->emplace_back(std::move(fresh));
  }

  void give_back(const ReaderPtr& reader) { std::erase(*readers_.lock(), reader); }

  Result<> write(Reader& reader, std::string_view bytes, const Write& to) {
    const auto start = std::chrono::steady_clock::now();
    {
      const auto held = readers_.lock();
      reader.writing = start;
    }
    auto written = to(bytes);
    const auto held = readers_.lock();
    const Duration took = std::chrono::steady_clock::now() - start;
    const std::chrono::duration<double> due(static_cast<double>(bytes.size()) / static_cast<double>(options_.bytes_per_second_min));
    reader.waited = took <= due ? Duration{0} : reader.waited + took;
    reader.writing.reset();
    return written;
  }

 private:
  [[nodiscard]] bool is_slow(const Reader& reader, SteadyTime now) const {
    return reader.waited + (reader.writing ? now - *reader.writing : Duration{0}) >= options_.patience;
  }

  GitEndpointOptions options_;
  Guarded<std::vector<ReaderPtr>> readers_;
};

// A reader's place, given back at its end.
class Place {
 public:
  Place(std::shared_ptr<Places> places, Places::ReaderPtr reader) : places_(std::move(places)), reader_(std::move(reader)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { places_->give_back(reader_); }

  Result<> write(std::string_view bytes, const Write& to) const { return places_->write(*reader_, bytes, to); }

 private:
  std::shared_ptr<Places> places_;
  Places::ReaderPtr reader_;
};

Response upload(const git::UploadPack& repository, const std::shared_ptr<Places>& places, const Request& request) {
  auto body = read_whole_body(request);
  if (!body)
    return text_response(body.error().code() == Code::limit ? 413 : 400,
                         body.error().what() + "\n");
  auto reader = places->take(request.cut);
  if (reader == nullptr) {
    auto response = text_response(503, "too many fetches at once\n");
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  const auto place = std::make_shared<const Place>(places, std::move(reader));
  Response response{.headers = git_headers("result")};
  response.stream = [repository, place, dialect = dialect_of(request), text = *std::move(body)](
                        const Write& write, const std::stop_token& stop) -> Result<> {
    const Write noted = [&](std::string_view bytes) { return place->write(bytes, write); };
    const auto done = repository.answer(dialect, text, noted, stop);
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
  const auto places = std::make_shared<Places>(options);
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
         .handler = [repository, places](const Request& r) { return upload(repository, places, r); },
         .body_bytes_max = request_bytes_max});
  }
  return routes;
}

}  // namespace holdfast::agent
