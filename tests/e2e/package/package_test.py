#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packed installer on a machine with the C library and nothing else: a root of its own, no network."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/plane"))
from plane import check  # noqa: E402

HOLDFAST = ROOT / "build/release/bin/holdfast"
MOST_BYTES = 25_000_000
C_LIBRARY = ["libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libresolv.so.2"]
LOADER = "/lib64/ld-linux-x86-64.so.2"
DEFINITION = f"""name = "tiny"
version = "0.1.0"
channel = "dev"
platform = "linux/amd64"
security-epoch = 1
min-installer = "0.1.0"
kubernetes = ">=1.31.0-0"

[engine]
kind = "holdfast"
version = "0.1.0"

[[image]]
component = "engine"
name = "holdfast.local/agent:0.1.0"
program = "{HOLDFAST}"
"""


def can_change_root():
    return subprocess.run(["unshare", "--mount", "--net", "chroot", "/", "true"], capture_output=True).returncode == 0


def pack(folder):
    subprocess.run([ROOT / "scripts/package", folder], check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tar.xz")
    return archive


def make_bare(bare, archive):
    """The package at /holdfast, and of the C library what any Linux has."""
    for folder in ("lib64", "lib/x86_64-linux-gnu", "proc", "tmp", "root", "etc"):
        (bare / folder).mkdir(parents=True)
    shutil.copy(LOADER, bare / LOADER[1:])
    for library in C_LIBRARY:
        shutil.copy(f"/lib/x86_64-linux-gnu/{library}", bare / "lib/x86_64-linux-gnu" / library)
    subprocess.run(["tar", "-xf", archive, "-C", bare], check=True)
    (folder,) = bare.glob("holdfast-*")
    folder.rename(bare / "holdfast")


class Bare:
    def __init__(self, folder):
        self.folder = folder

    def run(self, *words):
        inside = ["sh", "-c", 'mount -t proc proc "$1/proc" && shift && exec env -i HOME=/root PATH=/usr/sbin:/usr/bin chroot "$@"', "-", self.folder, self.folder]
        return subprocess.run(["unshare", "--mount", "--net", *inside, *words], capture_output=True, text=True, timeout=60)

    def holdfast(self, *words, exits=0):
        ended = self.run("/holdfast/bin/holdfast", *words)
        check(f"holdfast {' '.join(words[:2])} runs", (ended.returncode, ended.stderr if ended.returncode != exits else ""), (exits, ""))
        return ended


def test_libraries(bare):
    libraries = sorted(each.name for each in (bare.folder / "holdfast/lib/holdfast").iterdir())
    check("the package has libraries", len(libraries) > 10, True)
    # Loading binds every function at once: a library that is too old or missing is told.
    words = ["--library-path", "/holdfast/lib/holdfast", "--list"]
    broken = {each: ended.stderr for each in libraries if (ended := bare.run(LOADER, *words, f"/holdfast/lib/holdfast/{each}")).returncode != 0}
    check("every library finds what it needs", broken, {})


def test_commands(bare):
    bare.holdfast("trust", "keygen", "--key", "/root/a.key")
    bare.holdfast("trust", "init", "--key", "/root/a.key.pub")
    home = bare.folder / "root"
    (home / "tiny.toml").write_text(DEFINITION)
    subprocess.run([HOLDFAST, "bundle", "create", "-f", home / "tiny.toml", "-o", home / "tiny.hfb", "--sign-key", home / "a.key"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bare.holdfast("bundle", "verify", "/root/tiny.hfb")
    bare.holdfast("repo", "init", "/root/fleet", "--cluster", "demo", "--sample", "hello")
    bare.holdfast("repo", "lint", "/root/fleet")
    rendered = bare.holdfast("repo", "render", "--repo", "/root/fleet", "--cluster", "demo")
    check("manifests are rendered", "kind: CustomResourceDefinition" in rendered.stdout, True)
    (bare.folder / "root/nobody").write_text("""apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: a, user: {token: none}}]
""")
    unreachable = bare.holdfast("app", "list", "--kubeconfig", "/root/nobody", exits=4)
    check("what is unreachable is told as that", "HF-E-1004" in unreachable.stderr, True)


def main():
    if not can_change_root():
        print("skipped: package, this machine lets nobody change the root (needs root and namespaces)")
        return
    with tempfile.TemporaryDirectory(prefix="holdfast-package.") as folder:
        first, second, bare = (pathlib.Path(folder) / name for name in ("first", "second", "bare"))
        archive = pack(first)
        check("the same inputs make the same bytes", archive.read_bytes() == pack(second).read_bytes(), True)
        check(f"{archive.stat().st_size} bytes are few enough", archive.stat().st_size <= MOST_BYTES, True)
        make_bare(bare, archive)
        test_libraries(Bare(bare))
        test_commands(Bare(bare))


if __name__ == "__main__":
    sys.exit(main())
