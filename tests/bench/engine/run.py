#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the engine costs on a simulated cluster, in the terms in which upstream Argo CD was measured.

usage: run.py [--sizes 1,100,500] [--objects 1000] [--idle SECONDS]

An Application is a kustomization of a Deployment, a Service and a ConfigMap, automated with prune and
selfHeal. Requests are those that the API server's audit log has of the agent, watches and leases apart;
peak is the largest resident memory since the row began; the API server's own CPU stands beside the agent's.
Prints figures, asserts nothing.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from plane import APPLICATIONS, Missing, Plane, Repository, application, wait_for  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
NAMESPACE = "bench"


def app_files(name, value="v0"):
    return {
        f"{name}/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources: [deployment.yaml, service.yaml, configmap.yaml]\nlabels:\n- pairs: {{app: {name}}}\n  includeSelectors: true\n",
        f"{name}/deployment.yaml": f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 1\n"
        "  selector: {matchLabels: {tier: web}}\n  template:\n    metadata: {labels: {tier: web}}\n    spec:\n      containers:\n"
        "      - name: web\n        image: registry.local/web:1.0\n        ports: [{containerPort: 8080}]\n"
        "        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}\n"
        f"        envFrom: [{{configMapRef: {{name: {name}}}}}]\n",
        f"{name}/service.yaml": f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  selector: {{tier: web}}\n"
        "  ports: [{port: 80, targetPort: 8080}]\n",
        f"{name}/configmap.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{LOG_LEVEL: info, v: {value}}}\n",
    }


def big_files(count, changed=None):
    documents = [f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big-{i:05}}}\n"
                 f"data: {{key-a: value-a-{i}, key-b: value-b-{i}, v: {'v1' if i == changed else 'v0'}}}\n" for i in range(count)]
    return {f"big-{count}/all.yaml": "---\n".join(documents)}


class Meter:
    """CPU seconds of a process since the meter began, and its peak memory."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.cpu()
        try:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            pass

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def spent(self):
        return self.cpu() - self.before

    def memory(self, name="VmHWM"):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        return 0.0


class Row:
    """One measured row: wall time, CPU of agent, API server and everything else, requests, memory."""

    def __init__(self, plane, name):
        self.plane, self.name = plane, name

    def __enter__(self):
        plane = self.plane
        self.audit = (plane.folder / "audit.log").stat().st_size
        self.meters = {name: Meter(plane.processes[name].pid) for name in ("agent", "apiserver", "etcd")}
        self.busy = self.machine()
        self.started = time.monotonic()
        return self

    @staticmethod
    def machine():
        fields = [int(each) for each in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return (sum(fields) - fields[3] - fields[4]) / TICK

    def requests(self):
        counts = collections.Counter()
        with open(self.plane.folder / "audit.log", encoding="utf-8") as log:
            log.seek(self.audit)
            for line in log:
                if not line.endswith("\n"):
                    continue
                row = json.loads(line)
                about = row.get("objectRef") or {}
                if row["verb"] == "watch" or about.get("resource") == "leases":
                    continue
                dry = " dry run" if "dryRun=All" in row["requestURI"] else ""
                counts[f"{row['verb']} {about.get('resource', row['requestURI'].split('?')[0])}{dry}"] += 1
        return counts

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        wall = time.monotonic() - self.started if not hasattr(self, "wall") else self.wall
        agent, server, etcd = (self.meters[name] for name in ("agent", "apiserver", "etcd"))
        others = self.machine() - self.busy - agent.spent()
        time.sleep(0.3)  # the audit log is complete
        counts = self.requests()
        print(f"{self.name:46} {wall:7.2f} s   agent {agent.spent():6.2f} CPU s  peak {agent.memory():4.0f} MiB  now {agent.memory('VmRSS'):4.0f}"
              f"   API server {server.spent():6.2f}  etcd {etcd.spent():5.2f}  all others {others:6.1f} CPU s"
              f"   {sum(counts.values())} requests", flush=True)
        print("    " + ", ".join(f"{count} {name}" for name, count in counts.most_common(9)), flush=True)


class Watch:
    """The Applications as a watch sees them, with the time at which each became what was asked."""

    def __init__(self, plane, path, good, count):
        self.good, self.count, self.times = good, count, {}
        self.plane, self.path = plane, path
        self.done = threading.Event()
        self.began = time.monotonic()
        self.connection = None
        version = plane.api.get(path)["metadata"]["resourceVersion"]
        threading.Thread(target=self.run, args=(version,), daemon=True).start()

    def run(self, version):
        import http.client
        api = self.plane.api
        connection = http.client.HTTPSConnection("127.0.0.1", api.port, context=api.context, timeout=900)
        connection.request("GET", f"{self.path}?watch=1&resourceVersion={version}")
        for line in connection.getresponse():
            event = json.loads(line)
            item = event["object"]
            if event["type"] in ("ADDED", "MODIFIED") and self.good(item):
                self.times.setdefault(item["metadata"]["name"], time.monotonic() - self.began)
                if len(self.times) >= self.count:
                    self.done.set()
                    return

    def wait(self, seconds=600):
        if not self.done.wait(seconds):
            raise TimeoutError(f"{len(self.times)} of {self.count} within {seconds} s")
        return sorted(self.times.values())


def is_good(item):
    status = item.get("status") or {}
    return (status.get("sync") or {}).get("status") == "Synced" and (status.get("health") or {}).get("status") == "Healthy"


def quiet(plane, seconds=1.5):
    """Until the agent has done nothing for a while."""
    process = plane.processes["agent"].pid

    def still():
        meter = Meter(process)
        time.sleep(seconds)
        return meter.spent() < 0.02

    wait_for("a quiet agent", still, 120, 0)


def policy():
    return {"automated": {"prune": True, "selfHeal": True}}


def create(plane, repository, names):
    watch = Watch(plane, APPLICATIONS, is_good, len(names))
    with Row(plane, f"create {len(names)} until all Healthy") as row:
        for name in names:
            plane.api.create(APPLICATIONS, application(name, repository, name, NAMESPACE, **policy()))
        times = watch.wait()
        row.wall = times[-1]
    print(f"    median Application {statistics.median(times):.2f} s")
    quiet(plane)


def one_commit(plane, repository, names, files, changed, refreshed, text):
    """Commits, asks `refreshed` Applications to look, until the ConfigMaps of `changed` live."""
    value = f"v{time.time_ns()}"
    for name in changed:
        files |= app_files(name, value)
    repository.commit(files)
    watch = Watch(plane, f"/api/v1/namespaces/{NAMESPACE}/configmaps",
                  lambda item: (item.get("data") or {}).get("v") == value, len(changed))
    with Row(plane, text) as row:
        for name in refreshed:
            plane.api.refresh(name)
        row.wall = watch.wait()[-1]
        quiet(plane, 1.0)


def heal(plane, name):
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"
    with Row(plane, "drift until repaired (first time)") as row:
        started = time.monotonic()
        plane.api.merge(path, {"spec": {"replicas": 3}})
        wait_for("the repair", lambda: plane.api.get(path)["spec"]["replicas"] == 1, 60, 0.005)
        row.wall = time.monotonic() - started
        quiet(plane, 1.0)


def restart(plane, count):
    plane.restart("agent")
    with Row(plane, f"restart with {count} until quiet") as row:
        started = time.monotonic()
        wait_for("readiness", lambda: ready(plane), 60)
        last, since = -1.0, time.monotonic()
        while time.monotonic() - since < 1.5:
            now = row.meters["agent"].cpu()
            if now > last + 0.02:
                last, since = now, time.monotonic()
            time.sleep(0.1)
        row.wall = since - started


def ready(plane):
    import urllib.request
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{plane.agent_port}/readyz", timeout=5).status == 200
    except OSError:
        return False


def big(plane, repository, count):
    files = big_files(count)
    repository.commit(files)
    name = f"big-{count}"
    watch = Watch(plane, APPLICATIONS, is_good, 1)
    with Row(plane, f"one Application of {count} ConfigMaps") as row:
        plane.api.create(APPLICATIONS, application(name, repository, name, NAMESPACE, **policy()))
        row.wall = watch.wait()[-1]
    quiet(plane)
    repository.commit(big_files(count, changed=7))
    watch = Watch(plane, f"/api/v1/namespaces/{NAMESPACE}/configmaps",
                  lambda item: item["metadata"]["name"] == "big-00007" and item["data"]["v"] == "v1", 1)
    with Row(plane, "  one line of them changed, until live") as row:
        plane.api.refresh(name)
        row.wall = watch.wait()[-1]
        quiet(plane, 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,100")
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--idle", type=int, default=130, help="longer than the resync period of 120 s")
    arguments = parser.parse_args()
    with Plane(audit=True) as plane:
        plane.start_git()
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        plane.start_agent()
        wait_for("the agent", lambda: ready(plane))
        repository = Repository(plane, "apps")
        names, files = [], {}
        for size in (int(each) for each in arguments.sizes.split(",") if each):
            fresh = [f"app-{i:05}" for i in range(len(names), size)]
            for name in fresh:
                files |= app_files(name)
            repository.commit(files)
            create(plane, repository, fresh)
            names += fresh
            one_commit(plane, repository, names, files, names[:1], names[:1], f"one commit, one of {size} changes, it is asked")
            if size > 1:
                one_commit(plane, repository, names, files, names[-1:], names, f"one commit, one of {size} changes, all are asked")
                one_commit(plane, repository, names, files, names, names, f"one commit changes all {size}")
            heal(plane, names[0])
        if arguments.objects:
            big_repository = Repository(plane, "big")
            big(plane, big_repository, arguments.objects)
        restart(plane, len(names))
        if arguments.idle:
            with Row(plane, f"idle with {len(names)} for {arguments.idle} s"):
                time.sleep(arguments.idle)


try:
    main()
except Missing as missing:
    print(f"skipped: {missing}")
