// SPDX-License-Identifier: Apache-2.0
// One resource of a build: its content, and what the build remembers about it (earlier names,
// whether its name gets a hash). The tool keeps that memory in annotations, here it is apart, so
// that no patch can lose it. It does not know other resources. Upstream: kustomize v5.8.1,
// api/resource.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/object.h"
#include "kustomize/resource_id.h"
#include "value/value.h"
#include "yaml/yaml.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kustomize {

enum class Behavior { unspecified, create, replace, merge };

// What is no word for one counts as none.
Behavior behavior_of(std::string_view word);

// Where a resource or a generator was configured, for the build metadata annotations.
struct Origin {
  std::string path;
  std::string configured_in;
  Gvk configured_by;  // api version in `version` for built-in ones
  std::string name, space;
};

// The text a resource was read from. Kept for what a Value does not say: whether a null was written
// out, and how a number in an annotation was spelled.
class Source {
 public:
  explicit Source(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }

  // The text from the value at that JSON pointer to the end of the line.
  [[nodiscard]] std::string_view at(std::size_t document, const std::string& pointer) const;

 private:
  struct Index {
    yaml::Places places;
    std::vector<std::size_t> lines;  // where each begins
  };

  std::string text_;
  mutable std::unique_ptr<const Index> index_;  // of a text that is asked again and again
  mutable int asked_ = 0;
};

struct Resource {
  Value body;

  struct Earlier {
    std::string name, space, kind;
    std::size_t times = 1;  // in a row: each JSON patch keeps the id that it finds
  };

  std::vector<Earlier> earlier;  // oldest first; `space` is an effective namespace
  std::vector<std::string> prefixes, suffixes;
  std::vector<std::string> variables;  // names of the vars that read from it
  Behavior behavior = Behavior::unspecified;
  bool needs_hash = false;
  bool allow_name_change = false;
  bool allow_kind_change = false;
  bool from_helm = false;
  bool generated = false;
  bool rewritten = false;  // by a JSON patch
  std::optional<Origin> origin;
  std::vector<Origin> transformations;
  std::shared_ptr<const Source> source;  // none once the places in it no longer fit
  std::size_t document = 0;
  std::string root;  // its JSON pointer in the document, "/items/0" in a list
  std::string at;    // "file:line:col"

  // A label or annotation that one entry made in several maps is one node to the tool: whoever
  // changes it in one of them changes it in all.
  struct Shared {
    std::string key, text;
    std::vector<std::string> maps;  // JSON pointers
  };

  std::vector<Shared> shared;

  // Texts whose quotes are not those that they want. A change of a text keeps the quotes that stand
  // there, and whether there are any decides what the number of a later patch is.
  enum class Quotes { none, as_in_file };
  std::map<std::string, Quotes, std::less<>> quotes;  // by JSON pointer
  // Keys of annotations, all texts here, that are numbers and the like to the tool until it writes all
  // of them anew.
  std::set<std::string, std::less<>> typed_annotations;

  [[nodiscard]] Gvk gvk() const { return parse_gvk(api_version_of(body), kind_of(body)); }

  [[nodiscard]] ResourceId id() const;
  [[nodiscard]] ResourceId original_id() const;
  [[nodiscard]] std::vector<ResourceId> earlier_ids() const;

  // Would the tool have annotated it by now?
  [[nodiscard]] bool has_memory() const {
    return generated || from_helm || !earlier.empty() || origin.has_value();
  }

  // Keeps the present name, namespace and kind as an earlier one.
  void remember_id();
  void remember(Earlier one);
};

// Every resource in a text of YAML or JSON documents, lists expanded. `file` is for messages.
// Refuses with Code::yaml_syntax and the other reading codes, or Code::object_invalid.
// A patch's folded texts stay as they are written: it depends on what they replace how they are printed.
enum class Folded { as_printed, as_written };

Result<std::vector<Resource>> read_resources(std::string text, const std::string& file,
                                             const ReadLimits& limits = {},
                                             Folded folded = Folded::as_printed);

// The file it was read from, and where that has what the JSON pointer leads to: "file:line:col", of
// the resource's begin where nobody knows better.
std::string file_of(const Resource& resource);
std::string place_in(const Resource& resource, const std::string& pointer);

// After a change of single fields: what is shared takes over the changed text everywhere.
void settle_shared(Resource& resource);

// metadata.labels or metadata.annotations, each value as the file spells it.
Texts spelled_texts(const Resource& resource, std::string_view field);

// A scalar of its body as the file spells it (1.10, 0x1F, 2024-01-02), the plain form of what is not
// as the file has it.
std::string spelled_text(const Resource& resource, const std::string& pointer, const Value& value);

// "2024-01-02T00:00:00Z": what reading makes of every date, however the file spells it.
bool looks_like_date(const Value& value);

// Gives typed annotations the type that they have to the tool.
void type_annotations(Resource& resource);

// Before the text takes the place of what is there.
void keep_quotes(Resource& resource, const std::string& pointer, const Value& old, std::string_view text);

// As the tool merges a generated resource or a targeted patch with another: `other`'s labels and
// annotations below its own (as texts), `other`'s name, namespace and memory.
void take_metadata(Resource& resource, const Resource& other);

// One key as a part of a JSON pointer.
std::string pointer_part(std::string_view key);

// What the file says at that JSON pointer: does the null there say null or ~ (or is it an empty
// place after a colon), is the text there in quotes. Both read the source again.
bool null_is_written(const Resource& resource, const std::string& pointer);
bool text_is_folded(const Resource& resource, const std::string& pointer);
bool text_is_quoted(const Resource& resource, const std::string& pointer, std::string_view text);

}  // namespace holdfast::kustomize
