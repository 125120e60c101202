#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up the JUnit files of a test run: what was skipped and why, what failed, one closing line.

usage: summary.py FOLDER
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

SKIPPED = re.compile(r"^\[  SKIPPED \] (\S+)", re.M)
REASON = re.compile(r"Skipped\n(.*)")
CASES = re.compile(r"^\[==========\] (\d+) tests? from .* ran", re.M)
FAILED = re.compile(r"^\[  FAILED  \] (\S+)(?: \(|,)", re.M)

passed, failed, skipped = 0, [], {}
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    for case in ET.parse(file).getroot().iter("testcase"):
        name, output = case.get("name"), case.findtext("system-out") or ""
        ran = CASES.search(output)
        gone = sorted(set(SKIPPED.findall(output)))
        reasons = REASON.findall(output)
        for index, test in enumerate(gone):
            skipped[f"{name} {test}"] = reasons[index].strip() if index < len(reasons) else ""
        lost = sorted(set(FAILED.findall(output)))
        bad = case.get("status") == "fail"
        if bad:
            failed += [f"{name} {test}" for test in lost] or [name]
        if case.get("status") in ("notrun", "disabled"):
            skipped[name] = "not run"
        elif ran:
            passed += int(ran.group(1)) - len(gone) - (len(lost) if bad else 0)
        elif not bad:
            passed += 1

for test, reason in sorted(skipped.items()):
    print(f"skipped: {test}" + (f": {reason}" if reason else ""))
for test in failed:
    print(f"failed: {test}")
print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
