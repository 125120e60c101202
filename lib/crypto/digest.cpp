// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include "base/guarded.h"
#include "base/handle.h"
#include "base/text.h"
#include "crypto/sha256.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

namespace holdfast::crypto {
namespace {

// Stays in a core's second-level cache between the read and the hash; larger ones measured slower.
constexpr std::size_t buffer_size = std::size_t{256} << 10;

// Up to here our own sum is done before OpenSSL is open and has read its settings (1.1 ms).
constexpr std::size_t short_max = std::size_t{128} << 10;

constexpr std::string_view prefix = "sha256:";

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

std::string Sha256::hex() const {
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string Sha256::text() const {
  return std::string(prefix) + hex();
}

std::optional<Sha256> parse_sha256_hex(std::string_view hex) {
  Sha256 digest;
  if (hex.size() != digest.bytes.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const auto high = digit_of(hex[2 * i]);
    const auto low = digit_of(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest.bytes[i] = static_cast<unsigned char>(*high << 4 | *low);
  }
  return digest;
}

std::optional<Sha256> parse_sha256(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return parse_sha256_hex(text.substr(prefix.size()));
}

struct Sha256Stream::State {
  Handle<EVP_MD_CTX, EVP_MD_CTX_free> context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  state_->context.reset(EVP_MD_CTX_new());
  CHECK(state_->context != nullptr);
  CHECK(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Stream::finish() {
  Sha256 digest;
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.bytes.data(), &size) == 1);
  CHECK(size == digest.bytes.size());
  return digest;
}

Sha256 sha256(std::string_view bytes) {
  if (bytes.size() <= short_max) return {short_sha256(bytes)};
  Sha256Stream stream;
  stream.add(bytes);
  return stream.finish();
}

Sha256 sha256_of(std::initializer_list<std::string_view> texts) {
  std::string all;
  for (const auto text : texts) {
    all += fmt::format("{}\n", text.size());
    all += text;
  }
  return sha256(all);
}

std::string md5_hex(std::string_view bytes) {
  std::array<unsigned char, 16> digest{};
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr) == 1);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<> read_exactly(int fd, std::uint64_t offset, std::span<char> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto at = static_cast<off_t>(offset + done);
    const ssize_t got = ::pread(fd, into.data() + done, into.size() - done, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return failure(
          Error(Code::file_unreadable, "the file could not be read").because(::strerror(errno)));
    }
    if (got == 0) {
      return failure(Code::file_unreadable, "the file ends at byte {}, {} were to follow",
                     offset + done, into.size() - done);
    }
    done += static_cast<std::size_t>(got);
  }
  return {};
}

namespace {

Result<Sha256> hash_range(int fd, const Range& range, std::span<char> buffer,
                          const HashProgress& progress) {
  Sha256Stream stream;
  std::uint64_t done = 0;
  while (done < range.size) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), range.size - done);
    const auto part = buffer.first(static_cast<std::size_t>(wanted));
    TRY(read_exactly(fd, range.offset + done, part));
    stream.add({part.data(), part.size()});
    done += wanted;
    if (progress) progress(wanted);
  }
  return stream.finish();
}

}  // namespace

Result<std::vector<Sha256>> hash_ranges(int fd, std::span<const Range> ranges, unsigned threads,
                                        const HashProgress& progress) {
  std::vector<std::size_t> order(ranges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return ranges[i].size; });

  std::vector<Sha256> digests(ranges.size());
  std::atomic<std::size_t> next = 0;
  Guarded<std::optional<Error>> first_error;
  const auto work = [&] {
    std::vector<char> buffer(buffer_size);
    for (std::size_t i = next++; i < order.size(); i = next++) {
      auto digest = hash_range(fd, ranges[order[i]], buffer, progress);
      if (digest) {
        digests[order[i]] = *digest;
        continue;
      }
      next = order.size();
      auto error = first_error.lock();
      if (!error->has_value()) *error = std::move(digest).error();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto useful =
        std::min<std::size_t>(std::max(threads, 1U), std::max<std::size_t>(order.size(), 1));
    for (std::size_t i = 1; i < useful; ++i)
      helpers.emplace_back(work);
    work();
  }
  auto error = first_error.lock();
  if (error->has_value()) return failure(**error);
  return digests;
}

}  // namespace holdfast::crypto
