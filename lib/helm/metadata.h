// SPDX-License-Identifier: Apache-2.0
// The fields of Chart.yaml: their keys, Go's names of them, what they must be, and how a document is
// read into them as Go's decoder reads it. It does not know templates.
// Mirrors helm 4.3 pkg/chart/v2/{metadata,dependency}.go, Go 1.26 encoding/json.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::helm {

struct MetadataField {
  enum class Shape {
    text,   // without what cannot be printed
    word,   // a text as it stands
    flag,
    list,
    texts,
    text_map,
    objects,
  };
  enum class Empty { left_out, shown };  // in the JSON of Go's struct

  std::string_view key;   // "apiVersion"
  std::string_view name;  // "APIVersion", as templates say
  Shape shape = Shape::text;
  std::span<const MetadataField> inner = {};  // of objects
  Empty empty = Empty::left_out;
};

// Each in the order of its struct.
inline constexpr auto maintainer_fields =
    std::to_array<MetadataField>({{"name", "Name"}, {"email", "Email"}, {"url", "URL"}});
inline constexpr auto dependency_fields = std::to_array<MetadataField>(
    {{"name", "Name", MetadataField::Shape::text, {}, MetadataField::Empty::shown},
     {"version", "Version"},
     {"repository", "Repository", MetadataField::Shape::text, {}, MetadataField::Empty::shown},
     {"condition", "Condition"},
     {"tags", "Tags", MetadataField::Shape::texts},
     {"enabled", "Enabled", MetadataField::Shape::flag},
     {"import-values", "ImportValues", MetadataField::Shape::list},
     {"alias", "Alias", MetadataField::Shape::word}});
inline constexpr auto chart_fields = std::to_array<MetadataField>(
    {{"name", "Name"},
     {"home", "Home"},
     {"sources", "Sources", MetadataField::Shape::texts},
     {"version", "Version", MetadataField::Shape::word},
     {"description", "Description"},
     {"keywords", "Keywords", MetadataField::Shape::texts},
     {"maintainers", "Maintainers", MetadataField::Shape::objects, maintainer_fields},
     {"icon", "Icon"},
     {"apiVersion", "APIVersion", MetadataField::Shape::word},
     {"condition", "Condition"},
     {"tags", "Tags"},
     {"appVersion", "AppVersion"},
     {"deprecated", "Deprecated", MetadataField::Shape::flag},
     {"annotations", "Annotations", MetadataField::Shape::text_map},
     {"kubeVersion", "KubeVersion"},
     {"dependencies", "Dependencies", MetadataField::Shape::objects, dependency_fields},
     {"type", "Type", MetadataField::Shape::word}});

// Reads the document's fields over those of `metadata`, which afterwards has known keys alone, each of
// its field's shape: numbers and booleans are texts, null is nothing. A key may be written in other
// letters ("appversion"); of two that mean one field the last in the order of their bytes counts.
// Refuses with Code::chart a value of another shape, at its place in `text`, which the document was
// read from; `file` is its name there.
Result<> read_metadata(Object& metadata, const Value& document, std::string_view text, const std::string& file);

}  // namespace holdfast::helm
