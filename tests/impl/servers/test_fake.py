"""The servers on the fake kernel: every byte in order, no fd left, no busy loop, the same each time."""

from __future__ import annotations

import signal

import pytest

import fakepoll
from tests.impl.servers.plays import PLAYS, Play, play

SEEDS = range(40)
by_name = pytest.mark.parametrize("each", PLAYS, ids=lambda each: each.name)


@by_name
def test_every_client_gets_what_it_asked_for(each: Play) -> None:
    """Forty plays: polite, hasty, dying, slow and wrong clients at once."""
    for seed in SEEDS:
        play(each, seed).check()


@by_name
def test_equal_plays_have_equal_traces(each: Play) -> None:
    """To the byte."""
    traces = []
    for _ in range(2):
        kernel = fakepoll.Kernel(seed=7)
        play(each, 7, kernel)
        traces.append(str(kernel.trace))
    assert traces[0] == traces[1]
    assert signal.Signals.SIGINT.name in traces[0]
