// SPDX-License-Identifier: Apache-2.0
#include "agent/after_push.h"

#include "base/log.h"
#include "git/remote.h"
#include "sync/names.h"

namespace holdfast::agent {
namespace {

bool source_follows(const Value& source, std::string_view url, std::string_view ref) {
  if (git::trimmed_url(source.text({"repoURL"})) != git::trimmed_url(url)) return false;
  constexpr std::string_view branches = "refs/heads/";
  const auto revision = source.text({"targetRevision"});
  return revision.empty() || revision == "HEAD" || revision == ref ||
         (ref.starts_with(branches) && revision == ref.substr(branches.size()));
}

}  // namespace

bool follows(const Value& application, std::string_view url, std::string_view ref) {
  const Value* one = application.find_path({"spec", "source"});
  if (one != nullptr && source_follows(*one, url, ref)) return true;
  const Value* several = application.find_path({"spec", "sources"});
  if (several == nullptr || several->as_array() == nullptr) return false;
  for (const auto& source : *several->as_array()) {
    if (source_follows(source, url, ref)) return true;
  }
  return false;
}

void refresh_followers(kube::Client& client, Store& store, std::string_view url,
                       const git::PushCommand& push) {
  Value patch;
  patch["metadata"]["annotations"][sync::names::refresh] = "normal";
  for (const auto& name : store.application_names()) {
    const auto application = store.application(name);
    if (application == nullptr || !follows(*application, url, push.ref)) continue;
    const kube::Identity identity{
        .group = "argoproj.io",
        .version = "v1alpha1",
        .kind = "Application",
        .namespace_ = std::string(application->text({"metadata", "namespace"})),
        .name = name};
    const auto patched = client.patch(identity, kube::PatchType::merge, patch);
    if (patched || patched.error().code() == Code::object_missing) continue;
    log::warn("an application was not asked to look again",
              {{"application", name}, {"because", patched.error().message()}});
  }
}

}  // namespace holdfast::agent
