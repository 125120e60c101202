# SPDX-License-Identifier: Apache-2.0
"""A simulated cluster for tests: the real control plane, pods played by kwok, the agent beside it.

Everything listens on free ports of loopback, lives in one temporary folder and ends with the process,
however it ends. HOLDFAST_KUBERNETES is a folder with etcd, kube-apiserver, kube-controller-manager,
kube-scheduler, kwok and kubectl (default: what bundles/node/build made in build/node); HOLDFAST_AGENT is
the program (default build/release/bin/holdfast-agent); HOLDFAST_KEEP=1 leaves the folder with all logs.
"""
import base64
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok")
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
SERVER = "https://kubernetes.default.svc"


class Missing(Exception):
    """What this machine or checkout lacks; the test is skipped with this text."""


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_for(what, question, seconds=60, pause=0.02):
    """Asks until the answer is true; the answer."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def check(what, got, want):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, wanted {want!r}")
    print(f"ok {what}")


def status_of(plane, name, want, seconds=40, namespace="argocd"):
    """An Application's status, as soon as it is as wanted."""
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}"

    def reached():
        status = (plane.api.get(path) or {}).get("status", {})
        return status if want(status) else None

    try:
        return wait_for(name, reached, seconds)
    except TimeoutError:
        raise SystemExit(f"{name}: {plane.api.get(path)}\n{plane.tail('agent')}")


class Api:
    """The API server as cluster admin; one connection per thread."""

    def __init__(self, port, pki):
        self.port = port
        self.context = ssl.create_default_context(cafile=pki / "ca.crt")
        self.context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self.local = threading.local()

    def call(self, method, path, body=None, kind="application/json"):
        """(status, answer); a dropped connection is tried again."""
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(5):
            try:
                if getattr(self.local, "connection", None) is None:
                    self.local.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=60)
                self.local.connection.request(method, path, data, {"Content-Type": kind, "Accept": "application/json"})
                answer = self.local.connection.getresponse()
                text = answer.read()
                return answer.status, json.loads(text) if "json" in answer.getheader("Content-Type", "") else text.decode()
            except (OSError, http.client.HTTPException):
                self.local.connection = None
                if attempt == 4:
                    raise
                time.sleep(0.2 * (attempt + 1))

    def get(self, path):
        status, answer = self.call("GET", path)
        return answer if status == 200 else None

    def items(self, path):
        return self.get(path)["items"]

    def create(self, path, body):
        status, answer = self.call("POST", path, body)
        if status >= 300:
            raise RuntimeError(f"create at {path}: {status} {answer}")
        return answer

    def merge(self, path, body):
        status, answer = self.call("PATCH", path, body, "application/merge-patch+json")
        if status >= 300:
            raise RuntimeError(f"patch {path}: {status} {answer}")
        return answer

    def apply(self, path, body, manager="test"):
        status, answer = self.call("PATCH", f"{path}?fieldManager={manager}&force=true", body, "application/apply-patch+yaml")
        if status >= 300:
            raise RuntimeError(f"apply {path}: {status} {answer}")
        return answer

    def delete(self, path, propagation="Background"):
        return self.call("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation})[0]

    def application(self, name):
        return self.get(f"{APPLICATIONS}/{name}")

    def refresh(self, name, kind="normal"):
        self.merge(f"{APPLICATIONS}/{name}", {"metadata": {"annotations": {"argocd.argoproj.io/refresh": kind}}})


class Plane:
    """with Plane() as plane: plane.api, plane.kubeconfig, plane.start_agent(…)"""

    def __init__(self, stages=None, controllers=True, audit=False):
        self.controllers, self.audit = controllers, audit
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-plane."))
        self.stages = stages or self.own_stages()
        self.processes = {}
        self.commands = {}
        self.agent = os.environ.get("HOLDFAST_AGENT") or str(ROOT / "build/release/bin/holdfast-agent")
        self.etcd_port, self.etcd_peer, self.api_port, self.git_port, *self.more_ports = free_ports(10)
        self.pki = self.folder / "pki"
        self.kubeconfig = self.folder / "kubeconfig"

    def own_stages(self):
        """What a simulated node of the product plays."""
        source = (ROOT / "lib/node/simulation.cpp").read_text()
        path = self.folder / "stages.yaml"
        path.write_text("---\n".join(re.findall(r'R"\((.*?)\)"', source, re.S)))
        return path

    # -- programs

    def find_programs(self):
        given = os.environ.get("HOLDFAST_KUBERNETES")
        self.bin = pathlib.Path(given) if given else self.folder / "bin"
        if not given:  # one program is all of Kubernetes and acts by its name
            self.bin.mkdir()
            for name in PROGRAMS:
                self.bin.joinpath(name).symlink_to(ROOT / "build/node/kube")
        for name in PROGRAMS:
            if not os.access(self.bin / name, os.X_OK):
                raise Missing(f"{name} is not there (bundles/node/build build/node makes it)")
        if not os.access(self.agent, os.X_OK):
            raise Missing(f"{self.agent} is not there")

    def start(self, name, command, environment=None):
        self.commands[name] = (command, environment)
        log = open(self.folder / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log,
                                                env={**os.environ, **(environment or {})}, preexec_fn=die_with_parent)
        log.close()
        return self.processes[name]

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self, name, how=signal.SIGTERM, pause=0.0):
        command, environment = self.commands[name]
        self.stop(name, how)
        time.sleep(pause)
        return self.start(name, command, environment)

    def kubectl(self, *words, text=None):
        return subprocess.run([self.bin / "kubectl", "--kubeconfig", self.kubeconfig, *words], input=text, text=True,
                              check=True, capture_output=True).stdout

    # -- the control plane

    def make_certificates(self):
        self.pki.mkdir()

        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.pki, check=True, capture_output=True)

        def issue(name, subject, extensions):
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
            self.pki.joinpath(f"{name}.ext").write_text(extensions)
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                    "-out", f"{name}.crt", "-days", "2", "-extfile", f"{name}.ext")

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca", "-days", "2")
        issue("server", "/CN=kube-apiserver",
              "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        issue("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth\n")
        # The same rights under a name of its own, so that an audit log tells who asked.
        issue("agent", "/O=system:masters/CN=holdfast-agent", "extendedKeyUsage=clientAuth\n")
        openssl("genrsa", "-out", "sa.key", "2048")
        openssl("rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub")

    def write_kubeconfig(self, path, user, server=None):
        def data(name):
            return base64.b64encode(self.pki.joinpath(name).read_bytes()).decode()

        server = server or f"https://127.0.0.1:{self.api_port}"
        cluster = {"server": server}
        if server.startswith("https"):
            cluster["certificate-authority-data"] = data("ca.crt")
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "plane",
            "clusters": [{"name": "plane", "cluster": cluster}],
            "users": [{"name": "plane", "user": {"client-certificate-data": data(f"{user}.crt"),
                                                 "client-key-data": data(f"{user}.key")}}],
            "contexts": [{"name": "plane", "context": {"cluster": "plane", "user": "plane", "namespace": "argocd"}}]}, indent=1))

    def start_control_plane(self):
        etcd, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer}"
        self.start("etcd", [self.bin / "etcd", "--data-dir", self.folder / "etcd", "--unsafe-no-fsync",
                            "--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", peer,
                            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", "--log-level", "error"])
        server = [self.bin / "kube-apiserver", f"--etcd-servers={etcd}", f"--secure-port={self.api_port}",
                  "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--tls-cert-file={self.pki}/server.crt",
                  f"--tls-private-key-file={self.pki}/server.key", f"--client-ca-file={self.pki}/ca.crt",
                  "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={self.pki}/sa.pub",
                  f"--service-account-signing-key-file={self.pki}/sa.key", "--service-cluster-ip-range=10.96.0.0/16",
                  "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--endpoint-reconciler-type=none"]
        if self.audit:
            policy = self.folder / "audit.yaml"
            policy.write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived, ResponseStarted]\n"
                              "rules:\n- {level: Metadata, users: [holdfast-agent]}\n- {level: None}\n")
            server += [f"--audit-policy-file={policy}", f"--audit-log-path={self.folder}/audit.log", "--audit-log-mode=blocking"]
        self.start("apiserver", server)
        self.wait_for_api()
        ports = iter(self.more_ports)
        if self.controllers:
            self.start("controllers", [self.bin / "kube-controller-manager", f"--kubeconfig={self.kubeconfig}",
                                       f"--service-account-private-key-file={self.pki}/sa.key", f"--root-ca-file={self.pki}/ca.crt",
                                       "--leader-elect=false", "--use-service-account-credentials", "--bind-address=127.0.0.1",
                                       f"--secure-port={next(ports)}", "--kube-api-qps=500", "--kube-api-burst=1000"])
            self.start("scheduler", [self.bin / "kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false",
                                     "--bind-address=127.0.0.1", f"--secure-port={next(ports)}", "--kube-api-qps=500",
                                     "--kube-api-burst=1000"])
            self.start("kwok", [self.bin / "kwok", f"--kubeconfig={self.kubeconfig}", "--manage-all-nodes=true",
                                "--node-lease-duration-seconds=40", f"--server-address=127.0.0.1:{next(ports)}",
                                f"--config={self.stages}"])

    def wait_for_api(self):
        def ready():
            if self.processes["apiserver"].poll() is not None:
                raise RuntimeError(self.tail("apiserver"))
            try:
                return self.api.call("GET", "/readyz")[0] == 200
            except OSError:
                return False

        wait_for("the API server", ready, 120, 0.2)

    def make_objects(self):
        self.kubectl("apply", "--server-side", "-f", str(ROOT / "templates/crds"))
        self.kubectl("wait", "--for=condition=Established", "crd/applications.argoproj.io", "crd/appprojects.argoproj.io")
        for number in (1, 2):
            name = f"fake-{number}"
            room = {"cpu": "320", "memory": "2560Gi", "pods": "4000"}
            self.api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {
                "name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"kubernetes.io/hostname": name}},
                "status": {"allocatable": room, "capacity": room}})
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
        self.api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"},
            "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}],
                     "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}})

    def start_agent(self, *words, kubeconfig=None):
        if kubeconfig is None:
            kubeconfig = self.folder / "agent-kubeconfig"
            self.write_kubeconfig(kubeconfig, "agent")
        self.agent_port = getattr(self, "agent_port", None) or free_ports(1)[0]
        return self.start("agent", [self.agent, "--kubeconfig", kubeconfig, "--namespace", "argocd", "--state-dir",
                                    self.folder / "agent", "--listen", f"127.0.0.1:{self.agent_port}", "--log-format", "text",
                                    "--log-level", os.environ.get("HOLDFAST_LOG_LEVEL", "info"), *words])

    def start_git(self):
        """A stock Git server over repositories in self.git; its URL."""
        self.git = self.folder / "git"
        self.git.mkdir(exist_ok=True)
        self.start("git", ["python3", ROOT / "tests/e2e/git_server.py", self.git, "127.0.0.1", self.git_port])
        self.git_url = f"http://127.0.0.1:{self.git_port}"

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.git_port)) == 0

        wait_for("the Git server", listens)
        return self.git_url

    def tail(self, name, lines=15):
        path = self.folder / f"{name}.log"
        text = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join([f"{name}:", *text[-lines:]])

    # -- from start to end

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        try:
            self.find_programs()
            self.make_certificates()
            self.write_kubeconfig(self.kubeconfig, "admin")
            self.api = Api(self.api_port, self.pki)
            self.start_control_plane()
            self.make_objects()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for name in ("agent", *reversed(list(self.processes))):
            self.stop(name, signal.SIGTERM if name == "agent" else signal.SIGKILL)
        if os.environ.get("HOLDFAST_KEEP"):
            print(f"state and logs: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class Repository:
    """A bare repository whose commits are given as {path: text}."""

    def __init__(self, plane, name):
        self.folder = plane.git / f"{name}.git"
        self.url = f"{plane.git_url}/{name}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.folder], check=True)

    def commit(self, files, message="a commit"):
        """The whole tree of the next commit on main; its id."""
        stream = [f"commit refs/heads/main\ncommitter c <c@example.com> {int(time.time())} +0000\ndata {len(message)}\n{message}\n"]
        if subprocess.run(["git", "-C", self.folder, "rev-parse", "-q", "--verify", "main"], capture_output=True).returncode == 0:
            stream.append("from refs/heads/main^0\n")
        stream.append("deleteall\n")
        for path, text in files.items():
            stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
        subprocess.run(["git", "-C", self.folder, "fast-import", "--quiet", "--force"], input="".join(stream).encode(), check=True)
        return subprocess.run(["git", "-C", self.folder, "rev-parse", "main"], check=True, capture_output=True, text=True).stdout.strip()


def application(name, repository, path=".", namespace=None, **policy):
    """An Application of the default project; policy: automated, syncOptions, retry …"""
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "default", "source": {"repoURL": repository.url, "path": path, "targetRevision": "main"},
                     "destination": {"server": SERVER, "namespace": namespace or name},
                     **({"syncPolicy": policy} if policy else {})}}
