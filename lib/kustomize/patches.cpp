// SPDX-License-Identifier: Apache-2.0
#include "kustomize/patches.h"

#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/memory.h"
#include "kustomize/strategic_merge.h"
#include "value/pointer.h"
#include "value/json.h"
#include "value/patch.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace holdfast::kustomize {
namespace {

// The name of a text that is no file; whoever tells a user of it knows where it stands.
constexpr std::string_view inline_name = "inline patch";

struct PatchText {
  std::string text;
  std::string name;  // for messages
  Entry entry;       // that names it
};

Result<PatchText> text_of_patch(const Patch& patch, const Loader& loader, const Entry& entry) {
  const std::string_view inline_text = trim(patch.patch);
  if (inline_text.empty() && patch.path.empty()) {
    return failure(
        Error(Code::kustomization, "an entry of patches has neither \"patch\" nor \"path\"")
            .at(entry.place())
            .fix("give it one of them"));
  }
  if (!inline_text.empty() && !patch.path.empty()) {
    return failure(Error(Code::kustomization, "an entry of patches has \"patch\" and \"path\"")
                       .at(entry.place("/path"))
                       .fix("keep one of them"));
  }
  if (!inline_text.empty()) return PatchText{std::string(inline_text), std::string(inline_name), entry};
  auto text = loader.read(patch.path);
  if (!text) return failure(std::move(text).error().within("reading a patch").at(entry.place("/path")));
  return PatchText{*std::move(text), loader.path_of(patch.path), entry};
}

struct Operations {
  const PatchText& text;
  Value list;

  [[nodiscard]] std::string place(std::size_t index) const {
    const auto pointer = fmt::format("/{}/path", index);
    return yaml::place(text.name, yaml::locate(text.text, 0, pointer));
  }
};

// A failure is told with its place in the entry of the kustomization.
Result<> told(Result<> done, const PatchText& text) {
  if (done) return done;
  const Entry& entry = text.entry;
  if (text.name != inline_name) return failure(std::move(done).error().at(entry.place()));
  auto error = entry.at("/patch").told_of_text(std::move(done).error(), inline_name);
  return failure(placed(std::move(error), entry.place()));
}

Result<Target> target_in(const Patch& patch, const Entry& entry) {
  auto target = Target::make(*patch.target);
  if (!target) return failure(std::move(target).error().at(entry.place("/target")));
  return target;
}

Result<Operations> json_operations(const PatchText& patch, const ReadLimits& limits) {
  Value operations = TRY(read_document(patch.text, patch.name, limits, Duplicates::keep_last));
  if (operations.is_null()) return Operations{patch, Array()};
  if (!operations.is_array())
    return failure(Error(Code::patch, "a JSON patch is a list of operations").at(patch.name));
  for (auto& operation : *operations.as_array()) {
    if (!operation.is_object())
      return failure(Error(Code::patch, "an operation of a JSON patch is a map").at(patch.name));
  }
  for (auto& operation : *operations.as_array()) {
    for (const std::string_view field : {"path", "from"}) {
      Value* pointer = operation.find(field);
      std::string* text = pointer == nullptr ? nullptr : pointer->as_string();
      // What stands before the first '/' is not looked at.
      if (text != nullptr && text->find('/') != std::string::npos) text->erase(0, text->find('/'));
    }
  }
  return Operations{patch, std::move(operations)};
}

// A JSON patch takes every number through float64, as Go's decoder does without being told
// otherwise.
void round_numbers(Value& value) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  const auto rounded = [](double number) -> Value {
    const auto text = json::format_real(number);
    auto again = json::parse(text, "number");
    return again ? *std::move(again) : Value(number);
  };
  if (const auto* integer = value.as_int()) {
    if (std::abs(static_cast<double>(*integer)) > exact_max)
      value = rounded(static_cast<double>(*integer));
  } else if (const auto* large = value.as_uint()) {
    value = rounded(static_cast<double>(*large));
  } else if (auto* array = value.as_array()) {
    for (auto& element : *array)
      round_numbers(element);
  } else if (auto* object = value.as_object()) {
    for (auto& [key, member] : *object)
      round_numbers(member);
  }
}

// After a JSON patch the tool writes the annotations anew, numbers as Go's 'g' prints them.
void text_annotations(Value& body) {
  const Value* map = body.find_path({"metadata", "annotations"});
  if (map == nullptr || !map->is_object()) return;
  Texts texts;
  for (const auto& [key, value] : *map->as_object()) {
    std::string text = text_of(value);
    if (const auto* integer = value.as_int())
      text = yaml::format_general(static_cast<double>(*integer));
    if (const auto* real = value.as_real()) text = yaml::format_general(*real);
    texts.insert_or_assign(key, std::move(text));
  }
  set_metadata_texts(body, "annotations", texts);
}

enum class Remember { yes, no };

// What the operations bring in; `copy` is weighed by the resource that it makes.
Result<> weigh(std::size_t before, const Value& body, Budget& budget) {
  const std::size_t now = size_of(body);
  return budget.grow(now > before ? now - before : 0);
}

// Does it work on the annotations that hold the tool's memory, or on what holds those?
bool reaches_memory(const Value& operation) {
  for (const std::string_view field : {"path", "from"}) {
    const Value* pointer = operation.find(field);
    if (pointer == nullptr || !pointer->is_string()) continue;
    const auto path = json::pointer_tokens(*pointer->as_string());
    if (path && kustomize::reaches_memory(*path)) return true;
  }
  return false;
}

const Value* find_infinite(const Value& value) {
  const Value* found = is_finite(value) ? nullptr : &value;
  if (const auto* array = value.as_array()) {
    for (auto each = array->begin(); found == nullptr && each != array->end(); ++each)
      found = find_infinite(*each);
  }
  if (const auto* object = value.as_object()) {
    for (const auto* each = object->begin(); found == nullptr && each != object->end(); ++each)
      found = find_infinite(each->value);
  }
  return found;
}

// A JSON patch works on JSON.
Result<> check_numbers(const Resource& resource) {
  const Value* found = find_infinite(resource.body);
  if (found == nullptr) return {};
  const std::string pointer = pointer_to(resource.body, found).value_or("");
  return failure(Error(Code::wrong_type, fmt::format("{} is .inf or .nan, which JSON has not", pointer))
                     .at(place_in(resource, pointer))
                     .because("a JSON patch is for the resource")
                     .fix("remove it, or put it in quotes"));
}

Result<> apply_operations(ResourceSet& resources, const Target& target, const Operations& operations,
                          Remember remember, Budget& budget) {
  const bool with_memory = std::ranges::any_of(*operations.list.as_array(), reaches_memory);
  for (Resource* resource : resources.selected_by(target)) {
    if (remember == Remember::yes) resource->remember_id();
    // The tool's memory makes sure that the map is there: "add" below it works.
    if (resource->has_memory()) {
      Value& annotations = resource->body["metadata"]["annotations"];
      if (annotations.is_null()) annotations = Object();
    }
    const std::string shown = fmt::format("{} ({})", describe(*resource), resource->at);
    type_annotations(*resource);
    TRY(check_numbers(*resource));
    const std::size_t size = size_of(resource->body);
    if (with_memory) write_memory(*resource);
    std::size_t failed = 0;
    auto patched = json::apply_patch(std::move(resource->body), operations.list, &failed);
    if (!patched)
      return failure(std::move(patched).error().at(operations.place(failed)).at(shown));
    resource->body = *std::move(patched);
    if (with_memory) {
      write_lasting_memory(*resource);
      read_memory(*resource);
    }
    TRY(weigh(size, resource->body, budget));
    round_numbers(resource->body);
    text_annotations(resource->body);
    resource->shared.clear();
    resource->quotes.clear();
    resource->typed_annotations.clear();
    resource->source.reset();  // nothing is where the file has it
    resource->rewritten = true;
    resources.renamed(*resource);
  }
  return {};
}

// Does a patch remove or replace annotations as a whole, and with them the tool's memory?
bool replaces_annotations(const Value& patch) {
  const Value* metadata = patch.find("metadata");
  const Value* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  const auto whole = [](const Value* map) {
    return map != nullptr && (map->is_null() || map->find("$patch") != nullptr);
  };
  return whole(metadata) || whole(annotations);
}

// Which annotations of the resource have a type when the patch is in it.
std::set<std::string, std::less<>> typed_after(const Resource& resource, const Resource& patch) {
  auto typed = resource.typed_annotations;
  const Value* changes = patch.body.find_path({"metadata", "annotations"});
  if (changes == nullptr || !changes->is_object()) return typed;
  for (const auto& [key, value] : *changes->as_object()) {
    const bool was_typed = typed.erase(key) > 0;
    if (!patch.typed_annotations.contains(key)) continue;
    const Value* own = resource.body.find_path({"metadata", "annotations", key});
    const bool quoted = !was_typed && own != nullptr && own->is_string() &&
                        text_is_quoted(resource, "/metadata/annotations/" + pointer_part(key), *own->as_string());
    if (!quoted) typed.insert(key);
  }
  return typed;
}

// One patch onto one resource. Name and kind stay unless the patch may change them.
Result<> merge_one(Resource& resource, const Resource& patch, const MergeSchema& schema,
                   Budget& budget) {
  TRY(budget.grow(size_of(patch.body)));
  const std::string name = name_of(resource.body);
  const std::string space = namespace_of(resource.body);
  const std::string kind(kind_of(resource.body));
  if (patch.allow_name_change || patch.allow_kind_change) resource.remember_id();
  const std::string shown = describe(resource);
  auto typed = typed_after(resource, patch);
  const bool with_memory = replaces_annotations(patch.body);
  if (with_memory) write_memory(resource);
  auto merged = strategic_merge(resource, patch, schema);
  if (!merged)
    return failure(std::move(merged).error().at(fmt::format("{} ({})", shown, resource.at)));
  if (*merged == Merged::removed) return {};
  resource.typed_annotations = std::move(typed);
  if (with_memory) read_memory(resource);
  if (!patch.allow_kind_change) set_kind(resource.body, kind);
  if (!patch.allow_name_change) set_name(resource.body, name);
  set_namespace(resource.body, space);
  settle_shared(resource);
  return {};
}

// The patch as each of several targets gets it.
Resource fitted(const Resource& patch, const Resource& target) {
  Resource copy = patch;
  take_metadata(copy, patch);
  copy.body["apiVersion"] = api_version(target.gvk());
  if (api_version_of(copy.body).empty()) copy.body.as_object()->erase("apiVersion");
  return copy;
}

// What the patch most likely meant: the same name under another version or namespace, or a name
// like it.
std::string nearest_target(const ResourceSet& resources, const ResourceId& id) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto other = resources[i].id();
    if (other.gvk.kind != id.gvk.kind) continue;
    if (other.name == id.name && other.gvk != id.gvk) {
      return fmt::format("its apiVersion is \"{}\": write that into the patch",
                         api_version(other.gvk));
    }
    if (other.name == id.name) {
      return fmt::format("its namespace is \"{}\": write that into the patch",
                         other.effective_namespace());
    }
    names.push_back(other.name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(id.name, known);
  if (near) return fmt::format("did you mean \"{}\"?", *near);
  return "make the patch's apiVersion, kind, name and namespace those of a resource, or give it a "
         "target";
}

Result<Resource*> target_of(ResourceSet& resources, const Resource& patch) {
  const auto id = patch.original_id();
  const auto found = resources.with_any_id(id);
  if (found.size() == 1) return found.front();
  const std::string shown = fmt::format("{} {} \"{}\"", api_version(id.gvk), id.gvk.kind, id.name);
  const std::string space = id.space.empty() ? "" : fmt::format(" in namespace \"{}\"", id.space);
  if (found.empty()) {
    return failure(Error(Code::kustomize_target,
                         fmt::format("a patch is for {}{}, which is not there", shown, space))
                       .at(patch.at)
                       .fix(nearest_target(resources, id)));
  }
  return failure(
      Error(Code::kustomize_target,
            fmt::format("a patch is for {}, and {} resources are that", shown, found.size()))
          .at(patch.at)
          .at(found[0]->at)
          .at(found[1]->at)
          .fix("give the patch the namespace of the one it means"));
}

Error several_documents(const Resource& second) {
  return Error(Code::kustomization, "an entry of patches with a target has more than one document")
      .at(second.at)
      .fix("split the documents over several entries");
}

Result<> merge_all(ResourceSet& resources, const std::vector<Resource>& patches,
                   const std::optional<Target>& target, const MergeSchema& schema, Budget& budget) {
  if (!target) {
    for (const auto& patch : patches) {
      Resource* resource = TRY(target_of(resources, patch));
      TRY(merge_one(*resource, patch, schema, budget));
      resources.renamed(*resource);
    }
    return {};
  }
  for (Resource* resource : resources.selected_by(*target)) {
    TRY(merge_one(*resource, fitted(patches.front(), *resource), schema, budget));
    // The tool gives the patch the version of its target, an empty one where that has none.
    if (!is_blank(&resource->body) && api_version_of(resource->body).empty()) resource->body["apiVersion"] = Value();
    resources.renamed(*resource);
  }
  resources.drop_empty();
  return resources.check_unique();
}

Result<> apply_text(ResourceSet& resources, const Patch& patch, const PatchText& text,
                    const Loader& loader, const MergeSchema& schema) {
  auto documents = read_resources(text.text, text.name, loader.read_limits(), Folded::as_written);
  if (documents) {
    for (auto& document : *documents) {
      document.allow_name_change |= patch.options.allow_name_change;
      document.allow_kind_change |= patch.options.allow_kind_change;
      // The tool notes that in the patch's annotations, all of which it writes as texts: a null too.
      if (document.allow_name_change || document.allow_kind_change) {
        set_metadata_texts(document.body, "annotations", spelled_texts(document, "annotations"));
        document.typed_annotations.clear();
      }
    }
    if (documents->empty()) return {};
    std::optional<Target> target;
    if (patch.target && documents->size() > 1) return failure(several_documents((*documents)[1]));
    if (patch.target) target = TRY(target_in(patch, text.entry));
    return merge_all(resources, *documents, target, schema, loader.budget());
  }
  auto operations = json_operations(text, loader.read_limits());
  if (!operations) {
    // Whoever wrote a list meant operations, whoever wrote a map meant a resource.
    const bool list = text.text.starts_with('[') || text.text.starts_with('-') ||
                      documents.error().code() == operations.error().code();
    return failure(list ? std::move(operations).error()
                        : std::move(documents).error().within("reading a patch"));
  }
  if (!patch.target) {
    return failure(Error(Code::kustomization, "a JSON patch has no target")
                       .at(text.name)
                       .fix("give the entry a target: {kind: …, name: …}"));
  }
  const Target target = TRY(target_in(patch, text.entry));
  return apply_operations(resources, target, *operations, Remember::yes, loader.budget());
}

// One entry of patchesStrategicMerge: the patches themselves, or the name of their file.
Result<std::vector<Resource>> read_entry(const std::string& entry, const Loader& loader) {
  auto documents = read_resources(entry, std::string(inline_name), loader.read_limits(), Folded::as_written);
  if (documents) return documents;
  std::string text = TRY(loader.read(entry), "reading a patch");
  return read_resources(std::move(text), loader.path_of(entry), loader.read_limits(), Folded::as_written);
}

Result<> merge_entry(ResourceSet& resources, const Resource& patch, const MergeSchema& schema,
                     Budget& budget) {
  Resource* target = TRY(target_of(resources, patch));
  TRY(merge_one(*target, fitted(patch, *target), schema, budget));
  resources.renamed(*target);
  if (is_blank(&target->body)) resources.drop_empty();
  return resources.check_unique();
}

}  // namespace

Result<> apply_patch(ResourceSet& resources, const Patch& patch, const Loader& loader,
                     const MergeSchema& schema, const Entry& entry) {
  const PatchText text = TRY(text_of_patch(patch, loader, entry));
  return told(apply_text(resources, patch, text, loader, schema), text);
}

Result<> apply_strategic_merges(ResourceSet& resources, const std::vector<std::string>& patches,
                                const Loader& loader, const MergeSchema& schema, const Entry& list) {
  struct Listed {
    Resource patch;
    std::size_t entry;
  };

  std::vector<Listed> all;
  const auto told_of = [&](Error error, std::size_t i) {
    const Entry entry = list.at(fmt::format("/{}", i));
    error = entry.told_of_text(std::move(error), inline_name);
    return std::move(error).at(entry.place());
  };
  for (std::size_t i = 0; i < patches.size(); ++i) {
    auto documents = read_entry(patches[i], loader);
    if (!documents) return failure(told_of(std::move(documents).error(), i));
    for (auto& document : *documents)
      all.push_back({std::move(document), i});
  }
  if (all.empty()) {
    return failure(Error(Code::kustomization, "the patches of patchesStrategicMerge are empty")
                       .at(list.place())
                       .fix("remove the field"));
  }
  for (const auto& [patch, entry] : all) {
    auto done = merge_entry(resources, patch, schema, loader.budget());
    if (!done) return failure(told_of(std::move(done).error(), entry));
  }
  return {};
}

Result<> apply_json6902(ResourceSet& resources, const Patch& patch, const Loader& loader,
                        const Entry& entry) {
  if (!patch.target || patch.target->name.empty()) {
    return failure(Error(Code::kustomization, "an entry of patchesJson6902 has no target name")
                       .at(entry.place())
                       .fix("give it a target: {version: …, kind: …, name: …}"));
  }
  const PatchText text = TRY(text_of_patch(patch, loader, entry));
  const auto apply = [&]() -> Result<> {
    const Operations operations = TRY(json_operations(text, loader.read_limits()));
    if (operations.list.as_array()->empty()) {
      return failure(Error(Code::kustomization, "a patch of patchesJson6902 is empty")
                         .at(text.name)
                         .fix("remove the entry"));
    }
    const Target target = TRY(target_in(patch, entry));
    return apply_operations(resources, target, operations, Remember::no, loader.budget());
  };
  return told(apply(), text);
}

}  // namespace holdfast::kustomize
