// SPDX-License-Identifier: Apache-2.0
// A chart as Helm loads it: metadata, default values, templates, files, CRDs and the subcharts
// under charts/. Nothing is fetched: a dependency that is not there is refused. It does not know
// rendering. Mirrors helm 4.3 pkg/chart/v2/loader/load.go,
// pkg/chart/v2/{chart,metadata,dependency}.go.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "tree/file_tree.h"
#include "value/value.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

// The tree of a chart, whose files are read when someone asks for them: of a large chart most of the
// bytes are documentation, definitions that are only printed, and templates that are off.
class Reader {
 public:
  Reader(const tree::FileTree& tree, std::size_t bytes_max) : tree_(tree), bytes_max_(bytes_max) {}
  // Refuses what the tree refuses, and with Code::limit when all that it read together is too much.
  Result<std::string> read(const std::string& path);

 private:
  const tree::FileTree& tree_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

// A text that is here, or where it is to be read; without a byte order mark.
class Content {
 public:
  explicit Content(std::string text) : text_(std::move(text)) {}
  Content(std::shared_ptr<Reader> reader, std::string path)
      : text_(std::move(path)), reader_(std::move(reader)) {}
  Result<std::string> take() &&;
  // The same, if it can be taken more than once.
  [[nodiscard]] std::optional<Content> again() const {
    return reader_ != nullptr ? std::optional(*this) : std::nullopt;
  }

 private:
  std::string text_;  // with a reader the path
  std::shared_ptr<Reader> reader_;
};

struct File {
  std::string path;  // inside the chart, "templates/web.yaml"
  Content content;
};

struct Dependency {
  std::string name;
  std::string version;
  std::string repository;
  std::string alias;
  std::string condition;  // comma-separated value paths
  std::vector<std::string> tags;
  Array import_values;
};

struct Chart {
  std::string name;                      // changed to the alias of the dependency that brings it
  Value metadata;                        // Chart.yaml, all scalars of known text fields as text
  std::vector<Dependency> dependencies;  // Chart.yaml's or requirements.yaml's
  Object values;                // values.yaml, numbers of YAML as reals where Go has float64
  std::optional<Content> schema;  // values.schema.json
  std::vector<File> templates;  // of templates/
  std::vector<File> files;      // what .Files holds
  std::vector<std::string> crds;  // which of the files are of crds/, YAML and JSON
  std::vector<Chart> subcharts;

  [[nodiscard]] bool is_library() const { return metadata.text({"type"}) == "library"; }
};

// .helmignore is for the folder that a chart is written in; a packed chart is taken whole.
enum class Ignore { obey, skip };

struct LoadLimits {
  Ignore ignore = Ignore::obey;
  gotmpl::Flavor flavor = gotmpl::Flavor::helm4;
  int depth = 16;  // charts in charts
  std::size_t files = 50'000;
  std::size_t bytes = std::size_t{256} << 20;
};

// The chart in `directory` of the tree, which the chart needs until it is rendered. Refuses with
// Code::chart or Code::yaml_syntax, at the file.
Result<Chart> load_chart(const tree::FileTree& tree, std::string_view directory,
                         const LoadLimits& limits = {});

// What Go reads into a string field: a number or boolean becomes its text, a list or map nothing.
std::string scalar_text(const Value& value);

// The numbers of a YAML document as Helm's templates and merging see them: every one a float64.
void widen_numbers(Value& value);

}  // namespace holdfast::helm
