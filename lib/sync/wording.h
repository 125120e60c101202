// SPDX-License-Identifier: Apache-2.0
// Upstream's fixed texts in conditions and operation states: clients, tests and people match on them,
// so they are a contract and stand in one place, apart from our own voice.
// Mirrors argoproj/argo-cd 3.6 controller/state.go, reposerver/repository/repository.go, util/argo.
#pragma once

#include <string_view>

namespace holdfast::sync::wording {

inline constexpr std::string_view load_target = "Failed to load target state";
inline constexpr std::string_view compare_states = "Failed to compare desired state to live state";
inline constexpr std::string_view diff_normalizer = "failed to create diff normalizer";
inline constexpr std::string_view calculate_diff =
    "failed to calculate diff: error calculating server side diff";
inline constexpr std::string_view load_project = "Failed to load application project";
inline constexpr std::string_view no_repository = "failed to list refs: repository not found";
inline constexpr char generate_manifest[] = "failed to generate manifest for source {} of {}";
inline constexpr char resolve_revision[] =
    "unable to resolve '{}' to a commit SHA: revision not found";
inline constexpr char get_project[] =
    "error getting app project \"{0}\": appproject.argoproj.io \"{0}\" not found";
inline constexpr char use_project[] =
    "application '{}' in namespace '{}' is not permitted to use project '{}'";
// What an operation waits for, before the object's name.
inline constexpr std::string_view pruning_confirmation = "pruning confirmation of";
inline constexpr char discover[] =
    "failed to discover server resources for group version {}: the server could not find the "
    "requested resource";

}  // namespace holdfast::sync::wording
