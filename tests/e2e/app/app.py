#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""holdfast app against a real API server and a running agent: what a person does with an application.

usage: app.py HOLDFAST
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, SERVER, Missing, Plane, Repository, application, wait_for  # noqa: E402
from person import person, says  # noqa: E402


def config_map(name, value):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}})


def secret(value):
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"k": value}})


STUCK = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
    "replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
        "nodeSelector": {"no": "where"}, "containers": [{"name": "c", "image": "registry.local/c:1"}]}}}})


def main():
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        repository = Repository(plane, "shop")
        first = repository.commit({"one.json": config_map("one", "1"), "two.json": config_map("two", "1")})
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        plane.api.create(APPLICATIONS, application("shop", repository))
        wait_for("the comparison", lambda: (plane.api.application("shop").get("status") or {}).get("sync"))

        app = person(sys.argv[1], plane)
        says(app("list"), "argocd/shop", "OutOfSync", "Missing", "Manual")
        assert app("list", "-o", "name") == "argocd/shop\n"
        assert json.loads(app("list", "-o", "json"))[0]["metadata"]["name"] == "shop"
        assert app("list", "-o", "name", "-c", "in-cluster") == app("list", "-o", "name", "--cluster", SERVER) == "argocd/shop\n"
        assert app("list", "-o", "name", "-c", "elsewhere") == app("list", "-o", "name", "-c", "prod") == ""
        by_name = ("set", "shop", "--dest-server", "", "--dest-name")
        says(app(*by_name, "prod", exit_code=1), "there are no clusters with this name: prod")
        cluster = {"metadata": {"name": "here", "labels": {"argocd.argoproj.io/secret-type": "cluster"}}, "stringData": {"name": "prod", "server": SERVER}}
        plane.api.create("/api/v1/namespaces/argocd/secrets", cluster)
        assert app("list", "-o", "name", "-c", "prod") == app("list", "-o", "name", "-c", "in-cluster") == "argocd/shop\n"
        assert app(*by_name, "prod") == "application shop is changed\n"
        assert app("set", "shop", "--dest-name", "", "--dest-server", SERVER) == "application shop is changed\n"
        plane.api.delete("/api/v1/namespaces/argocd/secrets/here")
        says(app("get", "shop", "--refresh"), "Sync Status:    OutOfSync from main", "ConfigMap  shop       one   OutOfSync  Missing")
        says(app("diff", "shop", exit_code=1), "===== /ConfigMap shop/one ======", "+  v: \"1\"")
        says(app("wait", "shop", "--timeout", "1", exit_code=7), "ConfigMap shop/one is OutOfSync")
        says(app("explain", "shop"), "ConfigMap shop/one is in Git and not in the cluster", "holdfast app sync shop")

        says(app("sync", "shop", "--timeout", "60"), "Succeeded", "configmap/one created")
        assert app("diff", "shop") == ""
        says(app("wait", "shop", "--timeout", "60"), "Sync Status:    Synced to main", "ConfigMap  shop       two   Synced")
        assert json.loads(app("wait", "shop", "--timeout", "60", "-o", "json"))["status"]["sync"]["status"] == "Synced"
        says(app("wait", "shop", "--timeout", "60", "-o", "tree"), "KIND/NAME", "ConfigMap/two")
        says(app("history", "shop"), "ID  DATE", f"({first[:7]})")
        says(app("tree", "shop"), "ConfigMap/one", "Synced")
        says(app("resources", "shop"), "GROUP  KIND       NAMESPACE  NAME  STATUS  HEALTH", "       ConfigMap  shop       two   Synced")
        assert app("resources", "shop", "-o", "name") == ":ConfigMap:shop/one\n:ConfigMap:shop/two\n"
        assert [each["name"] for each in json.loads(app("resources", "shop", "-o", "json"))] == ["one", "two"]
        owner = plane.api.get("/api/v1/namespaces/shop/configmaps/one")["metadata"]["uid"]

        def owned_by(api_version, kind, name, uid):
            return {"ownerReferences": [{"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}]}

        made = plane.api.create("/api/v1/namespaces/shop/secrets", {"metadata": {"name": "made", **owned_by("v1", "ConfigMap", "one", owner)}, "stringData": {"a": "b"}})
        plane.api.create("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles", {
            "metadata": {"name": "of-it", **owned_by("v1", "Secret", "made", made["metadata"]["uid"])}, "rules": []})
        says(app("tree", "shop"), "\n└─Secret/made", "\n  └─Role/of-it")
        says(app("get", "shop", "-o", "tree=detailed"), "AGE", "└─Secret/made", "REASON")
        assert app("resources", "shop", "-o", "tree") == app("tree", "shop")

        plane.api.merge("/api/v1/namespaces/shop/configmaps/two", {"data": {"v": "by hand"}})
        says(app("diff", "shop", "--refresh", exit_code=1), "-  v: by hand", "+  v: \"1\"")
        says(app("explain", "shop"), "ConfigMap shop/two differs from Git", "changed by ")
        says(app("sync", "shop", "--resource", ":ConfigMap:two", "--timeout", "60"), "configmap/two configured")

        repository.commit({"one.json": config_map("one", "2"), "secret.json": secret("hidden")})
        out = app("diff", "shop", "--hard-refresh", exit_code=1)
        says(out, "-  v: \"1\"", "+  v: \"2\"", "===== /Secret shop/key", "===== /ConfigMap shop/two", "++++++++")
        assert "hidden" not in out and "aGlkZGVu" not in out
        says(app("sync", "shop", "--prune", "--timeout", "60"), "pruned")
        assert plane.api.get("/api/v1/namespaces/shop/configmaps/two") is None
        assert json.loads(app("rollback", "shop", "0", "--timeout", "60", "-o", "json"))["status"]["operationState"]["phase"] == "Succeeded"
        assert plane.api.get("/api/v1/namespaces/shop/configmaps/two")["data"]["v"] == "1"
        says(app("rollback", "shop", "77", exit_code=1), "the history has no entry 77")

        repository.commit({"web.json": STUCK})
        app("sync", "shop", "--async")
        wait_for("the comparison", lambda: any(row["kind"] == "Deployment" and row["status"] == "Synced" and row["health"]["status"] == "Progressing"
                                               for row in plane.api.application("shop")["status"]["resources"]))
        says(app("wait", "shop", "--health", "--timeout", "8", exit_code=7), "Deployment shop/web is Progressing")
        says(app("actions", "list", "shop"), "apps   Deployment  web   restart  false")
        assert {"Group": "apps", "Kind": "Deployment", "Name": "web", "Action": "restart", "Disabled": False} in json.loads(app("actions", "list", "shop", "-o", "json"))
        says(app("actions", "run", "shop", "restart", "--kind", "Deployment"), "Deployment/web patched")
        template = plane.api.get("/apis/apps/v1/namespaces/shop/deployments/web")["spec"]["template"]
        assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"], template
        says(app("actions", "run", "shop", "fly", exit_code=1), "Deployment/web has no action \"fly\"", "holdfast app actions list shop")
        says(app("actions", "run", "shop", "restart", "--kind", "ConfigMap", exit_code=1), "no resource with actions fits")
        config = {"discovery.lua": "return {paint = {}}", "definitions": [{"name": "paint", "action.lua":
                  "obj.data.v = actionParams['color'] return {{operation = 'patch', resource = obj}}"}]}
        plane.api.create("/api/v1/namespaces/argocd/configmaps", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}},
            "data": {"resource.customizations.actions.ConfigMap": json.dumps(config)}})
        says(app("actions", "run", "shop", "paint", "--kind", "ConfigMap", exit_code=2), "2 resources fit")
        says(app("actions", "run", "shop", "paint", "--resource-name", "one", "--param", "color=red"), "ConfigMap/one patched")
        assert plane.api.get("/api/v1/namespaces/shop/configmaps/one")["data"]["v"] == "red"
        says(app("logs", "shop", "--kind", "Service", exit_code=1), "no pod of the application fits")
        says(app("logs", "shop", "--until-time", "soon", exit_code=2), "\"soon\" is not an RFC 3339 time")
        says(app("get", "nothing", exit_code=1), "there is no application \"nothing\"")
        says(app("get", "shopp", exit_code=1), "did you mean shop ?")
        says(app("terminate-op", "shop", exit_code=1), "no operation is in progress")

        says(app("delete", "shop", "--cascade=false", "-p", "background", exit_code=2), "--cascade=false leaves them")
        says(app("delete", "shop", "nothing", exit_code=1), "there is no application \"nothing\"")
        says(app("delete", "shop", "--cascade=false", "-y", "--wait", "--timeout", "30"), "its objects stay")
        assert plane.api.application("shop") is None
        kept = plane.api.get("/api/v1/namespaces/shop/configmaps/one")
        assert kept is not None and "deletionTimestamp" not in kept["metadata"], kept
        plane.api.create(APPLICATIONS, application("shop", repository))
        wait_for("the comparison", lambda: (plane.api.application("shop").get("status") or {}).get("sync"))
        says(app("sync", "shop", "--timeout", "60", exit_code=1), "3 resources require pruning")
        plane.api.merge("/api/v1/namespaces/shop/configmaps/one", {"metadata": {"annotations": {"argocd.argoproj.io/sync-options": "Delete=confirm"}}})
        wait_for("the question", lambda: any(row.get("requiresDeletionConfirmation") for row in plane.api.application("shop")["status"]["resources"]))
        says(app("delete", "shop"), "with its objects")
        says(app("explain", "shop"), "the deletion waits for a person", "ConfigMap shop/one", "holdfast app confirm-deletion shop")
        assert "deletionTimestamp" not in plane.api.get("/api/v1/namespaces/shop/configmaps/one")["metadata"]
        says(app("confirm-deletion", "shop"), "may be deleted")
        app("wait", "shop", "--delete", "--timeout", "60")
        assert plane.api.get("/api/v1/namespaces/shop/configmaps/one") is None
        print("all as a person expects it")


try:
    main()
except Missing as missing:
    print(f"skipped: app: {missing}")
