#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on a real API server: what would make it remove what Git holds, and what would hold up everybody.

usage: safety_test.py [CASE…]        cases by name; --list prints them
"""
import base64
import contextlib
import json
import pathlib
import socket
import ssl
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/plane"))
from plane import APPLICATIONS, Missing, Plane, Repository, application, check, status_of, wait_for  # noqa: E402

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CASCADE = "resources-finalizer.argocd.argoproj.io/background"
REFUSED = "apiVersion: v1\nkind: Service\nmetadata: {name: refused}\nspec: {ports: [{port: 700000}]}\n"


def config_map(name, namespace=None, value="1"):
    place = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{place}}}\ndata: {{v: '{value}'}}\n"


def create(plane, app, cascade=False):
    name = app["metadata"]["name"]
    if cascade:
        app["metadata"]["finalizers"] = [CASCADE]
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    plane.api.create(APPLICATIONS, app)


def phase(status):
    return status.get("operationState", {}).get("phase")


def synced_at(commit):
    return lambda s: s.get("sync", {}).get("revision") == commit and s["sync"]["status"] == "Synced"


def config_maps_of(plane, namespace):
    """Their names and uids."""
    items = plane.api.items(f"/api/v1/namespaces/{namespace}/configmaps")
    return {each["metadata"]["name"]: each["metadata"]["uid"] for each in items if each["metadata"]["name"] != "kube-root-ca.crt"}


def results_of(status):
    return {each["name"]: (each.get("status"), each.get("message")) for each in status["operationState"]["syncResult"]["resources"]}


def a_kind_that_comes_late_loses_no_object(plane):
    """Nobody serves the kind when its object is rendered first, so that whether it has a namespace is not known."""
    repository = Repository(plane, "late")
    commit = repository.commit({"ring.yaml": "apiVersion: late.example.com/v1\nkind: Ring\nmetadata: {name: one}\nspec: {size: 1}\n", "cm.yaml": config_map("a")})
    create(plane, application("late", repository, automated={"prune": True, "selfHeal": True},
                              retry={"limit": -1, "backoff": {"duration": "1s", "factor": 1, "maxDuration": "1s"}}))
    status_of(plane, "late", lambda s: "Retrying" in s.get("operationState", {}).get("message", ""))
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    plane.api.create(DEFINITIONS, {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "rings.late.example.com"},
        "spec": {"group": "late.example.com", "scope": "Cluster", "names": {"plural": "rings", "singular": "ring", "kind": "Ring"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}})
    path = "/apis/late.example.com/v1/rings/one"
    uid = wait_for("the object", lambda: plane.api.get(path), 30)["metadata"]["uid"]
    status = status_of(plane, "late", lambda s: phase(s) == "Succeeded" and synced_at(commit)(s))
    check("an object of a kind that came late is one", [each.get("namespace") for each in status["resources"] if each["kind"] == "Ring"], [None])
    for _ in range(3):
        plane.api.refresh("late", "hard")
        status_of(plane, "late", lambda s: "annotations" not in plane.api.application("late")["metadata"] and synced_at(commit)(s))
    check("and stays what it was", (plane.api.get(path) or {}).get("metadata", {}).get("uid"), uid)


def configure(plane, data):
    plane.api.apply("/api/v1/namespaces/argocd/configmaps/argocd-cm", {"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {
        "name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}}})


def what_is_excluded_is_left_alone(plane):
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n"
    repository = Repository(plane, "excluded")
    commit = repository.commit({"cm.yaml": config_map("a"), "role.yaml": role})
    create(plane, application("excluded", repository, automated={"prune": True, "selfHeal": True}), cascade=True)
    status_of(plane, "excluded", synced_at(commit))
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/excluded/roles/reader"
    uid = plane.api.get(path)["metadata"]["uid"]
    configure(plane, {"resource.exclusions": "[{apiGroups: [rbac.authorization.k8s.io], kinds: [Role], clusters: ['*']}]"})
    status_of(plane, "excluded", lambda s: any(each["type"] == "ExcludedResourceWarning" for each in s.get("conditions", [])))
    commit = repository.commit({"cm.yaml": config_map("a"), "more.yaml": config_map("b"), "role.yaml": role})
    plane.api.refresh("excluded")
    status_of(plane, "excluded", lambda s: phase(s) == "Succeeded" and synced_at(commit)(s) and len(s["resources"]) == 2)
    check("what the settings exclude from now on is not removed", (plane.api.get(path) or {}).get("metadata", {}).get("uid"), uid)
    configure(plane, {})
    status_of(plane, "excluded", lambda s: synced_at(commit)(s) and len(s["resources"]) == 3)


def a_retry_removes_no_more_than_a_sync(plane):
    """A retry with the latest revision meets a commit from which everything has gone."""
    repository = Repository(plane, "retried")
    commit = repository.commit({f"{name}.yaml": config_map(name) for name in "abc"})
    create(plane, application("retried", repository, automated={"prune": True},
                              retry={"limit": -1, "refresh": True, "backoff": {"duration": "1s", "factor": 1, "maxDuration": "1s"}}))
    status_of(plane, "retried", synced_at(commit))
    before = config_maps_of(plane, "retried")
    repository.commit({**{f"{name}.yaml": config_map(name) for name in "abc"}, "refused.yaml": REFUSED})
    plane.api.refresh("retried")
    status_of(plane, "retried", lambda s: "Retrying" in s.get("operationState", {}).get("message", ""))
    repository.commit({"README": "nothing"})
    status = status_of(plane, "retried", lambda s: "auto-sync will wipe out all resources" in s["operationState"].get("message", "")
                       or not config_maps_of(plane, "retried"))
    check("a retry is held to what a sync is", config_maps_of(plane, "retried"), before)
    del status


def what_another_application_has_stays(plane):
    one, other = Repository(plane, "one"), Repository(plane, "other")
    commit = one.commit({"a.yaml": config_map("a"), "shared.yaml": config_map("shared", "one")})
    create(plane, application("one", one, automated={"prune": True}), cascade=True)
    status_of(plane, "one", synced_at(commit))
    other.commit({"b.yaml": config_map("b"), "shared.yaml": config_map("shared", "one", "2")})
    create(plane, application("other", other))
    status_of(plane, "other", lambda s: s.get("sync", {}).get("status") == "OutOfSync")
    before = config_maps_of(plane, "one")
    commit = one.commit({"a.yaml": config_map("a")})
    plane.api.refresh("one")
    status = status_of(plane, "one", lambda s: phase(s) == "Succeeded" and s["operationState"]["syncResult"]["revision"] == commit)
    check("what another application has is not pruned", (config_maps_of(plane, "one"), results_of(status)["shared"]),
          (before, ("PruneSkipped", "kept: application other has it as well")))
    plane.api.delete(f"{APPLICATIONS}/one")
    wait_for("the deletion", lambda: plane.api.application("one") is None, 30)
    check("nor removed with its application", config_maps_of(plane, "one"), {"shared": before["shared"]})
    plane.api.merge(f"{APPLICATIONS}/other", {"operation": {"sync": {}}})
    status_of(plane, "other", lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    check("until that one takes it over", config_maps_of(plane, "one"), {"shared": before["shared"]})


def child(name, repository, namespace):
    app = application(name, repository, namespace=namespace, automated={"prune": True, "selfHeal": True})
    app["metadata"]["finalizers"] = [CASCADE]
    return json.dumps(app)


def a_renamed_application_keeps_its_objects(plane):
    family, content = Repository(plane, "family"), Repository(plane, "content")
    inner = content.commit({f"{name}.yaml": config_map(name) for name in "abc"})
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "renamed"}})
    commit = family.commit({"child.json": child("old-name", content, "renamed")})
    create(plane, application("family", family, namespace="argocd", automated={"prune": True, "allowEmpty": True}))
    status_of(plane, "family", synced_at(commit))
    status_of(plane, "old-name", synced_at(inner))
    before = config_maps_of(plane, "renamed")
    commit = family.commit({"child.json": child("new-name", content, "renamed")})
    plane.api.refresh("family")
    wait_for("the old one to go", lambda: plane.api.application("old-name") is None, 60)
    status_of(plane, "new-name", lambda s: phase(s) == "Succeeded" and synced_at(inner)(s))
    status_of(plane, "family", synced_at(commit))
    check("a renamed application keeps its objects", config_maps_of(plane, "renamed"), before)


def a_namespace_leaves_with_the_application_in_it(plane):
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"
    teams, content = Repository(plane, "teams"), Repository(plane, "team-content")
    inner = content.commit({"a.yaml": config_map("a")})
    commit = teams.commit({"space.yaml": space, "child.json": child("team-app", content, "team"), "stays.yaml": config_map("stays", "argocd")})
    create(plane, application("teams", teams, namespace="argocd", automated={"prune": True}))
    status_of(plane, "teams", synced_at(commit))
    status_of(plane, "team-app", synced_at(inner))
    commit = teams.commit({"stays.yaml": config_map("stays", "argocd")})
    plane.api.refresh("teams")
    wait_for("both to go", lambda: plane.api.application("team-app") is None and plane.api.get("/api/v1/namespaces/team") is None, 60)
    status = status_of(plane, "teams", lambda s: phase(s) == "Succeeded" and synced_at(commit)(s))
    check("a namespace leaves with the application in it", results_of(status)["team"], ("Pruned", "pruned"))


def a_namespace_is_not_pruned_under_what_git_has(plane):
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: under}\n"
    repository = Repository(plane, "space")
    commit = repository.commit({"space.yaml": space, "cm.yaml": config_map("a", "under"), "b.yaml": config_map("b")})
    create(plane, application("space", repository, automated={"prune": True}))
    status_of(plane, "space", synced_at(commit))
    before = config_maps_of(plane, "under")
    commit = repository.commit({"cm.yaml": config_map("a", "under"), "b.yaml": config_map("b")})
    plane.api.refresh("space")
    status = status_of(plane, "space", lambda s: phase(s) == "Succeeded" and s["operationState"]["syncResult"]["revision"] == commit)
    check("a namespace with what Git has in it is not pruned", (config_maps_of(plane, "under"), results_of(status)["under"]),
          (before, ("PruneSkipped", "kept: ConfigMap/a, which Git has, would go with it")))
    commit = repository.commit({"b.yaml": config_map("b")})
    plane.api.refresh("space")
    wait_for("the namespace to go with what was in it", lambda: plane.api.get("/api/v1/namespaces/under") is None, 60)
    status_of(plane, "space", synced_at(commit))
    print("ok a namespace without it is")


def force_makes_no_definition_anew(plane):
    """The CRD in Git cannot be applied; made anew by force, it would take all objects of its kind along."""
    def definition(scope):
        return ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: beads.force.example.com}\n"
                f"spec: {{group: force.example.com, scope: {scope}, names: {{plural: beads, singular: bead, kind: Bead}}, versions: [{{name: v1, served: true, "
                "storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}\n")

    repository = Repository(plane, "forced")
    commit = repository.commit({"crd.yaml": definition("Cluster")})
    create(plane, application("forced", repository, automated={}))
    status_of(plane, "forced", synced_at(commit))
    path = "/apis/force.example.com/v1/beads"
    bead = {"apiVersion": "force.example.com/v1", "kind": "Bead", "metadata": {"name": "one"}}
    wait_for("the kind", lambda: plane.api.call("POST", path, bead)[0] == 201, 20)
    plane.api.merge(f"{APPLICATIONS}/forced", {"spec": {"syncPolicy": None}})
    commit = repository.commit({"crd.yaml": definition("Namespaced")})
    plane.api.merge(f"{APPLICATIONS}/forced", {"operation": {"sync": {"revision": commit, "syncStrategy": {"apply": {"force": True}}}}})
    status = status_of(plane, "forced", lambda s: phase(s) in ("Failed", "Succeeded") and s["operationState"]["syncResult"]["revision"] == commit)
    message = results_of(status)["beads.force.example.com"][1]
    check("a definition is not made anew by force", (phase(status), "is not made anew by force" in message, plane.api.get(f"{path}/one") is not None),
          ("Failed", True, True))


@contextlib.contextmanager
def silent_webhook(plane, namespaces):
    """An admission webhook for ConfigMaps of these namespaces that takes connections and never answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.pki / "server.crt", plane.pki / "server.key")
    ended, held = threading.Event(), []
    configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        def accept():
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    held.append(context.wrap_socket(server.accept()[0], server_side=True))

        threading.Thread(target=accept, daemon=True).start()
        bundle = base64.b64encode((plane.pki / "ca.crt").read_bytes()).decode()
        plane.api.create(configurations, {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "silent"}, "webhooks": [{
                "name": "silent.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 30, "failurePolicy": "Fail",
                "clientConfig": {"url": f"https://127.0.0.1:{server.getsockname()[1]}/", "caBundle": bundle},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}],
                "namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}]}}]})
        try:
            yield
        finally:
            plane.api.delete(f"{configurations}/silent")
            ended.set()


def a_silent_webhook_holds_up_nobody_else(plane):
    """More Applications than the agent has workers, with more objects than it has requests under way, wait 30 s for every answer."""
    names = [f"stuck-{number}" for number in range(12)]
    stuck, quick = Repository(plane, "stuck"), Repository(plane, "quick")
    stuck.commit({f"{number}.yaml": config_map(f"cm-{number}") for number in range(40)})
    commit = quick.commit({"cm.yaml": config_map("a")})
    create(plane, application("quick", quick, automated={}))
    status_of(plane, "quick", synced_at(commit))
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "silence"}})
    with silent_webhook(plane, [*names, "silence"]):
        asked = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "asked"}}
        wait_for("the silence", lambda: plane.api.call("POST", "/api/v1/namespaces/silence/configmaps?dryRun=All&timeout=1s", asked)[0] >= 500)
        for name in names:
            create(plane, application(name, stuck, automated={}, retry={"limit": 0}))
        for name in names:
            status_of(plane, name, lambda s: phase(s) == "Running")
        slowest = 0.0
        for value in "2345":
            commit = quick.commit({"cm.yaml": config_map("a", value=value)})
            started = time.monotonic()
            plane.api.refresh("quick")
            status_of(plane, "quick", lambda s: phase(s) == "Succeeded" and synced_at(commit)(s), seconds=60)
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(5)  # so that more than the lease's time passes
        check(f"a webhook that does not answer holds up nobody else ({slowest:.1f} s)", slowest < 10, True)
        check("nor does the agent lose its lease", plane.processes["agent"].poll(), None)
        for name in names:
            plane.api.delete(f"{APPLICATIONS}/{name}")


def an_application_of_too_many_objects_says_so(plane):
    """More than fit into one object of etcd: they are applied all the same, and nobody else waits for it."""
    count = 10000
    large, small = Repository(plane, "large"), Repository(plane, "small")
    whole = large.commit({f"{part}.yaml": "---\n".join(config_map(f"an-object-whose-name-is-as-long-as-charts-make-them-{part}-{number}") for number in range(count // 10)) for part in range(10)})
    commit = small.commit({"cm.yaml": config_map("a")})
    create(plane, application("small", small, automated={}))
    status_of(plane, "small", synced_at(commit))
    create(plane, application("large", large, automated={}, retry={"limit": 0}))
    status_of(plane, "large", lambda s: phase(s) == "Running", 60)
    commit = small.commit({"cm.yaml": config_map("a", value="2")})
    started = time.monotonic()
    plane.api.refresh("small")
    status_of(plane, "small", synced_at(commit), 60)
    took = time.monotonic() - started
    check(f"one of many objects holds up nobody else ({took:.1f} s)", took < 10, True)
    status = status_of(plane, "large", lambda s: phase(s) == "Succeeded" and synced_at(whole)(s), 240)
    check("it says that not all are shown", ([each["type"] for each in status["conditions"]], len(status["resources"])), (["OversizedStatusWarning"], 1000))
    check("and all are there", len(config_maps_of(plane, "large")), count)
    plane.api.delete(f"{APPLICATIONS}/large")


def the_end_of_all_applications_is_no_deletion(plane):
    """Whoever removes the kind Application, or the engine's namespace, does not ask for the end of what it has made."""
    repository = Repository(plane, "kept")
    commit = repository.commit({"cm.yaml": config_map("a")})
    create(plane, application("kept", repository, automated={"prune": True}), cascade=True)
    status_of(plane, "kept", synced_at(commit))
    before = config_maps_of(plane, "kept")
    plane.api.delete("/api/v1/namespaces/argocd")
    wait_for("the namespace to go", lambda: plane.api.get("/api/v1/namespaces/argocd") is None, 60)
    check("what it made outlives the engine's namespace", config_maps_of(plane, "kept"), before)
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
    plane.api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}})
    plane.restart("agent")
    app = application("kept", repository, automated={"prune": True})
    app["metadata"]["finalizers"] = [CASCADE]
    plane.api.create(APPLICATIONS, app)
    status_of(plane, "kept", synced_at(commit))
    plane.api.delete(f"{DEFINITIONS}/applications.argoproj.io")
    wait_for("the kind to go", lambda: plane.api.get(f"{DEFINITIONS}/applications.argoproj.io") is None, 60)
    check("and the kind Application", config_maps_of(plane, "kept"), before)


CASES = [a_kind_that_comes_late_loses_no_object, what_is_excluded_is_left_alone, a_retry_removes_no_more_than_a_sync, what_another_application_has_stays,
         a_renamed_application_keeps_its_objects, a_namespace_leaves_with_the_application_in_it, a_namespace_is_not_pruned_under_what_git_has, force_makes_no_definition_anew,
         a_silent_webhook_holds_up_nobody_else, an_application_of_too_many_objects_says_so, the_end_of_all_applications_is_no_deletion]


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(each.__name__ for each in CASES))
        return
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        for case in CASES:
            if not sys.argv[1:] or case.__name__ in sys.argv[1:]:
                case(plane)


try:
    main()
except Missing as missing:
    print(f"skipped: safety: {missing}")
