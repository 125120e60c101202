// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/parser.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "base/text.h"
#include "gotmpl/advice.h"
#include "gotmpl/go_text.h"
#include "gotmpl/number.h"

namespace holdfast::gotmpl {
namespace {

using Type = Item::Type;

// Parentheses and blocks inside one another. Go allows 10,000 parentheses; a stack frame of ours is
// some 500 bytes (8 KiB under the address sanitizer), so this stays far below a thread's stack.
constexpr int nesting_max = 400;

using TreeSet = std::map<const std::string*, std::shared_ptr<Tree>>;

// Parses one tree; a definition inside it gets a Parser of its own on the same lexer.
class Parser : private Lookahead {
 public:
  struct Shared {
    std::shared_ptr<Source> source;
    Lexer lexer;
    Names& names;
    const FunctionTable& functions;
    TreeSet set;
    int nesting = 0;
    // Of the lists that are not whole yet, the innermost last.
    std::vector<NodePtr> nodes = {};
    std::vector<Owned<CommandNode>> commands = {};
    std::vector<const std::string*> words = {};
  };

  explicit Parser(Shared& shared)
      : Lookahead(shared.lexer), shared_(shared), tree_(std::make_shared<Tree>(shared.source)), arena_(*shared.source->arena) {
    variables_.push_back(shared.names.intern("$"));
  }

  Result<> parse_file();

 private:
  struct Body {
    NodePtr end;  // the {{end}} or {{else}} that closed it
  };

  Result<> parse_definition();
  Result<NodePtr> parse_block();
  Result<> add();
  // What an {{end}} is to close, for who forgot it.
  struct Opened {
    std::string_view word = {};
    int line = 0;
  };
  Result<Body> item_list(NodeList& list, Opened opened);
  Result<NodePtr> text_or_action();
  Result<NodePtr> action();
  Result<NodePtr> loop_control(const Item& token, NodeType type);
  Result<NodePtr> else_control();
  Result<NodePtr> control(NodeType type, std::string_view context);
  Result<Owned<BranchNode>> branch(NodeType type, Opened opened, Body& body);
  Result<NodePtr> template_control();
  Result<const std::string*> template_name(const Item& token, std::string_view context);
  Result<Owned<PipeNode>> pipeline(std::string_view context, Type end);
  Result<> declarations(PipeNode& pipe, std::string_view context);
  Result<Owned<CommandNode>> command();
  Result<NodePtr> operand();
  Result<NodePtr> term();
  Result<NodePtr> identifier(const Item& token);
  Result<NodePtr> number(const Item& token);
  Result<NodePtr> path(NodeType type, std::size_t position, std::string_view text);

  template <class T, class... Args>
  Owned<T> make(Args&&... args) {
    void* memory = arena_.allocate(sizeof(T), alignof(T));
    T* node = std::construct_at(static_cast<T*>(memory), std::forward<Args>(args)...);
    if constexpr (std::is_same_v<T, ConstantNode> || std::is_same_v<T, NumberNode>) {
      shared_.source->constants.push_back(node);
    }
    return Owned<T>(node);
  }

  // What the stack has from `first` on, as an array in the arena.
  template <class T>
  std::span<const T> take(std::vector<T>& stack, std::size_t first) {
    const auto count = stack.size() - first;
    auto* begin = static_cast<T*>(arena_.allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_move(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end(), begin);
    stack.resize(first);
    return {begin, count};
  }

  Result<Item> expect(Type type, std::string_view context);

  std::unexpected<Error> fail(std::string message);
  std::unexpected<Error> undefined(std::string_view variable);
  std::unexpected<Error> unexpected(const Item& token, std::string_view context);

  Shared& shared_;
  std::shared_ptr<Tree> tree_;
  Arena& arena_;
  std::vector<const std::string*> variables_;
  std::vector<const std::string*> ended_;  // variables whose blocks are over
  Opened opened_{};                        // the innermost
  int range_depth_ = 0;
  int action_line_ = 0;
};

Result<> Parser::parse_file() {
  tree_->name = shared_.names.intern(shared_.source->name);
  const auto first = shared_.nodes.size();
  while (peek().type != Type::eof) {
    if (peek().type == Type::left_delimiter) {
      Item delimiter = next();
      if (next_non_space().type == Type::define) {
        TRY(Parser(shared_).parse_definition());
        continue;
      }
      backup2(delimiter);
    }
    NodePtr node = TRY(text_or_action());
    if (node->type == NodeType::end || node->type == NodeType::otherwise) {
      return fail(fmt::format("unexpected {}", print_node(*node)));
    }
    shared_.nodes.push_back(std::move(node));
  }
  tree_->root.nodes = take(shared_.nodes, first);
  return add();
}

Result<> Parser::parse_definition() {
  constexpr std::string_view context = "define clause";
  Item token = next_non_space();
  tree_->name = TRY(template_name(token, context));
  TRY(expect(Type::right_delimiter, context));
  Body body = TRY(item_list(tree_->root, {"define", token.line}));
  if (body.end->type != NodeType::end) {
    return fail(fmt::format("unexpected {} in {}", print_node(*body.end), context));
  }
  return add();
}

// {{block "name" pipeline}} … {{end}}: a definition and its call.
Result<NodePtr> Parser::parse_block() {
  constexpr std::string_view context = "block clause";
  Item token = next_non_space();
  const std::string* name = TRY(template_name(token, context));
  Owned<PipeNode> pipe = TRY(pipeline(context, Type::right_delimiter));
  Parser block(shared_);
  block.tree_->name = name;
  Body body = TRY(block.item_list(block.tree_->root, {"block", token.line}));
  if (body.end->type != NodeType::end) {
    return fail(fmt::format("unexpected {} in {}", print_node(*body.end), context));
  }
  TRY(block.add());
  auto node = make<ActionNode>(NodeType::call_template, token.position);
  node->name = name;
  node->pipe = std::move(pipe);
  return NodePtr(std::move(node));
}

Result<> Parser::add() {
  std::shared_ptr<Tree>& slot = shared_.set[tree_->name];
  if (!slot || slot->blank()) {
    slot = tree_;
  } else if (!tree_->blank()) {
    auto twice = fail(fmt::format("multiple definition of template {}", quote(*tree_->name)));
    return failure(std::move(twice).error().fix("give one of the two another name, or take it out"));
  }
  return {};
}

Result<Parser::Body> Parser::item_list(NodeList& list, Opened opened) {
  if (++shared_.nesting > nesting_max) {
    return fail(fmt::format("blocks are nested deeper than {}", nesting_max));
  }
  const Opened outer = std::exchange(opened_, opened);
  const auto first = shared_.nodes.size();
  while (peek_non_space().type != Type::eof) {
    NodePtr node = TRY(text_or_action());
    if (node->type == NodeType::end || node->type == NodeType::otherwise) {
      --shared_.nesting;
      opened_ = outer;
      list.nodes = take(shared_.nodes, first);
      return Body{std::move(node)};
    }
    shared_.nodes.push_back(std::move(node));
  }
  auto open = fail("unexpected EOF");
  return failure(std::move(open).error().fix(
      fmt::format("end the {} of line {} with {{{{ end }}}}", opened.word, opened.line)));
}

Result<NodePtr> Parser::text_or_action() {
  Item token = next_non_space();
  if (token.type == Type::text) {
    return NodePtr(make<TextNode>(token.position, token.value));
  }
  if (token.type != Type::left_delimiter) return unexpected(token, "input");
  action_line_ = token.line;
  Result<NodePtr> node = action();
  action_line_ = 0;
  return node;
}

Result<NodePtr> Parser::action() {
  Item token = next_non_space();
  if (token.type == Type::block) return parse_block();
  if (token.type == Type::break_loop) return loop_control(token, NodeType::break_loop);
  if (token.type == Type::continue_loop) return loop_control(token, NodeType::continue_loop);
  if (token.type == Type::otherwise) return else_control();
  if (token.type == Type::end) {
    Item end = TRY(expect(Type::right_delimiter, "end"));
    return NodePtr(make<ActionNode>(NodeType::end, end.position));
  }
  if (token.type == Type::branch_if) return control(NodeType::branch_if, "if");
  if (token.type == Type::branch_with) return control(NodeType::branch_with, "with");
  if (token.type == Type::range) return control(NodeType::range, "range");
  if (token.type == Type::call_template) return template_control();
  backup();
  auto node = make<ActionNode>(NodeType::action, peek().position);
  node->pipe = TRY(pipeline("command", Type::right_delimiter));
  return NodePtr(std::move(node));
}

Result<NodePtr> Parser::loop_control(const Item& token, NodeType type) {
  std::string word = type == NodeType::break_loop ? "{{break}}" : "{{continue}}";
  Item end = next_non_space();
  if (end.type != Type::right_delimiter) return unexpected(end, word);
  if (range_depth_ == 0) return fail(word + " outside {{range}}");
  return NodePtr(make<ActionNode>(type, token.position));
}

Result<NodePtr> Parser::else_control() {
  Item ahead = peek_non_space();
  if (ahead.type != Type::branch_if && ahead.type != Type::branch_with) {
    ahead = TRY(expect(Type::right_delimiter, "else"));
  }
  return NodePtr(make<ActionNode>(NodeType::otherwise, ahead.position));
}

// The pipeline and first list of an if, with or range.
Result<Owned<BranchNode>> Parser::branch(NodeType type, Opened opened, Body& body) {
  Owned<PipeNode> pipe = TRY(pipeline(opened.word, Type::right_delimiter));
  auto node = make<BranchNode>(type, pipe->position);
  node->pipe = std::move(pipe);
  range_depth_ += type == NodeType::range ? 1 : 0;
  body = TRY(item_list(node->list, opened));
  range_depth_ -= type == NodeType::range ? 1 : 0;
  return node;
}

// {{else if}} is {{else}}{{if}} whose {{end}} is implied; a long chain is a loop here, no recursion.
Result<NodePtr> Parser::control(NodeType type, std::string_view context) {
  std::size_t variables = variables_.size();
  const Opened opened{context, action_line_};
  Body body;
  Owned<BranchNode> first = TRY(branch(type, opened, body));
  BranchNode* last = first.get();
  while (body.end->type == NodeType::otherwise) {
    last->has_else = true;
    Type follow = peek().type;
    bool chained = (type == NodeType::branch_if && follow == Type::branch_if) ||
                   (type == NodeType::branch_with && follow == Type::branch_with);
    if (!chained) {
      body = TRY(item_list(last->else_list, opened));
      if (body.end->type != NodeType::end) {
        return fail(fmt::format("expected end; found {}", print_node(*body.end)));
      }
      break;
    }
    next();
    Owned<BranchNode> link = TRY(branch(type, opened, body));
    BranchNode* added = link.get();
    shared_.nodes.push_back(std::move(link));
    last->else_list.nodes = take(shared_.nodes, shared_.nodes.size() - 1);
    last = added;
  }
  ended_.insert(ended_.end(), variables_.begin() + static_cast<std::ptrdiff_t>(variables),
                variables_.end());
  variables_.resize(variables);
  return NodePtr(std::move(first));
}

Result<NodePtr> Parser::template_control() {
  constexpr std::string_view context = "template clause";
  Item token = next_non_space();
  auto node = make<ActionNode>(NodeType::call_template, token.position);
  node->name = TRY(template_name(token, context));
  if (next_non_space().type != Type::right_delimiter) {
    backup();
    node->pipe = TRY(pipeline(context, Type::right_delimiter));
  }
  return NodePtr(std::move(node));
}

Result<const std::string*> Parser::template_name(const Item& token, std::string_view context) {
  if (token.type != Type::string && token.type != Type::raw_string) {
    return unexpected(token, context);
  }
  std::optional<std::string> name = unquote(token.value);
  if (!name) return fail("invalid syntax");
  return shared_.names.intern(*name);
}

Result<Owned<PipeNode>> Parser::pipeline(std::string_view context, Type end) {
  auto pipe = make<PipeNode>(peek_non_space().position);
  const auto first_word = shared_.words.size();
  TRY(declarations(*pipe, context));
  pipe->variables = take(shared_.words, first_word);
  const auto first = shared_.commands.size();
  while (true) {
    Item token = next_non_space();
    if (token.type == end) break;
    switch (token.type) {
      case Type::boolean:
      case Type::character_constant:
      case Type::complex:
      case Type::dot:
      case Type::field:
      case Type::identifier:
      case Type::number:
      case Type::nil:
      case Type::raw_string:
      case Type::string:
      case Type::variable:
      case Type::left_paren:
        break;
      case Type::error: case Type::character: case Type::assign: case Type::declare:
      case Type::eof: case Type::left_delimiter: case Type::pipe: case Type::right_delimiter:
      case Type::right_paren: case Type::space: case Type::text: case Type::block:
      case Type::break_loop: case Type::continue_loop: case Type::define: case Type::otherwise:
      case Type::end: case Type::branch_if: case Type::range: case Type::call_template:
      case Type::branch_with:
        return unexpected(token, context);
    }
    backup();
    Owned<CommandNode> next_command = TRY(command());
    shared_.commands.push_back(std::move(next_command));
  }
  pipe->commands = take(shared_.commands, first);
  if (pipe->commands.empty()) return fail(fmt::format("missing value for {}", context));
  for (std::size_t i = 1; i < pipe->commands.size(); ++i) {
    NodeType type = pipe->commands[i]->arguments[0]->type;
    if (type >= NodeType::dot && type <= NodeType::string) {
      return fail(fmt::format("non executable command in pipeline stage {}", i + 1));
    }
  }
  return pipe;
}

// Leaves the variables on the stack of words.
Result<> Parser::declarations(PipeNode& pipe, std::string_view context) {
  const auto first = shared_.words.size();
  while (peek_non_space().type == Type::variable) {
    Item variable = next();
    // "$x foo" needs three items of look-ahead: only "foo" shows that $x is an argument.
    Item after = peek();
    Item ahead = peek_non_space();
    bool comma = ahead.type == Type::character && ahead.value == ",";
    bool assigned = ahead.type == Type::assign || ahead.type == Type::declare;
    if (!comma && !assigned) {
      if (after.type == Type::space) {
        backup3(variable, after);
      } else {
        backup2(variable);
      }
      return {};
    }
    next_non_space();
    const std::string* name = shared_.names.intern(variable.value);
    shared_.words.push_back(name);
    variables_.push_back(name);
    if (assigned) {
      pipe.assigns = ahead.type == Type::assign;
      return {};
    }
    if (context != "range" || shared_.words.size() - first >= 2) {
      return fail(fmt::format("too many declarations in {}", context));
    }
    Type follow = peek_non_space().type;
    if (follow == Type::right_delimiter || follow == Type::right_paren) return {};
    if (follow != Type::variable) return fail("range can only initialize variables");
  }
  return {};
}

Result<Owned<CommandNode>> Parser::command() {
  auto node = make<CommandNode>(peek_non_space().position);
  const auto first = shared_.nodes.size();
  while (true) {
    peek_non_space();
    NodePtr argument = TRY(operand());
    if (argument) shared_.nodes.push_back(std::move(argument));
    Item token = next();
    if (token.type == Type::space) continue;
    if (token.type == Type::right_delimiter || token.type == Type::right_paren) {
      backup();
    } else if (token.type != Type::pipe) {
      return unexpected(token, "operand");
    }
    break;
  }
  node->arguments = take(shared_.nodes, first);
  if (node->arguments.empty()) return fail("empty command");
  return node;
}

// A term and the fields that follow it. Null when the next item starts none.
Result<NodePtr> Parser::operand() {
  NodePtr node = TRY(term());
  if (!node || peek().type != Type::field) return node;
  std::size_t position = peek().position;
  const bool goes_on = node->type == NodeType::field || node->type == NodeType::variable;
  const auto first = shared_.words.size();
  if (goes_on) {
    const auto& begun = static_cast<PathNode&>(*node).fields;
    shared_.words.insert(shared_.words.end(), begun.begin(), begun.end());
  }
  while (peek().type == Type::field)
    shared_.words.push_back(shared_.names.intern(next().value.substr(1)));
  const auto fields = take(shared_.words, first);
  if (goes_on) {
    auto& whole = static_cast<PathNode&>(*node);
    whole.position = static_cast<std::uint32_t>(position);
    whole.fields = fields;
    return node;
  }
  if (node->type >= NodeType::dot && node->type <= NodeType::string) {
    return fail(fmt::format("unexpected . after term {}", quote(print_node(*node))));
  }
  auto chain = make<PathNode>(NodeType::chain, position);
  chain->base = std::move(node);
  chain->fields = fields;
  return NodePtr(std::move(chain));
}

Result<NodePtr> Parser::term() {
  Item token = next_non_space();
  if (token.type == Type::identifier) return identifier(token);
  if (token.type == Type::dot || token.type == Type::nil) {
    NodeType type = token.type == Type::dot ? NodeType::dot : NodeType::nil;
    return NodePtr(make<ConstantNode>(type, token.position));
  }
  if (token.type == Type::variable) return path(NodeType::variable, token.position, token.value);
  if (token.type == Type::field) return path(NodeType::field, token.position, token.value);
  if (token.type == Type::boolean) {
    auto node = make<ConstantNode>(NodeType::boolean, token.position);
    node->value = Datum(token.value == "true");
    node->spelling = token.value;
    return NodePtr(std::move(node));
  }
  if (token.type == Type::character_constant || token.type == Type::complex ||
      token.type == Type::number) {
    return number(token);
  }
  if (token.type == Type::left_paren) {
    if (++shared_.nesting > nesting_max) return fail("max expression depth exceeded");
    Owned<PipeNode> pipe =
        TRY(pipeline("parenthesized pipeline", Type::right_paren));
    --shared_.nesting;
    return NodePtr(std::move(pipe));
  }
  if (token.type == Type::string || token.type == Type::raw_string) {
    std::optional<std::string> text = unquote(token.value);
    if (!text) return fail("invalid syntax");
    auto node = make<ConstantNode>(NodeType::string, token.position);
    node->value = Datum(*std::move(text));
    node->spelling = token.value;
    return NodePtr(std::move(node));
  }
  backup();
  return NodePtr();
}

Result<NodePtr> Parser::identifier(const Item& token) {
  auto node = make<IdentifierNode>(NodeType::identifier, token.position);
  node->function = shared_.functions.find(token.value);
  if (node->function != nullptr) return NodePtr(std::move(node));
  std::unexpected<Error> error = fail(fmt::format("function {} not defined", quote(token.value)));
  std::optional<std::string_view> near = nearest(token.value, shared_.functions.names());
  if (!near) return error;
  return failure(std::move(error).error().fix(fmt::format("did you mean \"{}\"?", *near)));
}

Result<NodePtr> Parser::number(const Item& token) {
  auto node = make<NumberNode>(NodeType::number, token.position);
  std::string refused = read_number(*node, token);
  if (!refused.empty()) return fail(std::move(refused));
  return NodePtr(std::move(node));
}

Result<NodePtr> Parser::path(NodeType type, std::size_t position, std::string_view text) {
  auto node = make<PathNode>(type, position);
  if (type == NodeType::field) {
    shared_.words.push_back(shared_.names.intern(text.substr(1)));
    node->fields = take(shared_.words, shared_.words.size() - 1);
    return NodePtr(std::move(node));
  }
  node->variable = shared_.names.intern(text);
  if (std::find(variables_.begin(), variables_.end(), node->variable) == variables_.end()) {
    return undefined(text);
  }
  return NodePtr(std::move(node));
}

Result<Item> Parser::expect(Type type, std::string_view context) {
  Item token = next_non_space();
  if (token.type != type) return unexpected(token, context);
  return token;
}

std::unexpected<Error> Parser::unexpected(const Item& token, std::string_view context) {
  if (token.type != Type::error) {
    auto refused = fail(fmt::format("unexpected {} in {}", token.print(), context));
    if (token.type != Type::define || opened_.word.empty()) return refused;
    return failure(std::move(refused).error().fix(
        fmt::format("end the {} of line {} first: a definition stands outside of all blocks",
                    opened_.word, opened_.line)));
  }
  std::string message = token.print();
  if (action_line_ != 0 && action_line_ != token.line) {
    std::string_view word = message.ends_with(" action") ? "" : " in action";
    message += fmt::format("{} started at {}:{}", word, shared_.source->name, action_line_);
  }
  return fail(std::move(message));
}

std::unexpected<Error> Parser::undefined(std::string_view variable) {
  auto refused = fail(fmt::format("undefined variable {}", quote(variable)));
  const auto is_it = [&](const std::string* name) { return *name == variable; };
  if (std::ranges::any_of(ended_, is_it)) {
    return failure(std::move(refused).error().fix(fmt::format(
        "declare \"{}\" before the block that knows it, and set it there with \"=\"", variable)));
  }
  std::vector<std::string_view> known;
  for (const auto* name : variables_) known.push_back(*name);
  const auto near = nearest(variable, known);
  if (near) return failure(std::move(refused).error().fix(fmt::format("did you mean \"{}\"?", *near)));
  return refused;
}

// Where Go names the line alone, this names the column, too.
std::unexpected<Error> Parser::fail(std::string message) {
  const Item& last = newest();
  const auto before = std::string_view(shared_.source->text).substr(0, last.position);
  const std::size_t column = before.size() - (before.rfind('\n') + 1);  // npos + 1 is 0
  std::string advice = advice_on_syntax(message, shared_.source->text.substr(last.position));
  return failure(advised(Error(Code::template_syntax, std::move(message))
                             .at(fmt::format("{}:{}:{}", shared_.source->name, last.line, column)),
                         std::move(advice)));
}

}  // namespace

Result<ParsedFile> parse_template(std::shared_ptr<Source> source, Names& names,
                                  const FunctionTable& functions) {
  const std::string_view name = source->name;
  Parser::Shared shared{source, Lexer(source->text), names, functions, {}, 0};
  TRY(Parser(shared).parse_file());
  ParsedFile file;
  for (auto& [key, tree] : shared.set) {
    if (*key == name) file.main = tree;
    file.trees.push_back(std::move(tree));
  }
  return file;
}

}  // namespace holdfast::gotmpl
