// SPDX-License-Identifier: Apache-2.0
// How fast is a bundle verified, against one SHA-256 pass over the same file? The peer is the same
// OpenSSL on one thread with one read of the whole file (`openssl dgst -sha256`, without its
// start).
//   bundle_verify_bench [MiB]      default 512: a bundle of incompressible files is made for the
//   run
#include "base/handle.h"
#include "bundle/bundle.h"
#include "bundle/draft.h"
#include "bundle/index.h"
#include "fakes/temporary_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

constexpr int rounds = 5;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Blobs as a real bundle has them: a few large ones, many small ones.
Result<> make_bundle(const fs::path& path, std::uint64_t size, const crypto::SigningKey& key) {
  Draft draft = TRY(Draft::start(path.parent_path()));
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> words(1 << 17);  // 1 MiB
  const std::string_view bytes(reinterpret_cast<const char*>(words.data()), words.size() * 8);
  Array layers;
  std::uint64_t left = size;
  for (std::uint64_t share = size / 4; left > 0;
       share = std::max<std::uint64_t>(share * 3 / 4, 1 << 20)) {
    std::uint64_t blob = std::min(left, share);
    left -= blob;
    const archive::Source source = [&](std::span<char> into) -> Result<std::size_t> {
      const auto part = std::min<std::uint64_t>({blob, into.size(), bytes.size()});
      std::ranges::generate(words, random);
      std::ranges::copy(bytes.substr(0, part), into.begin());
      blob -= part;
      return static_cast<std::size_t>(part);
    };
    const Stored stored = TRY(draft.store(source));
    draft.use(stored.digest, Role::layer);
    layers.push_back(descriptor_of(stored, oci::layer));
  }
  const Stored config = TRY(draft.store("{}"));
  draft.use(config.digest, Role::config);
  Value item = TRY(draft.add_manifest(Object{
      {"schemaVersion", 2}, {"config", descriptor_of(config, oci::config)}, {"layers", layers}}));
  draft.add_item(std::move(item));
  Statement statement;
  statement.name = "bench";
  statement.version = "1.0.0";
  statement.platforms = {"linux/amd64"};
  TRY(draft.write(statement, {key}, path));
  return {};
}

void hash_once(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const std::vector<crypto::Range> whole{{0, fs::file_size(path)}};
  CHECK(crypto::hash_ranges(file.get(), whole, 1).has_value());
}

long peak_memory_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int run(std::uint64_t mebibytes) {
  const TemporaryFolder folder("bench");
  const fs::path path = folder / "bench.hfb";
  const auto key = crypto::SigningKey::generate().value();
  const auto made = make_bundle(path, mebibytes << 20, key);
  if (!made) {
    fmt::print(stderr, "{}\n", made.error().message());
    return 1;
  }
  const TrustRoot trust = TrustRoot::of(key.public_key());
  const auto verify = [&](unsigned threads) {
    const auto bundle = Bundle::open(path, trust, {.threads = threads});
    CHECK(bundle.has_value());
  };
  hash_once(path);  // warms the page cache
  double peer = 1e9;
  double one = 1e9;
  double all = 1e9;
  const unsigned threads = std::max(std::thread::hardware_concurrency(), 1U);
  for (int i = 0; i < rounds; ++i) {
    peer = std::min(peer, seconds_of([&] { hash_once(path); }));
    one = std::min(one, seconds_of([&] { verify(1); }));
    all = std::min(all, seconds_of([&] { verify(threads); }));
  }
  const double size = static_cast<double>(fs::file_size(path)) / 1e6;
  fmt::print("bundle of {:.0f} MB, best of {}\n", size, rounds);
  fmt::print("one-pass SHA-256        {:7.3f} s  {:6.0f} MB/s\n", peer, size / peer);
  fmt::print("verify, 1 thread        {:7.3f} s  {:6.0f} MB/s  {:3.0f} % of one pass\n", one,
             size / one, 100 * peer / one);
  fmt::print("verify, {} threads       {:7.3f} s  {:6.0f} MB/s  {:3.0f} % of one pass\n", threads,
             all, size / all, 100 * peer / all);
  fmt::print("peak memory             {:7.1f} MiB\n",
             static_cast<double>(peak_memory_kib()) / 1024);
  return 0;
}

}  // namespace
}  // namespace holdfast::bundle

int main(int argc, char** argv) {
  const std::uint64_t size = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 512;
  return holdfast::bundle::run(std::max<std::uint64_t>(size, 1));
}
