// SPDX-License-Identifier: Apache-2.0
#include "agent/web/webhook.h"

#include "base/ascii.h"
#include "base/log.h"
#include "base/text.h"

#include <memory>
#include <mutex>
#include <set>

namespace holdfast::agent {
namespace {

constexpr std::size_t notices_max = 100;
constexpr std::size_t files_listed = 3000;  // of one commit, by GitHub: there may be more

// The files of all commits; the providers list at most some commits of a push, and say how many it had. What a push that
// takes commits back (force) has removed stands nowhere.
void add_files(const Value& payload, PushNotice& notice) {
  const auto& commits = array_at(payload, {"commits"});
  const Value* forced = payload.find("forced");
  const Value* total = payload.find("total_commits_count");
  if (total == nullptr) total = payload.find("total_commits");
  const bool all = total == nullptr || total->as_int() == nullptr || *total->as_int() <= static_cast<std::int64_t>(commits.size());
  constexpr std::size_t commits_listed = 20;  // GitLab's and GitHub's own limits
  notice.files_known = all && !commits.empty() && commits.size() < commits_listed && (forced == nullptr || *forced == Value(false));
  std::set<std::string> files;
  for (const auto& commit : commits) {
    for (const std::string_view kind : {"added", "modified", "removed"}) {
      for (const auto& file : array_at(commit, {kind})) {
        if (file.as_string() != nullptr) files.insert(*file.as_string());
      }
    }
  }
  if (files.size() >= files_listed) notice.files_known = false;
  if (notice.files_known) notice.files.assign(files.begin(), files.end());
}

void add_url(PushNotice& notice, std::string_view url) {
  if (!url.empty()) notice.urls.emplace_back(url);
}

// GitHub, Gitea and Gogs have one form.
PushNotice read_github(const Value& payload) {
  PushNotice notice;
  for (const std::string_view name : {"html_url", "clone_url", "ssh_url"}) add_url(notice, payload.text({"repository", name}));
  notice.ref = payload.text({"ref"});
  notice.default_branch = notice.ref == fmt::format("refs/heads/{}", payload.text({"repository", "default_branch"}));
  add_files(payload, notice);
  return notice;
}

PushNotice read_gitlab(const Value& payload) {
  PushNotice notice;
  for (const std::string_view name : {"web_url", "git_http_url", "git_ssh_url"}) add_url(notice, payload.text({"project", name}));
  notice.ref = payload.text({"ref"});
  notice.default_branch = notice.ref == fmt::format("refs/heads/{}", payload.text({"project", "default_branch"}));
  add_files(payload, notice);
  return notice;
}

// Neither kind of Bitbucket says what the default branch is: every branch may be it.
void add_bitbucket(const std::vector<std::string>& urls, std::string ref, std::vector<PushNotice>& notices) {
  if (notices.size() == notices_max) return;
  const bool branch = ref.starts_with("refs/heads/");
  notices.push_back({.urls = urls, .ref = std::move(ref), .default_branch = branch, .files_known = false, .files = {}});
}

std::vector<PushNotice> read_bitbucket(const Value& payload) {
  const std::vector<std::string> urls{std::string(payload.text({"repository", "links", "html", "href"}))};
  std::vector<PushNotice> notices;
  for (const auto& change : array_at(payload, {"push", "changes"})) {
    const auto name = change.text({"new", "name"});
    if (name.empty()) continue;
    add_bitbucket(urls, fmt::format("refs/{}/{}", change.text({"new", "type"}) == "tag" ? "tags" : "heads", name), notices);
  }
  return notices;
}

std::vector<PushNotice> read_bitbucket_server(const Value& payload) {
  std::vector<std::string> urls;
  for (const auto& link : array_at(payload, {"repository", "links", "clone"})) urls.emplace_back(link.text({"href"}));
  for (const auto& link : array_at(payload, {"repository", "links", "self"})) {
    std::string url(link.text({"href"}));
    if (url.ends_with("/browse")) url.resize(url.size() - std::string_view("/browse").size());
    urls.push_back(std::move(url));
  }
  std::vector<PushNotice> notices;
  for (const auto& change : array_at(payload, {"changes"})) add_bitbucket(urls, std::string(change.text({"ref", "id"})), notices);
  return notices;
}

// It lists no files. https://learn.microsoft.com/azure/devops/service-hooks/events#git.push
std::vector<PushNotice> read_azure(const Value& payload) {
  std::vector<PushNotice> notices;
  const Value* resource = payload.find("resource");
  if (payload.text({"eventType"}) != "git.push" || resource == nullptr) return notices;
  for (const auto& update : array_at(*resource, {"refUpdates"})) {
    if (notices.size() == notices_max) break;
    PushNotice notice;
    add_url(notice, resource->text({"repository", "remoteUrl"}));
    notice.ref = update.text({"name"});
    notice.default_branch = notice.ref == resource->text({"repository", "defaultBranch"});
    notices.push_back(std::move(notice));
  }
  return notices;
}

// Azure DevOps signs nothing: it logs in.
bool is_azure_user(const Delivery& delivery) {
  const auto user = delivery.secret("webhook.azuredevops.username");
  const auto password = delivery.secret("webhook.azuredevops.password");
  if (user.empty() && password.empty()) return true;
  const auto wanted = "Basic " + to_base64(fmt::format("{}:{}", user, password));
  return equal_slowly(delivery.header("Authorization"), wanted);
}

// The cloud proves itself by its UUID alone, and only a server of one's own signs: neither may speak for the other.
Result<std::vector<PushNotice>> read_any_bitbucket(const Delivery& delivery) {
  const auto event = delivery.header("X-Event-Key");
  if (event == "diagnostics:ping") return std::vector<PushNotice>();  // "Test connection", which is not signed
  const bool cloud = !delivery.header("X-Hook-UUID").empty();
  const bool good = cloud ? delivery.carries("X-Hook-UUID", "webhook.bitbucket.uuid")
                          : delivery.is_signed("X-Hub-Signature", "webhook.bitbucketserver.secret");
  if (!good) return not_signed("Bitbucket");
  if (event != (cloud ? "repo:push" : "repo:refs_changed")) return std::vector<PushNotice>();
  const auto value = TRY(delivery.payload());
  return cloud ? read_bitbucket(value) : read_bitbucket_server(value);
}

Result<std::vector<PushNotice>> read_event(const Delivery& delivery) {
  const auto event = [&](std::string_view name) { return delivery.header(name); };
  // Gitea and Gogs send GitHub's header as well.
  if (!event("X-Gogs-Event").empty() || !event("X-Gitea-Event").empty()) {
    const auto header = event("X-Gitea-Event").empty() ? "X-Gogs-Signature" : "X-Gitea-Signature";
    if (!delivery.is_signed(header, "webhook.gogs.secret")) return not_signed("Gogs and Gitea");
    if (event("X-Gogs-Event") != "push" && event("X-Gitea-Event") != "push") return std::vector<PushNotice>();
    const auto value = TRY(delivery.payload());
    return std::vector{read_github(value)};
  }
  if (!event("X-GitHub-Event").empty()) {
    if (!delivery.is_signed("X-Hub-Signature-256", "webhook.github.secret")) return not_signed("GitHub");
    if (event("X-GitHub-Event") != "push") return std::vector<PushNotice>();
    const auto value = TRY(delivery.payload());
    return std::vector{read_github(value)};
  }
  if (!event("X-Gitlab-Event").empty()) {
    if (!delivery.carries("X-Gitlab-Token", "webhook.gitlab.secret")) return not_signed("GitLab");
    const auto kind = event("X-Gitlab-Event");
    if (kind != "Push Hook" && kind != "Tag Push Hook" && kind != "System Hook") return std::vector<PushNotice>();
    const auto value = TRY(delivery.payload());
    return std::vector{read_gitlab(value)};
  }
  if (!event("X-Event-Key").empty()) return read_any_bitbucket(delivery);
  if (!event("X-Vss-ActivityId").empty()) {
    if (!is_azure_user(delivery)) return not_signed("Azure DevOps");
    const auto value = TRY(delivery.payload());
    return read_azure(value);
  }
  return failure(Code::wrong_type, "no header says which provider sent the webhook");
}

}  // namespace

std::string repository_key(std::string_view url) {
  auto text = ascii_lower(trim(url));
  const auto scheme = text.find("://");
  if (scheme != std::string::npos) {
    text.erase(0, scheme + 3);
  } else if (const auto colon = text.find(':'); colon != std::string::npos) {
    text[colon] = '/';  // git@host:path
  }
  const auto slash = text.find('/');
  if (slash == std::string::npos) return {};
  std::string host = text.substr(0, slash), path = text.substr(slash);
  if (const auto at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  if (const auto colon = host.find(':'); colon != std::string::npos) host.erase(colon);
  // Where port 22 is closed, Git is reached at ssh.github.com:443 and the like.
  for (const std::string_view other : {"ssh.", "altssh."}) {
    if (host.starts_with(other)) host.erase(0, other.size());
  }
  while (path.ends_with('/')) path.pop_back();
  if (path.ends_with(".git")) path.resize(path.size() - 4);
  return host.empty() || path.empty() ? std::string() : host + path;
}

Result<std::vector<Notice>> read_webhook(const Delivery& delivery) {
  std::vector<Notice> notices;
  if (const auto registry = registry_of(delivery)) {
    auto artifacts = TRY(read_registry_webhook(*registry, delivery));
    for (auto& each : artifacts) notices.emplace_back(std::move(each));
    return notices;
  }
  auto pushes = TRY(read_event(delivery));
  for (auto& each : pushes) {
    if (!each.ref.empty() && !each.urls.empty()) notices.emplace_back(std::move(each));
  }
  return notices;
}

std::vector<Route> webhook_routes(WebhookOptions options) {
  const auto handler = [options = std::move(options), reading = std::make_shared<std::mutex>()](const Request& request) {
    const auto body = read_whole_body(request);
    if (!body) return text_response(413, body.error().message() + "\n");
    const auto secret = options.secret();
    if (!secret) return text_response(503, "the webhook's secret cannot be read\n");
    const std::scoped_lock one_at_a_time(*reading);  // of many at once the sum would count
    const auto notices = read_webhook({request.headers, request.query, *body, *secret});
    if (!notices) {
      log::warn("a webhook was refused", {{"because", notices.error().message()}});
      return text_response(notices.error().code() == Code::forbidden ? 403 : 400, notices.error().what() + "\n");
    }
    for (const auto& notice : *notices) options.pushed(notice);
    return text_response(200, "ok\n");
  };
  return {{.method = "POST", .prefix = "/api/webhook", .handler = handler, .body_bytes_max = delivery_bytes_max}};
}

}  // namespace holdfast::agent
