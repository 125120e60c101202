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
from plane import APPLICATIONS, Missing, Plane, Repository, application, wait_for  # noqa: E402
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


def main():
    with Plane() as plane:
        plane.start_git()
        plane.start_agent()
        repository = Repository(plane, "shop")
        repository.commit({**CHART, **KUSTOMIZATION})
        app = person(sys.argv[1], plane)
        set_and_unset(plane, app, repository)
        print("all as a person expects it")


try:
    main()
except Missing as missing:
    print(f"skipped: app: {missing}")
