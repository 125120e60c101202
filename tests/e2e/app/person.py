# SPDX-License-Identifier: Apache-2.0
"""What the tests of `holdfast app` share: somebody who types commands and reads the answers."""
import os
import pty
import subprocess


def person(program, plane):
    """app(*words, exit_code=0, text=None, editor=None): what the command says; `text` is what it reads."""

    def app(*words, exit_code=0, text=None, editor=None):
        environment = {**os.environ, "EDITOR": editor} if editor else None
        ran = subprocess.run([program, "app", *words, "--kubeconfig", plane.kubeconfig], capture_output=True, text=True, timeout=120, input=text,
                             env=environment)
        if ran.returncode != exit_code:
            raise AssertionError(f"app {' '.join(words)}: exit {ran.returncode}, not {exit_code}\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout + ran.stderr

    return app


def at_terminal(program, plane, *words, answer, exit_code=0):
    """The same at a terminal, where the one question is answered: what stands on the screen."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen([program, "app", *words, "--kubeconfig", plane.kubeconfig], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    screen = b""
    try:
        while piece := os.read(ours, 65536):
            screen += piece
    except OSError:
        pass  # the terminal is closed with the last who has it open
    finally:
        os.close(ours)
    if ran.wait(timeout=120) != exit_code:
        raise AssertionError(f"app {' '.join(words)}: exit {ran.returncode}, not {exit_code}\n{screen.decode()}")
    return screen.decode().replace("\r\n", "\n")


def says(text, *wanted):
    for each in wanted:
        if each not in text:
            raise AssertionError(f"\"{each}\" is not in:\n{text}")
