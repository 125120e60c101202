#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on a real API server: operations that must end, a rollback without Git, scripts of a folder."""
import contextlib
import datetime
import http.server
import pathlib
import socket
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/plane"))
from plane import APPLICATIONS, Missing, Plane, Repository, application, check, status_of, wait_for  # noqa: E402

COLOR = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: color}}\ndata: {{color: {}}}\n"
REFUSED = "apiVersion: v1\nkind: Service\nmetadata: {name: refused}\nspec: {ports: [{port: 700000}]}\n"
# Nobody gives it an address here, so the wave after it never begins.
BALANCER = ("apiVersion: v1\nkind: Service\nmetadata: {name: balancer}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n---\n"
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: after, annotations: {argocd.argoproj.io/sync-wave: '1'}}\n")
SCRIPT = "return {status = obj.data.color == 'red' and 'Degraded' or 'Healthy', message = 'color is ' .. obj.data.color}\n"


def create(plane, app):
    name = app["metadata"]["name"]
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    plane.api.create(APPLICATIONS, app)


def phase(status):
    return status.get("operationState", {}).get("phase")


def deletion_ends_retries(plane):
    repository = Repository(plane, "refused")
    repository.commit({"refused.yaml": REFUSED})
    app = application("refused", repository, automated={}, retry={"limit": -1, "backoff": {"duration": "1h", "maxDuration": "1h"}})
    app["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    create(plane, app)
    status_of(plane, "refused", lambda s: "Retrying attempt #1" in s.get("operationState", {}).get("message", ""))
    plane.api.delete(f"{APPLICATIONS}/refused")
    wait_for("the deletion", lambda: plane.api.application("refused") is None, 20)
    print("ok a deletion does not wait for retries")


def operations_have_their_time(plane):
    path = "/api/v1/namespaces/argocd/configmaps"
    plane.api.create(path, {"apiVersion": "v1", "kind": "ConfigMap", "data": {"controller.sync.timeout.seconds": "3"}, "metadata": {
        "name": "argocd-cmd-params-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}}})
    repository = Repository(plane, "balancer")
    repository.commit({"all.yaml": BALANCER})
    create(plane, application("balancer", repository, automated={}, retry={"limit": 0}))
    status = status_of(plane, "balancer", lambda s: phase(s) == "Failed")
    check("an operation ends when its time is over", status["operationState"]["message"], "Operation terminated")
    plane.api.delete(f"{path}/argocd-cmd-params-cm")


def a_rollback_needs_no_git(plane):
    repository = Repository(plane, "rolled")
    first = repository.commit({"cm.yaml": COLOR.format("blue")})
    create(plane, application("rolled", repository, automated={}))
    status_of(plane, "rolled", lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    second = repository.commit({"cm.yaml": COLOR.format("red")})
    plane.api.refresh("rolled")
    status = status_of(plane, "rolled", lambda s: [each["revision"] for each in s.get("history", [])] == [first, second])
    status = status_of(plane, "rolled", lambda s: s["health"]["status"] == "Degraded")
    check("a script of the folder judges", status["resources"][0]["health"], {"status": "Degraded", "message": "color is red"})
    plane.api.merge(f"{APPLICATIONS}/rolled", {"spec": {"syncPolicy": None}})
    plane.stop("git")
    plane.restart("agent")
    entry = status["history"][0]
    plane.api.merge(f"{APPLICATIONS}/rolled", {"status": {"operationState": None}, "operation": {
        "sync": {"source": entry["source"], "revision": entry["revision"], "syncStrategy": {"apply": {}}}}})
    status = status_of(plane, "rolled", lambda s: phase(s) in ("Succeeded", "Failed", "Error"))
    check("a rollback needs no Git", (phase(status), status["operationState"]["syncResult"]["revision"]), ("Succeeded", first))
    check("what it brought back", plane.api.get("/api/v1/namespaces/rolled/configmaps/color")["data"], {"color": "blue"})


def most_of_an_application_stays(plane):
    def config_maps(count):
        return {f"{i}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cm-{i:02}}}\n" for i in range(count)}

    def left():
        items = plane.api.items("/api/v1/namespaces/braked/configmaps")
        return sum(each["metadata"]["name"].startswith("cm-") for each in items)

    repository = Repository(plane, "braked")
    repository.commit(config_maps(60))
    create(plane, application("braked", repository, automated={"prune": True, "selfHeal": True}))
    status_of(plane, "braked", lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    gone = repository.commit(config_maps(5))
    plane.api.refresh("braked")
    status = status_of(plane, "braked", lambda s: s.get("conditions"))
    check("a commit that removes most of an application is not followed",
          (status["conditions"][0]["type"], status["conditions"][0]["message"].split(". ")[0], left()),
          ("SyncError", f"Skipping sync attempt to [{gone}]: auto-sync would remove 55 of 60 resources", 60))
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    plane.api.merge(f"{APPLICATIONS}/braked", {"metadata": {"annotations": {"argocd.argoproj.io/deletion-approved": now}}})
    status_of(plane, "braked", lambda s: s["sync"] == {**s["sync"], "status": "Synced", "revision": gone} and not s.get("conditions"))
    check("until a person approves it", left(), 5)


@contextlib.contextmanager
def stalling_git(behind):
    """Lists what the Git server behind it has, and keeps every fetch waiting until it is told to answer."""
    fetches, answers = threading.Semaphore(0), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if b"command=fetch" in body:
                fetches.release()
                answers.wait()
            path = "/" + self.path.split("/", 2)[2]  # the first part tells repositories apart
            headers = {name: self.headers[name] for name in ("Git-Protocol", "Content-Type") if name in self.headers}
            with urllib.request.urlopen(urllib.request.Request(behind + path, body or None, headers)) as answer, \
                    contextlib.suppress(OSError):  # who asked may have left
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                self.wfile.write(answer.read())

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", fetches, answers
        finally:
            answers.set()
            server.shutdown()


def terminate(plane, name):
    """What argocd app terminate-op writes; how long it takes until the operation has ended."""
    status_of(plane, name, lambda s: phase(s) == "Running")
    started = time.monotonic()
    plane.api.merge(f"{APPLICATIONS}/{name}", {"status": {"operationState": {"phase": "Terminating"}}})
    state = status_of(plane, name, lambda s: phase(s) in ("Failed", "Error", "Succeeded"))["operationState"]
    check(f"the operation of {name} is terminated ({time.monotonic() - started:.1f} s)", (state["phase"], state["message"]),
          ("Failed", "Operation terminated"))


def a_silent_server_slows_nobody_else(plane):
    """More Applications than the agent has workers wait for the packs of a Git server that lists and then says nothing."""
    hung = Repository(plane, "hung")
    hung.commit({"cm.yaml": COLOR.format("blue")})
    followed, held = Repository(plane, "followed"), Repository(plane, "held")
    followed.commit({"cm.yaml": COLOR.format("blue")})
    held.commit({"all.yaml": BALANCER})
    create(plane, application("followed", followed, automated={}))
    status_of(plane, "followed", lambda s: s.get("sync", {}).get("status") == "Synced")
    names = [f"hung-{number}" for number in range(12)]
    with stalling_git(plane.git_url) as (url, fetches, answers):
        for number, name in enumerate(names):
            app = application(name, hung, **({"automated": {}} if number else {}))
            app["spec"]["source"]["repoURL"] = f"{url}/{number // 2}/hung.git"
            create(plane, app)
        for _ in range(len(names) // 2):
            check("a fetch stalls", fetches.acquire(timeout=20), True)
        commit = followed.commit({"cm.yaml": COLOR.format("red")})
        started = time.monotonic()
        plane.api.refresh("followed")
        status_of(plane, "followed", lambda s: s["sync"].get("revision") == commit and s["sync"]["status"] == "Synced", seconds=10)
        print(f"ok a push to another server is live meanwhile ({time.monotonic() - started:.1f} s)")
        check("as it was pushed", plane.api.get("/api/v1/namespaces/followed/configmaps/color")["data"], {"color": "red"})
        create(plane, application("held", held, automated={}, retry={"limit": 0}))
        terminate(plane, "held")
        plane.api.merge(f"{APPLICATIONS}/hung-0", {"operation": {"sync": {}}})
        terminate(plane, "hung-0")
        answers.set()
        for name in names[1:]:
            status_of(plane, name, lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced", seconds=90)
        print("ok those who waited are called back when the server answers")
    for name in names:
        plane.api.delete(f"{APPLICATIONS}/{name}")


def a_server_that_never_lists_slows_nobody_else(plane):
    """More Applications than the agent has workers wait for a Git server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        good = Repository(plane, "good")
        good.commit({"cm.yaml": COLOR.format("blue")})
        create(plane, application("good", good, automated={}))
        status_of(plane, "good", lambda s: s.get("sync", {}).get("status") == "Synced")
        for number in range(12):
            app = application(f"silent-{number}", good, automated={})
            app["spec"]["source"]["repoURL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/silent.git"
            create(plane, app)
        for number in range(12):
            status_of(plane, f"silent-{number}", lambda s: s.get("conditions"))
        slowest = 0.0
        for color in ("red", "green", "white"):
            commit = good.commit({"cm.yaml": COLOR.format(color)})
            for number in range(12):
                plane.api.refresh(f"silent-{number}")
            started = time.monotonic()
            plane.api.refresh("good")
            status_of(plane, "good", lambda s: s["sync"].get("revision") == commit and s["sync"]["status"] == "Synced")
            slowest = max(slowest, time.monotonic() - started)
        check(f"a silent Git server slows nobody else ({slowest:.1f} s)", slowest < 10, True)
        for number in range(12):
            plane.api.delete(f"{APPLICATIONS}/silent-{number}")


def a_broken_conversion_holds_up_its_kind_alone(plane):
    """The stored version of a kind cannot be converted into the one that is asked for."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")]
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    plane.api.create(definitions, {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "wagons.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "wagons", "singular": "wagon", "kind": "Wagon"}, "versions": versions}})
    wagon = {"apiVersion": "example.com/v1", "kind": "Wagon", "metadata": {"name": "old"}}
    wait_for("the kind", lambda: plane.api.call("POST", "/apis/example.com/v1/namespaces/default/wagons", wagon)[0] == 201, 20)
    plane.api.merge(f"{definitions}/wagons.example.com", {"spec": {"conversion": {"strategy": "Webhook", "webhook": {
        "conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:1/convert"}}}}})
    wait_for("the conversion to be broken", lambda: plane.api.call("GET", "/apis/example.com/v2/namespaces/default/wagons")[0] in (429, 500), 20)
    repositories = {name: Repository(plane, name) for name in ("broken", "whole")}
    repositories["broken"].commit({"all.yaml": COLOR.format("blue") + "---\napiVersion: example.com/v2\nkind: Wagon\nmetadata: {name: new}\n"})
    repositories["whole"].commit({"cm.yaml": COLOR.format("blue")})
    create(plane, application("broken", repositories["broken"], automated={"prune": True}, retry={"limit": 0}))
    started = time.monotonic()
    create(plane, application("whole", repositories["whole"], automated={}))
    status_of(plane, "whole", lambda s: s.get("sync", {}).get("status") == "Synced")
    took = time.monotonic() - started
    check(f"a kind that cannot be listed holds up nobody else ({took:.1f} s)", took < 8, True)
    state = status_of(plane, "broken", lambda s: phase(s) in ("Failed", "Error", "Succeeded"))["operationState"]
    check("the object of that kind is refused with the reason", (state["phase"], "conversion webhook for example.com/v2, Kind=Wagon failed" in state["message"]),
          ("Failed", True))
    check("and the rest of its application is applied", plane.api.get("/api/v1/namespaces/broken/configmaps/color")["data"], {"color": "blue"})


def what_nobody_can_see_is_not_gone(plane):
    """The server behind a group of kinds is away when the agent starts; meanwhile Git drops all its objects, and an Application is deleted."""
    service = "/apis/apiregistration.k8s.io/v1/apiservices/v1.rail.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    plane.api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "cars.rail.example.com"},
        "spec": {"group": "rail.example.com", "scope": "Namespaced", "names": {"plural": "cars", "singular": "car", "kind": "Car"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}})

    def cars(name):
        return plane.api.call("GET", f"/apis/rail.example.com/v1/namespaces/{name}/cars")

    wait_for("the kind", lambda: cars("default")[0] == 200, 20)
    car = "---\napiVersion: rail.example.com/v1\nkind: Car\nmetadata: {name: car}\n"
    repositories = {name: Repository(plane, name) for name in ("dropped", "deleted")}
    for name, repository in repositories.items():
        repository.commit({"all.yaml": COLOR.format("blue") + car})
        app = application(name, repository, automated={"prune": True})
        app["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
        create(plane, app)
        status_of(plane, name, lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    plane.stop("agent")
    plane.api.merge(service, {"metadata": {"labels": {"kube-aggregator.kubernetes.io/automanaged": None}},
                              "spec": {"service": {"name": "dead", "namespace": "default"}, "insecureSkipTLSVerify": True}})
    wait_for("the group to be away", lambda: cars("dropped")[0] == 503, 20)
    commit = repositories["dropped"].commit({"all.yaml": COLOR.format("red")})
    plane.api.delete(f"{APPLICATIONS}/deleted")
    plane.start_agent("--customizations", plane.folder / "scripts")
    state = status_of(plane, "dropped", lambda s: s["sync"].get("revision") == commit and s["operationState"].get("message"))["operationState"]
    check("an operation waits for what it cannot see", state["message"], "waiting to prune Car: whether the cluster serves it is not known")
    rows = {each["kind"]: (each["status"], each.get("requiresPruning")) for each in plane.api.application("dropped")["status"]["resources"]}
    check("which is not forgotten", rows["Car"], ("OutOfSync", True))
    status = status_of(plane, "deleted", lambda s: s.get("conditions"))
    check("nor is it left behind by a deletion", [each["message"] for each in status["conditions"]],
          ["whether objects of kind Car are left is not known: whether the cluster serves it is not known"])
    plane.api.delete(service)  # the API server makes it anew, as it was
    wait_for("both cars to be gone", lambda: all(cars(name)[0] == 200 and not cars(name)[1]["items"] for name in ("dropped", "deleted")), 60)
    wait_for("the deletion", lambda: plane.api.application("deleted") is None, 30)
    status_of(plane, "dropped", lambda s: phase(s) == "Succeeded" and s["sync"] == {**s["sync"], "status": "Synced", "revision": commit})
    print("ok until it is seen again")


def what_a_rendering_depends_on_is_rendered_anew(plane):
    """Beside commits: the place, and for charts what the cluster serves."""
    repository = Repository(plane, "moves")
    chart = {"Chart.yaml": "apiVersion: v2\nname: moves\nversion: 1.0.0\n",
             "templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: moves}\n"
                                  "data: {place: {{ .Release.Namespace }}, rockets: {{ .Capabilities.APIVersions.Has \"space.example.com/v1\" | quote }}}\n"}
    repository.commit(chart)
    create(plane, application("moves", repository, automated={"prune": True, "selfHeal": True}))
    status_of(plane, "moves", lambda s: phase(s) == "Succeeded" and s["sync"]["status"] == "Synced")
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "moves-2"}})
    plane.api.merge(f"{APPLICATIONS}/moves", {"spec": {"destination": {"namespace": "moves-2"}}})

    def data():
        found = plane.api.get("/api/v1/namespaces/moves-2/configmaps/moves")
        return found and found["data"]

    wait_for("the other place", lambda: data() == {"place": "moves-2", "rockets": "false"}, 20)
    wait_for("the end of the first", lambda: plane.api.get("/api/v1/namespaces/moves/configmaps/moves") is None, 20)
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    plane.api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "rockets.space.example.com"},
        "spec": {"group": "space.example.com", "scope": "Namespaced", "names": {"plural": "rockets", "singular": "rocket", "kind": "Rocket"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}})

    def seen():
        plane.api.refresh("moves", "hard")
        return data() == {"place": "moves-2", "rockets": "true"}

    wait_for("a kind that came later", seen, 40, 1)
    print("ok another place and a new kind are rendered anew")


def configure(plane, data):
    plane.api.apply("/api/v1/namespaces/argocd/configmaps/argocd-cm", {"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {
        "name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}}})


def commits_are_noticed_by_themselves(plane):
    repository = Repository(plane, "noticed")
    repository.commit({"cm.yaml": COLOR.format("blue")})
    create(plane, application("noticed", repository, automated={}))
    status_of(plane, "noticed", lambda s: s.get("sync", {}).get("status") == "Synced")
    for name, data in {"soft": {"timeout.reconciliation": "2s", "timeout.reconciliation.jitter": "1s"},
                       "hard": {"timeout.reconciliation": "0s", "timeout.reconciliation.jitter": "0s", "timeout.hard.reconciliation": "2s"}}.items():
        configure(plane, data)
        for number in (1, 2):  # the first may be seen because a setting changed, the second by its time alone
            commit = repository.commit({"cm.yaml": COLOR.format(f"{name}-{number}")})
            status_of(plane, "noticed", lambda s: s["sync"].get("revision") == commit and s["sync"]["status"] == "Synced")
        print(f"ok a commit is noticed after the {name} time")
    configure(plane, {})


def a_global_project_counts_where_its_labels_say(plane):
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
    spec = {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}]}
    for name, labels, more in (("loose", {}, {}), ("live", {"stage": "live"}, {}),
                               ("rules", {}, {"namespaceResourceBlacklist": [{"group": "", "kind": "ConfigMap"}]})):
        plane.api.create(path, {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "labels": labels},
                                "spec": {**spec, **more}})
    configure(plane, {"globalProjects": "[{projectName: rules, labelSelector: {matchLabels: {stage: live}}}]"})
    repository = Repository(plane, "ruled")
    repository.commit({"cm.yaml": COLOR.format("blue")})
    for name in ("loose", "live"):
        app = application(f"in-{name}", repository, automated={}, retry={"limit": 0})
        app["spec"]["project"] = name
        create(plane, app)
    status_of(plane, "in-loose", lambda s: phase(s) == "Succeeded")
    state = status_of(plane, "in-live", lambda s: phase(s) == "Failed")["operationState"]
    check("a global project denies where its labels say", "resource :ConfigMap is not permitted in project live" in state["message"], True)
    plane.api.merge(f"{path}/rules", {"spec": {"namespaceResourceBlacklist": None}})
    plane.api.merge(f"{APPLICATIONS}/in-live", {"operation": {"sync": {}}, "status": {"operationState": None}})
    status_of(plane, "in-live", lambda s: phase(s) == "Succeeded")
    print("ok until it denies no more")
    configure(plane, {})


def metrics_are_told(plane):
    text = urllib.request.urlopen(f"http://127.0.0.1:{plane.agent_port}/metrics").read().decode()
    wanted = (f'argocd_git_request_total{{repo="{plane.git_url}/balancer.git",request_type="ls-remote"}} ',
              f'argocd_git_request_duration_seconds_count{{repo="{plane.git_url}/balancer.git",request_type="fetch"}} 1',
              'resource_kind="services",resource_namespace="balancer",dry_run="false"}')
    check("requests are counted", [each for each in wanted if each not in text], [])


def run(plane):
    script = plane.folder / "scripts/ConfigMap/health.lua"
    script.parent.mkdir(parents=True)
    script.write_text(SCRIPT)
    plane.start_git()
    plane.start_agent("--customizations", plane.folder / "scripts")
    deletion_ends_retries(plane)
    operations_have_their_time(plane)
    metrics_are_told(plane)
    most_of_an_application_stays(plane)
    what_a_rendering_depends_on_is_rendered_anew(plane)
    commits_are_noticed_by_themselves(plane)
    a_global_project_counts_where_its_labels_say(plane)
    a_silent_server_slows_nobody_else(plane)
    a_server_that_never_lists_slows_nobody_else(plane)
    a_broken_conversion_holds_up_its_kind_alone(plane)
    what_nobody_can_see_is_not_gone(plane)
    a_rollback_needs_no_git(plane)


try:
    with Plane() as opened:
        run(opened)
except Missing as missing:
    print(f"skipped: operations: {missing}")
