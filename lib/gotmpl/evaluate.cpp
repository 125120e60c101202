// SPDX-License-Identifier: Apache-2.0
// Pipelines, commands, fields and calls of an Execution.
#include <algorithm>
#include <optional>

#include "gotmpl/advice.h"
#include "gotmpl/execution.h"
#include "gotmpl/print.h"
#include "gotmpl/signature.h"

namespace holdfast::gotmpl {
namespace {

// Calls have few arguments; only `dict` and `list` often need more room than this.
constexpr std::size_t inline_arguments = 6;

// Of a struct's field.
bool is_exported(std::string_view name) {
  return !(name[0] >= 'a' && name[0] <= 'z');
}

Datum zero_element(const Type& type) {
  if (type.element == Kind::string) return Datum("");
  if (type.element == Kind::bytes) return Datum::of_bytes({});
  return Datum::nil();
}

}  // namespace

Result<Datum> Execution::evaluate_pipe(const Datum& dot, const PipeNode& pipe) {
  node_ = &pipe;
  Datum value;
  bool first = true;
  for (const Owned<CommandNode>& command : pipe.commands) {
    value = TRY(evaluate_command(dot, *command, first ? nullptr : &value));
    first = false;
    // A nil interface loses its wrapper here and becomes no value at all.
    if (value.kind() == Kind::nil) value = Datum();
  }
  if (pipe.variables.empty()) return value;
  for (const std::string* name : pipe.variables) {
    if (pipe.assigns) {
      Variable* slot = TRY(find_variable(name));
      slot->value = value;
      slot->held_as = Static::own;
    } else {
      variables_.push_back({name, value});
    }
  }
  return value;
}

Result<Datum> Execution::evaluate_command(const Datum& dot, const CommandNode& command,
                                          Datum* last) {
  TRY(step());
  const Node& callee = *command.arguments[0];
  Arguments arguments = Arguments(command.arguments).subspan(1);
  switch (callee.type) {
    case NodeType::field:
    case NodeType::chain:
    case NodeType::variable:
      return evaluate_path(dot, static_cast<const PathNode&>(callee), {callee, arguments, last});
    case NodeType::identifier: {
      node_ = &callee;
      const Function& function = *static_cast<const IdentifierNode&>(callee).function;
      return evaluate_call(dot, function, {command, arguments, last}, nullptr);
    }
    case NodeType::pipe:
      if (!arguments.empty() || last != nullptr) break;
      return evaluate_pipe(dot, static_cast<const PipeNode&>(callee));
    case NodeType::text: case NodeType::action: case NodeType::branch_if:
    case NodeType::branch_with: case NodeType::range: case NodeType::call_template:
    case NodeType::break_loop: case NodeType::continue_loop: case NodeType::command:
    case NodeType::dot: case NodeType::nil: case NodeType::boolean: case NodeType::number:
    case NodeType::string: case NodeType::end: case NodeType::otherwise:
      return evaluate_constant(dot, command, last);
  }
  return fail(fmt::format("can't give argument to non-function {}", print_node(callee)));
}

Result<Datum> Execution::evaluate_constant(const Datum& dot, const CommandNode& command,
                                           Datum* last) {
  const Node& word = *command.arguments[0];
  node_ = &word;
  if (command.arguments.size() > 1 || last != nullptr) {
    return fail(fmt::format("can't give argument to non-function {}", print_node(word)));
  }
  if (word.type == NodeType::dot) return dot;
  if (word.type == NodeType::nil) return fail("nil is not a command");
  return evaluate_literal('v', word);
}

// ".a.b", "$x.a" or "(…).a".
Result<Datum> Execution::evaluate_path(const Datum& dot, const PathNode& path, const Place& place) {
  node_ = &path;
  if (path.type == NodeType::field) return evaluate_fields(dot, dot, path, place, dot_held_as_);
  if (path.type == NodeType::variable) {
    Variable* slot = TRY(find_variable(path.variable));
    // A copy: a method's arguments may declare variables and move the slot.
    Datum value = slot->value;
    if (!path.fields.empty()) return evaluate_fields(dot, value, path, place, slot->held_as);
    if (!place.arguments.empty() || place.last != nullptr) {
      return fail(fmt::format("can't give argument to non-function {}", print_node(path)));
    }
    return value;
  }
  if (path.base->type == NodeType::nil) {
    return fail(fmt::format("indirection through explicit nil in {}", print_node(path)));
  }
  Datum base = TRY(evaluate_argument(dot, 'v', *path.base));
  return evaluate_fields(dot, base, path, place, Static::own);
}

Result<Datum> Execution::evaluate_fields(const Datum& dot, const Datum& receiver,
                                         const PathNode& path, const Place& place,
                                         Static held_as) {
  // Plain maps are walked by pointer; everything else takes the general way.
  const Datum* current = &receiver;
  Datum held;
  for (std::size_t i = 0; i < path.fields.size(); ++i) {
    const std::string& name = *path.fields[i];
    bool last = i + 1 == path.fields.size();
    bool has_arguments = last && (!place.arguments.empty() || place.last != nullptr);
    if (current->kind() == Kind::dict && current->dict()->type->methods.empty() && !has_arguments) {
      const Datum* member = std::as_const(*current->dict()).find(name);
      if (member != nullptr) {
        current = member;
        held_as = Static::interface;
        continue;
      }
    }
    if (current->is_none()) return Datum();
    bool memberless = current->type() == nullptr || current->kind() == Kind::list ||
                      current->kind() == Kind::bytes;
    if (memberless && (current->is_nil() || current->type() == nullptr ||
                       current->type()->methods.empty())) {
      auto missing = no_member(*current, name, i > 0 ? Static::interface : held_as);
      return failure(advised(std::move(missing).error(), advice_on_member(path, i, receiver, *current)));
    }
    // Arguments are for the last name only.
    Place here{place.node, last ? place.arguments : Arguments(), last ? place.last : nullptr};
    Datum next = TRY(evaluate_member(dot, *current, name, {here, held_as}));
    held_as = current->kind() == Kind::structure ? Static::own : Static::interface;
    held = std::move(next);
    current = &held;
  }
  return *current;
}

Result<Datum> Execution::evaluate_member(const Datum& dot, const Datum& receiver,
                                         const std::string& name, const Step& step) {
  const Place& place = step.place;
  if (const Function* method = find_method(receiver.type(), name)) {
    Datum self = receiver;
    return evaluate_call(dot, *method, place, &self);
  }
  bool has_arguments = !place.arguments.empty() || place.last != nullptr;
  if (receiver.kind() == Kind::structure) {
    const Datum* member = receiver.find(name);
    if (member == nullptr) return no_member(receiver, name, step.held_as);
    if (!is_exported(name)) {
      return fail(fmt::format("{} is an unexported field of struct type {}", name,
                              receiver.type_name()));
    }
    if (has_arguments) {
      return fail(fmt::format("{} has arguments but cannot be invoked as function", name));
    }
    return *member;
  }
  if (receiver.kind() == Kind::dict) {
    if (has_arguments) return fail(fmt::format("{} is not a method but has arguments", name));
    const Datum* member = receiver.find(name);
    return member != nullptr ? *member : zero_element(*receiver.type());
  }
  return no_member(receiver, name, step.held_as);
}

std::unexpected<Error> Execution::no_member(const Datum& receiver, const std::string& name,
                                            Static type) {
  if (receiver.is_nil()) {
    return fail(fmt::format("nil pointer evaluating interface {{}}.{}", name));
  }
  return fail(fmt::format("can't evaluate field {} in type {}", name,
                          type == Static::interface ? "interface {}" : receiver.type_name()));
}

Result<> Execution::check_count(const Function& function, const Place& place) {
  Signature signature(function.signature);
  std::size_t given = place.arguments.size() + (place.last != nullptr ? 1 : 0);
  if (signature.variadic ? given >= signature.fixed : given == signature.fixed) return {};
  const std::string advice = advice_on_count(function);
  if (signature.variadic) {
    return fail(fmt::format("wrong number of args for {}: want at least {} got {}", function.name,
                            signature.fixed, place.arguments.size()),
                advice);
  }
  return fail(fmt::format("wrong number of args for {}: want {} got {}", function.name,
                          signature.fixed, given),
              advice);
}

Result<Datum> Execution::evaluate_call(const Datum& dot, const Function& function,
                                       const Place& place, const Datum* self) {
  TRY(check_count(function, place));
  if (function.call == nullptr) return evaluate_and_or(dot, function, place);
  Signature signature(function.signature);
  std::size_t count = place.arguments.size() + (place.last != nullptr ? 1 : 0);
  std::array<Datum, inline_arguments> few;
  std::vector<Datum> many;
  if (count > few.size()) many.resize(count);
  std::span<Datum> values = count > few.size() ? std::span<Datum>(many) : std::span(few).first(count);
  for (std::size_t i = 0; i < place.arguments.size(); ++i) {
    values[i] = TRY(evaluate_argument(dot, signature.at(i), *place.arguments[i]));
  }
  if (place.last != nullptr) {
    values[count - 1] = std::move(*place.last);
    TRY(check_type(values[count - 1], signature.at(count - 1)));
  }
  const Node* first = place.arguments.empty() ? nullptr : place.arguments[0].get();
  Call call{values, self, this, function.name, first};
  return finish_call(function, place.node, call);
}

Result<Datum> Execution::finish_call(const Function& function, const Node& node, Call& call) {
  std::size_t read = 0;
  for (const Datum& argument : call.arguments) {
    if (argument.is_string()) read += argument.text().size();
  }
  Result<Datum> result = function.call(call);
  if (result && result->kind() == Kind::string) {
    TRY(charge(result->is_shared() ? 0 : result->text().size(), read));
    Result<> room = reserve_bytes(result->text().size());
    if (room) return result;
    result = failure(std::move(room).error());
  } else if (result) {
    const bool list = result->kind() == Kind::list && !result->is_shared();
    TRY(charge(list ? result->items().size() * sizeof(Datum) : 0, read));
    return result;
  }
  node_ = &node;
  Error error = std::move(result).error();
  // What comes out of another template already says where and why.
  bool own_words = function.name == "fail" || function.name == "required";
  if (error.where().empty() && !own_words) error = std::move(error).within(function.name);
  if (own_words) error = advised(std::move(error), advice_on_refusal(node));
  return failure(framed(std::move(error)));
}

// They return an operand and stop at the first that decides.
Result<Datum> Execution::evaluate_and_or(const Datum& dot, const Function& function,
                                         const Place& place) {
  bool stop_at = function.name == "or";
  Datum value;
  for (const NodePtr& argument : place.arguments) {
    value = TRY(evaluate_argument(dot, 'v', *argument));
    if (value.truth() == stop_at) return value;
  }
  if (place.last != nullptr) return std::move(*place.last);
  return value;
}

Result<Datum> Execution::evaluate_argument(const Datum& dot, char type, const Node& node) {
  node_ = &node;
  Datum value;
  switch (node.type) {
    case NodeType::dot:
      value = dot;
      break;
    case NodeType::nil:
      if (takes_nil(type)) return nil_of(type);
      return fail(fmt::format("cannot assign nil to {}", parameter_name(type)));
    case NodeType::field:
    case NodeType::variable:
    case NodeType::chain:
      value = TRY(evaluate_path(dot, static_cast<const PathNode&>(node), {node, {}, nullptr}));
      break;
    case NodeType::pipe:
      value = TRY(evaluate_pipe(dot, static_cast<const PipeNode&>(node)));
      break;
    case NodeType::identifier: {
      const Function& function = *static_cast<const IdentifierNode&>(node).function;
      value = TRY(evaluate_call(dot, function, {node, {}, nullptr}, nullptr));
      break;
    }
    case NodeType::boolean: case NodeType::number: case NodeType::string: case NodeType::text:
    case NodeType::action: case NodeType::branch_if: case NodeType::branch_with:
    case NodeType::range: case NodeType::call_template: case NodeType::break_loop:
    case NodeType::continue_loop: case NodeType::command: case NodeType::end:
    case NodeType::otherwise:
      return evaluate_literal(type, node);
  }
  TRY(check_type(value, type));
  return value;
}

// A literal becomes what the parameter wants, as Go's ideal constants do.
Result<Datum> Execution::evaluate_literal(char type, const Node& node) {
  const auto* number = node.type == NodeType::number ? &static_cast<const NumberNode&>(node) : nullptr;
  switch (type) {
    case 's':
      if (node.type == NodeType::string) return static_cast<const ConstantNode&>(node).value;
      return fail(fmt::format("expected string; found {}", print_node(node)),
                  advice_on_literal(node, type));
    case 'b':
      if (node.type == NodeType::boolean) return static_cast<const ConstantNode&>(node).value;
      return fail(fmt::format("expected bool; found {}", print_node(node)));
    case 'i':
    case 'l':
    case 'D':
      if (number == nullptr || !number->is_int) {
        return fail(fmt::format("expected integer; found {}", print_node(node)),
                    advice_on_literal(node, type));
      }
      return type == 'i' ? Datum::integer(number->integer) : Datum::int64(number->integer);
    case 'u':
      if (number != nullptr && number->is_unsigned) return Datum::uint64(number->natural);
      return fail(fmt::format("expected unsigned integer; found {}", print_node(node)));
    case 'f':
      if (number != nullptr && number->is_float) return Datum(number->real);
      return fail(fmt::format("expected float; found {}", print_node(node)),
                  advice_on_literal(node, type));
    case 'a':
    case 'v':
      if (number == nullptr) return static_cast<const ConstantNode&>(node).value;
      if (number->overflows) return fail(fmt::format("{} overflows int", number->text));
      return number->ideal;
    default:
      return fail(fmt::format("can't handle {} for arg of type {}", print_node(node),
                              parameter_name(type)));
  }
}

Result<> Execution::check_type(Datum& value, char type) {
  if (type == 'v') return {};
  if (value.is_none()) {
    if (!takes_nil(type)) {
      return fail(fmt::format("invalid value; expected {}", parameter_name(type)),
                  advice_on_type(value, type));
    }
    value = nil_of(type);
    return {};
  }
  if (fits(value, type)) return {};
  return fail(fmt::format("wrong type for value; expected {}; got {}", parameter_name(type),
                          value.type_name()),
              advice_on_type(value, type));
}

Result<Execution::Variable*> Execution::find_variable(const std::string* name) {
  for (std::size_t i = variables_.size(); i > variable_base_; --i) {
    if (variables_[i - 1].name == name) return &variables_[i - 1];
  }
  return fail(fmt::format("undefined variable: {}", *name));
}

}  // namespace holdfast::gotmpl
