// SPDX-License-Identifier: Apache-2.0
#include "charts/charts.h"

#include "archive/tar_reader.h"
#include "base/semver.h"
#include "base/text.h"
#include "http/url.h"

#include <condition_variable>
#include <set>

namespace holdfast::charts {
namespace {

// The right to ask a repository, for one caller at a time.
class Turns {
 public:
  class Turn {
   public:
    Turn(Turns& turns, std::string url) : turns_(&turns), url_(std::move(url)) {}

    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), url_(std::move(other.url_)) {}

    Turn& operator=(Turn&&) = delete;

    ~Turn() {
      if (turns_ != nullptr) turns_->end(url_);
    }

   private:
    Turns* turns_;
    std::string url_;
  };

  Result<Turn> take(const std::string& url, const std::stop_token& stop) {
    auto busy = busy_.lock();
    if (!freed_.wait(busy.mutex(), stop, [&] { return !busy->contains(url); })) {
      return failure(Code::stopped, "stopped while waiting for another download");
    }
    busy->insert(url);
    return Turn(*this, url);
  }

 private:
  void end(const std::string& url) {
    busy_.lock()->erase(url);
    freed_.notify_all();
  }

  Guarded<std::set<std::string>> busy_;
  std::condition_variable_any freed_;
};

struct Versions {
  std::vector<std::string> versions;
  SteadyTime asked;
};

struct Silence {
  Error error;
  SteadyTime since;
};

struct Indexed {
  std::shared_ptr<const Index> index;
  SteadyTime asked;
};

Error no_version(const Repository& repository, const Query& query, std::size_t count) {
  return Error(Code::chart,
               fmt::format("no version of chart \"{}\" is \"{}\", {} are there",
                           printable(query.chart), printable(query.version), count))
      .at(printable(http::shown_url(repository.url)))
      .fix("name a version that the repository has");
}

std::string index_address(std::string_view url) {
  return resolve_address(url, "index.yaml");
}

bool same_origin(const std::string& a, const std::string& b) {
  const auto left = http::parse_url(a), right = http::parse_url(b);
  return left && right && left->origin() == right->origin();
}

// Who asks, as far as a server can tell: what one may read is not another's, so it is part of every name under which
// an answer is kept. Repositories also show each reader what is for him.
std::string reader_of(const Repository& repository) {
  return crypto::sha256_of({repository.username, repository.password.reveal(), repository.client_certificate_pem.reveal(),
                            repository.client_key_pem.reveal(), repository.proxy, repository.no_proxy})
      .hex();
}

CacheName cache_name(const Repository& repository, const std::string& chart,
                     const std::string& version, Content content) {
  return {.repository = repository.url,
          .package = fmt::format("{}\n{}\n{}\n{}", chart, version, reader_of(repository),
                                 content == Content::chart ? "chart" : "artifact")};
}

// Begins with the URL, by which expire() finds it.
std::string answer_name(const Repository& repository, std::string_view question) {
  return fmt::format("{}\n{}\n{}", repository.url, reader_of(repository), question);
}

}  // namespace

struct Charts::State {
  State(ChartsOptions given, std::unique_ptr<Cache> kept, const Clock& time)
      : options(std::move(given)),
        cache(std::move(kept)),
        clock(time),
        transports(options.make_transport) {}

  Result<std::shared_ptr<const Index>> index_of(const Line& line, Duration max_age);
  Result<std::vector<std::string>> versions_of(const Line& line, const Query& query);
  Result<std::string> resolve_artifact(const Line& line, const Query& query);
  Result<Package> fetch_indexed(const Line& line, const std::string& chart,
                                const std::string& version);
  Result<Package> fetch_registered(const Line& line, const std::string& chart,
                                   const std::string& version);

  // What `ask` says, in turn. Many Applications ask the same: one of them waits for a peer that stalls, and
  // those behind it take its answer.
  template <class T, class Ask>
  Result<T> in_turn(const Repository& repository, const std::string& question, const std::stop_token& stop, const Ask& ask);

  ChartsOptions options;
  std::unique_ptr<Cache> cache;
  const Clock& clock;
  Transports transports;
  Turns turns;
  // By answer_name(); of tags also the digests of artifacts.
  Guarded<std::map<std::string, Indexed>> indexes;
  Guarded<std::map<std::string, Versions>> tags;
  Guarded<std::map<std::string, Silence>> silences;  // by URL and question: the last one ran out of time
};

Charts::Charts(Private, std::unique_ptr<State> state) : state_(std::move(state)) {}

Charts::~Charts() = default;

Result<std::unique_ptr<Charts>> Charts::open(ChartsOptions options, const Clock& clock) {
  auto cache = TRY(Cache::open(options.directory, options.limits.cache));
  return std::make_unique<Charts>(
      Private{}, std::make_unique<State>(std::move(options), std::move(cache), clock));
}

Result<std::shared_ptr<const Index>> Charts::State::index_of(const Line& line, Duration max_age) {
  const auto& url = line.repository.url;
  const auto key = answer_name(line.repository, "");
  const auto now = clock.steady();
  {
    auto known = indexes.lock();
    const auto found = known->find(key);
    if (found != known->end() && found->second.asked + max_age > now) return found->second.index;
  }
  http::Request request{.url = index_address(url)};
  if (const auto user = basic(line.repository); !user.empty()) {
    request.headers.push_back({"Authorization", user});
  }
  const auto answer = TRY(download(line, std::move(request), options.limits.index));
  if (!answer.ok()) {
    return failure(refused(answer, "the index of the Helm repository cannot be read")
                       .at(printable(http::shown_url(url))));
  }
  auto parsed = TRY(parse_index(answer.body, printable(http::shown_url(index_address(url)))));
  auto index = std::make_shared<const Index>(std::move(parsed));
  (*indexes.lock())[key] = {index, now};
  return std::shared_ptr<const Index>(std::move(index));
}

Result<std::vector<std::string>> Charts::State::versions_of(const Line& line, const Query& query) {
  if (line.repository.kind == Kind::index) {
    const auto index = TRY(index_of(line, query.max_age));
    const auto found = index->find(query.chart);
    if (found == index->end()) {
      return failure(Error(Code::chart, fmt::format("chart '{}' not found in index",
                                                               printable(query.chart)))
                         .at(printable(http::shown_url(line.repository.url))));
    }
    std::vector<std::string> versions;
    for (const auto& entry : found->second)
      versions.push_back(entry.version);
    return versions;
  }
  const auto key = answer_name(line.repository, query.chart);
  const auto now = clock.steady();
  {
    auto known = tags.lock();
    const auto found = known->find(key);
    if (found != known->end() && found->second.asked + query.max_age > now) {
      return found->second.versions;
    }
  }
  auto registry = TRY(Registry::open(line, query.chart, options.limits.registry));
  auto versions = TRY(registry.tags());
  (*tags.lock())[key] = {versions, now};
  return versions;
}

// A tag may move, so an artifact is known by its digest.
Result<std::string> Charts::State::resolve_artifact(const Line& line, const Query& query) {
  if (crypto::parse_sha256(query.version)) return query.version;
  const auto key = answer_name(line.repository, "\n" + query.version);
  const auto now = clock.steady();
  {
    auto known = tags.lock();
    const auto found = known->find(key);
    if (found != known->end() && found->second.asked + query.max_age > now) {
      return found->second.versions.front();
    }
  }
  auto registry = TRY(Registry::open(line, "", options.limits.registry));
  auto manifest = registry.manifest(query.version.empty() ? "latest" : query.version);
  if (!manifest && !semver::Version::parse(query.version) && semver::Range::parse(query.version)) {
    const auto versions = TRY(versions_of(line, query));
    const auto chosen = choose_version(versions, query.version);
    if (!chosen) return failure(no_version(line.repository, query, versions.size()));
    manifest = registry.manifest(*chosen);
  }
  if (!manifest) return failure(manifest.error());
  (*tags.lock())[key] = {{manifest->digest.text()}, now};
  return manifest->digest.text();
}

template <class T, class Ask>
Result<T> Charts::State::in_turn(const Repository& repository, const std::string& question, const std::stop_token& stop,
                                 const Ask& ask) {
  if (repository.reach == Reach::here) return not_here();
  const auto transport = TRY(transports.of(repository));
  const auto turn = TRY(turns.take(repository.url, stop));
  const auto key = fmt::format("{}\n{}", repository.url, question);
  {
    auto all = silences.lock();
    const auto found = all->find(key);
    if (found != all->end() && clock.steady() - found->second.since < options.limits.index.idle) return failure(found->second.error);
  }
  Result<T> answer = ask(Line{*transport, repository, clock, stop});
  auto all = silences.lock();
  all->erase(key);
  if (!answer && answer.error().code() == Code::timed_out) all->emplace(key, Silence{answer.error(), clock.steady()});
  return answer;
}

Result<std::string> Charts::resolve(const Repository& repository, const Query& query,
                                    const std::stop_token& stop) {
  if (!query.chart.empty() && semver::Version::parse(query.version)) return query.version;
  const auto question = repository.kind == Kind::index ? std::string() : fmt::format("{}\n{}", query.chart, query.version);
  return state_->in_turn<std::string>(repository, question, stop, [&](const Line& line) -> Result<std::string> {
    if (query.chart.empty()) return state_->resolve_artifact(line, query);
    const auto versions = TRY(state_->versions_of(line, query));
    const auto chosen = choose_version(versions, query.version);
    if (!chosen) return failure(no_version(repository, query, versions.size()));
    return *chosen;
  });
}

Result<Package> Charts::State::fetch_indexed(const Line& line, const std::string& chart,
                                             const std::string& version) {
  const auto& repository = line.repository;
  const Query query{.chart = chart, .version = version};
  const auto index = TRY(index_of(line, options.limits.index.whole));
  const auto* entry = find_entry(*index, chart, version);
  if (entry == nullptr) {
    // The version may be younger than the index we know.
    const auto fresh = TRY(index_of(line, Duration{0}));
    entry = find_entry(*fresh, chart, version);
    if (entry == nullptr) {
      const auto found = fresh->find(chart);
      return failure(no_version(repository, query, found == fresh->end() ? 0 : found->second.size()));
    }
  }
  const IndexEntry wanted = *entry;
  http::Request request{.url = resolve_address(repository.url, wanted.url)};
  const bool ours = same_origin(request.url, repository.url);
  const auto user = basic(repository);
  if (!user.empty() && (ours || repository.audience == Audience::everyone)) {
    request.headers.push_back({"Authorization", user});
  }
  const auto address = printable(http::shown_url(request.url));
  auto answer = TRY(download(line, std::move(request), options.limits.package));
  if (!answer.ok()) {
    return failure(refused(answer, fmt::format("chart \"{}\" {} cannot be downloaded",
                                               printable(chart), printable(version)))
                       .at(address));
  }
  const auto digest = crypto::sha256(answer.body);
  if (wanted.digest && digest != *wanted.digest) {
    return failure(Error(Code::chart,
                         fmt::format("the package of chart \"{}\" {} is not what the index says",
                                     printable(chart), printable(version)))
                       .at(address)
                       .because(fmt::format("the index says {}, the package is {}",
                                            wanted.digest->text(), digest.text())));
  }
  return Package{.digest = digest, .content = Content::chart, .bytes = std::move(answer.body)};
}

Result<Package> Charts::State::fetch_registered(const Line& line, const std::string& chart,
                                                const std::string& version) {
  auto registry = TRY(Registry::open(line, chart, options.limits.registry));
  const auto manifest = TRY(registry.manifest(version));
  if (auto kept = cache->find(manifest.layer)) {
    return Package{.digest = manifest.layer, .content = manifest.content, .bytes = *std::move(kept)};
  }
  auto bytes = TRY(registry.layer(manifest));
  return Package{.digest = manifest.layer, .content = manifest.content, .bytes = std::move(bytes)};
}

Result<Package> Charts::fetch(const Repository& repository, const std::string& chart,
                              const std::string& version, const std::stop_token& stop) {
  const auto from_cache = [&]() -> std::optional<Package> {
    for (const auto content : {Content::chart, Content::artifact}) {
      auto kept = state_->cache->find(cache_name(repository, chart, version, content));
      if (!kept) continue;
      const auto digest = crypto::sha256(*kept);
      return Package{.digest = digest, .content = content, .bytes = *std::move(kept)};
    }
    return std::nullopt;
  };
  if (auto known = from_cache()) return *std::move(known);
  const auto question = fmt::format("package {}\n{}", chart, version);
  return state_->in_turn<Package>(repository, question, stop, [&](const Line& line) -> Result<Package> {
    if (auto known = from_cache()) return *std::move(known);
    auto package = TRY(repository.kind == Kind::index ? state_->fetch_indexed(line, chart, version)
                                                      : state_->fetch_registered(line, chart, version));
    state_->cache->keep(cache_name(repository, chart, version, package.content), package.bytes);
    return package;
  });
}

Result<std::shared_ptr<const tree::FileTree>> Charts::tree(const Repository& repository,
                                                           const std::string& chart,
                                                           const std::string& version,
                                                           const std::stop_token& stop) {
  const auto package = TRY(fetch(repository, chart, version, stop));
  auto files = TRY(unpack(package.bytes, package.content, state_->options.limits),
                   "unpacking \"{}\" {}", printable(chart), printable(version));
  return std::shared_ptr<const tree::FileTree>(
      std::make_shared<const tree::MemoryTree>(std::move(files)));
}

void Charts::expire(const std::string& url) {
  const auto is_of = [&](const auto& each) { return each.first.starts_with(url + "\n"); };
  std::erase_if(*state_->indexes.lock(), is_of);
  std::erase_if(*state_->tags.lock(), is_of);
  std::erase_if(*state_->silences.lock(), is_of);
  state_->cache->forget(url);
}

Result<tree::MemoryTree> unpack(std::string_view bytes, Content content, const ChartLimits& limits) {
  tree::MemoryTree::Files files;
  const archive::Limits archive_limits{.entries = limits.files_max,
                                       .bytes = limits.unpacked_bytes_max,
                                       .others = archive::Others::skip};
  const auto keep = [&](const archive::Entry& entry, const archive::Source& source) -> Result<> {
    std::string path = entry.path;
    if (content == Content::chart) {
      const auto slash = path.find('/');
      if (slash == std::string::npos) return {};
      path.erase(0, slash + 1);
    }
    if (entry.kind != archive::EntryKind::file) return {};
    files[std::move(path)] = TRY(archive::read_all(source, limits.unpacked_bytes_max));
    return {};
  };
  TRY(archive::read_tar(archive::source_of(bytes), archive_limits, keep));
  if (content == Content::chart && !files.contains("Chart.yaml")) {
    return failure(Code::chart, "the package holds no chart");
  }
  return tree::MemoryTree(std::move(files));
}

}  // namespace holdfast::charts
