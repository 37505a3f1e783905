"""Start-up: what a user waits for before anything happens.

Counted is the processor time of the child, which is what it takes on an idle machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.rows import EXTRA, LENGTH, Pair, Row, compared
from benchmarks.turns import children_ns

__all__ = ["ROWS", "program"]


def program(name: str) -> str:
    """Where the installed command is: beside this interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def _call(*command: str, cwd: str | None = None, env: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, cwd=cwd, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@contextmanager
def _helping() -> Iterator[Pair]:
    yield Pair(
        subject=partial(_call, program("pollcheck"), "--help"), against=partial(_call, sys.executable, "-c", "pass")
    )


@contextmanager
def _testing() -> Iterator[Pair]:
    """One test that passes, under a pytest without any other plugin, which might have imported already what ours import."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        bare = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
        pytest = partial(_call, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, env=bare)
        yield Pair(
            subject=partial(pytest, "-p", "conformance.pytest_plugin", "-p", "fakepoll.pytest_plugin"),
            against=pytest,
        )


ROWS: tuple[Row, ...] = (
    compared(
        name="help",
        subject="pollcheck --help",
        against="python -c pass",
        target=150.0,
        shape=LENGTH,
        prepare=_helping,
        rounds=25,
        clock=children_ns,
    ),
    compared(
        name="plugin",
        subject="pytest with both plugins, unused",
        against="pytest without",
        target=10.0,
        shape=EXTRA,
        prepare=_testing,
        rounds=25,
        clock=children_ns,
    ),
)
