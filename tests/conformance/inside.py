"""Pairs of hand-written histories about handlers: what the rest of a batch may tell, and what must be told after it."""

from __future__ import annotations

from conformance.history import EACH
from tests.conformance.histories import IN, OUT, R, W, batch, did, polled, silent, told
from tests.conformance.pairs import SENT, UNIX, Pair

__all__ = ["INSIDE"]

BOTH = {1: OUT, 2: OUT}
FIRST = did("register 1 7 w level", mask=OUT)
SECOND = did("register 2 8 w level", mask=OUT)
EDGES = (UNIX, did("register 1 7 w edge", mask=OUT), did("register 2 8 w edge", mask=OUT))
SEVEN, EIGHT = (7, W), (8, W)
GONE, REPLACED = did("deregister 2"), did("reregister 2 9 w level", mask=OUT)
ALONE = told(SEVEN, shown=BOTH) * 20
HEIR = did("eventfd 4", fds=((4, 13),))  # the number that label 3 had
_LOAN = did("eventfd 4")
_LENT = (did("close 2"), did("register 4 8 r level", mask=OUT))
_HAUNTED = (UNIX, FIRST, did("dup 2 3"), did("register 3 8 w level", mask=OUT), did("close 3"))
_CALLED = (did("eventfd 4"), did("register 4 8 w level+oneshot", mask=OUT))
_CALL = {1: OUT, 4: OUT}
_ANSWER = told(EIGHT, shown=_CALL)
_NUMBERED = (UNIX, FIRST, did("eventfd 3"), did("register 3 8 w level", mask=OUT))
_NEWCOMER = (did("close 3"), HEIR, did("register 4 9 w level+oneshot", mask=OUT))
_BEFORE, _AFTER = {1: OUT, 3: OUT}, {1: OUT, 4: OUT}
_GHOST = (UNIX, FIRST, did("unix 5 6"), did("dup 5 3"), did("register 5 8 rw level", mask=OUT), did("close 5"))
_GHOST_AND_HEIR = (*_GHOST, did("eventfd 4", fds=((4, 15),)))
_NARROWED = did("reregister 4 9 r level", mask=OUT)

INSIDE = (
    Pair(
        "what a handler removes is not dispatched",
        "DSP-01",
        (UNIX, FIRST, SECOND, batch(SEVEN, GONE, shown=BOTH, then={1: OUT})),
        (UNIX, FIRST, SECOND, batch(SEVEN, GONE, rest=(EIGHT,), shown=BOTH, then={1: OUT})),
    ),
    Pair(
        "a handler that removes itself is not called for its other direction",
        "DSP-02",
        (UNIX, did("register 2 8 rw level", mask=IN | OUT), batch((8, R), GONE, shown={2: IN | OUT}, then={})),
        (
            UNIX,
            did("register 2 8 rw level", mask=IN | OUT),
            batch((8, R), GONE, rest=(EIGHT,), shown={2: IN | OUT}, then={}),
        ),
    ),
    Pair(
        "a token that a handler replaces is not dispatched, the new one may be",
        "DSP-03",
        (UNIX, FIRST, SECOND, batch(SEVEN, REPLACED, rest=((9, W),), shown=BOTH)),
        (UNIX, FIRST, SECOND, batch(SEVEN, REPLACED, rest=(EIGHT,), shown=BOTH)),
    ),
    Pair(
        "a direction that a handler gives up is not dispatched",
        "DSP-04",
        (
            UNIX,
            FIRST,
            did("register 2 8 rw level", mask=OUT),
            batch(SEVEN, did("reregister 2 8 r level", mask=OUT), shown=BOTH),
        ),
        (
            UNIX,
            FIRST,
            did("register 2 8 rw level", mask=OUT),
            batch(SEVEN, did("reregister 2 8 r level", mask=OUT), rest=(EIGHT,), shown=BOTH),
        ),
    ),
    Pair(
        "what is told under the token of a file that the handler closed is of that file, whoever has the token now",
        "DSP-04",
        (
            UNIX,
            FIRST,
            did("register 2 8 rw level", mask=OUT),
            did("eventfd 4"),
            did("register 4 9 r level", mask=IN | OUT),
            batch(
                SEVEN,
                did("close 4"),
                did("reregister 2 9 w level", mask=OUT),
                rest=((9, R),),
                shown={**BOTH, 4: IN | OUT},
                then=BOTH,
            ),
        ),
        (
            UNIX,
            FIRST,
            did("register 2 8 rw level", mask=IN | OUT),
            batch(SEVEN, did("reregister 2 8 w level", mask=IN | OUT), rest=((8, R),), shown={1: OUT, 2: IN | OUT}),
        ),
        tests=False,
    ),
    Pair(
        "that holds also if the token was given up once more in the same handler",
        "DSP-01",
        (UNIX, FIRST, SECOND, _LOAN, batch(SEVEN, *_LENT, did("deregister 4"), rest=(EIGHT,), shown=BOTH)),
        (UNIX, FIRST, SECOND, _LOAN, batch(SEVEN, GONE, rest=(EIGHT,), shown=BOTH)),
        tests=False,
    ),
    Pair(
        "and if it was exchanged for another",
        "DSP-03",
        (UNIX, FIRST, SECOND, _LOAN, batch(SEVEN, *_LENT, did("reregister 4 9 r level"), rest=(EIGHT,), shown=BOTH)),
        (UNIX, FIRST, SECOND, _LOAN, batch(SEVEN, REPLACED, rest=(EIGHT,), shown=BOTH)),
        tests=False,
    ),
    Pair(
        "the last event of a ghost may be told under its token, whoever was given that in the handler",
        "ONE-01",
        (*_HAUNTED, batch(SEVEN, did("close 2"), *_CALLED, rest=(EIGHT,), shown=BOTH, then=_CALL), _ANSWER),
        (*_HAUNTED, did("close 2"), *_CALLED, told(EIGHT, shown=_CALL), _ANSWER),
        tests=False,
    ),
    Pair(
        "what is told of a number that the handler gave to a new file may be of the old one, and fires nothing",
        "ONE-01",
        (*_NUMBERED, batch(SEVEN, *_NEWCOMER, rest=((9, W),), shown=_BEFORE, then=_AFTER), told((9, W), shown=_AFTER)),
        (*_NUMBERED, *_NEWCOMER, told((9, W), shown=_AFTER), told((9, W), shown=_AFTER)),
        tests=False,
    ),
    Pair(
        "nothing is judged about a haunted number, in a handler either",
        "DSP-04",
        (
            *_GHOST_AND_HEIR,
            did("register 4 9 rw level", mask=OUT),
            batch(SEVEN, _NARROWED, rest=((9, W),), shown=_AFTER),
        ),
        (
            UNIX,
            FIRST,
            HEIR,
            did("register 4 9 rw level", mask=OUT),
            batch(SEVEN, _NARROWED, rest=((9, W),), shown=_AFTER),
        ),
        tests=False,
    ),
    Pair(
        "what a handler adds is told, in the batch or after it",
        "DSP-05",
        (UNIX, FIRST, batch(SEVEN, SECOND, shown={1: OUT}, then=BOTH), told(SEVEN, EIGHT, shown=BOTH)),
        (UNIX, FIRST, batch(SEVEN, SECOND, shown={1: OUT}, then=BOTH), ALONE),
    ),
    Pair(
        "what else was ready is told, whatever a handler removes",
        "DSP-06",
        (*EDGES, batch(SEVEN, did("deregister 1"), rest=(EIGHT,), shown=BOTH, then={2: OUT})),
        (*EDGES, batch(SEVEN, did("deregister 1"), shown=BOTH, then={2: OUT}), *silent(20, {2: OUT})),
    ),
    Pair(
        "what was about to be told when it was replaced is told later",
        "DSP-07",
        (*EDGES, batch(SEVEN, did("reregister 2 8 w edge", mask=OUT), shown=BOTH), told(EIGHT, shown=BOTH)),
        (*EDGES, batch(SEVEN, did("reregister 2 8 w edge", mask=OUT), shown=BOTH), *silent(20, BOTH)),
    ),
    Pair(
        "a one-shot that its own handler rearms reports again",
        "DSP-08",
        (
            UNIX,
            did("register 1 7 w level+oneshot", mask=OUT),
            batch(SEVEN, did("reregister 1 7 w level+oneshot", mask=OUT), shown={1: OUT}),
            told(SEVEN, shown={1: OUT}),
        ),
        (
            UNIX,
            did("register 1 7 w level+oneshot", mask=OUT),
            batch(SEVEN, did("reregister 1 7 w level+oneshot", mask=OUT), shown={1: OUT}),
            *silent(20, {1: OUT}),
        ),
    ),
    Pair(
        "a WouldBlock inside a handler arms like any other",
        "DSP-09",
        (
            UNIX,
            did("register 2 7 r edge", mask=OUT),
            SENT,
            batch((7, R), did("drain 2", outcome="WouldBlock", mask=OUT), shown={2: IN | OUT}, then={2: OUT}),
            SENT,
            told((7, R), shown={2: IN | OUT}),
        ),
        (
            UNIX,
            did("register 2 7 r edge", mask=OUT),
            SENT,
            batch((7, R), did("drain 2", outcome="WouldBlock", mask=OUT), shown={2: IN | OUT}, then={2: OUT}),
            SENT,
            *silent(20, {2: IN | OUT}),
        ),
    ),
    Pair(
        "a newcomer is not dispatched what its number was told",
        "DSP-10",
        (
            UNIX,
            FIRST,
            did("eventfd 3"),
            did("register 3 8 r level", mask=IN | OUT),
            batch(
                SEVEN,
                did("deregister 3"),
                did("close 3"),
                HEIR,
                did("register 4 9 r level", mask=OUT),
                shown={1: OUT, 3: IN | OUT},
                then={1: OUT, 4: OUT},
            ),
        ),
        (
            UNIX,
            FIRST,
            did("eventfd 3"),
            did("register 3 8 r level", mask=IN | OUT),
            batch(
                SEVEN,
                did("deregister 3"),
                did("close 3"),
                HEIR,
                did("register 4 9 r level", mask=OUT),
                rest=((9, R),),
                shown={1: OUT, 3: IN | OUT},
                then={1: OUT, 4: OUT},
            ),
        ),
    ),
    Pair(
        "poll_each owes what poll owes",
        "DSP-11",
        (UNIX, FIRST, polled(SEVEN, shown={1: OUT}, part=EACH), did("dispatch 0")),
        (UNIX, FIRST, *(polled(shown={1: OUT}, part=EACH), did("dispatch 0")) * 20),
    ),
    Pair(
        "poll_each raises nothing",
        "DSP-12",
        (UNIX, FIRST, polled(SEVEN, shown={1: OUT}, part=EACH), did("dispatch 0")),
        (UNIX, FIRST, polled(shown={1: OUT}, part=EACH, raised="KeyError(8)"), did("dispatch 0")),
    ),
    Pair(
        "a lawful call inside a handler is not refused",
        "DSP-13",
        (UNIX, FIRST, batch(SEVEN, SECOND, shown={1: OUT}, then=BOTH)),
        (UNIX, FIRST, batch(SEVEN, did("register 2 8 w level", refused="OSError(16)"), shown={1: OUT})),
    ),
    Pair(
        "a wake inside a handler is told",
        "DSP-14",
        (UNIX, FIRST, did("waker 9"), batch(SEVEN, did("wake 1"), shown={1: OUT}), told(SEVEN, (9, R), shown={1: OUT})),
        (UNIX, FIRST, did("waker 9"), batch(SEVEN, did("wake 1"), shown={1: OUT}), told(SEVEN, shown={1: OUT}) * 20),
    ),
    Pair(
        "a set inside a handler is told",
        "DSP-15",
        (
            UNIX,
            FIRST,
            did("user 3"),
            did("register 3 9 r level", mask=0),
            batch(SEVEN, did("set 3 r"), shown={1: OUT, 3: 0}, then={1: OUT, 3: IN}),
            told(SEVEN, (9, R), shown={1: OUT, 3: IN}),
        ),
        (
            UNIX,
            FIRST,
            did("user 3"),
            did("register 3 9 r level", mask=0),
            batch(SEVEN, did("set 3 r"), shown={1: OUT, 3: 0}, then={1: OUT, 3: IN}),
            told(SEVEN, shown={1: OUT, 3: IN}) * 20,
        ),
    ),
    Pair(
        "a newcomer on the number of one that was removed is reported as itself",
        "DSP-18",
        (
            did("eventfd 3"),
            did("register 3 7 w level", mask=OUT),
            batch(
                SEVEN,
                did("deregister 3"),
                did("close 3"),
                HEIR,
                did("register 4 8 w level", mask=OUT),
                shown={3: OUT},
                then={4: OUT},
            ),
            told(EIGHT, shown={4: OUT}),
        ),
        (
            did("eventfd 3"),
            did("register 3 7 w level", mask=OUT),
            batch(
                SEVEN,
                did("deregister 3"),
                did("close 3"),
                HEIR,
                did("register 4 8 w level", mask=OUT),
                shown={3: OUT},
                then={4: OUT},
            ),
            *silent(20, {4: OUT}),
        ),
    ),
)
