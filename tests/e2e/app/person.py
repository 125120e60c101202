# SPDX-License-Identifier: Apache-2.0
"""What the tests of `holdfast app` share: somebody who types commands and reads the answers."""
import subprocess


def person(program, plane):
    """app(*words, exit_code=0, text=None): what the command says; `text` is what it reads."""

    def app(*words, exit_code=0, text=None):
        ran = subprocess.run([program, "app", *words, "--kubeconfig", plane.kubeconfig], capture_output=True, text=True, timeout=120, input=text)
        if ran.returncode != exit_code:
            raise AssertionError(f"app {' '.join(words)}: exit {ran.returncode}, not {exit_code}\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout + ran.stderr

    return app


def says(text, *wanted):
    for each in wanted:
        if each not in text:
            raise AssertionError(f"\"{each}\" is not in:\n{text}")
