"""The servers under legal faults: nothing lost, nobody hung, no spin, no leak; and planted bugs, found and shrunk."""

from __future__ import annotations

import pytest

import fakepoll
from fakepoll.drawn import Drawn
from fakepoll.schedule import Schedule
from tests.impl.servers.planted import PLANTED, Planted
from tests.impl.servers.plays import PLAYS, Play, play

SEEDS = range(25)
PATIENCE = 400
"""Plays until a planted bug has to be found."""
BY_NAME = {each.name: each for each in PLAYS}


def fails(each: Play, seed: int, faults: Drawn | Schedule) -> Schedule | None:
    """Perform a play with faults; answer those that fell if it failed, None if all was well."""
    kernel = fakepoll.Kernel(seed=seed, faults=faults, trace=False)
    try:
        play(each, seed, kernel).check()
    except (AssertionError, OSError, ResourceWarning, fakepoll.Deadlock, fakepoll.Livelock):
        return kernel.fired
    return None


@pytest.mark.parametrize("each", PLAYS, ids=lambda each: each.name)
def test_plays_survive_legal_faults(each: Play) -> None:
    """Some here; `python -m tests.programs` plays as many as you like."""
    fell = 0
    for seed in SEEDS:
        kernel = fakepoll.Kernel(seed=seed, faults="legal", trace=False)
        play(each, seed, kernel).check()
        fell += len(kernel.fired)
    assert fell > 0


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_planted_bugs_are_found_and_shrunk_to_one_fault(bug: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """And are invisible without faults."""
    bug.plant(monkeypatch)
    each = BY_NAME[bug.play]
    for seed in SEEDS[:5]:
        play(each, seed).check()
    for seed in range(PATIENCE):
        fell = fails(each, seed, Drawn(seed, kinds=bug.kinds, swarm=False))
        if fell is not None:
            break
    else:
        pytest.fail(f"not found in {PATIENCE} plays")
    smallest = fell.minimise(lambda schedule: fails(each, seed, schedule) is not None)
    assert len(smallest) == 1, smallest
    assert smallest.lines[0][1].kind in bug.kinds


def test_every_play_has_its_bug() -> None:
    """Nobody forgets a new one."""
    assert {bug.play for bug in PLANTED} == set(BY_NAME)
