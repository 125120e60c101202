#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine in a storm: a real control plane behind a proxy that breaks what it can.

usage: storm.py [CASE…]        cases by name; --list prints them

One Application of 30 objects with waves, hooks and prunes goes back and forth between two trees while
the case's faults are on. Every case ends the same: Synced and Healthy at the newest commit, the cluster
equal to Git, one entry of the history for each sync, and nothing removed on the way that Git held.
HOLDFAST_SEED repeats a run; HOLDFAST_STORM_WRITES is how many writes the agent is killed at (all).
"""
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "plane"))
from fault_proxy import Fault, FaultProxy  # noqa: E402
from plane import APPLICATIONS, Missing, Plane, Repository, application, wait_for  # noqa: E402

NAME = "storm"
HISTORY = 400


def config_map(name, wave, value, **annotations):
    annotations["argocd.argoproj.io/sync-wave"] = str(wave)
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": annotations},
                       "data": {"v": value}})


def job(name, hook):
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "annotations": {
        "argocd.argoproj.io/hook": hook}}, "spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.local/job:1"}]}}}})


def deployment(name, wave, value):
    labels = {"app": name}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "annotations": {
        "argocd.argoproj.io/sync-wave": str(wave)}}, "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels, "annotations": {"v": value}},
            "spec": {"containers": [{"name": "main", "image": "registry.local/web:1"}]}}}})


def tree(side, value):
    """30 objects: 18 that stay, 8 of this side alone, two Deployments, two hooks."""
    files = {"before.json": job("before", "PreSync"), "after.json": job("after", "PostSync")}
    for i in range(18):
        files[f"stays-{i}.json"] = config_map(f"stays-{i}", i % 3 - 1, value if i % 2 else "same")
    for i in range(8):
        files[f"{side}-{i}.json"] = config_map(f"{side}-{i}", i % 3 - 1, value)
    for i in range(2):
        files[f"web-{i}.json"] = deployment(f"web-{i}", 1, value)
    return files


class Guard:
    """Notices every object that is removed while Git holds it."""

    def __init__(self, plane):
        self.plane, self.held, self.wrong, self.ended = plane, set(), [], False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        import http.client
        while not self.ended:
            try:
                path = f"/api/v1/namespaces/{NAME}/configmaps"
                version = self.plane.api.get(path)["metadata"]["resourceVersion"]
                connection = http.client.HTTPSConnection("127.0.0.1", self.plane.api_port, context=self.plane.api.context, timeout=600)
                connection.request("GET", f"{path}?watch=1&resourceVersion={version}")
                for line in connection.getresponse():
                    event = json.loads(line)
                    name = event["object"].get("metadata", {}).get("name")
                    if event["type"] == "DELETED" and name in self.held:
                        self.wrong.append(name)
            except (OSError, http.client.HTTPException, TypeError, ValueError):
                time.sleep(0.2)


class Storm:
    def __init__(self, plane, proxy, seed):
        self.plane, self.proxy = plane, proxy
        self.random = random.Random(seed)
        self.side, self.round = "a", 0
        self.struck = set()
        self.repository = Repository(plane, NAME)
        self.guard = Guard(plane)
        self.token = plane.folder / "token"
        self.set_token("first")
        self.kubeconfig = plane.folder / "storm-kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "storm",
            "clusters": [{"name": "storm", "cluster": {"server": f"http://127.0.0.1:{proxy.port}"}}],
            "users": [{"name": "storm", "user": {"tokenFile": str(self.token)}}],
            "contexts": [{"name": "storm", "context": {"cluster": "storm", "user": "storm"}}]}))

    def set_token(self, text):
        fresh = self.token.with_suffix(".fresh")
        fresh.write_text(text)
        os.rename(fresh, self.token)
        self.valid = text

    def start_agent(self):
        self.plane.start_agent(kubeconfig=self.kubeconfig)

    # -- one sync

    def change(self):
        """Commits the other side's tree and asks the engine to look."""
        self.side = "b" if self.side == "a" else "a"
        self.round += 1
        self.value = f"round-{self.round}"
        self.guard.held = {f"stays-{i}" for i in range(18)}  # what both trees hold
        self.commit = self.repository.commit(tree(self.side, self.value))
        self.refresh()

    def refresh(self):
        wait_for("the refresh is asked", lambda: self.try_refresh(), 60, 0.2)

    def try_refresh(self):
        try:
            self.plane.api.refresh(NAME)
            return True
        except (OSError, RuntimeError):
            return False

    def begin(self):
        self.commit = self.repository.commit(tree("a", "round-0"))
        self.value = "round-0"
        self.plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
        app = application(NAME, self.repository, automated={"prune": True, "selfHeal": True},
                          retry={"limit": -1, "backoff": {"duration": "1s", "factor": 1, "maxDuration": "1s"}})
        app["spec"]["revisionHistoryLimit"] = HISTORY
        self.plane.api.create(APPLICATIONS, app)
        self.settled(60)

    def problems(self):
        """What is not as it must be at the end; empty when all is well."""
        app = self.plane.api.application(NAME)
        status = app.get("status", {})
        state = status.get("operationState", {})
        bad = []
        if status.get("sync", {}).get("status") != "Synced" or status["sync"].get("revision") != self.commit:
            bad.append(f"sync is {status.get('sync', {}).get('status')} at {status.get('sync', {}).get('revision', '')[:7]}, not {self.commit[:7]}")
        if status.get("health", {}).get("status") != "Healthy":
            bad.append(f"health is {status.get('health', {}).get('status')}")
        if "operation" in app or state.get("phase") != "Succeeded":
            bad.append(f"operation is {state.get('phase')}: {state.get('message')}")
        maps = {each["metadata"]["name"]: each["data"]["v"] for each in self.plane.api.items(f"/api/v1/namespaces/{NAME}/configmaps")
                if each["metadata"]["name"] != "kube-root-ca.crt"}
        wanted = {json.loads(text)["metadata"]["name"]: json.loads(text)["data"]["v"]
                  for path, text in tree(self.side, self.value).items() if json.loads(text)["kind"] == "ConfigMap"}
        if maps != wanted:
            bad.append(f"the cluster has {sorted(set(maps.items()) ^ set(wanted.items()))} otherwise than Git")
        jobs = {each["metadata"]["name"]: each.get("status", {}).get("succeeded") for each in
                self.plane.api.items(f"/apis/batch/v1/namespaces/{NAME}/jobs")}
        if jobs != {"before": 1, "after": 1}:
            bad.append(f"the hooks are {jobs}")
        return bad

    def settled(self, seconds=90):
        deadline = time.monotonic() + seconds
        while True:
            try:
                bad = self.problems()
            except (OSError, TypeError, KeyError) as error:
                bad = [f"the API server did not answer: {error!r}"]
            if not bad:
                break
            if time.monotonic() > deadline:
                raise AssertionError("; ".join(bad) + "\n" + self.plane.tail("agent", 30))
            if self.plane.processes["agent"].poll() is not None:
                self.start_agent()  # as a kubelet would
            time.sleep(0.05)
        if self.guard.wrong:
            raise AssertionError(f"removed although Git holds them: {self.guard.wrong}")
        history = self.plane.api.application(NAME)["status"]["history"]
        revisions = [each["revision"] for each in history]
        if len(revisions) != len(set(revisions)) or revisions[-1] != self.commit:
            raise AssertionError(f"the history has {len(revisions)} entries of {len(set(revisions))} commits")

    def shake(self, judge, rounds=3, seconds=120):
        """Some syncs under faults, which stop a while before the end so that the end can come."""
        self.proxy.judge = judge
        try:
            for _ in range(rounds):
                self.proxy.cut_streams()
                self.change()
                self.settled(seconds)
        finally:
            self.proxy.judge = lambda request: None

    def often(self, share):
        return self.random.random() < share

    def strikes(self, request, share):
        """With that probability, but never twice in a row at the same place: a storm, not a wall."""
        place = (request.method, request.path)
        if place in self.struck:
            self.struck.discard(place)
            return False
        if self.often(share):
            self.struck.add(place)
            return True
        return False


# -- cases: each is a sentence about what is broken

def writes_conflict(storm):
    storm.shake(lambda r: Fault(status=409, reason="Conflict") if r.is_write and storm.strikes(r, 0.3) else None)


def watches_expire(storm):
    storm.shake(lambda r: Fault(expire=True) if r.is_watch and storm.often(0.5) else
                Fault(status=410, reason="Expired") if r.is_watch and storm.often(0.5) else None)


def server_throttles(storm):
    storm.shake(lambda r: Fault(status=429, reason="TooManyRequests", retry_after=1) if storm.often(0.15) else None)


def server_has_internal_errors(storm):
    storm.shake(lambda r: Fault(status=500, reason="InternalError") if storm.strikes(r, 0.2) else None)


def watches_are_cut(storm):
    storm.shake(lambda r: Fault(cut=storm.random.uniform(0.05, 1)) if r.is_watch else None)


def answers_are_slow(storm):
    storm.shake(lambda r: Fault(delay=storm.random.uniform(0.2, 2)) if storm.often(0.15) else None)


def answers_are_lost(storm):
    storm.shake(lambda r: Fault(lose=True) if not r.is_watch and storm.often(0.15) else None)


def tokens_expire(storm):
    def judge(request):
        if request.headers.get("authorization") != f"Bearer {storm.valid}":
            return Fault(status=401, reason="Unauthorized")
        return None

    storm.proxy.judge = judge
    try:
        for number in range(3):
            storm.change()
            storm.set_token(f"token-{number}")
            storm.settled()
    finally:
        storm.proxy.judge = lambda request: None


def etcd_restarts(storm):
    storm.change()
    storm.plane.restart("etcd", signal.SIGKILL, pause=1)
    storm.plane.wait_for_api()
    storm.settled(120)


def api_server_restarts(storm):
    storm.change()
    storm.plane.restart("apiserver", signal.SIGKILL, pause=1)
    storm.plane.wait_for_api()
    storm.settled(120)


def etcd_is_restored(storm):
    """Its state of some syncs ago comes back, with versions that the engine has seen long since."""
    plane = storm.plane
    state, saved = plane.folder / "etcd", plane.folder / "etcd-saved"

    def while_it_is_stopped(act):
        for name in ("apiserver", "etcd"):
            plane.stop(name)
        act()
        for name in ("etcd", "apiserver"):
            plane.start(name, *plane.commands[name])
        plane.wait_for_api()

    def go_back():
        shutil.rmtree(state)
        saved.rename(state)

    while_it_is_stopped(lambda: shutil.copytree(state, saved))
    for _ in range(3):
        storm.change()
        storm.settled()
    while_it_is_stopped(go_back)
    for name in ("controllers", "scheduler", "kwok"):  # as whoever restores it is told to
        plane.restart(name)
    storm.change()
    storm.settled(300)


def everything_at_once(storm):
    def judge(request):
        if not storm.strikes(request, 0.2):
            return Fault(cut=storm.random.uniform(0.1, 3)) if request.is_watch else None
        kind = storm.random.randrange(5)
        if kind == 0:
            return Fault(status=500, reason="InternalError")
        if kind == 1:
            return Fault(status=429, reason="TooManyRequests", retry_after=0)
        if kind == 2:
            return Fault(delay=storm.random.uniform(0, 1))
        if kind == 3 and request.is_write:
            return Fault(status=409, reason="Conflict")
        return Fault(lose=True) if not request.is_watch else Fault(expire=True)

    storm.shake(judge, rounds=4, seconds=180)


def lists_fail_after_a_restart_while_git_removes_objects(storm):
    """A view that is not complete removes nothing, neither what Git holds nor what it dropped."""
    storm.plane.stop("agent", signal.SIGKILL)
    storm.change()
    broken = {"on": True}
    storm.proxy.judge = lambda r: (Fault(status=500, reason="InternalError")
                                   if broken["on"] and r.method == "GET" and r.path.endswith("/configmaps") else None)
    try:
        before = {each["metadata"]["name"] for each in storm.plane.api.items(f"/api/v1/namespaces/{NAME}/configmaps")}
        storm.start_agent()
        time.sleep(14)  # longer than the engine waits for one kind before it goes on without
        after = {each["metadata"]["name"] for each in storm.plane.api.items(f"/api/v1/namespaces/{NAME}/configmaps")}
        if before - after:
            raise AssertionError(f"removed without a complete view: {sorted(before - after)}")
        broken["on"] = False
        storm.settled(120)
    finally:
        storm.proxy.judge = lambda request: None


def killed_at_every_write(storm):
    """kill -9 when the k-th write has happened and its answer has not arrived, for every k."""
    limit = int(os.environ.get("HOLDFAST_STORM_WRITES", "1000"))
    for k in range(1, limit + 1):
        storm.proxy.writes.clear()
        killed = threading.Event()

        def kill():
            killed.set()
            storm.plane.processes["agent"].send_signal(signal.SIGKILL)

        def judge(request, k=k):
            return Fault(then=kill) if request.is_write and len(storm.proxy.writes) == k and not killed.is_set() else None

        storm.proxy.judge = judge
        try:
            storm.change()
            storm.settled()
        except AssertionError as error:
            raise AssertionError(f"killed at write {k} ({storm.proxy.writes[k - 1:k]}): {error}") from error
        finally:
            storm.proxy.judge = lambda request: None
        if not killed.is_set():
            print(f"    a sync is {len(storm.proxy.writes)} writes; killed at each of {k - 1}")
            return


CASES = [writes_conflict, watches_expire, server_throttles, server_has_internal_errors, watches_are_cut, answers_are_slow,
         answers_are_lost, tokens_expire, etcd_restarts, api_server_restarts, etcd_is_restored, lists_fail_after_a_restart_while_git_removes_objects,
         everything_at_once, killed_at_every_write]


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(each.__name__ for each in CASES))
        return 0
    wanted = [each for each in CASES if not sys.argv[1:] or each.__name__ in sys.argv[1:]]
    seed = int(os.environ.get("HOLDFAST_SEED") or random.randrange(1 << 30))
    print(f"seed {seed}", flush=True)
    failed = 0
    with Plane() as plane:
        plane.start_git()
        proxy = FaultProxy(plane)
        storm = Storm(plane, proxy, seed)
        storm.start_agent()
        storm.begin()
        for case in wanted:
            started, broken = time.monotonic(), proxy.broken
            try:
                case(storm)
                verdict = "passed"
            except (AssertionError, TimeoutError) as error:
                verdict, failed = f"FAILED: {error}", failed + 1
            name = case.__name__.replace("_", " ")
            print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s, {proxy.broken - broken} faults)", flush=True)
            if verdict != "passed":
                storm.guard.wrong.clear()
    return 1 if failed else 0


try:
    sys.exit(main())
except Missing as missing:
    print(f"skipped: storm: {missing}")
