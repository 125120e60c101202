# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts of this folder: versions, folders, which container engine there is, and the
# private one that is used where there is none.
. "$(dirname "${BASH_SOURCE[0]}")/../console.sh"

kind_version=0.33.0
published_image=kindest/node:v1.37.0 # what kind 0.33.0 takes by itself
kubernetes=1.37.2                    # of bundles/node, and so of scripts/kind/node-image

work=$root/build/kind
here=$root/scripts/kind
state=$work/run       # gone after `down`
packages=$work/debian # unpacked, not installed
node_tar=$work/node-image.tar
id=$(printf '%s' "$root" | sha256sum | cut -c 1-8) # two checkouts do not meet

fail() { # fail CODE WHAT BECAUSE FIX : as holdfast says it
  printf 'error: %s\n  because  %s\n  fix      %s\n  code     %s\n' "$2" "$3" "$4" "$1" >&2
  exit 4
}

# from_debian FOLDER PACKAGE… : unpacks what is not there yet; no maintainer script runs, no service starts.
from_debian() {
  local folder=$1 package archives
  shift
  mkdir -p "$folder/.have"
  for package in "$@"; do
    [ ! -e "$folder/.have/$package" ] || continue
    archives=$(mktemp -d)
    (cd "$archives" && apt-get download -q -o APT::Sandbox::User=root "$package") >&2 || return 1
    dpkg-deb -x "$archives"/*.deb "$folder"
    rm -rf "$archives"
    touch "$folder/.have/$package"
  done
}

find_go() { # the PATH with go >= 1.26, as scripts/setup found it
  command -v go >/dev/null || PATH=$(scripts/setup | tail -n 1):$PATH
}

get_kind() {
  [ ! -x "$work/bin/kind" ] && ! command -v kind >/dev/null || return 0
  mkdir -p "$work/bin"
  find_go
  CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=$work/bin go install -trimpath -ldflags '-s -w' "sigs.k8s.io/kind@v$kind_version"
}

# The private daemon is process 1 of namespaces of its own: killing it ends everything in them.
private_pid() {
  local pid
  { pid=$(cat "$state/pid") && grep -qzxF "$state/daemon.json" "/proc/$pid/cmdline" && echo "$pid"; } 2>/dev/null
}

# Which engine: docker, podman, or private. Sets `engine` and why the ones before were not taken.
choose_engine() {
  why=
  if private_pid >/dev/null; then
    engine=private
    use_private
    return
  fi
  local name words
  for name in docker podman; do
    if ! command -v "$name" >/dev/null; then
      why+="$name is not installed; "
    elif words=$("$name" info 2>&1 >/dev/null) && [ -z "$(printf '%s' "$words" | grep -i '^error')" ]; then
      engine=$name
      [ "$name" = docker ] || export KIND_EXPERIMENTAL_PROVIDER=podman
      return
    else
      why+="$name: $(printf '%s' "$words" | tr '\n' ' ' | cut -c 1-200); "
    fi
  done
  engine=private
  use_private
}

use_private() {
  export DOCKER_HOST=unix://$state/docker.sock
  unset DOCKER_CONTEXT KIND_EXPERIMENTAL_PROVIDER
  PATH=$packages/usr/bin:$packages/usr/sbin:$PATH
}

# Where the cluster's ports are.
inside() {
  if [ "$engine" = private ]; then nsenter --net="/proc/$(private_pid)/ns/net" "$@"; else "$@"; fi
}

client() { if [ "$engine" = podman ]; then podman "$@"; else docker "$@"; fi; }

# Whether the engine has kind's own image or can pull it; the private one has no uplink.
published() {
  [ "$engine" != private ] && { client image inspect "$published_image" || timeout 600 "$engine" pull -q "$published_image"; } >/dev/null 2>&1
}

# probe WHAT… : scripts/kind/probe in namespaces as the private daemon's, that go at once.
probe() {
  XTABLES_LIBDIR=$(libraries)/xtables LD_LIBRARY_PATH=$(libraries)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    unshare --net --mount --pid --fork --mount-proc --propagation private "$here/probe" "$@" 2>/dev/null || echo "the kernel gives no namespaces"
}

# Prints what of this machine keeps a private docker from running kind's nodes.
private_lacks() {
  [ "$(id -u)" = 0 ] || { echo "it needs root"; return; }
  local folder megabytes
  { mkdir -p "$work" && folder=$(mktemp -d -p "$work"); } 2>/dev/null || { echo "$work cannot be written"; return; }
  mkdir "$folder"/{lower,upper,work,all}
  probe machine "$folder"
  rm -rf "$folder"
  # Three nodes and what they are made from: 3.7 GB of disk; their processes: 0.9 GB, with their files 2.4.
  megabytes=$(df -Pm "$work" | awk 'NR == 2 { print $4 }')
  ((megabytes >= 5000)) || echo "$megabytes MB are free in $work, 5000 are needed"
  megabytes=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
  ((megabytes >= 2000)) || echo "$megabytes MB of memory are free, 2000 are needed"
}

# Prints why no cluster can be made here; what can be had is taken (fails then).
why_not() {
  choose_engine
  local lacks=
  if [ "$engine" = private ]; then
    lacks=$(private_lacks | head -n 1)
    if [ "$lacks" ]; then
      :
    elif ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
      lacks="it comes from Debian's packages"
    elif ! private_packages >/dev/null 2>&1; then
      lacks="Debian's packages cannot be had (apt-get update)"
    else
      lacks=$(probe rules | head -n 1)
    fi
    lacks=${lacks:+no private docker: $lacks}
  fi
  if [ -z "$lacks" ] && ! get_kind >/dev/null 2>&1; then lacks="kind's Go module cannot be had"; fi
  if [ -z "$lacks" ] && ! published; then lacks=$("$here/node-image" --can 2>/dev/null) && lacks=; fi
  [ "$lacks" ] && echo "$why$lacks"
}

private_packages() {
  from_debian "$packages" docker.io containerd tini libdevmapper1.02.1 iptables libxtables12 libip4tc2 libip6tc2 \
    libnftnl11 libmnl0 libnetfilter-conntrack3 libnfnetlink0 libseccomp2
  local each
  for each in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -sf xtables-nft-multi "$packages/usr/sbin/$each" # Debian's alternatives would
  done
}

libraries() { echo "$packages"/usr/lib/*-linux-gnu; }

start_private() {
  [ "$(id -u)" = 0 ] || fail HF-E-5001 "no container engine can be used" "${why}and a private one needs root" \
    "start docker (systemctl start docker), join its group (usermod -aG docker ${USER:-you}), or run this as root"
  ((${#state} < 80)) || fail HF-E-5001 "the folder's path is too long for sockets" "$state" "use a checkout with a shorter path"
  private_pid >/dev/null && return 0
  local runtime=runc count=0
  private_packages
  mkdir -p "$state"
  # Where root lacks capabilities a --privileged container asks for more than there is.
  (( 0x$(sed -n 's/^CapBnd:\s*//p' /proc/self/status) == (2 << $(cat /proc/sys/kernel/cap_last_cap)) - 1 )) || runtime=bounded
  cat >"$state/daemon.json" <<JSON
{"data-root": "$state/data", "exec-root": "/run/docker", "pidfile": "/run/docker.pid", "hosts": ["unix://$state/docker.sock"],
 "storage-driver": "overlay2", "oom-score-adjust": 0, "exec-opts": ["native.cgroupdriver=cgroupfs"], "cgroup-parent": "/holdfast-kind-$id",
 "runtimes": {"bounded": {"path": "$here/runtime"}}, "default-runtime": "$runtime"}
JSON
  (
    # A lock or pipe of the caller's that it kept would never be let go.
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd < 3)) || eval "exec $fd>&-"
    done
    XTABLES_LIBDIR=$(libraries)/xtables LD_LIBRARY_PATH=$(libraries)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec setsid \
      unshare --net --mount --pid --fork --mount-proc --propagation private "$here/private-daemon" "$state/daemon.json"
  ) >"$state/log" 2>&1 </dev/null &
  local unshare=$!
  until docker version >/dev/null 2>&1; do
    kill -0 "$unshare" 2>/dev/null && ((count++ < 240)) ||
      fail HF-E-1017 "the private docker daemon did not start" "$(tail -n 3 "$state/log")" "look at $work/docker.log"
    read -rt 0.25 <> <(:) || true
    pgrep -P "$unshare" >"$state/pid" 2>/dev/null || true
  done
}

# Ends the private daemon with everything that it ran; the namespaces go with their last process.
stop_private() {
  local pid hierarchy
  if pid=$(private_pid); then
    kill -KILL "$pid"
    while [ -e "/proc/$pid" ]; do read -rt 0.1 <> <(:) || true; done
  fi
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ ! -d "$hierarchy/holdfast-kind-$id" ] || remove_cgroup "$hierarchy/holdfast-kind-$id"
  done
  mv -f "$state/log" "$work/docker.log"
  rm -rf "$state"
}

remove_cgroup() { # the kernel takes the killed processes out in its own time
  local count=0
  until find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; do
    ((count++ < 100)) || fail HF-E-5003 "a cgroup stays" "$1 has processes: $(cat "$1"/cgroup.procs | head -n 3)" "end them, then run this again"
    read -rt 0.1 <> <(:) || true
  done
}

clusters() { inside kind get clusters 2>/dev/null | grep -v '^No kind' || true; }

# The clusters, and what is prepared or being made.
names() {
  {
    clusters
    find "$state" -maxdepth 1 -name '*.yaml' -printf '%f\n' | sed 's/\.yaml$//'
  } | sort -u
}
