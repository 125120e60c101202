// SPDX-License-Identifier: Apache-2.0
// Sprig's random functions and digests. Random bytes come from the Environment, so that a test or a
// repeated rendering can have the same ones.
#include <array>
#include <limits>

#include "base/text.h"
#include "crypto/primitives.h"
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

// Evenly below `bound`: values of the last, incomplete stretch are thrown away.
Result<std::uint64_t> random_below(Call& call, std::uint64_t bound) {
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / bound * bound;
  while (true) {
    std::array<unsigned char, 8> bytes{};
    TRY(call.execution->fill_random(bytes));
    std::uint64_t value = 0;
    for (unsigned char byte : bytes) value = value << 8 | byte;
    if (value < limit) return value % bound;
  }
}

Result<Datum> random_text(Call& call, std::string_view letters) {
  std::int64_t count = call[0].integer();
  if (count <= 0) return Datum("");
  constexpr std::int64_t count_max = 1'000'000;
  if (count > count_max) {
    return failure(Code::limit, "{} random characters are asked for, the limit is {}", count,
                   count_max);
  }
  std::string text;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint64_t at = TRY(random_below(call, letters.size()));
    text += letters[at];
  }
  return Datum(std::move(text));
}

constexpr std::string_view letters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

Result<Datum> alpha_numeric(Call& call) { return random_text(call, letters); }
Result<Datum> alpha(Call& call) { return random_text(call, letters.substr(10)); }
Result<Datum> numeric(Call& call) { return random_text(call, letters.substr(0, 10)); }
Result<Datum> ascii(Call& call) {
  std::string all;
  for (char c = ' '; c < 0x7F; ++c) all += c;
  return random_text(call, all);
}

Result<Datum> bytes(Call& call) {
  std::int64_t count = call[0].integer();
  if (count < 0) return call_failure("runtime error: makeslice: len out of range");
  TRY(call.execution->reserve_bytes(static_cast<std::uint64_t>(count) * 2));
  std::string buffer(static_cast<std::size_t>(count), '\0');
  TRY(call.execution->fill_random(
      {reinterpret_cast<unsigned char*>(buffer.data()), buffer.size()}));
  return Datum(to_base64(buffer));
}

Result<Datum> integer(Call& call) {
  std::int64_t low = call[0].integer();
  std::int64_t width = 0;
  bool over = __builtin_sub_overflow(call[1].integer(), low, &width);
  if (over || width <= 0) return call_failure("invalid argument to Intn");
  std::uint64_t value = TRY(random_below(call, static_cast<std::uint64_t>(width)));
  return Datum::integer(low + static_cast<std::int64_t>(value));
}

Result<Datum> shuffle(Call& call) {
  std::u32string runes = to_runes(call.text(0));
  for (std::size_t i = runes.size(); i > 1; --i) {
    std::uint64_t other = TRY(random_below(call, i));
    std::swap(runes[i - 1], runes[other]);
  }
  return Datum(from_runes(runes));
}

Result<Datum> uuid(Call& call) {
  std::array<unsigned char, 16> value{};
  TRY(call.execution->fill_random(value));
  value[6] = static_cast<unsigned char>((value[6] & 0x0F) | 0x40);
  value[8] = static_cast<unsigned char>((value[8] & 0x3F) | 0x80);
  std::string hex = to_hex({reinterpret_cast<const char*>(value.data()), value.size()});
  for (std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
  return Datum(std::move(hex));
}

Result<Datum> sha1(Call& call) {
  return Datum(to_hex(crypto::hash_bytes(crypto::Hash::sha1, call.text(0))));
}
Result<Datum> sha256(Call& call) {
  return Datum(to_hex(crypto::hash_bytes(crypto::Hash::sha256, call.text(0))));
}
Result<Datum> sha512(Call& call) {
  return Datum(to_hex(crypto::hash_bytes(crypto::Hash::sha512, call.text(0))));
}
Result<Datum> adler32(Call& call) {
  return Datum(fmt::format("{}", crypto::adler32(call.text(0))));
}

constexpr Function rows[] = {
    {"randAlphaNum", "i", alpha_numeric}, {"randAlpha", "i", alpha}, {"randNumeric", "i", numeric},
    {"randAscii", "i", ascii},            {"randBytes", "i", bytes}, {"randInt", "ii", integer},
    {"shuffle", "s", shuffle},            {"uuidv4", "", uuid},      {"sha1sum", "s", sha1},
    {"sha256sum", "s", sha256},           {"sha512sum", "s", sha512}, {"adler32sum", "s", adler32},
};

}  // namespace

std::span<const Function> random_functions() { return rows; }

}  // namespace holdfast::gotmpl
