#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on a real API server: options of Applications and projects that the recorded scenarios do not use."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/plane"))
from plane import APPLICATIONS, Missing, Plane, Repository, application, check, status_of, wait_for  # noqa: E402

PROJECTS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
COLOR = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: color}}\ndata: {{color: {}}}\n"


def create(plane, app, namespace=True):
    name = app["metadata"]["name"]
    if namespace:
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    plane.api.create(APPLICATIONS, app)


def phase(status):
    return status.get("operationState", {}).get("phase")


def sync(plane, name, **sync):
    """A sync by hand; the status after it."""
    plane.api.merge(f"{APPLICATIONS}/{name}", {"status": {"operationState": None}, "operation": {"sync": sync}})
    return status_of(plane, name, lambda s: phase(s) in ("Succeeded", "Failed", "Error"))


def condition(status):
    return " ".join(each["message"] for each in status.get("conditions", []))


def deployment(label):
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web", "version": label}}, "spec": {"containers": [{"name": "app", "image": "git:1"}]}}}})


def what_is_respected_stays(plane):
    repository = Repository(plane, "respect")
    repository.commit({"web.yaml": deployment("one")})
    app = application("respect", repository)
    app["spec"]["ignoreDifferences"] = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"],
                                         "jqPathExpressions": [".spec.template.spec.containers[].image"]}]
    create(plane, app)
    check("a first sync", phase(sync(plane, "respect", syncOptions=["RespectIgnoreDifferences=true"])), "Succeeded")
    path = "/apis/apps/v1/namespaces/respect/deployments/web"
    live = plane.api.get(path)["spec"]["template"]["spec"]["containers"][0]
    plane.api.merge(path, {"spec": {"replicas": 4, "template": {"spec": {"containers": [
        {"name": "proxy", "image": "proxy:1"}, {**live, "image": "live:2"}]}}}})
    repository.commit({"web.yaml": deployment("two")})
    status = sync(plane, "respect", syncOptions=["RespectIgnoreDifferences=true"])
    spec = plane.api.get(path)["spec"]
    containers = [(each["name"], each["image"]) for each in spec["template"]["spec"]["containers"]]
    check("what is ignored keeps its live value, in the container it is of",
          (phase(status), spec["replicas"], sorted(containers), spec["template"]["metadata"]["labels"]["version"]),
          ("Succeeded", 4, [("app", "live:2"), ("proxy", "proxy:1")], "two"))
    sync(plane, "respect")
    spec = plane.api.get(path)["spec"]
    check("without the option a sync takes it back", (spec["replicas"], spec["template"]["spec"]["containers"][-1]["image"]), (1, "git:1"))


def fields_of_client_side_applies_are_taken_over(plane):
    """A field that another tool set and Git does not have goes with the first sync, where its manager is one to migrate from."""
    cases = {"migrated": ("kubectl-client-side-apply", {}, [], {"color": "red"}),
             "stranger": ("helm", {}, [], {"color": "red", "extra": "x"}),
             "named": ("helm", {"argocd.argoproj.io/client-side-apply-migration-manager": "helm"}, [], {"color": "red"}),
             "kept": ("kubectl-client-side-apply", {}, ["ClientSideApplyMigration=false"], {"color": "red", "extra": "x"})}
    repository = Repository(plane, "red")
    repository.commit({"cm.yaml": COLOR.format("red")})
    for name, (manager, annotations, options, want) in cases.items():
        path = f"/api/v1/namespaces/{name}/configmaps"
        app = application(name, repository, automated={}, syncOptions=options)
        app["metadata"]["annotations"] = annotations
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        plane.api.create(f"{path}?fieldManager={manager}", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "color"},
                                                            "data": {"color": "blue", "extra": "x"}})
        create(plane, app, namespace=False)
        status_of(plane, name, lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
        check(f"fields of {manager}: {name}", plane.api.get(f"{path}/color")["data"], want)


def build_options_of_kustomize_count(plane):
    repository = Repository(plane, "outside")
    repository.commit({"base/cm.yaml": COLOR.format("blue"), "app/kustomization.yaml": "resources: [../base/cm.yaml]\n"})
    create(plane, application("outside", repository, path="app", automated={}))
    status = status_of(plane, "outside", lambda s: s.get("conditions"))
    check("a kustomization reads nothing above itself", "is not in or below" in condition(status), True)
    plane.api.apply("/api/v1/namespaces/argocd/configmaps/argocd-cm", {"apiVersion": "v1", "kind": "ConfigMap", "data": {
        "kustomize.buildOptions": "--enable-helm --load-restrictor LoadRestrictionsNone"}, "metadata": {
        "name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}}})
    status_of(plane, "outside", lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    print("ok unless kustomize.buildOptions allows it")


def a_window_that_cannot_be_read_closes(plane):
    window = {"kind": "deny", "schedule": "0 25 * * *", "duration": "1h", "applications": ["*"]}
    plane.api.create(PROJECTS, {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "closed", "namespace": "argocd"},
                                "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}], "syncWindows": [window]}})
    repository = Repository(plane, "closed")
    repository.commit({"cm.yaml": COLOR.format("blue")})
    app = application("closed", repository, automated={})
    app["spec"]["project"] = "closed"
    create(plane, app)
    status_of(plane, "closed", lambda s: s.get("sync", {}).get("status") == "OutOfSync")
    plane.api.merge(f"{APPLICATIONS}/closed", {"operation": {"sync": {}}})
    status = status_of(plane, "closed", lambda s: "blocked" in s.get("operationState", {}).get("message", ""))
    check("a window that cannot be read closes, and is named", status["operationState"]["message"],
          "Sync operation blocked by sync window: invalid sync windows: cannot parse schedule '0 25 * * *'")
    plane.api.merge(f"{PROJECTS}/closed", {"spec": {"syncWindows": [{**window, "schedule": "0 0 1 1 *", "timeZone": "Pacific/Auckland"}]}})
    status_of(plane, "closed", lambda s: phase(s) == "Succeeded")
    print("ok and opens when it can")


def missing_kinds_are_skipped_where_asked(plane):
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "known"}}
    widget = {"apiVersion": "nowhere.example.com/v1", "kind": "Widget", "metadata": {"name": "unknown"}}
    noted = {**widget, "metadata": {"name": "unknown", "annotations": {"argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true"}}}
    cases = {"refused": (widget, [], False), "of-sync": (widget, ["SkipDryRunOnMissingResource=true"], True), "of-object": (noted, [], True)}
    for name, (unknown, options, applied) in cases.items():
        repository = Repository(plane, name)
        repository.commit({"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": [config_map, unknown]})})
        create(plane, application(name, repository))
        status = sync(plane, name, syncOptions=options)
        check(f"a kind that is not there: {name}",
              (phase(status), plane.api.get(f"/api/v1/namespaces/{name}/configmaps/known") is not None), ("Failed", applied))


def prunes_propagate_as_asked(plane):
    """Each prune takes an owner whose dependent hangs on a finalizer."""
    def owner(name):
        return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"

    policies = {"plain": [], "background": ["PrunePropagationPolicy=background"], "orphan": ["PrunePropagationPolicy=orphan"]}
    repository = Repository(plane, "pruned")
    repository.commit({f"{name}.yaml": owner(name) for name in policies})
    create(plane, application("pruned", repository))
    check("owners are made", phase(sync(plane, "pruned")), "Succeeded")
    path = "/api/v1/namespaces/pruned/configmaps"
    for name in policies:
        uid = plane.api.get(f"{path}/{name}")["metadata"]["uid"]
        plane.api.create(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": f"of-{name}", "finalizers": ["example.com/hold"], "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": True}]}})
    left = dict.fromkeys(policies)
    for name, options in policies.items():
        left.pop(name)
        repository.commit({f"{each}.yaml": owner(each) for each in left} or {"README.md": "nothing is left"})
        check(f"a prune: {name}", phase(sync(plane, "pruned", prune=True, syncOptions=options)), "Succeeded")

    def settled(name):
        found, dependent = plane.api.get(f"{path}/{name}"), plane.api.get(f"{path}/of-{name}")["metadata"]
        return found is not None, "deletionTimestamp" in dependent, bool(dependent.get("ownerReferences"))

    want = {"plain": (True, True, True), "background": (False, True, True), "orphan": (False, False, False)}
    wait_for("the garbage collector", lambda: all(settled(name) == each for name, each in want.items()), 60)
    print("ok foreground waits for dependents, background does not, orphan leaves them")
    for name in policies:
        plane.api.merge(f"{path}/of-{name}", {"metadata": {"finalizers": None}})


def commits_of_others_undo_nothing(plane):
    """An Application that says what it is made of, in a repository of many: without selfHeal a hand's change stays."""
    def files(color, other):
        return {"app/cm.yaml": COLOR.format(color), "other/cm.yaml": COLOR.format(other)}

    repository = Repository(plane, "many")
    first = repository.commit(files("blue", "a"))
    app = application("many", repository, path="app", automated={})
    app["metadata"]["annotations"] = {"argocd.argoproj.io/manifest-generate-paths": "."}
    create(plane, app)
    status_of(plane, "many", lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    path = "/api/v1/namespaces/many/configmaps/color"
    plane.api.merge(path, {"data": {"color": "hand"}})
    status_of(plane, "many", lambda s: s["sync"]["status"] == "OutOfSync")
    second = repository.commit(files("blue", "b"))
    plane.restart("agent")  # what it knows is in the cluster and in Git
    plane.api.refresh("many")
    status = status_of(plane, "many", lambda s: s["sync"].get("revision") == second and s["sync"]["status"] == "OutOfSync")
    check("a commit that is not of the Application undoes nothing",
          (plane.api.application("many").get("operation"), status["operationState"]["syncResult"]["revision"], plane.api.get(path)["data"]["color"]),
          (None, first, "hand"))
    third = repository.commit(files("red", "b"))
    plane.api.refresh("many")
    status_of(plane, "many", lambda s: s["sync"] == {**s["sync"], "status": "Synced", "revision": third})
    check("one that is does", plane.api.get(path)["data"]["color"], "red")


def a_reference_names_a_source(plane):
    repository = Repository(plane, "chart")
    repository.commit({"Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n", "x.yaml": "color: wrong\n",
                       "templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {color: '{{ .Values.color }}'}\n"})
    app = application("chart", repository)
    source = app["spec"].pop("source")
    app["spec"]["sources"] = [{**source, "helm": {"valueFiles": ["$vals/x.yaml"], "ignoreMissingValueFiles": True}}, {**source, "ref": "values"}]
    create(plane, app)
    status = status_of(plane, "chart", lambda s: s.get("conditions"))
    check("a source that is not there is no folder", 'source referenced "$vals", which is not one of the available sources ($values)' in condition(status), True)


def main():
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        what_is_respected_stays(plane)
        fields_of_client_side_applies_are_taken_over(plane)
        build_options_of_kustomize_count(plane)
        a_window_that_cannot_be_read_closes(plane)
        missing_kinds_are_skipped_where_asked(plane)
        prunes_propagate_as_asked(plane)
        commits_of_others_undo_nothing(plane)
        a_reference_names_a_source(plane)


try:
    main()
except Missing as missing:
    print(f"skipped: options: {missing}")
