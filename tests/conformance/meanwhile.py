"""Pairs of hand-written histories in which another thread changes registrations while a poll is in progress.

The table is read by `test_model.py`, as that of `pairs.py`.
"""

from __future__ import annotations

from tests.conformance.histories import (
    ERR,
    ERROR,
    HUP,
    IN,
    OUT,
    RDHUP,
    READ_CLOSED,
    WRITE_CLOSED,
    R,
    W,
    did,
    overtaken,
    silent,
    told,
)
from tests.conformance.pairs import EDGE, IDLE, LEVEL, READY, SENT, UNIX, Pair

_BELL = did("eventfd 1")
_ONCE = did("register 1 1 w level+oneshot", mask=OUT)
_FULL = did("fill 1", outcome="WouldBlock", mask=IN)
_HANDED_OVER = (did("deregister 1"), did("register 1 2 rw level+oneshot", mask=IN))
_SHOWN = {1: IN}
_OTHER = did("eventfd 3")
_REUSED = (
    did("close 1"),
    did("register 3 1 r level", mask=OUT),
    did("eventfd 4", fds=((4, 11),)),
    did("register 4 2 rw level+oneshot", mask=IN),
)
_AFTERWARDS = {3: OUT, 4: IN}
_ENDED = {2: IN | OUT | RDHUP}
_HALF = {2: IN | OUT | RDHUP}
_HALF_CLOSED = (did("tcp 1 2"), did("register 2 7 rw edge", mask=OUT), did("close 1"))
_BREAKS = (
    did("send 2 1", outcome="1", mask=_HALF[2] | HUP | ERR),
    did("send 2 1", outcome="EPIPE", mask=_HALF[2] | HUP),
)
_ALL = R | W | ERROR | READ_CLOSED | WRITE_CLOSED

MEANWHILE = (
    Pair(
        "what is told of a number that another thread gives to a new registration may be of the old one",
        "ONE-01",
        (_BELL, _ONCE, _FULL, overtaken(*_HANDED_OVER, events=((2, R),), shown=_SHOWN), told((2, R), shown=_SHOWN)),
        (_BELL, _ONCE, _FULL, *_HANDED_OVER, told((2, R), shown=_SHOWN), told((2, R), shown=_SHOWN)),
        tests=False,
    ),
    Pair(
        "so may what is told of a number that is open again, also if its token has gone to another file",
        "ONE-01",
        (
            _BELL,
            _OTHER,
            _ONCE,
            _FULL,
            overtaken(*_REUSED, events=((2, R),), shown=_SHOWN, then=_AFTERWARDS),
            told((2, R), shown=_AFTERWARDS),
        ),
        (
            _BELL,
            _OTHER,
            _ONCE,
            _FULL,
            *_REUSED,
            told((2, R), shown=_AFTERWARDS),
            told((2, R), shown=_AFTERWARDS),
        ),
        tests=False,
    ),
    Pair(
        "a poll that is overtaken by a deregister may tell the token, the next one may not",
        "THR-04",
        (UNIX, EDGE, SENT, overtaken(did("deregister 2"), events=((7, R),), shown=READY), told(shown=READY)),
        (UNIX, EDGE, SENT, overtaken(did("deregister 2"), shown=READY), told((7, R), shown=READY)),
    ),
    Pair(
        "a poll that is overtaken by a new token may tell the old one, the next one may not",
        "THR-05",
        (
            UNIX,
            LEVEL,
            SENT,
            overtaken(did("reregister 2 8 r level", mask=IN), events=((7, R),), shown=READY),
            told((8, R), shown=READY),
        ),
        (
            UNIX,
            LEVEL,
            SENT,
            overtaken(did("reregister 2 8 r level", mask=IN), events=((8, R),), shown=READY),
            told((7, R), (8, R), shown=READY),
        ),
    ),
    Pair(
        "an event of a poll that is overtaken may be of a registration that did not ask for the hint",
        "HUP-06",
        (
            UNIX,
            did("register 2 7 w level", mask=OUT),
            did("shutdown 1 wr"),
            overtaken(did("reregister 2 7 rw level", mask=_ENDED[2]), events=((7, W),), shown=_ENDED),
        ),
        (
            UNIX,
            did("register 2 7 rw level", mask=OUT),
            did("shutdown 1 wr"),
            told((7, R | W), shown=_ENDED),
        ),
        tests=False,
    ),
    Pair(
        "what was true between two acts of another thread nobody has seen: an error that came and was taken is no lie",
        "HUP-05",
        (*_HALF_CLOSED, overtaken(*_BREAKS, events=((7, _ALL),), shown=_HALF, then={2: _HALF[2] | HUP})),
        (*_HALF_CLOSED, told((7, _ALL), shown=_HALF)),
        tests=False,
    ),
    Pair(
        "nor are bytes that came and were read a needless event",
        "LVL-05",
        (
            UNIX,
            LEVEL,
            overtaken(SENT, did("drain 2", outcome="WouldBlock", mask=OUT), events=((7, R),), shown=IDLE),
        ),
        (UNIX, LEVEL, told((7, R), shown=IDLE)),
        tests=False,
    ),
    Pair(
        "what another thread registers is told by the poll in progress, not by a later one",
        "THR-01",
        (UNIX, SENT, overtaken(EDGE, events=((7, R),), shown={}, then=READY, wait="none"), told(shown=READY)),
        (UNIX, SENT, overtaken(EDGE, shown={}, then=READY, wait="none"), *silent(20, READY), told(shown=IDLE)),
    ),
)
