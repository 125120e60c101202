// SPDX-License-Identifier: Apache-2.0
#include "commands/source_access.h"

#include "access/repositories.h"
#include "base/text.h"
#include "charts/charts.h"
#include "charts/origin.h"
#include "charts/with_charts.h"
#include "commands/source_transport.h"
#include "git/mirrors.h"
#include "scratch_folder.h"

namespace holdfast::bootstrap {
namespace {

// The list of what Secrets hold, as far as the caller may read them; `unread` is told why not.
access::Repositories read_repositories(kube::Client& client, const std::string& control_namespace, std::vector<std::string>& unread) {
  access::RepositoryObjects objects;
  const auto make = [&client](http::Options way) -> Result<std::unique_ptr<http::Transport>> {
    auto made = TRY(http::make_curl_transport(std::move(way)));
    return make_source_transport(client, std::move(made));
  };
  objects.tokens = std::make_shared<access::Tokens>(client.clock(), make);
  kube::ListOptions options;
  options.namespace_ = control_namespace;
  options.label_selector = "argocd.argoproj.io/secret-type in (repository,repo-creds)";
  const auto kind = client.kind_of("v1", "Secret");
  auto secrets = kind ? client.list(*kind, options) : Result<kube::List>(std::unexpect, kind.error());
  if (secrets) {
    for (auto& each : secrets->items) objects.secrets.push_back(std::make_shared<const Value>(std::move(each)));
  } else {
    unread.push_back(fmt::format("the repository Secrets of namespace {} were not read: {}", control_namespace, secrets.error().message()));
  }
  const auto config = [&](const char* name) {
    auto found = client.get({"", "v1", "ConfigMap", control_namespace, name});
    return found ? std::make_shared<const Value>(*std::move(found)) : nullptr;
  };
  objects.tls_certificates = config("argocd-tls-certs-cm");
  objects.known_hosts = config("argocd-ssh-known-hosts-cm");
  return access::Repositories(objects);
}

class FolderAccess final : public SourceAccess {
 public:
  FolderAccess(ScratchFolder folder, AppAccess& access, const sync::Application& application)
      : folder_(std::move(folder)),
        access_(access),
        application_(application),
        repositories_(read_repositories(access.client(), application_.control_namespace, unread_)) {}
  FolderAccess(const FolderAccess&) = delete;
  FolderAccess& operator=(const FolderAccess&) = delete;

  Result<> start() {
    const Clock& clock = access_.client().clock();
    git::MirrorsOptions mirrors;
    mirrors.directory = folder_.path("git");
    mirrors.make_transport = [this](const git::Remote& remote) { return routed(git::make_transport(remote)); };
    mirrors_ = TRY(git::Mirrors::open(std::move(mirrors), clock));
    charts::ChartsOptions charts;
    charts.directory = folder_.path("charts");
    charts.make_transport = [this](const charts::Repository& repository) { return routed(charts::make_transport(repository)); };
    charts_ = TRY(charts::Charts::open(std::move(charts), clock));
    return {};
  }

  Result<FetchedTree> fetch(const sync::Source& source, const std::string& revision) override {
    auto fetched = access::is_git(source) ? fetch_commit(source, revision) : fetch_chart(source, revision);
    if (fetched) return fetched;
    return failure(told(std::move(fetched).error()));
  }

  Result<TreePtr> with_dependencies(TreePtr tree, const std::string& folder) override {
    auto whole = charts::with_dependencies(std::move(tree), folder, [&](const charts::MissingChart& missing) { return bring(missing); });
    if (whole) return whole;
    return failure(told(std::move(whole).error()));
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<http::Transport>> routed(Result<std::unique_ptr<http::Transport>> outside) {
    auto made = TRY(std::move(outside));
    return make_source_transport(access_.client(), std::move(made));
  }

  [[nodiscard]] Error told(Error error) const {
    for (const auto& each : unread_) error = std::move(error).because(each);
    return error;
  }

  Result<FetchedTree> fetch_commit(const sync::Source& source, const std::string& revision) {
    TRY(repositories_.must_be_spoken(source.repo_url, application_.project));
    return read_commit(repositories_.git_remote(source.repo_url, application_.project), {.revision = revision, .tag_prefix = source.tag_prefix});
  }

  Result<FetchedTree> read_commit(const git::Remote& remote, const git::Query& query) {
    const auto commit = TRY(mirrors_->resolve(remote, query, {}), "asking {}", printable(remote.url));
    auto tree = TRY(mirrors_->tree(remote, commit, {}), "reading {}", printable(remote.url));
    return FetchedTree{std::move(tree), commit.hex()};
  }

  Result<FetchedTree> fetch_chart(const sync::Source& source, const std::string& revision) {
    const auto& chart = access::chart_of(source);
    const auto vendored = TRY(find_vendored(source.repo_url, chart, revision));
    if (vendored) return FetchedTree{charts::files_of(built_in(), *vendored), vendored->version};
    const auto repository = repositories_.chart_repository(source, application_.project);
    auto version = TRY(charts_->resolve(repository, {chart, revision, {}}, {}), "asking {}", printable(source.repo_url));
    auto tree = TRY(charts_->tree(repository, chart, version, {}), "reading {}", printable(source.repo_url));
    return FetchedTree{std::move(tree), std::move(version)};
  }

  Result<std::string> bring(const charts::MissingChart& missing) {
    const auto vendored = TRY(find_vendored(missing.repository, missing.name, missing.version));
    if (vendored) return charts::pack(*built_in(), vendored->folder, missing.name);
    const auto repository = lent().dependency_repository(missing.repository, application_.project);
    if (!repository) {
      return failure(Error(Code::chart, fmt::format("no repository Secret has the name \"{}\"", printable(missing.repository)))
                         .fix("add a Secret with that name and the repository's URL"));
    }
    const auto version = TRY(charts_->resolve(*repository, {missing.name, missing.version, {}}, {}));
    auto package = TRY(charts_->fetch(*repository, missing.name, version, {}));
    return std::move(package.bytes);
  }

  // What the project lends to dependencies: nothing where the caller may not know the project.
  const access::Repositories& lent() {
    if (lent_) return *lent_;
    const auto project = access_.project_of(application_);
    if (!project) unread_.push_back(fmt::format("project {} was not read: {}", application_.project, project.error().message()));
    lent_ = repositories_.permitted(project ? &*project : nullptr);
    return *lent_;
  }

  Result<std::optional<charts::Vendored>> find_vendored(const std::string& url, const std::string& chart, const std::string& version) {
    const auto repository = chart.empty() ? nullptr : built_in();
    if (repository == nullptr) return std::nullopt;
    return charts::find_vendored(*repository, url, chart, version);
  }

  // The engine's own repository as it stands; null where there is none or it cannot be read.
  const TreePtr& built_in() {
    if (built_in_) return *built_in_;
    built_in_ = TreePtr();
    const auto applications = access_.all("");
    git::Remote remote;
    if (applications) remote.url = built_in_url(*applications, application_.control_namespace);
    if (remote.url.empty()) return *built_in_;
    const auto head = read_commit(remote, {});
    if (head) built_in_ = head->tree;
    return *built_in_;
  }

  const ScratchFolder folder_;  // first, because the rest uses it until its end
  AppAccess& access_;
  const sync::Application application_;
  std::vector<std::string> unread_;  // what the caller may not read, and why
  const access::Repositories repositories_;
  std::optional<access::Repositories> lent_;
  std::optional<TreePtr> built_in_;
  std::unique_ptr<git::Mirrors> mirrors_;
  std::unique_ptr<charts::Charts> charts_;
};

}  // namespace

Result<std::unique_ptr<SourceAccess>> SourceAccess::open(AppAccess& access, const sync::Application& application) {
  auto folder = TRY(ScratchFolder::make("holdfast-source"));
  auto opened = std::make_unique<FolderAccess>(std::move(folder), access, application);
  TRY(opened->start());
  return std::unique_ptr<SourceAccess>(std::move(opened));
}

std::string built_in_url(const std::vector<sync::Application>& applications, const std::string& control_namespace) {
  for (const auto& application : applications) {
    for (const auto& source : application.sources) {
      const auto service = service_of(source.repo_url);
      if (service && service->namespace_ == control_namespace && service->name == "holdfast-agent") return source.repo_url;
    }
  }
  return {};
}

}  // namespace holdfast::bootstrap
