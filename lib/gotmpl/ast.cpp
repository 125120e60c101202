// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/ast.h"

#include <algorithm>

#include "base/text.h"
#include "gotmpl/go_text.h"

namespace holdfast::gotmpl {
namespace {

void print_pipe(std::string& out, const PipeNode& pipe);

void print_operand(std::string& out, const Node& node) {
  if (node.type == NodeType::pipe) {
    out += '(';
    print_pipe(out, static_cast<const PipeNode&>(node));
    out += ')';
  } else {
    out += print_node(node);
  }
}

void print_command(std::string& out, const CommandNode& command) {
  bool first = true;
  for (const NodePtr& argument : command.arguments) {
    if (!first) out += ' ';
    first = false;
    print_operand(out, *argument);
  }
}

void print_pipe(std::string& out, const PipeNode& pipe) {
  for (std::size_t i = 0; i < pipe.variables.size(); ++i) {
    if (i > 0) out += ", ";
    out += *pipe.variables[i];
  }
  if (!pipe.variables.empty()) out += pipe.assigns ? " = " : " := ";
  for (std::size_t i = 0; i < pipe.commands.size(); ++i) {
    if (i > 0) out += " | ";
    print_command(out, *pipe.commands[i]);
  }
}

std::string print_path(const PathNode& node) {
  std::string out;
  if (node.base) print_operand(out, *node.base);
  if (node.variable != nullptr) out += *node.variable;
  for (const std::string* field : node.fields) out += "." + *field;
  return out;
}

std::string print_action(const ActionNode& node) {
  static constexpr std::string_view words[] = {"",       "",          "if ",      "with ",
                                               "range ", "template ", "break", "continue"};
  std::string out = "{{";
  out += words[static_cast<std::size_t>(node.type)];
  if (node.name != nullptr) out += quote(*node.name) + (node.pipe ? " " : "");
  if (node.pipe) print_pipe(out, *node.pipe);
  return out + "}}";
}

}  // namespace

bool Tree::blank() const {
  return std::all_of(root.nodes.begin(), root.nodes.end(), [](const NodePtr& node) {
    return node->type == NodeType::text && trim(static_cast<const TextNode&>(*node).text).empty();
  });
}

std::string print_node(const Node& node) {
  switch (node.type) {
    case NodeType::text:
      return std::string(static_cast<const TextNode&>(node).text);
    case NodeType::action:
    case NodeType::branch_if:
    case NodeType::branch_with:
    case NodeType::range:
    case NodeType::call_template:
    case NodeType::break_loop:
    case NodeType::continue_loop:
      return print_action(static_cast<const ActionNode&>(node));
    case NodeType::pipe: {
      std::string out;
      print_pipe(out, static_cast<const PipeNode&>(node));
      return out;
    }
    case NodeType::command: {
      std::string out;
      print_command(out, static_cast<const CommandNode&>(node));
      return out;
    }
    case NodeType::identifier:
      return std::string(static_cast<const IdentifierNode&>(node).function->name);
    case NodeType::variable:
    case NodeType::field:
    case NodeType::chain:
      return print_path(static_cast<const PathNode&>(node));
    case NodeType::dot:
      return ".";
    case NodeType::nil:
      return "nil";
    case NodeType::boolean:
    case NodeType::string:
      return std::string(static_cast<const ConstantNode&>(node).spelling);
    case NodeType::number:
      return std::string(static_cast<const NumberNode&>(node).text);
    case NodeType::end:
      return "{{end}}";
    case NodeType::otherwise:
      return "{{else}}";
  }
  std::unreachable();
}

std::string position_of(const Tree& tree, const Node& node) {
  std::string_view before = std::string_view(tree.source->text).substr(0, node.position);
  auto line = 1 + std::count(before.begin(), before.end(), '\n');
  std::size_t newline = before.rfind('\n');
  std::size_t column =
      newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  return fmt::format("{}:{}:{}", tree.source->name, line, column);
}

}  // namespace holdfast::gotmpl
