// SPDX-License-Identifier: Apache-2.0
// Plain directories: the YAML and JSON files of a folder are the manifests. It does not know
// options of other source types. Jsonnet is refused by name. Mirrors argoproj/argo-cd 3.6
// reposerver/repository/repository.go: findManifests, getPotentiallyValidManifests,
// getObjsFromYAMLOrJSON.
#pragma once

#include "render/render.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::render {

enum class Recurse { no, yes };
enum class Extensions { manifests, all };  // all: disableExtensionFilter

struct DirectoryOptions {
  Recurse recurse = Recurse::no;
  Extensions extensions = Extensions::manifests;
  std::string include;  // globs on the path below the folder; "" takes all
  std::string exclude;
  std::size_t bytes_max = std::size_t{10} << 20;  // of all files together; upstream's default
};

// `directory` is spec.source.directory, null when absent.
// Refuses with Code::wrong_type, or Code::source_unsupported for options of jsonnet.
Result<DirectoryOptions> decode_directory_options(const Value* directory);

Result<std::vector<Manifest>> render_directory(const tree::FileTree& tree, std::string_view folder,
                                               const DirectoryOptions& options);

}  // namespace holdfast::render
