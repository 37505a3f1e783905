"""Equal seeds give equal bytes on the fake world: in any process, under any hash seed, with any number of jobs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import campaign, judge, library
from conformance.budget import ENDLESS, Budget, Meter
from conformance.history import HUNG
from conformance.mutants import MUTANTS
from conformance.protocol import Capability
from conformance.replay import FOLDER
from tests.conformance.histories import did, tell

HERE = Path(__file__).parents[2]
SPECS = {mutant.name: mutant.spec for mutant in MUTANTS}
POLLERS = ("reference", SPECS["ignores_deregister"], SPECS["keeps_oneshot"])
"""One that keeps all, and two whose findings, minimised, are in the report."""
SMALL = 48
"""Drawn scenarios: three for each shard."""
_SMALLER = (
    f"import sys; from conformance import campaign, cli; campaign.PROFILES['quick'] = {SMALL}; sys.exit(cli.main())"
)


def report(folder: Path, *, hash_seed: str, jobs: int) -> dict[str, bytes]:
    """Run the command in a folder and a process of its own; all the bytes that it leaves."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(HERE)}
    options = ("--world", "fake", "--seed", "7", "--json", "report.json", "--jobs", str(jobs))
    done = subprocess.run(
        [sys.executable, "-c", _SMALLER, "run", *POLLERS, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode()
    left = [folder / "report.json", *(folder / FOLDER).iterdir()]
    return {"stdout": done.stdout, **{path.name: path.read_bytes() for path in left}}


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    """The terminal, the JSON report, the findings and their scripts."""
    assert campaign.PROFILES["quick"] > SMALL
    first = report(tmp_path / "first", hash_seed="0", jobs=1)
    assert b"smallest scenario:" in first["stdout"]
    assert any(name.endswith(".py") for name in first)
    for name, hash_seed, jobs in (("second", "1", 2), ("third", "random", 1)):
        assert report(tmp_path / name, hash_seed=hash_seed, jobs=jobs) == first


@pytest.mark.slow
def test_budget_of_steps_cuts_every_run_at_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the same time: the clock has no say on the fake world."""
    monkeypatch.setitem(campaign.STEPS, "quick", 12_000)
    monkeypatch.setitem(campaign.BUDGETS, "quick", 0.001)
    reports = [judge(SPECS["keeps_oneshot"], world="fake", seed=3) for _ in "ab"]
    assert reports[0] == reports[1]
    part = reports[0].pollers[0]
    assert len(library.LIBRARY) < part.scenarios < part.planned
    assert reports[0].findings


def test_meter_counts_entries_and_hangs() -> None:
    """A hang costs what could be done in its time; without a budget nothing is ever spent."""
    history = tell(did("pipe 1 2"), did("register 1 7 r level"), capabilities=Capability.LEVEL)
    meter, endless = Meter(Budget(steps=2 * len(history.entries))), Meter(ENDLESS)
    for is_spent in (False, True):
        endless.ran(meter.ran(history))
        assert meter.is_spent is is_spent
    hung = replace(history, entries=(replace(history.entries[0], ended=HUNG),))
    assert hung.is_fatal
    assert endless.steps < 10
    endless.ran(hung)
    assert endless.steps > 1_000
    assert not endless.is_spent
