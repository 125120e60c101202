// SPDX-License-Identifier: Apache-2.0
#include "kustomize/replacements.h"

#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/structured_text.h"

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
    return failure(
        Error(Code::kustomize_target,
              fmt::format("the source of a replacement fits no resource: {}", describe(wanted)))
            .fix("name a resource that the build holds at that point, by its original or present "
                 "name"));
  }
  return found;
}

Result<Value> source_value(const ResourceSet& resources, const Replacement& replacement) {
  if (replacement.source_value && replacement.source) {
    return failure(Error(Code::kustomization, "a replacement has \"source\" and \"sourceValue\"")
                       .fix("keep one of them"));
  }
  if (replacement.source_value) return resolve_plain(*replacement.source_value);
  const auto& source = *replacement.source;
  const Resource* resource = TRY(find_source(resources, source.id));
  const std::string path =
      source.field_path.empty() ? std::string(default_path) : source.field_path;
  const Value* value = TRY(look_up(resource->body, split_field_path(path)));
  if (is_blank(value)) {
    return failure(Error(Code::kustomize_target,
                         fmt::format("the source of a replacement has no field \"{}\"", path))
                       .at(describe(*resource))
                       .at(resource->at));
  }
  if (!source.options || source.options->delimiter.empty()) return *value;
  if (!is_scalar(*value))
    return failure(Code::kustomization, "a delimiter needs a text, \"{}\" is {}", path,
                   type_of(*value));
  const auto parts = split_by(text_of(*value), source.options->delimiter);
  const auto index = source.options->index;
  if (index < 0 || static_cast<std::size_t>(index) >= parts.size()) {
    return failure(
        Error(Code::kustomize_target, fmt::format("options.index is {}, \"{}\" has {} parts", index,
                                                  text_of(*value), parts.size()))
            .at(describe(*resource)));
  }
  return with_text(*value, parts[static_cast<std::size_t>(index)]);
}

// A number or boolean keeps its type: a text that is none of that type has no place there.
Result<> write_text(Value& field, const std::string& text) {
  Value value = with_text(field, text);
  const bool fits = field.is_string() ||
                    (field.as_bool() != nullptr && value.as_bool() != nullptr) ||
                    (field.as_real() != nullptr && value.is_number()) ||
                    (field.is_number() && field.as_real() == nullptr && value.is_number() &&
                     value.as_real() == nullptr);
  if (!fits)
    return failure(Code::kustomize_target, "the field is {}, and \"{}\" is put into it",
                   type_of(field), printable(text));
  field = std::move(value);
  return {};
}

// Only the text of a scalar is copied: what was a text stays one, what was a number is read anew.
Result<> write(Value& field, const Value& value, const std::optional<FieldOptions>& options,
               bool fresh) {
  if (options && !options->delimiter.empty()) {
    if (!is_scalar(field))
      return failure(Code::kustomization, "a delimiter needs a text, the field is {}",
                     type_of(field));
    auto parts = split_by(field.is_null() ? std::string() : text_of(field), options->delimiter);
    const std::string text = text_of(value);
    if (options->index < 0) {
      parts.insert(parts.begin(), text);
    } else if (static_cast<std::size_t>(options->index) >= parts.size()) {
      parts.push_back(text);
    } else {
      parts[static_cast<std::size_t>(options->index)] = text;
    }
    const std::string joined = join(parts, options->delimiter);
    if (!fresh && !field.is_null()) return write_text(field, joined);
    field = resolve_plain(joined);
    return {};
  }
  if (!is_scalar(field)) {
    field = value;
  } else if (fresh) {
    field = is_scalar(value) ? resolve_plain(text_of(value)) : Value("");
  } else if (!field.is_null()) {
    return write_text(field, text_of(value));
  }
  return {};
}

class Writer {
 public:
  Writer(const ReplacementTarget& target, const Value& value) : target_(target), value_(value) {
    if (target.options && target.options->create)
      create_ = is_scalar(value) ? Value::Kind::string : value.kind();
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
      if (TRY(replace_in_text(resource.body, paths_[i], value_, create_))) continue;
      auto matches = match_all(resource.body, paths_[i], create_);
      if (!matches) return missing(resource, names_[i], matches.error().message());
      if (matches->fields.empty()) return missing(resource, names_[i], "");
      for (std::size_t k = 0; k < matches->fields.size(); ++k) {
        auto written = write(*matches->fields[k], value_, target_.options, matches->fresh[k]);
        if (!written)
          return failure(
              std::move(written).error().at(names_[i]).at(describe(resource)).at(resource.at));
      }
    }
    settle_shared(resource);
    return {};
  }

 private:
  static std::unexpected<Error> missing(const Resource& resource, std::string_view path,
                                        std::string cause) {
    Error error(Code::kustomize_target,
                fmt::format("the target of a replacement has no field \"{}\"", path));
    error = std::move(error)
                .at(describe(resource))
                .at(resource.at)
                .fix("correct fieldPaths, or set options.create: true");
    if (!cause.empty()) error = std::move(error).because(std::move(cause));
    return failure(std::move(error));
  }

  const ReplacementTarget& target_;
  const Value& value_;
  std::optional<Value::Kind> create_;
  std::vector<std::vector<std::string>> paths_;
  std::vector<std::string> names_;
};

Result<> apply_target(ResourceSet& resources, const ReplacementTarget& target, const Value& value) {
  if (!target.select) {
    return failure(Error(Code::kustomization, "a target of a replacement has no \"select\"")
                       .fix("say which resources to change: select: {kind: …, name: …}"));
  }
  const Target select = TRY(Target::make(*target.select));
  std::vector<Target> rejects;
  for (const auto& reject : target.reject)
    rejects.push_back(TRY(Target::make(reject)));
  const Writer writer(target, value);
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

Result<> replace_fields(ResourceSet& resources, const std::vector<Replacement>& replacements) {
  for (const auto& replacement : replacements) {
    if ((!replacement.source && !replacement.source_value) || replacement.targets.empty()) {
      return failure(
          Error(Code::kustomization, "a replacement needs a source and at least one target")
              .fix("give it \"source\" (or \"sourceValue\") and \"targets\""));
    }
    const Value value = TRY(source_value(resources, replacement));
    for (const auto& target : replacement.targets)
      TRY(apply_target(resources, target, value));
    resources.renamed_any();
  }
  return {};
}

}  // namespace holdfast::kustomize
