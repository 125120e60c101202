#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on a real API server: what a project forbids, tried by every way but the plain one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, SERVER, Missing, Plane, Repository, application, check, status_of, wait_for  # noqa: E402

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"
CLUSTER_ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: taken, annotations: {argocd.argoproj.io/hook: MOMENT}}\n"
ELSEWHERE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: taken, namespace: kube-system, annotations: {argocd.argoproj.io/hook: MOMENT}}\n"


def project(plane, name, **spec):
    plane.api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": name, "server": SERVER}], **spec}})
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def create(plane, name, in_project, repository, **policy):
    app = application(name, repository, namespace=in_project, **policy)
    app["spec"]["project"] = in_project
    plane.api.create(APPLICATIONS, app)


def operate(plane, name, sync):
    """The state of the operation at its end."""
    plane.api.merge(f"{APPLICATIONS}/{name}", {"status": {"operationState": None}, "operation": {"sync": sync}})
    return status_of(plane, name, lambda s: s.get("operationState", {}).get("finishedAt"))["operationState"]


def config_map(plane, namespace, name):
    return plane.api.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")


def an_operation_brings_no_other_repository(plane):
    own, other = Repository(plane, "own"), Repository(plane, "other")
    own.commit({"cm.yaml": CONFIG_MAP.format("own")})
    other.commit({"cm.yaml": CONFIG_MAP.format("other")})
    project(plane, "narrow", sourceRepos=[own.url])
    create(plane, "narrow", "narrow", own)
    status_of(plane, "narrow", lambda s: s.get("sync", {}).get("status") == "OutOfSync")
    source = {"repoURL": other.url, "path": ".", "targetRevision": "main"}
    refusal = f"InvalidSpecError: application repo {other.url} is not permitted in project 'narrow'"
    for what, sync in (("a source", {"source": source}), ("sources", {"sources": [source]})):
        state = operate(plane, "narrow", {**sync, "revision": "main"})
        check(f"an operation with {what} that the project does not permit", (state["phase"], state["message"]), ("Error", refusal))
    check("nothing of it is applied", config_map(plane, "narrow", "other"), None)
    state = operate(plane, "narrow", {"source": {**source, "repoURL": own.url}})
    check("one with a permitted source", (state["phase"], bool(config_map(plane, "narrow", "own"))), ("Succeeded", True))


def what_must_be_signed_is_not_brought_along(plane):
    repository = Repository(plane, "unsigned")
    repository.commit({"cm.yaml": CONFIG_MAP.format("unsigned")})
    project(plane, "signed", signatureKeys=[{"keyID": "4AEE18F83AFDEB23"}])
    create(plane, "signed", "signed", repository)
    status_of(plane, "signed", lambda s: s.get("conditions"))
    state = operate(plane, "signed", {"manifests": [CONFIG_MAP.format("brought")]})
    check("manifests that nobody signed", (state["phase"], state["message"]),
          ("Error", "ComparisonError: Failed to load target state: Cannot use local manifests when source integrity is enforced"))
    check("are not applied", config_map(plane, "signed", "brought"), None)


def deletion_hooks_are_judged(plane):
    project(plane, "hooked")
    for moment, manifest, path in (("PreDelete", CLUSTER_ROLE, "/apis/rbac.authorization.k8s.io/v1/clusterroles/taken"),
                                   ("PostDelete", ELSEWHERE, "/api/v1/namespaces/kube-system/configmaps/taken")):
        name = moment.lower()
        repository = Repository(plane, name)
        repository.commit({"cm.yaml": CONFIG_MAP.format(name), "hook.yaml": manifest.replace("MOMENT", moment)})
        create(plane, name, "hooked", repository, automated={})
        status_of(plane, name, lambda s: s.get("sync", {}).get("status") == "Synced")
        wait_for("the finalizer", lambda: plane.api.application(name)["metadata"].get("finalizers"))
        plane.api.delete(f"{APPLICATIONS}/{name}")
        status = status_of(plane, name, lambda s: any(each["type"] == "DeletionError" for each in s.get("conditions", [])))
        told = next(each["message"] for each in status["conditions"] if each["type"] == "DeletionError")
        check(f"a {moment} hook that the project does not permit", ("is not permitted in project" in told, plane.api.get(path)), (True, None))
        plane.api.merge(f"{APPLICATIONS}/{name}", {"metadata": {"finalizers": None}})


def only_clusters_of_its_own(plane):
    repository = Repository(plane, "scoped")
    repository.commit({"cm.yaml": CONFIG_MAP.format("scoped")})
    project(plane, "scoped", permitOnlyProjectScopedClusters=True)
    create(plane, "scoped", "scoped", repository, automated={})
    status = status_of(plane, "scoped", lambda s: s.get("conditions"))
    check("a cluster that is nobody's", status["conditions"][0]["message"],
          f"application destination server '{SERVER}' and namespace 'scoped' do not match any of the allowed destinations in project 'scoped'")
    cluster = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "here", "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
               "stringData": {"server": SERVER, "name": "in-cluster", "project": "another", "config": "{}"}}
    plane.api.create("/api/v1/namespaces/argocd/secrets", cluster)
    plane.api.merge("/api/v1/namespaces/argocd/secrets/here", {"stringData": {"project": "scoped"}})
    status_of(plane, "scoped", lambda s: s.get("sync", {}).get("status") == "Synced" and not s.get("conditions"))
    check("a cluster of the project's", bool(config_map(plane, "scoped", "scoped")), True)
    plane.api.delete("/api/v1/namespaces/argocd/secrets/here")
    status_of(plane, "scoped", lambda s: s.get("conditions"))
    print("ok until its Secret is gone")


def the_cluster_has_the_name_of_its_secret(plane):
    repository = Repository(plane, "renamed")
    repository.commit({"cm.yaml": CONFIG_MAP.format("renamed")})
    project(plane, "renamed", destinations=[{"name": "prod", "namespace": "renamed"}])
    app = application("renamed", repository, namespace="renamed", automated={})
    app["spec"].update(project="renamed", destination={"name": "prod", "namespace": "renamed"})
    plane.api.create(APPLICATIONS, app)
    secrets = "/api/v1/namespaces/argocd/secrets"
    told = lambda: [each["message"] for each in status_of(plane, "renamed", lambda s: s.get("conditions"))["conditions"]]
    check("a name that no cluster has", told(), ["there are no clusters with this name: prod"])
    for name, server in (("here", SERVER), ("there", "https://elsewhere")):
        cluster = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
                   "stringData": {"server": server, "name": "prod", "config": "{}"}}
        plane.api.create(secrets, cluster)
        if name == "here":
            status_of(plane, "renamed", lambda s: s.get("sync", {}).get("status") == "Synced" and not s.get("conditions"))
            check("this cluster's name", bool(config_map(plane, "renamed", "renamed")), True)
    check("a name that two have", told(), [f"there are 2 clusters with the same name: [{SERVER} https://elsewhere]"])
    plane.api.delete(f"{secrets}/there")
    plane.api.merge(f"{APPLICATIONS}/renamed", {"spec": {"destination": {"name": "in-cluster"}}})
    status_of(plane, "renamed", lambda s: s.get("sync", {}).get("status") == "Synced" and not s.get("conditions"))
    print("ok also by the name that it had")
    plane.api.delete(f"{secrets}/here")
    check("which the project does not permit without the Secret", told(),
          ["application destination server 'in-cluster' and namespace 'renamed' do not match any of the allowed destinations in project 'renamed'"])


def a_window_that_nobody_can_read_holds_everything(plane):
    repository = Repository(plane, "window")
    repository.commit({"cm.yaml": CONFIG_MAP.format("window")})
    window = {"kind": "deny", "schedule": "often", "duration": "1h", "applications": ["*"], "manualSync": True}
    project(plane, "window", syncWindows=[window])
    create(plane, "window", "window", repository, automated={})
    status = status_of(plane, "window", lambda s: s.get("sync", {}).get("status") == "OutOfSync")
    plane.api.merge(f"{APPLICATIONS}/window", {"operation": {"sync": {}}})
    status = status_of(plane, "window", lambda s: s.get("operationState", {}).get("message"))
    check("a window that cannot be read holds an operation", (status["operationState"]["phase"], status["operationState"]["message"]),
          ("Running", "Sync operation blocked by sync window: invalid sync windows: cannot parse schedule 'often'"))
    plane.api.merge("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/window", {"spec": {"syncWindows": [{**window, "schedule": "* * * * *"}]}})
    state = status_of(plane, "window", lambda s: s.get("operationState", {}).get("finishedAt"), seconds=20)["operationState"]
    check("until somebody corrects it", state["phase"], "Succeeded")


def a_project_goes_with_its_last_application(plane):
    """The finalizer that Argo CD's own example of a project has."""
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
    repository = Repository(plane, "last")
    repository.commit({"cm.yaml": CONFIG_MAP.format("last")})
    for name in ("last", "unused"):
        project(plane, name)
        plane.api.merge(f"{path}/{name}", {"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io", "example.com/mine"]}})
    create(plane, "last", "last", repository, automated={})
    status_of(plane, "last", lambda s: s.get("sync", {}).get("status") == "Synced")
    for name in ("last", "unused"):
        plane.api.delete(f"{path}/{name}")
    wait_for("the project that nobody uses", lambda: plane.api.get(f"{path}/unused")["metadata"]["finalizers"] == ["example.com/mine"], 20)
    plane.api.refresh("last")
    wait_for("a look at the other", lambda: "argocd.argoproj.io/refresh" not in (plane.api.application("last")["metadata"].get("annotations") or {}), 20)
    check("a project that is used stays", plane.api.get(f"{path}/last")["metadata"]["finalizers"], ["resources-finalizer.argocd.argoproj.io", "example.com/mine"])
    plane.api.delete(f"{APPLICATIONS}/last")
    wait_for("the project that nobody uses any more", lambda: plane.api.get(f"{path}/last")["metadata"]["finalizers"] == ["example.com/mine"], 20)
    print("ok until its last application is gone")
    for name in ("last", "unused"):
        plane.api.merge(f"{path}/{name}", {"metadata": {"finalizers": None}})


def what_lies_about_is_counted(plane):
    """Kinds that no Application has, and what an Application left behind that is gone."""
    api, namespace = plane.api, "/api/v1/namespaces/orphans"
    repository = Repository(plane, "orphans")
    repository.commit({"cm.yaml": CONFIG_MAP.format("ours")})
    project(plane, "orphans", orphanedResources={"warn": True, "ignore": [{"group": "rbac.authorization.k8s.io"}]},
            namespaceResourceBlacklist=[{"group": "batch", "kind": "*"}])
    create(plane, "orphans", "orphans", repository, automated={})

    def told(status):
        return [each["message"] for each in status.get("conditions", []) if each["type"] == "OrphanedResourceWarning"]

    status_of(plane, "orphans", lambda s: s.get("sync", {}).get("status") == "Synced" and not told(s))
    api.create(f"{namespace}/secrets", {"metadata": {"name": "by-hand"}})
    status_of(plane, "orphans", lambda s: told(s) == ["Application has 1 orphaned resources"], seconds=20)
    print("ok a Secret that nobody has is noticed at once")
    # Ignored by its group, forbidden to the project, owned by another, of an Application that is there: none of them counts.
    api.create("/apis/rbac.authorization.k8s.io/v1/namespaces/orphans/roles", {"metadata": {"name": "ignored"}})
    api.create("/apis/batch/v1/namespaces/orphans/cronjobs", {"metadata": {"name": "forbidden"}, "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "x", "image": "x"}]}}}}}})
    owner = api.get(f"{namespace}/secrets/by-hand")["metadata"]["uid"]
    api.create(f"{namespace}/configmaps", {"metadata": {"name": "owned", "ownerReferences": [{"apiVersion": "v1", "kind": "Secret", "name": "by-hand", "uid": owner}]}})
    tracking = "argocd.argoproj.io/tracking-id"
    api.create(f"{namespace}/configmaps", {"metadata": {"name": "theirs", "annotations": {tracking: "narrow:/ConfigMap:orphans/theirs"}}})
    api.create("/apis/apps/v1/namespaces/orphans/statefulsets", {"metadata": {"name": "db", "annotations": {tracking: "narrow:apps/StatefulSet:orphans/db"}}, "spec": {
        "serviceName": "db", "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x", "image": "x"}]}}}})
    api.create(f"{namespace}/persistentvolumeclaims", {"metadata": {"name": "my-data-db-0"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    api.create(f"{namespace}/configmaps", {"metadata": {"name": "left", "annotations": {tracking: "gone:/ConfigMap:orphans/left"}}})
    status_of(plane, "orphans", lambda s: told(s) == ["Application has 2 orphaned resources"], seconds=20)
    plane.api.refresh("orphans")
    status = status_of(plane, "orphans", lambda s: "argocd.argoproj.io/refresh" not in (plane.api.application("orphans")["metadata"].get("annotations") or {}))
    check("what is left of an application that is gone counts, what is somebody's does not", told(status), ["Application has 2 orphaned resources"])
    for path in (f"{namespace}/secrets/by-hand", f"{namespace}/configmaps/left"):
        api.delete(path)
    status_of(plane, "orphans", lambda s: not told(s), seconds=20)
    print("ok until they are gone")


def run(plane):
    plane.start_git()
    plane.start_agent()
    for test in (an_operation_brings_no_other_repository, what_must_be_signed_is_not_brought_along, deletion_hooks_are_judged,
                 only_clusters_of_its_own, the_cluster_has_the_name_of_its_secret, a_window_that_nobody_can_read_holds_everything, a_project_goes_with_its_last_application, what_lies_about_is_counted):
        test(plane)


if __name__ == "__main__":
    try:
        with Plane() as the_plane:
            run(the_plane)
    except Missing as missing:
        print(f"skipped: projects: {missing}")
