// SPDX-License-Identifier: Apache-2.0
#include "charts/origin.h"

#include "base/text.h"
#include "charts/index.h"
#include "config/section.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <vector>

namespace holdfast::charts {
namespace {

constexpr std::size_t vendored_max = 1000;

// TOML's basic strings: what json escapes and nothing more is needed for these texts.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 ? fmt::format("\\u{:04x}", byte) : std::string(1, c);
  }
  return out + "\"";
}

Result<crypto::Sha256> digest_at(config::Section& root, std::string_view key) {
  const auto text = TRY(root.required_text(key));
  const auto digest = crypto::parse_sha256(text);
  if (digest) return *digest;
  return failure(root.refusal(Code::wrong_type, key, "is no \"sha256:\" and 64 digits"));
}

// Equal for one repository however its URL is written.
std::string_view bare(std::string_view url) {
  if (url.starts_with("oci://")) url.remove_prefix(std::string_view("oci://").size());
  while (url.ends_with('/'))
    url.remove_suffix(1);
  return url;
}

std::string licence_of_text(std::string_view text) {
  struct Mark {
    std::string_view words, spdx;
  };

  constexpr Mark marks[] = {{"Apache License", "Apache-2.0"},
                            {"Mozilla Public License", "MPL-2.0"},
                            {"GNU AFFERO GENERAL PUBLIC LICENSE", "AGPL-3.0"},
                            {"GNU GENERAL PUBLIC LICENSE", "GPL-3.0"},
                            {"Permission is hereby granted, free of charge", "MIT"},
                            {"Redistribution and use in source and binary forms", "BSD-3-Clause"}};
  for (const auto& [words, spdx] : marks) {
    if (text.substr(0, 4096).find(words) != std::string_view::npos) return std::string(spdx);
  }
  return "unknown";
}

}  // namespace

std::string write_origin(const Origin& origin) {
  return fmt::format(
      "# Written by holdfast repo vendor. What differs on a cluster belongs into its overlay.\n"
      "source = {}\nchart = {}\nversion = {}\ndigest = {}\nfiles = {}\nlicence = {}\n",
      quoted(origin.source), quoted(origin.chart), quoted(origin.version),
      quoted(origin.digest.text()), quoted(origin.files.text()), quoted(origin.licence));
}

Result<Origin> parse_origin(std::string_view text, const std::string& name) {
  const auto document = TRY(config::parse_toml(text, name));
  config::Section root(document);
  Origin origin;
  const auto source = TRY(root.text("source"));
  const auto licence = TRY(root.text("licence"));
  origin.source = source.value_or("");
  origin.licence = licence.value_or("unknown");
  origin.chart = TRY(root.required_text("chart"));
  origin.version = TRY(root.required_text("version"));
  origin.digest = TRY(digest_at(root, "digest"));
  origin.files = TRY(digest_at(root, "files"));
  TRY(root.finish());
  return origin;
}

Result<crypto::Sha256> files_digest(const tree::FileTree& tree, const std::string& folder) {
  auto paths = TRY(tree::walk(tree, folder));
  std::ranges::sort(paths);
  crypto::Sha256Stream sum;
  for (const auto& path : paths) {
    if (path == origin_file) continue;
    const auto content = TRY(tree.read(folder.empty() ? path : folder + "/" + path));
    sum.add(fmt::format("{} {}\n", crypto::sha256(content).hex(), path));
  }
  return sum.finish();
}

Result<std::string> licence_of(const tree::FileTree& chart) {
  const auto text = TRY(chart.read("Chart.yaml"));
  const auto metadata = TRY(yaml::parse_one(text, "Chart.yaml", yaml::Dialect::kube,
                                            {.duplicates = yaml::Duplicates::keep_last}));
  for (const std::string_view key : {"artifacthub.io/license", "licenses"}) {
    const auto said = metadata.text({"annotations", key});
    if (!said.empty()) return std::string(said);
  }
  for (const std::string_view name : {"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"}) {
    const bool there = TRY(tree::is_file(chart, name));
    if (!there) continue;
    const auto licence = TRY(chart.read(name));
    return licence_of_text(licence);
  }
  return std::string("unknown");
}

Result<Stated> stated_by(const tree::FileTree& chart) {
  const auto text = TRY(chart.read("Chart.yaml"));
  const auto metadata = TRY(yaml::parse_one(text, "Chart.yaml", yaml::Dialect::kube,
                                            {.duplicates = yaml::Duplicates::keep_last}));
  Stated stated{std::string(metadata.text({"name"})), std::string(metadata.text({"version"}))};
  if (stated.name.empty() || stated.version.empty()) {
    return failure(Error(Code::chart, "the chart states no name and version").at("Chart.yaml"));
  }
  return stated;
}

Result<std::optional<Vendored>> find_vendored(const tree::FileTree& repository, std::string_view url,
                                              std::string_view chart, std::string_view wanted) {
  const auto kind = TRY(repository.kind(vendored_folder));
  if (kind != tree::EntryKind::directory) return std::nullopt;
  const auto entries = TRY(repository.list(vendored_folder));
  std::vector<std::string> versions;
  std::vector<std::pair<Vendored, Origin>> found;
  for (const auto& entry : entries) {
    if (entry.kind != tree::EntryKind::directory || found.size() == vendored_max) continue;
    const auto folder = fmt::format("{}/{}", vendored_folder, entry.name);
    const auto path = fmt::format("{}/{}", folder, origin_file);
    const bool there = TRY(tree::is_file(repository, path));
    if (!there) continue;
    const auto text = TRY(repository.read(path));
    auto origin = parse_origin(text, path);
    if (!origin || origin->source.empty()) continue;
    if (bare(origin->source) != bare(url) || origin->chart != chart) continue;
    versions.push_back(origin->version);
    found.emplace_back(Vendored{folder, origin->version}, *std::move(origin));
  }
  const auto chosen = choose_version(versions, wanted);
  for (const auto& [vendored, origin] : found) {
    if (!chosen || origin.version != *chosen) continue;
    const auto now = TRY(files_digest(repository, vendored.folder));
    if (now == origin.files) return vendored;
  }
  return std::nullopt;
}

std::shared_ptr<const tree::FileTree> files_of(std::shared_ptr<const tree::FileTree> repository, const Vendored& place) {
  struct Held {
    std::shared_ptr<const tree::FileTree> whole;
    std::unique_ptr<tree::FileTree> view;
  };
  auto held = std::make_shared<Held>(std::move(repository), nullptr);
  held->view = tree::subtree(*held->whole, place.folder);
  return {held, held->view.get()};
}

}  // namespace holdfast::charts
