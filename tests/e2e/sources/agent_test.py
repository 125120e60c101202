#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on a real API server: Applications whose sources are charts, dependencies and signed commits."""
import base64
import functools
import hashlib
import hmac
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tests/plane"), str(ROOT / "tests/e2e/app")]
from plane import APPLICATIONS, Missing, Plane, Repository, application, check, free_ports, status_of, wait_for  # noqa: E402
from person import person, says  # noqa: E402

status_of = functools.partial(status_of, seconds=60)  # repositories are fetched from real servers

PASSWORD = "s3cret-of-ann"
TOKEN = "ghs_0f8a1c2b3d"
CHART = {"Chart.yaml": "apiVersion: v2\nname: {name}\nversion: {version}\n",
         "values.yaml": "color: chart\n",
         "templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {{{{ .Release.Name }}}}-{name}}}\n"
                              "data: {{color: {{{{ .Values.color }}}}, version: \"{version}\"}}\n"}


def chart(name, version):
    return {path: text.format(name=name, version=version) if path != "values.yaml" else text for path, text in CHART.items()}


def packed(name, version):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in chart(name, version).items():
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def publish(folder, versions):
    """A Helm repository as files."""
    folder.mkdir()
    lines = ["apiVersion: v1", "entries:", "  web:"]
    for version in versions:
        data = packed("web", version)
        (folder / f"web-{version}.tgz").write_bytes(data)
        lines.append(f"  - {{name: web, version: {version}, urls: [web-{version}.tgz], digest: {hashlib.sha256(data).hexdigest()}}}")
    (folder / "index.yaml").write_text("\n".join(lines) + "\n")


def secret(plane, called, kind, **fields):
    plane.api.create("/api/v1/namespaces/argocd/secrets", {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": called, "labels": {"argocd.argoproj.io/secret-type": kind}},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in fields.items()}})


def config(plane, name, data):
    plane.api.create("/api/v1/namespaces/argocd/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "argocd"}}, "data": data})


def start(plane, app, sources=None, project=None):
    if sources:
        app["spec"].pop("source")
        app["spec"]["sources"] = sources
    if project:
        app["spec"]["project"] = project
    plane.api.create(f"/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": app["metadata"]["name"]}})
    plane.api.create(APPLICATIONS, app)


def synced(plane, name):
    return status_of(plane, name, lambda s: s.get("sync", {}).get("status") == "Synced" and s.get("operationState", {}).get("phase") == "Succeeded")


def data(plane, namespace, name):
    return plane.api.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")["data"]


def signing_key(home):
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-generate-key", "ann@example.com", "ed25519", "sign", "0"], check=True, capture_output=True)
    listed = subprocess.run([*gpg, "--with-colons", "--list-keys"], check=True, capture_output=True, text=True).stdout
    key_id = next(line.split(":")[4] for line in listed.splitlines() if line.startswith("pub"))
    return key_id, subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True).stdout


class Signer:
    """A clone of a repository in which Ann works with stock git and stock gpg."""

    def __init__(self, repository, home):
        self.home, self.work = home, home.parent / f"work-{repository.folder.stem}"
        subprocess.run(["git", "clone", "-q", repository.folder, self.work], check=True)

    def git(self, *words):
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "user.signingkey=ann@example.com"]
        return subprocess.run(["git", *identity, *words], cwd=self.work, check=True, capture_output=True, text=True,
                              env={**os.environ, "GNUPGHOME": str(self.home)}).stdout.strip()

    def commit(self, *words):
        """The same tree once more; its id."""
        self.git("commit", "-q", "--allow-empty", "-m", "again", *words)
        return self.git("rev-parse", "HEAD")

    def push(self):
        self.git("push", "-q", "--follow-tags", "origin", "HEAD:main")


def guarded_project(plane, name, **spec):
    plane.api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}], **spec}})


def signed_commits(plane):
    """What a project's signature keys accept: a commit, an annotated tag, a whole history."""
    home = plane.folder / "gpg"
    key_id, armoured = signing_key(home)
    config(plane, "argocd-gpg-keys-cm", {key_id: armoured})

    def start_guarded(name, project):
        repository = Repository(plane, name)
        first = repository.commit({"cm.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"})
        start(plane, application(name, repository, automated={}), project=project)
        return Signer(repository, home), first

    def refused(name, about):
        words = f"Failed verifying revision {about} by"
        status_of(plane, name, lambda s: s.get("conditions") and words in s["conditions"][0]["message"])
        print(f"ok {name} refuses {about[:7]}")

    def taken(name, commit):
        plane.api.refresh(name)
        status_of(plane, name, lambda s: s["sync"].get("revision") == commit and s["sync"]["status"] == "Synced" and not s.get("conditions"))
        print(f"ok {name} takes {commit[:7]}")

    guarded_project(plane, "signed", signatureKeys=[{"keyID": key_id}])
    ann, first = start_guarded("guarded", "signed")
    refused("guarded", first)
    check("and nothing is applied", plane.api.get("/api/v1/namespaces/guarded/configmaps/guarded"), None)
    signed = ann.commit("-S")
    ann.push()
    taken("guarded", signed)
    ann.git("tag", "-a", "-m", "not signed", "v1", signed)
    ann.git("tag", "-s", "-m", "signed", "v2", first)
    ann.git("push", "-q", "origin", "v1", "v2")
    plane.api.merge(f"{APPLICATIONS}/guarded", {"spec": {"source": {"targetRevision": "v1"}}})
    refused("guarded", "v1")
    plane.api.merge(f"{APPLICATIONS}/guarded", {"spec": {"source": {"targetRevision": "v2"}}})
    taken("guarded", first)
    # The tag vouches for its commit by whichever name an operation calls it.
    plane.api.merge(f"{APPLICATIONS}/guarded", {"status": {"operationState": None}, "operation": {"sync": {"revision": first}}})
    status = status_of(plane, "guarded", lambda s: s.get("operationState", {}).get("phase") in ("Succeeded", "Failed", "Error"))
    check("an operation at the tag's commit", (status["operationState"]["phase"], status["history"][-1]["revision"]), ("Succeeded", first))

    policy = {"repos": [{"url": "*"}], "gpg": {"mode": "strict", "keys": [key_id]}}
    guarded_project(plane, "strict", sourceIntegrity={"git": {"policies": [policy]}})
    ann, first = start_guarded("sealed", "strict")
    refused("sealed", first)
    ann.commit("-S")
    ann.push()
    plane.api.refresh("sealed")
    status_of(plane, "sealed", lambda s: "argocd.argoproj.io/refresh" not in (plane.api.application("sealed")["metadata"].get("annotations") or {}))
    refused("sealed", first)  # a signature on top does not vouch for what is below
    seal = ann.commit("-S", "--trailer", "Argocd-gpg-seal: all of it was read")
    ann.push()
    taken("sealed", seal)
    ann.commit("-S")
    last = ann.commit("-S")
    ann.push()
    taken("sealed", last)
    smuggled = ann.commit()
    ann.commit("-S")
    ann.push()
    plane.api.refresh("sealed")
    refused("sealed", smuggled)


def vendored(source, version):
    """external/web as holdfast repo vendor leaves it."""
    files = chart("web", version)
    lines = "".join(f"{hashlib.sha256(text.encode()).hexdigest()} {path}\n" for path, text in sorted(files.items()))
    origin = {"source": source, "chart": "web", "version": version, "digest": "sha256:" + "0" * 64,
              "files": "sha256:" + hashlib.sha256(lines.encode()).hexdigest(), "licence": "MIT"}
    files["origin.toml"] = "".join(f'{key} = "{value}"\n' for key, value in origin.items())
    return {f"external/web/{path}": text for path, text in files.items()}


def start_sshd(plane):
    """Debian's sshd on loopback for a key of its own; the URL's beginning."""
    port, folder = free_ports(1)[0], plane.folder
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin prohibit-password\n")
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    plane.start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"])
    host_key = " ".join((folder / "host.pub").read_text().split()[:2])
    config(plane, "argocd-ssh-known-hosts-cm", {"ssh_known_hosts": f"[127.0.0.1]:{port} {host_key}\n"})
    url = f"ssh://root@127.0.0.1:{port}"
    secret(plane, "ssh", "repo-creds", url=url, sshPrivateKey=(folder / "user").read_text())
    return url


def behind_walls(plane):
    """Git that wants a client's certificate, reached through a proxy."""
    tls, forward = free_ports(2)
    pki, log = plane.pki, plane.folder / "proxied"
    plane.start("mutual", ["python3", HERE / "tunnels.py", "mutual", tls, plane.git_port, pki / "server.crt", pki / "server.key", pki / "ca.crt"])
    plane.start("proxy", ["python3", HERE / "tunnels.py", "proxy", forward, log])
    walled, stranger = Repository(plane, "walled"), Repository(plane, "stranger")
    commit = walled.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: walled}\n"})
    stranger.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stranger}\n"})
    for repository in (walled, stranger):
        repository.url = repository.url.replace(plane.git_url, f"https://127.0.0.1:{tls}")
    secret(plane, "walled", "repository", url=walled.url, proxy=f"http://127.0.0.1:{forward}",
           tlsClientCertData=(pki / "agent.crt").read_text(), tlsClientCertKey=(pki / "agent.key").read_text())
    start(plane, application("walled", walled, automated={}))
    check("a client certificate opens a repository", synced(plane, "walled")["sync"]["revision"], commit)
    check("through the proxy of its Secret", set(log.read_text().split()), {f"127.0.0.1:{tls}"})
    start(plane, application("stranger", stranger, automated={}))
    refused = status_of(plane, "stranger", lambda s: s.get("conditions"))["conditions"][0]["message"]
    check("without one it stays shut", "does not answer" in refused, True)
    secret(plane, "stranger", "repository", url=stranger.url, tlsClientCertData=(pki / "agent.crt").read_text(),
           tlsClientCertKey=(pki / "agent.key").read_text())
    wait_for("what the Secret opens", lambda: plane.api.application("stranger")["status"]["sync"]["status"] == "Synced", 15)
    print("ok a Secret opens it at once")


def github_app(plane):
    """A repository that only the token of a GitHub App opens; the App's installation is found by the owner."""
    folder, port = plane.folder / "github", free_ports(1)[0]
    folder.mkdir()
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", folder / "app.key", "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", folder / "app.key", "-pubout", "-out", folder / "app.pub"], check=True, capture_output=True)
    plane.start("github", ["env", f"GIT_URL={plane.git_url}", "python3", HERE / "peers.py", "github", folder, port,
                           plane.pki / "server.crt", plane.pki / "server.key", "12", TOKEN])
    wait_for("GitHub", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
    repository = Repository(plane, "byapp")
    commit = repository.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: byapp}\n"})
    repository.url = f"https://127.0.0.1:{port}/Team/byapp.git"
    base = f"https://127.0.0.1:{port}/api/v3"
    secret(plane, "byapp", "repo-creds", url=f"https://127.0.0.1:{port}/Team", githubAppID="13", githubAppEnterpriseBaseUrl=base,
           githubAppPrivateKey=(folder / "app.key").read_text())
    start(plane, application("byapp", repository, automated={}))
    refused = status_of(plane, "byapp", lambda s: s.get("conditions"))["conditions"][0]["message"]
    check("an App that GitHub does not know", "the GitHub App 13 gets no token" in refused and "HTTP 401" in refused or refused, True)
    plane.api.merge("/api/v1/namespaces/argocd/secrets/byapp", {"stringData": {"githubAppID": "12"}})
    check("a GitHub App opens its repository", synced(plane, "byapp")["sync"]["revision"], commit)
    second = repository.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: byapp}\ndata: {pushed: again}\n"})
    plane.api.refresh("byapp")
    status_of(plane, "byapp", lambda s: s["sync"].get("revision") == second and s["sync"]["status"] == "Synced")
    check("its token is asked for once", (folder / "asked").read_text().splitlines(),
          ["GET /api/v3/app/installations?per_page=100&page=1", "POST /api/v3/app/installations/7/access_tokens"])


def pushed(plane):
    """A webhook instead of the next look, for who knows the secret."""
    # The agent made it; a person puts the secret of the webhook into it.
    held = plane.api.merge("/api/v1/namespaces/argocd/secrets/argocd-secret", {"stringData": {"webhook.github.secret": "between us"}})
    check("the Secret of webhooks", (sorted(held["data"]), held["metadata"]["labels"]),
          (["server.secretkey", "webhook.github.secret"], {"app.kubernetes.io/part-of": "argocd"}))
    hooked = Repository(plane, "hooked")
    first = hooked.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hooked}\n"})
    start(plane, application("hooked", hooked, automated={}))
    check("a repository before a push", synced(plane, "hooked")["sync"]["revision"], first)
    second = hooked.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hooked}\ndata: {pushed: again}\n"})
    body = json.dumps({"ref": "refs/heads/main", "repository": {"html_url": hooked.url.removesuffix(".git"), "default_branch": "main"},
                       "commits": [{"modified": ["cm.yaml"]}]}).encode()

    def post(key):
        signature = "sha256=" + hmac.new(key, body, "sha256").hexdigest()
        request = urllib.request.Request(f"http://127.0.0.1:{plane.agent_port}/api/webhook", body, {
            "X-GitHub-Event": "push", "X-Hub-Signature-256": signature, "Content-Type": "application/json"})
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as refused:
            return refused.code

    check("a webhook with another secret", post(b"guessed"), 403)
    check("which changes nothing", plane.api.application("hooked")["metadata"].get("annotations"), None)
    check("a webhook", post(b"between us"), 200)
    status_of(plane, "hooked", lambda s: s["sync"].get("revision") == second and s["sync"]["status"] == "Synced")
    print("ok a push is followed at once")
    # The secret may stand elsewhere, as operators of external secrets keep it.
    secrets = "/api/v1/namespaces/argocd/secrets"
    plane.api.create(secrets, {"apiVersion": "v1", "kind": "Secret", "stringData": {"github": "elsewhere\n"}, "metadata": {"name": "hooks"}})
    plane.api.merge(f"{secrets}/argocd-secret", {"stringData": {"webhook.github.secret": "$hooks:github"}})
    check("a Secret that is not Argo CD's is not read", (post(b"elsewhere"), post(b"between us")), (403, 403))
    plane.api.merge(f"{secrets}/hooks", {"metadata": {"labels": {"app.kubernetes.io/part-of": "argocd"}}})
    check("a secret that stands elsewhere", (post(b"elsewhere"), post(b"between us")), (200, 403))
    plane.api.merge(f"{secrets}/argocd-secret", {"stringData": {"webhook.github.secret": "$ours", "ours": "in here"}})
    check("a secret under another name", (post(b"in here"), post(b"elsewhere")), (200, 403))


def remote_base(plane):
    """A kustomization over a base in another repository, which the Application's project has to permit."""
    shared, overlay = Repository(plane, "shared"), Repository(plane, "overlay")
    commit = shared.commit({"base/kustomization.yaml": "resources: [cm.yaml]\n",
                            "base/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {color: red}\n"})
    entry = f"{shared.url}//base?ref=main"
    overlay.commit({"app/kustomization.yaml": f"namePrefix: our-\nresources:\n- {entry}\n"})
    projects = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
    plane.api.create(projects, {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "narrow", "namespace": "argocd"},
        "spec": {"sourceRepos": [overlay.url], "destinations": [{"namespace": "*", "server": "*"}]}})
    start(plane, application("remote", overlay, "app", automated={}), project="narrow")
    refused = status_of(plane, "remote", lambda s: s.get("conditions"))["conditions"][0]["message"]
    for part in (entry, f'the project "narrow" does not permit the repository "{shared.url}"', "app/kustomization.yaml:3:3"):
        check(f"a remote base that the project does not permit is refused with {part}", part in refused or refused, True)
    check("and nothing of it is applied", plane.api.get("/api/v1/namespaces/remote/configmaps/our-base"), None)
    plane.api.merge(f"{projects}/narrow", {"spec": {"sourceRepos": [overlay.url, shared.url]}})
    plane.api.refresh("remote")
    synced(plane, "remote")
    check("a remote base that the project permits", data(plane, "remote", "our-base"), {"color": "red"})
    mirrors = [path.parent for path in (plane.folder / "agent").rglob("HEAD")]
    holding = [each for each in mirrors if subprocess.run(["git", "-C", each, "cat-file", "-e", commit], capture_output=True).returncode == 0]
    check("comes from a mirror of the agent", len(holding), 1)


def lent(plane, umbrella):
    """A dependency's credentials, which a project lends only for what it permits; the engine and a person alike."""
    guarded_project(plane, "frugal", sourceRepos=[umbrella.url])
    start(plane, application("lent", umbrella, "apps"), project="frugal")
    wanted = 'no repository Secret has the name "@main"'
    refused = status_of(plane, "lent", lambda s: s.get("conditions"))["conditions"][0]["message"]
    check("a dependency that the project does not permit", wanted in refused or refused, True)
    app = person(holdfast(), plane)
    says(app("manifests", "lent", exit_code=1), wanted)
    plane.api.merge("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/frugal", {"spec": {"sourceRepos": ["*"]}})
    says(app("manifests", "lent"), "name: lent-web", "version: 1.0.0")


def holdfast():
    return os.environ.get("HOLDFAST") or str(ROOT / "build/release/bin/holdfast")


def as_a_person_sees_it(plane):
    """The same sources read by `holdfast app`, with what a person may read of the Secrets."""
    app = person(holdfast(), plane)
    for name in ("fromchart", "several", "umbrella", "walled", "byapp", "overssh"):
        if plane.api.application(name):
            check(f"app diff of {name}", app("diff", name), "")
    says(app("manifests", "fromchart"), "name: fromchart-web", "version: 1.1.0")
    says(app("manifests", "umbrella"), "name: umbrella-web", "version: 1.0.0")
    says(app("diff", "fromchart", "--revision", "2.0.0", exit_code=1), "-  version: 1.1.0", "+  version: 2.0.0")
    says(app("manifests", "fromchart", "--revision", "9.x", exit_code=1), "9.x")


def run(plane):
    port = free_ports(1)[0]
    certificate, key = plane.pki / "server.crt", plane.pki / "server.key"
    publish(plane.folder / "charts", ["1.0.0", "1.1.0", "2.0.0"])
    plane.start("charts", ["python3", ROOT / "tests/e2e/sources/peers.py", "files", plane.folder / "charts", port, certificate, key, "ann", PASSWORD])
    charts = f"https://127.0.0.1:{port}"
    plane.start_git()
    config(plane, "argocd-tls-certs-cm", {"127.0.0.1": (plane.pki / "ca.crt").read_text()})
    secret(plane, "charts", "repo-creds", url="https://127.0.0.1", type="helm", username="ann", password=PASSWORD)
    secret(plane, "named", "repository", url=charts, type="helm", name="main")
    fleet = Repository(plane, "fleet")
    fleet.commit(vendored("https://charts.invalid/stable", "7.1.0"))
    plane.start_agent("--git-url", "http://holdfast-agent.argocd.svc/fleet.git", "--git-repository", fleet.folder)

    offline = application("offline", fleet, automated={})
    offline["spec"]["source"] = {"repoURL": "https://charts.invalid/stable/", "chart": "web", "targetRevision": "7.x"}
    start(plane, offline)
    check("a vendored chart needs no network", synced(plane, "offline")["sync"]["revision"], "7.1.0")
    check("the vendored chart's objects", data(plane, "offline", "offline-web")["version"], "7.1.0")

    values = Repository(plane, "values")
    values.commit({"env/color.yaml": "color: from-git\n"})
    fromchart = application("fromchart", values, automated={})
    fromchart["spec"]["source"] = {"repoURL": charts, "chart": "web", "targetRevision": "1.x"}
    start(plane, fromchart)
    check("a chart of a repository over TLS, by range", synced(plane, "fromchart")["sync"]["revision"], "1.1.0")
    check("its objects", data(plane, "fromchart", "fromchart-web"), {"color": "chart", "version": "1.1.0"})

    start(plane, application("several", values, automated={}), sources=[
        {"repoURL": charts, "chart": "web", "targetRevision": "2.0.0", "helm": {"valueFiles": ["$values/env/color.yaml"]}},
        {"repoURL": values.url, "targetRevision": "main", "ref": "values"}])
    check("a chart with values of another source", synced(plane, "several")["sync"]["revisions"][0], "2.0.0")
    check("its values", data(plane, "several", "several-web")["color"], "from-git")

    if os.access("/usr/sbin/sshd", os.X_OK) and os.geteuid() == 0:
        overssh = Repository(plane, "overssh")
        commit = overssh.commit({"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: overssh}\n"})
        overssh.url = start_sshd(plane) + str(overssh.folder)
        start(plane, application("overssh", overssh, automated={}))
        check("a repository over SSH", synced(plane, "overssh")["sync"]["revision"], commit)

    behind_walls(plane)
    github_app(plane)
    pushed(plane)
    remote_base(plane)

    umbrella = Repository(plane, "umbrella")
    files = {f"apps/{path}": text for path, text in chart("umbrella", "1.0.0").items()}
    files["apps/Chart.yaml"] += "dependencies:\n- {name: web, version: ~1.0, repository: '@main'}\n"
    first = umbrella.commit(files)
    with_paths = application("umbrella", umbrella, "apps", automated={})
    with_paths["metadata"]["annotations"] = {"argocd.argoproj.io/manifest-generate-paths": "."}
    start(plane, with_paths)
    check("a chart in Git whose dependency is elsewhere", synced(plane, "umbrella")["sync"]["revision"], first)
    check("the dependency's objects", data(plane, "umbrella", "umbrella-web")["version"], "1.0.0")
    second = umbrella.commit({**files, "README.md": "nobody watches this"})
    plane.api.refresh("umbrella")
    status_of(plane, "umbrella", lambda s: s["sync"].get("revision") == second and s["sync"]["status"] == "Synced")
    check("a commit outside the watched paths starts no sync", plane.api.application("umbrella")["status"]["history"][-1]["revision"], first)

    as_a_person_sees_it(plane)
    lent(plane, umbrella)
    signed_commits(plane)

    shown = (plane.folder / "agent.log").read_text() + str(plane.api.items(APPLICATIONS))
    hidden = (PASSWORD, base64.b64encode(f"ann:{PASSWORD}".encode()).decode(), TOKEN, base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode(),
              "PRIVATE KEY")
    check("no secret is shown", [each for each in hidden if each in shown], [])
    plane.stop("charts")
    plane.restart("agent")
    plane.api.refresh("fromchart")
    status_of(plane, "fromchart", lambda s: s.get("conditions"))
    plane.api.merge(f"{APPLICATIONS}/fromchart", {"spec": {"source": {"targetRevision": "1.1.0"}}})
    status_of(plane, "fromchart", lambda s: s["sync"]["status"] == "Synced" and not s.get("conditions"))
    print("ok a version that was fetched once needs no repository")
    subprocess.run(["gpgconf", "--homedir", plane.folder / "gpg", "--kill", "all"], capture_output=True)


try:
    with Plane() as opened:
        run(opened)
except Missing as missing:
    print(f"skipped: sources: {missing}")
