// SPDX-License-Identifier: Apache-2.0
#include "commands/repo_vendor.h"

#include "archive/stream.h"
#include "base/files.h"
#include "base/handle.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "charts/charts.h"
#include "charts/origin.h"
#include "git/working.h"
#include "repository.h"
#include "scratch_folder.h"
#include "tree/disk_tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

// A package with what is said of where it came from.
struct Incoming {
  std::string bytes;
  std::string source;
};

Result<std::string> read_file(const std::string& path) {
  const auto limit = charts::ChartLimits().package.bytes_max;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat state {};
  if (!file || ::fstat(file.get(), &state) != 0) {
    return failure(system_failure(Code::file_unreadable, fmt::format("\"{}\" cannot be read", printable(path))));
  }
  const auto size = static_cast<std::uint64_t>(state.st_size);
  if (!S_ISREG(state.st_mode) || size > limit) {
    return failure(Code::file_unreadable, "\"{}\" is no file of at most {} bytes", printable(path), limit);
  }
  return archive::read_all(archive::source_of_range(file.get(), 0, size), limit);
}

Result<charts::Repository> repository_of(const RepoVendorOptions& options, const std::string& url) {
  charts::Repository repository;
  repository.url = url;
  repository.kind = charts::kind_of(url);
  repository.wire = options.plain_http ? charts::Wire::plain : charts::Wire::tls;
  repository.username = options.username;
  if (!options.password_file.empty()) {
    const auto text = TRY(read_file(options.password_file));
    repository.password = Secret(std::string(trim(text)));
  }
  if (!options.ca_file.empty()) repository.ca_pem = TRY(read_file(options.ca_file));
  return repository;
}

bool is_known_scheme(std::string_view scheme) { return scheme == "http" || scheme == "https" || scheme == "oci"; }

Result<Incoming> from_network(const RepoVendorOptions& options, const Clock& clock) {
  std::string url = options.source, chart = options.chart;
  if (chart.starts_with("oci://")) {
    const auto slash = chart.rfind('/');
    url = chart.substr(0, slash);
    chart.erase(0, slash + 1);
  }
  if (const auto scheme = url.find("://"); scheme != std::string::npos && !is_known_scheme(url.substr(0, scheme))) {
    return failure(Error(Code::usage, fmt::format("\"{}\" is no address of a chart repository", printable(url)))
                       .fix("name one as http://, https:// or oci://"));
  }
  if (url.empty()) {
    return failure(Error(Code::usage, fmt::format("where is chart \"{}\"?", printable(chart)))
                       .fix("name its repository with --source, or give a .tgz"));
  }
  const auto repository = TRY(repository_of(options, url));
  const auto scratch = TRY(ScratchFolder::make("holdfast-vendor"));
  const auto charts = TRY(charts::Charts::open({scratch.path(), {}, {}}, clock));
  const auto version = TRY(charts->resolve(repository, {chart, options.version, {}}, {}));
  auto package = TRY(charts->fetch(repository, chart, version, {}));
  return Incoming{std::move(package.bytes), url};
}

Result<Incoming> from_bundle(const RepoVendorOptions& options) {
  const auto folder =
      options.trust_folder.empty() ? bundle::default_trust_folder() : options.trust_folder;
  const auto trust = TRY(bundle::TrustRoot::load(folder));
  bundle::OpenOptions open;
  open.minimum_epoch = TRY(bundle::load_accepted_epoch(folder));
  const auto opened = TRY(bundle::Bundle::open(options.bundle, trust, open));
  std::string known;
  for (const auto& item : opened.items()) {
    if (item.kind != bundle::ItemKind::chart) continue;
    known += (known.empty() ? "" : ", ") + item.name;
    const auto colon = item.name.rfind(':');
    const bool version = options.version.empty() || item.name.substr(colon + 1) == options.version;
    if (item.name.substr(0, colon) != options.chart || !version) continue;
    for (const auto& part : item.parts) {
      if (part.media_type != bundle::oci::chart_content) continue;
      auto bytes = TRY(opened.read(part.digest, charts::ChartLimits().package.bytes_max));
      return Incoming{std::move(bytes), options.source};
    }
  }
  return failure(Error(Code::chart, fmt::format("the bundle holds no chart \"{}\"", printable(options.chart)))
                     .at(known.empty() ? "it holds no charts" : "it holds: " + known)
                     .fix("see what is inside: holdfast bundle inspect FILE"));
}

Result<Incoming> take(const RepoVendorOptions& options, const Clock& clock) {
  if (!options.bundle.empty()) return from_bundle(options);
  if (options.chart.ends_with(".tgz") && !options.chart.starts_with("oci://")) {
    auto bytes = TRY(read_file(options.chart));
    return Incoming{std::move(bytes), options.source};
  }
  return from_network(options, clock);
}

// What stands in the folder now.
struct Present {
  std::vector<std::string> paths;  // from the repository's root
  std::optional<charts::Origin> origin;
};

Result<Present> look_at(const tree::FileTree& repository, const std::string& folder) {
  Present present;
  const auto kind = TRY(repository.kind(folder));
  if (!kind) return present;
  const auto files = TRY(tree::walk(repository, folder));
  for (const auto& file : files)
    present.paths.push_back(fmt::format("{}/{}", folder, file));
  if (present.paths.empty()) return present;
  const auto path = fmt::format("{}/{}", folder, charts::origin_file);
  if (std::ranges::find(present.paths, path) == present.paths.end()) {
    return failure(Error(Code::object_exists, fmt::format("\"{}\" holds something that was not vendored", folder))
                       .at(path + " is missing")
                       .fix("give another name with --name"));
  }
  const auto text = TRY(repository.read(path));
  present.origin = TRY(charts::parse_origin(text, path));
  const auto now = TRY(charts::files_digest(repository, folder));
  if (now == present.origin->files) return present;
  return failure(Error(Code::object_exists, fmt::format("\"{}\" was changed after it was vendored", folder))
                     .at(fmt::format("{} {}", present.origin->chart, present.origin->version))
                     .fix("move the changes to an overlay of the cluster, then remove the folder and run this again"));
}

// What can be refused before anything is fetched.
Result<> check_words(const RepoVendorOptions& options) {
  if (!options.name.empty()) TRY(check_name("vendored chart", options.name));
  if (options.digest.empty() || crypto::parse_sha256(options.digest)) return {};
  return failure(Error(Code::usage, fmt::format("\"{}\" is no digest", printable(options.digest)))
                     .fix("write sha256: and 64 hexadecimal digits in lower case"));
}

Result<> check_digest(const RepoVendorOptions& options, const crypto::Sha256& digest) {
  if (options.digest.empty() || options.digest == digest.text()) return {};
  return failure(Error(Code::chart, "the package is not the one that --digest names")
                     .at(digest.text())
                     .because(fmt::format("wanted: {}", printable(options.digest))));
}

void say(Console& console, const std::string& folder, const charts::Origin& origin, const std::string& commit) {
  console.data(Object{{"folder", folder},
                      {"chart", origin.chart},
                      {"version", origin.version},
                      {"source", origin.source},
                      {"digest", origin.digest.text()},
                      {"licence", origin.licence},
                      {"commit", commit}});
}

}  // namespace

Result<> run_repo_vendor(const RepoVendorOptions& options, Console& console) {
  const auto repository = TRY(tree::DiskTree::open(options.folder));
  const bool ours = TRY(tree::is_file(repository, "holdfast.toml"));
  if (!ours) {
    return failure(Error(Code::repo_layout, fmt::format("\"{}\" is not a Holdfast repository", options.folder))
                       .at("holdfast.toml is missing"));
  }
  TRY(check_words(options));
  const auto incoming = TRY(take(options, console.clock()));
  charts::Origin origin{.source = incoming.source, .chart = {}, .version = {}, .digest = crypto::sha256(incoming.bytes), .files = {}, .licence = {}};
  TRY(check_digest(options, origin.digest));
  const auto files = TRY(charts::unpack(incoming.bytes, charts::Content::chart, {}), "unpacking {}", printable(options.chart));
  const auto stated = TRY(charts::stated_by(files));
  origin.chart = stated.name;
  origin.version = stated.version;
  origin.licence = TRY(charts::licence_of(files));
  origin.files = TRY(charts::files_digest(files, ""));

  const auto name = options.name.empty() ? stated.name : options.name;
  TRY(check_name("vendored chart", name));
  const auto folder = fmt::format("{}/{}", charts::vendored_folder, name);
  const auto present = TRY(look_at(repository, folder));
  if (present.origin && present.origin->digest == origin.digest && present.origin->source == origin.source) {
    say(console, folder, origin, "");
    console.line(fmt::format("{} {} is there already, nothing was changed", folder, origin.version));
    return {};
  }
  Files wanted;
  for (const auto& [path, content] : files.files())
    wanted[fmt::format("{}/{}", folder, path)] = content;
  wanted[fmt::format("{}/{}", folder, charts::origin_file)] = charts::write_origin(origin);
  std::vector<std::string> removed;
  std::ranges::copy_if(present.paths, std::back_inserter(removed), [&](const std::string& path) { return !wanted.contains(path); });
  const auto commit = TRY(git::commit_working(
      options.folder, tree::MemoryTree(wanted),
      {.author_name = "holdfast", .author_email = "holdfast@localhost", .time = console.clock().wall(),
       .message = fmt::format("Vendor {} {} into {}\n", origin.chart, origin.version, folder)},
      removed));
  say(console, folder, origin, commit.hex());
  console.line(fmt::format("{}: {} {}, {} files, {}", folder, origin.chart, origin.version, wanted.size(), origin.licence));
  console.line(fmt::format("  from    {}", origin.source.empty() ? printable(options.chart) : printable(origin.source)));
  console.line(fmt::format("  digest  {}", origin.digest.text()));
  console.line(fmt::format("Committed as {}. Publish it with: holdfast repo push", commit.hex().substr(0, 7)));
  return {};
}

}  // namespace holdfast::bootstrap
