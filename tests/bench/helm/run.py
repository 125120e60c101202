#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures `holdfast render helm` beside `helm template`: one process per chart, start-up of both included.

run.py BENCH HOLDFAST WORK --peer HELM [--real FOLDER] [--every N] [--runs N]

BENCH is the program helm_bench, HOLDFAST the program that a user runs, FOLDER the unpacked corpus of
real charts. Prints CPU time and peak memory, also above those of an empty chart; asserts nothing.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess

CONFIG_MAPS = """{{- range $i := until (int .Values.count) }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ printf "%s-%04d" $.Release.Name $i }}
  labels:
    {{- include "range.labels" $ | nindent 4 }}
data:
  index: {{ $i | quote }}
  text: {{ repeat 3 "holdfast " | trim | quote }}
{{- end }}
"""
LABELS = """{{- define "range.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.Version | quote }}
{{- end -}}
"""
WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
      - name: web
        image: {{ printf "%s:%s" .Values.image.repository .Values.image.tag | quote }}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
spec:
  ports:
  - port: {{ .Values.port }}
"""
WORKLOAD_VALUES = """replicas: 2
port: 80
image: {repository: example/web, tag: "1.0"}
resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 10m, memory: 32Mi}}
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def chart(folder, name, more=""):
    write(f"{folder}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n{more}")
    return folder


def made_charts(work):
    """The charts that no repository has, by name."""
    empty = chart(f"{work}/empty", "empty")
    names = [f"part{i:02}" for i in range(50)]
    listed = "dependencies:\n" + "".join(
        f"- {{name: {name}, version: 0.1.0, condition: {name}.enabled}}\n" for name in names)
    umbrella = chart(f"{work}/umbrella", "umbrella", listed)
    write(f"{umbrella}/values.yaml", "".join(f"{name}: {{enabled: true}}\n" for name in names))
    for name in names:
        part = chart(f"{umbrella}/charts/{name}", name)
        write(f"{part}/values.yaml", WORKLOAD_VALUES)
        write(f"{part}/templates/web.yaml", WORKLOAD)
    ranging = chart(f"{work}/range", "range")
    write(f"{ranging}/values.yaml", "count: 5000\n")
    write(f"{ranging}/templates/_labels.tpl", LABELS)
    write(f"{ranging}/templates/maps.yaml", CONFIG_MAPS)
    return empty, umbrella, ranging


def flags_of(case, folder):
    """What `helm template` is given for a case of the corpus."""
    flags = ["--name-template", case["release"], "--namespace", case["namespace"]]
    if case.get("kubeVersion"):
        flags += ["--kube-version", case["kubeVersion"]]
    for key, flag in (("set", "--set"), ("setString", "--set-string"), ("setJson", "--set-json"),
                      ("setLiteral", "--set-literal"), ("apiVersions", "--api-versions")):
        for text in case.get(key) or []:
            flags += [flag, text]
    for name in case.get("values") or []:
        flags += ["--values", f"{folder}/{name}"]
    for text in case.get("setFile") or []:
        key, _, path = text.partition("=")
        flags += ["--set-file", f"{key}={folder}/{path}"]
    for key, flag in (("includeCrds", "--include-crds"), ("skipTests", "--skip-tests"),
                      ("noHooks", "--no-hooks"), ("isUpgrade", "--is-upgrade"),
                      ("skipSchemaValidation", "--skip-schema-validation")):
        if case.get(key):
            flags.append(flag)
    return flags


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        # As it is installed. What a linker has just written lies in small pages of the cache: 0.4 ms more a start.
        program = shutil.copy(arguments.program, f"{os.path.abspath(arguments.work)}/holdfast")
        self.tools = {"holdfast": [program, "render", "helm"],
                      "helm": [arguments.peer, "template"]}

    def once(self, tool, folder, flags):
        """CPU milliseconds and peak MiB of one process."""
        command = [self.arguments.bench, "measure", *self.tools[tool], folder, *flags]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        cpu, memory, _ = (int(word) for word in text.split())
        return cpu / 1000, memory / 1024

    def charts(self, charts):
        """Prints the least CPU time and the median memory of several runs. They go round all charts, the first of
        which is empty: what else the machine does would tell on one chart alone otherwise, or on the start-up."""
        runs = [[self.once(tool, folder, flags) for _, folder, flags in charts for tool in self.tools]
                for _ in range(self.arguments.runs)]
        figures = [(min(run[0] for run in column), statistics.median(run[1] for run in column)) for column in zip(*runs)]
        rows = [dict(zip(self.tools, figures[at:])) for at in range(0, len(figures), len(self.tools))]
        print("chart                            CPU ms: " + "  ".join(f"{tool:>16}" for tool in self.tools)
              + "   ratio  above start-up   MiB: " + "  ".join(f"{tool:>8}" for tool in self.tools)
              + "  ratio  above start-up")
        for (name, _, _), row in zip(charts, rows):
            above = [{tool: max(row[tool][at] - rows[0][tool][at], 0.1) for tool in self.tools} for at in (0, 1)]
            times = "  ".join(f"{row[tool][0]:7.1f} ({above[0][tool]:6.1f})" for tool in self.tools)
            memory = "  ".join(f"{row[tool][1]:8.1f}" for tool in self.tools)
            ratios = [row["helm"][at] / row["holdfast"][at] for at in (0, 1)]
            gains = [each["helm"] / each["holdfast"] for each in above]
            print(f"{name:40} {times}  {ratios[0]:6.1f}  {gains[0]:14.1f}        {memory}  {ratios[1]:5.1f}  {gains[1]:14.1f}")

    def real(self, folder):
        cases = sorted(os.listdir(f"{folder}/cases"))[:: self.arguments.every]
        figures = {tool: [] for tool in self.tools}
        for name in cases:
            place = f"{folder}/cases/{name}"
            with open(f"{place}/cmd.json") as file:
                case = json.load(file)
            where = os.path.normpath(f"{place}/{case.get('chart', 'chart')}")
            for tool in self.tools:
                figures[tool].append(self.once(tool, where, flags_of(case, place)))
        for tool, runs in figures.items():
            print(f"real corpus, {len(runs)} renders, {tool}: CPU {sum(r[0] for r in runs) / 1000:.2f} s,"
                  f" median {statistics.median(r[0] for r in runs):.1f} ms;"
                  f" memory median {statistics.median(r[1] for r in runs):.1f} MiB,"
                  f" largest {max(r[1] for r in runs):.1f} MiB")
        ours, peers = figures["holdfast"], figures["helm"]
        cpu = sum(r[0] for r in peers) / sum(r[0] for r in ours)
        memory = statistics.median(r[1] for r in peers) / statistics.median(r[1] for r in ours)
        print(f"ratio: CPU in all {cpu:.1f}, median memory {memory:.1f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("program")
    parser.add_argument("work")
    parser.add_argument("--peer", required=True)
    parser.add_argument("--real")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    bench = Bench(arguments)
    empty, umbrella, ranging = made_charts(arguments.work)
    charts = [("empty chart", empty, []), ("umbrella of 50 subcharts", umbrella, [])]
    charts += [(f"one template, {count} ConfigMaps", ranging, ["--set", f"count={count}"])
               for count in (2500, 5000, 10000, 20000)]
    if arguments.real:
        for name in ("argo-cd", "kube-prometheus-stack"):
            found = [f"{arguments.real}/charts/{each}" for each in os.listdir(f"{arguments.real}/charts")
                     if each.endswith(f"__charts-{name}")]
            charts += [(name, each, ["--include-crds"]) for each in found[:1]]
    bench.charts(charts)
    if arguments.real:
        bench.real(arguments.real)


if __name__ == "__main__":
    main()
