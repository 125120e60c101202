#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a report of the scenario runner against the list of known differences.

usage: judge.py DIFFERENCES REPORT

Prints the count of every group, and fails when a scenario differs that the list does not name, or is
equal although the list names it (the list would otherwise rot).
"""
import collections
import json
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    known = tomllib.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    report = json.load(file)

groups = collections.defaultdict(collections.Counter)
bad = []
for row in report:
    name, verdict = row["scenario"], row["verdict"]
    groups[name.split("/")[0]][verdict] += 1
    reason = next((known[kind][name] for kind in ("later", "different", "races") if name in known.get(kind, {})), None)
    if verdict == "failed" and not reason:
        bad.append(f"differs from the recording: {name}")
    elif verdict == "failed":
        print(f"known difference: {name}: {reason}")
    elif verdict == "passed" and name in known.get("later", {}):
        bad.append(f"equal by now, take it off the list: {name}")

for group, count in sorted(groups.items()):
    print(f"{group:14} {count['passed']:4} equal {count['failed']:4} different {count['skipped']:4} skipped")
total = sum((count for count in groups.values()), collections.Counter())
print(f"{'all':14} {total['passed']:4} equal {total['failed']:4} different {total['skipped']:4} skipped")
for line in bad:
    print(line)
sys.exit(1 if bad else 0)
