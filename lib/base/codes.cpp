// SPDX-License-Identifier: Apache-2.0
#include "base/codes.h"

#include <algorithm>
#include <array>

#include "base/result.h"

namespace holdfast {
namespace {

// clang-format off
constexpr auto rows = std::to_array<CodeRow>({
    {Code::internal,             "HF-E-1000", Retry::never,        Exit::differences,  "report it with the text above: this is a defect of Holdfast"},
    {Code::usage,                "HF-E-1001", Retry::never,        Exit::usage,        "see the command's --help"},
    {Code::no_kubeconfig,        "HF-E-1002", Retry::never,        Exit::usage,        "export KUBECONFIG=/path/to/its/kubeconfig, or make a cluster here: holdfast up --node"},
    {Code::kubeconfig,           "HF-E-1003", Retry::never,        Exit::usage,        "check the file with: kubectl --kubeconfig FILE config view"},
    {Code::cluster_unreachable,  "HF-E-1004", Retry::soon,         Exit::preflight,    "check that the API server runs and that this machine reaches its address"},
    {Code::forbidden,            "HF-E-1005", Retry::after_change, Exit::preflight,    "ask an administrator of the cluster for the rights named above"},
    {Code::file_missing,         "HF-E-1006", Retry::never,        Exit::usage,        "check the path"},
    {Code::file_unreadable,      "HF-E-1007", Retry::never,        Exit::usage,        "check the file's permissions and kind"},
    {Code::file_unwritable,      "HF-E-1008", Retry::never,        Exit::preflight,    "check the folder's permissions, or name another one"},
    {Code::disk_full,            "HF-E-1009", Retry::after_change, Exit::preflight,    "free space on that file system, then run the same command again"},
    {Code::port_in_use,          "HF-E-1010", Retry::after_change, Exit::preflight,    "stop what listens there, or choose another port"},
    {Code::wrong_architecture,   "HF-E-1011", Retry::never,        Exit::preflight,    "take the bundle made for this machine's architecture"},
    {Code::stopped,              "HF-E-1012", Retry::soon,         Exit::stopped,      "run the same command again: it goes on where it stopped"},
    {Code::timed_out,            "HF-E-1013", Retry::soon,         Exit::timeout,      "look at what it waited for; the same command goes on waiting"},
    {Code::limit,                "HF-E-1014", Retry::never,        Exit::differences,  "make the input smaller: the limit protects the cluster from hostile input"},
    {Code::another_run,          "HF-E-1015", Retry::soon,         Exit::stopped,      "wait until the other run has ended"},
    {Code::confirmation,         "HF-E-1016", Retry::never,        Exit::refused,      "run it in a terminal, or confirm with --yes"},
    {Code::unreachable,          "HF-E-1017", Retry::soon,         Exit::preflight,    "check that the peer runs and that this machine reaches its address"},
    {Code::answer_awaited,       "HF-E-1018", Retry::soon,         Exit::timeout,      "wait: who asked goes on by itself when the answer is there"},

    {Code::bundle_format,        "HF-E-2001", Retry::never,        Exit::verification, "copy the bundle again from where it was made"},
    {Code::bundle_signature,     "HF-E-2002", Retry::never,        Exit::verification, "get the bundle again from its maker: this one was changed or never signed"},
    {Code::bundle_untrusted_key, "HF-E-2003", Retry::never,        Exit::verification, "get the maker's public key by another way than the bundle, then: holdfast trust add KEY.pub"},
    {Code::bundle_content,       "HF-E-2004", Retry::never,        Exit::verification, "copy the bundle again from where it was made"},
    {Code::bundle_policy,        "HF-E-2005", Retry::never,        Exit::refused,      "take a bundle that fits this installer and machine"},
    {Code::bundle_definition,    "HF-E-2006", Retry::never,        Exit::usage,        "correct the bundle definition"},
    {Code::trust_root,           "HF-E-2007", Retry::never,        Exit::verification, "make a trust root: holdfast trust init --key KEY.pub"},

    {Code::git_unreachable,      "HF-E-3001", Retry::soon,         Exit::differences,  "check the repository's URL and that the agent may reach it"},
    {Code::git_revision,         "HF-E-3002", Retry::after_change, Exit::differences,  "name a branch, tag or commit that the repository has"},
    {Code::git_object,           "HF-E-3003", Retry::soon,         Exit::differences,  "check the repository with: git fsck"},
    {Code::git_not_fast_forward, "HF-E-3004", Retry::never,        Exit::refused,      "fetch, rebase on the published branch, push again"},
    {Code::path_missing,         "HF-E-3005", Retry::after_change, Exit::differences,  "correct the path, or commit what is missing"},
    {Code::path_outside,         "HF-E-3006", Retry::after_change, Exit::differences,  "keep everything inside the repository"},
    {Code::text_encoding,        "HF-E-3007", Retry::after_change, Exit::differences,  "save the file as UTF-8"},
    {Code::json_syntax,          "HF-E-3008", Retry::after_change, Exit::differences,  "correct the JSON at the place named above"},
    {Code::yaml_syntax,          "HF-E-3009", Retry::after_change, Exit::differences,  "correct the YAML at the place named above"},
    {Code::toml_syntax,          "HF-E-3010", Retry::after_change, Exit::usage,        "correct the TOML at the place named above"},
    {Code::unknown_key,          "HF-E-3011", Retry::after_change, Exit::usage,        "use the nearest known key, or remove it"},
    {Code::wrong_type,           "HF-E-3012", Retry::after_change, Exit::usage,        "give the value the type named above"},
    {Code::patch,                "HF-E-3013", Retry::after_change, Exit::differences,  "correct the patch at the place named above"},
    {Code::kustomization,        "HF-E-3014", Retry::after_change, Exit::differences,  "correct the kustomization file at the place named above"},
    {Code::kustomize_conflict,   "HF-E-3015", Retry::after_change, Exit::differences,  "keep one of the two objects"},
    {Code::kustomize_target,     "HF-E-3016", Retry::after_change, Exit::differences,  "name a target that the build holds at that point"},
    {Code::template_syntax,      "HF-E-3017", Retry::after_change, Exit::differences,  "correct the template at the line named above"},
    {Code::template_execution,   "HF-E-3018", Retry::after_change, Exit::differences,  "correct the template or the value it uses"},
    {Code::chart,                "HF-E-3019", Retry::after_change, Exit::differences,  "correct the chart"},
    {Code::chart_values,         "HF-E-3020", Retry::after_change, Exit::differences,  "correct the values"},
    {Code::source_unsupported,   "HF-E-3021", Retry::after_change, Exit::differences,  "use a plain directory, Kustomize or a Helm chart"},
    {Code::repo_layout,          "HF-E-3022", Retry::never,        Exit::usage,        "name a repository made by: holdfast repo init"},
    {Code::repo_lint,            "HF-E-3023", Retry::after_change, Exit::differences,  "correct the places named above, then: holdfast repo lint"},

    {Code::application_spec,     "HF-E-4001", Retry::after_change, Exit::differences,  "correct the Application's spec"},
    {Code::project_denied,       "HF-E-4002", Retry::after_change, Exit::refused,      "permit it in the AppProject, or move the Application to another project"},
    {Code::object_invalid,       "HF-E-4003", Retry::after_change, Exit::differences,  "correct the manifest in Git"},
    {Code::object_conflict,      "HF-E-4004", Retry::soon,         Exit::differences,  "leave the field to one manager"},
    {Code::object_missing,       "HF-E-4005", Retry::after_change, Exit::differences,  "check kind, namespace and name"},
    {Code::object_exists,        "HF-E-4006", Retry::after_change, Exit::differences,  "choose another name, or remove the other object"},
    {Code::resource_version,     "HF-E-4007", Retry::soon,         Exit::differences,  "read the object again"},
    {Code::throttled,            "HF-E-4008", Retry::soon,         Exit::differences,  "wait: the API server asked for it"},
    {Code::kind_unknown,         "HF-E-4009", Retry::after_change, Exit::differences,  "install the CustomResourceDefinition first, or correct apiVersion and kind"},
    {Code::shared_object,        "HF-E-4010", Retry::after_change, Exit::differences,  "keep the object in one Application"},
    {Code::not_healthy,          "HF-E-4011", Retry::soon,         Exit::differences,  "look at the object named above"},
    {Code::operation,            "HF-E-4012", Retry::after_change, Exit::differences,  "correct the operation"},

    {Code::node_capability,      "HF-E-5001", Retry::never,        Exit::preflight,    "run as root on a machine that may make namespaces and mounts"},
    {Code::node_component,       "HF-E-5002", Retry::soon,         Exit::differences,  "look at the component's log, named above"},
    {Code::node_state,           "HF-E-5003", Retry::never,        Exit::preflight,    "remove it with: holdfast node down"},
    {Code::preflight,            "HF-E-5004", Retry::after_change, Exit::preflight,    "correct what is named above, then run the same command again"},
});
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].code != static_cast<Code>(i)) return false;
  }
  return true;
}

static_assert(in_order(), "one row for each enumerator, in the enumerators' order");

}  // namespace

const CodeRow& row_of(Code code) { return rows[static_cast<std::size_t>(code)]; }

const CodeRow* find_code(std::string_view name) {
  const auto* row = std::ranges::find(rows, name, &CodeRow::name);
  return row == rows.end() ? nullptr : row;
}

std::span<const CodeRow> all_codes() { return rows; }

}  // namespace holdfast
