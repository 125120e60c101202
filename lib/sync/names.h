// SPDX-License-Identifier: Apache-2.0
// The words of the contract with Argo CD's users and tools; a hand-over between the two engines is a
// no-op only while these are equal to the letter.
// Mirrors argoproj/argo-cd 3.6 common/common.go and gitops-engine/pkg/sync/common/types.go.
#pragma once

#include <string_view>

namespace holdfast::sync::names {

inline constexpr std::string_view api_group = "argoproj.io";
inline constexpr std::string_view api_version = "argoproj.io/v1alpha1";
inline constexpr std::string_view field_manager = "argocd-controller";
inline constexpr std::string_view local_server = "https://kubernetes.default.svc";
inline constexpr std::string_view local_name = "in-cluster";

inline constexpr std::string_view tracking_id = "argocd.argoproj.io/tracking-id";
inline constexpr std::string_view installation_id = "argocd.argoproj.io/installation-id";
inline constexpr std::string_view refresh = "argocd.argoproj.io/refresh";
inline constexpr std::string_view skip_reconcile = "argocd.argoproj.io/skip-reconcile";
inline constexpr std::string_view compare_options = "argocd.argoproj.io/compare-options";
inline constexpr std::string_view sync_options = "argocd.argoproj.io/sync-options";
inline constexpr std::string_view sync_wave = "argocd.argoproj.io/sync-wave";
inline constexpr std::string_view hook = "argocd.argoproj.io/hook";
inline constexpr std::string_view hook_delete_policy = "argocd.argoproj.io/hook-delete-policy";
inline constexpr std::string_view hook_finalizer = "argocd.argoproj.io/hook-finalizer";
inline constexpr std::string_view ignore_healthcheck = "argocd.argoproj.io/ignore-healthcheck";
inline constexpr std::string_view deletion_approved = "argocd.argoproj.io/deletion-approved";
inline constexpr std::string_view generate_paths = "argocd.argoproj.io/manifest-generate-paths";
inline constexpr std::string_view migration_manager =
    "argocd.argoproj.io/client-side-apply-migration-manager";
inline constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";
inline constexpr std::string_view helm_hook = "helm.sh/hook";
inline constexpr std::string_view helm_hook_weight = "helm.sh/hook-weight";
inline constexpr std::string_view helm_hook_delete_policy = "helm.sh/hook-delete-policy";
inline constexpr std::string_view helm_keep = "helm.sh/resource-policy";

inline constexpr std::string_view cascade_finalizer = "resources-finalizer.argocd.argoproj.io";
inline constexpr std::string_view cascade_foreground =
    "resources-finalizer.argocd.argoproj.io/foreground";
inline constexpr std::string_view cascade_background =
    "resources-finalizer.argocd.argoproj.io/background";
inline constexpr std::string_view predelete_finalizer = "pre-delete-finalizer.argocd.argoproj.io";
inline constexpr std::string_view predelete_cleanup =
    "pre-delete-finalizer.argocd.argoproj.io/cleanup";
inline constexpr std::string_view postdelete_finalizer = "post-delete-finalizer.argocd.argoproj.io";
inline constexpr std::string_view postdelete_cleanup =
    "post-delete-finalizer.argocd.argoproj.io/cleanup";

}  // namespace holdfast::sync::names
