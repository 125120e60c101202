// SPDX-License-Identifier: Apache-2.0
// One source of an Application, whatever it comes from: Git, a Helm repository, an OCI registry. A
// chart that is vendored in the built-in repository is taken from there and nobody is asked.
// It knows how sources are reached, not what is made of them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/context.h"
#include "sync/application.h"
#include "tree/file_tree.h"

namespace holdfast::agent {

struct SourceRequest {
  const sync::Source& source;
  const std::string& project;
  std::string revision;            // asked for; "" is the source's default
  Duration max_age = Duration{0};  // what was listed this recently may answer
};

// Asks a source's server without holding the worker: what this machine has is given at once, the rest is an
// errand. `ask` gets the server (a git::Remote or a charts::Repository) and may be called after its asker has
// left: it owns, or refers to what outlives the errands. `text` has all that the answer depends on but the
// server's address and credentials.
template <class T, class Server, class Ask>
Result<T> ask_server(Context& context, Server server, const std::string& text, Ask ask) {
  Server here = server;
  here.reach = Reach::here;
  Result<T> known = ask(std::as_const(here), context.stop);
  if (known || known.error().code() != Code::answer_awaited) return known;
  const Question question{server.url, fmt::format("{} {}", context.store.access_generation(), text), context.look};
  return context.errands.ask<T>(question, [server = std::move(server), ask = std::move(ask)](const std::stop_token& stop) -> Result<T> {
    return ask(server, stop);
  });
}

// So everything here may also refuse with Code::answer_awaited.

// What status.sync.revision shows: a commit, a chart's version or an artifact's digest.
// Refuses as git::Mirrors::resolve and charts::Charts::resolve.
Result<std::string> resolve_source(Context& context, const SourceRequest& request);

using TreePtr = std::shared_ptr<const tree::FileTree>;

// The files of what resolve_source() returned.
Result<TreePtr> fetch_source(Context& context, const SourceRequest& request);

// Is the commit, or the annotated tag that was `asked` for, signed as the project wants it? Sources that
// are not Git's pass, as upstream's do. `request` is of the resolved revision.
Result<> check_source_signature(Context& context, const SourceRequest& request, const std::string& asked);

// Manifests that an operation brings along are signed by nobody: refuses them where a project wants the
// commits of one of the sources signed.
Result<> check_brought_manifests(Context& context, const std::vector<sync::Source>& sources, const std::string& project);

// The paths that differ between two commits of a Git source, when both are at hand.
Result<std::optional<std::vector<std::string>>> changed_in_source(Context& context, const SourceRequest& request,
                                                                  const std::string& before);

// The tree with the charts that the chart in `folder` wants and has not, as Helm's dependency build
// brings them; the tree itself when nothing is missing.
Result<TreePtr> with_dependencies(Context& context, TreePtr tree, const std::string& folder,
                                  const std::string& project);

// Lets the next question reach the servers, whatever is remembered (hard refresh).
void forget_source(Context& context, const sync::Source& source);

}  // namespace holdfast::agent
