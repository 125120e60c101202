// SPDX-License-Identifier: Apache-2.0
#include "agent/sources.h"

#include "agent/repositories.h"
#include "agent/signatures.h"
#include "base/text.h"
#include "charts/dependencies.h"
#include "charts/origin.h"
#include "charts/with_charts.h"
#include "git/revision.h"

namespace holdfast::agent {
namespace {

bool is_artifact(const sync::Source& source) { return source.repo_url.starts_with("oci://"); }

git::Remote remote_of(Context& context, const SourceRequest& request) {
  return context.store.repositories()->git_remote(request.source.repo_url, request.project);
}

charts::Repository repository_of(Context& context, const SourceRequest& request) {
  auto repository = context.store.repositories()->chart_repository(request.source.repo_url, request.project);
  const Value* pass = request.source.raw.find_path({"helm", "passCredentials"});
  if (sync::flag_of(pass)) repository.audience = charts::Audience::everyone;
  return repository;
}

const std::string& chart_of(const sync::Source& source) {
  static const std::string none;
  return is_artifact(source) ? none : source.chart;
}

// The built-in repository as it stands, or null where there is none.
TreePtr built_in(Context& context) {
  if (context.built_in_url.empty()) return nullptr;
  git::Remote remote;
  remote.url = context.built_in_url;
  const auto head = context.mirrors.resolve(remote, {}, context.stop);
  if (!head) return nullptr;
  auto tree = context.mirrors.tree(remote, *head, context.stop);
  return tree ? TreePtr(*std::move(tree)) : nullptr;
}

struct VendoredChart {
  TreePtr repository;
  charts::Vendored place;
};

// Vendoring is the owner's decision, so it comes before every question to the network.
Result<std::optional<VendoredChart>> find_vendored(Context& context, std::string_view url, std::string_view chart,
                                                   std::string_view version) {
  TreePtr repository = built_in(context);
  if (repository == nullptr || chart.empty()) return std::nullopt;
  const auto found = TRY(charts::find_vendored(*repository, url, chart, version));
  if (!found) return std::nullopt;
  return VendoredChart{std::move(repository), *found};
}

// A folder of a tree as a tree that keeps the whole one alive.
class Below final : public tree::FileTree {
 public:
  Below(TreePtr whole, const std::string& folder) : whole_(std::move(whole)), view_(tree::subtree(*whole_, folder)) {}

  [[nodiscard]] Result<std::optional<tree::EntryKind>> kind(std::string_view path) const override {
    return view_->kind(path);
  }
  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override { return view_->real_path(path); }
  [[nodiscard]] Result<std::string> read(std::string_view path) const override { return view_->read(path); }
  [[nodiscard]] Result<std::vector<tree::Entry>> list(std::string_view path) const override {
    return view_->list(path);
  }

 private:
  TreePtr whole_;
  std::unique_ptr<tree::FileTree> view_;
};

Result<std::string> fetch_dependency(Context& context, const charts::MissingChart& missing,
                                     const std::string& project) {
  const auto vendored = TRY(find_vendored(context, missing.repository, missing.name, missing.version));
  if (vendored) return charts::pack(*vendored->repository, vendored->place.folder, missing.name);
  const auto repository = context.store.repositories()->dependency_repository(missing.repository, project);
  if (!repository) {
    return failure(Error(Code::chart, fmt::format("no repository Secret has the name \"{}\"", printable(missing.repository)))
                       .fix("add a Secret with that name and the repository's URL"));
  }
  const auto version = TRY(context.charts.resolve(*repository, {missing.name, missing.version, {}}, context.stop));
  auto package = TRY(context.charts.fetch(*repository, missing.name, version, context.stop));
  return std::move(package.bytes);
}

Result<std::string> local_dependency(const tree::FileTree& tree, const std::string& folder,
                                     const charts::MissingChart& missing) {
  const auto path = join_inside(folder, missing.repository.substr(std::string_view("file://").size()));
  if (path) return charts::pack(tree, *path, missing.name);
  return failure(Code::path_outside, "dependency '{}' leads out of the repository", printable(missing.repository));
}

}  // namespace

bool is_git(const sync::Source& source) { return source.chart.empty() && !is_artifact(source); }

Result<std::string> resolve_source(Context& context, const SourceRequest& request) {
  const auto& source = request.source;
  if (is_git(source)) {
    const git::Query query{request.revision, source.tag_prefix, request.max_age};
    const auto commit = TRY(context.mirrors.resolve(remote_of(context, request), query, context.stop));
    return commit.hex();
  }
  const auto vendored = TRY(find_vendored(context, source.repo_url, chart_of(source), request.revision));
  if (vendored) return vendored->place.version;
  return context.charts.resolve(repository_of(context, request), {chart_of(source), request.revision, request.max_age},
                                context.stop);
}

Result<TreePtr> fetch_source(Context& context, const SourceRequest& request) {
  const auto& source = request.source;
  if (is_git(source)) {
    const auto commit = git::full_commit_id(request.revision);
    CHECK(commit.has_value());
    auto tree = TRY(context.mirrors.tree(remote_of(context, request), *commit, context.stop));
    return TreePtr(std::move(tree));
  }
  const auto vendored = TRY(find_vendored(context, source.repo_url, chart_of(source), request.revision));
  if (vendored) return TreePtr(std::make_shared<Below>(vendored->repository, vendored->place.folder));
  return context.charts.tree(repository_of(context, request), chart_of(source), request.revision, context.stop);
}

namespace {

// The annotated tag that was asked for: by its name, or as the commit that it was resolved to before.
Result<std::optional<std::string>> asked_tag(Context& context, const SourceRequest& request, const git::CommitId& commit,
                                             const std::string& name) {
  if (name.empty() || name == "HEAD" || git::full_commit_id(name)) return std::nullopt;
  return context.mirrors.tag_object(remote_of(context, request), name, commit, context.stop);
}

Result<> look_at_history(Context& context, const SourceRequest& request, const git::CommitId& commit,
                         const SignatureInput& input, SignatureProblems& problems) {
  using Descend = git::Mirrors::Descend;
  const auto visit = [&](const git::CommitId& id, std::string_view object) -> Result<Descend> {
    if (problems.full() || (id != commit && context.accepted.holds(input, id.hex()))) return Descend::no;
    TRY(problems.look_at(input, {id.hex(), object}));
    return is_seal(object) ? Descend::no : Descend::yes;
  };
  return context.mirrors.walk(remote_of(context, request), commit, visit, context.stop);
}

}  // namespace

Result<> check_source_signature(Context& context, const SourceRequest& request, const std::string& asked) {
  if (!is_git(request.source)) return {};
  const auto rules = context.store.signature_rules(request.project);
  const auto* rule = TRY(find_rule(*rules, request.source.repo_url));
  if (rule == nullptr) return {};
  const auto depth = TRY(depth_of(*rule));
  const auto commit = git::full_commit_id(request.revision);
  CHECK(commit.has_value());
  const auto keyring = context.store.signature_keys();
  const SignatureInput input{*rule, keyring, context.clock.wall()};
  const std::string& name = git::full_commit_id(asked) ? request.source.target_revision : asked;
  const auto tag = TRY(asked_tag(context, request, *commit, name));
  SignatureProblems problems;
  if (tag) TRY(problems.look_at(input, {name, *tag, SignedObject::Kind::tag}));
  if (depth == SignatureDepth::history) {
    TRY(look_at_history(context, request, *commit, input, problems));
  } else if (!tag) {
    const auto object = TRY(context.mirrors.commit_object(remote_of(context, request), *commit, context.stop));
    TRY(problems.look_at(input, {request.revision, object}));
  }
  TRY(problems.verdict());
  if (depth == SignatureDepth::history) context.accepted.note(input, request.revision);
  return {};
}

Result<std::optional<std::vector<std::string>>> changed_in_source(Context& context, const SourceRequest& request,
                                                                  const std::string& before) {
  const auto remote = remote_of(context, request);
  const auto then = git::full_commit_id(before), now = git::full_commit_id(request.revision);
  if (!then || !now) return std::nullopt;
  const auto new_tree = TRY(context.mirrors.tree(remote, *now, context.stop));
  const auto old_tree = context.mirrors.tree(remote, *then, context.stop);
  if (!old_tree) return std::nullopt;
  auto changed = git::changed_paths(**old_tree, *new_tree);
  if (!changed) return std::nullopt;
  return std::optional(*std::move(changed));
}

Result<TreePtr> with_dependencies(Context& context, TreePtr tree, const std::string& folder,
                                  const std::string& project) {
  const auto missing = TRY(charts::missing_charts(*tree, folder));
  if (missing.empty()) return tree;
  auto whole = std::make_shared<charts::WithCharts>(tree, folder);
  for (const auto& each : missing) {
    const bool local = each.repository.starts_with("file://");
    auto package = TRY(local ? local_dependency(*tree, folder, each) : fetch_dependency(context, each, project),
                       "fetching dependency \"{}\"", printable(each.name));
    whole->add(each.name + "-0.tgz", std::move(package));
  }
  return TreePtr(std::move(whole));
}

void forget_source(Context& context, const sync::Source& source) {
  if (is_git(source)) {
    context.mirrors.expire(source.repo_url);
  } else {
    context.charts.expire(source.repo_url);
  }
}

}  // namespace holdfast::agent
