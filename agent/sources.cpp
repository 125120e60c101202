// SPDX-License-Identifier: Apache-2.0
#include "agent/sources.h"

#include "agent/signatures.h"
#include "base/text.h"
#include "charts/origin.h"
#include "charts/with_charts.h"
#include "git/revision.h"

namespace holdfast::agent {
namespace {

// When a question was put. A listing made after that answers it, however long it stood in its line.
class Since {
 public:
  explicit Since(const Clock& clock) : clock_(&clock), when_(clock.steady()) {}
  [[nodiscard]] Duration passed() const { return clock_->steady() - when_; }

 private:
  const Clock* clock_;
  SteadyTime when_;
};

git::Remote remote_of(Context& context, const SourceRequest& request) {
  return context.store.repositories()->git_remote(request.source.repo_url, request.project);
}

charts::Repository repository_of(Context& context, const SourceRequest& request) {
  return context.store.repositories()->chart_repository(request.source, request.project);
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

Result<std::string> fetch_dependency(Context& context, const charts::MissingChart& missing,
                                     const std::string& project) {
  const auto vendored = TRY(find_vendored(context, missing.repository, missing.name, missing.version));
  if (vendored) return charts::pack(*vendored->repository, vendored->place.folder, missing.name);
  const auto rules = context.store.project(project);
  const auto repository = context.store.repositories()->permitted(rules.get()).dependency_repository(missing.repository, project);
  if (!repository) {
    return failure(Error(Code::chart, fmt::format("no repository Secret has the name \"{}\"", printable(missing.repository)))
                       .fix("add a Secret with that name and the repository's URL"));
  }
  return ask_server<std::string>(
      context, *repository, fmt::format("dependency {} {}", missing.name, missing.version),
      [&charts = context.charts, missing, since = Since(context.clock)](
          const charts::Repository& asked, const std::stop_token& stop) -> Result<std::string> {
        const auto version = TRY(charts.resolve(asked, {missing.name, missing.version, since.passed()}, stop));
        auto package = TRY(charts.fetch(asked, missing.name, version, stop));
        return std::move(package.bytes);
      });
}

}  // namespace

Result<std::string> resolve_source(Context& context, const SourceRequest& request) {
  const auto& source = request.source;
  if (access::is_git(source)) {
    TRY(context.store.repositories()->must_be_spoken(source.repo_url, request.project));
    const git::Query query{request.revision, source.tag_prefix, request.max_age};
    return ask_server<std::string>(
        context, remote_of(context, request), fmt::format("resolve {} {} {}", query.revision, query.tag_prefix, request.project),
        [&mirrors = context.mirrors, query, since = Since(context.clock)](
            const git::Remote& remote, const std::stop_token& stop) -> Result<std::string> {
          const auto commit = TRY(mirrors.resolve(remote, {query.revision, query.tag_prefix, query.max_age + since.passed()}, stop));
          return commit.hex();
        });
  }
  const auto vendored = TRY(find_vendored(context, source.repo_url, access::chart_of(source), request.revision));
  if (vendored) return vendored->place.version;
  const charts::Query query{access::chart_of(source), request.revision, request.max_age};
  return ask_server<std::string>(
      context, repository_of(context, request), fmt::format("resolve {} {} {}", query.chart, query.version, request.project),
      [&charts = context.charts, query, since = Since(context.clock)](const charts::Repository& repository, const std::stop_token& stop) {
        return charts.resolve(repository, {query.chart, query.version, query.max_age + since.passed()}, stop);
      });
}

Result<TreePtr> fetch_source(Context& context, const SourceRequest& request) {
  const auto& source = request.source;
  if (access::is_git(source)) {
    const auto commit = git::full_commit_id(request.revision);
    CHECK(commit.has_value());
    return ask_server<TreePtr>(
        context, remote_of(context, request), fmt::format("tree {} {}", request.revision, request.project),
        [&mirrors = context.mirrors, commit = *commit](const git::Remote& remote, const std::stop_token& stop) -> Result<TreePtr> {
          auto tree = TRY(mirrors.tree(remote, commit, stop));
          return TreePtr(std::move(tree));
        });
  }
  const auto vendored = TRY(find_vendored(context, source.repo_url, access::chart_of(source), request.revision));
  if (vendored) return charts::files_of(vendored->repository, vendored->place);
  return ask_server<TreePtr>(
      context, repository_of(context, request), fmt::format("chart {} {} {}", access::chart_of(source), request.revision, request.project),
      [&charts = context.charts, chart = access::chart_of(source), version = request.revision](
          const charts::Repository& repository, const std::stop_token& stop) { return charts.tree(repository, chart, version, stop); });
}

namespace {

// A look at the signatures of one commit; it owns what it needs, because its asker may leave.
struct SignatureLook {
  git::Mirrors& mirrors;
  AcceptedHistories& accepted;
  SignatureRule rule;
  std::vector<std::string> keyring;
  WallTime now;
  git::CommitId commit;
  std::string name;  // the tag that was asked for, by its name or as the commit that it was resolved to before
  std::string tag_prefix;

  Result<> operator()(const git::Remote& remote, const std::stop_token& stop) const;

 private:
  [[nodiscard]] Result<std::optional<std::string>> asked_tag(const git::Remote& remote, const std::stop_token& stop) const;
  Result<> look_at_history(const git::Remote& remote, const SignatureInput& input, SignatureProblems& problems,
                           const std::stop_token& stop) const;
};

Result<std::optional<std::string>> SignatureLook::asked_tag(const git::Remote& remote, const std::stop_token& stop) const {
  if (name.empty() || name == "HEAD" || git::full_commit_id(name)) return std::nullopt;
  const git::Query query{.revision = name, .tag_prefix = tag_prefix};
  return mirrors.tag_object(remote, query, commit, stop);
}

Result<> SignatureLook::look_at_history(const git::Remote& remote, const SignatureInput& input, SignatureProblems& problems,
                                        const std::stop_token& stop) const {
  using Descend = git::Mirrors::Descend;
  const auto visit = [&](const git::CommitId& id, std::string_view object) -> Result<Descend> {
    if (problems.full() || (id != commit && accepted.holds(input, id.hex()))) return Descend::no;
    TRY(problems.look_at(input, {id.hex(), object}));
    return is_seal(object) ? Descend::no : Descend::yes;
  };
  return mirrors.walk(remote, commit, visit, stop);
}

Result<> SignatureLook::operator()(const git::Remote& remote, const std::stop_token& stop) const {
  const auto depth = TRY(depth_of(rule));
  const SignatureInput input{rule, keyring, now};
  const auto tag = TRY(asked_tag(remote, stop));
  SignatureProblems problems;
  if (tag) TRY(problems.look_at(input, {name, *tag, SignedObject::Kind::tag}));
  if (depth == SignatureDepth::history) {
    TRY(look_at_history(remote, input, problems, stop));
  } else if (!tag) {
    const auto object = TRY(mirrors.commit_object(remote, commit, stop));
    TRY(problems.look_at(input, {commit.hex(), object}));
  }
  TRY(problems.verdict());
  if (depth == SignatureDepth::history) accepted.note(input, commit.hex());
  return {};
}

}  // namespace

Result<> check_source_signature(Context& context, const SourceRequest& request, const std::string& asked) {
  if (!access::is_git(request.source)) return {};
  const auto rules = context.store.signature_rules(request.project);
  const auto* rule = TRY(find_rule(*rules, request.source.repo_url));
  if (rule == nullptr) return {};
  const auto commit = git::full_commit_id(request.revision);
  CHECK(commit.has_value());
  const std::string& name = git::full_commit_id(asked) ? request.source.target_revision : asked;
  SignatureLook look{context.mirrors, context.accepted, *rule, context.store.signature_keys(), context.clock.wall(), *commit, name, request.source.tag_prefix};
  auto text = fmt::format("signature {} {}{} {} {}", request.revision, request.source.tag_prefix, name, request.project, rule->mode);
  for (const auto& key : rule->keys) text += " " + key;
  return ask_server<void>(context, remote_of(context, request), text, std::move(look));
}

namespace {

constexpr std::string_view unsigned_manifests = "Cannot use local manifests when source integrity is enforced";  // upstream's

}  // namespace

Result<> check_brought_manifests(Context& context, const std::vector<sync::Source>& sources, const std::string& project) {
  const auto rules = context.store.signature_rules(project);
  for (const auto& source : sources) {
    if (!access::is_git(source)) continue;
    const auto* rule = TRY(find_rule(*rules, source.repo_url));
    if (rule != nullptr) return failure(Code::project_denied, "{}", unsigned_manifests);
  }
  return {};
}

Result<std::optional<std::vector<std::string>>> changed_in_source(Context& context, const SourceRequest& request,
                                                                  const std::string& before) {
  const auto then = git::full_commit_id(before), now = git::full_commit_id(request.revision);
  if (!then || !now) return std::nullopt;
  using Changed = std::optional<std::vector<std::string>>;
  return ask_server<Changed>(
      context, remote_of(context, request), fmt::format("changed {} {} {}", before, request.revision, request.project),
      [&mirrors = context.mirrors, then = *then, now = *now](const git::Remote& remote, const std::stop_token& stop) -> Result<Changed> {
        const auto new_tree = TRY(mirrors.tree(remote, now, stop));
        const auto old_tree = mirrors.tree(remote, then, stop);
        if (!old_tree && old_tree.error().code() == Code::answer_awaited) return failure(old_tree.error());
        if (!old_tree) return Changed();
        auto changed = git::changed_paths(**old_tree, *new_tree);
        return changed ? Changed(*std::move(changed)) : Changed();
      });
}

Result<TreePtr> with_dependencies(Context& context, TreePtr tree, const std::string& folder,
                                  const std::string& project) {
  const auto bring = [&](const charts::MissingChart& missing) { return fetch_dependency(context, missing, project); };
  return charts::with_dependencies(std::move(tree), folder, bring);
}

void forget_source(Context& context, const sync::Source& source) {
  if (access::is_git(source)) {
    context.mirrors.expire(source.repo_url);
  } else {
    context.charts.expire(source.repo_url);
  }
}

}  // namespace holdfast::agent
