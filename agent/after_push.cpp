// SPDX-License-Identifier: Apache-2.0
#include "agent/after_push.h"

#include "agent/generate_paths.h"
#include "base/ascii.h"
#include "base/log.h"
#include "base/semver.h"
#include "git/remote.h"
#include "sync/key.h"
#include "sync/names.h"

#include <algorithm>
#include <vector>

namespace holdfast::agent {
namespace {

constexpr std::string_view branches = "refs/heads/", tags = "refs/tags/";

bool source_follows(const Value& source, std::string_view url, std::string_view ref) {
  if (git::trimmed_url(source.text({"repoURL"})) != git::trimmed_url(url)) return false;
  const auto revision = source.text({"targetRevision"});
  return revision.empty() || revision == "HEAD" || revision == ref ||
         (ref.starts_with(branches) && revision == ref.substr(branches.size()));
}

// May the tag be what a range of versions means now?
bool is_in_range(std::string_view revision, std::string_view tag, std::string_view tag_prefix) {
  if (semver::Version::parse(revision) || !tag.starts_with(tag_prefix)) return false;
  const auto range = semver::Range::parse(revision);
  const auto version = semver::Version::parse(tag.substr(tag_prefix.size()));
  return range && version && range->contains(*version);
}

bool names_ref(const Value& source, const PushNotice& notice) {
  const auto revision = source.text({"targetRevision"});
  if (revision.empty() || revision == "HEAD") return notice.default_branch;
  std::string_view ref = notice.ref;
  if (revision == ref) return true;
  if (ref.starts_with(branches)) return revision == ref.substr(branches.size());
  if (!ref.starts_with(tags)) return false;
  const auto tag = ref.substr(tags.size());
  return revision == tag || is_in_range(revision, tag, source.text({"tagPrefix"}));
}

bool source_follows(const Value& source, const PushNotice& notice, std::string_view paths) {
  const auto key = repository_key(source.text({"repoURL"}));
  const bool same = !key.empty() && std::ranges::any_of(notice.urls, [&](const auto& url) { return repository_key(url) == key; });
  if (!same || !names_ref(source, notice)) return false;
  return !notice.files_known || touches(refresh_paths(paths, source.text({"path"})), notice.files);
}

// "oci://GHCR.io/acme/web/" → "ghcr.io/acme/web".
std::string artifact_key(std::string_view url) {
  if (url.starts_with("oci://")) url.remove_prefix(std::string_view("oci://").size());
  while (url.ends_with('/')) url.remove_suffix(1);
  return ascii_lower(url);
}

bool source_follows(const Value& source, const ArtifactNotice& notice) {
  const auto key = artifact_key(source.text({"repoURL"})), chart = ascii_lower(source.text({"chart"}));
  if (key != notice.repository && (chart.empty() || key + "/" + chart != notice.repository)) return false;
  const auto revision = source.text({"targetRevision"});
  if (revision == notice.tag) return true;
  const auto range = semver::Range::parse(revision.empty() ? "*" : revision);
  const auto version = semver::Version::parse(notice.tag);
  return range && version && range->contains(*version);
}

std::vector<const Value*> sources_of(const Value& application) {
  std::vector<const Value*> sources;
  if (const Value* one = application.find_path({"spec", "source"})) sources.push_back(one);
  const Value* several = application.find_path({"spec", "sources"});
  if (several == nullptr || several->as_array() == nullptr) return sources;
  for (const auto& source : *several->as_array()) sources.push_back(&source);
  return sources;
}

void ask_to_refresh(kube::Client& client, const Value& application) {
  Value patch;
  patch["metadata"]["annotations"][sync::names::refresh] = "normal";
  const std::string name(application.text({"metadata", "name"}));
  const kube::Identity identity{.group = "argoproj.io",
                                .version = "v1alpha1",
                                .kind = "Application",
                                .namespace_ = std::string(application.text({"metadata", "namespace"})),
                                .name = name};
  const auto patched = client.patch(identity, kube::PatchType::merge, patch);
  if (patched || patched.error().code() == Code::object_missing) return;
  log::warn("an application was not asked to look again", {{"application", name}, {"because", patched.error().message()}});
}

}  // namespace

bool follows(const Value& application, std::string_view url, std::string_view ref) {
  return std::ranges::any_of(sources_of(application), [&](const Value* source) { return source_follows(*source, url, ref); });
}

bool follows(const Value& application, const PushNotice& notice) {
  const auto paths = sync::annotation(application, sync::names::generate_paths);
  return std::ranges::any_of(sources_of(application), [&](const Value* source) { return source_follows(*source, notice, paths); });
}

bool follows(const Value& application, const ArtifactNotice& notice) {
  return std::ranges::any_of(sources_of(application), [&](const Value* source) { return source_follows(*source, notice); });
}

void refresh_followers(kube::Client& client, Store& store, const Notice& notice) {
  for (const auto& name : store.applications()) {
    const auto application = store.application(name);
    const auto concerned = [&](const auto& of) { return follows(*application, of); };
    if (application != nullptr && std::visit(concerned, notice)) ask_to_refresh(client, *application);
  }
}

void refresh_followers(kube::Client& client, Store& store, std::string_view url,
                       const git::PushCommand& push) {
  for (const auto& name : store.applications()) {
    const auto application = store.application(name);
    if (application != nullptr && follows(*application, url, push.ref)) ask_to_refresh(client, *application);
  }
}

}  // namespace holdfast::agent
