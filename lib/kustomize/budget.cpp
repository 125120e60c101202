// SPDX-License-Identifier: Apache-2.0
#include "kustomize/budget.h"

#include "value/json.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::kustomize {

Result<> Budget::count_file(std::size_t bytes, std::string_view path) {
  ++files_;
  bytes_ += bytes;
  if (files_ > limits_.files)
    return failure(Code::limit, "the build reads more than {} files, at \"{}\"", limits_.files, path);
  if (bytes_ > limits_.bytes)
    return failure(Code::limit, "the build reads more than {} bytes, at \"{}\"", limits_.bytes, path);
  auto in_time = check_time();
  if (!in_time) return failure(std::move(in_time).error().at(std::string(path)));
  return {};
}

Result<> Budget::grow(std::size_t bytes) {
  grown_ += bytes;
  if (grown_ > limits_.copied) {
    return failure(Code::limit, "the build copies more than {} bytes into resources", limits_.copied);
  }
  return check_time();
}

Result<> Budget::check_time() const {
  if (std::chrono::steady_clock::now() < deadline_) return {};
  return failure(Code::limit, "the build takes longer than {} ms", limits_.time.count());
}

Limits Budget::left() const {
  const auto rest = [](std::size_t limit, std::size_t spent) {
    return limit > spent ? limit - spent : std::size_t{0};
  };
  Limits out = limits_;
  out.files = rest(limits_.files, files_);
  out.bytes = rest(limits_.bytes, bytes_);
  out.copied = rest(limits_.copied, grown_);
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline_ - std::chrono::steady_clock::now());
  out.time = std::max(time, std::chrono::milliseconds(0));
  return out;
}

std::size_t size_of(const Value& value) {
  std::size_t out = sizeof(Value);
  if (const auto* text = value.as_string()) out += text->size();
  if (const auto* array = value.as_array()) {
    for (const auto& element : *array)
      out += size_of(element);
  }
  if (const auto* object = value.as_object()) {
    for (const auto& [key, member] : *object)
      out += sizeof(std::string) + key.size() + size_of(member);
  }
  return out;
}

std::size_t size_of(const Texts& texts) {
  std::size_t out = 0;
  for (const auto& [key, text] : texts)
    out += sizeof(Member) + key.size() + text.size();
  return out;
}

Result<Value> read_yaml(std::string_view text, const std::string& file, const ReadLimits& limits,
                        Duplicates duplicates) {
  return yaml::parse_one(text, file, yaml::Dialect::kube,
                         {.depth = limits.depth,
                          .bytes = limits.bytes,
                          .nodes = limits.nodes,
                          .duplicates = duplicates == Duplicates::refuse
                                            ? yaml::Duplicates::refuse
                                            : yaml::Duplicates::keep_last});
}

Result<Value> read_document(std::string_view text, const std::string& file,
                            const ReadLimits& limits, Duplicates duplicates) {
  if (!text.starts_with('{') && !text.starts_with('['))
    return read_yaml(text, file, limits, duplicates);
  return json::parse(text, file,
                     {.depth = limits.depth, .bytes = limits.bytes, .nodes = limits.nodes});
}

}  // namespace holdfast::kustomize
