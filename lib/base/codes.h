// SPDX-License-Identifier: Apache-2.0
// The closed list of what can go wrong. A code exists because someone acts on it: the retry policy,
// the exit code, a fix to print, a section of docs/errors.md (a test keeps table and document equal).
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace holdfast {

// When the same work may be tried again.
enum class Retry {
  never,         // not before a person or Git changed something
  soon,          // with back-off: the other side may recover
  after_change,  // when an object, a commit or a file it depends on changes
};

// What a command returns (design: exit codes of the command line).
enum class Exit : int {
  ok = 0,
  differences = 1,  // differences or unhealthy, said by the command
  usage = 2,
  verification = 3,
  preflight = 4,
  stopped = 5,  // can be resumed by the same command
  refused = 6,  // by policy
  timeout = 7,
};

enum class Code {
  // 1xxx: the command line, this machine, the cluster as a whole
  internal,           // a broken assumption of ours
  usage,              // unknown flag, missing argument, bad value
  no_kubeconfig,      // none given, none found
  kubeconfig,         // unreadable, unknown context, unusable credentials
  cluster_unreachable,
  forbidden,          // the API server says 401 or 403
  file_missing,
  file_unreadable,
  file_unwritable,
  disk_full,
  port_in_use,
  wrong_architecture,
  stopped,            // asked to stop; the same command goes on
  timed_out,          // a wait ended, with what it waited for
  limit,              // a budget on size, depth, count or time was exceeded
  another_run,        // the journal is locked by a living process
  confirmation,       // needs a yes and there is no terminal
  unreachable,        // an HTTP peer: no connection, no trust, or cut off
  answer_awaited,     // only a server can answer, and whoever asked does not wait for it

  // 2xxx: bundles and trust
  bundle_format,
  bundle_signature,
  bundle_untrusted_key,
  bundle_content,     // a digest, size or closure does not hold
  bundle_policy,      // version, platform, epoch
  bundle_definition,
  trust_root,

  // 3xxx: repositories, Git and what they hold
  git_unreachable,
  git_revision,
  git_object,
  git_not_fast_forward,
  path_missing,
  path_outside,
  text_encoding,      // not UTF-8
  json_syntax,
  yaml_syntax,
  toml_syntax,
  unknown_key,
  wrong_type,
  patch,
  kustomization,
  kustomize_conflict,
  kustomize_target,
  template_syntax,
  template_execution,
  chart,
  chart_values,
  source_unsupported,
  repo_layout,
  repo_lint,

  // 4xxx: the engine and the objects it writes
  application_spec,
  project_denied,
  object_invalid,
  object_conflict,
  object_missing,
  object_exists,
  resource_version,   // 410 Gone or 409 on a stale read
  throttled,
  kind_unknown,
  shared_object,
  not_healthy,
  operation,

  // 5xxx: the node
  node_capability,
  node_component,
  node_state,
  preflight,
};

struct CodeRow {
  Code code;
  std::string_view name;  // "HF-E-2002"
  Retry retry;
  Exit exit;
  std::string_view fix;  // the command or edit that most likely helps, one line
};

const CodeRow& row_of(Code code);

// The row whose name is `name` ("HF-E-2002", case as written), if there is one.
const CodeRow* find_code(std::string_view name);

std::span<const CodeRow> all_codes();

}  // namespace holdfast
