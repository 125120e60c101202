// SPDX-License-Identifier: Apache-2.0
// Repositories and credentials as Argo CD's Secrets and ConfigMaps give them: one state of them, from
// which each source gets what it needs to be reached. Nothing here reaches a log or a status, and nobody is asked:
// a GitHub App's token comes when the repository is. It does not know where the objects come from.
// Mirrors argoproj/argo-cd 3.6 util/db/repository.go (GetRepository, enrichCredsToRepo),
// util/db/repository_secrets.go, util/cert/cert.go and repository.go: getHelmRepos.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/tokens.h"
#include "charts/repository.h"
#include "git/remote.h"
#include "sync/application.h"
#include "sync/project.h"
#include "value/value.h"

namespace holdfast::access {

// Else it is a chart, or an artifact, of a chart repository.
bool is_git(const sync::Source& source);
// The chart's name there; "" where the URL is the artifact's own.
const std::string& chart_of(const sync::Source& source);

struct RepositoryObjects {
  std::vector<std::shared_ptr<const Value>> secrets;  // of type repository and repo-creds
  std::shared_ptr<const Value> tls_certificates;      // argocd-tls-certs-cm, or null
  std::shared_ptr<const Value> known_hosts;           // argocd-ssh-known-hosts-cm, or null
  std::shared_ptr<Tokens> tokens = nullptr;           // who keeps those of GitHub Apps
};

class Repositories {
 public:
  explicit Repositories(const RepositoryObjects& objects);

  // A repository Secret of the same URL counts, the project's own before one without a project; one
  // without credentials takes those of the template with the longest prefix.
  [[nodiscard]] git::Remote git_remote(std::string_view url, std::string_view project) const;
  // Refuses with Code::source_unsupported where all that the Secret has are credentials that are not spoken here, a
  // cloud's identity, or a GitHub App without its number. The server would only say that it knows nobody.
  [[nodiscard]] Result<> must_be_spoken(std::string_view url, std::string_view project) const;
  [[nodiscard]] charts::Repository chart_repository(std::string_view url,
                                                    std::string_view project) const;
  // The same, with what the source itself says of credentials.
  [[nodiscard]] charts::Repository chart_repository(const sync::Source& source, std::string_view project) const;
  // The repository that a chart's dependency names: "https://…", "oci://…", "@name", "alias:name".
  // Nothing when no Secret has that name.
  [[nodiscard]] std::optional<charts::Repository> dependency_repository(std::string_view given,
                                                                        std::string_view project) const;
  // Those Secrets alone whose URLs the project permits as sources: what a chart names for its dependencies
  // is no source that the project was asked about. None where the project is not known (null).
  [[nodiscard]] Repositories permitted(const sync::Project* project) const;

 private:
  // A Secret, decoded once.
  struct Known {
    bool is_template = false;
    std::string url, normalized, name, project, type;
    std::string username;
    std::string unspoken;  // the field of credentials that are not spoken here
    std::string app_id, app_installation, app_api;
    Secret app_key;
    Secret password, bearer_token, ssh_private_key, client_certificate, client_key;
    std::string proxy, no_proxy;
    bool insecure = false, oci = false, plain_http = false;

    [[nodiscard]] bool has_credentials() const;
    // Is it a GitHub App that opens the repository? What else there is comes first, as upstream.
    [[nodiscard]] bool is_app() const;
  };

  static Known decode(const Value& secret);
  static void take_credentials(Known& into, const Known& from);
  [[nodiscard]] const Known* find_repository(std::string_view url, std::string_view project) const;
  [[nodiscard]] const Known* find_template(std::string_view url) const;
  [[nodiscard]] Known settle(std::string_view url, std::string_view project) const;
  [[nodiscard]] std::string authorities_of(std::string_view url) const;
  [[nodiscard]] git::Lease lease_of(const Known& known, std::string_view url) const;
  [[nodiscard]] charts::Repository as_charts(Known known) const;

  std::vector<Known> known_;
  std::map<std::string, std::string, std::less<>> authorities_;  // by host
  std::string known_hosts_;
  std::shared_ptr<Tokens> tokens_;
};

}  // namespace holdfast::access
