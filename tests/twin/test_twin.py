"""The fake kernel cannot be told from Linux by a random program; nor can the twin test be fooled."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.twin.__main__ import SCARCE
from tests.twin.calls import ANYWHERE, FAMILIES, INTERNETWORK, IPV6, LOCAL, OPENINGS, ROWS, Mask
from tests.twin.compare import twins
from tests.twin.drawing import draw
from tests.twin.program import Call, Program, minimise, show
from tests.twin.worlds import contiguous, perform, real_world

SEED, PROGRAMS, LENGTH = 20_261_120, 30, 500


@pytest.fixture(scope="module")
def base() -> Iterator[int]:
    """The fd number from which on all are free in this process."""
    with contiguous() as fd:
        yield fd


@st.composite
def programs(draw_one: Callable[..., int], family: str) -> Program:
    """Draw short programs, choice by choice."""
    return draw(lambda n: draw_one(st.integers(0, n - 1)), family, draw_one(st.integers(1, 60)))


@pytest.mark.parametrize("family", FAMILIES)
def test_random_programs_are_answered_alike(family: str, base: int) -> None:
    """Return values, errnos and ordered event lists are Linux's (plain generator; the long run is tox -e twin)."""
    for seed in range(SEED, SEED + PROGRAMS):
        pair = twins(base, SCARCE if seed % 4 == 3 else None)
        source = random.Random(f"{family}-{seed}")
        difference = pair.check(*pair.draw(source.randrange, family, LENGTH))
        assert difference is None, str(pair.shrink(difference))


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_drawn_programs_are_answered_alike(family: str, data: st.DataObject) -> None:
    """The same, drawn by Hypothesis; what differs is shrunk by deletion, which here beats shrinking the draws."""
    program = data.draw(programs(family))
    with contiguous() as base:
        pair = twins(base)
        difference = pair.compare(program)
        assert difference is None, str(pair.shrink(difference))


@pytest.mark.parametrize("family", FAMILIES)
def test_generator_reaches_every_call(family: str) -> None:
    """No row of the table is dead: a few hundred programs draw each of them."""
    drawn = {call.name for seed in range(100) for call in draw(random.Random(seed).randrange, family, 200)}
    assert [row.name for row in FAMILIES[family] if row.name not in drawn] == []


def test_rows_are_named_once() -> None:
    """A call finds its row by name, and every opening names calls."""
    names = [row.name for rows in (ANYWHERE, LOCAL, INTERNETWORK, IPV6) for row in rows]
    assert len(names) == len(dict.fromkeys(names))
    assert {name for opening in OPENINGS.values() for calls in opening.values() for name in calls} <= {*ROWS}


HAND_WRITTEN: Program = (
    Call("pair", (), (0, 1)),
    Call("epoll", (), (2,)),
    Call("register", (2, 0, Mask(1 | 1 << 31))),
    Call("send", (1, 0, 5)),
    Call("wait", (2, 50)),
    Call("wait", (2, 50)),
    Call("recv", (0, 2)),
    Call("recv", (1, 2)),
)


def test_printed_program_is_what_was_performed(base: int) -> None:
    """What is printed runs as it is and prints the answers."""
    with real_world() as world:
        answers = perform(world, HAND_WRITTEN)[2:]
    assert answers == [None, 5, [(base, 1)], [], b"\0\1", "EAGAIN"]
    done = subprocess.run(
        [sys.executable, "-c", show(HAND_WRITTEN)], capture_output=True, check=True, text=True, timeout=60
    )
    assert done.stdout.split("\n") == ["None", "5", "[(3, 1)]", "[]", r"b'\x00\x01'", "EAGAIN", ""]


def test_every_subsequence_is_a_program() -> None:
    """A call on a slot that was never filled is skipped, so shrinking is deletion."""
    for index in range(len(HAND_WRITTEN)):
        with real_world() as world:
            perform(world, HAND_WRITTEN[:index] + HAND_WRITTEN[index + 1 :])


def test_minimise_keeps_what_the_failure_needs() -> None:
    """Deletion ends with the calls that cannot be spared."""
    needed = (HAND_WRITTEN[0], HAND_WRITTEN[3])
    assert minimise(HAND_WRITTEN, lambda program: all(call in program for call in needed)) == needed


def test_nothing_stays_open(base: int) -> None:
    """A program's files are closed when its world is, whatever the program did."""
    with real_world() as world:
        perform(world, draw(random.Random(1).randrange, "local", 300))
    with contiguous() as after:
        assert after == base
