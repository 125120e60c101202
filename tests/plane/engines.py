# SPDX-License-Identifier: Apache-2.0
"""The engines that one control plane may have: Holdfast's agent, and upstream Argo CD as plain processes.

Both know the API server under one client certificate, so that its audit log counts their requests, and run
with their defaults. Upstream's folder is what ../../shared/lab/argocd/build.sh makes: bin/argocd and the
programs that it calls, argocd/ with its CRDs and ConfigMaps; redis-server is Debian's.
"""
import json
import os
import pathlib
import shutil
import socket
import urllib.request

from plane import Missing, free_ports, wait_for


class Holdfast:
    name = "holdfast"
    processes = ("agent",)
    restarted = ("agent",)

    def start(self, plane, *words):
        plane.start_agent(*words)
        wait_for("the agent", lambda: self.is_ready(plane))

    def is_ready(self, plane):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{plane.agent_port}/readyz", timeout=5).status == 200
        except OSError:
            return False


class ArgoCd:
    name = "argo-cd"
    processes = ("controller", "repo", "redis")
    restarted = ("controller",)

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for path in (self.folder / "bin/argocd", self.folder / "argocd/argocd-cm.yaml", self.folder / "argocd/path/helm"):
            if not path.exists():
                raise Missing(f"{path} is not there (what upstream's build leaves)")
        if shutil.which("redis-server") is None:
            raise Missing("redis-server is not there")

    def start(self, plane, *words):
        config = self.folder / "argocd"
        plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(config / "application-crd.yaml"), "-f", str(config / "appproject-crd.yaml"),
                      "-f", str(config / "applicationset-crd.yaml"))
        for name in ("cm", "cmd-params-cm", "rbac-cm", "ssh-known-hosts-cm", "tls-certs-cm", "gpg-keys-cm"):
            plane.kubectl("apply", "-n", "argocd", "--server-side", "-f", str(config / f"argocd-{name}.yaml"))
        plane.api.create("/api/v1/namespaces/argocd/secrets", {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", "labels": {"app.kubernetes.io/part-of": "argocd"}},
            "stringData": {"server.secretkey": os.urandom(24).hex()}})
        kubeconfig = plane.folder / "agent-kubeconfig"
        plane.write_kubeconfig(kubeconfig, "agent")
        state = plane.folder / "argocd"
        for each in ("tls", "ssh", "gpg", "gpgsrc", "plugins", "tmp"):
            (state / each).mkdir(parents=True, exist_ok=True)
        redis, repo, repo_metrics, metrics = free_ports(4)
        # FAKE_IN_CLUSTER lets the kubeconfig stand for the local cluster; the shard is read off the end of HOSTNAME.
        environment = {"PATH": f"{config}/path:{self.programs(plane)}:{self.folder}/bin:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig), "TMPDIR": str(state / "tmp"),
                       "ARGOCD_FAKE_IN_CLUSTER": "true", "ARGOCD_GPG_ENABLED": "false", "ARGOCD_TLS_DATA_PATH": str(state / "tls"),
                       "ARGOCD_SSH_DATA_PATH": str(state / "ssh"), "ARGOCD_GNUPGHOME": str(state / "gpg"),
                       "ARGOCD_GPG_DATA_PATH": str(state / "gpgsrc"), "ARGOCD_PLUGINSOCKFILEPATH": str(state / "plugins"),
                       "ARGOCD_ASK_PASS_SOCK": str(state / "askpass.sock"), "ARGOCD_APPLICATION_CONTROLLER_REPLICAS": "1",
                       "HOSTNAME": "argocd-application-controller-0"}
        bin_ = plane.folder / "argocd-bin"
        plane.start("redis", ["redis-server", "--save", "", "--appendonly", "no", "--port", redis, "--bind", "127.0.0.1"])
        plane.start("repo", [bin_ / "argocd-repo-server", "--loglevel", "warn", "--address", "127.0.0.1", "--port", repo, "--metrics-address",
                             "127.0.0.1", "--metrics-port", repo_metrics, "--redis", f"127.0.0.1:{redis}", "--disable-tls", "--client-ca-path", ""],
                    environment)
        wait_for("the repo-server", lambda: socket.socket().connect_ex(("127.0.0.1", repo)) == 0)
        plane.start("controller", [bin_ / "argocd-application-controller", "--kubeconfig", kubeconfig, "-n", "argocd", "--loglevel", "warn",
                                   "--redis", f"127.0.0.1:{redis}", "--repo-server", f"127.0.0.1:{repo}", "--repo-server-plaintext",
                                   "--metrics-port", metrics, *words], environment)
        self.port = metrics
        wait_for("the controller", lambda: self.is_ready(plane))

    def programs(self, plane):
        """One program is all of Argo CD and acts by its name."""
        folder = plane.folder / "argocd-bin"
        folder.mkdir(exist_ok=True)
        for name in ("application-controller", "repo-server", "git-ask-pass", "k8s-auth"):
            folder.joinpath(f"argocd-{name}").symlink_to(self.folder / "bin/argocd")
        return folder

    def is_ready(self, _):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status == 200
        except OSError:
            return False
