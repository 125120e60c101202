// SPDX-License-Identifier: Apache-2.0
// What a push sets going: the Applications that follow the pushed branch are asked to look again, by
// the annotation that Argo CD's webhook sets. It stands in the API server,
// so it counts even where another agent is the one that acts. Mirrors argoproj/argo-cd 3.6
// util/webhook/webhook.go: HandleEvent, sourceRevisionHasChanged.
#pragma once

#include "agent/store.h"
#include "agent/web/webhook.h"
#include "git/receive_push.h"
#include "kube/client.h"

#include <string>
#include <string_view>

namespace holdfast::agent {

// Does an Application, as the API server has it, read `url` at the branch `ref` or at HEAD?
bool follows(const Value& application, std::string_view url, std::string_view ref);

// Of another server's push, as its webhook says it: the URL in any spelling, branches, tags and semver
// ranges; a commit that touches nothing of argocd.argoproj.io/manifest-generate-paths is passed over.
bool follows(const Value& application, const PushNotice& notice);
// Of a registry's: the artifact itself or the chart of that name, a tag or a range that it is in. Mirrors
// util/webhook/registry.go: HandleRegistryEvent.
bool follows(const Value& application, const ArtifactNotice& notice);
void refresh_followers(kube::Client& client, Store& store, const Notice& notice);

// Failures are logged: the Application's own resync comes anyway.
void refresh_followers(kube::Client& client, Store& store, std::string_view url,
                       const git::PushCommand& push);

}  // namespace holdfast::agent
