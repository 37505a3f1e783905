"""What counts as put to the test: for each condition of a check a history that meets it, and one that does not quite.

A guarantee that was never really put to the test is unknown, not kept; so a mark that is always set would be a lie of ours. Every history
here is of an honest poller.
"""

from __future__ import annotations

import pytest

from tests.conformance.histories import (
    HUP,
    IN,
    OUT,
    PRI,
    RDHUP,
    READ_CLOSED,
    Part,
    R,
    W,
    awaited,
    did,
    judge,
    polled,
    rested,
    silent,
    told,
)
from tests.conformance.pairs import DRAINED, EDGE, IDLE, LEVEL, ONESHOT, READY, SENT, TOLD, UNIX

BLANK = {2: 0}
TWO = {1: IN, 2: IN}
PAIRED = (UNIX, EDGE, did("register 1 8 r edge", mask=0))
READ_AGAIN = did("reregister 2 7 r edge", mask=0)
FIRED = (UNIX, ONESHOT, SENT, TOLD)
OTHERS = (did("eventfd 3"), did("register 3 3 r edge"), did("eventfd 4"), did("register 4 4 r edge"))
USER = (did("user 1"), did("register 1 7 rw edge", mask=0))
PIPE_END = did("drain 2", outcome="EOF", mask=HUP)

CONDITIONS: tuple[tuple[str, str, tuple[Part, ...], tuple[Part, ...]], ...] = (
    (
        "REG-01",
        "it was not ready at register",
        (UNIX, LEVEL, SENT, TOLD),
        (UNIX, did("register 2 7 r level", mask=IN), TOLD),
    ),
    (
        "REG-02",
        "it was ready at register",
        (UNIX, did("register 2 7 r level", mask=IN), TOLD),
        (UNIX, LEVEL, SENT, TOLD),
    ),
    (
        "REG-03",
        "the file was ready for what was not asked",
        (UNIX, LEVEL, told(shown=IDLE)),
        (UNIX, LEVEL, told(shown=BLANK)),
    ),
    (
        "REG-03",
        "the direction was never asked for",
        (UNIX, LEVEL, told(shown=IDLE)),
        (UNIX, did("register 2 7 rw edge", mask=0), did("reregister 2 7 r edge", mask=OUT), told(shown=IDLE)),
    ),
    (
        "REG-04",
        "the direction was asked for",
        (UNIX, did("register 2 7 rw edge", mask=0), READ_AGAIN, told(shown=IDLE)),
        (UNIX, EDGE, READ_AGAIN, told(shown=IDLE)),
    ),
    (
        "REG-05",
        "the direction was added",
        (UNIX, EDGE, did("reregister 2 7 rw edge", mask=OUT), told((7, W), shown=IDLE)),
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, W), shown=IDLE)),
    ),
    (
        "REG-05",
        "the interest of a level was changed",
        (UNIX, LEVEL, did("reregister 2 7 w level", mask=OUT), told((7, W), shown=IDLE)),
        (UNIX, LEVEL, did("reregister 2 7 r level", mask=0), SENT, TOLD),
    ),
    (
        "REG-06",
        "what was dropped was owed",
        (UNIX, EDGE, SENT, did("reregister 2 7 w edge", mask=IN), told(shown={2: IN})),
        (UNIX, EDGE, did("reregister 2 7 w edge", mask=0), SENT, told(shown={2: IN})),
    ),
    (
        "REG-07",
        "the trigger was changed",
        (UNIX, EDGE, did("reregister 2 7 r level", mask=0), SENT, TOLD),
        (UNIX, LEVEL, did("reregister 2 7 r level", mask=0), SENT, TOLD),
    ),
    (
        "REG-08",
        "nothing was registered",
        (UNIX, did("deregister 2", refused="KeyError(2)")),
        (UNIX, EDGE, did("deregister 2")),
    ),
    (
        "REG-09",
        "the file was ready",
        (UNIX, EDGE, did("deregister 2"), told(shown=READY)),
        (UNIX, EDGE, did("deregister 2"), told(shown=BLANK)),
    ),
    (
        "REG-09",
        "there was a poll",
        (UNIX, EDGE, did("deregister 2"), told(shown=READY)),
        (UNIX, EDGE, did("deregister 2")),
    ),
    (
        "REG-11",
        "it had been registered before",
        (UNIX, EDGE, did("deregister 2"), EDGE, SENT, TOLD),
        (UNIX, EDGE, SENT, TOLD),
    ),
    (
        "REG-12",
        "a call was refused",
        (UNIX, EDGE, did("register 2 7 r edge", refused="OSError(17)"), SENT, TOLD),
        (UNIX, EDGE, SENT, TOLD),
    ),
    (
        "REG-12",
        "what others refuse was done, or there was a debt afterwards",
        (UNIX, did("deregister 2")),
        (UNIX, did("deregister 2", refused="KeyError(2)")),
    ),
    ("REG-14", "it was registered", (UNIX, EDGE, did("register 2 7 r edge", mask=0)), (UNIX, EDGE, READ_AGAIN)),
    (
        "REG-15",
        "nothing else had armed it",
        (UNIX, EDGE, SENT, TOLD, did("reregister 2 7 r edge", mask=IN), TOLD),
        (UNIX, EDGE, SENT, did("reregister 2 7 r edge", mask=IN), TOLD),
    ),
    (
        "REG-16",
        "no poll came between",
        (UNIX, EDGE, READ_AGAIN, READ_AGAIN, SENT, TOLD),
        (UNIX, EDGE, READ_AGAIN, told(shown=IDLE), READ_AGAIN, SENT, TOLD),
    ),
    (
        "REG-16",
        "there were two",
        (UNIX, EDGE, READ_AGAIN, READ_AGAIN, SENT, TOLD),
        (UNIX, EDGE, READ_AGAIN, SENT, TOLD),
    ),
    ("REG-17", "there were two others", (UNIX, *OTHERS, EDGE, SENT, TOLD), (UNIX, *OTHERS[:2], EDGE, SENT, TOLD)),
    (
        "REG-19",
        "both directions were told",
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, R | W), shown=READY)),
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, W), shown=IDLE)),
    ),
    (
        "REG-19",
        "they came in one event or in two",
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, R), (7, W), shown=READY)),
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, R), shown={2: IN})),
    ),
    (
        "TOK-02",
        "the token was 0",
        (UNIX, did("register 2 0 r edge", mask=0), SENT, told((0, R), shown=READY)),
        (UNIX, EDGE, SENT, TOLD),
    ),
    (
        "TOK-02",
        "reregister gave it",
        (UNIX, EDGE, did("reregister 2 0 r edge", mask=0), SENT, told((0, R), shown=READY)),
        (UNIX, did("register 2 0 r edge", mask=0), READ_AGAIN, SENT, TOLD),
    ),
    (
        "TOK-03",
        "the token was 2**32 or more",
        (UNIX, did("register 2 4294967296 r edge", mask=0), SENT, told((2**32, R), shown=READY)),
        (UNIX, did("register 2 4294967295 r edge", mask=0), SENT, told((2**32 - 1, R), shown=READY)),
    ),
    (
        "TOK-04",
        "the token was changed",
        (UNIX, EDGE, did("reregister 2 8 r edge", mask=0), told(shown=IDLE)),
        (UNIX, EDGE, READ_AGAIN, told(shown=IDLE)),
    ),
    (
        "TOK-05",
        "something was pending",
        (UNIX, EDGE, SENT, did("reregister 2 8 r edge", mask=IN), told((8, R), shown=READY)),
        (UNIX, EDGE, did("reregister 2 8 r edge", mask=0), SENT, told((8, R), shown=READY)),
    ),
    (
        "TOK-05",
        "the token was changed",
        (UNIX, EDGE, SENT, did("reregister 2 8 r edge", mask=IN), told((8, R), shown=READY)),
        (UNIX, EDGE, SENT, did("reregister 2 7 r edge", mask=IN), TOLD),
    ),
    (
        "TOK-06",
        "another file had the token",
        (
            UNIX,
            did("register 1 7 r edge", mask=0),
            did("deregister 1"),
            EDGE,
            SENT,
            told((7, R), shown={1: 0, **READY}),
        ),
        (
            UNIX,
            did("register 1 8 r edge", mask=0),
            did("deregister 1"),
            EDGE,
            SENT,
            told((7, R), shown={1: 0, **READY}),
        ),
    ),
    ("LVL-01", "it was told before", (UNIX, LEVEL, SENT, TOLD, TOLD), (UNIX, LEVEL, SENT, TOLD)),
    ("LVL-05", "nothing was ready", (UNIX, LEVEL, told(shown=IDLE)), (UNIX, LEVEL, TOLD)),
    (
        "LVL-06",
        "both were owed something",
        (UNIX, LEVEL, did("register 1 8 r edge", mask=0), told((7, R), (8, R), shown=TWO)),
        (*PAIRED, told((7, R), (8, R), shown=TWO)),
    ),
    (
        "EDG-04",
        "no poll came between",
        (UNIX, EDGE, SENT, TOLD, DRAINED, SENT, TOLD),
        (UNIX, EDGE, SENT, TOLD, DRAINED, told(shown=IDLE), SENT, TOLD),
    ),
    (
        "EDG-05",
        "nothing had been reported",
        (UNIX, EDGE, DRAINED, SENT, TOLD),
        (UNIX, EDGE, SENT, TOLD, DRAINED, SENT, TOLD),
    ),
    (
        "EDG-06",
        "the other direction was told since it was armed",
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, W), shown=IDLE), SENT, told((7, R), shown=READY)),
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, W), shown=IDLE), DRAINED, SENT, told((7, R), shown=READY)),
    ),
    (
        "EDG-08",
        "what was told was not drained",
        (UNIX, EDGE, SENT, TOLD, told(shown=READY)),
        (UNIX, EDGE, SENT, TOLD, DRAINED, told(shown=IDLE)),
    ),
    ("EDG-08", "it was an edge, and enabled", (UNIX, EDGE, SENT, TOLD, told(shown=READY)), (*FIRED, told(shown=READY))),
    (
        "EDG-09",
        "the stream had ended",
        (UNIX, EDGE, did("shutdown 1 wr"), told((7, R | READ_CLOSED), shown={2: IN | RDHUP})),
        (UNIX, EDGE, SENT, TOLD),
    ),
    (
        "EDG-10",
        "more was owed than fits",
        (*PAIRED, told((7, R), shown=TWO, max_events=1), told((8, R), shown=TWO, max_events=1)),
        (*PAIRED, told((7, R), (8, R), shown=TWO, max_events=2)),
    ),
    (
        "EDG-11",
        "it was a peek",
        (UNIX, EDGE, did("peek 2", outcome="WouldBlock", mask=0), SENT, TOLD),
        (UNIX, EDGE, DRAINED, SENT, TOLD),
    ),
    ("ONE-01", "it was ready while it was silent", (*FIRED, told(shown=READY)), (*FIRED, DRAINED, told(shown=BLANK))),
    ("ONE-02", "both directions were ready", (*FIRED, told(shown=READY)), (*FIRED, told(shown={2: IN}))),
    ("ONE-03", "it had fired", (*FIRED, did("deregister 2")), (UNIX, ONESHOT, did("deregister 2"))),
    (
        "ONE-05",
        "it was drained while it was disabled",
        (*FIRED, DRAINED, SENT, did("reregister 2 7 r edge+oneshot", mask=IN), TOLD),
        (*FIRED, did("reregister 2 7 r edge+oneshot", mask=IN), TOLD),
    ),
    (
        "ONE-06",
        "it was not drained",
        (*FIRED, did("reregister 2 7 r edge+oneshot", mask=IN), TOLD),
        (*FIRED, DRAINED, SENT, did("reregister 2 7 r edge+oneshot", mask=IN), TOLD),
    ),
    ("ONE-10", "polls had reported nothing", (UNIX, ONESHOT, told(shown=IDLE), SENT, TOLD), FIRED),
    ("SPU-07", "the event was needless", (UNIX, EDGE, told((7, R), shown=IDLE)), (UNIX, EDGE, SENT, TOLD)),
    (
        "SPU-08",
        "a wait returned early",
        (told(wait="20ms", elapsed_ns=9_999_999),),
        (told(wait="20ms", elapsed_ns=10_000_000),),
    ),
    (
        "TIM-05",
        "the wait was a long one",
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, wait="60ms")),
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, wait="20ms")),
    ),
    ("TIM-09", "nothing was registered", (rested(),), (UNIX, EDGE, rested(IDLE))),
    (
        "TIM-10",
        "the wait had an end",
        (UNIX, EDGE, awaited(0, (7, R), shown=IDLE, then=READY, wait="1.5s")),
        (UNIX, EDGE, awaited(0, (7, R), shown=IDLE, then=READY)),
    ),
    (
        "EOF-02",
        "it was a half-close",
        (UNIX, LEVEL, told((7, R | READ_CLOSED), shown={2: IN | RDHUP})),
        (UNIX, LEVEL, told((7, R | READ_CLOSED), shown={2: IN | RDHUP | HUP})),
    ),
    (
        "EOF-03",
        "there had been an event",
        (UNIX, LEVEL, told((7, R), shown={2: HUP}), PIPE_END),
        (UNIX, LEVEL, PIPE_END),
    ),
    (
        "EOF-03",
        "the end was read",
        (UNIX, LEVEL, told((7, R), shown={2: HUP}), PIPE_END),
        (UNIX, LEVEL, SENT, TOLD, did("recv 2 3", outcome="3")),
    ),
    (
        "HUP-08",
        "its owner shut it down",
        (UNIX, LEVEL, did("shutdown 2 rdwr"), told((7, R), shown={2: HUP})),
        (UNIX, LEVEL, did("close 1"), told((7, R), shown={2: HUP})),
    ),
    (
        "HUP-09",
        "PRIORITY was asked for",
        (did("tcp 1 2"), did("register 2 7 rp level", mask=0), told((7, 4), shown={2: PRI})),
        (did("tcp 1 2"), LEVEL, told(shown={2: PRI})),
    ),
    (
        "LIF-01",
        "the last fd was closed",
        (UNIX, LEVEL, did("close 2"), told()),
        (UNIX, did("dup 2 3"), LEVEL, did("close 2"), told()),
    ),
    (
        "LIF-02",
        "another file had the number",
        (UNIX, LEVEL, did("close 2"), did("eventfd 3", fds=((3, 12),)), did("register 3 8 r level")),
        (UNIX, LEVEL, did("close 2"), did("eventfd 3"), did("register 3 8 r level")),
    ),
    (
        "LIF-02",
        "it was another file",
        (UNIX, LEVEL, did("close 2"), did("eventfd 3", fds=((3, 12),)), did("register 3 8 r level")),
        (UNIX, LEVEL, did("deregister 2"), LEVEL),
    ),
    (
        "LIF-07",
        "both fds were registered",
        (UNIX, did("dup 2 3"), EDGE, did("register 3 8 r edge", mask=0), told((7, R), (8, R), shown={2: IN, 3: IN})),
        (UNIX, did("dup 2 3"), EDGE, TOLD),
    ),
    (
        "LIF-08",
        "it was drained elsewhere",
        (UNIX, did("dup 2 3"), EDGE, SENT, TOLD, did("drain 3", outcome="WouldBlock", mask=0), SENT, TOLD),
        (UNIX, did("dup 2 3"), EDGE, SENT, TOLD, DRAINED, SENT, TOLD),
    ),
    (
        "USR-04",
        "another value had been set",
        (*USER, did("set 1 r"), did("set 1 rw"), told((7, R | W), shown={1: IN | OUT})),
        (*USER, did("set 1 rw"), told((7, R | W), shown={1: IN | OUT})),
    ),
    (
        "USR-09",
        "another thread set it",
        (*USER, awaited(0, (7, R), shown={1: 0}, then={1: IN}, act="set 1")),
        (*USER, did("set 1 r"), told((7, R), shown={1: IN})),
    ),
    ("USR-10", "a user source was registered", (*USER, rested({1: 0})), (UNIX, EDGE, rested(IDLE))),
    ("USR-13", "it was withdrawn", (*USER, did("set 1 r"), did("set 1 -")), (*USER, did("set 1 -"), did("set 1 r"))),
    (
        "USR-14",
        "a file was registered beside it",
        (*USER, *OTHERS, did("set 1 r"), told((7, R), shown={1: IN})),
        (*USER, did("set 1 r"), told((7, R), shown={1: IN})),
    ),
    (
        "WAK-03",
        "the wake came before the poll",
        (did("waker 9"), did("wake 1"), told((9, R))),
        (did("waker 9"), awaited(0, (9, R), shown={}, then={}, act="wake 0")),
    ),
    (
        "WAK-04",
        "one was told before",
        (did("waker 9"), did("wake 1"), told((9, R)), did("wake 1"), told((9, R))),
        (did("waker 9"), did("wake 1"), told((9, R))),
    ),
    (
        "WAK-07",
        "a file was registered beside it",
        (did("waker 9"), *OTHERS, did("wake 1"), told((9, R))),
        (did("waker 9"), did("wake 1"), told((9, R))),
    ),
)


@pytest.mark.parametrize(
    ("id", "condition", "meets", "misses"), CONDITIONS, ids=[f"{id}-{c.replace(' ', '-')}" for id, c, *_ in CONDITIONS]
)
def test_what_counts_as_put_to_the_test(
    id: str, condition: str, meets: tuple[Part, ...], misses: tuple[Part, ...]
) -> None:
    """The first history counts for the guarantee, the second does not; neither accuses anybody of it."""
    does, does_not = judge(*meets), judge(*misses)
    assert id not in does.broken
    assert id not in does_not.broken
    assert does.exercised[id], condition
    assert not does_not.exercised[id], condition


def test_no_fact_counts_where_a_scenario_was_cut_off() -> None:
    """A debt that was neither paid nor overdue says nothing."""
    weighed = judge(UNIX, EDGE, SENT, *silent(3, READY))
    assert not weighed.exercised["REG-01"]
    assert "REG-01" not in weighed.broken


def test_a_rest_in_which_a_poll_was_lost_is_none() -> None:
    """A hang or an exception is told by itself."""
    weighed = judge(UNIX, EDGE, (*rested(IDLE)[:-1], polled(shown=IDLE, raised="OSError(9)"), rested()[-1]))
    assert not weighed.exercised["SPU-01"]
    assert "SPU-01" not in weighed.broken


def test_what_another_thread_set_is_known_afterwards() -> None:
    """A value that it set is the value; one that was seen by no poll as well."""
    seen = (*USER, awaited(0, (7, R), shown={1: 0}, then={1: IN}, act="set 1"))
    unseen = (*USER, did("await none set 1", outcome="unseen"))
    for before in (seen, unseen):
        again = judge(*before, did("set 1 w"), told((7, R | W), shown={1: OUT}))
        assert again.exercised["USR-04"], "it replaces what the other thread had set"
