"""A script is run before anybody is told of it: on the subject it must show the bug, on the control nothing."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

__all__ = ["SHOWN", "Outcome", "run"]

SHOWN = re.compile(r"^(broken: .*|Timeout \(.*|fakepoll\.\w+\.(?:Dead|Live)lock: .*)$", re.MULTILINE)
"""The line by which a script says that it has seen the bug: the assertion, the deadline, a wait that the fake kernel knows is endless."""
_GRACE = 5.0
"""Seconds beyond its own deadline until a script is killed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script ended, and the line in which it said why (or its last)."""

    code: int
    line: str
    has_shown: bool
    is_late: bool = False
    """It did not even keep its own deadline, and was killed."""


def run(source: str, *options: str, seconds: float) -> Outcome:
    """Run a script in a process of its own, for so many seconds at most."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", source, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        is_late = False
        try:
            process.wait(seconds + _GRACE)
        except subprocess.TimeoutExpired:
            is_late = True
            process.kill()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and whoever it left behind
            process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    shown = SHOWN.search(said)
    lines = said.strip().splitlines()
    return Outcome(process.returncode, shown[0] if shown else (lines or [""])[-1], bool(shown), is_late)
