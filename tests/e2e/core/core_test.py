#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stock argocd in its --core mode against a control plane whose Applications the agent keeps.

argocd is HOLDFAST_ARGOCD or build/judges/argocd (argo-cd v3.6.1). It wants a connection through a pod before
it says anything; kwok plays the kubelet that gives it one.
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/plane"))
from plane import APPLICATIONS, Missing, Plane, Repository, application, check, free_ports, wait_for  # noqa: E402

CHART = ROOT / "templates/cluster/cluster/@cluster@/cfg/argo-cd/charts/holdfast-agent"
COLOR = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: color}}\ndata: {{color: {}}}\n"
FORWARD = """
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterPortForward
metadata: {name: every-pod}
spec:
  forwards:
  - ports: [8081]
    target: {address: 127.0.0.1, port: 9}
"""


class PlaneWithKubelet(Plane):
    """Plane, and kwok answers for the kubelets of its nodes."""

    def own_stages(self):
        path = super().own_stages()
        path.write_text(path.read_text() + FORWARD)
        return path

    def start(self, name, command, environment=None):
        if name == "kwok":
            self.kubelet = free_ports(1)[0]
            command = [word for word in command if not str(word).startswith("--server-address")]
            command += [f"--server-address=127.0.0.1:{self.kubelet}", "--node-ip=127.0.0.1", f"--node-port={self.kubelet}",
                        f"--tls-cert-file={self.pki}/server.crt", f"--tls-private-key-file={self.pki}/server.key"]
        return super().start(name, command, environment)

    def make_objects(self):
        super().make_objects()
        place = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": self.kubelet}}}
        for node in ("fake-1", "fake-2"):
            self.api.merge(f"/api/v1/nodes/{node}/status", {"status": place})


def install(plane):
    """What the chart and `holdfast up` leave, as far as argocd looks at it."""
    labels = {"app.kubernetes.io/name": "holdfast-agent", "app.kubernetes.io/part-of": "argocd"}
    place = "/api/v1/namespaces/argocd"
    check("the chart's Service is found", "app.kubernetes.io/component: repo-server" in (CHART / "templates/service.yaml").read_text(), True)
    plane.api.create(f"{place}/services", {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}, "metadata": {
        "name": "holdfast-agent", "labels": {**labels, "app.kubernetes.io/component": "repo-server"}}})
    plane.api.create(f"{place}/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"admin.enabled": "false"},
                                             "metadata": {"name": "argocd-cm", "labels": labels}})
    plane.api.create(f"{place}/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "holdfast-agent-0", "labels": labels},
                                       "spec": {"containers": [{"name": "agent", "image": "registry.local/agent:1"}]}})

    def ready():
        conditions = (plane.api.get(f"{place}/pods/holdfast-agent-0") or {}).get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    wait_for("the agent's pod", ready)


def run(plane):
    argocd = os.environ.get("HOLDFAST_ARGOCD") or str(ROOT / "build/judges/argocd")
    plane.start_git()
    repository = Repository(plane, "web")
    first = repository.commit({"cm.yaml": COLOR.format("blue")})
    install(plane)
    plane.start_agent()
    plane.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}})
    plane.api.create(APPLICATIONS, application("web", repository))
    wait_for("the comparison", lambda: (plane.api.application("web").get("status") or {}).get("sync"))

    def core(*words):
        ran = subprocess.run([argocd, *words, "--core"], capture_output=True, text=True, timeout=100,
                             env={**os.environ, "KUBECONFIG": str(plane.kubeconfig), "HOME": str(plane.folder)})
        if ran.returncode:
            raise SystemExit(f"argocd {' '.join(words)}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}\n{plane.tail('agent')}")
        return ran.stdout

    def color():
        return plane.api.get("/api/v1/namespaces/web/configmaps/color")["data"]["color"]

    check("app list", core("app", "list").splitlines()[1].split()[:6], ["argocd/web", "https://kubernetes.default.svc", "web", "default", "OutOfSync", "Missing"])
    core("app", "sync", "web", "--revision", first)
    check("app sync", color(), "blue")
    core("app", "wait", "web", "--timeout", "30")
    second = repository.commit({"cm.yaml": COLOR.format("red")})
    core("app", "get", "web", "--refresh")
    core("app", "sync", "web", "--revision", second)
    check("app sync of the next commit", color(), "red")
    shown = core("app", "get", "web", "--show-operation")
    check("app get", [line for line in shown.splitlines() if line.startswith(("Sync Status", "Health Status", "Phase", "Message"))],
          [f"Sync Status:        Synced to main ({second[:7]})", "Health Status:      Healthy", "Phase:              Succeeded",
           "Message:            successfully synced (all tasks run)"])
    history = [line.split()[0] for line in core("app", "history", "web").splitlines() if first[:7] in line or second[:7] in line]
    check("app history", history, ["0", "1"])
    core("app", "rollback", "web", "0")
    check("app rollback", color(), "blue")
    core("app", "delete", "web", "--yes", "--wait")
    check("app delete", (plane.api.application("web"), plane.api.get("/api/v1/namespaces/web/configmaps/color")), (None, None))


try:
    if not os.access(os.environ.get("HOLDFAST_ARGOCD") or ROOT / "build/judges/argocd", os.X_OK):
        raise Missing("argocd is not there (HOLDFAST_ARGOCD names one)")
    with PlaneWithKubelet() as opened:
        run(opened)
except Missing as missing:
    print(f"skipped: core: {missing}")
