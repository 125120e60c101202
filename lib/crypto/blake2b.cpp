// SPDX-License-Identifier: Apache-2.0
#include "crypto/blake2b.h"

#include "base/result.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace holdfast::crypto {
namespace {

constexpr std::array<std::uint64_t, 8> initial = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

constexpr std::array<std::array<unsigned char, 16>, 10> sigma = {{
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
}};

constexpr std::size_t block_size = 128;
using Block = std::array<std::uint64_t, 16>;

static_assert(std::endian::native == std::endian::little, "words are copied as they lie in memory");

void mix(Block& v, std::array<std::size_t, 4> at, std::uint64_t x, std::uint64_t y) {
  auto& [a, b, c, d] = at;
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 63);
}

void compress(std::array<std::uint64_t, 8>& h, std::string_view block, std::uint64_t counter,
              std::uint64_t last_mask) {
  Block m{};
  std::memcpy(m.data(), block.data(), block.size());
  Block v{};
  std::ranges::copy(h, v.begin());
  std::ranges::copy(initial, v.begin() + 8);
  v[12] ^= counter;
  v[14] ^= last_mask;
  for (std::size_t round = 0; round < 12; ++round) {
    const auto& s = sigma[round % 10];
    for (std::size_t i = 0; i < 4; ++i) {
      mix(v, {i, 4 + i, 8 + i, 12 + i}, m[s[2 * i]], m[s[2 * i + 1]]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      mix(v, {i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4}, m[s[8 + 2 * i]],
          m[s[9 + 2 * i]]);
    }
  }
  for (std::size_t i = 0; i < 8; ++i)
    h[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

std::string blake2b(std::string_view bytes, std::size_t output_size) {
  CHECK(output_size >= 1 && output_size <= 64);
  auto h = initial;
  h[0] ^= 0x01010000U ^ output_size;
  std::uint64_t counter = 0;
  while (bytes.size() > block_size) {
    counter += block_size;
    compress(h, bytes.substr(0, block_size), counter, 0);
    bytes.remove_prefix(block_size);
  }
  counter += bytes.size();
  compress(h, bytes, counter, ~std::uint64_t{0});
  std::string out(64, '\0');
  std::memcpy(out.data(), h.data(), out.size());
  out.resize(output_size);
  return out;
}

}  // namespace holdfast::crypto
