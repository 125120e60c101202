// SPDX-License-Identifier: Apache-2.0
// Image names, tags and digests.
// Upstream: kustomize v5.8.1, api/filters/imagetag, api/internal/image.
#include "base/text.h"
#include "kustomize/transformers.h"
#include "regex/expression.h"

#include <fmt/format.h>

namespace holdfast::kustomize {
namespace {

struct Reference {
  std::string name, tag, digest;
};

// The first ':' or '@' after the first '/' ends the name: a port before it is part of the name.
Reference split_reference(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos) slash = 0;
  const auto colon = text.find(':', slash);
  const auto at = text.find('@', slash);
  constexpr auto none = std::string_view::npos;
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::string(text.substr(from, to - from));
  };
  if (colon == none && at == none) return {std::string(text), {}, {}};
  if (at != none && (colon == none || at < colon))
    return {part(0, at), {}, part(at + 1, text.size())};
  if (at == none) return {part(0, colon), part(colon + 1, text.size()), {}};
  return {part(0, colon), part(colon + 1, at), part(at + 1, text.size())};
}

class ImageSetter {
 public:
  static Result<ImageSetter> make(const Image& image) {
    auto expression = regex::Expression::compile(
        fmt::format("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name));
    if (!expression) {
      return failure(Error(Code::kustomization,
                           fmt::format("the image name \"{}\" is not a regular expression",
                                       printable(image.name)))
                         .because(expression.error()));
    }
    return ImageSetter(image, *std::move(expression));
  }

  Result<> operator()(Value& value) const {
    if (value.is_null()) return {};
    if (value.is_object() || value.is_array()) {
      return failure(Code::wrong_type, "an image is {}, it must be a text", type_of(value));
    }
    const std::string text = text_of(value);
    if (expression_.matches(text)) value = with_text(value, changed(text));
    return {};
  }

  // Any list named containers or initContainers, wherever it is.
  Result<> everywhere(Value& node) const {
    if (auto* array = node.as_array()) {
      for (auto& element : *array)
        TRY(everywhere(element));
    }
    auto* object = node.as_object();
    if (object == nullptr) return {};
    for (auto& [key, value] : *object) {
      if (value.is_string()) continue;
      TRY(everywhere(value));
      if ((key != "containers" && key != "initContainers") || !value.is_array()) continue;
      for (auto& container : *value.as_array()) {
        if (Value* image = container.find("image")) TRY((*this)(*image));
      }
    }
    return {};
  }

 private:
  ImageSetter(const Image& image, regex::Expression expression)
      : image_(image), expression_(std::move(expression)) {}

  std::string changed(std::string_view text) const {
    auto [name, tag, digest] = split_reference(text);
    if (!image_.new_name.empty()) name = image_.new_name;
    if (!image_.new_tag.empty()) {
      tag = image_.new_tag;
      digest = image_.digest;
    } else if (!image_.digest.empty()) {
      tag.clear();
      digest = image_.digest;
    } else if (!image_.tag_suffix.empty()) {
      tag += image_.tag_suffix;
      digest.clear();
    }
    if (!tag.empty()) name += ":" + tag;
    if (!digest.empty()) name += "@" + digest;
    return name;
  }

  const Image& image_;
  regex::Expression expression_;
};

}  // namespace

Result<> set_images(ResourceSet& resources, const Image& image, const FieldSpecs& specs) {
  const ImageSetter setter = TRY(ImageSetter::make(image));
  const auto each = [&](auto&& change) -> Result<> {
    for (std::size_t i = 0; i < resources.size(); ++i) {
      Resource& resource = resources[i];
      if (kind_of(resource.body) == "CustomResourceDefinition") continue;
      auto done = change(resource.body);
      if (!done) return failure(std::move(done).error().at(describe(resource)).at(resource.at));
    }
    return {};
  };
  // Two passes over the same containers, as the tool has them: a tag suffix is added twice.
  TRY(each([&](Value& body) { return setter.everywhere(body); }));
  return each([&](Value& body) -> Result<> {
    for (const auto& spec : specs) {
      TRY(visit_fields(body, spec, Create::nothing, [&](Value& value) { return setter(value); }));
    }
    return {};
  });
}

}  // namespace holdfast::kustomize
