"""The example of docs/faults.md: its server is right, and each of its two bugs is found and shrunk to one fault."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fakepoll import Drawn, Schedule
from fakepoll.strategies import fault_plans

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "line_protocol"
PLUGIN = "fakepoll.pytest_plugin"


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """The example's module of what must be true, imported as its own tests do."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("conversation")
    sys.path.remove(str(FOLDER))


def find(example: ModuleType, server: Any, number: int) -> Schedule:
    """Let Hypothesis look for what breaks a server; give the last, smallest failure's faults."""
    fallen: list[Schedule] = []

    @seed(number)
    @settings(
        max_examples=1000, database=None, deadline=None, report_multiple_bugs=False, print_blob=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(faults=fault_plans())
    def run(faults: Drawn) -> None:
        fell: list[Any] = []
        faults.fell = lambda site, fault: fell.append((site, fault))  # type: ignore[attr-defined]  # instead of a note
        try:
            example.check(faults, server)
        except AssertionError:
            fallen.append(Schedule(tuple(fell)))
            raise

    with contextlib.suppress(AssertionError):
        run()
    assert fallen, "the bug was not found"
    return fallen[-1]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", ["ReadsOnce", "HangsUp"])
def test_planted_bug_is_found_and_shrunk_to_one_fault(example: ModuleType, name: str, number: int) -> None:
    """One fault is left, it breaks the buggy server again, and the right one survives it."""
    server = getattr(sys.modules["line_server"], name)
    schedule = find(example, server, number)
    assert len(schedule) == 1, schedule
    with pytest.raises(AssertionError):
        example.check(Schedule.parse(str(schedule)), server)
    assert example.check(schedule) == schedule


def test_example_runs_as_its_reader_runs_it() -> None:
    """`python -m pytest` in its folder passes."""
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(() if installed else ("-p", PLUGIN))]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
