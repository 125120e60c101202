// SPDX-License-Identifier: Apache-2.0
#include "kustomize/replacements.h"

#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/memory.h"
#include "kustomize/structured_text.h"
#include "value/pointer.h"
#include "yaml/scalar.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::kustomize {
namespace {

constexpr std::string_view default_path = "metadata.name";

bool is_scalar(const Value& value) {
  return !value.is_object() && !value.is_array();
}

std::vector<std::string> split_by(std::string_view text, std::string_view delimiter) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(delimiter);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + delimiter.size());
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view delimiter) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : std::string(delimiter)) + parts[i];
  return out;
}

std::vector<ResourceId> all_ids(const Resource& resource) {
  std::vector<ResourceId> ids{resource.id()};
  ids.front().cluster_scoped = false;  // here an absent namespace is always "default"
  for (auto& id : resource.earlier_ids())
    ids.push_back(std::move(id));
  return ids;
}

bool is_source(const ResourceId& id, const Selector& wanted) {
  const auto space = [](std::string_view text) {
    return text.empty() ? std::string_view("default") : text;
  };
  return (wanted.name.empty() || wanted.name == id.name) &&
         (wanted.space.empty() || space(wanted.space) == space(id.space)) &&
         is_selected(id.gvk, {wanted.group, wanted.version, wanted.kind});
}

// What the source most likely means: a name or kind like its own.
std::optional<std::string> nearest_source(const ResourceSet& resources, const Selector& wanted) {
  std::vector<std::string> names, kinds;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto id = resources[i].id();
    kinds.push_back(id.gvk.kind);
    if (is_selected(id.gvk, {wanted.group, wanted.version, wanted.kind})) names.push_back(id.name);
  }
  const auto& known = names.empty() ? kinds : names;
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto near = nearest(names.empty() ? wanted.kind : wanted.name, views);
  if (!near) return std::nullopt;
  return std::string(*near);
}

Result<const Resource*> find_source(const ResourceSet& resources, const Selector& wanted) {
  const Resource* found = nullptr;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto ids = all_ids(resources[i]);
    if (!std::ranges::any_of(ids, [&](const ResourceId& id) { return is_source(id, wanted); }))
      continue;
    if (found != nullptr) {
      return failure(
          Error(Code::kustomize_target,
                fmt::format("the source of a replacement fits two resources: {}", describe(wanted)))
              .at(fmt::format("{} ({})", describe(*found), found->at))
              .at(fmt::format("{} ({})", describe(resources[i]), resources[i].at))
              .fix("name the source by kind, name and namespace"));
    }
    found = &resources[i];
  }
  if (found == nullptr) {
    const auto near = nearest_source(resources, wanted);
    return failure(
        Error(Code::kustomize_target,
              fmt::format("the source of a replacement fits no resource: {}", describe(wanted)))
            .fix(near ? fmt::format("did you mean \"{}\"?", *near)
                      : "name a resource that the build holds at that point, by its original or "
                        "present name"));
  }
  return found;
}

// What is copied. Of a scalar that is the text, as the file spells it.
struct Copied {
  Value value;
  std::string text;
  // Of all annotations: as texts, and which of them are typed.
  Value texts;
  std::set<std::string, std::less<>> typed;
  // Of a whole field: where it is. The tool copies the field as it is at each write, which may be into
  // the field itself.
  const Resource* resource = nullptr;
  std::string pointer;
};

// "did you mean", if anything there has such a name, or else that fix.
Error ending(Error error, const DeadEnd& end, std::string fix) {
  if (!end.cause.empty()) error = std::move(error).because(end.cause);
  return std::move(error).fix(end.near ? fmt::format("did you mean \"{}\"?", printable(*end.near))
                                       : std::move(fix));
}

Copied copied_text(Value value, const std::string& text) {
  Copied copied;
  copied.value = std::move(value);
  copied.text = text;
  return copied;
}

// The part at options.index of what is copied.
Result<Copied> part_of(Copied copied, const FieldOptions& options, const Resource& resource,
                       std::string_view path) {
  if (!is_scalar(copied.value))
    return failure(Code::kustomization, "a delimiter needs a text, \"{}\" is {}", path,
                   type_of(copied.value));
  const auto parts = split_by(copied.text, options.delimiter);
  const auto index = options.index;
  if (index < 0 || static_cast<std::size_t>(index) >= parts.size()) {
    return failure(
        Error(Code::kustomize_target, fmt::format("options.index is {}, \"{}\" has {} parts", index,
                                                  copied.text, parts.size()))
            .at(describe(resource)));
  }
  const std::string& part = parts[static_cast<std::size_t>(index)];
  return copied_text(with_text(copied.value, part), part);
}

// Out of annotations, or what holds them, comes what the tool keeps there, too.
Result<Copied> source_with_memory(Resource resource, std::span<const std::string> path, Budget& budget) {
  TRY(budget.grow(size_of(resource.body)));
  write_memory(resource);
  Copied copied;
  if (path.size() == 2) {
    const Value* texts = TRY(look_up(resource.body, path));
    if (texts != nullptr) copied.texts = *texts;
    copied.typed = resource.typed_annotations;
  }
  type_annotations(resource);
  const Value* value = TRY(look_up(resource.body, path));
  if (value == nullptr) return copied;
  if (is_scalar(*value)) copied.text = text_of(*value);
  copied.value = *value;
  return copied;
}

Result<Copied> source_in(const Resource& resource, std::span<const std::string> path, Budget& budget) {
  if (reaches_memory(path)) return source_with_memory(resource, path, budget);
  const Value* value = TRY(look_up(resource.body, path));
  Copied copied;
  if (is_blank(value)) return copied;
  copied.value = *value;
  copied.resource = &resource;
  copied.pointer = pointer_to(resource.body, value).value_or("");
  if (is_scalar(*value)) copied.text = spelled_text(resource, copied.pointer, *value);
  return copied;
}

// After a write into that field.
void follow(Copied& copied, const Resource& resource, const Value& field) {
  if (copied.resource != &resource) return;
  const std::string written = pointer_to(resource.body, &field).value_or("");
  if (written == copied.pointer || written.starts_with(copied.pointer + "/")) {
    const Value* now = json::find(resource.body, copied.pointer);
    if (now == nullptr) return;
    copied.value = *now;
    copied.text = is_scalar(*now) ? spelled_text(resource, copied.pointer, *now) : std::string();
  } else if (copied.pointer.starts_with(written + "/")) {
    copied.resource = nullptr;  // what was the source is no part of the resource any more
  }
}

Result<Copied> source_of(const ResourceSet& resources, const Replacement& replacement, Budget& budget) {
  if (replacement.source_value && replacement.source) {
    return failure(Error(Code::kustomization, "a replacement has \"source\" and \"sourceValue\"")
                       .fix("keep one of them"));
  }
  if (replacement.source_value)
    return copied_text(resolve_plain(*replacement.source_value), *replacement.source_value);
  const auto& source = *replacement.source;
  const Resource* resource = TRY(find_source(resources, source.id));
  const std::string path =
      source.field_path.empty() ? std::string(default_path) : source.field_path;
  const auto parts_of_path = split_field_path(path);
  Copied copied = TRY(source_in(*resource, parts_of_path, budget));
  if (is_blank(&copied.value)) {
    Error error = Error(Code::kustomize_target,
                        fmt::format("the source of a replacement has no field \"{}\"", path))
                      .at(fmt::format("{} ({})", describe(*resource), resource->at));
    return failure(ending(std::move(error), dead_end(resource->body, parts_of_path),
                          "name a field that the source has, and that is not empty"));
  }
  if (!source.options || source.options->delimiter.empty()) return copied;
  return part_of(std::move(copied), *source.options, *resource, path);
}

// Is the number in the field spelled as a real one, 5.0 or 1e3?
bool is_spelled_real(const Resource& resource, const Value& field) {
  if (field.as_real() != nullptr) return true;
  if (!field.is_number()) return false;
  const auto text =
      spelled_text(resource, pointer_to(resource.body, &field).value_or(""), field);
  return yaml::resolve(text, yaml::Dialect::kyaml).kind == yaml::ScalarKind::real;
}

enum class Number { whole, real };

// A number, boolean or null keeps its type: a text that is none of that type has no place there.
Result<> write_text(Value& field, const std::string& text, Number number) {
  const auto kind = yaml::resolve(text, yaml::Dialect::kyaml).kind;
  if (field.is_null() && (text.empty() || kind == yaml::ScalarKind::null)) return {};
  const bool whole = kind == yaml::ScalarKind::integer;
  const bool fits =
      field.is_string() || (field.as_bool() != nullptr && kind == yaml::ScalarKind::boolean) ||
      (field.is_number() &&
       (whole || (number == Number::real && kind == yaml::ScalarKind::real)));
  if (!fits)
    return failure(Error(Code::kustomize_target, fmt::format("the field is {}, and \"{}\" is put into it",
                                                             type_of(field), printable(text)))
                       .fix(field.is_null() ? "remove the null, and set options.create: true"
                                            : "put in what is of its type, or make it a text in quotes"));
  field = with_text(field, text);
  return {};
}

// What the text is in a field of its own making: annotations are texts as they are spelled.
enum class Fresh { no, field, annotation };

Value made_of(const std::string& text, Fresh fresh) {
  return fresh == Fresh::annotation ? Value(text) : resolve_plain(text);
}

// Only the text of a scalar is copied: what was a text stays one, what was a number is read anew.
Result<> write(Value& field, const Copied& copied, const std::optional<FieldOptions>& options,
               Fresh fresh, Number number) {
  if (options && !options->delimiter.empty()) {
    if (!is_scalar(field))
      return failure(Code::kustomization, "a delimiter needs a text, the field is {}",
                     type_of(field));
    auto parts = split_by(field.is_null() ? std::string() : text_of(field), options->delimiter);
    if (options->index < 0) {
      parts.insert(parts.begin(), copied.text);
    } else if (static_cast<std::size_t>(options->index) >= parts.size()) {
      parts.push_back(copied.text);
    } else {
      parts[static_cast<std::size_t>(options->index)] = copied.text;
    }
    const std::string joined = join(parts, options->delimiter);
    if (fresh == Fresh::no) return write_text(field, joined, number);
    field = made_of(joined, fresh);
    return {};
  }
  if (!is_scalar(field)) {
    field = copied.value;
  } else if (fresh != Fresh::no) {
    field = is_scalar(copied.value) ? made_of(copied.text, fresh) : Value("");
  } else {
    return write_text(field, copied.text, number);
  }
  return {};
}

bool is_annotation(const std::vector<std::string>& path) {
  return path.size() == 3 && path[0] == "metadata" && path[1] == "annotations";
}

// Only the text of a scalar changes: its quotes stay.
void kept_quotes(Resource& resource, const Value& field, const Value& old) {
  const auto* text = field.as_string();
  if (text == nullptr || !wants_quotes(*text)) return;
  keep_quotes(resource, pointer_to(resource.body, &field).value_or(""), old, *text);
}

class Writer {
 public:
  Writer(const ReplacementTarget& target, Copied& copied, Entry entry, Budget& budget)
      : target_(target), copied_(copied), entry_(std::move(entry)), budget_(budget) {
    if (target.options && target.options->create)
      create_ = is_scalar(copied.value) ? Value::Kind::string : copied.value.kind();
    if (target.field_paths.empty()) {
      paths_.push_back(split_field_path(default_path));
      names_.emplace_back(default_path);
    }
    for (const auto& path : target.field_paths) {
      paths_.push_back(split_field_path(path));
      names_.push_back(path);
    }
  }

  Result<> apply(Resource& resource) const {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const Value value = is_scalar(copied_.value) ? Value(copied_.text) : copied_.value;
      const bool with_memory = reaches_memory(paths_[i]);
      if (with_memory) write_memory(resource);
      if (!TRY(replace_in_text(resource.body, paths_[i], value, create_, budget_)))
        TRY(apply_path(resource, i));
      if (with_memory) settle_annotations(resource, paths_[i]);
    }
    settle_shared(resource);
    return {};
  }

 private:
  Result<> apply_path(Resource& resource, std::size_t i) const {
    auto matches = match_all(resource.body, paths_[i], create_);
    if (!matches || matches->fields.empty()) return missing(resource, i);
    const Fresh made = is_annotation(paths_[i]) ? Fresh::annotation : Fresh::field;
    for (std::size_t k = 0; k < matches->fields.size(); ++k) {
      Value& field = *matches->fields[k];
      const auto number = is_spelled_real(resource, field) ? Number::real : Number::whole;
      const Value old = is_scalar(field) ? field : Value();
      auto written =
          write(field, copied_, target_.options, matches->fresh[k] ? made : Fresh::no, number);
      if (!written)
        return failure(std::move(written)
                           .error()
                           .at(fmt::format("{} of {} ({})", names_[i], describe(resource), resource.at))
                           .at(place(i)));
      if (!matches->fresh[k]) kept_quotes(resource, field, old);
      follow(copied_, resource, field);
      TRY(budget_.grow(size_of(field)));
    }
    return {};
  }

  // Annotations that were copied as a whole are again what they were.
  void settle_annotations(Resource& resource, std::span<const std::string> path) const {
    Value* all = path.size() == 2 ? resource.body["metadata"].find("annotations") : nullptr;
    if (all != nullptr && *all == copied_.value && copied_.texts.is_object()) {
      *all = copied_.texts;
      resource.typed_annotations = copied_.typed;
    }
    read_memory(resource);
  }

  [[nodiscard]] std::string place(std::size_t i) const {
    return target_.field_paths.empty() ? entry_.place() : entry_.place(fmt::format("/fieldPaths/{}", i));
  }

  [[nodiscard]] std::unexpected<Error> missing(const Resource& resource, std::size_t i) const {
    Error error = Error(Code::kustomize_target,
                        fmt::format("the target of a replacement has no field \"{}\"", names_[i]))
                      .at(fmt::format("{} ({})", describe(resource), resource.at))
                      .at(place(i));
    return failure(ending(std::move(error), dead_end(resource.body, paths_[i]),
                          "correct fieldPaths, or set options.create: true"));
  }

  const ReplacementTarget& target_;
  Copied& copied_;
  Entry entry_;
  Budget& budget_;
  std::optional<Value::Kind> create_;
  std::vector<std::vector<std::string>> paths_;
  std::vector<std::string> names_;
};

Result<> apply_target(ResourceSet& resources, const ReplacementTarget& target, Copied& copied,
                      const Entry& entry, Budget& budget) {
  TRY(budget.check_time());
  if (!target.select) {
    return failure(Error(Code::kustomization, "a target of a replacement has no \"select\"")
                       .fix("say which resources to change: select: {kind: …, name: …}"));
  }
  const auto selected = Target::make(*target.select);
  if (!selected) return failure(Error(selected.error()).at(entry.place("/select")));
  const Target& select = *selected;
  std::vector<Target> rejects;
  for (std::size_t i = 0; i < target.reject.size(); ++i) {
    auto reject = Target::make(target.reject[i]);
    if (!reject) return failure(std::move(reject).error().at(entry.place(fmt::format("/reject/{}", i))));
    rejects.push_back(*std::move(reject));
  }
  const Writer writer(target, copied, entry, budget);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    const auto ids = all_ids(resource);
    if (!std::ranges::any_of(ids, [&](const ResourceId& id) { return select.fits(id); })) continue;
    if (!select.fits_labels(resource)) continue;
    bool rejected = false;
    for (std::size_t r = 0; r < rejects.size(); ++r) {
      rejected |= rejects[r].has_labels() && rejects[r].fits_labels(resource);
      if (target.reject[r].is_empty_id()) continue;
      rejected |=
          std::ranges::any_of(ids, [&](const ResourceId& id) { return rejects[r].fits(id); });
    }
    if (!rejected) TRY(writer.apply(resource));
  }
  return {};
}

}  // namespace

Result<std::vector<PlacedReplacement>> load_replacements(const std::vector<Replacement>& entries,
                                                         const Loader& loader, const Entry& list) {
  std::vector<PlacedReplacement> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Replacement& own = entries[i];
    const Entry entry = list.at(fmt::format("/{}", i));
    if (own.path.empty()) {
      out.push_back({own, entry});
      continue;
    }
    if (own.source || own.source_value || !own.targets.empty()) {
      return failure(Error(Code::kustomization, "a replacement has a path and fields of its own")
                         .at(entry.place())
                         .fix("keep one of them"));
    }
    auto text = loader.read(own.path);
    if (!text)
      return failure(std::move(text).error().within("reading replacements").at(entry.place("/path")));
    const std::string name = loader.path_of(own.path);
    auto more = read_replacements(*text, name, loader.read_limits());
    if (!more) return failure(std::move(more).error().at(entry.place("/path")));
    const Entry file(name, std::make_shared<const std::string>(*std::move(text)), 0, "");
    const bool one = more->size() == 1 && file.place() == file.place("/0");
    for (std::size_t k = 0; k < more->size(); ++k)
      out.push_back({std::move((*more)[k]), one ? file : file.at(fmt::format("/{}", k)), entry.at("/path")});
  }
  return out;
}

namespace {

Result<> replace(ResourceSet& resources, const Replacement& replacement, const Entry& entry,
                 Budget& budget) {
  if ((!replacement.source && !replacement.source_value) || replacement.targets.empty()) {
    return failure(
        Error(Code::kustomization, "a replacement needs a source and at least one target")
            .fix("give it \"source\" (or \"sourceValue\") and \"targets\""));
  }
  auto copied = source_of(resources, replacement, budget);
  if (!copied) return failure(Error(copied.error()).at(entry.place("/source")));
  for (std::size_t i = 0; i < replacement.targets.size(); ++i)
    TRY(apply_target(resources, replacement.targets[i], *copied,
                     entry.at(fmt::format("/targets/{}", i)), budget));
  return {};
}

}  // namespace

Result<> replace_fields(ResourceSet& resources, const std::vector<PlacedReplacement>& replacements,
                        Budget& budget) {
  for (const auto& [replacement, entry, listed] : replacements) {
    auto done = replace(resources, replacement, entry, budget);
    if (!done) {
      Error error = placed(std::move(done).error(), entry.place());
      if (listed) error = std::move(error).at(listed->place());
      return failure(std::move(error));
    }
    resources.renamed_any();
  }
  return {};
}

}  // namespace holdfast::kustomize
