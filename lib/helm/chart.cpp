// SPDX-License-Identifier: Apache-2.0
#include "helm/chart.h"

#include "archive/tar_reader.h"
#include "base/semver.h"
#include "base/text.h"
#include "helm/ignore.h"
#include "helm/metadata.h"
#include "helm/values.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <set>

namespace holdfast::helm {
namespace {

constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last,
                                   .reals = yaml::Reals::kept};

// The files of one chart while it is taken apart, without the folder "<chart>/".
using Files = std::map<std::string, Content, std::less<>>;

struct Loading {
  const LoadLimits& limits;
  std::shared_ptr<Reader> reader;
  std::size_t files = 0, folders = 0;
};

std::unexpected<Error> chart_failure(std::string what, const std::string& where) {
  return failure(Error(Code::chart, std::move(what)).at(where));
}

std::string_view without_bom(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

// strconv.FormatFloat(value, 'g', -1, 64): with an exponent below -4 and from 6 on.
std::string go_general(double value) {
  std::array<char, 32> buffer{};
  const auto scientific = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                        std::chars_format::scientific);
  const std::string text(buffer.data(), scientific.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  constexpr int exponent_min = -4, exponent_max = 6;
  if (exponent < exponent_min || exponent >= exponent_max) return text;
  const auto fixed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), fixed.ptr};
}

Dependency decode_dependency(const Value& value) {
  const auto text = [&](std::string_view key) { return std::string(value.text({key})); };
  Dependency dependency{.name = text("name"),
                        .version = text("version"),
                        .repository = text("repository"),
                        .alias = text("alias"),
                        .condition = text("condition"),
                        .tags = {},
                        .import_values = {}};
  if (const auto* tags = value.find("tags")) {
    for (const auto& tag : *tags->as_array()) dependency.tags.push_back(*tag.as_string());
  }
  if (const auto* imports = value.find("import-values")) dependency.import_values = *imports->as_array();
  return dependency;
}

void add_dependencies(Chart& chart) {
  const auto* list = chart.metadata.find("dependencies");
  if (list == nullptr) return;
  for (const auto& each : *list->as_array())
    chart.dependencies.push_back(decode_dependency(each));
}

Result<> check_metadata(const Chart& chart, const std::string& where, gotmpl::Flavor flavor) {
  const auto api_version = chart.metadata.text({"apiVersion"});
  const bool known = api_version.empty() || api_version == "v1" || api_version == "v2";
  if (!known && flavor == gotmpl::Flavor::helm4) {
    return chart_failure(fmt::format("the chart's apiVersion is \"{}\", v1 and v2 are known",
                                     printable(api_version)),
                         where);
  }
  if (chart.name.empty()) return chart_failure("the chart has no name", where);
  if (chart.name.find('/') != std::string::npos || chart.name == "." || chart.name == "..") {
    return chart_failure(fmt::format("\"{}\" cannot be the name of a chart", printable(chart.name)),
                         where);
  }
  const auto version = chart.metadata.text({"version"});
  if (version.empty()) {
    return failure(Error(Code::chart, "the chart has no version")
                       .at(where)
                       .fix("give it one, as \"version: 0.1.0\""));
  }
  if (!semver::Version::parse(version)) {
    return chart_failure(
        fmt::format("the chart's version \"{}\" is not a semantic version", printable(version)),
        where);
  }
  const auto type = chart.metadata.text({"type"});
  if (!type.empty() && type != "application" && type != "library") {
    return chart_failure(
        fmt::format("the chart's type is \"{}\", application and library are known",
                    printable(type)),
        where);
  }
  std::set<std::string_view> keys;
  for (const auto& dependency : chart.dependencies) {
    const auto& key = dependency.alias.empty() ? dependency.name : dependency.alias;
    if (!keys.insert(key).second)
      return chart_failure(
          fmt::format("more than one dependency with name or alias \"{}\"", printable(key)), where);
    const bool plain = std::ranges::all_of(dependency.alias, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    });
    if (!plain)
      return chart_failure(fmt::format("dependency \"{}\" has disallowed characters in the alias",
                                       printable(dependency.name)),
                           where);
  }
  return {};
}

// values.yaml may hold several documents, of which the later win; Helm 3 reads the first alone.
Result<Object> read_values(std::string_view text, const std::string& where, gotmpl::Flavor flavor) {
  Object values;
  auto documents = TRY(yaml::parse_all(without_bom(text), where, yaml::Dialect::kube, yaml_limits));
  if (flavor == gotmpl::Flavor::helm3 && documents.size() > 1) documents.resize(1);
  for (auto& document : documents) {
    auto* object = document.value.as_object();
    if (object == nullptr)
      return failure(
          Error(Code::chart_values, "values must be a map").at(yaml::place(where, document.start)));
    widen_numbers(document.value);
    if (values.empty()) {
      values = std::move(*object);
    } else {
      merge_documents(values, *object);
    }
  }
  return values;
}

// Chart.yaml, and requirements.yaml over it.
Result<> place_metadata(Chart& chart, const std::string& path, Content file, const std::string& where) {
  const auto name = where + "/" + path;
  const auto content = TRY(std::move(file).take());
  const auto document = TRY(yaml::parse_one(content, name, yaml::Dialect::kube, yaml_limits));
  if (!document.is_object() && path == "Chart.yaml") return chart_failure("Chart.yaml is no map", where);
  if (!chart.metadata.is_object()) chart.metadata = Object();
  TRY(read_metadata(*chart.metadata.as_object(), document, content, name));
  if (chart.metadata.text({"apiVersion"}).empty()) chart.metadata["apiVersion"] = "v1";
  return {};
}

// Which part of the chart a file is; the folder decides.
Result<> place_file(Chart& chart, std::string path, Content file, const std::string& where, gotmpl::Flavor flavor) {
  const bool metadata = path == "Chart.yaml" || path == "requirements.yaml";
  if (metadata) TRY(place_metadata(chart, path, file, where));
  // Of a chart of apiVersion v1 the requirements are files as others.
  const bool is_file = path.starts_with("requirements.") && chart.metadata.text({"apiVersion"}) == "v1";
  if (!is_file && (metadata || path == "Chart.lock" || path == "requirements.lock")) return {};
  if (path == "values.yaml") {
    const auto content = TRY(std::move(file).take());
    chart.values = TRY(read_values(content, where + "/values.yaml", flavor));
    return {};
  }
  if (path == "values.schema.json") {
    chart.schema = std::move(file);
    return {};
  }
  if (path.starts_with("templates/")) {
    File each{.path = std::move(path), .content = std::move(file)};
    chart.templates.push_back(std::move(each));
    return {};
  }
  if (path.starts_with("crds/") &&
      (path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json"))) {
    chart.crds.push_back(path);
  }
  File each{.path = std::move(path), .content = std::move(file)};
  chart.files.push_back(std::move(each));
  return {};
}

// A packed chart: everything in it lies in one folder, which is left out.
Result<Files> unpack_archive(std::string_view content, const std::string& where,
                             const LoadLimits& limits) {
  Files files;
  const archive::Limits archive_limits{
      .entries = limits.files, .bytes = limits.bytes, .others = archive::Others::skip};
  const auto keep = [&](const archive::Entry& entry, const archive::Source& source) -> Result<> {
    const auto slash = entry.path.find('/');
    if (entry.kind != archive::EntryKind::file || slash == std::string::npos) return {};
    auto text = TRY(archive::read_all(source, limits.bytes));
    files.insert_or_assign(entry.path.substr(slash + 1), Content(std::move(text)));
    return {};
  };
  TRY(archive::read_tar(archive::source_of(content), archive_limits, keep), "unpacking {}", where);
  return files;
}

Result<Chart> assemble(const std::string& where, Files files, Loading& loading, int depth) {
  if (depth > loading.limits.depth) {
    return failure(
        Error(Code::limit, fmt::format("charts are nested deeper than {}", loading.limits.depth))
            .at(where));
  }
  if (!files.contains("Chart.yaml")) {
    auto missing = chart_failure("Chart.yaml file is missing", where);
    return failure(std::move(missing).error().fix("name the folder that holds Chart.yaml"));
  }
  Chart chart;
  std::map<std::string, Files> folders;  // of charts/
  for (auto& [path, file] : files) {
    const bool provenance = path.starts_with("charts/") && path.ends_with(".prov");
    if (!path.starts_with("charts/") || provenance) {
      TRY(place_file(chart, path, std::move(file), where, loading.limits.flavor));
      continue;
    }
    const auto rest = std::string_view(path).substr(sizeof "charts/" - 1);
    if (rest.starts_with('_') || rest.starts_with('.')) continue;
    const auto slash = rest.find('/');
    if (slash != std::string_view::npos) {
      folders[std::string(rest.substr(0, slash))].emplace(rest.substr(slash + 1), std::move(file));
    } else if (rest.ends_with(".tgz")) {
      const auto content = TRY(std::move(file).take());
      folders[std::string(rest)] = TRY(unpack_archive(content, where + "/" + path, loading.limits));
    } else {
      return chart_failure(fmt::format("\"{}\" is not a chart", printable(rest)),
                           where + "/" + path);
    }
  }
  chart.name = chart.metadata.text({"name"});
  add_dependencies(chart);
  TRY(check_metadata(chart, where + "/Chart.yaml", loading.limits.flavor));
  for (auto& [name, inner] : folders) {
    Chart subchart = TRY(
        assemble(fmt::format("{}/charts/{}", where, name), std::move(inner), loading, depth + 1));
    chart.subcharts.push_back(std::move(subchart));
  }
  return chart;
}

// Every file below the folder that .helmignore does not hide.
Result<> collect(const tree::FileTree& tree, const std::string& folder, const std::string& prefix,
                 const IgnoreRules& rules, Files& files, Loading& loading) {
  // Links that lead back make any number of folders without a file.
  if (++loading.folders > loading.limits.files) {
    return failure(Error(Code::limit, fmt::format("the chart has more than {} folders", loading.limits.files)).at(folder));
  }
  const auto entries = TRY(tree.list(folder));
  for (const auto& entry : entries) {
    const auto path = prefix + entry.name;
    const auto full = folder.empty() ? entry.name : folder + "/" + entry.name;
    const bool is_directory = entry.kind == tree::EntryKind::directory;
    const bool obeyed = loading.limits.ignore == Ignore::obey;
    if (obeyed && rules.ignores(path, is_directory ? PathKind::directory : PathKind::file)) continue;
    if (is_directory) {
      TRY(collect(tree, full, path + "/", rules, files, loading));
      continue;
    }
    if (++loading.files > loading.limits.files) {
      return failure(
          Error(Code::limit, fmt::format("the chart has more than {} files", loading.limits.files)).at(full));
    }
    files.insert_or_assign(files.end(), path, Content(loading.reader, full));  // nearly in order
  }
  return {};
}

}  // namespace

std::string scalar_text(const Value& value) {
  if (const auto* text = value.as_string()) return *text;
  if (value.is_null() || value.is_array() || value.is_object()) return {};
  if (const auto* real = value.as_real()) return go_general(*real);
  std::string printed = yaml::write(value);
  if (printed.ends_with('\n')) printed.pop_back();
  return printed;
}

Result<std::string> Reader::read(const std::string& path) {
  std::string content = TRY(tree_.read(path));
  bytes_ += content.size();
  if (bytes_ > bytes_max_) {
    return failure(
        Error(Code::limit, fmt::format("the files of the chart have more than {} bytes", bytes_max_)).at(path));
  }
  return content;
}

Result<std::string> Content::take() && {
  std::string text = std::move(text_);
  if (reader_ != nullptr) text = TRY(reader_->read(text));
  text.erase(0, text.size() - without_bom(text).size());
  return text;
}

Result<Chart> load_chart(const tree::FileTree& tree, std::string_view directory,
                         const LoadLimits& limits) {
  Loading loading{.limits = limits, .reader = std::make_shared<Reader>(tree, limits.bytes)};
  const std::string folder(directory);
  IgnoreRules rules;
  const auto ignore_path = folder.empty() ? std::string(".helmignore") : folder + "/.helmignore";
  const bool has_rules = TRY(tree::is_file(tree, ignore_path));
  if (has_rules && limits.ignore == Ignore::obey) {
    const std::string text = TRY(tree.read(ignore_path));
    TRY(rules.parse(text, ignore_path));
  }
  Files files;
  TRY(collect(tree, folder, "", rules, files, loading));
  return assemble(folder.empty() ? std::string(".") : folder, std::move(files), loading, 0);
}

void widen_numbers(Value& value) {
  if (const auto* whole = value.as_int()) {
    value = Value(static_cast<double>(*whole));
  } else if (const auto* large = value.as_uint()) {
    value = Value(static_cast<double>(*large));
  } else if (auto* array = value.as_array()) {
    for (auto& element : *array)
      widen_numbers(element);
  } else if (auto* object = value.as_object()) {
    for (auto& member : *object)
      widen_numbers(member.value);
  }
}

}  // namespace holdfast::helm
