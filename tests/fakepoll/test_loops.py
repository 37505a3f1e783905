"""Event loops run unchanged on the fake kernel: a hundred clients, equal traces, two hours in no time."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import fakepoll
from tests.fakepoll.echoes import CLIENTS, LOOPS, ROUNDS, TWO_HOURS, patched

ROOT = Path(__file__).parents[2]


def program(loop: str) -> ModuleType:
    """Find the echo program of a loop."""
    return import_module(f"tests.fakepoll.echoes.with_{loop}")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_hundred_clients_get_their_echoes(loop: str) -> None:
    """An unchanged server and its clients run on the fake kernel and leave nothing open."""
    kernel = fakepoll.Kernel()
    with patched(kernel, loop):
        assert program(loop).echoes() == CLIENTS * ROUNDS
    assert list(kernel.fds.items()) == []


@pytest.mark.parametrize("loop", LOOPS)
def test_two_hours_are_virtual(loop: str) -> None:
    """The wait takes two hours of the kernel's clock; the suite's own timeout is the proof that it takes no more."""
    kernel = fakepoll.Kernel()
    with patched(kernel, loop):
        assert program(loop).waits_two_hours() == pytest.approx(TWO_HOURS, abs=1.5)


@pytest.mark.parametrize("loop", LOOPS)
def test_equal_runs_have_equal_traces(loop: str) -> None:
    """Two processes with different hash seeds write the same bytes."""
    traces = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.fakepoll.echoes", loop]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
        traces.append(done.stdout)
    assert traces[0] == traces[1]
    assert traces[0].count(b"\n") > CLIENTS * ROUNDS * 4
