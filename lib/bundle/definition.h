// SPDX-License-Identifier: Apache-2.0
// What a bundle is to hold, as bundles/*.toml say it. docs/formats/bundle-definition.md is its
// reference. Texts may name variables, ${name}; relative paths start at the definition's folder.
// It does not read what the paths lead to.
#pragma once

#include "base/result.h"
#include "bundle/image.h"
#include "bundle/sbom.h"
#include "bundle/statement.h"

#include <map>
#include <string>
#include <vector>

namespace holdfast::bundle {

// One file, or all files of a folder under `name`/.
struct FileSource {
  std::string component;
  std::string name;  // "" with a folder: its files' own relative paths
  std::string path;
  std::vector<std::string> without;  // paths in the folder that are left out
};

struct ChartSource {
  std::string component;
  std::string name;
  std::string version;
  std::string path;  // a packaged chart, or a chart's folder
};

// A tree of files as one tar, for repositories and templates.
struct TreeSource {
  std::string component;
  std::string name;
  std::string path;
};

struct Definition {
  Statement statement;  // name, version and policy; digests and limits come later
  std::vector<ProgramImage> program_images;
  std::vector<ArchiveImage> archive_images;
  std::vector<FileSource> files;
  std::vector<ChartSource> charts;
  std::vector<TreeSource> trees;
  std::vector<VexSource> vex;
};

using Variables = std::map<std::string, std::string, std::less<>>;

// Reads `path` and what it includes. `variables` win over the [variables] of the files.
// Refuses with Code::bundle_definition, Code::unknown_key, Code::toml_syntax, Code::wrong_type.
Result<Definition> load_definition(const std::string& path, const Variables& variables);

}  // namespace holdfast::bundle
