"""One registration: what is ready, what settles it, what is armed, what must stay silent."""

from __future__ import annotations

import pytest

from conformance.protocol import NOTHING, Capability, Interest, Trigger
from conformance.slots import File
from conformance.watch import Watch, settles, shows
from tests.conformance.histories import ERR, ERROR, EVERYTHING, HUP, IN, OUT, PRI, RDHUP, READ_CLOSED, WRITE_CLOSED
from tests.conformance.histories import R as TOLD_R

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY


def watching(interest: Interest = R, trigger: Trigger = Trigger.EDGE, kind: str = "unix") -> Watch:
    """A fresh registration, with nothing armed."""
    return Watch(1, File(kind, labels=[1]), 11, 7, interest, trigger)


@pytest.mark.parametrize(
    ("direction", "mask", "ready"),
    [
        (R, IN, True),
        (R, HUP, True),
        (R, ERR, True),
        (R, OUT | PRI | RDHUP, False),
        (W, OUT, True),
        (W, ERR, True),
        (W, HUP | IN | RDHUP, False),
        (P, PRI, True),
        (P, IN | OUT | HUP | ERR, False),
    ],
)
def test_when_a_direction_is_ready(direction: Interest, mask: int, ready: bool) -> None:
    """Rule 3: READABLE = POLLIN, POLLHUP or POLLERR; WRITABLE = POLLOUT or POLLERR."""
    assert shows(direction, mask) is ready


@pytest.mark.parametrize(
    ("direction", "mask", "told", "capabilities", "settled"),
    [
        (R, IN, TOLD_R, NOTHING, True),
        (R, IN, READ_CLOSED | ERROR, EVERYTHING, False),
        (R, HUP, READ_CLOSED, EVERYTHING, True),
        (R, HUP, READ_CLOSED, Capability.ERROR_HINT, False),
        (R, HUP, WRITE_CLOSED, EVERYTHING, False),
        (R, ERR, ERROR, Capability.ERROR_HINT, True),
        (R, ERR, ERROR, Capability.CLOSED_HINTS, False),
        (W, ERR, WRITE_CLOSED, EVERYTHING, True),
        (W, ERR | OUT, WRITE_CLOSED | ERROR, EVERYTHING, False),
        (W, OUT, TOLD_R, EVERYTHING, False),
        (P, PRI, ERROR, EVERYTHING, False),
    ],
)
def test_which_event_settles_a_debt(
    direction: Interest, mask: int, told: int, capabilities: Capability, settled: bool
) -> None:
    """DESIGN 3.1: a claimed hint settles what only POLLHUP or POLLERR made owed, and nothing else."""
    assert settles(direction, mask, told, capabilities) is settled


def test_arming_is_by_direction() -> None:
    """A WouldBlock of recv arms nothing but READABLE, and nothing that is not asked for."""
    watch = watching(R | W)
    watch.arm("WouldBlock", 0, only=R)
    assert watch.armed == {R: "WouldBlock"}
    watch.arm("register", OUT)
    assert watch.armed == {R: "register", W: "register"}
    assert watch.ready_at == {R: False, W: True}
    reader = watching(R)
    reader.arm("WouldBlock", 0, only=W)
    assert not reader.armed


def test_a_plain_reregister_does_not_weaken_what_is_armed() -> None:
    """`again` is a SHOULD; what was a MUST before it stays one."""
    watch = watching(R | W)
    watch.arm("WouldBlock", 0, only=R)
    watch.arm("again", IN | OUT)
    assert watch.owes(R, IN)
    assert watch.is_owed(W, OUT)
    assert not watch.owes(W, OUT)


@pytest.mark.parametrize("fact", ["is_judged", "is_enabled"])
def test_nothing_is_owed_to_what_does_not_count(fact: str) -> None:
    """Haunted and fired registrations are owed nothing; nor is one of a file that is not judged."""
    for trigger in (Trigger.LEVEL, Trigger.EDGE):
        watch = watching(trigger=trigger)
        watch.arm("register", IN)
        assert watch.owes(R, IN)
        setattr(watch, fact, False)
        assert not watch.is_owed(R, IN)
    assert not watching(trigger=Trigger.LEVEL, kind="fresh").is_owed(R, HUP)


def test_what_is_not_asked_for_is_silent() -> None:
    """Only directions that the file has, and READABLE may accompany PRIORITY."""

    def silences(interest: Interest, kind: str) -> list[str]:
        return [quiet.should_be for quiet in watching(interest, kind=kind).watch_outside(1, NO, NO)]

    assert silences(R, "unix") == ["no WRITABLE for token 7"]
    assert silences(W, "unix") == ["no READABLE for token 7"]
    assert silences(R | W, "unix") == []
    assert silences(R, "read end") == []
    assert silences(P, "tcp") == ["no WRITABLE for token 7"]


def test_a_dropped_direction_knows_whether_it_was_owed() -> None:
    """REG-06 asks about those that were; one that was never asked for is another guarantee's."""
    (quiet,) = watching(R).watch_outside(1, W, W)
    assert (quiet.reason, quiet.was_owed) == ("dropped", True)
    (quiet,) = watching(R).watch_outside(1, W, R)
    assert (quiet.reason, quiet.was_owed) == ("dropped", False)
    (quiet,) = watching(R).watch_outside(1, NO, NO)
    assert (quiet.reason, quiet.was_owed) == ("interest", False)


NO = Interest(0)
