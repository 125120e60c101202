#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Settings of argocd-cm on a real API server: whose status is compared, and kinds that the engine may not list."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from fault_proxy import Fault, FaultProxy  # noqa: E402
from plane import APPLICATIONS, Missing, Plane, Repository, application, check, status_of, wait_for  # noqa: E402

WAGONS = "/apis/example.com/v1/namespaces/{}/wagons/wagon"
# No subresource: status is a field as any other, which Git holds and the server lets everybody write.
FILES = {"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: color}\ndata: {color: blue}\n",
         "wagon.yaml": "apiVersion: example.com/v1\nkind: Wagon\nmetadata: {name: wagon}\nstatus: {phase: waiting}\n"}
WITHHELD = ("whether objects of kind Wagon are left is not known: "
            "the engine may not list it (resource.respectRBAC leaves such kinds out)")


def configure(plane, data):
    plane.api.apply("/api/v1/namespaces/argocd/configmaps/argocd-cm", {"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {
        "name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}}})


def define_wagons(plane):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    plane.api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "wagons.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "wagons", "singular": "wagon", "kind": "Wagon"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}})
    wait_for("the kind", lambda: plane.api.call("GET", "/apis/example.com/v1/wagons")[0] == 200, 20)


def create(plane, name, repository):
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    app = application(name, repository, automated={})
    app["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    plane.api.create(APPLICATIONS, app)
    status_of(plane, name, lambda s: s.get("operationState", {}).get("phase") == "Succeeded" and s["sync"]["status"] == "Synced")


def status_is_compared_where_the_setting_says(plane):
    def rows(status):
        return {each["kind"]: each["status"] for each in status["resources"]}

    plane.api.apply(WAGONS.format("strict"), {"apiVersion": "example.com/v1", "kind": "Wagon", "status": {"phase": "under way"},
                                              "metadata": {"name": "wagon", "namespace": "strict"}}, manager="railway")
    for word, want in (("none", "OutOfSync"), ("all", "Synced"), ("crd", "OutOfSync"), (None, "Synced")):
        configure(plane, {"resource.compareoptions": f"ignoreResourceStatusField: {word}\n"} if word else {})
        status = status_of(plane, "strict", lambda s: s["sync"]["status"] == want)
        check(f"ignoreResourceStatusField: {word or 'by default'}", rows(status), {"ConfigMap": "Synced", "Wagon": want})


def rights_without_a_list(plane):
    """A kubeconfig for who may do all that an Application needs with wagons, but not list them."""
    plane.api.create("/api/v1/namespaces/argocd/serviceaccounts", {"metadata": {"name": "narrow"}})
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    plane.api.create(f"{rbac}/clusterroles", {"metadata": {"name": "narrow"}, "rules": [
        {"apiGroups": ["", "argoproj.io", "coordination.k8s.io", "apiextensions.k8s.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["example.com"], "resources": ["wagons"], "verbs": ["get", "create", "patch", "delete"]}]})
    plane.api.create(f"{rbac}/clusterrolebindings", {
        "metadata": {"name": "narrow"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "narrow"},
        "subjects": [{"kind": "ServiceAccount", "name": "narrow", "namespace": "argocd"}]})
    path = plane.folder / "narrow-kubeconfig"
    plane.write_kubeconfig(path, "admin")
    config = json.loads(path.read_text())
    config["users"][0]["user"] = {"token": plane.kubectl("create", "token", "narrow", "--namespace", "argocd").strip()}
    path.write_text(json.dumps(config))
    return path


def a_kind_that_may_not_be_listed_is_left_out(plane, kubeconfig, word):
    """… by the setting only. Before it nobody knows what a deletion would leave."""
    configure(plane, {})
    plane.stop("agent")
    plane.start_agent(kubeconfig=kubeconfig)
    check_withheld(plane, word)
    check("which has taken what it could see", plane.api.get(f"/api/v1/namespaces/{word}/configmaps/color"), None)
    configure(plane, {"resource.respectRBAC": word})
    check_left_out(plane, word)


def check_withheld(plane, name):
    plane.api.delete(f"{APPLICATIONS}/{name}")
    status = status_of(plane, name, lambda s: any(each["type"] == "DeletionError" for each in s.get("conditions", [])))
    check(f"a kind that may not be listed holds up a deletion ({name})",
          [each["message"] for each in status["conditions"] if each["type"] == "DeletionError"], [WITHHELD])


def check_left_out(plane, name):
    wait_for("the deletion", lambda: plane.api.application(name) is None, 40)
    check(f"respectRBAC leaves the kind out ({name})", plane.api.get(WAGONS.format(name))["metadata"]["name"], "wagon")


def strict_asks_the_api_server_and_normal_believes_the_refusal(plane, repository):
    """What refuses the list is a proxy: by the API server's own rules the engine may."""
    configure(plane, {})
    plane.stop("agent")
    plane.start_agent()
    create(plane, "refused", repository)
    plane.stop("agent")
    proxy = FaultProxy(plane)
    proxy.judge = lambda r: Fault(status=403, reason="Forbidden") if r.method == "GET" and r.path.endswith("/wagons") else None
    kubeconfig = plane.folder / "refused-kubeconfig"
    plane.write_kubeconfig(kubeconfig, "admin", f"http://127.0.0.1:{proxy.port}")
    configure(plane, {"resource.respectRBAC": "strict"})
    plane.start_agent(kubeconfig=kubeconfig)
    check_withheld(plane, "refused")
    configure(plane, {"resource.respectRBAC": "normal"})
    check_left_out(plane, "refused")


def run(plane):
    plane.start_git()
    define_wagons(plane)
    repository = Repository(plane, "train")
    repository.commit(FILES)
    plane.start_agent()
    for name in ("strict", "normal"):
        create(plane, name, repository)
    status_is_compared_where_the_setting_says(plane)
    kubeconfig = rights_without_a_list(plane)
    for word in ("strict", "normal"):
        a_kind_that_may_not_be_listed_is_left_out(plane, kubeconfig, word)
    strict_asks_the_api_server_and_normal_believes_the_refusal(plane, repository)


try:
    with Plane() as opened:
        run(opened)
except Missing as missing:
    print(f"skipped: settings: {missing}")
