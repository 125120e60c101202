// SPDX-License-Identifier: Apache-2.0
#include "kustomize/resource.h"

#include "base/text.h"
#include "kustomize/memory.h"
#include "kustomize/source_text.h"
#include "value/pointer.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace holdfast::kustomize {
namespace {

std::string_view from_column(std::string_view line, int wanted) {
  for (int column = 1; column < wanted && !line.empty(); ++column) {
    std::size_t length = 1;
    while (length < line.size() && (static_cast<unsigned char>(line[length]) & 0xC0) == 0x80)
      ++length;
    line.remove_prefix(length);
  }
  return line;
}

// Where the line after the one at `at` begins. To YAML 1.1 a line ends at U+0085, U+2028 and U+2029, too.
std::size_t next_line(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] > '\r') continue;
    const auto rest = text.substr(at, 3);
    if (rest.starts_with("\r\n")) return at + 2;
    if (rest.front() == '\n' || rest.front() == '\r') return at + 1;
    if (rest.starts_with("\xC2\x85")) return at + 2;
    if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") return at + 3;
  }
  return std::string_view::npos;
}

std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at != std::string_view::npos; at = next_line(text, at))
    out.push_back(at);
  return out;
}

bool is_written_null(std::string_view text) {
  return text == "null" || text == "~" || text == "Null" || text == "NULL";
}

// The plain scalar at that place, as it is spelled.
std::string spelling_at(const Resource& resource, const std::string& pointer) {
  const auto text = resource.source->at(resource.document, resource.root + pointer);
  return std::string(trim(text.substr(0, text.find_first_of("\r\n,]}#"))));
}

// The tool keeps annotations as the text of the file: 1.10 stays 1.10, true becomes "true". A null
// waits: a patch may mean to remove with it.
void spell_annotations(Resource& resource) {
  Value* metadata = resource.body.find("metadata");
  Value* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr || !annotations->is_object()) return;
  for (auto& [key, value] : *annotations->as_object()) {
    const bool date = looks_like_date(value);
    if (value.is_null() || (value.is_string() && (!date || resource.source == nullptr))) continue;
    const std::string pointer = "/metadata/annotations/" + pointer_part(key);
    value = spelled_text(resource, pointer, value);
    if (!date || spelling_at(resource, pointer) == *value.as_string()) resource.typed_annotations.insert(key);
  }
}

// Whether an input carries the tool's own annotations: they mean here what they mean to the tool.
bool is_annotated(const Resource& resource) {
  const Value* annotations = resource.body.find_path({"metadata", "annotations"});
  if (annotations == nullptr || !annotations->is_object()) return false;
  return std::ranges::any_of(*annotations->as_object(),
                             [](const Member& member) { return is_memory(member.key); });
}

// A member is missing, perhaps because it is misspelled.
Error without(std::string_view name, std::string what, const Value& map, const std::string& at) {
  Error error = Error(Code::object_invalid, std::move(what)).at(at);
  const auto* object = map.as_object();
  for (const auto& [key, value] : object == nullptr ? Object() : *object) {
    if (nearest(key, {&name, 1}) && key != name)
      return std::move(error).fix(fmt::format("did you mean \"{}\" by \"{}\"?", name, printable(key)));
  }
  return std::move(error).fix(fmt::format("add \"{}\"", name));
}

Result<> check_identity(const Resource& resource) {
  const Value& body = resource.body;
  if (!body.is_object()) {
    return failure(
        Error(Code::object_invalid,
              fmt::format("a resource is a map with kind and metadata, this is {}", type_of(body)))
            .at(resource.at));
  }
  const Value* kind = body.find("kind");
  if (is_blank(kind) || text_of(*kind).empty())
    return failure(without("kind", "a resource has no \"kind\"", body, resource.at));
  if (kind_of(body).ends_with("List")) return {};
  if (!name_of(body).empty()) return {};
  const Value* metadata = body.find("metadata");
  if (metadata == nullptr)
    return failure(without("metadata", fmt::format("the {} has no \"metadata.name\"", text_of(*kind)),
                           body, resource.at));
  Error error = without("name", fmt::format("the {} has no \"metadata.name\"", text_of(*kind)),
                        *metadata, place_in(resource, "/metadata"));
  if (metadata->find("generateName") == nullptr) return failure(std::move(error));
  return failure(std::move(error)
                     .because("it has a \"generateName\" only")
                     .fix("give it a \"name\": a build knows its resources by them"));
}

// Only of a lone document of the kind "List" the tool keeps how the items are spelled.
enum class Spelled { kept, lost };

// A list's items take the list's place at the end of the queue, as the tool does.
Result<> expand_list(Resource list, Spelled spelled, std::deque<Resource>& queue) {
  Value* items = list.body.find("items");
  if (items->is_null()) return {};
  auto* array = items->as_array();
  if (array == nullptr) {
    return failure(
        Error(Code::object_invalid,
              fmt::format("\"items\" of a list is {}, it must be a list", type_of(*items)))
            .at(list.at));
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    Value& item = (*array)[i];
    if (is_blank(&item)) continue;
    Resource one;
    one.body = std::move(item);
    if (spelled == Spelled::kept) {
      one.source = list.source;
      one.document = list.document;
      one.root = fmt::format("/items/{}", i);
    }
    one.at = list.at;
    TRY(check_identity(one));
    queue.push_back(std::move(one));
  }
  return {};
}

}  // namespace

bool looks_like_date(const Value& value) {
  constexpr std::string_view form = "....-..-..T..:..:..";
  const auto* text = value.as_string();
  return text != nullptr && text->size() > form.size() &&
         std::ranges::equal(form, std::string_view(*text).substr(0, form.size()),
                            [](char wanted, char c) { return wanted == '.' || wanted == c; });
}

std::string spelled_text(const Resource& resource, const std::string& pointer, const Value& value) {
  const bool is_text = value.is_string() && !looks_like_date(value);
  if (resource.source == nullptr || is_text || value.is_object() || value.is_array()) return text_of(value);
  std::string text = spelling_at(resource, pointer);
  if (value.is_null()) return is_written_null(text) || text.empty() ? text : "null";
  const Value plain = resolve_plain(text);
  const bool same = plain == value || (!is_finite(plain) && !is_finite(value));
  return same ? text : text_of(value);
}

void type_annotations(Resource& resource) {
  Value* metadata = resource.body.find("metadata");
  Value* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr || !annotations->is_object()) return;
  for (const auto& key : resource.typed_annotations) {
    Value* value = annotations->find(key);
    if (value != nullptr && value->is_string()) *value = resolve_plain(*value->as_string());
  }
}

void keep_quotes(Resource& resource, const std::string& pointer, const Value& old, std::string_view text) {
  if (!wants_quotes(text)) return;
  if (old.is_string() && wants_quotes(*old.as_string())) return;
  const bool from_file = old.is_string() && resource.source != nullptr;
  resource.quotes[pointer] = from_file ? Resource::Quotes::as_in_file : Resource::Quotes::none;
}

std::string_view Source::at(std::size_t document, const std::string& pointer) const {
  constexpr int patience = 4;  // an index costs as much as reading the text to its end
  const std::string_view text = text_;
  if (index_ == nullptr && ++asked_ > patience)
    index_ = std::make_unique<const Index>(Index{yaml::Places(text), line_starts(text)});
  if (index_ == nullptr) {
    const auto found = yaml::locate(text, document, pointer);
    std::size_t start = 0;
    for (int line = 1; line < found.line && start != std::string_view::npos; ++line)
      start = next_line(text, start);
    return from_column(start < text.size() ? text.substr(start) : "", found.column);
  }
  const auto found = index_->places.locate(document, pointer);
  const auto line = static_cast<std::size_t>(found.line - 1);
  if (line >= index_->lines.size()) return {};
  return from_column(text.substr(index_->lines[line]), found.column);
}

std::string pointer_part(std::string_view key) {
  return replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1");
}

ResourceId Resource::id() const {
  ResourceId id{.gvk = gvk(), .name = name_of(body), .space = namespace_of(body)};
  id.cluster_scoped = is_cluster_scoped(id.gvk);
  return id;
}

std::vector<ResourceId> Resource::earlier_ids() const {
  std::vector<ResourceId> ids;
  ids.reserve(earlier.size());
  const Gvk now = gvk();
  for (const auto& each : earlier) {
    ResourceId one{.gvk = {now.group, now.version, each.kind}, .name = each.name, .space = each.space};
    ids.push_back(std::move(one));
  }
  return ids;
}

ResourceId Resource::original_id() const {
  if (earlier.empty()) return id();
  const auto& first = earlier.front();
  const Gvk now = gvk();
  return {.gvk = {now.group, now.version, first.kind}, .name = first.name, .space = first.space};
}

void Resource::remember_id() {
  const auto now = id();
  const auto space = now.effective_namespace();
  remember({.name = now.name, .space = std::string(space), .kind = now.gvk.kind});
}

void Resource::remember(Earlier one) {
  Earlier* last = earlier.empty() ? nullptr : &earlier.back();
  if (last != nullptr && last->name == one.name && last->space == one.space && last->kind == one.kind) {
    ++last->times;
  } else {
    earlier.push_back(std::move(one));
  }
}

Result<std::vector<Resource>> read_resources(std::string text, const std::string& file,
                                             const ReadLimits& limits, Folded folded) {
  TRY(check_separators(text, file));
  const auto source = std::make_shared<const Source>(std::move(text));
  FoldedTexts printed(source->text());
  auto documents =
      TRY(yaml::parse_all(source->text(), file, yaml::Dialect::kyaml,
                          {.depth = limits.depth,
                           .bytes = limits.bytes,
                           .nodes = limits.nodes,
                           .not_numbers = yaml::NotNumbers::keep}));
  std::deque<Resource> queue;
  for (auto& document : documents) {
    if (is_blank(&document.value)) continue;
    Resource resource;
    resource.body = std::move(document.value);
    resource.source = source;
    resource.document = document.index;
    resource.at = fmt::format("{}:{}:{}", file, document.start.line, document.start.column);
    // A lone document "List" is unwrapped whatever else it lacks.
    const bool lone_list = documents.size() == 1 && kind_of(resource.body) == "List" &&
                           resource.body.find("items") != nullptr;
    if (!lone_list) TRY(check_identity(resource));
    queue.push_back(std::move(resource));
  }
  std::vector<Resource> out;
  while (!queue.empty()) {
    Resource resource = std::move(queue.front());
    queue.pop_front();
    if (kind_of(resource.body).ends_with("List") && resource.body.find("items") != nullptr) {
      const bool kept = documents.size() == 1 && resource.root.empty() && kind_of(resource.body) == "List";
      TRY(expand_list(std::move(resource), kept ? Spelled::kept : Spelled::lost, queue));
      continue;
    }
    if (folded == Folded::as_printed) printed.unfold(resource, resource.body, "");
    spell_annotations(resource);
    if (is_annotated(resource)) read_memory(resource);
    out.push_back(std::move(resource));
  }
  return out;
}

std::string file_of(const Resource& resource) {
  const auto column = resource.at.rfind(':');
  const auto line = column == std::string::npos || column == 0 ? column : resource.at.rfind(':', column - 1);
  return resource.at.substr(0, line);
}

std::string place_in(const Resource& resource, const std::string& pointer) {
  if (resource.source == nullptr) return resource.at;
  const auto& text = resource.source->text();
  return yaml::place(file_of(resource), yaml::locate(text, resource.document, resource.root + pointer));
}

void settle_shared(Resource& resource) {
  for (auto& [key, text, maps] : resource.shared) {
    std::vector<Value*> places;
    const Value* changed = nullptr;
    for (const auto& pointer : maps) {
      const auto tokens = json::pointer_tokens(pointer);
      Value* map = tokens ? json::find(resource.body, *tokens) : nullptr;
      Value* place = map == nullptr ? nullptr : map->find(key);
      if (place == nullptr || !place->is_string()) continue;
      places.push_back(place);
      if (*place->as_string() != text) changed = place;
    }
    if (changed == nullptr) continue;
    text = *changed->as_string();
    for (Value* place : places)
      *place = text;
  }
}

Texts spelled_texts(const Resource& resource, std::string_view field) {
  Texts texts;
  const Value* map = resource.body.find_path({"metadata", field});
  if (map == nullptr || !map->is_object()) return texts;
  for (const auto& [key, value] : *map->as_object()) {
    const auto pointer = fmt::format("/metadata/{}/{}", field, pointer_part(key));
    texts.insert_or_assign(key, spelled_text(resource, pointer, value));
  }
  return texts;
}

void take_metadata(Resource& resource, const Resource& other) {
  for (const std::string_view field : {"labels", "annotations"}) {
    Texts texts = spelled_texts(other, field);
    for (auto& [key, text] : spelled_texts(resource, field))
      texts.insert_or_assign(key, text);
    set_metadata_texts(resource.body, field, texts);
  }
  resource.typed_annotations.clear();
  set_name(resource.body, name_of(other.body));
  set_namespace(resource.body, namespace_of(other.body));
  if (!resource.origin) resource.origin = other.origin;
  if (resource.transformations.empty()) resource.transformations = other.transformations;
  resource.earlier = other.earlier;
  resource.prefixes = other.prefixes;
  resource.suffixes = other.suffixes;
  resource.variables = other.variables;
  resource.behavior = other.behavior;
  resource.needs_hash = resource.needs_hash && other.needs_hash;
  resource.allow_name_change = other.allow_name_change;
  resource.allow_kind_change = other.allow_kind_change;
  resource.from_helm = other.from_helm;
  resource.generated = other.generated;
}

bool null_is_written(const Resource& resource, const std::string& pointer) {
  if (resource.source == nullptr) return true;
  return is_written_null(spelling_at(resource, pointer));
}

bool text_is_folded(const Resource& resource, const std::string& pointer) {
  if (resource.source == nullptr || pointer.starts_with("/metadata/annotations")) return false;
  return spelling_at(resource, pointer).starts_with('>');
}

bool text_is_quoted(const Resource& resource, const std::string& pointer, std::string_view text) {
  const auto kept = resource.quotes.find(pointer);
  if (kept == resource.quotes.end()) {
    if (!resolve_plain(text).is_string() || text.find('\n') != std::string_view::npos || text.empty())
      return true;
  } else if (kept->second == Resource::Quotes::none) {
    return false;
  }
  if (resource.source == nullptr) return false;
  const std::string spelling = spelling_at(resource, pointer);
  // What a patch has made is in quotes where YAML 1.1 takes it for a truth value.
  if (kept == resource.quotes.end() && spelling != text && wants_quotes(text)) return true;
  return spelling.starts_with('"') || spelling.starts_with('\'') || spelling.starts_with('|') ||
         spelling.starts_with('>');
}

}  // namespace holdfast::kustomize
