// SPDX-License-Identifier: Apache-2.0
// One run of a template: the variables, the output, the budget, and what functions may ask of their
// run. Mirrors Go 1.26 text/template/exec.go; node_ is kept where Go calls s.at(), so that errors
// name the same place.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "gotmpl/ast.h"
#include "gotmpl/functions.h"
#include "gotmpl/parser.h"
#include "gotmpl/templates.h"

namespace holdfast::gotmpl {

class RegexCache;

// Definitions by name. tpl gives its text's definitions a scope of their own in front of the set's.
struct Scope {
  const Scope* outer = nullptr;
  std::unordered_map<std::string_view, std::shared_ptr<const Tree>> trees;  // keys are interned

  [[nodiscard]] const Tree* find(std::string_view name) const;
  // A body of white space does not replace an earlier one.
  void add(const ParsedFile& file);
};

// What outlives one execution: names, definitions, texts parsed for tpl, compiled patterns.
struct Templates::State {
  explicit State(Environment given);
  ~State();

  struct ParsedText {
    std::shared_ptr<const Tree> main;
    std::unique_ptr<Scope> scope;  // null when the text defines nothing
  };

  struct Late {
    std::string name;
    Read read;
    bool good = false;  // it was parsed once
    bool kept = false;  // another text defines its name, too
  };
  // The tree of that name, which is parsed first if it waits for that; null when there is none.
  Result<const Tree*> find(const Scope& from, std::string_view name);
  Result<const Tree*> find_to_execute(std::string_view name);  // refuses when there is none
  Result<const Tree*> load(Late& late);
  Late* find_late(std::string_view name);

  Environment environment;
  const FunctionTable& functions;
  Names names;
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();  // of the files; tpl's texts have their own
  Scope scope;
  std::deque<Late> lates;  // in the order of adding
  std::unordered_map<std::string_view, Late*> late_by_name;
  std::unordered_map<std::string, ParsedText> texts;
  std::size_t texts_bytes = 0;
  std::unique_ptr<RegexCache> patterns;
  std::vector<Datum> cyclic;
  // Spent of the limits by all executes.
  std::uint64_t steps = 0;
  std::uint64_t made_bytes = 0;
  std::optional<SteadyTime> deadline;  // set by the first
};

class Execution {
 public:
  explicit Execution(Templates::State& state);

  Result<std::string> run(const Tree& tree, const Datum& data, Templates::Trace* trace);
  Result<> run_in_pieces(const Tree& tree, const Datum& data, Templates::Trace& trace,
                         const Templates::Take& take);

  // For the functions.
  Result<std::string> include(const std::string& name, const Datum& data);
  Result<std::string> tpl(const std::string& text, const Datum& data);
  [[nodiscard]] const Environment& environment() const { return state_.environment; }
  [[nodiscard]] RegexCache& patterns() { return *state_.patterns; }
  [[nodiscard]] WallTime now() const;
  Result<> fill_random(std::span<unsigned char> bytes);
  // The map may hold itself: it is emptied when the set of templates goes.
  void break_cycle_later(const Datum& map) { state_.cyclic.push_back(map); }
  // Refuses results that would pass the output limit before they are built.
  Result<> reserve_bytes(std::uint64_t bytes) const;
  Result<> reserve_items(std::uint64_t count) const;
  // For what takes long without a step: refuses once the time is over.
  Result<> check_time() const;

 private:
  enum class Flow : std::uint8_t { next, break_loop, continue_loop };
  // The type that Go has for a value: what a map or list holds is an interface to it, until a
  // pipeline's end takes that away.
  enum class Static : std::uint8_t { own, interface };
  struct Variable {
    const std::string* name;
    Datum value;
    Static held_as = Static::own;
  };
  // What a template's run replaces and gives back.
  struct Frame {
    const Tree* tree;
    const Node* node;
    std::size_t variables;
    std::string* out;
    const Scope* scope;
    Static dot_held_as;
  };

  Result<std::string> run_nested(const Tree& tree, const Datum& data, const Scope* scope);
  Result<> enter(const Tree& tree, const Datum& data, std::string& out, const Scope* scope);

  Result<Flow> walk(const Datum& dot, const NodeList& list);
  Result<Flow> walk_node(const Datum& dot, const Node& node);
  Result<Flow> walk_branch(const Datum& dot, const BranchNode& node);
  Result<Flow> walk_range(const Datum& dot, const BranchNode& node);
  Result<bool> range_over(const BranchNode& node, const Datum& value);  // did it run once?
  Result<Flow> iterate(const BranchNode& node, Datum index, Datum element, Static held_as);
  Result<> walk_template(const Datum& dot, const ActionNode& node);
  Result<> print(const Datum& value);
  Result<> write(std::string_view text);
  void give_lines();
  std::string finished(std::string text);

  // `last` is the value piped into a command, null when there is none.
  Result<Datum> evaluate_pipe(const Datum& dot, const PipeNode& pipe);
  Result<Datum> evaluate_command(const Datum& dot, const CommandNode& command, Datum* last);
  Result<Datum> evaluate_constant(const Datum& dot, const CommandNode& command, Datum* last);
  using Arguments = std::span<const NodePtr>;  // without the callee
  struct Place {
    const Node& node;   // for errors
    Arguments arguments;
    Datum* last;
  };
  Result<Datum> evaluate_path(const Datum& dot, const PathNode& path, const Place& place);
  Result<Datum> evaluate_fields(const Datum& dot, const Datum& receiver, const PathNode& path,
                                const Place& place, Static held_as);
  struct Step {
    const Place& place;
    Static held_as;
  };
  Result<Datum> evaluate_member(const Datum& dot, const Datum& receiver, const std::string& name,
                                const Step& step);
  std::unexpected<Error> no_member(const Datum& receiver, const std::string& name, Static type);
  Result<Datum> evaluate_call(const Datum& dot, const Function& function, const Place& place,
                              const Datum* self);
  Result<Datum> evaluate_and_or(const Datum& dot, const Function& function, const Place& place);
  Result<> check_count(const Function& function, const Place& place);
  Result<Datum> finish_call(const Function& function, const Node& node, Call& call);
  Result<Datum> evaluate_argument(const Datum& dot, char type, const Node& node);
  Result<Datum> evaluate_literal(char type, const Node& node);
  Result<> check_type(Datum& value, char type);

  Result<Variable*> find_variable(const std::string* name);
  // Counts what was made and read; looks at the clock now and then.
  Result<> charge(std::uint64_t made, std::uint64_t read = 0);
  Result<> step();
  [[nodiscard]] SteadyTime steady_now() const;
  [[nodiscard]] bool stack_is_deep() const;
  std::unexpected<Error> fail(std::string cause, std::string advice = {});
  Error framed(Error error) const;
  Result<> here(Result<> result) const;  // framed, when it failed

  Templates::State& state_;
  const Tree* tree_ = nullptr;
  const Node* node_ = nullptr;
  Static dot_held_as_ = Static::own;
  const Scope* scope_ = nullptr;
  std::string* out_ = nullptr;
  std::vector<Variable> variables_;
  std::size_t variable_base_ = 0;
  std::unordered_map<std::string_view, int> including_;
  int nesting_ = 0;
  std::uint64_t work_ = 0;  // bytes made and read since the clock was looked at
  Templates::Trace* trace_ = nullptr;
  // Of a run in pieces.
  const Templates::Take* take_ = nullptr;
  const std::string* whole_ = nullptr;  // what the template itself is written to
  std::size_t given_ = 0;               // bytes that were taken
  std::size_t give_at_ = 0;             // how many bytes are enough for a piece
  const char* stack_base_ = nullptr;
};

}  // namespace holdfast::gotmpl
