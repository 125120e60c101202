// SPDX-License-Identifier: Apache-2.0
// Sync options: `Key=value` words of an Application, an operation or an object's annotation, and what
// they mean when several of these speak. Pure.
// Mirrors argoproj/argo-cd 3.6 SyncOptions and gitops-engine pkg/sync/resource/annotations.go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace holdfast::sync {

class Options {
 public:
  Options() = default;
  explicit Options(std::vector<std::string> words) : words_(std::move(words)) {}

  [[nodiscard]] bool has(std::string_view word) const;
  // What follows "key=", "" when absent.
  [[nodiscard]] std::string_view value(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  [[nodiscard]] bool empty() const { return words_.empty(); }

 private:
  std::vector<std::string> words_;
};

// Is `word` among the comma-separated, trimmed words of the annotation?
bool has_annotation_word(const Value& object, std::string_view annotation, std::string_view word);

// The object's own options (annotation argocd.argoproj.io/sync-options).
bool has_option(const Value* object, std::string_view word);

enum class Prune { yes, no, confirm };
Prune prune_of(const Options& application, const Value& live);
enum class Delete { yes, no, confirm };
Delete delete_of(const Options& application, const Value& live);

}  // namespace holdfast::sync
