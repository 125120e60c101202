#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""holdfast app manifests and diff of other revisions, sources and folders, against a real API server and a running agent.

usage: manifests.py HOLDFAST
"""
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, SERVER, Missing, Plane, Repository, application, wait_for  # noqa: E402
from person import person, says  # noqa: E402


def config_map(name, value, labels=None):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels or {}}, "data": {"v": value}})


SECRET = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"k": "hidden"}})


def several(name, *repositories):
    sources = [{"repoURL": each.url, "path": "apps/shop", "targetRevision": "main", "name": each.folder.stem} for each in repositories]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "default", "sources": sources, "destination": {"server": SERVER, "namespace": "shop"}}}


def compared(plane, name):
    wait_for("the comparison", lambda: (plane.api.application(name).get("status") or {}).get("sync", {}).get("status"))


def of_revisions(plane, app, repository, first):
    assert app("manifests", "shop", "-o", "name") == ":ConfigMap:shop/one\n:ConfigMap:shop/two\n:Secret:shop/key\n"
    text = app("manifests", "shop")
    says(text, "---\napiVersion: v1\ndata:\n  v: \"2\"\n", "argocd.argoproj.io/tracking-id: shop:/ConfigMap:shop/one", "k: ++++++++")
    assert "hidden" not in text and "aGlkZGVu" not in text, text
    old = json.loads(app("manifests", "shop", "--revision", first, "-o", "json"))
    assert [(each["metadata"]["name"], each["data"]["v"]) for each in old] == [("one", "1")], old
    assert app("manifests", "shop", "--source", "live") == ""
    app("sync", "shop", "--timeout", "60")
    live = json.loads(app("manifests", "shop", "--source", "live", "-o", "json"))
    assert all("uid" in each["metadata"] and "managedFields" not in each["metadata"] for each in live) and len(live) == 3, live
    says(app("manifests", "shop", "--revision", "nowhere", exit_code=1), "nowhere", "nothing was changed")
    says(app("manifests", "shop", "--source", "somewhere", exit_code=2), "somewhere")


def of_exit_codes(app, first):
    words = ["diff", "shop", "--revision", first, "--server-side-generate", "--server-side-diff"]
    app(*words, exit_code=1)
    app(*words, "--diff-exit-code", "20", exit_code=20)
    app(*words, "--exit-code=false")
    says(app(*words, "--diff-exit-code", "300", exit_code=2), "300")


def of_folders(app):
    with tempfile.TemporaryDirectory() as folder:
        shop = pathlib.Path(folder) / "apps" / "shop"
        shop.mkdir(parents=True)
        (shop / "one.json").write_text(config_map("one", "local"))
        for words in (["--local", folder], ["--local", str(shop)], ["--local", str(shop), "--local-repo-root", folder]):
            says(app("diff", "shop", *words, exit_code=1), "-  v: \"2\"", "+  v: local")
            says(app("manifests", "shop", *words), "v: local")
        says(app("manifests", "shop", "--local", str(shop), "--local-repo-root", str(shop / "further"), exit_code=2), "is not in --local-repo-root")
        says(app("manifests", "shop", "--local", folder + "/nothing", exit_code=2), "nothing")


def of_several(plane, app, repositories, first):
    plane.api.create(APPLICATIONS, several("both", *repositories))
    compared(plane, "both")

    def values(*words):
        return {each["metadata"]["name"]: each["data"]["v"] for each in json.loads(app("manifests", "both", "-o", "json", *words)) if each["kind"] == "ConfigMap"}

    assert values() == {"one": "2", "two": "1", "other": "a"}
    assert values("--revisions", first, "--source-positions", "1") == {"one": "1", "other": "a"}
    assert values("--revisions", first, "--source-names", "shop") == {"one": "1", "other": "a"}
    says(app("diff", "both", "--revisions", first, "--source-positions", "1", exit_code=1), "-  v: \"2\"", "+  v: \"1\"")
    says(app("manifests", "both", "--revisions", first, exit_code=2), "there are 1 --revisions for 0 sources")
    says(app("manifests", "both", "--revisions", first, "--source-names", "third", exit_code=2), "no source is named \"third\"")


def main():
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        shop, other = Repository(plane, "shop"), Repository(plane, "other")
        first = shop.commit({"apps/shop/one.json": config_map("one", "1")})
        shop.commit({"apps/shop/one.json": config_map("one", "2"), "apps/shop/two.json": config_map("two", "1"), "apps/shop/key.json": SECRET})
        other.commit({"apps/shop/other.json": config_map("other", "a")})
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        plane.api.create(APPLICATIONS, application("shop", shop, path="apps/shop"))
        compared(plane, "shop")
        app = person(sys.argv[1], plane)
        of_revisions(plane, app, shop, first)
        of_exit_codes(app, first)
        of_folders(app)
        of_several(plane, app, [shop, other], first)
        print("all as a person expects it")


try:
    main()
except Missing as missing:
    print(f"skipped: app: {missing}")
