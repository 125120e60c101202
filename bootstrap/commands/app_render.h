// SPDX-License-Identifier: Apache-2.0
// What an Application's sources give, rendered here by the same code as in the agent: of the commit that was
// compared, of another one, or of a folder. With the caller's rights, and from any Git server that this
// machine reaches. It does not know what is done with it.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go: getLocalObjects.
#pragma once

#include <map>
#include <string>

#include "commands/app_access.h"
#include "sync/target.h"

namespace holdfast::bootstrap {

// The revision of each source that was named, by the source's index. Refuses with Code::usage.
Result<std::map<std::size_t, std::string>> source_revisions(const sync::Application& application, const AppRevisions& asked);

// A folder in place of Git: `root` is the repository's, `path` the source's in it.
struct LocalFolder {
  std::string root, path;
};
// `local` is the source's folder or the repository's root; with `local.root` always the former, below it.
// Refuses with Code::usage, file_missing or file_unreadable.
Result<LocalFolder> local_folder(const AppLocal& local, const std::string& source_path);

struct RenderFrom {
  std::string revision;  // of the only source, in place of its own
  AppRevisions revisions;
  AppLocal local;
};

// With namespaces and tracking, as the engine would write them.
Result<sync::Targets> render_targets(AppAccess& access, const sync::Application& application, const sync::Settings& settings,
                                     const RenderFrom& from);

// Without what the server keeps for itself.
Value without_server_fields(Value object);

// The values of Secrets become signs that tell only whether two of them are equal.
void mask_secrets(Value& before, Value& after);

}  // namespace holdfast::bootstrap
