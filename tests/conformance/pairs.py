"""Pairs of hand-written histories: for each rule of DESIGN 4 one that is innocent, and one like it that is not.

The table is read by `test_model.py`. A pair differs in what its rule is about and, if possible, in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.history import ALIVE, DIED, HUNG
from conformance.protocol import Capability
from tests.conformance.histories import (
    ERR,
    ERROR,
    EVERYTHING,
    HUP,
    IN,
    NVAL,
    OUT,
    PRI,
    RDHUP,
    READ_CLOSED,
    WRITE_CLOSED,
    Curtain,
    P,
    Part,
    R,
    W,
    acting,
    awaited,
    did,
    polled,
    rested,
    silent,
    told,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two histories that differ in what a rule is about: `guilty` breaks the guarantee `breaks`, `innocent` none at all."""

    law: str
    breaks: str
    innocent: tuple[Part, ...]
    guilty: tuple[Part, ...]
    tests: bool = True
    """The innocent history keeps `breaks`, rather than saying nothing about it."""
    capabilities: Capability = EVERYTHING


UNIX = did("unix 1 2")
SENT = did("send 1 3", outcome="3")
DRAINED = did("drain 2", outcome="WouldBlock", mask=0)
LEVEL, EDGE = did("register 2 7 r level", mask=0), did("register 2 7 r edge", mask=0)
ONESHOT = did("register 2 7 r edge+oneshot", mask=0)
READY, IDLE = {2: IN | OUT}, {2: OUT}
TOLD = told((7, R), shown=READY)

_CROWD = (UNIX, EDGE, did("register 1 8 r edge"), SENT)
_READY_BOTH = {1: IN, 2: IN}

RULES = (
    # 2 ── rest
    Pair(
        "returns count while nothing is owed, not once something became ready by itself",
        "SPU-05",
        (
            UNIX,
            LEVEL,
            (
                polled(shown=IDLE, wait="none"),
                polled((7, R), shown=IDLE, after=READY, wait="none"),
                *(polled((7, R), shown=READY, wait="none"),) * 17,
                polled((7, R), shown=READY, wait="none", acted=acting("send 1", READY)),
                did("await none send 1"),
            ),
        ),
        (UNIX, LEVEL, awaited(17, (7, R), shown=IDLE, then=READY)),
        tests=False,
    ),
    # 1 ── silence
    Pair(
        "a deregistered token is silent",
        "REG-09",
        (UNIX, EDGE, SENT, did("deregister 2"), told(shown=READY)),
        (UNIX, EDGE, SENT, did("deregister 2"), told((7, R), shown=READY)),
    ),
    Pair(
        "what was pending is discarded by deregister",
        "REG-10",
        (UNIX, EDGE, SENT, did("deregister 2"), told(shown=READY)),
        (UNIX, EDGE, SENT, did("deregister 2"), told((7, R), shown=READY)),
    ),
    Pair(
        "a token that is given out again speaks for its new file",
        "REG-09",
        (
            UNIX,
            LEVEL,
            did("deregister 2"),
            SENT,
            told(shown=READY),
            did("register 1 7 w level", mask=OUT),
            told((7, W), shown={1: OUT, **READY}),
        ),
        (UNIX, LEVEL, did("deregister 2"), SENT, told((7, W), shown=READY), did("register 1 7 w level", mask=OUT)),
    ),
    Pair(
        "a closed file is silent",
        "LIF-01",
        (UNIX, LEVEL, SENT, TOLD, did("close 2"), told()),
        (UNIX, LEVEL, SENT, TOLD, did("close 2"), told((7, R))),
    ),
    Pair(
        "a token that was never given is never reported",
        "TOK-01",
        (UNIX, LEVEL, SENT, TOLD),
        (UNIX, LEVEL, SENT, told((7, R), (8, R), shown=READY)),
    ),
    Pair(
        "a direction that was not asked for is silent; hints may come unasked",
        "REG-03",
        (UNIX, LEVEL, did("shutdown 1 wr"), told((7, R | READ_CLOSED), shown={2: IN | OUT | RDHUP})),
        (UNIX, LEVEL, did("shutdown 1 wr"), told((7, R | W), shown={2: IN | OUT | RDHUP})),
    ),
    Pair(
        "a direction that reregister dropped is silent",
        "REG-04",
        (
            UNIX,
            did("register 2 7 rw level", mask=OUT),
            told((7, W), shown=IDLE),
            did("reregister 2 7 r level", mask=OUT),
            told(shown=IDLE),
        ),
        (
            UNIX,
            did("register 2 7 rw level", mask=OUT),
            told((7, W), shown=IDLE),
            did("reregister 2 7 r level", mask=OUT),
            told((7, W), shown=IDLE),
        ),
    ),
    Pair(
        "an edge that was owed when its direction was dropped is discarded",
        "REG-06",
        (UNIX, EDGE, SENT, did("reregister 2 7 w edge", mask=IN), told(shown={2: IN})),
        (UNIX, EDGE, SENT, did("reregister 2 7 w edge", mask=IN), told((7, R), shown={2: IN})),
    ),
    Pair(
        "the old token of a reregister is silent",
        "TOK-04",
        (UNIX, EDGE, SENT, did("reregister 2 8 r edge", mask=IN), told((8, R), shown=READY)),
        (UNIX, EDGE, SENT, did("reregister 2 8 r edge", mask=IN), told((7, R), (8, R), shown=READY)),
    ),
    Pair(
        "READABLE may accompany PRIORITY",
        "REG-03",
        (UNIX, did("register 2 7 p level", mask=0), told((7, R | P), shown={2: IN | PRI | OUT})),
        (UNIX, did("register 2 7 p level", mask=0), told((7, W | P), shown={2: IN | PRI | OUT})),
    ),
    # 2 ── rest
    Pair(
        "while nothing is owed, waits wait",
        "SPU-01",
        (UNIX, EDGE, rested(IDLE)),
        (UNIX, EDGE, rested(IDLE, took_ns=200_000)),
    ),
    Pair(
        "a quarter of the time is waiting enough",
        "SPU-01",
        (UNIX, EDGE, rested(IDLE, took_ns=225_000)),
        (UNIX, EDGE, rested(IDLE, took_ns=224_999)),
    ),
    Pair(
        "waits that returned events need not have waited",
        "SPU-01",
        (UNIX, EDGE, rested(IDLE, took_ns=0, events=((7, R),))),
        (UNIX, EDGE, rested(IDLE, took_ns=0)),
    ),
    Pair(
        "a ready level registration may keep a poller awake, a drained one may not",
        "SPU-06",
        (UNIX, LEVEL, SENT, rested(READY, took_ns=0, events=((7, R),))),
        (UNIX, LEVEL, SENT, TOLD, DRAINED, rested(IDLE, took_ns=0)),
        tests=False,
    ),
    Pair(
        "a hang-up may keep a poller awake while its registration is enabled",
        "SPU-02",
        (
            UNIX,
            did("register 2 7 w edge", mask=OUT),
            told((7, W), shown=IDLE),
            did("close 1"),
            rested({2: HUP}, took_ns=0),
        ),
        (
            UNIX,
            did("register 2 7 w edge+oneshot", mask=OUT),
            told((7, W), shown=IDLE),
            did("close 1"),
            rested({2: HUP | ERR}, took_ns=0),
        ),
        tests=False,
    ),
    Pair(
        "an undrained edge is no reason to spin",
        "SPU-03",
        (UNIX, EDGE, SENT, TOLD, rested(READY)),
        (UNIX, EDGE, SENT, TOLD, rested(READY, took_ns=0)),
    ),
    Pair(
        "a deregistered file that is ready is no reason to spin",
        "SPU-04",
        (UNIX, LEVEL, SENT, did("deregister 2"), rested(READY)),
        (UNIX, LEVEL, SENT, did("deregister 2"), rested(READY, took_ns=0)),
    ),
    Pair(
        "an endless wait may return sixteen times with nothing to tell",
        "SPU-05",
        (UNIX, LEVEL, awaited(16, (7, R), shown=IDLE, then=READY)),
        (UNIX, LEVEL, awaited(17, (7, R), shown=IDLE, then=READY)),
    ),
    Pair(
        "an early empty return is quality, a spin is not",
        "SPU-01",
        (UNIX, LEVEL, *silent(30, IDLE, wait="20ms", elapsed_ns=1)),
        (UNIX, LEVEL, rested(IDLE, wait="20ms", took_ns=1)),
        tests=False,
    ),
    # 3 ── what is ready is observed
    Pair(
        "a file that poll(2) does not show ready owes nothing, whatever was sent",
        "REG-01",
        (UNIX, LEVEL, SENT, *silent(20, IDLE)),
        (UNIX, LEVEL, SENT, *silent(20, READY)),
        tests=False,
    ),
    Pair(
        "a condition that flickers is not owed: it must be true before and after",
        "REG-01",
        (UNIX, LEVEL, SENT, *silent(7, READY), told(shown=READY, after=IDLE), *silent(7, READY)),
        (UNIX, LEVEL, SENT, *silent(7, READY), told(shown=READY)),
        tests=False,
    ),
    Pair(
        "a socket that was never connected is not judged; one that connects is",
        "CON-01",
        (did("fresh 2"), did("register 2 7 w level", mask=OUT | HUP), *silent(20, {2: OUT | HUP})),
        (
            did("fresh 2"),
            did("listen 1"),
            did("connect 2 1", outcome="EINPROGRESS", mask=OUT),
            did("register 2 7 w level", mask=OUT),
            *silent(20, {2: OUT}),
        ),
        tests=False,
    ),
    # 4 ── debt
    Pair(
        "an owed event comes within 4 + 4m polls",
        "REG-01",
        (UNIX, EDGE, SENT, *silent(7, READY), TOLD),
        (UNIX, EDGE, SENT, *silent(8, READY)),
    ),
    Pair(
        "two registrations have 12 polls, with room for one event in each",
        "CAP-02",
        (*_CROWD, *silent(11, _READY_BOTH, max_events=1), told((7, R), (8, R), shown=_READY_BOTH, max_events=2)),
        (*_CROWD, *silent(12, _READY_BOTH, max_events=1)),
    ),
    Pair(
        "a poller may tell one event a call, however many fit",
        "CAP-02",
        (*_CROWD, *silent(11, _READY_BOTH, max_events=3), told((7, R), (8, R), shown=_READY_BOTH, max_events=3)),
        (*_CROWD, *silent(12, _READY_BOTH, max_events=1)),
        tests=False,
    ),
    Pair(
        "where the bound changes, the largest of the polls counted is in force",
        "EDG-01",
        (
            UNIX,
            EDGE,
            did("register 1 8 r edge"),
            SENT,
            told(shown=READY),
            did("deregister 1"),
            *silent(10, READY),
            TOLD,
        ),
        (UNIX, EDGE, did("register 1 8 r edge"), did("deregister 1"), SENT, *silent(8, READY), TOLD),
    ),
    Pair(
        "several events of one batch are read as one",
        "EDG-02",
        (UNIX, did("register 2 7 rw edge", mask=IN | OUT), told((7, R), (7, W), shown=READY), *silent(20, READY)),
        (UNIX, did("register 2 7 rw edge", mask=IN | OUT), told((7, R), (7, R), shown=READY), *silent(20, READY)),
    ),
    Pair(
        "a hang in an endless poll is the debt that it left, told or not",
        "REG-01",
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, wait="none")),
        (UNIX, LEVEL, SENT, polled(shown=READY, wait="none", ended=HUNG)),
    ),
    Pair(
        "a wait without end returns while a level registration is ready",
        "LVL-07",
        (UNIX, LEVEL, SENT, TOLD, told((7, R), shown=READY, wait="none")),
        (UNIX, LEVEL, SENT, TOLD, polled(shown=READY, wait="none", ended=HUNG)),
    ),
    Pair(
        "a wait without end returns when a file becomes ready",
        "TIM-04",
        (UNIX, EDGE, awaited(0, (7, R), shown=IDLE, then=READY)),
        (UNIX, EDGE, polled(shown=IDLE, wait="none", acted=acting("send 1", READY), ended=HUNG)),
    ),
    # 5 ── level
    Pair(
        "level is owed again after each report",
        "LVL-01",
        (UNIX, LEVEL, SENT, TOLD, *silent(7, READY), TOLD),
        (UNIX, LEVEL, SENT, TOLD, *silent(8, READY)),
    ),
    Pair(
        "what only a wait tells is not harvested",
        "LVL-02",
        (UNIX, LEVEL, SENT, TOLD),
        (UNIX, LEVEL, SENT, *silent(8, READY), told((7, R), shown=READY, wait="120ms")),
    ),
    # 6 ── edge
    Pair(
        "an edge that was told is owed again only when it was drained to WouldBlock",
        "EDG-03",
        (UNIX, EDGE, SENT, TOLD, did("recv 2 1", outcome="1", mask=IN), *silent(20, READY)),
        (UNIX, EDGE, SENT, TOLD, DRAINED, SENT, *silent(20, READY)),
        tests=False,
    ),
    Pair(
        "WouldBlock through another fd of the file arms as well",
        "LIF-08",
        (UNIX, did("dup 2 3"), EDGE, SENT, TOLD, did("drain 3", outcome="WouldBlock", mask=0), SENT, TOLD),
        (
            UNIX,
            did("dup 2 3"),
            EDGE,
            SENT,
            TOLD,
            did("drain 3", outcome="WouldBlock", mask=0),
            SENT,
            *silent(20, READY),
        ),
    ),
    Pair(
        "an event clears what is armed, needed or not",
        "REG-01",
        (UNIX, EDGE, told((7, R), shown=IDLE), SENT, *silent(20, READY)),
        (UNIX, EDGE, told(shown=IDLE), SENT, *silent(20, READY)),
        tests=False,
    ),
    Pair(
        "reregister arms a direction that it adds as a MUST",
        "REG-05",
        (UNIX, EDGE, SENT, TOLD, did("reregister 2 7 rw edge", mask=IN | OUT), told((7, W), shown=READY)),
        (UNIX, EDGE, SENT, TOLD, did("reregister 2 7 rw edge", mask=IN | OUT), *silent(20, READY)),
    ),
    Pair(
        "a change from level to edge keeps what was not told",
        "EDG-12",
        (UNIX, LEVEL, SENT, did("reregister 2 7 r edge", mask=IN), TOLD),
        (UNIX, LEVEL, SENT, did("reregister 2 7 r edge", mask=IN), *silent(20, READY)),
    ),
    Pair(
        "an event for one direction leaves the other armed",
        "EDG-06",
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, W), shown=IDLE), SENT, told((7, R), shown=READY)),
        (UNIX, did("register 2 7 rw edge", mask=0), told((7, W), shown=IDLE), SENT, *silent(20, READY)),
    ),
    # 7 ── one-shot
    Pair(
        "a one-shot is silent from the next poll on; within its batch it may come in pieces",
        "ONE-01",
        (
            UNIX,
            did("register 2 7 rw edge+oneshot", mask=OUT),
            SENT,
            told((7, R), (7, W), shown=READY),
            told(shown=READY),
        ),
        (
            UNIX,
            did("register 2 7 rw edge+oneshot", mask=OUT),
            SENT,
            told((7, R), shown=READY),
            told((7, W), shown=READY),
        ),
    ),
    Pair(
        "an event of hints only fires it, too",
        "ONE-01",
        (UNIX, ONESHOT, did("close 1"), told((7, READ_CLOSED), shown={2: HUP}), *silent(20, {2: HUP})),
        (UNIX, ONESHOT, did("close 1"), told((7, READ_CLOSED), shown={2: HUP}), told((7, R), shown={2: HUP})),
    ),
    Pair(
        "reregister rearms it, as a MUST and without a change",
        "ONE-06",
        (UNIX, ONESHOT, SENT, TOLD, did("reregister 2 7 r edge+oneshot", mask=IN), TOLD),
        (UNIX, ONESHOT, SENT, TOLD, did("reregister 2 7 r edge+oneshot", mask=IN), *silent(20, READY)),
    ),
    Pair(
        "readiness that came after it was drained is gained",
        "ONE-05",
        (UNIX, ONESHOT, SENT, TOLD, DRAINED, SENT, did("reregister 2 7 r edge+oneshot", mask=IN), TOLD),
        (UNIX, ONESHOT, SENT, TOLD, DRAINED, SENT, did("reregister 2 7 r edge+oneshot", mask=IN), *silent(20, READY)),
    ),
    Pair(
        "an event that did not fit did not fire it: it is still owed",
        "ONE-07",
        (
            UNIX,
            ONESHOT,
            did("register 1 8 r edge+oneshot"),
            told((7, R), shown={1: IN, 2: IN}, max_events=1),
            told((8, R), shown={1: IN, 2: IN}, max_events=1),
        ),
        (
            UNIX,
            ONESHOT,
            did("register 1 8 r edge+oneshot"),
            told((7, R), shown={1: IN, 2: IN}, max_events=1),
            *silent(20, {1: IN, 2: IN}, max_events=1),
        ),
    ),
    Pair(
        "hang-up does not pierce a disabled registration",
        "ONE-09",
        (UNIX, ONESHOT, SENT, TOLD, did("close 1"), told(shown={2: IN | HUP | RDHUP})),
        (
            UNIX,
            ONESHOT,
            SENT,
            TOLD,
            did("close 1"),
            told(shown={2: IN | HUP | RDHUP}),
            told((7, R), shown={2: IN | HUP | RDHUP}),
        ),
    ),
    # 8 ── user readiness
    Pair(
        "a set that changes the value arms, an equal one promises nothing",
        "USR-06",
        (
            did("user 1"),
            did("register 1 7 r edge", mask=0),
            did("set 1 r"),
            told((7, R), shown={1: IN}),
            did("set 1 r"),
            *silent(20, {1: IN}),
        ),
        (
            did("user 1"),
            did("register 1 7 r edge", mask=0),
            did("set 1 r"),
            told((7, R), shown={1: IN}),
            did("set 1 -"),
            did("set 1 r"),
            *silent(20, {1: IN}),
        ),
    ),
    Pair(
        "a pulse may vanish, the last value may not",
        "USR-01",
        (did("user 1"), did("register 1 7 r edge", mask=0), did("set 1 r"), did("set 1 -"), *silent(20, {1: 0})),
        (did("user 1"), did("register 1 7 r edge", mask=0), did("set 1 -"), did("set 1 r"), *silent(20, {1: IN})),
        tests=False,
    ),
    Pair(
        "get() answers what was set last",
        "USR-03",
        (did("user 1"), did("set 1 r")),
        (did("user 1"), did("set 1 r", flaw="get() gave 0 after set(1)")),
    ),
    # 9 ── haunted numbers
    Pair(
        "a token that a haunted number carried is not judged, until it is given out again",
        "REG-09",
        (
            *(did("eventfd 1"), did("register 1 7 r level"), did("dup 1 3"), did("close 1"), did("close 3")),
            *(did("eventfd 2"), did("register 2 8 r level", mask=0), told((7, R), shown=IDLE)),
        ),
        (
            *(did("eventfd 1"), did("register 1 7 r level"), did("dup 1 3"), did("close 1"), did("close 3")),
            *(did("eventfd 2"), did("register 2 7 r level", mask=0), did("deregister 2"), told((7, R), shown=READY)),
        ),
        tests=False,
    ),
    # wakers
    Pair(
        "a wake is owed until it is told; wakes may merge",
        "WAK-01",
        (did("waker 9"), did("wake 1"), did("wake 1"), told((9, R)), *silent(20)),
        (did("waker 9"), did("wake 1"), did("wake 1"), *silent(20)),
    ),
    Pair(
        "a wake after one that was told is owed anew",
        "WAK-04",
        (did("waker 9"), did("wake 1"), told((9, R)), did("wake 1"), told((9, R))),
        (did("waker 9"), did("wake 1"), told((9, R)), did("wake 1"), *silent(20)),
    ),
    # hints
    Pair(
        "a hint that was true since the last reregister is no lie",
        "HUP-05",
        (did("tcp 1 2"), LEVEL, did("reset 1"), told((7, R | ERROR), shown={2: IN | ERR | HUP})),
        (did("tcp 1 2"), LEVEL, SENT, told((7, R | ERROR), shown={2: IN | OUT})),
    ),
    Pair(
        "WRITE_CLOSED is true of a socket that was shut down",
        "HUP-04",
        (UNIX, LEVEL, did("shutdown 2 wr"), SENT, told((7, R | WRITE_CLOSED), shown={2: IN | OUT})),
        (UNIX, LEVEL, did("shutdown 1 wr"), SENT, told((7, R | WRITE_CLOSED), shown={2: IN | OUT | RDHUP})),
    ),
    Pair(
        "an event for a socket whose peer stopped sending carries READ_CLOSED",
        "HUP-06",
        (UNIX, LEVEL, did("shutdown 1 wr"), told((7, R | READ_CLOSED), shown={2: IN | OUT | RDHUP})),
        (UNIX, LEVEL, did("shutdown 1 wr"), told((7, R), shown={2: IN | OUT | RDHUP})),
    ),
    # waits
    Pair(
        "what was owed before is not first told when the timeout has passed",
        "TIM-05",
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, wait="120ms", elapsed_ns=100_000_000)),
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, wait="120ms", elapsed_ns=108_000_000)),
    ),
    Pair(
        "a poll returns at most max_events events",
        "CAP-01",
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, max_events=1)),
        (UNIX, LEVEL, SENT, told((7, R), (7, R), shown=READY, max_events=1)),
    ),
    Pair("poll does not raise", "TIM-07", (told(),), (told(raised="OSError(9)"),)),
    Pair(
        "a far timeout is accepted",
        "TIM-06",
        (UNIX, LEVEL, SENT, told((7, R), shown=READY, wait="1day")),
        (UNIX, LEVEL, SENT, told(shown=READY, wait="1day", raised="OverflowError()")),
    ),
    Pair("poll returns events", "TIM-11", (told(),), (told(flaws=("got None, but poll should return a list",)),)),
    Pair(
        "a finite wait ends", "TIM-02", (told(wait="0.9ms", elapsed_ns=900_000),), (polled(wait="0.9ms", ended=HUNG),)
    ),
    Pair("poll(0) returns", "TIM-01", (rested(),), (polled(ended=HUNG),)),
    Pair("no call ends the process", "TIM-12", (told(),), (polled(ended=DIED),)),
    Pair(
        "the fastest of several poll(0) is at once",
        "TIM-01",
        (UNIX, EDGE, rested(IDLE)),
        (UNIX, EDGE, (polled(shown=IDLE, elapsed_ns=900_000),) * 6, did("rest 0.9ms")),
    ),
    Pair(
        "a wake from another thread ends a wait",
        "WAK-02",
        (did("waker 9"), awaited(0, (9, R), shown={}, then={}, act="wake 0")),
        (
            did("waker 9"),
            polled(wait="none", acted=acting("wake 0", {}), ended=HUNG),
        ),
    ),
    Pair(
        "a signal does not start the timeout anew",
        "TIM-08",
        (polled(wait="20ms", elapsed_ns=170_000_000), did("signals 20ms")),
        (polled(wait="20ms", elapsed_ns=170_000_001), did("signals 20ms")),
    ),
    # calls
    Pair(
        "a lawful call is not refused",
        "REG-13",
        (UNIX, LEVEL),
        (UNIX, did("register 2 7 r level", refused="OSError(17)")),
    ),
    Pair(
        "a refusal is of a known type",
        "REG-18",
        (UNIX, LEVEL, did("register 2 7 r level", refused="OSError(17)")),
        (UNIX, LEVEL, did("register 2 7 r level", raised="TypeError()")),
    ),
    Pair(
        "what epoll refuses may be refused",
        "REG-13",
        (did("regular 1"), did("register 1 7 r level", refused="PermissionError()")),
        (did("eventfd 1"), did("register 1 7 r level", refused="PermissionError()")),
    ),
    Pair(
        "a double register that was done is in force",
        "REG-14",
        (UNIX, LEVEL, did("register 2 8 r level", mask=0), SENT, told((8, R), shown=READY)),
        (UNIX, LEVEL, did("register 2 8 r level", mask=0), SENT, *silent(20, READY)),
    ),
    Pair(
        "a double register that was refused leaves the first in force",
        "REG-12",
        (UNIX, EDGE, did("register 2 8 w edge", refused="OSError(17)"), SENT, TOLD),
        (UNIX, EDGE, did("register 2 8 w edge", refused="OSError(17)"), SENT, *silent(20, READY)),
    ),
    Pair(
        "a refusal elsewhere changes nothing either",
        "REG-12",
        (UNIX, EDGE, did("deregister 1", refused="KeyError(1)"), SENT, TOLD),
        (UNIX, EDGE, did("deregister 1", refused="KeyError(1)"), SENT, *silent(20, READY)),
    ),
    Pair("a call comes back", "REG-13", (UNIX, LEVEL), (UNIX, did("register 2 7 r level", ended=HUNG))),
    # data, and what is left
    Pair(
        "bytes that were read are those that were sent",
        "EOF-07",
        (UNIX, LEVEL, SENT, TOLD, did("recv 2 3", outcome="3", mask=OUT)),
        (UNIX, LEVEL, SENT, TOLD, did("recv 2 3", outcome="WouldBlock", mask=OUT, flaw="3 bytes were taken")),
    ),
    Pair("close() frees", "LIF-03", (Curtain(step=0),), (Curtain(step=0, leaked=1),)),
    Pair("nobody closes the sources", "LIF-04", (UNIX, Curtain(step=0)), (UNIX, Curtain(step=0, shut=(1,)))),
    Pair(
        "a source that was closed is seen at once",
        "LIF-04",
        (UNIX, LEVEL, told(shown=IDLE), Curtain(step=0)),
        (UNIX, LEVEL, told(shown={2: NVAL})),
    ),
    Pair("O_NONBLOCK stays", "LIF-05", (UNIX, Curtain(step=0)), (UNIX, Curtain(step=0, blocking=(1,)))),
    Pair("close() raises nothing", "LIF-06", (Curtain(step=0, ended=ALIVE),), (Curtain(step=0, raised="OSError(9)"),)),
    Pair("close() returns", "LIF-06", (Curtain(step=0),), (Curtain(step=0, ended=HUNG),)),
)

GHOSTS = tuple(
    part
    for label in range(20, 34)
    for part in (
        did(f"eventfd {label}"),
        did(f"dup {label} {label + 20}"),
        did(f"register {label} {label} w level", mask=OUT),
        did(f"close {label}"),
    )
)
HAUNTED = (did("listen 6"), did("dup 6 7"), did("register 6 6 r level", mask=0), did("close 6"))
REUSED = did("eventfd 8", fds=((8, 16),))  # the number that label 6 had

SEVEN_WAYS = (
    # oracle.md 1.1
    Pair(
        "a ghost may keep a poller awake, a file that is really closed may not",
        "SPU-01",
        (did("eventfd 1"), did("register 1 7 w level", mask=OUT), did("dup 1 3"), did("close 1"), rested(took_ns=0)),
        (
            did("eventfd 1"),
            did("register 1 7 w level", mask=OUT),
            did("dup 1 3"),
            did("close 3"),
            did("close 1"),
            rested(took_ns=0),
        ),
        tests=False,
    ),
    # 1.2
    Pair(
        "a registration on a haunted number is judged from its next reregister, not from the end of the ghost",
        "ONE-04",
        (
            *HAUNTED,
            REUSED,
            did("register 8 8 w level+oneshot", mask=OUT),
            told((8, R), shown={8: OUT}),
            did("close 7"),
            *silent(20, {8: OUT}),
        ),
        (
            *HAUNTED,
            REUSED,
            did("register 8 8 w level+oneshot", mask=OUT),
            told((8, R), shown={8: OUT}),
            did("close 7"),
            did("reregister 8 8 w level+oneshot", mask=OUT),
            *silent(20, {8: OUT}),
        ),
        tests=False,
    ),
    # 1.3
    Pair(
        "ghosts count in the bound",
        "EDG-01",
        (*GHOSTS, UNIX, EDGE, SENT, *silent(14, READY, max_events=1), told((7, R), shown=READY, max_events=1)),
        (UNIX, EDGE, SENT, *silent(14, READY, max_events=1), told((7, R), shown=READY, max_events=1)),
    ),
    # 1.4
    Pair(
        "POLLHUP without POLLOUT leaves WRITABLE open, POLLERR does not",
        "HUP-02",
        (UNIX, did("register 2 7 w level", mask=0), did("shutdown 1 rdwr"), *silent(20, {2: IN | HUP | RDHUP})),
        (UNIX, did("register 2 7 w level", mask=0), did("shutdown 1 rdwr"), *silent(20, {2: IN | HUP | RDHUP | ERR})),
        tests=False,
    ),
    # 1.5
    Pair(
        "WouldBlock arms only if the condition was false at that moment",
        "EDG-07",
        (
            did("eventfd 2"),
            did("register 2 7 w edge", mask=OUT),
            told((7, W), shown=IDLE),
            did("fill 2", outcome="WouldBlock", mask=OUT),
            *silent(20, IDLE),
        ),
        (
            did("eventfd 2"),
            did("register 2 7 w edge", mask=OUT),
            told((7, W), shown=IDLE),
            did("fill 2", outcome="WouldBlock", mask=IN),
            *silent(20, IDLE),
        ),
        tests=False,
    ),
    # 1.6
    Pair(
        "a claimed hint settles what only POLLHUP made owed, and nothing that POLLIN shows",
        "EOF-01",
        (
            did("pipe 2 1"),
            EDGE,
            did("close 1"),
            told((7, READ_CLOSED | WRITE_CLOSED), shown={2: HUP}),
            *silent(20, {2: HUP}),
        ),
        (
            did("pipe 2 1"),
            EDGE,
            did("close 1"),
            told((7, READ_CLOSED | WRITE_CLOSED), shown={2: HUP | IN}),
            *silent(20, {2: HUP | IN}),
        ),
    ),
    # 1.7
    Pair(
        "a hint that is held back is no lie if it was ever true since register",
        "HUP-03",
        (
            did("fresh 2"),
            did("listen 1"),
            did("register 2 7 w edge", mask=OUT | HUP),
            told(shown={2: OUT | HUP}),
            did("connect 2 1", outcome="EINPROGRESS", mask=OUT),
            told((7, W | READ_CLOSED), shown={2: OUT}),
        ),
        (
            did("fresh 2"),
            did("listen 1"),
            did("connect 2 1", outcome="EINPROGRESS", mask=OUT),
            did("register 2 7 w edge", mask=OUT),
            told((7, W | READ_CLOSED), shown={2: OUT}),
        ),
    ),
)
