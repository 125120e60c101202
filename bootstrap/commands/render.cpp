// SPDX-License-Identifier: Apache-2.0
#include "commands/render.h"

#include "archive/stream.h"
#include "archive/tar_reader.h"
#include "base/log.h"
#include "base/text.h"
#include "helm/helm.h"
#include "helm/user_values.h"
#include "http/url.h"
#include "kustomize/kustomize.h"
#include "large_heap.h"
#include "render/chart_inflation.h"
#include "tree/disk_tree.h"
#include "tree/memory_tree.h"
#include "yaml/yaml.h"

#include <unistd.h>

#include <filesystem>
#include <memory>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t file_max = std::uint64_t{64} << 20;  // bytes of a values file, as of a file in a folder

// A folder inside the tree that may be read from it.
struct Rooted {
  std::string root;
  std::string folder;
};

// The repository that holds the folder, else the whole disk: a kustomization may have bases beside
// it.
Result<Rooted> rooted(const std::string& directory) {
  std::error_code problem;
  const auto whole = fs::canonical(directory, problem);
  if (problem || !fs::is_directory(whole, problem)) {
    return failure(Code::file_missing, "'{}' is no folder", printable(directory));
  }
  for (auto at = whole; at.has_relative_path(); at = at.parent_path()) {
    if (!fs::exists(at / ".git", problem)) continue;
    const auto folder = whole.lexically_relative(at).generic_string();
    return Rooted{at.string(), folder == "." ? "" : folder};
  }
  return Rooted{"/", whole.relative_path().generic_string()};
}

// helm fetches such files; here rendering a chart asks nothing of the network, so that it gives the
// same everywhere.
bool is_url(std::string_view path) {
  return path.starts_with("http://") || path.starts_with("https://") || path.starts_with("oci://");
}

Result<std::string> read_file(const std::string& path) {
  if (is_url(path)) {
    return failure(Error(Code::source_unsupported,
                         fmt::format("'{}' is a URL", printable(http::shown_url(path))))
                       .because("rendering fetches nothing from the network")
                       .fix("fetch it first and name the file: curl -fLO URL"));
  }
  if (path == "-") {
    auto text = TRY(archive::read_all(archive::source_of_fd(STDIN_FILENO), file_max), "reading the standard input");
    return text;
  }
  const auto whole = fs::path(path);
  const auto parent = whole.has_parent_path() ? whole.parent_path().string() : std::string(".");
  const auto folder = TRY(tree::DiskTree::open(parent));
  return folder.read(whole.filename().string());
}

Result<helm::UserValues> user_values(const RenderHelmOptions& options) {
  helm::UserValues out;
  for (const auto& list : options.values) {
    for (const auto path : split(list, ',')) {
      auto text = TRY(read_file(std::string(path)));
      out.files.push_back({std::string(path), std::move(text)});
    }
  }
  out.paths = options.set_file;
  out.read = [](std::string_view path) { return read_file(std::string(path)); };
  out.json = options.set_json;
  out.typed = options.set;
  out.texts = options.set_string;
  out.literals = options.set_literal;
  return out;
}

gotmpl::Flavor flavor_of(const RenderHelmOptions& options) {
  return options.helm == "3" ? gotmpl::Flavor::helm3 : gotmpl::Flavor::helm4;
}

// A folder, or what a packed chart holds.
Result<std::unique_ptr<tree::FileTree>> chart_tree(const std::string& path) {
  if (!path.ends_with(".tgz")) {
    auto folder = TRY(tree::DiskTree::open(path));
    return std::make_unique<tree::DiskTree>(std::move(folder));
  }
  const auto bytes = TRY(read_file(path));
  auto unpacked = TRY(archive::read_tree(bytes));
  return std::make_unique<tree::MemoryTree>(std::move(unpacked));
}

Result<helm::Chart> load_chart(const tree::FileTree& tree, const std::string& path, gotmpl::Flavor flavor) {
  if (!path.ends_with(".tgz")) return helm::load_chart(tree, "", {.flavor = flavor});
  const auto entries = TRY(tree.list(""));
  if (entries.size() != 1)
    return failure(Code::chart, "'{}' does not hold one folder", printable(path));
  return helm::load_chart(tree, entries.front().name, {.ignore = helm::Ignore::skip, .flavor = flavor});
}

Result<helm::Settings> settings_of(const RenderHelmOptions& options) {
  const auto include = [](bool asked) { return asked ? helm::Include::yes : helm::Include::no; };
  helm::Settings out;
  out.environment.flavor = flavor_of(options);
  auto name = TRY(helm::release_name(options.name, out.environment));
  out.release = {.name = std::move(name),
                 .namespace_ = options.namespace_,
                 .upgrade = include(options.is_upgrade)};
  if (!options.kube_version.empty()) {
    out.kube_version =
        options.kube_version.starts_with('v') ? options.kube_version : "v" + options.kube_version;
  }
  for (const auto& list : options.api_versions) {
    for (const auto version : split(list, ',')) out.api_versions.emplace_back(version);
  }
  out.crds = include(options.include_crds);
  out.hooks = include(!options.no_hooks);
  out.tests = include(!options.skip_tests);
  out.schema = include(!options.skip_schema_validation);
  return out;
}

}  // namespace

Result<> run_render_kustomize(const RenderKustomizeOptions& options, Console& console) {
  const auto place = TRY(rooted(options.directory));
  const auto disk = TRY(tree::DiskTree::open(place.root));
  kustomize::Options build;
  build.render_chart = [](const kustomize::ChartRequest& request) {
    return render::inflate_chart(request, {});
  };
  const auto built = TRY(kustomize::build(disk, place.folder, build));
  for (const auto& warning : built.warnings)
    log::warn("kustomization", {{"note", warning}});
  if (!console.is_json()) kustomize::print(built, [&](std::string_view text) { console.text(text); });
  Array objects;
  for (const auto& resource : built.resources) {
    if (console.is_json()) objects.push_back(resource.object);
  }
  console.data(objects);
  return {};
}

Result<> run_render_helm(const RenderHelmOptions& options, Console& console) {
  expect_large_heap();
  const auto given = TRY(user_values(options));
  const auto values = TRY(helm::merge_user_values(given, flavor_of(options)));
  const auto settings = TRY(settings_of(options));
  const auto tree = TRY(chart_tree(options.chart));
  auto chart = TRY(load_chart(*tree, options.chart, flavor_of(options)));
  std::string text;  // as it is printed, where the objects are wanted
  helm::Printer printer([&](std::string_view piece) { console.is_json() ? void(text += piece) : console.text(piece); });
  const auto take = [&](helm::Document document) -> Result<> {
    printer.add(std::move(document));
    return {};
  };
  TRY(helm::render(std::move(chart), values, settings, take));
  printer.finish();
  Array objects;
  if (console.is_json()) {
    auto parsed = TRY(yaml::parse_all(text, options.chart, yaml::Dialect::kube,
                                      {.duplicates = yaml::Duplicates::keep_last}));
    for (auto& document : parsed)
      objects.push_back(std::move(document.value));
  }
  console.data(objects);
  return {};
}

}  // namespace holdfast::bootstrap
