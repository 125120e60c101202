// SPDX-License-Identifier: Apache-2.0
#include "sync/jq_path.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>

#include "regex/expression.h"
#include "value/json.h"

namespace holdfast::sync {

struct JqPath::Node {
  enum class Kind {
    identity, member, index, iterate, recurse, pipe, comma, select, literal, list, compare, all, any, call
  };
  Kind kind = Kind::identity;
  std::string text;        // member name, comparison, function name
  std::int64_t number = 0; // index; negative counts from the end
  Value literal;
  std::shared_ptr<const regex::Expression> expression;  // of a test whose expression is written out
  std::vector<std::shared_ptr<const Node>> parts;
};

namespace {

using Node = JqPath::Node;
using Kind = Node::Kind;
using NodePtr = std::shared_ptr<const Node>;

constexpr std::size_t places_max = 100'000;
constexpr int nesting_max = 64;

NodePtr make(Kind kind, std::vector<NodePtr> parts = {}, std::string text = {}) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->parts = std::move(parts);
  node->text = std::move(text);
  return node;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<NodePtr> parse() {
    NodePtr node = TRY(pipe());
    if (!at_end()) return unexpected();
    return node;
  }

 private:
  Result<NodePtr> pipe() {
    if (++depth_ > nesting_max) return failure(Code::limit, "more than {} levels", nesting_max);
    NodePtr left = TRY(comma());
    while (take("|")) {
      NodePtr right = TRY(comma());
      left = make(Kind::pipe, {left, right});
    }
    --depth_;
    return left;
  }

  Result<NodePtr> comma() {
    NodePtr left = TRY(logic("or"));
    while (take(",")) {
      NodePtr right = TRY(logic("or"));
      left = make(Kind::comma, {left, right});
    }
    return left;
  }

  Result<NodePtr> logic(std::string_view word) {
    const auto next = [&] { return word == "or" ? logic("and") : comparison(); };
    NodePtr left = TRY(next());
    while (take_word(word)) {
      NodePtr right = TRY(next());
      left = make(word == "or" ? Kind::any : Kind::all, {left, right});
    }
    return left;
  }

  Result<NodePtr> comparison() {
    NodePtr left = TRY(postfix());
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (!take(sign)) continue;
      NodePtr right = TRY(postfix());
      return make(Kind::compare, {left, right}, std::string(sign));
    }
    return left;
  }

  Result<NodePtr> postfix() {
    NodePtr node = TRY(primary());
    while (true) {
      skip_space();
      if (peek() == '[') {
        NodePtr inner = TRY(bracket());
        node = make(Kind::pipe, {node, inner});
      } else if (peek() == '.' && peek(1) != '.') {
        ++at_;
        NodePtr inner = TRY(member());
        node = make(Kind::pipe, {node, inner});
      } else if (peek() == '?') {
        ++at_;
      } else {
        return node;
      }
    }
  }

  Result<NodePtr> primary() {
    skip_space();
    if (take("..")) return make(Kind::recurse);
    if (peek() == '.') {
      ++at_;
      if (std::isalpha(static_cast<unsigned char>(peek())) || peek() == '_' || peek() == '"') {
        return member();
      }
      return make(Kind::identity);
    }
    if (take("(")) {
      NodePtr node = TRY(pipe());
      if (!take(")")) return unexpected();
      return node;
    }
    if (take("[")) {
      if (take("]")) return make(Kind::list);
      NodePtr node = TRY(pipe());
      if (!take("]")) return unexpected();
      return make(Kind::list, {node});
    }
    if (peek() == '"' || peek() == '-' || std::isdigit(static_cast<unsigned char>(peek()))) {
      return literal();
    }
    return call();
  }

  Result<NodePtr> member() {
    skip_space();
    if (peek() == '[') return bracket();
    if (peek() == '"') {
      Value name = TRY(string());
      return make(Kind::member, {}, *name.as_string());
    }
    const std::string name = word();
    if (name.empty()) return unexpected();
    return make(Kind::member, {}, name);
  }

  Result<NodePtr> bracket() {
    ++at_;  // '['
    if (take("]")) return make(Kind::iterate);
    skip_space();
    if (peek() == '"') {
      Value name = TRY(string());
      if (!take("]")) return unexpected();
      return make(Kind::member, {}, *name.as_string());
    }
    auto node = std::make_shared<Node>();
    node->kind = Kind::index;
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), node->number);
    if (code != std::errc{}) return unexpected();
    at_ = static_cast<std::size_t>(end - text_.data());
    if (!take("]")) return unexpected();
    return NodePtr(node);
  }

  Result<Value> string() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2U : 1U;
    if (end >= text_.size()) return failure(Code::application_spec, "a string has no end");
    const auto quoted = text_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    return json::parse(quoted, "jq");
  }

  Result<NodePtr> literal() {
    auto node = std::make_shared<Node>();
    node->kind = Kind::literal;
    if (peek() == '"') {
      node->literal = TRY(string());
      return NodePtr(node);
    }
    std::size_t end = at_ + 1;
    while (end < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '.')) ++end;
    node->literal = TRY(json::parse(text_.substr(at_, end - at_), "jq"));
    at_ = end;
    return NodePtr(node);
  }

  Result<NodePtr> call() {
    const std::string name = word();
    if (name.empty()) return unexpected();
    auto node = std::make_shared<Node>();
    node->kind = Kind::literal;
    if (name == "true" || name == "false") node->literal = name == "true";
    if (name == "true" || name == "false" || name == "null") return NodePtr(node);
    if (name == "recurse") return make(Kind::recurse);
    std::vector<NodePtr> arguments;
    if (take("(")) {
      do {
        NodePtr argument = TRY(pipe());
        arguments.push_back(argument);
      } while (take(";"));
      if (!take(")")) return unexpected();
    }
    return function(name, std::move(arguments));
  }

  static Result<NodePtr> function(const std::string& name, std::vector<NodePtr> arguments) {
    struct Function {
      std::string_view name;
      std::size_t least, most;  // arguments
    };
    static constexpr Function known[] = {{"select", 1, 1}, {"test", 1, 2}, {"startswith", 1, 1}, {"endswith", 1, 1},
                                         {"contains", 1, 1}, {"inside", 1, 1}, {"has", 1, 1}, {"IN", 1, 1}, {"not", 0, 0},
                                         {"length", 0, 0}, {"keys", 0, 0}, {"any", 0, 2}, {"all", 0, 2}, {"empty", 0, 0}};
    const auto* found = std::ranges::find(known, name, &Function::name);
    const auto count = arguments.size();
    if (found == std::end(known) || count < found->least || count > found->most) {
      return failure(Code::application_spec, "function not defined: {}/{}", name, count);
    }
    if (name == "select") return make(Kind::select, std::move(arguments));
    auto node = std::make_shared<Node>();
    node->kind = Kind::call;
    node->text = name;
    if (name == "test") node->expression = expression_of(arguments);
    node->parts = std::move(arguments);
    return NodePtr(node);
  }

  // An expression that Go refuses matches nothing, as upstream's program fails when it runs.
  static std::shared_ptr<const regex::Expression> expression_of(const std::vector<NodePtr>& arguments) {
    if (!std::ranges::all_of(arguments, [](const NodePtr& each) { return each->kind == Kind::literal && each->literal.is_string(); })) {
      return nullptr;
    }
    const bool any_case = arguments.size() == 2 && arguments[1]->literal.as_string()->find('i') != std::string::npos;
    auto compiled = regex::Expression::compile((any_case ? "(?i)" : "") + *arguments[0]->literal.as_string());
    return compiled ? std::make_shared<const regex::Expression>(*std::move(compiled)) : nullptr;
  }

  std::string word() {
    skip_space();
    const auto start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  bool take(std::string_view sign) {
    skip_space();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  bool take_word(std::string_view name) {
    skip_space();
    if (!text_.substr(at_).starts_with(name)) return false;
    const auto after = at_ + name.size();
    if (after < text_.size() && std::isalnum(static_cast<unsigned char>(text_[after]))) return false;
    at_ = after;
    return true;
  }

  std::unexpected<Error> unexpected() {
    skip_space();
    if (at_end()) return failure(Code::application_spec, "unexpected end of the expression");
    return failure(Code::application_spec, "unexpected token \"{}\"", text_.substr(at_, 1));
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

bool truthy(const Value& value) {
  const auto* flag = value.as_bool();
  return flag != nullptr ? *flag : !value.is_null();
}

bool less(const Value& left, const Value& right) {
  const auto number = [](const Value& value) {
    if (const auto* whole = value.as_int()) return static_cast<double>(*whole);
    const auto* real = value.as_real();
    return real == nullptr ? 0.0 : *real;
  };
  if (left.is_number() && right.is_number()) return number(left) < number(right);
  if (left.is_string() && right.is_string()) return *left.as_string() < *right.as_string();
  return left.kind() < right.kind();
}

// Walks one document; `budget` counts visited places over the whole expression.
class Evaluator {
 public:
  explicit Evaluator(const Value& document) : document_(document) {}

  using Emit = std::function<void(const JqPlace&)>;

  void places(const Node& node, const JqPlace& at, const Emit& emit) {
    if (budget_ == 0) return;
    --budget_;
    const Value* here = find_place(document_, at);
    switch (node.kind) {
      case Kind::identity: emit(at); return;
      case Kind::member: extend(at, JqStep(node.text), here != nullptr && here->find(node.text), emit); return;
      case Kind::index: return index(node, at, here, emit);
      case Kind::iterate: return iterate(at, here, emit);
      case Kind::recurse: return recurse(at, here, emit);
      case Kind::pipe:
        places(*node.parts[0], at, [&](const JqPlace& next) { places(*node.parts[1], next, emit); });
        return;
      case Kind::comma:
        for (const auto& part : node.parts) places(*part, at, emit);
        return;
      case Kind::select:
        if (here != nullptr && any_of(*node.parts[0], *here)) emit(at);
        return;
      case Kind::literal:
      case Kind::list:
      case Kind::compare:
      case Kind::all:
      case Kind::any:
      case Kind::call: return;  // no places
    }
  }

 private:
  static void extend(const JqPlace& at, JqStep step, bool present, const Emit& emit) {
    if (!present) return;
    JqPlace next = at;
    next.push_back(std::move(step));
    emit(next);
  }

  static void index(const Node& node, const JqPlace& at, const Value* here, const Emit& emit) {
    const auto* array = here == nullptr ? nullptr : here->as_array();
    if (array == nullptr) return;
    const auto size = static_cast<std::int64_t>(array->size());
    const auto wanted = node.number < 0 ? node.number + size : node.number;
    extend(at, JqStep(static_cast<std::size_t>(wanted)), wanted >= 0 && wanted < size, emit);
  }

  static void iterate(const JqPlace& at, const Value* here, const Emit& emit) {
    if (here == nullptr) return;
    if (const auto* array = here->as_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) extend(at, JqStep(i), true, emit);
    } else if (const auto* object = here->as_object()) {
      for (const auto& [key, value] : *object) extend(at, JqStep(key), true, emit);
    }
  }

  void recurse(const JqPlace& at, const Value* here, const Emit& emit) {
    if (here == nullptr || budget_ == 0) return;
    --budget_;
    emit(at);
    iterate(at, here, [&](const JqPlace& next) { recurse(next, find_place(document_, next), emit); });
  }

  using Take = std::function<void(const Value&)>;

  // What the expression gives for an input, one after the other: jq's generators.
  void values(const Node& node, const Value& input, const Take& take) {
    if (budget_ == 0) return;
    --budget_;
    switch (node.kind) {
      case Kind::identity: take(input); return;
      case Kind::literal: take(node.literal); return;
      case Kind::list: take(list_of(node, input)); return;
      case Kind::member: take_member(input.is_null() ? nullptr : input.find(node.text), input, input.is_object(), take); return;
      case Kind::index: take_member(item_of(input, node.number), input, input.is_array(), take); return;
      case Kind::iterate: return for_each_in(input, take);
      case Kind::recurse: return recurse_values(input, take);
      case Kind::pipe: return values(*node.parts[0], input, [&](const Value& next) { values(*node.parts[1], next, take); });
      case Kind::comma:
        for (const auto& part : node.parts) values(*part, input, take);
        return;
      case Kind::select:
        values(*node.parts[0], input, [&](const Value& holds) { if (truthy(holds)) take(input); });
        return;
      case Kind::compare:
        for_each_pair(node, input, [&](const Value& left, const Value& right) { take(Value(compare(node.text, left, right))); });
        return;
      case Kind::all: return take(Value(any_of(*node.parts[0], input) && any_of(*node.parts[1], input)));
      case Kind::any: return take(Value(any_of(*node.parts[0], input) || any_of(*node.parts[1], input)));
      case Kind::call: return call(node, input, take);
    }
  }

  // Of null every member is null; of what has none there is nothing.
  static void take_member(const Value* found, const Value& input, bool may_have, const Take& take) {
    static const Value none;
    if (found != nullptr) return take(*found);
    if (may_have || input.is_null()) take(none);
  }

  static const Value* item_of(const Value& input, std::int64_t number) {
    const auto* array = input.as_array();
    if (array == nullptr) return nullptr;
    const auto size = static_cast<std::int64_t>(array->size());
    const auto index = number < 0 ? number + size : number;
    return index >= 0 && index < size ? &(*array)[static_cast<std::size_t>(index)] : nullptr;
  }

  static void for_each_in(const Value& input, const Take& take) {
    if (const auto* array = input.as_array()) {
      for (const auto& item : *array) take(item);
    } else if (const auto* object = input.as_object()) {
      for (const auto& [key, value] : *object) take(value);
    }
  }

  void recurse_values(const Value& input, const Take& take) {
    if (budget_ == 0) return;
    --budget_;
    take(input);
    for_each_in(input, [&](const Value& next) { recurse_values(next, take); });
  }

  void for_each_pair(const Node& node, const Value& input, const std::function<void(const Value&, const Value&)>& take) {
    values(*node.parts[1], input, [&](const Value& right) {
      values(*node.parts[0], input, [&](const Value& left) { take(left, right); });
    });
  }

  bool any_of(const Node& node, const Value& input) {
    bool found = false;
    values(node, input, [&](const Value& value) { found = found || truthy(value); });
    return found;
  }

  static bool compare(std::string_view sign, const Value& left, const Value& right) {
    if (sign == "==") return left == right;
    if (sign == "!=") return !(left == right);
    if (sign == "<") return less(left, right);
    if (sign == ">") return less(right, left);
    return sign == "<=" ? !less(right, left) : !less(left, right);
  }

  void call(const Node& node, const Value& input, const Take& take) {
    if (node.text == "empty") return;
    if (node.text == "not") return take(Value(!truthy(input)));
    if (node.text == "length") return take(Value(length_of(input)));
    if (node.text == "keys") return take(keys_of(input));
    if (node.text == "IN") return take(Value(is_among(*node.parts[0], input)));
    if (node.text == "any" || node.text == "all") return take(Value(quantified(node, input)));
    if (node.expression) return take(Value(input.is_string() && node.expression->matches(*input.as_string())));
    values(*node.parts[0], input, [&](const Value& argument) { take(Value(holds(node.text, input, argument))); });
  }

  bool is_among(const Node& generator, const Value& input) {
    bool found = false;
    values(generator, input, [&](const Value& each) { found = found || each == input; });
    return found;
  }

  // any, any(condition), any(generator; condition), and all alike.
  bool quantified(const Node& node, const Value& input) {
    const bool wanted = node.text == "any";
    bool found = false;
    const auto look = [&](const Value& each) {
      const bool holds = node.parts.empty() ? truthy(each) : any_of(*node.parts.back(), each);
      found = found || holds == wanted;
    };
    if (node.parts.size() == 2) {
      values(*node.parts[0], input, look);
    } else {
      for_each_in(input, look);
    }
    return found == wanted;
  }

  Value list_of(const Node& node, const Value& input) {
    Array list;
    for (const auto& part : node.parts) values(*part, input, [&](const Value& each) { list.push_back(each); });
    return list;
  }

  static std::int64_t length_of(const Value& input) {
    if (const auto* array = input.as_array()) return static_cast<std::int64_t>(array->size());
    if (const auto* object = input.as_object()) return static_cast<std::int64_t>(object->size());
    if (const auto* text = input.as_string()) return static_cast<std::int64_t>(text->size());
    return 0;
  }

  static Value keys_of(const Value& input) {
    Array keys;
    if (const auto* object = input.as_object()) {
      for (const auto& [key, value] : *object) keys.emplace_back(key);
    }
    std::ranges::sort(keys, {}, [](const Value& key) { return *key.as_string(); });
    return keys;
  }

  static bool holds(std::string_view function, const Value& input, const Value& argument) {
    if (function == "contains") return contains(input, argument);
    if (function == "inside") return contains(argument, input);
    if (!argument.is_string()) return false;
    const std::string& word = *argument.as_string();
    if (function == "has") return input.find(word) != nullptr;
    if (!input.is_string()) return false;
    const std::string& text = *input.as_string();
    if (function == "startswith") return text.starts_with(word);
    if (function == "endswith") return text.ends_with(word);
    const auto expression = regex::Expression::compile(word);
    return expression && expression->matches(text);  // test
  }

  // jq's: a text holds its parts, a list an item that holds each, an object members that hold each.
  static bool contains(const Value& outer, const Value& inner) {
    if (outer.is_string() && inner.is_string()) return outer.as_string()->find(*inner.as_string()) != std::string::npos;
    if (const auto *all = outer.as_array(), *some = inner.as_array(); all != nullptr && some != nullptr) {
      return std::ranges::all_of(*some, [&](const Value& each) {
        return std::ranges::any_of(*all, [&](const Value& candidate) { return contains(candidate, each); });
      });
    }
    if (const auto* some = inner.as_object(); some != nullptr && outer.is_object()) {
      return std::ranges::all_of(*some, [&](const auto& member) {
        const Value* found = outer.find(member.key);
        return found != nullptr && contains(*found, member.value);
      });
    }
    return outer == inner;
  }

  const Value& document_;
  std::size_t budget_ = places_max;
};

}  // namespace

Result<JqPath> JqPath::parse(std::string_view text) {
  JqPath path;
  path.root_ = TRY(Parser(text).parse(), "jq expression \"{}\"", text);
  return path;
}

std::vector<JqPlace> JqPath::select(const Value& document) const {
  std::vector<JqPlace> found;
  Evaluator(document).places(*root_, {}, [&](const JqPlace& place) { found.push_back(place); });
  return found;
}

const Value* find_place(const Value& document, const JqPlace& place) {
  const Value* here = &document;
  for (const auto& step : place) {
    if (here == nullptr) return nullptr;
    if (const auto* name = std::get_if<std::string>(&step)) {
      here = here->find(*name);
      continue;
    }
    const auto* array = here->as_array();
    const auto index = std::get<std::size_t>(step);
    here = array != nullptr && index < array->size() ? &(*array)[index] : nullptr;
  }
  return here;
}

void remove_places(Value& document, std::vector<JqPlace> places) {
  // From the last to the first, so that an index stays true while later items go.
  std::ranges::sort(places, std::greater<>());
  for (const auto& place : places) {
    if (place.empty()) {
      document = Value();
      return;
    }
    const JqPlace parent(place.begin(), place.end() - 1);
    auto* holder = const_cast<Value*>(find_place(document, parent));
    if (holder == nullptr) continue;
    if (const auto* name = std::get_if<std::string>(&place.back())) {
      if (auto* object = holder->as_object()) object->erase(*name);
    } else if (auto* array = holder->as_array()) {
      const auto index = std::get<std::size_t>(place.back());
      if (index < array->size()) array->erase(array->begin() + static_cast<std::ptrdiff_t>(index));
    }
  }
}

}  // namespace holdfast::sync
