// SPDX-License-Identifier: Apache-2.0
// Rendered files → documents in install order, hooks apart. Pure.
// Mirrors helm 4.3 pkg/release/v1/util/{manifest,manifest_sorter,kind_sorter}.go.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "helm/helm.h"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

// What the templates make, read as it is made: their documents are views of texts that nothing is
// copied from before a document is handed out.
class Manifests {
 public:
  explicit Manifests(const Settings& settings) : settings_(settings) {}

  // The template that makes a file, and where it stands.
  struct Origin {
    const gotmpl::Templates& templates;
    const std::string& path;
    gotmpl::Templates::Trace& trace;
  };
  // The next lines of the file.
  void add(const Origin& origin, std::string lines);
  // The file is over. What is no YAML in it is remembered, at the line of the template that made it.
  void end(const Origin& origin);

  // Refuses with Code::yaml_syntax the first by its path of the files that are no YAML.
  Result<> check();
  // Manifests in install order, then hooks in theirs; those of one kind by path, then as they stand in it.
  Result<> hand_out(const Take& take);

 private:
  struct Manifest {
    std::string_view text;
    std::string* whole;  // the text that it is a view of, where it is the only one
    const std::string* path;
    const std::string* kind;  // null for one that has a rank of its own
    std::uint32_t rank;       // of its kind, in the order of installing
    std::uint32_t place;      // among all that were read
    Document::Kind part;
  };
  static bool comes_before(const Manifest& a, const Manifest& b);
  void read(const Origin& origin, std::string text);
  Result<> read_document(const Origin& origin, std::string_view text, std::size_t offset);

  const Settings& settings_;
  std::deque<std::string> texts_;
  std::deque<std::string> paths_;
  std::set<std::string> kinds_;
  std::vector<Manifest> manifests_;
  std::map<std::string, Error> errors_;  // by path
  // Of the file that is being read.
  std::string pending_;     // from the last separator on
  std::size_t offset_ = 0;  // of that in the file
  const std::string* path_ = nullptr;
};

// A file's documents as Helm 4.2 and later cut them: views of the text.
std::vector<std::string_view> split_documents(std::string_view text);
// As Helm 3 cuts and trims them.
std::vector<std::string_view> split_documents3(std::string_view text);

}  // namespace holdfast::helm
