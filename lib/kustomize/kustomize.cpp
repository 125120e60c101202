// SPDX-License-Identifier: Apache-2.0
#include "kustomize/kustomize.h"

#include "base/text.h"
#include "kustomize/build_context.h"
#include "kustomize/field_path.h"
#include "kustomize/layer.h"
#include "kustomize/memory.h"
#include "kustomize/name_references.h"
#include "kustomize/origin.h"
#include "kustomize/transformers.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::kustomize {
namespace {

// "true" and anything but "false", nothing at all too: the tool keeps a resource only without the
// mark or with "false".
bool is_local(const Resource& resource) {
  const Value* mark =
      resource.body.find_path({"metadata", "annotations", "config.kubernetes.io/local-config"});
  return mark != nullptr && (mark->is_null() || text_of(*mark) != "false");
}

Result<> check_identity(const Resource& resource) {
  if (!kind_of(resource.body).empty() && !name_of(resource.body).empty()) return {};
  return failure(Error(Code::object_invalid, "a resource has lost its kind or name in the build")
                     .at(resource.at)
                     .fix("look at the patches and replacements that change it"));
}

Result<> drop_local(ResourceSet& resources) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    TRY(check_identity(resources[i]));
    if (!is_local(resources[i])) kept.push_back(i);
  }
  if (kept.size() != resources.size()) resources.reorder(kept);
  return {};
}

bool wants(const Kustomization& root, std::string_view option) {
  return std::ranges::find(root.build_metadata, option) != root.build_metadata.end();
}

// What YAML cannot hold: the tool refuses to print it.
bool is_printable(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x7F) continue;
    const auto next = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
    };
    if (byte == 0x7F) return false;
    if (byte == 0xC2 && next(1) < 0xA0 && next(1) != 0x85) return false;
    if (byte == 0xEF && next(1) == 0xBF && next(2) >= 0xBE) return false;
  }
  return true;
}

constexpr std::string_view next_line = "\xC2\x85";  // U+0085

// The tool reads what it prints from JSON as if that were YAML, where U+0085 ends a line, also within
// quotes: with the spaces around them one becomes a space, and several all the line ends but one.
void fold_next_lines(std::string& text) {
  if (text.find(next_line) == std::string::npos) return;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto start = i;
    std::size_t ends = 0;
    while (text[i] == ' ' || text.compare(i, next_line.size(), next_line) == 0) {
      const bool end = text[i] != ' ';
      i += end ? next_line.size() : 1;
      ends += end ? 1 : 0;
    }
    if (ends == 0) out.append(text, start, i - start);
    if (ends == 1) out += ' ';
    if (ends > 1) out.append(ends - 1, '\n');
    if (i < text.size()) out += text[i++];
  }
  text = std::move(out);
}

// A text of several lines that the tool prints as a block and cannot read again.
bool is_tabbed(std::string_view text) {
  if (!text.starts_with('\t') || text.find('\n') == std::string_view::npos) return false;
  return !text.ends_with(' ') && text.find(" \n") == std::string_view::npos &&
         std::ranges::none_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\n' && c != '\t') || byte >= 0xF0;
         });
}

// The last look at everything that will be printed: finds the first value that cannot be, and brings
// texts into the form that printing gives them.
class LastLook {
 public:
  enum class Flaw { no_number, unprintable, tabbed };

  // Texts that the build itself or a JSON patch has made may not begin with a tab, others keep their
  // quotes.
  enum class Texts { as_read, made };

  explicit LastLook(Texts texts) : texts_(texts) {}

  void at(Value& value) {
    if (flawed_ != nullptr) return;
    if (auto* text = value.as_string()) {
      at_text(value, *text);
    } else if (!is_finite(value)) {
      found(value, Flaw::no_number);
    } else if (auto* array = value.as_array()) {
      for (auto& element : *array)
        at(element);
    } else if (auto* object = value.as_object()) {
      for (auto& [key, member] : *object) {
        if (!is_printable(key)) found(member, Flaw::unprintable);
        at(member);
      }
    }
  }

  [[nodiscard]] const Value* flawed() const { return flawed_; }

  [[nodiscard]] Flaw flaw() const { return flaw_; }

 private:
  void at_text(const Value& value, std::string& text) {
    const bool plain = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x7F; });
    if (!plain && !is_printable(text)) return found(value, Flaw::unprintable);
    if (texts_ == Texts::made && is_tabbed(text)) return found(value, Flaw::tabbed);
    if (!plain) fold_next_lines(text);
  }

  void found(const Value& value, Flaw flaw) {
    if (flawed_ != nullptr) return;
    flawed_ = &value;
    flaw_ = flaw;
  }

  Texts texts_;
  const Value* flawed_ = nullptr;
  Flaw flaw_{};
};

std::unexpected<Error> flawed(const Resource& resource, const LastLook& look) {
  const std::string pointer = pointer_to(resource.body, look.flawed()).value_or("");
  switch (look.flaw()) {
    case LastLook::Flaw::no_number:
      return failure(Error(Code::wrong_type, fmt::format("{} of {} is .inf or .nan, which JSON has not",
                                                         pointer, describe(resource)))
                         .at(place_in(resource, pointer))
                         .fix("remove it, or put it in quotes"));
    case LastLook::Flaw::unprintable:
      return failure(Error(Code::text_encoding,
                           fmt::format("{} holds a control character, which YAML cannot hold",
                                       describe(resource)))
                         .at(resource.at)
                         .fix("remove it, or put the content in base64 into binaryData"));
    case LastLook::Flaw::tabbed: break;
  }
  const bool secret = kind_of(resource.body) == "Secret";
  const std::string shown =
      secret ? "" : fmt::format(": \"{}\"", printable(*look.flawed()->as_string(), 40));
  return failure(Error(Code::kustomization,
                       fmt::format("a text of several lines, {} of {}, begins with a tab{}", pointer,
                                   describe(resource), shown))
                     .at(resource.at)
                     .because("kustomize prints such a text as a block, which is no YAML")
                     .fix("begin it with spaces, or with an empty line or a comment"));
}

Result<> settle_texts(Resource& resource) {
  const bool made = resource.generated || resource.rewritten;
  LastLook look(made ? LastLook::Texts::made : LastLook::Texts::as_read);
  look.at(resource.body);
  if (look.flawed() != nullptr) return flawed(resource, look);
  Value* metadata = resource.body.find("metadata");
  Value* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr || !annotations->is_object()) return {};
  LastLook of_annotations(LastLook::Texts::made);
  of_annotations.at(*annotations);
  if (of_annotations.flawed() != nullptr) return flawed(resource, of_annotations);
  for (const auto& [key, text] : *annotations->as_object()) {
    if (is_text_key(key)) continue;
    return failure(Error(Code::object_invalid,
                         fmt::format("the annotation key \"{}\" of {} is no text to YAML", key,
                                     describe(resource)))
                       .at(resource.at));
  }
  return {};
}

// The tool's own annotations go, those that were asked for come; every annotation becomes a text.
void settle_annotations(Resource& resource, const Kustomization& root) {
  Texts texts = spelled_texts(resource, "annotations");
  std::erase_if(texts, [](const auto& entry) { return is_build_annotation(entry.first); });
  if (wants(root, "originAnnotations") && resource.origin) {
    texts.insert_or_assign("config.kubernetes.io/origin", print_origin(*resource.origin));
  }
  if (wants(root, "transformerAnnotations") && !resource.transformations.empty()) {
    texts.insert_or_assign("alpha.config.kubernetes.io/transformations",
                           print_transformations(resource.transformations));
  }
  set_metadata_texts(resource.body, "annotations", texts);
}

Result<> at_sort_options(Result<> done, const Layer& root) {
  if (done) return done;
  return failure(std::move(done).error().at(root.place_at("/sortOptions/order")));
}

Result<> sort(ResourceSet& resources, const Kustomization& root, Order order) {
  if (root.sort_options) return sort_resources(resources, *root.sort_options);
  if (order == Order::fifo) return {};
  return sort_resources(resources, {.order = "legacy", .legacy = {}});
}

}  // namespace

Result<Built> build(const tree::FileTree& tree, std::string_view directory,
                    const Options& options) {
  BuildContext context(options);
  const Loader loader = TRY(Loader::open(tree, directory, context.budget(), options.reading));
  Layer root = TRY(Layer::open(loader, context));
  const Kustomization kustomization = root.kustomization();
  TRY(context.choose_schema(kustomization, loader));
  Layer::Inherited inherited{
      .origin = std::nullopt, .build_metadata = kustomization.build_metadata, .helm_namespace = {}};
  if (!kustomization.build_metadata.empty()) inherited.origin = "";
  root.inherit(std::move(inherited));

  Accumulated all;
  TRY(root.accumulate(all));
  TRY(add_hashes(all.resources));
  TRY(fix_name_references(all.resources, all.config->name_references, context.budget()));
  TRY(resolve_vars(all.resources, all.vars, all.config->var_references, context.budget()));
  TRY(drop_local(all.resources));
  TRY(at_sort_options(sort(all.resources, kustomization, options.order), root));
  if (options.managed_by == ManagedBy::always || wants(kustomization, "managedByLabel")) {
    const FieldSpecs specs{FieldSpec{{}, "metadata/labels", true}};
    TRY(set_pairs(all.resources,
                  {{"app.kubernetes.io/managed-by", fmt::format("kustomize-{}", options.version)}},
                  specs));
  }

  Built built;
  built.warnings = std::move(context.warnings);
  built.resources.reserve(all.resources.size());
  for (std::size_t i = 0; i < all.resources.size(); ++i) {
    Resource& resource = all.resources[i];
    settle_annotations(resource, kustomization);
    TRY(settle_texts(resource));
    built.resources.push_back(
        {.object = std::move(resource.body), .origin = std::move(resource.at)});
  }
  return built;
}

void print(const Built& built, const std::function<void(std::string_view)>& take) {
  constexpr std::size_t piece = std::size_t{64} << 10;
  std::string out;
  for (std::size_t i = 0; i < built.resources.size(); ++i) {
    if (i > 0) out += "---\n";
    yaml::write_to(out, built.resources[i].object);
    if (out.size() < piece) continue;
    take(out);
    out.clear();
  }
  if (!out.empty()) take(out);
}

std::string print(const Built& built) {
  std::string out;
  print(built, [&](std::string_view text) { out += text; });
  return out;
}

}  // namespace holdfast::kustomize
