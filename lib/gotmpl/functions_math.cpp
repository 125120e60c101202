// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 numeric.go. Its decimals (shopspring) are long doubles here: 64 bits of mantissa hold
// sums and products of what a float64 prints, to the last bit of the float64 that comes out.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/print.h"

namespace holdfast::gotmpl {
namespace {

std::int64_t wrapped_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrapped_multiply(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
std::int64_t negated(std::int64_t a) { return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(a)); }

Result<Datum> add(Call& call) {
  std::int64_t sum = 0;
  for (const Datum& value : call.arguments) sum = wrapped_add(sum, int64_of(value));
  return Datum::int64(sum);
}

Result<Datum> add1(Call& call) { return Datum::int64(wrapped_add(int64_of(call[0]), 1)); }

Result<Datum> sub(Call& call) {
  return Datum::int64(wrapped_add(int64_of(call[0]), negated(int64_of(call[1]))));
}

Result<Datum> mul(Call& call) {
  std::int64_t product = int64_of(call[0]);
  for (const Datum& value : call.arguments.subspan(1)) {
    product = wrapped_multiply(product, int64_of(value));
  }
  return Datum::int64(product);
}

Result<Datum> div(Call& call) {
  std::int64_t divisor = int64_of(call[1]);
  if (divisor == 0) return call_failure("runtime error: integer divide by zero");
  if (divisor == -1) return Datum::int64(negated(int64_of(call[0])));
  return Datum::int64(int64_of(call[0]) / divisor);
}

Result<Datum> mod(Call& call) {
  std::int64_t divisor = int64_of(call[1]);
  if (divisor == 0) return call_failure("runtime error: integer divide by zero");
  return Datum::int64(divisor == -1 ? 0 : int64_of(call[0]) % divisor);
}

Result<Datum> max(Call& call) {
  std::int64_t best = int64_of(call[0]);
  for (const Datum& value : call.arguments) best = std::max(best, int64_of(value));
  return Datum::int64(best);
}

Result<Datum> min(Call& call) {
  std::int64_t best = int64_of(call[0]);
  for (const Datum& value : call.arguments) best = std::min(best, int64_of(value));
  return Datum::int64(best);
}

// math.Max and math.Min: NaN wins.
Result<Datum> maxf(Call& call) {
  double best = float64_of(call[0]);
  for (const Datum& value : call.arguments.subspan(1)) {
    double other = float64_of(value);
    best = std::isnan(best) || std::isnan(other) ? std::nan("") : std::max(best, other);
  }
  return Datum(best);
}

Result<Datum> minf(Call& call) {
  double best = float64_of(call[0]);
  for (const Datum& value : call.arguments.subspan(1)) {
    double other = float64_of(value);
    best = std::isnan(best) || std::isnan(other) ? std::nan("") : std::min(best, other);
  }
  return Datum(best);
}

Result<long double> decimal_of(double value) {
  if (!std::isfinite(value)) {
    return call_failure(fmt::format("Cannot create a Decimal from {}", format_float(value)));
  }
  // The shortest decimal that reads back, as decimal.NewFromFloat takes it.
  return std::strtold(format_float(value, 'e').c_str(), nullptr);
}

enum class Operation { add, subtract, multiply, divide };

Result<Datum> decimal_chain(double first, std::span<const Datum> values, Operation operation) {
  long double result = TRY(decimal_of(first));
  for (const Datum& value : values) {
    long double other = TRY(decimal_of(float64_of(value)));
    switch (operation) {
      case Operation::add: result += other; break;
      case Operation::subtract: result -= other; break;
      case Operation::multiply: result *= other; break;
      case Operation::divide:
        if (other == 0) return call_failure("decimal division by 0");
        result /= other;
        // Quotients have 16 places after the point (decimal.DivisionPrecision).
        if (std::fabs(result) < 100) result = std::round(result * 1e16L) / 1e16L;
        break;
    }
  }
  return Datum(static_cast<double>(result));
}

Result<Datum> addf(Call& call) { return decimal_chain(0, call.arguments, Operation::add); }
Result<Datum> add1f(Call& call) { return decimal_chain(1, call.arguments, Operation::add); }
Result<Datum> subf(Call& call) {
  return decimal_chain(float64_of(call[0]), call.arguments.subspan(1), Operation::subtract);
}
Result<Datum> mulf(Call& call) {
  return decimal_chain(float64_of(call[0]), call.arguments.subspan(1), Operation::multiply);
}
Result<Datum> divf(Call& call) {
  return decimal_chain(float64_of(call[0]), call.arguments.subspan(1), Operation::divide);
}

Result<Datum> floor(Call& call) { return Datum(std::floor(float64_of(call[0]))); }
Result<Datum> ceil(Call& call) { return Datum(std::ceil(float64_of(call[0]))); }

Result<Datum> round(Call& call) {
  double threshold = call.count() > 2 ? call[2].real() : 0.5;
  double power = std::pow(10.0, static_cast<double>(call[1].integer()));
  double digit = power * float64_of(call[0]);
  double whole = 0;
  double rounded = std::modf(digit, &whole) >= threshold ? std::ceil(digit) : std::floor(digit);
  return Datum(rounded / power);
}

Result<Datum> to_int(Call& call) { return Datum::integer(int64_of(call[0])); }
Result<Datum> to_int64(Call& call) { return Datum::int64(int64_of(call[0])); }
Result<Datum> to_float64(Call& call) { return Datum(float64_of(call[0])); }

Result<Datum> atoi(Call& call) {
  // strconv.Atoi gives the nearest number on overflow, and Sprig drops the error.
  return Datum::integer(parse_integer(call.text(0), 10).value);
}

Result<Datum> to_decimal(Call& call) {
  ParsedInteger number = parse_integer(print_value(call[0]), 8);
  return Datum::int64(number.status == Parsed::ok ? number.value : 0);
}

struct Steps {
  std::int64_t start;
  std::int64_t stop;
  std::int64_t step;
};

Result<std::vector<std::int64_t>> untilled(Call& call, Steps range) {
  std::vector<std::int64_t> numbers;
  bool down = range.stop < range.start;
  if (down ? range.step >= 0 : range.step <= 0) return numbers;
  auto distance = static_cast<std::uint64_t>(down ? range.start : range.stop) -
                  static_cast<std::uint64_t>(down ? range.stop : range.start);
  auto width = down ? 0 - static_cast<std::uint64_t>(range.step) : static_cast<std::uint64_t>(range.step);
  std::uint64_t count = distance / width + (distance % width != 0 ? 1 : 0);
  TRY(call.execution->reserve_items(count));
  numbers.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    numbers.push_back(wrapped_add(range.start, wrapped_multiply(static_cast<std::int64_t>(i), range.step)));
  }
  return numbers;
}

Result<Datum> number_list(Call& call, Steps range) {
  std::vector<std::int64_t> numbers = TRY(untilled(call, range));
  std::vector<Datum> items;
  items.reserve(numbers.size());
  for (std::int64_t number : numbers) items.push_back(Datum::integer(number));
  return Datum::of_list(std::move(items), int_list_type);
}

Result<Datum> until(Call& call) {
  std::int64_t count = call[0].integer();
  return number_list(call, {0, count, count < 0 ? -1 : 1});
}

Result<Datum> until_step(Call& call) {
  return number_list(call, {call[0].integer(), call[1].integer(), call[2].integer()});
}

Result<Datum> seq(Call& call) {
  std::size_t count = call.count();
  if (count == 0 || count > 3) return Datum("");
  std::int64_t start = count == 1 ? 1 : call[0].integer();
  std::int64_t end = call[count - 1].integer();
  std::int64_t direction = end < start ? -1 : 1;
  std::int64_t step = count == 3 ? call[1].integer() : direction;
  if (direction < 0 && step > 0) return Datum("");
  std::vector<std::int64_t> numbers = TRY(untilled(call, {start, wrapped_add(end, direction), step}));
  TRY(call.execution->reserve_bytes(numbers.size() * 2));
  std::string out;
  for (std::int64_t number : numbers) {
    if (!out.empty()) out += ' ';
    out += fmt::format("{}", number);
  }
  return Datum(std::move(out));
}

constexpr Function rows[] = {
    {"add", "a*", add},       {"add1", "a", add1},      {"sub", "aa", sub},
    {"mul", "aa*", mul},      {"div", "aa", div},       {"mod", "aa", mod},
    {"max", "aa*", max},      {"biggest", "aa*", max},  {"min", "aa*", min},
    {"maxf", "aa*", maxf},    {"minf", "aa*", minf},    {"addf", "a*", addf},
    {"add1f", "a", add1f},    {"subf", "aa*", subf},    {"mulf", "aa*", mulf},
    {"divf", "aa*", divf},    {"floor", "a", floor},    {"ceil", "a", ceil},
    {"round", "aif*", round}, {"int", "a", to_int},     {"int64", "a", to_int64},
    {"float64", "a", to_float64}, {"atoi", "s", atoi},  {"toDecimal", "a", to_decimal},
    {"until", "i", until},    {"untilStep", "iii", until_step}, {"seq", "i*", seq},
};

}  // namespace

std::span<const Function> math_functions() { return rows; }

}  // namespace holdfast::gotmpl
