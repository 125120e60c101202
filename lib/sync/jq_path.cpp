// SPDX-License-Identifier: Apache-2.0
#include "sync/jq_path.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>

#include "value/json.h"

namespace holdfast::sync {

struct JqPath::Node {
  enum class Kind {
    identity, member, index, iterate, recurse, pipe, comma, select, literal, compare, all, any, call
  };
  Kind kind = Kind::identity;
  std::string text;        // member name, comparison, function name
  std::int64_t number = 0; // index; negative counts from the end
  Value literal;
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
    static constexpr std::string_view known[] = {"select", "test", "startswith", "endswith", "contains",
                                                 "has", "not", "length", "keys", "any", "recurse", "empty"};
    if (std::ranges::find(known, name) == std::end(known)) {
      return failure(Code::application_spec, "function not defined: {}", name);
    }
    if (name == "recurse") return make(Kind::recurse);
    std::vector<NodePtr> arguments;
    if (take("(")) {
      do {
        NodePtr argument = TRY(pipe());
        arguments.push_back(argument);
      } while (take(";"));
      if (!take(")")) return unexpected();
    }
    if (name == "select" && arguments.size() != 1) return unexpected();
    return make(name == "select" ? Kind::select : Kind::call, std::move(arguments), name);
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
        if (truthy(value(*node.parts[0], at))) emit(at);
        return;
      case Kind::literal:
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

  Value value(const Node& node, const JqPlace& at) {
    switch (node.kind) {
      case Kind::literal: return node.literal;
      case Kind::all: return truthy(value(*node.parts[0], at)) && truthy(value(*node.parts[1], at));
      case Kind::any: return truthy(value(*node.parts[0], at)) || truthy(value(*node.parts[1], at));
      case Kind::compare: return compare(node, at);
      case Kind::call: return call(node, at, Value());
      case Kind::pipe: return pipe(node, at);
      case Kind::identity:
      case Kind::member:
      case Kind::index:
      case Kind::iterate:
      case Kind::recurse:
      case Kind::comma:
      case Kind::select: break;
    }
    Value found;
    bool first = true;
    places(node, at, [&](const JqPlace& place) {
      const Value* here = find_place(document_, place);
      if (first && here != nullptr) found = *here;
      first = false;
    });
    return found;
  }

  Value compare(const Node& node, const JqPlace& at) {
    const Value left = value(*node.parts[0], at), right = value(*node.parts[1], at);
    if (node.text == "==") return left == right;
    if (node.text == "!=") return !(left == right);
    if (node.text == "<") return less(left, right);
    if (node.text == ">") return less(right, left);
    return node.text == "<=" ? !less(right, left) : !less(left, right);
  }

  // `.name | startswith("x")`: the left side's value is the function's input.
  Value pipe(const Node& node, const JqPlace& at) {
    if (node.parts[1]->kind == Kind::call) return call(*node.parts[1], at, value(*node.parts[0], at));
    Value found;
    places(*node.parts[0], at, [&](const JqPlace& next) { found = value(*node.parts[1], next); });
    return found;
  }

  Value call(const Node& node, const JqPlace& at, Value input) {
    const Value argument = node.parts.empty() ? Value() : value(*node.parts[0], at);
    if (node.text == "not") return !truthy(input);
    if (node.text == "has") return argument.is_string() && input.find(*argument.as_string()) != nullptr;
    if (node.text == "length") {
      if (const auto* array = input.as_array()) return static_cast<std::int64_t>(array->size());
      if (const auto* text = input.as_string()) return static_cast<std::int64_t>(text->size());
      return std::int64_t{0};
    }
    if (!input.is_string() || !argument.is_string()) return false;
    const std::string& text = *input.as_string();
    const std::string& word = *argument.as_string();
    if (node.text == "startswith") return text.starts_with(word);
    if (node.text == "endswith") return text.ends_with(word);
    return text.find(word) != std::string::npos;  // contains; test with a plain word
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
