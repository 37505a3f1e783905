"""Every line is answered, in order and to the last byte, under whatever luck a connection may have.

Run `python -m pytest` in this folder.
"""

from __future__ import annotations

import contextlib

import pytest
from conversation import LINES, check, talk
from hypothesis import given, settings

from fakepoll import Drawn, Kernel, Schedule
from fakepoll.strategies import fault_plans


@settings(max_examples=200, deadline=None)
@given(faults=fault_plans())
def test_every_line_is_answered(faults: Drawn) -> None:
    """With Hypothesis: what breaks it is shrunk, and printed with the example."""
    check(faults)


@pytest.mark.fakepoll(modules=["line_server"], faults="lossless", seeds=range(20))
def test_every_line_is_answered_by_seed(kernel: Kernel) -> None:
    """With the fixture: each seed is a test, and what fell is in the report of a failure."""
    with contextlib.suppress(ConnectionError):
        answers = talk(kernel)
        assert answers == b"".join(LINES).upper() or kernel.fired.ended()


def test_late_bytes_come_together() -> None:
    """With a schedule: one piece of bad luck, written down for good."""
    fired = check(Schedule.parse("recv@accepted#1[1] = arrive(2)"))
    fired.require("arrive")
