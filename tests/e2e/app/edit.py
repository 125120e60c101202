#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""holdfast app set, unset and what else changes an application, against a real API server and a running agent.

usage: edit.py HOLDFAST
"""
import concurrent.futures
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, SERVER, Missing, Plane, Repository, application, status_of, wait_for  # noqa: E402
from person import person, says  # noqa: E402

CHART = {"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/values.yaml": "v: none\n",
         "chart/templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {v: {{ .Values.v | quote }}}\n"}
KUSTOMIZATION = {"plain/kustomization.yaml": "resources: [map.yaml]\n",
                 "plain/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {v: plain}\n"}


def set_and_unset(plane, app, repository):
    plane.api.create(APPLICATIONS, application("shop", repository, path="chart"))

    def spec():
        return plane.api.application("shop")["spec"]

    def live():
        return (plane.api.get("/api/v1/namespaces/shop/configmaps/map") or {}).get("data", {}).get("v")

    says(app("set", "shop", exit_code=2), "nothing is said", "holdfast app set --help")
    says(app("set", "shop", "--sync-policy", "automated", "--self-heal", "--sync-option", "CreateNamespace=true"), "application shop is changed")
    wait_for("the first sync", lambda: live() == "none")
    says(app("set", "shop", "--self-heal"), "application shop is so already")
    app("set", "--helm-set", "v=one,two", "shop")
    wait_for("what was set", lambda: live() == "one,two")
    app("set", "shop", "-p", "v=three", "--auto-prune", "--self-heal=false")
    wait_for("what was set", lambda: live() == "three")
    assert spec()["syncPolicy"] == {"automated": {"prune": True, "selfHeal": False}, "syncOptions": ["CreateNamespace=true"]}, spec()
    says(app("get", "shop", "--show-params"), "NAME  VALUE\nv     three")
    app("unset", "shop", "-p", "v")
    assert "helm" not in spec()["source"], spec()
    wait_for("what Git says", lambda: live() == "none")
    # What is refused has changed nothing.
    before = spec()
    says(app("set", "shop", "--sync-policy", "sometimes", exit_code=2), "wanted: manual or automated", "nothing was changed")
    says(app("set", "shop", "--dest-name", "elsewhere", exit_code=1), "can't have both name and server defined", "nothing was changed")
    says(app("set", "shop", "--project", "nobodys", exit_code=1), "referencing project nobodys which does not exist")
    says(app("set", "shop", "--source-position", "2", "--path", "x", exit_code=2), "the application has 1 source, and none at 2")
    says(app("set", "nothing", "--path", "x", exit_code=1), "there is no application \"nothing\"")
    assert spec() == before
    app("set", "shop", "--path", "plain", "--nameprefix", "a-")
    wait_for("the kustomization", lambda: plane.api.get("/api/v1/namespaces/shop/configmaps/a-map"))
    says(app("set", "shop", "-p", "v=four", exit_code=2), "--parameter is for charts, and the source is of type Kustomize")
    app("unset", "shop", "--nameprefix")
    # Many at once, while the agent writes as well: nothing is lost.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: app("set", "shop", "--sync-option", f"Nothing{n}=true"), range(8)))
    assert sorted(spec()["syncPolicy"]["syncOptions"]) == sorted(["CreateNamespace=true", *(f"Nothing{n}=true" for n in range(8))]), spec()


def create(plane, app, repository):
    says(app("create", "made", "--repo", repository.url, "--path", "plain", "--dest-namespace", "shop", exit_code=1),
         "Destination server missing from app spec", "nothing was changed")

    def words(path):
        return ["made", "--repo", repository.url, "--path", path, "--revision", "main", "--dest-server", SERVER, "--dest-namespace", "made",
                "-l", "team=a", "--sync-policy", "auto", "--sync-option", "CreateNamespace=true", "--set-finalizer"]

    assert app("create", *words("plain")) == "application made created\n"
    status_of(plane, "made", lambda status: status.get("sync", {}).get("status") == "Synced" and status.get("operationState", {}).get("phase") == "Succeeded")
    made = plane.api.application("made")
    assert made["metadata"]["labels"] == {"team": "a"} and made["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"], made["metadata"]
    assert made["spec"]["project"] == "default", made["spec"]
    assert app("create", *words("plain")) == "application made unchanged\n"
    says(app("create", *words("chart"), exit_code=1), "there is an application made, and it says something else", "--upsert")
    assert app("create", *words("chart"), "-l", "tier=b", "--upsert") == "application made changed\n"
    assert plane.api.application("made")["metadata"]["labels"] == {"team": "a", "tier": "b"}
    # A file: all of it or nothing, and what is not for a person to say stays out.
    one, two = application("one", repository, path="plain"), application("two", repository, path="plain")
    two["operation"] = {"sync": {}}
    broken = {**two, "spec": {**two["spec"], "project": "nobodys"}}
    lines = [json.dumps(each) for each in (one, two, broken)]
    says(app("create", "-f", "-", text="\n---\n".join([lines[0], lines[2]]), exit_code=1), "referencing project nobodys", "nothing was changed")
    assert plane.api.application("one") is None
    says(app("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}), exit_code=1), "wanted: an Application")
    says(app("create", "three", "-f", "-", text=lines[0], exit_code=2), "the file's application is named \"one\", not \"three\"")
    assert app("create", "-f", "-", "--path", "chart", text="\n---\n".join(lines[:2])) == "application one created\napplication two created\n"
    two = plane.api.application("two")
    assert two["spec"]["source"]["path"] == "chart" and "operation" not in two, two


def patch(plane, app):
    says(app("patch", "one", exit_code=2), "there is no patch", "--patch")
    says(app("patch", "one", "--patch", "[{]", exit_code=1), "--patch:1:", "nothing was changed")
    says(app("patch", "one", "--patch", '[{"op": "replace", "path": "/spec/source/path", "value": "plain"}, {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]'),
         "path: plain", "a: b")
    one = plane.api.application("one")
    assert one["spec"]["source"]["path"] == "plain" and one["metadata"]["labels"] == {"a": "b"}, one
    # A sync is asked for by `app sync`, and a status is the engine's.
    app("patch", "one", "--type", "merge", "--patch", '{"spec": {"source": {"targetRevision": null}}, "operation": {"sync": {}}, "status": {"sync": {"status": "Nonsense"}}}')
    one = plane.api.application("one")
    assert "targetRevision" not in one["spec"]["source"] and "operation" not in one and one.get("status", {}).get("sync", {}).get("status") != "Nonsense", one
    says(app("patch", "one", "--type", "merge", "--patch", '{"spec": {"project": "nobodys"}}', exit_code=1), "referencing project nobodys", "nothing was changed")
    says(app("patch", "one", "--type", "merge", "--patch", '{"spec": {"destination": 1}}', exit_code=1), "nothing was changed")


def edit(plane, app):
    """The editor is a program that a person names; here it is sed, and cp for who insists."""
    def spec():
        return plane.api.application("one")["spec"]

    before = spec()
    says(app("edit", "one", editor="true", exit_code=6), "nothing was changed in the editor")
    says(app("edit", "one", editor="false", exit_code=2), 'the editor "false" ended without success', "EDITOR")
    says(app("edit", "one", editor="/no/editor --wait", exit_code=2), 'the editor "/no/editor" cannot be started')
    # A shell would see two commands.
    says(app("edit", "one", editor="true ; false", exit_code=6), "nothing was changed in the editor")
    says(app("edit", "one", editor=r"sed -i s/plain/chart/"), "application one is changed")
    assert spec()["source"]["path"] == "chart", spec()
    app("edit", "one", editor=r"sed -i s/chart/plain/")
    assert spec() == before, spec()
    # Refused, then saved once more as it is.
    refused = app("edit", "one", editor=r"sed -i s/^project:.*/project:\x20nobodys/", exit_code=1)
    says(refused, "referencing project nobodys", "nothing was changed", "what you wrote is in")
    kept = pathlib.Path(refused.split('what you wrote is in "')[1].split('"')[0])
    says(kept.read_text(), "# the engine would not accept application one", "project: nobodys")
    kept.unlink()
    kept.parent.rmdir()
    broken = plane.folder / "broken.yaml"
    broken.write_text("source: [\n")
    says(app("edit", "one", editor=f"cp {broken}", exit_code=1), "spec:", "what you wrote is in")
    assert spec() == before, spec()


def resources(plane, app):
    """Single objects of an application: shown, patched and deleted."""
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one"}})
    app("sync", "one", "--timeout", "60")
    says(app("get-resource", "one", exit_code=2), "--kind")
    says(app("get-resource", "one", "--kind", "ConfigMap"), "FIELD", "RESOURCE NAME", "data.v", "plain")
    assert app("get-resource", "one", "--kind", "ConfigMap", "--resource-name", "map", "--filter-fields", "data.v") == (
        "FIELD          VALUE\ndata.v         plain\nmetadata.name  map\n")
    shown = json.loads(app("get-resource", "one", "--kind", "ConfigMap", "-o", "json"))
    assert shown["data"] == {"v": "plain"} and "managedFields" not in shown["metadata"], shown
    assert "managedFields" in app("get-resource", "one", "--kind", "ConfigMap", "--show-managed-fields", "-o", "yaml")
    says(app("get-resource", "one", "--kind", "Pod", exit_code=1), "no matching resource found", "holdfast app resources one")
    path = "/api/v1/namespaces/one/configmaps/map"
    says(app("patch-resource", "one", "--kind", "ConfigMap", "--patch", "{", exit_code=1), "--patch:1:")
    says(app("patch-resource", "one", "--kind", "ConfigMap", "--patch", '{"data": {"v": "patched"}}'), "ConfigMap one/map patched")
    assert plane.api.get(path)["data"]["v"] == "patched"
    app("patch-resource", "one", "--kind", "ConfigMap", "--group", "", "--patch-type", "application/json-patch+json",
        "--patch", '[{"op": "add", "path": "/data/w", "value": "more"}]')
    assert plane.api.get(path)["data"] == {"v": "patched", "w": "more"}
    says(app("patch-resource", "one", "--kind", "ConfigMap", "--group", "apps", "--patch", "{}", exit_code=1), "no matching resource found")
    says(app("delete-resource", "one", "--kind", "Secret", exit_code=1), "no matching resource found")
    says(app("delete-resource", "one", "--kind", "ConfigMap", "--resource-name", "map", "--orphan"), "ConfigMap one/map deleted")
    wait_for("the deletion", lambda: plane.api.get(path) is None)


def sources(plane, app, repository):
    says(app("add-source", "one", "--repo", repository.url, exit_code=2), "the application has one source", "spec.sources")
    source = {"repoURL": repository.url, "path": "plain", "targetRevision": "main"}
    app("patch", "one", "--type", "merge", "--patch", json.dumps({"spec": {"source": None, "sources": [source]}}))
    says(app("remove-source", "one", "--source-position", "1", exit_code=2), "the application has one source, and needs one")
    says(app("add-source", "one", "--repo", repository.url, exit_code=1), "source.path, source.chart, or source.ref are required", "nothing was changed")
    app("add-source", "one", "--repo", repository.url, "--path", "chart", "--helm-set", "v=1", "--source-name", "chart")
    assert plane.api.application("one")["spec"]["sources"] == [source, {
        "repoURL": repository.url, "path": "chart", "helm": {"parameters": [{"name": "v", "value": "1"}]}, "name": "chart"}]
    says(app("add-source", "one", "--repo", repository.url, "--path", "a", "--source-name", "chart", exit_code=1), "two sources are named \"chart\"")
    app("set", "one", "--source-name", "chart", "--revision", "main")
    says(app("remove-source", "one", exit_code=2), "none is named", "--source-position 1 to 2, or --source-name: \"chart\"")
    app("remove-source", "one", "--source-name", "chart")
    assert plane.api.application("one")["spec"]["sources"] == [source]


def main():
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        repository = Repository(plane, "shop")
        repository.commit({**CHART, **KUSTOMIZATION})
        app = person(sys.argv[1], plane)
        set_and_unset(plane, app, repository)
        create(plane, app, repository)
        patch(plane, app)
        edit(plane, app)
        resources(plane, app)
        sources(plane, app, repository)
        print("all as a person expects it")


try:
    main()
except Missing as missing:
    print(f"skipped: app: {missing}")
