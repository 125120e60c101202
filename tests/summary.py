#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up the JUnit files of a test run: what was skipped and why, what failed, one closing line.

usage: summary.py FOLDER
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

# A skipped test: its name when it began, the reason on the line after "Skipped", its end with a time. The list at
# the program's end names it again, without a time.
SKIPPED = re.compile(r"^\[ RUN      \] (\S+)\n(?:(?!\[ RUN).*\n)*?\[  SKIPPED \] \1 \(", re.M)
REASON = re.compile(r"Skipped\n(.*)")
CASES = re.compile(r"^\[==========\] (\d+) tests? from .* ran", re.M)
FAILED = re.compile(r"^\[  FAILED  \] (\S+)(?: \(|,)", re.M)

passed, failed, skipped = 0, [], {}
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    for case in ET.parse(file).getroot().iter("testcase"):
        name, output = case.get("name"), case.findtext("system-out") or ""
        ran = [int(count) for count in CASES.findall(output)]  # one for each program of the test
        gone = list(SKIPPED.finditer(output))
        for test in gone:
            reason = REASON.search(test.group())
            skipped[f"{name} {test.group(1)}"] = reason.group(1).strip() if reason else ""
        lost = sorted(set(FAILED.findall(output)))
        bad = case.get("status") == "fail"
        if bad:
            failed += [f"{name} {test}" for test in lost] or [name]
        if case.get("status") in ("notrun", "disabled"):
            skipped[name] = (output.strip().splitlines() or ["not run"])[-1]
        elif ran:
            passed += sum(ran) - len(gone) - (len(lost) if bad else 0)
        elif not bad:
            passed += 1

for test, reason in sorted(skipped.items()):
    print(f"skipped: {test}" + (f": {reason}" if reason else ""))
for test in failed:
    print(f"failed: {test}")
print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
