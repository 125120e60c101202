// SPDX-License-Identifier: Apache-2.0
// YAML ↔ Value, through libyaml's events: no node tree of a library is ever built, and every budget
// is checked event by event, so a hostile file costs what its limits allow and no more.
// It does not know Kubernetes. The source's order of keys, comments and styles are lost by design.
// Mirrors: sigs.k8s.io/yaml 1.6 (which holds go-yaml v2.4) and go-yaml v3.0.1 as kyaml uses it.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::yaml {

// Which plain scalars are what.
enum class Dialect {
  kube,   // sigs.k8s.io/yaml: yes/no/on/off/y/n are booleans, also as keys; dates stay strings
  kyaml,  // kustomize's resources: only true/false are booleans; dates become RFC 3339 strings
};

enum class Duplicates { refuse, keep_last };

// What 1e3 is: the whole number that JSON makes of it, or the real that Go's decoder sees first.
enum class Reals { as_json, kept };

// .inf and .nan, which JSON has not: whoever keeps them as reals has to refuse them later.
enum class NotNumbers { refuse, keep };

struct Limits {
  int depth = 100;
  std::size_t bytes = std::size_t{64} << 20;   // of the text; also of all scalars, aliases expanded
  std::size_t nodes = 4'000'000;               // scalars and collections of all documents, likewise
  Duplicates duplicates = Duplicates::refuse;  // go-yaml v2 keeps the last, v3 refuses
  Reals reals = Reals::as_json;
  NotNumbers not_numbers = NotNumbers::refuse;
};

struct Position {
  int line = 1;    // 1-based
  int column = 1;  // 1-based, in characters

  bool operator==(const Position&) const = default;
};

struct Document {
  Value value;
  Position start;         // of its root node
  std::size_t index = 0;  // in the stream, the empty documents counted
};

// All documents of a stream but those that are empty or null. `name` is the file's name in errors.
// Refuses with Code::yaml_syntax, Code::text_encoding, Code::wrong_type (a key or number that JSON
// cannot hold) or Code::limit, always at "name:line:col".
Result<std::vector<Document>> parse_all(std::string_view text, std::string_view name,
                                        Dialect dialect, const Limits& limits = {});

// The first document alone, as go-yaml's Unmarshal; null when there is none. What follows it is not
// looked at.
Result<Value> parse_one(std::string_view text, std::string_view name, Dialect dialect,
                        const Limits& limits = {});

// As parse_one of a mapping of which only these members are asked for: the others are read for their
// mistakes, and may be absent from it. Needs Duplicates::keep_last.
Result<Value> parse_head(std::string_view text, std::string_view name, Dialect dialect,
                         const Limits& limits, std::span<const std::string_view> keys);

// Where a JSON pointer ("/spec/ports/0") leads in the document of that index: the position of the
// value, or of its nearest ancestor that the document has. Reads the text again, so that a document
// whose positions nobody asks for pays nothing.
Position locate(std::string_view text, std::size_t document, std::string_view pointer);

// As locate, for many questions about one text: reads it once and keeps 16 bytes for each value.
class Places {
 public:
  explicit Places(std::string_view text);

  // Pointers are found by a hash of 64 bits: not for what a stranger may gain by being mistaken for
  // another place.
  [[nodiscard]] Position locate(std::size_t document, std::string_view pointer) const;

 private:
  struct Place {
    std::size_t hash;
    Position position;
  };

  std::vector<Place> places_;  // sorted by hash, of equal ones the first of the text first
};

// "name:line:col", as errors and reports show a place.
std::string place(std::string_view name, const Position& position);

// The value as sigs.k8s.io/yaml prints it: keys in go-yaml's natural order, folded at 80 columns, a
// line end at the end. Byte-equal to kustomize's output and to Helm's toYaml (plus its line end).
std::string write(const Value& value);
// The same, at the end of `out`.
void write_to(std::string& out, const Value& value);

// The documents joined by "---\n"; nothing for none.
std::string write_all(const std::vector<Value>& values);

}  // namespace holdfast::yaml
