// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "yaml/events.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <utility>

namespace holdfast::yaml {
namespace {

constexpr std::string_view tag_prefix = "tag:yaml.org,2002:";

// What an alias stands for, with what a copy of it costs.
struct Anchor {
  Value value;
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  int depth = 0;
};

// A mapping under construction. `merged` is what `<<` brings: in kube its place counts, in kyaml it
// only fills what is absent.
struct Mapping {
  std::size_t first;  // its members begin there in the builder's
  Object merged;
  std::vector<std::pair<std::size_t, std::size_t>> merged_ranges;  // of members that `<<` brought
};

class Builder {
 public:
  Builder(std::string_view text, std::string_view name, Dialect dialect, const Limits& limits)
      : text_(text), name_(name), dialect_(dialect), limits_(limits), events_(text, name) {}

  // Values below other members of a root are not made from here on.
  void keep_only(std::span<const std::string_view> keys) { kept_ = keys; }

  // The next document, also the empty ones; nothing at the end of the stream.
  Result<std::optional<Document>> document() {
    Event event;
    do {
      TRY(events_.next(event));
      if (event.kind == EventKind::stream_end) return std::nullopt;
    } while (event.kind != EventKind::document_start);
    anchors_.clear();
    TRY(events_.next(event));
    Document out{.value = {}, .start = event.start, .index = index_++};
    auto read = node(event, out.value);
    if (!read && read.error().code() == Code::wrong_type) TRY(rest_of_document(event));
    TRY(std::move(read));
    return out;
  }

 private:
  // go-yaml parses a document before it looks at its meaning: a mistake of syntax comes first.
  Result<> rest_of_document(Event& event) {
    do {
      TRY(events_.next(event));
    } while (event.kind != EventKind::stream_end && event.kind != EventKind::document_start);
    return {};
  }

  Error refusal(Code code, std::string what, const Event& event) const {
    return Error(code, std::move(what)).at(place(name_, event.start));
  }

  Result<> charge(std::size_t nodes, std::size_t bytes, const Event& event) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ <= limits_.nodes && bytes_ <= limits_.bytes) [[likely]] return {};
    return failure(over_budget(event));
  }

  Error over_budget(const Event& event) const {
    const auto spent = nodes_ > limits_.nodes
                           ? fmt::format("more than {} nodes", limits_.nodes)
                           : fmt::format("more than {} bytes of scalars", limits_.bytes);
    return refusal(Code::limit, fmt::format("{}, aliases expanded", spent), event);
  }

  Result<> check_depth(int more, const Event& event) {
    deepest_ = std::max(deepest_, depth_ + more);
    if (depth_ + more <= limits_.depth) return {};
    return failure(
        refusal(Code::limit, fmt::format("nested deeper than {}", limits_.depth), event));
  }

  // Reads the node that starts with `event`, which is overwritten.
  Result<> node(Event& event, Value& out) {
    if (event.anchor.empty() || event.kind == EventKind::alias) return plain_node(event, out);
    const std::string name(event.anchor);
    const auto nodes = nodes_;
    const auto bytes = bytes_;
    const auto deepest = std::exchange(deepest_, depth_);
    open_anchors_.push_back(name);
    TRY(plain_node(event, out));
    open_anchors_.pop_back();
    // The copy costs as much as an alias would.
    TRY(charge(nodes_ - nodes, bytes_ - bytes, event));
    anchors_.insert_or_assign(
        name, Anchor{out, (nodes_ - nodes) / 2, (bytes_ - bytes) / 2, deepest_ - depth_});
    deepest_ = std::max(deepest, deepest_);
    return {};
  }

  Result<> plain_node(Event& event, Value& out) {
    if (event.kind == EventKind::scalar) return scalar(event, out);
    if (event.kind == EventKind::alias) return alias(event, out);
    if (event.kind == EventKind::sequence_start) return sequence(event, out);
    return mapping(event, out);
  }

  Result<> scalar(const Event& event, Value& out) {
    TRY(charge(1, event.scalar.size(), event));
    if (is_plainly_text(event)) {
      out = event.scalar;
      return {};
    }
    auto resolved = TRY(resolve_tagged(event));
    if (resolved.kind == ScalarKind::not_a_number && limits_.not_numbers == NotNumbers::refuse) {
      return failure(refusal(Code::wrong_type,
                             fmt::format("number '{}' has no JSON form", event.scalar), event));
    }
    if (resolved.kind == ScalarKind::text ||
        (resolved.kind == ScalarKind::timestamp && dialect_ == Dialect::kube)) {
      out = event.scalar;
    } else {
      out = std::move(resolved.value);
      const auto* whole = out.as_int();
      if (whole != nullptr && resolved.kind == ScalarKind::real && limits_.reals == Reals::kept)
        out = static_cast<double>(*whole);
    }
    return {};
  }

  static bool is_plainly_text(const Event& event) {
    return event.tag.empty() && (!event.plain || is_surely_text(event.scalar));
  }

  // The tag's demand and the text's own meaning; text when the tag is not one of YAML's own.
  Result<Scalar> resolve_tagged(const Event& event) const {
    auto tag = event.tag;
    if (tag.empty() || (tag == "!" && dialect_ == Dialect::kyaml)) {
      if (!event.plain) return Scalar{};
      return resolve(event.scalar, dialect_);
    }
    if (!tag.starts_with(tag_prefix)) return Scalar{};
    tag.remove_prefix(tag_prefix.size());
    if (tag == "binary") {
      auto bytes = from_base64(without_white_space(event.scalar));
      if (!bytes) return failure(refusal(Code::wrong_type, "!!binary value is not base64", event));
      return Scalar{ScalarKind::integer, *std::move(bytes)};
    }
    const bool known =
        tag == "int" || tag == "float" || tag == "bool" || tag == "null" || tag == "timestamp";
    if (!known) return Scalar{};
    auto resolved = resolve(event.scalar, dialect_);
    if (kind_tag(resolved.kind) == tag) return resolved;
    if (tag == "float" && resolved.kind == ScalarKind::integer) return resolved;
    if (tag == "null" && event.scalar.empty()) return resolved;
    return failure(refusal(Code::wrong_type,
                           fmt::format("'{}' is not of the type that its tag !!{} names",
                                       printable(event.scalar), tag),
                           event));
  }

  static std::string_view kind_tag(ScalarKind kind) {
    switch (kind) {
      case ScalarKind::text: return "str";
      case ScalarKind::null: return "null";
      case ScalarKind::boolean: return "bool";
      case ScalarKind::integer: return "int";
      case ScalarKind::real:
      case ScalarKind::not_a_number: return "float";
      case ScalarKind::timestamp: return "timestamp";
    }
    std::unreachable();
  }

  static std::string without_white_space(std::string_view text) {
    std::string out;
    std::ranges::copy_if(text, std::back_inserter(out),
                         [](char c) { return c != ' ' && c != '\n' && c != '\t' && c != '\r'; });
    return out;
  }

  Result<const Anchor*> anchor_of(const Event& event) {
    const auto found = anchors_.find(event.anchor);
    if (found != anchors_.end()) {
      TRY(check_depth(found->second.depth, event));
      TRY(charge(found->second.nodes, found->second.bytes, event));
      return &found->second;
    }
    const bool open = std::ranges::find(open_anchors_, event.anchor) != open_anchors_.end();
    return failure(refusal(Code::yaml_syntax,
                           open
                               ? fmt::format("anchor '{}' contains itself", printable(event.anchor))
                               : fmt::format("alias of '{}', which no anchor before it names",
                                             printable(event.anchor)),
                           event));
  }

  Result<> alias(const Event& event, Value& out) {
    const auto* anchor = TRY(anchor_of(event));
    out = anchor->value;
    return {};
  }

  Result<> sequence(Event& event, Value& out) {
    TRY(charge(1, 0, event));
    TRY(check_depth(1, event));
    ++depth_;
    const auto first = elements_.size();
    TRY(events_.next(event));
    while (event.kind != EventKind::sequence_end) {
      Value element;
      TRY(node(event, element));
      elements_.push_back(std::move(element));
      TRY(events_.next(event));
    }
    --depth_;
    const auto begin = elements_.begin() + static_cast<std::ptrdiff_t>(first);
    out = Array(std::make_move_iterator(begin), std::make_move_iterator(elements_.end()));
    elements_.erase(begin, elements_.end());
    return {};
  }

  Result<> mapping(Event& event, Value& out) {
    TRY(charge(1, 0, event));
    TRY(check_depth(1, event));
    const auto start = event.start;
    ++depth_;
    Mapping mapping{.first = members_.size(), .merged = {}, .merged_ranges = {}};
    TRY(events_.next(event));
    while (event.kind != EventKind::mapping_end) {
      TRY(entry(event, mapping));
      TRY(events_.next(event));
    }
    --depth_;
    auto members = TRY(finish(mapping, start));
    out = std::move(members);
    return {};
  }

  // Reads the key that `event` starts and its value.
  Result<> entry(Event& event, Mapping& mapping) {
    if (event.kind == EventKind::scalar && event.scalar == "<<" && event.plain) {
      TRY(events_.next(event));
      return merge(event, mapping);
    }
    auto name = TRY(key(event));
    TRY(events_.next(event));
    if (depth_ == 1 && !kept_.empty() && std::ranges::find(kept_, name) == kept_.end())
      return skip(event);
    Value value;
    TRY(node(event, value));
    members_.emplace_back(std::move(name), std::move(value));
    return {};
  }

  // Reads a node without an anchor for its mistakes alone.
  Result<> skip(Event& event) {
    if (event.kind == EventKind::scalar || event.kind == EventKind::alias) {
      if (event.kind == EventKind::scalar && is_plainly_text(event))
        return charge(1, event.scalar.size(), event);
      Value unused;
      return plain_node(event, unused);
    }
    const bool is_mapping = event.kind == EventKind::mapping_start;
    const auto end = is_mapping ? EventKind::mapping_end : EventKind::sequence_end;
    TRY(charge(1, 0, event));
    TRY(check_depth(1, event));
    ++depth_;
    TRY(events_.next(event));
    while (event.kind != end) {
      if (is_mapping) {
        TRY(skip_key(event));
        TRY(events_.next(event));
      }
      TRY(skip(event));
      TRY(events_.next(event));
    }
    --depth_;
    return {};
  }

  Result<> skip_key(const Event& event) {
    if (event.kind == EventKind::scalar && is_plainly_text(event))
      return charge(1, event.scalar.size(), event);
    TRY(key(event));
    return {};
  }

  // The key as text. go-yaml keeps other types, which JSON has not: sigs.k8s.io/yaml prints them as
  // text, kustomize stops (but for those of the root, which it reads as text).
  Result<std::string> key(const Event& event) {
    if (event.kind == EventKind::alias) {
      const auto* anchor = TRY(anchor_of(event));
      if (const auto* text = anchor->value.as_string()) return *text;
    }
    if (event.kind != EventKind::scalar) {
      return failure(refusal(Code::wrong_type, "a map key is no text", event));
    }
    TRY(charge(1, event.scalar.size(), event));
    const auto text = event.scalar;
    if (is_plainly_text(event)) return std::string(text);
    const auto resolved = TRY(resolve_tagged(event));
    if (resolved.kind == ScalarKind::text || resolved.kind == ScalarKind::timestamp)
      return std::string(text);
    if (dialect_ == Dialect::kyaml) {
      if (depth_ == 1) return std::string(text);
      return failure(refusal(Code::wrong_type,
                             fmt::format("map key '{}' is a {}, keys are text: put it in quotes",
                                         printable(text), kind_name(resolved.value.kind())),
                             event));
    }
    if (const auto* held = resolved.value.as_bool()) return std::string(*held ? "true" : "false");
    if (const auto* held = resolved.value.as_int()) {
      return resolved.kind == ScalarKind::real ? format_general_single(static_cast<float>(*held))
                                               : std::to_string(*held);
    }
    if (resolved.kind == ScalarKind::not_a_number) return std::string(text);
    if (const auto* held = resolved.value.as_real())
      return format_general_single(static_cast<float>(*held));
    if (const auto* held = resolved.value.as_string()) return *held;
    return failure(refusal(Code::wrong_type,
                           fmt::format("map key '{}' is a {}, keys are text: put it in quotes",
                                       printable(text), kind_name(resolved.value.kind())),
                           event));
  }

  Result<> merge(Event& event, Mapping& mapping) {
    const auto start = event.start;
    Value value;
    TRY(node(event, value));
    Object brought;
    // Of a list the earlier entries win, so the last comes first.
    Array one;
    auto* list = value.as_array();
    if (list == nullptr) {
      one.push_back(std::move(value));
      list = &one;
    }
    for (auto entry = list->rbegin(); entry != list->rend(); ++entry) {
      auto* object = entry->as_object();
      if (object == nullptr) {
        return failure(Error(Code::wrong_type, fmt::format("'<<' merges maps, this is a {}",
                                                           kind_name(entry->kind())))
                           .at(place(name_, start)));
      }
      for (auto& member : *object)
        brought.append(std::move(member.key), std::move(member.value));
    }
    const auto from = members_.size();
    for (auto& member : brought) {
      if (dialect_ == Dialect::kube) {
        members_.push_back(std::move(member));
      } else {
        mapping.merged.append(std::move(member.key), std::move(member.value));
      }
    }
    mapping.merged_ranges.emplace_back(from, members_.size());
    return {};
  }

  // Takes the members and sorts them; of equal keys the last stays.
  Result<Object> finish(Mapping& mapping, const Position& start) {
    if (!mapping.merged_ranges.empty()) TRY(check_own_keys(mapping, start));
    Object out = std::move(mapping.merged);
    out.reserve(out.size() + members_.size() - mapping.first);
    for (auto i = mapping.first; i < members_.size(); ++i)
      out.append(std::move(members_[i].key), std::move(members_[i].value));
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(mapping.first), members_.end());
    const auto sorted = out.sort();
    if (!sorted.unique && mapping.merged_ranges.empty()) TRY(duplicate(sorted.duplicate, start));
    return out;
  }

  // Twice the same key is refused only where both stand in the mapping itself.
  Result<> check_own_keys(const Mapping& mapping, const Position& start) const {
    Object own;
    auto range = mapping.merged_ranges.begin();
    for (auto i = mapping.first; i < members_.size(); ++i) {
      while (range != mapping.merged_ranges.end() && i >= range->second)
        ++range;
      if (range != mapping.merged_ranges.end() && i >= range->first) continue;
      own.append(members_[i].key, Value());
    }
    const auto sorted = own.sort();
    if (sorted.unique) return {};
    return duplicate(sorted.duplicate, start);
  }

  Result<> duplicate(const std::string& key, const Position& start) const {
    if (limits_.duplicates == Duplicates::keep_last) return {};
    Error error(Code::yaml_syntax,
                fmt::format("key '{}' is already there in this map", printable(key)));
    const auto twins = locate_duplicate(text_, start, key);
    if (!twins) return failure(std::move(error).at(place(name_, start)));
    return failure(std::move(error)
                       .at(place(name_, twins->second))
                       .at(fmt::format("{} (the first)", place(name_, twins->first))));
  }

  std::string_view text_;
  std::string_view name_;
  Dialect dialect_;
  const Limits& limits_;
  EventReader events_;
  std::map<std::string, Anchor, std::less<>> anchors_;
  std::vector<std::string> open_anchors_;
  // Of the collections that are open, the innermost last: so each is allocated once, at its size.
  std::vector<Member> members_;
  std::vector<Value> elements_;
  std::span<const std::string_view> kept_;  // none: all
  std::size_t index_ = 0;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  int depth_ = 0;
  int deepest_ = 0;  // since the innermost open anchor
};

Result<> check_size(std::string_view text, std::string_view name, const Limits& limits) {
  if (text.size() <= limits.bytes) return {};
  return failure(Error(Code::limit, fmt::format("the text has {} bytes, the limit is {}",
                                                text.size(), limits.bytes))
                     .at(std::string(name)));
}

}  // namespace

Result<std::vector<Document>> parse_all(std::string_view text, std::string_view name,
                                        Dialect dialect, const Limits& limits) {
  TRY(check_size(text, name, limits));
  Builder builder(text, name, dialect, limits);
  std::vector<Document> out;
  while (true) {
    auto document = TRY(builder.document());
    if (!document) return out;
    if (!document->value.is_null()) out.push_back(*std::move(document));
  }
}

Result<Value> parse_one(std::string_view text, std::string_view name, Dialect dialect,
                        const Limits& limits) {
  TRY(check_size(text, name, limits));
  Builder builder(text, name, dialect, limits);
  auto document = TRY(builder.document());
  if (!document) return Value();
  return std::move(document->value);
}

Result<Value> parse_head(std::string_view text, std::string_view name, Dialect dialect,
                         const Limits& limits, std::span<const std::string_view> keys) {
  CHECK(limits.duplicates == Duplicates::keep_last);
  // What an anchor holds may be asked for elsewhere.
  if (text.find('&') != std::string_view::npos || text.find("<<") != std::string_view::npos)
    return parse_one(text, name, dialect, limits);
  TRY(check_size(text, name, limits));
  Builder builder(text, name, dialect, limits);
  builder.keep_only(keys);
  auto document = TRY(builder.document());
  if (!document) return Value();
  return std::move(document->value);
}

}  // namespace holdfast::yaml
