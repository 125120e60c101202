// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/execution.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/random.h"
#include "gotmpl/advice.h"
#include "gotmpl/go_text.h"
#include "gotmpl/print.h"

namespace holdfast::gotmpl {
namespace {

// Of a thread's usual 8 MiB. A level of include takes about 2 KiB in release.
constexpr std::ptrdiff_t stack_bytes_max = std::ptrdiff_t{6} << 20;
// Texts whose trees tpl remembers; a tree takes some ten times the memory of its text.
constexpr std::size_t texts_bytes_max = std::size_t{4} << 20;
// Frames kept at either end of an error's chain; a runaway recursion has thousands.
constexpr std::size_t frames_max = 8;

constexpr std::string_view no_value = "<no value>";
// Of output that is taken in pieces.
constexpr std::size_t piece_bytes = std::size_t{64} << 10;
// Steps and bytes between two looks at the clock.
constexpr std::uint64_t steps_unwatched = 0x100;
constexpr std::uint64_t work_unwatched = std::uint64_t{1} << 20;

std::string erase_no_value(std::string text) {
  if (text.find(no_value) == std::string::npos) return text;
  return replace_all(std::move(text), no_value, "");
}

// Moves the marks of the text, which begins at that offset of the output, to where they are once
// "<no value>" is erased from it.
void shift_marks(Templates::Trace& trace, std::string_view text, std::size_t begin) {
  std::size_t next = text.find(no_value);
  std::uint32_t erased = 0;
  for (auto& mark : trace.marks) {
    if (mark.offset < begin) continue;
    while (next < mark.offset - begin) {
      erased += static_cast<std::uint32_t>(no_value.size());
      next = text.find(no_value, next + no_value.size());
    }
    mark.offset -= std::min(erased, mark.offset);
  }
}

// A struct that is printed where it stands can be asked for its String, which Go declares for the
// pointer to it; passed to a function it is a copy without.
const Function* printed_method(const Datum& value) {
  return value.kind() == Kind::structure ? find_method(value.type(), "String") : nullptr;
}

}  // namespace

Execution::Execution(Templates::State& state)
    : state_(state), scope_(&state.scope), stack_base_(static_cast<const char*>(__builtin_frame_address(0))) {
  if (!state.deadline) state.deadline = steady_now() + state.environment.limits.time;
}

Result<std::string> Execution::run(const Tree& tree, const Datum& data, Templates::Trace* trace) {
  trace_ = trace;
  std::string out;
  out.reserve(tree.source->text.size());  // about what most make
  TRY(enter(tree, data, out, scope_));
  return finished(std::move(out));
}

Result<> Execution::run_in_pieces(const Tree& tree, const Datum& data, Templates::Trace& trace,
                                  const Templates::Take& take) {
  trace_ = &trace;
  take_ = &take;
  std::string out;
  out.reserve(std::min(tree.source->text.size(), piece_bytes));
  whole_ = &out;
  give_at_ = piece_bytes;
  TRY(enter(tree, data, out, scope_));
  take(finished(std::move(out)));
  return {};
}

// A part of the output as Helm leaves it.
std::string Execution::finished(std::string text) {
  if (text.find(no_value) == std::string::npos) return text;
  if (trace_ != nullptr) shift_marks(*trace_, text, given_);
  return erase_no_value(std::move(text));
}

// The lines that are whole: what is to be erased from the output lies inside of one.
void Execution::give_lines() {
  const std::size_t lines = out_->rfind('\n') + 1;  // npos + 1 is 0
  if (lines > 0) {
    std::string rest;
    rest.reserve(out_->size() - lines + piece_bytes);
    rest.append(*out_, lines);
    out_->resize(lines);
    std::string piece = finished(std::exchange(*out_, std::move(rest)));
    given_ += piece.size();
    (*take_)(std::move(piece));
  }
  give_at_ = out_->size() + piece_bytes;
}

Result<std::string> Execution::include(const std::string& name, const Datum& data) {
  const Tree* tree = TRY(state_.find(*scope_, name));
  if (tree == nullptr) {
    std::vector<std::string_view> known;
    for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
      for (const auto& [key, value] : scope->trees) known.push_back(key);
    }
    for (const auto& late : state_.lates) known.push_back(late.name);
    Error error(Code::template_execution,
                fmt::format("template: no template {} associated with template \"gotpl\"", quote(name)));
    if (std::optional<std::string_view> near = nearest(name, known)) {
      error = std::move(error).fix(fmt::format("did you mean \"{}\"?", *near));
    }
    return failure(std::move(error));
  }
  int& depth = including_[*tree->name];
  if (depth > environment().limits.include_depth) {
    Error error(Code::limit, fmt::format("the template '{}' includes itself more than {} times",
                                         name, environment().limits.include_depth));
    return failure(std::move(error).fix("end it with a condition: {{ if … }}{{ include … }}{{ end }}"));
  }
  ++depth;
  Result<std::string> out = run_nested(*tree, data, scope_);
  --including_[*tree->name];
  return out;
}

Result<std::string> Execution::tpl(const std::string& text, const Datum& data) {
  if (text.find("{{") == std::string::npos) return erase_no_value(text);
  auto found = state_.texts.find(text);
  if (found == state_.texts.end()) {
    auto source = std::make_shared<Source>("gotpl", std::make_shared<Arena>());
    source->owned = text;
    source->text = source->owned;
    Result<ParsedFile> file = parse_template(std::move(source), state_.names, state_.functions);
    if (!file) {
      return failure(std::move(file).error().within(
          fmt::format("cannot parse template \"{}\"", printable(text))));
    }
    Templates::State::ParsedText parsed;
    parsed.main = file->main;
    if (file->trees.size() > 1) {
      parsed.scope = std::make_unique<Scope>();
      parsed.scope->add(*file);
    }
    // Whoever is expanding one of the forgotten texts holds its tree.
    if (state_.texts_bytes + text.size() > texts_bytes_max) {
      state_.texts.clear();
      state_.texts_bytes = 0;
    }
    state_.texts_bytes += text.size();
    found = state_.texts.emplace(text, std::move(parsed)).first;
  }
  Templates::State::ParsedText& parsed = found->second;
  std::shared_ptr<const Tree> main = parsed.main;
  // A scope of its own per call: the same text may be expanded inside itself.
  Scope scope;
  if (parsed.scope) {
    scope.outer = scope_;
    for (const auto& [key, tree] : parsed.scope->trees) {
      const Tree* known = TRY(state_.find(*scope_, key));
      if (!tree->blank() || known == nullptr) scope.trees.emplace(key, tree);
    }
  }
  std::string out = TRY(run_nested(*main, data, parsed.scope ? &scope : scope_));
  return erase_no_value(std::move(out));
}

Result<std::string> Execution::run_nested(const Tree& tree, const Datum& data, const Scope* scope) {
  std::string out;
  TRY(enter(tree, data, out, scope));
  return out;
}

// Runs the tree into `out` with fresh variables, and restores this run's own.
Result<> Execution::enter(const Tree& tree, const Datum& data, std::string& out,
                          const Scope* scope) {
  if (nesting_ >= environment().limits.nesting || stack_is_deep()) {
    return failure(Code::limit, "templates are nested deeper than {}", nesting_);
  }
  std::size_t base = variable_base_;
  Frame frame{std::exchange(tree_, &tree), node_, variables_.size(), std::exchange(out_, &out),
              std::exchange(scope_, scope), std::exchange(dot_held_as_, Static::own)};
  ++nesting_;
  variable_base_ = frame.variables;
  variables_.push_back({state_.names.intern("$"), data});
  // Held by this frame: a variable's slot may move while the body declares others.
  Datum dot = data;
  Result<Flow> flow = walk(dot, tree.root);
  --nesting_;
  variables_.resize(frame.variables);
  variable_base_ = base;
  tree_ = frame.tree;
  node_ = frame.node;
  out_ = frame.out;
  scope_ = frame.scope;
  dot_held_as_ = frame.dot_held_as;
  if (!flow) return failure(std::move(flow).error());
  return {};
}

Result<Execution::Flow> Execution::walk(const Datum& dot, const NodeList& list) {
  for (const NodePtr& node : list.nodes) {
    Flow flow = TRY(walk_node(dot, *node));
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Result<Execution::Flow> Execution::walk_node(const Datum& dot, const Node& node) {
  node_ = &node;
  TRY(step());
  if (trace_ != nullptr && nesting_ == 1) {
    trace_->marks.push_back({.offset = static_cast<std::uint32_t>(given_ + out_->size()),
                             .position = node.position,
                             .plain = node.type == NodeType::text});
  }
  switch (node.type) {
    case NodeType::text: {
      TRY(write(static_cast<const TextNode&>(node).text));
      return Flow::next;
    }
    case NodeType::action: {
      const PipeNode& pipe = *static_cast<const ActionNode&>(node).pipe;
      Datum value = TRY(evaluate_pipe(dot, pipe));
      if (pipe.variables.empty()) {
        node_ = &node;
        TRY(print(value));
      }
      return Flow::next;
    }
    case NodeType::branch_if:
    case NodeType::branch_with:
      return walk_branch(dot, static_cast<const BranchNode&>(node));
    case NodeType::range:
      return walk_range(dot, static_cast<const BranchNode&>(node));
    case NodeType::call_template:
      TRY(walk_template(dot, static_cast<const ActionNode&>(node)));
      return Flow::next;
    case NodeType::break_loop:
      return Flow::break_loop;
    case NodeType::continue_loop:
      return Flow::continue_loop;
    case NodeType::pipe: case NodeType::command: case NodeType::identifier:
    case NodeType::variable: case NodeType::field: case NodeType::chain: case NodeType::dot:
    case NodeType::nil: case NodeType::boolean: case NodeType::number: case NodeType::string:
    case NodeType::end: case NodeType::otherwise:
      break;
  }
  std::unreachable();
}

Result<Execution::Flow> Execution::walk_branch(const Datum& dot, const BranchNode& first) {
  std::size_t mark = variables_.size();
  const BranchNode* node = &first;
  while (true) {
    Datum value = TRY(evaluate_pipe(dot, *node->pipe));
    bool truth = value.truth();
    // The chain of {{else if}} is followed here, so that its length costs no stack.
    const NodeList& rest = node->else_list;
    bool chained = rest.nodes.size() == 1 && rest.nodes[0]->type == node->type;
    if (!truth && chained) {
      TRY(step());
      node = static_cast<const BranchNode*>(rest.nodes[0].get());
      node_ = node;
      continue;
    }
    Result<Flow> flow = Flow::next;
    if (truth) {
      const bool with = node->type == NodeType::branch_with;
      const Static outer = with ? std::exchange(dot_held_as_, Static::own) : dot_held_as_;
      flow = walk(with ? value : dot, node->list);
      dot_held_as_ = outer;
    } else if (node->has_else) {
      flow = walk(dot, rest);
    }
    variables_.resize(mark);
    return flow;
  }
}

Result<Execution::Flow> Execution::walk_range(const Datum& dot, const BranchNode& node) {
  std::size_t mark = variables_.size();
  Datum value = TRY(evaluate_pipe(dot, *node.pipe));
  bool ran = TRY(range_over(node, value));
  Result<Flow> flow = Flow::next;
  if (!ran && node.has_else) flow = walk(dot, node.else_list);
  variables_.resize(mark);
  return flow;
}

// A break ends the loop and goes no further.
Result<bool> Execution::range_over(const BranchNode& node, const Datum& value) {
  Flow flow = Flow::next;
  if (value.is_nil()) return false;
  if (value.is_signed() || value.is_unsigned()) {
    if (node.pipe->variables.size() > 1) {
      return fail(fmt::format("can't use {} to iterate over more than one variable",
                              print_value(value)));
    }
    TRY(here(reserve_items(static_cast<std::uint64_t>(std::max<std::int64_t>(value.integer(), 0)))));
    for (std::int64_t i = 0; i < value.integer() && flow != Flow::break_loop; ++i) {
      Datum element = value.kind() == Kind::int64 ? Datum::int64(i) : Datum::integer(i);
      flow = TRY(iterate(node, Datum(), std::move(element), Static::own));
    }
    return value.integer() > 0;
  }
  if (value.kind() == Kind::list || value.kind() == Kind::bytes) {
    bool list = value.kind() == Kind::list;
    std::size_t size = list ? value.items().size() : value.text().size();
    const bool typed = !list || value.type()->element != Kind::nil;
    for (std::size_t i = 0; i < size && flow != Flow::break_loop; ++i) {
      Datum element = list ? value.items()[i]
                           : Datum::uint8(static_cast<std::uint8_t>(value.text()[i]));
      Datum index = Datum::integer(static_cast<std::int64_t>(i));
      flow = TRY(iterate(node, std::move(index), std::move(element),
                         typed ? Static::own : Static::interface));
    }
    return size > 0;
  }
  if (value.kind() != Kind::dict) {
    return fail(fmt::format("range can't iterate over {}", print_value(value)),
                advice_on_range(value));
  }
  // The body may change the map; the loop goes over what it was at the start.
  bool named = node.pipe->variables.size() > 1;
  std::vector<std::pair<Datum, Datum>> entries;
  entries.reserve(value.dict()->size());
  for (const Dict::Entry& entry : value.dict()->entries()) {
    entries.emplace_back(named ? Datum(entry.key) : Datum(), entry.value);
  }
  const Static held_as = value.type()->element == Kind::nil ? Static::interface : Static::own;
  for (auto& [key, element] : entries) {
    flow = TRY(iterate(node, std::move(key), std::move(element), held_as));
    if (flow == Flow::break_loop) break;
  }
  return !entries.empty();
}

Result<Execution::Flow> Execution::iterate(const BranchNode& node, Datum index, Datum element,
                                           Static held_as) {
  TRY(step());  // here too: a body may be empty
  const PipeNode& pipe = *node.pipe;
  std::size_t mark = variables_.size();
  if (pipe.assigns) {
    bool two = pipe.variables.size() > 1;
    Variable* first = TRY(find_variable(pipe.variables[0]));
    first->value = two ? index : element;
    first->held_as = two ? Static::own : held_as;
    if (two) {
      Variable* second = TRY(find_variable(pipe.variables[1]));
      second->value = element;
      second->held_as = held_as;
    }
  } else if (!pipe.variables.empty()) {
    variables_[mark - 1].value = element;
    variables_[mark - 1].held_as = held_as;
    if (pipe.variables.size() > 1) variables_[mark - 2].value = std::move(index);
  }
  const Static outer = std::exchange(dot_held_as_, held_as);
  Result<Flow> flow = walk(element, node.list);
  dot_held_as_ = outer;
  variables_.resize(mark);
  return flow;
}

Result<> Execution::walk_template(const Datum& dot, const ActionNode& node) {
  const Tree* tree = TRY(state_.find(*scope_, *node.name));
  if (tree == nullptr) return fail(fmt::format("template {} not defined", quote(*node.name)));
  Datum data;
  if (node.pipe) data = TRY(evaluate_pipe(dot, *node.pipe));
  Result<> result = enter(*tree, data, *out_, scope_);
  // Unlike include, {{template}} leaves no frame of its own in Go's chain.
  if (!result && result.error().where().empty()) return failure(framed(std::move(result).error()));
  return result;
}

Result<> Execution::print(const Datum& value) {
  if (value.kind() == Kind::string) return write(value.text());
  if (value.is_none()) return write(no_value);
  if (const Function* text = printed_method(value)) {
    Call call{{}, &value, this, text->name, nullptr};
    Datum printed = TRY(text->call(call));
    return write(printed.text());
  }
  return write(print_value(value));
}

Result<> Execution::write(std::string_view text) {
  TRY(charge(text.size()));
  const bool whole = out_ == whole_;
  TRY(here(reserve_bytes((whole ? given_ : 0) + out_->size() + text.size())));
  while (whole && out_->size() + text.size() >= give_at_) {
    const auto part = text.substr(0, give_at_ - out_->size());
    out_->append(part);
    text.remove_prefix(part.size());
    give_lines();
  }
  out_->append(text);
  return {};
}

Result<> Execution::charge(std::uint64_t made, std::uint64_t read) {
  state_.made_bytes += made;
  work_ += made + read;
  if (work_ < work_unwatched) return {};
  work_ = 0;
  if (state_.made_bytes > environment().limits.made_bytes) {
    return here(failure(Code::limit, "the templates make more than {} bytes",
                        environment().limits.made_bytes));
  }
  return here(check_time());
}

Result<> Execution::step() {
  if (++state_.steps % steps_unwatched != 0) return {};
  if (state_.steps > environment().limits.steps) {
    return here(failure(Code::limit, "the templates take more than {} steps",
                        environment().limits.steps));
  }
  return here(check_time());
}

Result<> Execution::check_time() const {
  if (steady_now() <= *state_.deadline) return {};
  return failure(Code::limit, "the templates run longer than {}",
                 format_duration(environment().limits.time));
}

SteadyTime Execution::steady_now() const {
  const Clock* clock = environment().clock;
  return clock == nullptr ? SystemClock().steady() : clock->steady();
}

bool Execution::stack_is_deep() const {
  const char* here = static_cast<const char*>(__builtin_frame_address(0));
  std::ptrdiff_t used = stack_base_ - here;
  return used > stack_bytes_max || used < -stack_bytes_max;
}

Result<> Execution::reserve_bytes(std::uint64_t bytes) const {
  if (bytes <= environment().limits.output_bytes) return {};
  return failure(Code::limit, "the text grows to {} bytes, the limit is {}", bytes,
                 environment().limits.output_bytes);
}

Result<> Execution::reserve_items(std::uint64_t count) const {
  if (count <= environment().limits.list_items) return {};
  return failure(Code::limit, "the list grows to {} items, the limit is {}", count,
                 environment().limits.list_items);
}

WallTime Execution::now() const {
  const Clock* clock = environment().clock;
  return clock == nullptr ? SystemClock().wall() : clock->wall();
}

Result<> Execution::fill_random(std::span<unsigned char> bytes) {
  if (environment().random) {
    environment().random(bytes);
    return {};
  }
  std::string made = TRY(crypto::random_bytes(bytes.size()));
  std::copy(made.begin(), made.end(), bytes.begin());
  return {};
}

std::unexpected<Error> Execution::fail(std::string cause, std::string advice) {
  Error error = framed(Error(Code::template_execution, std::move(cause)));
  return failure(advised(std::move(error), std::move(advice)));
}

Result<> Execution::here(Result<> result) const {
  if (result) return result;
  return failure(framed(std::move(result).error()));
}

// Adds where this template stands.
Error Execution::framed(Error error) const {
  if (node_ == nullptr || tree_ == nullptr) return error;
  if (error.where().size() >= frames_max && nesting_ > static_cast<int>(frames_max)) return error;
  return std::move(error).at(fmt::format("{} at <{}>", position_of(*tree_, *node_),
                                         printable(print_node(*node_), 120)));
}

}  // namespace holdfast::gotmpl
