#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the engine costs on a simulated cluster, beside upstream Argo CD and the bare API server.

usage: run.py [--sizes 1,100,500,2000] [--objects 1000,5000] [--idle SECONDS]
              [--upstream FOLDER [--upstream-sizes 1,100] [--upstream-objects 1000]]

Every size is measured on a control plane of its own. An Application is a kustomization of a Deployment, a
Service and a ConfigMap, automated with prune and selfHeal; or of so many ConfigMaps. Requests are those that
the API server's audit log has of the engine, watches and leases apart; peak is the largest resident memory
since the row began; the API server's own CPU stands beside the engine's. Prints figures, asserts nothing.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plane"))
from engines import ArgoCd, Holdfast  # noqa: E402
from plane import APPLICATIONS, ROOT, Missing, Plane, Repository, application, wait_for  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
NAMESPACE = "bench"
POLICY = {"automated": {"prune": True, "selfHeal": True}}


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
    """CPU seconds of a process and of the children it waited for since the meter began, and its peak memory."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.cpu()
        try:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            pass

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(each) for each in fields[11:15]) / TICK

    def spent(self):
        return self.cpu() - self.before

    def memory(self, name="VmHWM"):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        return 0.0


class Run:
    """One engine on one control plane; its rows go into `table`."""

    def __init__(self, plane, engine, table):
        self.plane, self.engine, self.table = plane, engine, table

    def meters(self):
        return [Meter(self.plane.processes[name].pid) for name in self.engine.processes]

    def quiet(self, seconds=1.5, within=600):
        """Until the engine has done nothing for a while."""
        def still():
            meters = self.meters()
            time.sleep(seconds)
            return sum(each.spent() for each in meters) < 0.02 * seconds

        wait_for("a quiet engine", still, within, 0)


class Row:
    """One measured row: wall time, CPU of engine, API server and everything else, requests, memory."""

    def __init__(self, run, name, applications=0):
        self.run, self.plane, self.name, self.applications = run, run.plane, name, applications

    def __enter__(self):
        self.audit = (self.plane.folder / "audit.log").stat().st_size
        self.meters = self.run.meters()
        self.servers = [Meter(self.plane.processes[name].pid) for name in ("apiserver", "etcd")]
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
        wall = getattr(self, "wall", time.monotonic() - self.started)
        cpu, server, etcd = sum(each.spent() for each in self.meters), self.servers[0].spent(), self.servers[1].spent()
        others = self.machine() - self.busy - cpu - server - etcd
        peak, now = (sum(each.memory(which) for each in self.meters) for which in ("VmHWM", "VmRSS"))
        time.sleep(0.3)  # the audit log is complete
        counts = self.requests()
        total = sum(counts.values())
        print(f"{self.name:50} {wall:8.2f} s  engine {cpu:7.2f} CPU s  peak {peak:4.0f} MiB  now {now:4.0f}   API server {server:7.2f}"
              f"  etcd {etcd:6.2f}  all others {others:6.1f} CPU s   {total} requests", flush=True)
        print("    " + ", ".join(f"{count} {name}" for name, count in counts.most_common(9)), flush=True)
        if self.applications:
            patches, events = counts["patch applications"], counts["create events"] + counts["patch events"]
            print(f"    per Application: {total / self.applications:.1f} requests, {patches / self.applications:.1f} patches of it, "
                  f"{events / self.applications:.1f} events, {1000 * cpu / self.applications:.1f} ms engine, "
                  f"{1000 * server / self.applications:.1f} ms API server", flush=True)
        self.run.table[self.name][self.run.engine.name] = (wall, cpu, peak, total)


class Watch:
    """Objects as a watch sees them, with the time at which each became what was asked."""

    def __init__(self, plane, path, good, count):
        self.good, self.count, self.times = good, count, {}
        self.plane, self.path = plane, path
        self.done = threading.Event()
        self.began = time.monotonic()
        version = plane.api.get(path)["metadata"]["resourceVersion"]
        threading.Thread(target=self.run, args=(version,), daemon=True).start()

    def run(self, version):
        import http.client
        api = self.plane.api
        while not self.done.is_set():  # the server ends the watches of readers that fall behind
            connection = http.client.HTTPSConnection("127.0.0.1", api.port, context=api.context, timeout=900)
            connection.request("GET", f"{self.path}?watch=1&resourceVersion={version}")
            try:
                for line in connection.getresponse():
                    version = self.take(json.loads(line))
                    if self.done.is_set():
                        break
            except (OSError, http.client.HTTPException):
                pass

    def take(self, event):
        item = event["object"]
        if event["type"] in ("ADDED", "MODIFIED") and self.good(item):
            self.times.setdefault(item["metadata"]["name"], time.monotonic() - self.began)
            if len(self.times) >= self.count:
                self.done.set()
        return item["metadata"]["resourceVersion"]

    def wait(self, seconds=1800):
        if not self.done.wait(seconds):
            raise TimeoutError(f"{len(self.times)} of {self.count} within {seconds} s")
        return sorted(self.times.values())


def is_good(item):
    status = item.get("status") or {}
    return (status.get("sync") or {}).get("status") == "Synced" and (status.get("health") or {}).get("status") == "Healthy"


def create(run, repository, names):
    watch = Watch(run.plane, APPLICATIONS, is_good, len(names))
    with Row(run, f"create {len(names)} until all Healthy", len(names)) as row:
        for name in names:
            run.plane.api.create(APPLICATIONS, application(name, repository, name, NAMESPACE, **POLICY))
        times = watch.wait()
        row.wall = times[-1]
    print(f"    first Application {times[0]:.2f} s, median {statistics.median(times):.2f} s")
    run.quiet()


def bare_apply(plane, program, arguments, objects=None):
    """Server-side apply with nothing between us and the API server; the lines that the program prints."""
    ran = subprocess.run([program, *arguments], env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)}, capture_output=True, text=True,
                         check=True, timeout=600, input=None if objects is None else json.dumps(objects))
    return [line.strip() for line in ran.stdout.splitlines() if "in flight" in line]


def bare_objects(plane, program, names):
    """The floor under `create`: the same objects by server-side apply, 32 in flight, until their Deployments are available."""
    space = f"{NAMESPACE}-bare"
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    objects = []
    for name in names:
        labels = {"app": name, "tier": "web"}
        container = {"name": "web", "image": "registry.local/web:1.0", "ports": [{"containerPort": 8080}],
                     "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
                     "envFrom": [{"configMapRef": {"name": name}}]}
        metadata = {"name": name, "namespace": space, "labels": {"app": name}}
        objects += [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"LOG_LEVEL": "info", "v": "v0"}},
                    {"apiVersion": "v1", "kind": "Service", "metadata": metadata,
                     "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}},
                    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                     "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                              "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}}]
    watch = Watch(plane, f"/apis/apps/v1/namespaces/{space}/deployments",
                  lambda item: (item.get("status") or {}).get("availableReplicas") == 1, len(names))
    servers = [Meter(plane.processes[name].pid) for name in ("apiserver", "etcd")]
    busy = Row.machine()
    line, = bare_apply(plane, program, ["-", "32"], objects)
    last = watch.wait()[-1]
    server, etcd = (each.spent() for each in servers)
    print(f"    bare: {len(objects)} objects applied ({line.split(',', 1)[1].strip()}), their Deployments available after {last:.2f} s; "
          f"API server {server:.2f}, etcd {etcd:.2f}, all {Row.machine() - busy:.2f} CPU s", flush=True)


def one_commit(run, repository, files, changed, refreshed, text):
    """Commits, asks `refreshed` Applications to look, until the ConfigMaps of `changed` live."""
    value = f"v{time.time_ns()}"
    for name in changed:
        files |= app_files(name, value)
    repository.commit(files)
    watch = Watch(run.plane, f"/api/v1/namespaces/{NAMESPACE}/configmaps",
                  lambda item: (item.get("data") or {}).get("v") == value, len(changed))
    with Row(run, text, len(changed)) as row:
        for name in refreshed:
            run.plane.api.refresh(name)
        row.wall = watch.wait()[-1]
        run.quiet(1.0)


def heal(run, name, size):
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"
    with Row(run, f"drift with {size} until repaired (first time)") as row:
        started = time.monotonic()
        run.plane.api.merge(path, {"spec": {"replicas": 3}})
        wait_for("the repair", lambda: run.plane.api.get(path)["spec"]["replicas"] == 1, 60, 0.005)
        row.wall = time.monotonic() - started
        run.quiet(1.0)


def restart(run, count):
    for name in run.engine.restarted:
        run.plane.restart(name)
    with Row(run, f"restart with {count} until quiet") as row:
        started = time.monotonic()
        wait_for("readiness", lambda: run.engine.is_ready(run.plane), 60)
        last, since = -1.0, time.monotonic()
        while time.monotonic() - since < 3:
            now = sum(each.cpu() for each in row.meters)
            if now > last + 0.02:
                last, since = now, time.monotonic()
            time.sleep(0.1)
        row.wall = since - started


def applications(run, size, idle):
    repository = Repository(run.plane, "apps")
    names, files = [f"app-{i:05}" for i in range(size)], {}
    for name in names:
        files |= app_files(name)
    repository.commit(files)
    create(run, repository, names)
    one_commit(run, repository, files, names[:1], names[:1], f"one commit, one of {size} changes, it is asked")
    if size > 1:
        one_commit(run, repository, files, names[-1:], names, f"one commit, one of {size} changes, all are asked")
        one_commit(run, repository, files, names, names, f"one commit changes all {size}")
    heal(run, names[0], size)
    restart(run, size)
    if idle:
        with Row(run, f"idle with {size} for {idle} s"):
            time.sleep(idle)


def big(run, count):
    repository = Repository(run.plane, "big")
    repository.commit(big_files(count))
    name = f"big-{count}"
    watch = Watch(run.plane, APPLICATIONS, is_good, 1)
    with Row(run, f"one Application of {count} ConfigMaps") as row:
        run.plane.api.create(APPLICATIONS, application(name, repository, name, NAMESPACE, **POLICY))
        row.wall = watch.wait()[-1]
    run.quiet()
    size = len(json.dumps(run.plane.api.application(name), separators=(",", ":")))
    print(f"    the Application is {size / 1024:.0f} KiB of JSON")
    repository.commit(big_files(count, changed=7))
    watch = Watch(run.plane, f"/api/v1/namespaces/{NAMESPACE}/configmaps",
                  lambda item: item["metadata"]["name"] == "big-00007" and item["data"]["v"] == "v1", 1)
    with Row(run, f"  one line of {count} changed, until live") as row:
        run.plane.api.refresh(name)
        row.wall = watch.wait()[-1]
        run.quiet(1.0)


def measure(engine, table, work):
    with Plane(audit=True) as plane:
        plane.start_git()
        plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        engine.start(plane)
        run = Run(plane, engine, table)
        run.quiet()
        work(run)


def print_ratios(table, ours, theirs):
    print(f"\n{'row':50} {'s':>8} {'CPU s':>8} {'peak MiB':>9} {'requests':>9}   {theirs} / {ours}: time, CPU, memory, requests")
    for name, engines in table.items():
        if ours not in engines or theirs not in engines:
            continue
        (wall, cpu, peak, total), other = engines[ours], engines[theirs]
        ratios = ", ".join(f"{there / here:.1f}" if here > 0 else "-" for here, there in zip(engines[ours], other))
        print(f"{name:50} {wall:8.2f} {cpu:8.2f} {peak:9.0f} {total:9}   {ratios}")


def numbers(text):
    return [int(each) for each in text.split(",") if each]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=[1, 100])
    parser.add_argument("--objects", type=numbers, default=[1000])
    parser.add_argument("--idle", type=int, default=190, help="longer than the resync period of 120 s and its jitter; of each size from 100 up")
    parser.add_argument("--upstream", default=os.environ.get("HOLDFAST_ARGOCD_LAB"), help="where upstream was built")
    parser.add_argument("--upstream-sizes", type=numbers, default=[1, 100])
    parser.add_argument("--upstream-objects", type=numbers, default=[1000])
    arguments = parser.parse_args()
    table = collections.defaultdict(dict)
    bench = ROOT / "build/release/bin/kube_apply_bench"
    rows = [(Holdfast(), arguments.sizes, arguments.objects)]
    if arguments.upstream:
        rows.append((ArgoCd(arguments.upstream), arguments.upstream_sizes, arguments.upstream_objects))
    for engine, sizes, objects in rows:
        print(f"\n{engine.name}", flush=True)
        for size in sizes:
            idle = arguments.idle if size >= 100 else 0
            if engine.name == "holdfast" and bench.exists():
                with Plane(audit=True) as plane:
                    bare_objects(plane, bench, [f"app-{i:05}" for i in range(size)])
            measure(engine, table, lambda run, size=size, idle=idle: applications(run, size, idle))
        for count in objects:
            def work(run, count=count):
                if engine.name == "holdfast" and bench.exists():
                    print("\n".join(f"    bare: {line}" for line in bare_apply(run.plane, bench, [str(count), "32"])), flush=True)
                big(run, count)
            measure(engine, table, work)
    if len(rows) > 1:
        print_ratios(table, rows[0][0].name, rows[1][0].name)


try:
    main()
except Missing as missing:
    print(f"skipped: {missing}")
