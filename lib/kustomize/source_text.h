// SPDX-License-Identifier: Apache-2.0
// Traits of the tool's reading and writing that a Value does not carry: how it cuts a file into
// documents, and what its printer does to folded texts. It does not know what a resource means.
// Upstream: kustomize v5.8.1, kyaml/kio/byteio_reader.go; go-yaml v3, emitterc.go.
#pragma once

#include "base/result.h"
#include "kustomize/resource.h"

#include <string>
#include <string_view>

namespace holdfast::kustomize {

// The tool cuts at "\n---…\n" before it parses. Refuses with Code::yaml_syntax what it then cannot
// read: content after the dashes, and directives.
Result<> check_separators(std::string_view text, std::string_view file);

// The tool prints each resource once and reads it again. Its printer has a defect in folded texts
// ("key: >"): a line that stands further in gets an empty line before it.
std::string printed_folded(const std::string& text);

class FoldedTexts {
 public:
  explicit FoldedTexts(std::string_view text);

  // Gives the folded texts of the value, which stands at that JSON pointer of the resource as its file
  // has it, what that round trip gives them.
  void unfold(const Resource& resource, Value& value, const std::string& pointer);

 private:
  void visit(const Resource& resource, Value& node, const std::string& pointer);

  std::size_t left_ = 0;  // folded texts in the file that are not found yet
};

}  // namespace holdfast::kustomize
