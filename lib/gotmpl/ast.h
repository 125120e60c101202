// SPDX-License-Identifier: Apache-2.0
// The parsed template: nodes in the arena of their file, names interned so that looking up a variable
// compares pointers, functions resolved to their rows. Mirrors Go 1.26 text/template/parse/node.go.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "gotmpl/datum.h"
#include "gotmpl/function.h"

namespace holdfast::gotmpl {

// Names live as long as the set of templates; equal names have one address.
class Names {
 public:
  const std::string* intern(std::string_view name) {
    auto found = names_.find(name);
    return found != names_.end() ? &*found : &*names_.emplace(name).first;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> names_;
};

// Nodes are never freed one by one: that took a fifth of the time of rendering a large chart.
using Arena = std::pmr::monotonic_buffer_resource;

enum class NodeType : std::uint8_t {
  text, action, branch_if, branch_with, range, call_template, break_loop, continue_loop,
  pipe, command, identifier, variable, field, chain, dot, nil, boolean, number, string,
  end, otherwise,  // only while parsing
};

struct Node {
  Node(NodeType node_type, std::size_t at)
      : type(node_type), position(static_cast<std::uint32_t>(at)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  NodeType type;
  std::uint32_t position;  // bytes from the start of the file
};

// The memory is the arena's. What a node holds is in the arena, too, but for the values of
// constants, which their Source destroys.
struct LeftToArena {
  void operator()(Node*) const {}
};
template <class T>
using Owned = std::unique_ptr<T, LeftToArena>;
using NodePtr = Owned<Node>;

// Lists are arrays in the arena, made once they are whole: a vector's slack and its former arrays
// were a third of what the nodes of a large chart take.
struct NodeList {
  std::span<const NodePtr> nodes;
};

struct TextNode final : Node {
  TextNode(std::size_t at, std::string_view value) : Node(NodeType::text, at), text(value) {}
  std::string_view text;  // into the Source
};

// "5" may be an int, a float or both, as the parameter wants it.
struct NumberNode final : Node {
  using Node::Node;
  std::string_view text;  // into the Source
  bool is_int = false;
  bool is_unsigned = false;
  bool is_float = false;
  bool is_complex = false;
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  double real = 0;
  double imaginary = 0;
  Datum ideal;             // its value where the parameter accepts anything
  bool overflows = false;  // then there is no such value
};

// string: value and its quoted spelling; boolean: value.
struct ConstantNode final : Node {
  using Node::Node;
  Datum value;
  std::string_view spelling;  // into the Source
};

// field: ".a.b"; variable: "$x.a"; chain: "(…).a" with `base`.
struct PathNode final : Node {
  using Node::Node;
  const std::string* variable = nullptr;
  std::span<const std::string* const> fields;
  NodePtr base;
};

struct IdentifierNode final : Node {
  using Node::Node;
  const Function* function = nullptr;
};

struct CommandNode final : Node {
  explicit CommandNode(std::size_t at) : Node(NodeType::command, at) {}
  std::span<const NodePtr> arguments;  // the first is what is called
};

struct PipeNode final : Node {
  explicit PipeNode(std::size_t at) : Node(NodeType::pipe, at) {}
  bool assigns = false;  // "=" rather than ":="
  std::span<const std::string* const> variables;
  std::span<const Owned<CommandNode>> commands;
};

// An action has a pipe, template a name and perhaps a pipe.
struct ActionNode : Node {
  using Node::Node;
  Owned<PipeNode> pipe;
  const std::string* name = nullptr;
};

// if, with and range.
struct BranchNode final : ActionNode {
  using ActionNode::ActionNode;
  NodeList list;
  NodeList else_list;
  bool has_else = false;
};

// The file's text and the memory of its nodes, shared by the trees it defines. The arena may be that
// of many files: the slack of one for each was a quarter of a large chart's nodes.
struct Source {
  Source(std::string_view file_name, std::shared_ptr<Arena> nodes)
      : name(file_name), arena(std::move(nodes)) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    for (Node* node : constants) node->~Node();
  }

  std::string name;
  std::string owned;      // the text, where nobody else keeps it
  std::string_view text;
  std::shared_ptr<Arena> arena;
  std::vector<Node*> constants;
};

struct Tree {
  explicit Tree(std::shared_ptr<Source> from) : source(std::move(from)) {}

  const std::string* name = nullptr;
  std::shared_ptr<Source> source;  // before root: nodes go before their memory
  NodeList root;

  [[nodiscard]] bool blank() const;  // white space only
};

// The node's text as Go prints it in errors.
std::string print_node(const Node& node);

// "file.yaml:3:4", line from 1, column from 0, as Go counts.
std::string position_of(const Tree& tree, const Node& node);

}  // namespace holdfast::gotmpl
