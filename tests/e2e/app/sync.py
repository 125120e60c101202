#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""holdfast app sync: of chosen objects, sources, revisions, projects and folders, against a real API server and a running agent.

usage: sync.py HOLDFAST
"""
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, SERVER, Missing, Plane, Repository, application, wait_for  # noqa: E402
from person import at_terminal, person, says  # noqa: E402


def config_map(name, value, **labels):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": {"v": value}})


class Cluster:
    def __init__(self, plane):
        self.plane = plane

    def value(self, name):
        found = self.plane.api.get(f"/api/v1/namespaces/shop/configmaps/{name}")
        return found and found["data"]["v"]

    def operation(self, name):
        return self.plane.api.application(name)["status"]["operationState"]["operation"]

    def compared(self, name):
        wait_for("the comparison", lambda: (self.plane.api.application(name).get("status") or {}).get("sync", {}).get("status"))


def of_objects(cluster, app):
    says(app("sync", "shop", "--label", "tier=nobody", exit_code=1), "no object has the label tier=nobody", "nothing was changed")
    says(app("sync", "shop", "--label", "tier", exit_code=2), "wanted: NAME=VALUE")
    app("sync", "--label", "tier=front", "--label", "tier=none", "shop", "--timeout", "60")
    assert (cluster.value("one"), cluster.value("two"), cluster.value("three")) == ("2", None, None)
    assert cluster.operation("shop")["sync"]["resources"] == [{"group": "", "kind": "ConfigMap", "name": "one", "namespace": "shop"}]
    app("sync", "shop", "--resource", ":ConfigMap:two", "--label", "tier=front", "--timeout", "60")
    assert (cluster.value("two"), cluster.value("three")) == ("2", None)
    app("sync", "shop", "--info", "why=because", "--retry-limit", "2", "--retry-backoff-duration", "1s", "--retry-backoff-max-duration", "3s",
        "--retry-backoff-factor", "3", "--retry-refresh", "--timeout", "60")
    ran = cluster.operation("shop")
    assert ran["info"] == [{"name": "why", "value": "because"}], ran
    assert ran["retry"] == {"limit": 2, "refresh": True, "backoff": {"duration": "1s", "maxDuration": "3s", "factor": 3}}, ran
    says(app("sync", "shop", "--retry-backoff-duration", "soon", exit_code=2), "\"soon\" is no duration")


def looked_at_first(cluster, app):
    cluster.plane.api.merge("/api/v1/namespaces/shop/configmaps/one", {"data": {"v": "by hand"}})
    says(app("sync", "shop", "--preview-changes", exit_code=6), "-  v: by hand", "+  v: \"2\"", "nobody is here to confirm it", "--assumeYes", "nothing was changed")
    assert cluster.value("one") == "by hand"
    says(at_terminal(sys.argv[1], cluster.plane, "sync", "shop", "--preview-changes", answer="n", exit_code=6), "Sync shop? [y/N]", "it was not confirmed")
    assert cluster.value("one") == "by hand"
    says(at_terminal(sys.argv[1], cluster.plane, "sync", "shop", "--preview-changes", answer="y"), "Sync shop? [y/N]", "Succeeded")
    assert cluster.value("one") == "2"
    cluster.plane.api.merge("/api/v1/namespaces/shop/configmaps/one", {"data": {"v": "by hand"}})
    says(app("sync", "shop", "--preview-changes", "--assumeYes", "--timeout", "60"), "-  v: by hand", "Succeeded")
    assert cluster.value("one") == "2"
    assert app("sync", "shop", "--preview-changes") == "application shop: nothing differs\n"


def of_folders(cluster, app):
    with tempfile.TemporaryDirectory() as folder:
        shop = pathlib.Path(folder) / "apps" / "shop"
        shop.mkdir(parents=True)
        (shop / "one.json").write_text(config_map("one", "local"))
        says(app("sync", "auto", "--local", folder, exit_code=1), "auto-sync is on, and would undo it", "nothing was changed")
        says(app("sync", "both", "--local", folder, exit_code=1), "--local is the folder of one")
        says(app("sync", "shop", "--local", str(shop), "--dry-run", "--timeout", "60"), "Succeeded")
        assert cluster.value("one") == "2"
        says(app("sync", "shop", "--local", str(shop), "--timeout", "60", exit_code=1), "Succeeded", "2 resources require pruning")
        assert (cluster.value("one"), cluster.value("two")) == ("local", "2")
        # Another application has them, though it never made them.
        says(app("sync", "shop", "--local", folder, "--prune", "--timeout", "60", exit_code=1), "2 resources were kept",
             "ConfigMap shop/two: kept: application both has it as well", "let one application have them")
        assert cluster.value("two") == "2"
        app("set", "both", "--dest-namespace", "elsewhere")
        app("get", "both", "--refresh")
        app("sync", "shop", "--local", folder, "--prune", "--timeout", "60")
        assert (cluster.value("one"), cluster.value("two")) == ("local", None)
        app("set", "both", "--dest-namespace", "shop")
        app("get", "both", "--refresh")
        cluster.plane.api.merge("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default", {"spec": {"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]}})
        says(app("sync", "shop", "--local", folder, exit_code=6), "project default asks for signed commits")
        cluster.plane.api.merge("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default", {"spec": {"signatureKeys": None}})


def of_what_is_left(cluster, app):
    """What Git does not have and a sync leaves is told as argocd tells it: of a whole sync that leaves a difference."""
    repository = Repository(cluster.plane, "left")
    files = {"kept.json": config_map("kept", "1"), "stays.json": config_map("stays", "1"), "bound.json": json.dumps({
        **json.loads(config_map("bound", "1")), "metadata": {"name": "bound", "annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}}})}
    repository.commit(files)
    cluster.plane.api.create(APPLICATIONS, application("left", repository, namespace="shop"))
    cluster.compared("left")
    app("sync", "left", "--timeout", "60")
    repository.commit({"kept.json": files["kept.json"]})
    app("get", "left", "--hard-refresh")
    says(app("sync", "left", "--timeout", "60", exit_code=1), "Succeeded", "2 resources require pruning", "ConfigMap shop/bound, ConfigMap shop/stays",
         "holdfast app sync left --prune")
    assert (cluster.value("stays"), cluster.value("bound")) == ("1", "1")
    app("sync", "left", "--dry-run", "--timeout", "60")
    app("sync", "left", "--resource", ":ConfigMap:stays", "--resource", ":ConfigMap:kept", "--timeout", "60")
    # What may never be pruned stands in nobody's way once the rest is.
    says(app("sync", "left", "--prune", "--timeout", "60"), "ignored (no prune)")
    assert (cluster.value("stays"), cluster.value("bound")) == (None, "1")
    says(app("sync", "left", "--timeout", "60", exit_code=1), "1 resource requires pruning")


def of_sources(cluster, app, first):
    says(app("sync", "both", "--revision", first, exit_code=1), "--revisions REVISION --source-positions POSITION")
    says(app("get", "both", "--show-params", exit_code=2), "the application has 2 sources, and none is named", '--source-position 1 to 2, or --source-name: "shop", "other"')
    says(app("get", "both", "--show-params", "--source-name", "shop"), "NAME  VALUE", "Sources:")
    app("sync", "both", "--revisions", first, "--source-names", "shop", "--timeout", "60")
    assert (cluster.value("one"), cluster.value("other")) == ("1", "a")
    assert cluster.operation("both")["sync"]["revisions"] == [first, ""], cluster.operation("both")
    app("sync", "both", "--timeout", "60")
    assert cluster.value("one") == "2"
    says(app("sync", "auto", "--revisions", first, "--source-positions", "1", exit_code=1), "auto-sync is on, and follows \"main\"")


def of_projects(cluster, app):
    plane = cluster.plane
    plane.api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "team", "namespace": "argocd"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}})
    app("set", "both", "--project", "team")
    says(app("sync", "--project", "nobodys", exit_code=1), "no application fits")
    says(app("sync", "--project", "team", "--async"), "application both is asked to sync")
    app("wait", "both", "--operation", "--timeout", "60")
    # All of them or none.
    before = cluster.operation("both")
    says(app("sync", "both", "auto", "--local", "/nowhere", exit_code=1), "nothing was changed")
    assert plane.api.application("both").get("operation") is None and cluster.operation("both") == before


def of_windows(cluster, app):
    """What the engine would hold back is refused here, and everybody can see why."""
    projects = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
    window = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["shop"], "timeZone": "Europe/Berlin"}
    cluster.plane.api.merge(f"{projects}/default", {"spec": {"syncWindows": [window]}})
    for words in (["sync", "shop"], ["sync", "shop", "--dry-run"], ["rollback", "shop"]):
        says(app(*words, exit_code=1), "a sync window lets nothing be synced", "deny:* * * * *:1h", "nothing was changed")
    says(app("get", "shop"), "SyncWindow:        Sync Denied", "Assigned Windows:  deny:* * * * *:1h")
    cluster.plane.api.merge(f"{projects}/default", {"spec": {"syncWindows": [{**window, "manualSync": True}]}})
    says(app("get", "shop"), "SyncWindow:        Manual Allowed")
    app("sync", "shop", "--timeout", "60")
    cluster.plane.api.merge(f"{projects}/default", {"spec": {"syncWindows": [{**window, "schedule": "always"}]}})
    says(app("sync", "shop", exit_code=1), "invalid sync windows: cannot parse schedule 'always'")
    cluster.plane.api.merge(f"{projects}/default", {"spec": {"syncWindows": None}})
    says(app("get", "shop", "--timeout", "20", "--refresh"), "SyncWindow:     Sync Allowed")


def main():
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        shop, other = Repository(plane, "shop"), Repository(plane, "other")
        first = shop.commit({"apps/shop/one.json": config_map("one", "1", tier="front")})
        shop.commit({"apps/shop/one.json": config_map("one", "2", tier="front"), "apps/shop/two.json": config_map("two", "2", tier="back"),
                     "apps/shop/three.json": config_map("three", "2")})
        other.commit({"apps/shop/other.json": config_map("other", "a")})
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        plane.api.create(APPLICATIONS, application("shop", shop, path="apps/shop"))
        plane.api.create(APPLICATIONS, application("auto", other, path="apps/shop", namespace="auto", automated={}, syncOptions=["CreateNamespace=true"]))
        plane.api.create(APPLICATIONS, {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "both", "namespace": "argocd"},
            "spec": {"project": "default", "destination": {"server": SERVER, "namespace": "shop"},
                     "sources": [{"repoURL": each.url, "path": "apps/shop", "targetRevision": "main", "name": each.folder.stem} for each in (shop, other)]}})
        cluster = Cluster(plane)
        for name in ("shop", "auto", "both"):
            cluster.compared(name)
        app = person(sys.argv[1], plane)
        of_objects(cluster, app)
        looked_at_first(cluster, app)
        of_folders(cluster, app)
        of_what_is_left(cluster, app)
        of_sources(cluster, app, first)
        of_projects(cluster, app)
        of_windows(cluster, app)
        print("all as a person expects it")


try:
    main()
except Missing as missing:
    print(f"skipped: app: {missing}")
