// SPDX-License-Identifier: Apache-2.0
// What one build may still spend of the caller's limits. All its loaders and transformers share it.
#pragma once

#include "base/result.h"
#include "kustomize/kustomize.h"
#include "kustomize/object.h"
#include "value/value.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::kustomize {

// Of one text.
struct ReadLimits {
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t nodes = 4'000'000;
  int depth = 100;
};

// All refuse with Code::limit.
class Budget {
 public:
  explicit Budget(const Limits& limits)
      : limits_(limits), deadline_(std::chrono::steady_clock::now() + limits.time) {}

  // A file was read.
  Result<> count_file(std::size_t bytes, std::string_view path);
  // A transformer copies this much into the resources, or did. Looks at the time, too.
  Result<> grow(std::size_t bytes);
  [[nodiscard]] Result<> check_time() const;

  // What is not spent yet.
  [[nodiscard]] Limits left() const;

  [[nodiscard]] ReadLimits of_text() const {
    return {.bytes = limits_.bytes, .nodes = limits_.nodes, .depth = limits_.depth};
  }

 private:
  Limits limits_;
  std::chrono::steady_clock::time_point deadline_;
  std::size_t files_ = 0, bytes_ = 0, grown_ = 0;
};

// What a copy of the value needs.
std::size_t size_of(const Value& value);
std::size_t size_of(const Texts& texts);

enum class Duplicates { refuse, keep_last };

// The one document of a configuration.
Result<Value> read_yaml(std::string_view text, const std::string& file, const ReadLimits& limits,
                        Duplicates duplicates = Duplicates::refuse);

// The same where the tool tells JSON by its first character: schemas, definitions, operations.
Result<Value> read_document(std::string_view text, const std::string& file,
                            const ReadLimits& limits, Duplicates duplicates = Duplicates::refuse);

}  // namespace holdfast::kustomize
