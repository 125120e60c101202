#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Applications outside the engine's namespace, on a real API server: where the setting and the project let them be.

usage: namespaces_test.py HOLDFAST
"""
import json
import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import Missing, Plane, Repository, application, check, status_of, wait_for  # noqa: E402

GROUP = "/apis/argoproj.io/v1alpha1/namespaces"
PARAMETERS = "/api/v1/namespaces/argocd/configmaps/argocd-cmd-params-cm"
TRACKING = "argocd.argoproj.io/tracking-id"
FINALIZER = "resources-finalizer.argocd.argoproj.io"


def path_of(namespace, name):
    return f"{GROUP}/{namespace}/applications/{name}"


class World:
    def __init__(self, plane, program):
        self.plane, self.api, self.program = plane, plane.api, program
        self.repository = Repository(plane, "fleet")
        self.repository.commit({
            "shop/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: color}\ndata: {color: blue}\n",
            "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
            "chart/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: release}\ndata: {name: {{ .Release.Name }}}\n"})

    def namespace(self, name):
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def application(self, namespace, name, project, target, path="shop", **policy):
        app = application(name, self.repository, path, target, **policy)
        app["metadata"].update(namespace=namespace, finalizers=[FINALIZER])
        app["spec"]["project"] = project
        self.api.create(f"{GROUP}/{namespace}/applications", app)

    def status(self, namespace, name, want):
        return status_of(self.plane, name, want, namespace=namespace)

    def synced(self, namespace, name):
        return self.status(namespace, name, lambda s: s.get("sync", {}).get("status") == "Synced")

    def look_at(self, namespaces):
        data = {"data": {"application.namespaces": namespaces}}
        if self.api.get(PARAMETERS) is None:
            self.api.create(PARAMETERS.rpartition("/")[0], {"apiVersion": "v1", "kind": "ConfigMap", **data, "metadata": {
                "name": "argocd-cmd-params-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}}})
        else:
            self.api.merge(PARAMETERS, data)

    def cm(self, namespace, name="color"):
        return self.api.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")

    def cli(self, *words, exit_code=0):
        ran = subprocess.run([self.program, "app", *words, "--kubeconfig", self.plane.kubeconfig], capture_output=True, text=True, timeout=120)
        if ran.returncode != exit_code:
            raise SystemExit(f"app {' '.join(words)}: exit {ran.returncode}, not {exit_code}\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout + ran.stderr


def nobody_is_watched_without_the_setting(world):
    world.application("team-a", "shop", "red", "red-1", automated={"selfHeal": True})
    world.application("argocd", "shop", "default", "blue", automated={})
    world.synced("argocd", "shop")
    check("without the setting an application elsewhere is left alone", world.api.get(path_of("team-a", "shop")).get("status"), None)


def the_setting_and_the_project_permit(world):
    world.application("team-a", "thief", "default", "red-1", automated={})
    world.application("outside", "lost", "red", "red-1", automated={})
    world.look_at("other, /^team-[a-z]$/")
    status = world.synced("team-a", "shop")
    check("it knows whose it is", (status["controllerNamespace"], world.cm("red-1")["metadata"]["annotations"][TRACKING]),
          ("argocd", "team-a_shop:/ConfigMap:red-1/color"))
    check("its namesake keeps its own", world.cm("blue")["metadata"]["annotations"][TRACKING], "shop:/ConfigMap:blue/color")
    status = world.status("team-a", "thief", lambda s: s.get("conditions"))
    text = "application 'thief' in namespace 'team-a' is not permitted to use project 'default'"
    check("a project that does not list the namespace refuses",
          [(each["type"], each["message"]) for each in status["conditions"]], [("UnknownError", text)])
    world.api.merge(path_of("team-a", "thief"), {"operation": {"sync": {}}})
    state = world.status("team-a", "thief", lambda s: s.get("operationState", {}).get("finishedAt"))["operationState"]
    check("and its sync as well", (state["phase"], state["message"]), ("Error", f"Failed to load application project: {text}"))
    check("what no pattern lists is left alone", world.api.get(path_of("outside", "lost")).get("status"), None)


def it_is_an_application_as_any_other(world):
    world.api.merge("/api/v1/namespaces/red-1/configmaps/color", {"data": {"color": "green"}})
    wait_for("the repair", lambda: world.cm("red-1")["data"] == {"color": "blue"}, 30)
    print("ok it is repaired")
    world.application("team-b", "chart", "red", "red-2", path="chart", automated={})
    world.synced("team-b", "chart")
    check("a release has the plain name", world.cm("red-2", "release")["data"], {"name": "chart"})
    commit = world.repository.commit({"shop/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: color}\ndata: {color: red}\n"})
    world.api.merge(path_of("team-a", "shop"), {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})
    world.status("team-a", "shop", lambda s: s["sync"].get("revision") == commit and s["sync"]["status"] == "Synced")
    text = urllib.request.urlopen(f"http://127.0.0.1:{world.plane.agent_port}/metrics").read().decode()
    check("it is measured under its namespace", 'argocd_app_info{namespace="team-a",name="shop",project="red"' in text, True)


def people_name_it_with_its_namespace(world):
    check("the list shows all", world.cli("list", "-o", "name").split(), ["team-b/chart", "argocd/shop", "team-a/shop", "team-a/thief"])
    check("or those of one namespace", world.cli("list", "-o", "name", "-N", "team-b"), "team-b/chart\n")
    check("both spellings find it", [json.loads(world.cli(*words))["metadata"]["namespace"] for words in (
        ("get", "team-a/shop", "-o", "json"), ("get", "shop", "-N", "team-a", "-o", "json"), ("get", "shop", "-o", "json"))],
        ["team-a", "team-a", "argocd"])
    check("no difference where the engine sees none", world.cli("diff", "team-a/shop"), "")
    world.api.merge(path_of("team-a", "shop"), {"spec": {"syncPolicy": None}})
    world.api.merge("/api/v1/namespaces/red-1/configmaps/color", {"data": {"color": "green"}})
    world.status("team-a", "shop", lambda s: s["sync"]["status"] == "OutOfSync")
    check("advice names it so that it works", "holdfast app diff team-a/shop" in world.cli("explain", "team-a/shop"), True)
    check("it is synced", "configmap/color" in world.cli("sync", "team-a/shop", "--timeout", "60"), True)
    check("a typo is met", "did you mean team-a/shop ?" in world.cli("get", "team-a/shopp", exit_code=1), True)


def its_end_takes_its_objects(world):
    world.api.delete(path_of("team-a", "shop"))
    wait_for("the deletion", lambda: world.api.get(path_of("team-a", "shop")) is None, 30)
    check("its objects went along, its namesake's stay", (world.cm("red-1"), world.cm("blue")["data"]), (None, {"color": "blue"}))


def the_setting_is_taken_back(world):
    world.look_at("team-b")
    world.synced("argocd", "shop")
    before = world.api.get(path_of("team-a", "thief"))
    world.api.merge(path_of("team-a", "thief"), {"spec": {"project": "red"}})
    world.api.merge(path_of("team-b", "chart"), {"spec": {"source": {"path": "shop"}}})
    world.status("team-b", "chart", lambda s: any(each["name"] == "color" for each in s["resources"]))
    check("who is listed no more is left alone", world.api.get(path_of("team-a", "thief"))["status"], before["status"])


def main():
    with Plane() as plane:
        plane.start_git()
        world = World(plane, sys.argv[1])
        for name in ("team-a", "team-b", "outside", "red-1", "red-2", "blue"):
            world.namespace(name)
        world.api.create(f"{GROUP}/argocd/appprojects", {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "red"},
            "spec": {"sourceRepos": ["*"], "sourceNamespaces": ["team-*"], "destinations": [{"namespace": "red-*", "server": "*"}]}})
        plane.start_agent()
        nobody_is_watched_without_the_setting(world)
        the_setting_and_the_project_permit(world)
        it_is_an_application_as_any_other(world)
        people_name_it_with_its_namespace(world)
        its_end_takes_its_objects(world)
        the_setting_is_taken_back(world)


try:
    main()
except Missing as missing:
    print(f"skipped: namespaces: {missing}")
