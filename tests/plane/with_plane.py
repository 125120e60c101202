#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a control plane of its own, made for it and gone after it; never on the user's cluster.

usage: with_plane.py PROGRAM [ARGUMENT…]     KUBECONFIG names the control plane; the exit code is the program's
"""
import os
import subprocess
import sys

from plane import Missing, Plane

try:
    with Plane() as plane:
        code = subprocess.run(sys.argv[1:], env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)}, timeout=280).returncode
    sys.exit(code)
except Missing as missing:
    print(f"skipped: {sys.argv[1]}: {missing}")
