// SPDX-License-Identifier: Apache-2.0
// A set of Go templates that see each other's definitions, with the functions Helm offers.
// Rendering is pure: time, randomness and lookups come from the Environment. It does not know
// charts. Mirrors Go 1.26 text/template and Helm 4.3 pkg/engine/engine.go.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

// Of one set of templates: what its executes take together, but for the first three.
struct Limits {
  std::size_t output_bytes = std::size_t{64} << 20;  // of any text that is made
  int include_depth = 1000;                          // Helm's recursionMaxNums, per template name
  int nesting = 2000;                                // include, tpl and template together
  std::size_t list_items = 10'000'000;               // until, seq, … of any list that is made
  std::uint64_t steps = 200'000'000;                 // nodes evaluated
  std::uint64_t made_bytes = std::uint64_t{2} << 30; // texts and lists made, dropped or not
  Duration time = std::chrono::minutes(1);
};

enum class Flavor { helm4, helm3 };

// Fills the buffer with random bytes.
using RandomSource = std::function<void(std::span<unsigned char>)>;
// lookup(apiVersion, kind, namespace, name); Argo CD and `helm template` answer an empty object.
using Lookup = std::function<Result<Value>(std::span<const std::string>)>;

struct Environment {
  const Clock* clock = nullptr;   // null: the system's
  RandomSource random;            // empty: the system's
  Lookup lookup;                  // empty: nothing is ever found
  Flavor flavor = Flavor::helm4;
  Limits limits;
};

class Templates {
 public:
  explicit Templates(Environment environment);
  Templates(Templates&&) noexcept;
  Templates& operator=(Templates&&) noexcept;
  ~Templates();

  // Where in an execute's output the pieces of its template begin, so that what is wrong with the
  // output can be shown in the template.
  struct Trace {
    struct Mark {
      std::uint32_t offset = 0;    // into the output
      std::uint32_t position = 0;  // into the template's text
      bool plain = false;          // the piece is the template's own text
    };
    std::vector<Mark> marks;

    // The place in the template of that offset of the output; the start when nothing was traced.
    [[nodiscard]] std::size_t position_of(std::size_t offset) const;
    // Nobody will ask for what is before that offset.
    void forget_before(std::size_t offset);
  };

  // Adds the text, which must outlive the set, under `name` with everything it defines. A later
  // definition of a name replaces an earlier one unless its body is only white space. Refuses with
  // Code::template_syntax, at "name:line:column".
  Result<> parse(std::string_view name, std::string_view text);

  // A text that defines nothing but itself can wait until it is executed or included, and be forgotten
  // after that: of a large chart it is the nodes of the templates that take the memory. `read` is
  // asked whenever the text is wanted; what it refuses, executing refuses.
  using Read = std::function<Result<std::string>()>;
  static bool can_wait(std::string_view text);
  Result<> add_late(std::string_view name, Read read);
  void forget(std::string_view name);  // one that was added so
  // Parses those that nobody asked for yet: refuses the first that parse() had refused in its turn.
  Result<> check_late();

  // As it is known now; "" when it is not.
  [[nodiscard]] std::string_view text_of(std::string_view name) const;

  // `$` and `.` are `data`. Refuses with Code::template_execution (or Code::limit): what() is the
  // cause in Go's words, where() the positions "name:line:column at <expression>", innermost first,
  // line from 1, column from 0.
  // "<no value>" is erased from the output, as Helm does.
  Result<std::string> execute(std::string_view name, const Datum& data, Trace* trace = nullptr);

  // The same, the output in pieces of some 64 KiB, each of whole lines but for the last, as they are
  // made: what is wrong with the template may be found after some of them.
  using Take = std::function<void(std::string piece)>;
  Result<> execute(std::string_view name, const Datum& data, Trace& trace, const Take& take);

  [[nodiscard]] bool contains(std::string_view name) const;

  struct State;  // known to this module only

 private:
  std::unique_ptr<State> state_;
};

// Names of all functions of a flavor, sorted.
std::vector<std::string_view> function_names(Flavor flavor);

}  // namespace holdfast::gotmpl
