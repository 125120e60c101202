// SPDX-License-Identifier: Apache-2.0
#include "render/directory.h"

#include "base/glob.h"
#include "base/text.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <algorithm>

namespace holdfast::render {
namespace {

constexpr std::string_view skip_marker = "+argocd:skip-file-rendering";

bool is_manifest_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json") ||
         name.ends_with(".jsonnet");
}

bool has_kind(const Value& object) {
  return !object.text({"kind"}).empty();
}

// A YAML file that cannot be read but does not look like manifests belongs to something else.
bool looks_like_manifests(std::string_view text) {
  return text.find("apiVersion:") != std::string_view::npos &&
         text.find("kind:") != std::string_view::npos &&
         text.find("metadata:") != std::string_view::npos;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12), tail(6), tail(0);
  }
}

enum class Bytes { high_first, low_first };

std::string from_utf16(std::string_view text, Bytes order) {
  constexpr std::uint32_t replacement = 0xFFFD;
  const auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(text[i]), b = static_cast<unsigned char>(text[i + 1]);
    return static_cast<std::uint32_t>(order == Bytes::high_first ? a << 8 | b : b << 8 | a);
  };
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    std::uint32_t c = unit(i);
    if (c >= 0xD800 && c < 0xE000) {
      const std::uint32_t low = i + 3 < text.size() ? unit(i + 2) : 0;
      const bool pair = c < 0xDC00 && low >= 0xDC00 && low < 0xE000;
      c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : replacement;
      if (pair) i += 2;
    }
    append_utf8(out, c);
  }
  return out;
}

// As Windows saves text: with a byte order mark, perhaps in UTF-16. Without one it is UTF-8.
std::string decoded(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (text.starts_with("\xFF\xFE")) return from_utf16(std::string_view(text).substr(2), Bytes::low_first);
  if (text.starts_with("\xFE\xFF")) return from_utf16(std::string_view(text).substr(2), Bytes::high_first);
  return text;
}

Error no_object(const Value& value, std::string where) {
  if (!value.is_object()) {
    return Error(Code::object_invalid, fmt::format("a manifest is an object, this is of type {}",
                                                   kind_name(value.kind())))
        .at(std::move(where));
  }
  return Error(Code::object_invalid, "the object has no 'kind'").at(std::move(where));
}

Result<std::vector<Manifest>> json_manifests(const std::string& text, const std::string& path) {
  auto value = TRY(json::parse(text, path));
  if (!has_kind(value)) return failure(no_object(value, path));
  std::vector<Manifest> out;
  out.push_back({std::move(value), path});
  return out;
}

// The documents that precede a broken one: they make the file one of manifests.
bool starts_with_manifest(std::string_view text, const std::string& path) {
  const auto first =
      yaml::parse_one(text, path, yaml::Dialect::kube, {.duplicates = yaml::Duplicates::keep_last});
  return first && has_kind(*first);
}

Result<std::vector<Manifest>> yaml_manifests(const std::string& text, const std::string& path) {
  std::vector<Manifest> out;
  // Upstream's decoder takes a text that starts with a brace for JSON.
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start != std::string::npos && text[start] == '{') {
    auto value = json::parse(text, path);
    if (value && has_kind(*value)) {
      out.push_back({*std::move(value), path});
      return out;
    }
  }
  auto documents =
      yaml::parse_all(text, path, yaml::Dialect::kube, {.duplicates = yaml::Duplicates::keep_last});
  if (!documents) {
    const bool foreign = documents.error().code() != Code::limit && !looks_like_manifests(text) &&
                         !starts_with_manifest(text, path);
    if (foreign) return out;
    return failure(std::move(documents).error());
  }
  for (auto& document : *documents) {
    if (has_kind(document.value)) {
      out.push_back({std::move(document.value), yaml::place(path, document.start)});
      continue;
    }
    if (out.empty() && !looks_like_manifests(text)) return out;
    return failure(no_object(document.value, yaml::place(path, document.start)));
  }
  return out;
}

bool is_chosen(const DirectoryOptions& options, std::string_view path) {
  if (options.extensions == Extensions::manifests && !is_manifest_name(path)) return false;
  if (!options.exclude.empty() && glob_match(options.exclude, path)) return false;
  return options.include.empty() || glob_match(options.include, path);
}

// Paths below the folder, in upstream's order.
Result<std::vector<std::string>> files_of(const tree::FileTree& tree, std::string_view folder,
                                          Recurse recurse) {
  if (recurse == Recurse::yes) return tree::walk(tree, folder);
  std::vector<std::string> out;
  const auto entries = TRY(tree.list(folder));
  for (const auto& entry : entries) {
    if (entry.kind == tree::EntryKind::file) out.push_back(entry.name);
  }
  return out;
}

Result<bool> flag(const Value& options, std::string_view key) {
  const auto* held = options.find(key);
  if (held == nullptr || held->is_null()) return false;
  if (const auto* value = held->as_bool()) return *value;
  return failure(Code::wrong_type, "'directory.{}' is of type {}, wanted: true or false", key,
                 kind_name(held->kind()));
}

}  // namespace

Result<DirectoryOptions> decode_directory_options(const Value* directory) {
  DirectoryOptions out;
  if (directory == nullptr || directory->is_null()) return out;
  const bool recurse = TRY(flag(*directory, "recurse"));
  const bool all = TRY(flag(*directory, "disableExtensionFilter"));
  out.recurse = recurse ? Recurse::yes : Recurse::no;
  out.extensions = all ? Extensions::all : Extensions::manifests;
  out.include = directory->text({"include"});
  out.exclude = directory->text({"exclude"});
  const auto* jsonnet = directory->find("jsonnet");
  const bool asked = jsonnet != nullptr && jsonnet->is_object() && !jsonnet->as_object()->empty();
  if (asked)
    return failure(Code::source_unsupported, "jsonnet ('directory.jsonnet') is not rendered here");
  return out;
}

Result<std::vector<Manifest>> render_directory(const tree::FileTree& tree, std::string_view folder,
                                               const DirectoryOptions& options) {
  std::vector<Manifest> out;
  std::size_t bytes = 0;
  const auto files = TRY(files_of(tree, folder, options.recurse));
  for (const auto& name : files) {
    if (!is_chosen(options, name)) continue;
    const auto path = folder.empty() ? name : fmt::format("{}/{}", folder, name);
    auto held = TRY(tree::read_text(tree, path));
    const auto text = decoded(std::move(held));
    if (text.find(skip_marker) != std::string::npos) continue;
    if (name.ends_with(".jsonnet")) {
      return failure(Error(Code::source_unsupported, "jsonnet is not rendered here").at(path));
    }
    bytes += text.size();
    if (bytes > options.bytes_max) {
      return failure(Code::limit, "the manifests of '{}' have more than {} bytes", folder,
                     options.bytes_max);
    }
    auto found =
        TRY(name.ends_with(".json") ? json_manifests(text, path) : yaml_manifests(text, path));
    std::ranges::move(found, std::back_inserter(out));
  }
  return out;
}

}  // namespace holdfast::render
