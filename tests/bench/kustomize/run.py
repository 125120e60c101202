#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures `holdfast render kustomize` beside the real tool: one process per build, start-up of both included.

run.py BENCH HOLDFAST WORK [--peer KUSTOMIZE] [--real FOLDER] [--sizes 100,1000,…] [--peer-limit 1000]

BENCH is the program kustomize_bench, HOLDFAST the program that a user runs, KUSTOMIZE a standalone
kustomize, FOLDER the unpacked corpus of real kustomizations. Prints CPU seconds and peak memory;
asserts nothing.
"""
import argparse
import os
import shutil
import statistics
import subprocess


def measure(arguments, command):
    """CPU seconds and peak memory in MiB of one process."""
    said = subprocess.run([arguments.bench, "measure", *command], check=True, stdout=subprocess.PIPE, text=True)
    return [float(word) for word in said.stdout.split()]


def ours_of(arguments, folder):
    return measure(arguments, [arguments.program, "render", "kustomize", folder])


def overlays(arguments):
    print("overlay        ours: CPU s   MiB  ms/1000   peer: CPU s   MiB   ratio")
    for size in arguments.sizes:
        folder = f"{arguments.work}/overlay-{size}"
        if not os.path.isdir(folder):
            subprocess.run([arguments.bench, "make", str(size), folder], check=True)
        ours = ours_of(arguments, f"{folder}/overlay")
        line = f"{size:7}        {ours[0]:11.3f} {ours[1]:5.0f} {ours[0] / size * 1e6:8.1f}"
        if arguments.peer and size <= arguments.peer_limit:
            peer = measure(arguments, [arguments.peer, "build", f"{folder}/overlay"])
            line += f"   {peer[0]:11.3f} {peer[1]:5.0f} {peer[0] / max(ours[0], 1e-3):7.0f}"
        print(line, flush=True)


def real(arguments):
    rows = [line.rstrip("\n").split("\t") for line in open(f"{arguments.real}/index.tsv")]
    rows = [row for row in rows if not row[0].startswith("#") and row[0] != "real-1086"][:: arguments.every]
    ours, peers, sizes = [], [], []
    for row in rows:
        folder = f"{arguments.real}/{row[2]}"
        sizes.append(os.path.getsize(f"{arguments.real}/{row[4]}"))
        ours.append(ours_of(arguments, folder))
        if arguments.peer:
            peers.append(measure(arguments, [arguments.peer, "build", folder]))
    for name, figures in (("ours", ours), ("peer", peers)):
        if figures:
            cpu = [figure[0] for figure in figures]
            memory = [figure[1] for figure in figures]
            print(f"{name}: {len(cpu)} builds, CPU {sum(cpu):.2f} s, median {statistics.median(cpu) * 1000:.1f} ms,"
                  f" memory median {statistics.median(memory):.0f} MiB, largest {max(memory):.0f} MiB")
    if peers:
        pairs = list(zip(ours, peers, sizes))
        large = [o[1] / p[1] for o, p, size in pairs if size > 1_000_000]
        print(f"ratio: CPU in all {sum(p[0] for p in peers) / sum(o[0] for o in ours):.1f},"
              f" median {statistics.median(p[0] / o[0] for o, p, _ in pairs):.1f},"
              f" of the medians {statistics.median(p[0] for p in peers) / statistics.median(o[0] for o in ours):.1f};"
              f" memory median {statistics.median(o[1] / p[1] for o, p, _ in pairs):.2f},"
              f" {len(large)} outputs above 1 MB " + (f"{statistics.median(large):.2f}, at most {max(large):.2f}" if large else "-"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("program")
    parser.add_argument("work")
    parser.add_argument("--peer")
    parser.add_argument("--real")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--sizes", type=lambda text: [int(each) for each in text.split(",")],
                        default=[100, 1000, 2000, 5000, 20000])
    parser.add_argument("--peer-limit", type=int, default=1000)
    arguments = parser.parse_args()
    arguments.bench = os.path.abspath(arguments.bench)
    os.makedirs(arguments.work, exist_ok=True)
    # As it is installed. What a linker has just written lies in small pages of the cache: 0.4 ms more a start.
    arguments.program = shutil.copy(arguments.program, f"{os.path.abspath(arguments.work)}/holdfast")
    overlays(arguments)
    if arguments.real:
        real(arguments)


if __name__ == "__main__":
    main()
