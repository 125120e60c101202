#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""holdfast app explain against a real API server and a running agent: states that operators meet, and what is said of them.

usage: explain.py HOLDFAST
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, Missing, Plane, Repository, application, status_of, wait_for  # noqa: E402
from person import person, says  # noqa: E402

RETRY_LATE = {"limit": 3, "backoff": {"duration": "1h", "maxDuration": "1h"}}
FAILS = {"limit": 0}


def config_map(name, data=None, **metadata):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {"v": "1"}})


def deployment(name, spec):
    labels = {"app": name}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
            **spec, "containers": [{"name": "main", "image": "registry.local/web:1"}]}}}})


def phase(status):
    return status.get("operationState", {}).get("phase")


def failed(status):
    return phase(status) in ("Failed", "Error")


def told(status):
    return status.get("conditions")


def ill(status):
    return any(each.get("health", {}).get("status") in ("Progressing", "Degraded") for each in status.get("resources", []))


BALANCER = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "balancer"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
LATER = config_map("later", annotations={"argocd.argoproj.io/sync-wave": "1"})
HOOK = config_map("check", {"fails": "yes"}, annotations={"argocd.argoproj.io/hook": "PreSync"})
CLAIM = json.dumps({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
SCRIPT = "if obj.data.fails == nil then return nil end return {status = 'Degraded', message = 'the schema is too old'}"

# name: (files, policy, changes of the Application's spec, the state, what is said of it)
STATES = {
    "no-repository": ({}, {}, {"source": {"repoURL": "{git}/none.git", "path": ".", "targetRevision": "main"}}, told,
                      ["repository not found", "none.git", "argocd.argoproj.io/secret-type: repository"]),
    "no-path": ({"a.json": config_map("a")}, {}, {"source": {"repoURL": "{repo}", "path": "deploy", "targetRevision": "main"}}, told,
                ["path 'deploy' is not in the repository", "holdfast app set no-path --path PATH"]),
    "no-revision": ({"a.json": config_map("a")}, {}, {"source": {"repoURL": "{repo}", "path": ".", "targetRevision": "v9"}}, told,
                    ["unable to resolve 'v9'", "holdfast app set no-revision --revision REVISION"]),
    "bad-kustomization": ({"kustomization.yaml": "resources: [gone.yaml]\n"}, {}, {}, told, ["gone.yaml", "holdfast app get bad-kustomization --refresh"]),
    "refused": ({"a.json": json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 700000}]}})},
                {"automated": {}, "retry": FAILS}, {}, failed, ["Service refused/a was refused", "must be between 1 and 65535", "correct the object in Git"]),
    "quota": ({"a.json": config_map("a"), "b.json": config_map("b")}, {"automated": {}, "retry": FAILS}, {}, failed,
              ["ConfigMap quota/", "exceeded quota: small", "kubectl describe quota"]),
    "no-kind": ({"a.json": json.dumps({"apiVersion": "none.example.com/v1", "kind": "Nothing", "metadata": {"name": "a"}})}, {"automated": {}, "retry": FAILS}, {},
                failed, ["Nothing no-kind/a was refused", "\"Nothing\" CRD is installed", "install the kind first"]),
    "no-namespace": ({"a.json": config_map("a")}, {"automated": {}, "retry": FAILS}, {"destination": {"server": "https://kubernetes.default.svc", "namespace": "absent"}},
                     failed, ["namespaces \"absent\" not found", "holdfast app set no-namespace --sync-option CreateNamespace=true"]),
    "hook": ({"hook.json": HOOK, "a.json": config_map("a")}, {"automated": {}, "retry": FAILS}, {}, failed,
             ["PreSync hook ConfigMap hook/check failed", "the schema is too old", "holdfast app logs hook --kind ConfigMap --name check"]),
    "wave": ({"a.json": BALANCER, "b.json": LATER}, {"automated": {}}, {}, lambda s: "waiting for" in s.get("operationState", {}).get("message", ""),
             ["waiting for healthy state of /Service/balancer", "holdfast app terminate-op wave"]),
    "retries": ({"a.json": json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 700000}]}})},
                {"automated": {}, "retry": RETRY_LATE}, {}, lambda s: "Retrying" in s.get("operationState", {}).get("message", ""),
                ["Retrying attempt #1 at", "Service retries/a was refused", "correct the object in Git"]),
    "denied-place": ({"a.json": config_map("a")}, {}, {"project": "narrow"}, told,
                     ["do not match any of the allowed destinations", "edit appproject narrow"]),
    "pending": ({"a.json": deployment("web", {"nodeSelector": {"no": "where"}})}, {"automated": {}}, {}, ill,
                ["Deployment pending/web is Progressing", "pod pending/web-", "no node takes it: 0/2 nodes are available"]),
    "unbound": ({"a.json": CLAIM}, {"automated": {}}, {}, ill, ["PersistentVolumeClaim unbound/data", "no persistent volumes available"]),
}


def make(plane, name, state):
    files, policy, spec, reached, _ = state
    repository = Repository(plane, name)
    repository.commit(files or {"a.json": config_map("a")})
    app = application(name, repository, **policy)
    app["spec"].update(json.loads(json.dumps(spec).replace("{git}", plane.git_url).replace("{repo}", repository.url)))
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    if name == "quota":
        path = "/api/v1/namespaces/quota/resourcequotas"
        plane.api.create(path, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": {"count/configmaps": "1"}}})
        wait_for("the quota", lambda: plane.api.get(f"{path}/small").get("status", {}).get("used"))
    plane.api.create(APPLICATIONS, app)


def what_holds_up_a_deletion(plane, app):
    repository = Repository(plane, "ending")
    commit = repository.commit({"a.json": config_map("held", finalizers=["example.com/hold"])})
    made = application("ending", repository, automated={})
    made["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending"}})
    plane.api.create(APPLICATIONS, made)
    status_of(plane, "ending", lambda s: s.get("sync") == {**s.get("sync", {}), "status": "Synced", "revision": commit})
    plane.api.delete(f"{APPLICATIONS}/ending")
    wait_for("the deletion of its object", lambda: "deletionTimestamp" in plane.api.get("/api/v1/namespaces/ending/configmaps/held")["metadata"])
    says(app("explain", "ending"), "the application is being deleted", "ConfigMap ending/held is being deleted since", "finalizers example.com/hold")
    plane.api.merge("/api/v1/namespaces/ending/configmaps/held", {"metadata": {"finalizers": None}})
    wait_for("its end", lambda: plane.api.application("ending") is None, 30)
    print("ok what holds up a deletion is named")


def what_cannot_be_changed(plane, app):
    repository = Repository(plane, "fixed")
    fixed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "immutable": True, "data": {"v": "1"}}
    commit = repository.commit({"a.json": json.dumps(fixed)})
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fixed"}})
    plane.api.create(APPLICATIONS, application("fixed", repository, automated={}, retry=FAILS))
    status_of(plane, "fixed", lambda s: s.get("sync", {}).get("revision") == commit and s["sync"]["status"] == "Synced")
    repository.commit({"a.json": json.dumps({**fixed, "data": {"v": "2"}})})
    plane.api.refresh("fixed")
    status_of(plane, "fixed", failed)
    says(app("explain", "fixed"), "ConfigMap fixed/a was refused", "field is immutable", "Force=true,Replace=true")
    print("ok what cannot be changed is said to be so")


def main():
    with Plane() as plane:
        plane.start_git()
        plane.api.create("/api/v1/namespaces/argocd/configmaps", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}},
            "data": {"resource.customizations.health.ConfigMap": SCRIPT}})
        plane.api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "narrow", "namespace": "argocd"},
            "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "only", "server": "*"}]}})
        plane.start_agent()
        app = person(sys.argv[1], plane)
        for name, state in STATES.items():
            make(plane, name, state)
        for name, (*_, reached, wanted) in STATES.items():
            status_of(plane, name, reached)
            says(app("explain", name), *wanted)
            print(f"ok {name}")
        what_cannot_be_changed(plane, app)
        what_holds_up_a_deletion(plane, app)


try:
    main()
except Missing as missing:
    print(f"skipped: app: {missing}")
