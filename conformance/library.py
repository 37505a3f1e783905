"""Scenarios by hand, at least one per checked guarantee; run first in every profile.

Alone they put each guarantee to the test as often as its floor asks, for every poller that it applies to: what is drawn afterwards
finds more, but no verdict hangs on luck. So a scenario of a general family keeps to what every poller has - it reads, deregisters
before it closes, passes no `max_events` - and asks for more only where its guarantee needs more.

`{trigger}` stands for each of `level` and `edge` that a poller claims, `{oneshot}` for the same with oneshot. What a poller does not
claim is skipped when the scenario runs; a scenario that names a trigger which it does not claim is left out.

Waiting is dear on the real kernel: `rest 0.9ms` costs 13 ms, `rest 20ms` a quarter of a second, an `await` 21 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.guarantees import lookup
from conformance.protocol import Capability
from conformance.scenario import Scenario, parse

__all__ = ["LIBRARY", "scenarios"]

_TWO = "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 3; send 4 1"
"""Two that are ready, so that a batch has a rest."""
_THREE = f"{_TWO}; eventfd 5; register 5 9 r {{trigger}}; send 5 1"
_TWO_BOTH = "unix 1 2; unix 3 4; register 2 7 rw {trigger}; register 4 8 rw {trigger}; send 1 3; send 3 3"
"""The same, in both directions."""

LIBRARY: Final[dict[str, tuple[str, ...]]] = {
    # ── registration and reregistration ─────────────────────────────────────────────────────────────────────────
    "REG-01": (
        "tcp 1 2; register 2 7 r {trigger}; poll 0; send 1 3; settle",
        "unix 1 2; register 2 7 r {trigger}; send 1 3; poll 120ms; recv 2 3; poll 0",
        "pipe 1 2; register 1 7 r {trigger}; poll 0; send 2 1; poll none",
        "unix 1 2; fill 1; register 1 7 w {trigger}; poll 0; drain 2; settle",
    ),
    "REG-02": (
        "unix 1 2; send 1 3; register 2 7 r {trigger}; settle",
        "eventfd 1; send 1 1; register 1 7 r {trigger}; poll none",
        "tcp 1 2; register 1 7 w {trigger}; settle",
    ),
    "REG-03": (
        "tcp 1 2; register 2 7 r {trigger}; settle; send 1 1; settle",
        "unix 1 2; send 2 3; register 1 7 w {trigger}; settle; poll 0",
        "tcp 1 2; send 1 3; register 2 7 p {trigger}; settle; poll 0",
    ),
    "REG-04": (
        "tcp 1 2; register 2 7 rw {trigger}; settle; reregister 2 7 r {trigger}; settle; send 1 1; settle",
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; reregister 2 7 w {trigger}; settle; send 1 3; settle",
    ),
    "REG-05": (
        "tcp 1 2; register 2 7 r {trigger}; settle; reregister 2 7 rw {trigger}; settle",
        "unix 1 2; send 1 3; register 2 7 w {trigger}; settle; reregister 2 7 rw {trigger}; settle",
        "unix 1 2; register 2 7 w {trigger}; settle; reregister 2 7 r {trigger}; poll 0; send 1 3; settle",
    ),
    "REG-06": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; reregister 2 7 w {trigger}; settle; poll 0",
        "tcp 1 2; register 2 7 rw {trigger}; reregister 2 7 r {trigger}; settle; poll 0",
    ),
    "REG-07": (
        "unix 1 2; register 2 7 r {trigger}; reregister 2 7 r {oneshot}; send 1 3; settle; send 1 1; settle",
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; reregister 2 7 r {trigger}; settle; drain 2; send 1 1; settle",
        "unix 1 2; register 2 7 r level; send 1 3; settle; reregister 2 7 r edge+oneshot; settle; poll 0",
    ),
    "REG-08": (
        "pipe 1 2; deregister 1; send 2 1; poll 0; register 1 7 r {trigger}; settle",
        "pipe 1 2; reregister 1 7 r {trigger}; send 2 1; settle",
        "unix 1 2; register 2 7 r {trigger}; deregister 2; deregister 2; send 1 1; poll 0; reregister 2 8 r {trigger}; settle",
    ),
    "REG-09": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; deregister 2; poll 0; send 1 3; poll 0; poll 0",
        "tcp 1 2; register 2 7 w {trigger}; settle; deregister 2; poll 0; poll 0",
        "unix 1 2; register 2 7 r {trigger}; deregister 2; shutdown 1 wr; poll 0; close 1; poll 0",
    ),
    "REG-10": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; deregister 2; poll 0; poll 0",
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 3; send 4 1; deregister 2; settle",
    ),
    "REG-11": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; deregister 2; poll 0; register 2 7 r {trigger}; settle",
        "pipe 1 2; register 1 7 r {trigger}; deregister 1; register 1 8 r {trigger}; poll 0; send 2 1; settle",
    ),
    "REG-12": (
        "unix 1 2; register 2 7 r {trigger}; register 2 8 r {trigger}; send 1 3; settle",
        "unix 1 2; register 2 7 r {trigger}; regular 3; register 3 9 r {trigger}; send 1 3; settle",
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; deregister 3; reregister 4 9 w {trigger}; send 1 3; settle",
    ),
    "REG-13": (
        "unix 1 2; register 1 7 r {trigger}; reregister 1 7 r {trigger}; deregister 1; register 1 7 r {trigger}; poll 0",
        (
            "listen 1; register 1 1 r {trigger}; eventfd 2; register 2 2 r {trigger}; udp 3 4; register 3 3 r {trigger};"
            " pipe 5 6; register 5 5 r {trigger}; register 6 6 w {trigger}; fresh 7; register 7 7 r {trigger}; poll 0"
        ),
        "regular 1; register 1 7 r {trigger}; poll 0; deregister 1; close 1; pipe 2 3; register 2 8 r {trigger}; send 3 1; settle",
    ),
    "REG-14": (
        "unix 1 2; register 2 7 r {trigger}; register 2 7 r {trigger}; send 1 3; settle",
        "unix 1 2; register 2 7 w {trigger}; settle; register 2 8 r {trigger}; send 1 3; settle",
    ),
    "REG-15": (
        "unix 1 2; register 2 7 r edge; send 1 3; settle; reregister 2 7 r edge; settle",
        "tcp 1 2; register 2 7 w edge; settle; reregister 2 7 w edge; settle",
    ),
    "REG-16": (
        "unix 1 2; register 2 7 r {trigger}; poll 0; reregister 2 7 r {trigger}; reregister 2 7 r {trigger}; send 1 3; settle",
        (
            "unix 1 2; send 1 3; register 2 7 r {trigger}; settle;"
            " reregister 2 7 w {trigger}; reregister 2 7 r {trigger}; settle; drain 2; send 1 1; settle"
        ),
        "tcp 1 2; register 2 7 r {trigger}; reregister 2 8 w {trigger}; reregister 2 9 rw {trigger}; send 1 3; settle",
    ),
    "REG-17": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {trigger}; register 3 8 r {trigger}; register 5 9 r {trigger};"
            " send 1 3; settle; send 4 1; settle; deregister 3; send 5 1; settle; recv 2 1; deregister 2; settle"
        ),
    ),
    "REG-18": (
        "pipe 1 2; register 2 7 w level; close 1; settle; reregister 2 8 w level; settle",
        (
            "unix 1 2; register 2 7 r {trigger}; register 2 7 r {trigger}; deregister 2; deregister 2;"
            " reregister 2 7 r {trigger}; deregister 1; poll 0"
        ),
    ),
    "REG-19": ("unix 1 2; send 1 3; register 2 7 rw {trigger}; settle; poll 0",),
    "REG-20": (
        "unix 1 2; register 2 7 rw {trigger}; settle; reregister 2 7 r {trigger}; send 1 3; settle",
        "unix 1 2; send 1 3; register 2 7 rw {trigger}; reregister 2 7 w {trigger}; settle",
    ),
    # ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────
    "TOK-01": (
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 12345 r {trigger}; send 1 3; send 4 1; settle",
    ),
    "TOK-02": (
        "unix 1 2; register 2 0 r {trigger}; send 1 3; settle",
        "pipe 1 2; unix 3 4; register 1 7 r {trigger}; register 4 0 r {trigger}; poll 0; send 3 1; settle; send 2 1; settle",
    ),
    "TOK-03": (
        "unix 1 2; register 2 9223372036854775807 r {trigger}; send 1 3; settle",
        "unix 1 2; pipe 3 4; register 2 4294967296 r {trigger}; register 3 0 r {trigger}; send 1 3; settle",
        "unix 1 2; register 2 6442450951 r {trigger}; poll 0; reregister 2 6442450951 r {trigger}; send 1 3; settle",
    ),
    "TOK-04": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; reregister 2 8 r {trigger}; settle; drain 2; send 1 1; settle",
        "unix 1 2; register 2 7 r {trigger}; reregister 2 8 r {trigger}; reregister 2 9 r {trigger}; send 1 3; settle",
    ),
    "TOK-05": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; reregister 2 8 r {trigger}; settle",
        "tcp 1 2; register 2 0 w {trigger}; reregister 2 4294967296 w {trigger}; settle",
    ),
    "TOK-06": (
        (
            "unix 1 2; pipe 3 4; register 2 7 r {trigger}; send 1 3; settle; deregister 2; register 3 7 r {trigger};"
            " poll 0; send 4 1; settle"
        ),
    ),
    # ── level ───────────────────────────────────────────────────────────────────────────────────────────────────
    "LVL-01": (
        "unix 1 2; register 2 7 r level; send 1 5; settle; recv 2 1; settle; recv 2 1; settle",
        "tcp 1 2; send 1 5; register 2 7 r level; poll 0; poll 0; poll 0; poll none",
    ),
    "LVL-02": ("unix 1 2; register 2 7 r level; send 1 5; poll 0; poll 0; poll 0; settle",),
    "LVL-03": (
        "tcp 1 2; register 1 7 w level; reset 2; poll 0; drain 1; settle; settle",
        "tcp 1 2; register 2 7 w level; settle; send 2 3; settle; send 2 3; poll none",
        "unix 1 2; register 2 7 rw level; send 1 3; settle; drain 2; settle; settle",
    ),
    "LVL-04": (
        "unix 1 2; register 2 7 r level; send 1 5; settle; drain 2; poll 0; send 1 5; settle",
        "unix 1 2; register 1 7 w level; settle; fill 1; poll 0; drain 2; settle",
    ),
    "LVL-05": (
        "unix 1 2; register 2 7 r level; send 1 5; settle; drain 2; poll 0; poll 0; poll 0",
        "unix 1 2; register 1 7 w level; settle; fill 1; poll 0; poll 0",
    ),
    "LVL-06": (
        (
            "unix 1 2; pipe 3 4; register 2 7 r level; register 3 8 r edge; send 1 3; send 4 1; settle; drain 3; settle;"
            " send 4 1; settle; drain 2; settle"
        ),
    ),
    "LVL-07": ("unix 1 2; register 2 7 r level; send 1 5; poll none; poll none; recv 2 1; poll none",),
    "LVL-08": (
        "unix 1 2; register 2 7 r edge; send 1 3; settle; reregister 2 7 r level; settle",
        "unix 1 2; register 2 7 r edge; send 1 3; reregister 2 7 r level; settle; recv 2 1; settle",
    ),
    # ── edge and draining ───────────────────────────────────────────────────────────────────────────────────────
    "EDG-01": (
        "unix 1 2; register 2 7 r edge; poll 0; poll 0; send 1 3; settle",
        "unix 1 2; fill 1; register 1 7 w edge; poll 0; drain 2; settle",
    ),
    "EDG-02": (
        "unix 1 2; send 1 3; register 2 7 r edge; settle",
        "tcp 1 2; send 1 3; register 2 7 rw edge; settle",
    ),
    "EDG-03": (
        (
            "unix 1 2; register 2 7 r edge; send 1 3; settle; drain 2; poll 0; send 1 3; settle; drain 2; poll 0; send 1 3;"
            " poll none; drain 2; poll 0; send 1 3; poll 120ms"
        ),
        "tcp 1 2; register 2 7 rw edge; settle; send 1 3; settle; drain 2; poll 0; send 1 3; settle",
        "pipe 1 2; register 1 7 r edge; send 2 3; settle; drain 1; poll 0; send 2 3; settle",
    ),
    "EDG-04": (
        "unix 1 2; register 2 7 r edge; send 1 3; settle; drain 2; send 1 3; settle; drain 2; send 1 1; settle",
        "tcp 1 2; register 2 7 r edge; send 1 3; settle; drain 2; send 1 3; settle",
    ),
    "EDG-05": (
        "unix 1 2; register 2 7 r edge; drain 2; poll 0; send 1 3; settle",
        "unix 1 2; register 2 7 r edge; send 1 3; drain 2; send 1 3; settle",
        "unix 1 2; send 1 3; register 2 7 r edge; drain 2; poll 0; send 1 3; settle",
    ),
    "EDG-06": (
        "tcp 1 2; register 2 7 rw edge; settle; send 1 3; settle; drain 2; poll 0; send 1 3; settle",
        "unix 1 2; register 2 7 rw edge; settle; fill 2; send 1 3; settle; drain 1; settle",
        "unix 1 2; fill 2; register 2 7 rw edge; send 1 3; settle; drain 1; settle",
    ),
    "EDG-07": (
        "unix 1 2; register 1 7 w edge; settle; fill 1; poll 0; drain 2; settle; fill 1; drain 2; settle",
        "tcp 1 2; register 1 7 w edge; settle; fill 1; poll 0; drain 2; settle",
        "pipe 1 2; register 2 7 w edge; settle; fill 2; poll 0; drain 1; settle",
    ),
    "EDG-08": ("unix 1 2; register 2 7 r edge; send 1 3; settle; poll 0; poll 0; recv 2 1; poll 0",),
    "EDG-09": (
        "unix 1 2; register 2 7 r edge; send 1 3; settle; drain 2; poll 0; close 1; settle; drain 2",
        "tcp 1 2; register 2 7 r edge; send 1 3; settle; drain 2; poll 0; shutdown 1 wr; settle; drain 2",
        "pipe 1 2; register 1 7 r edge; poll 0; close 2; settle",
    ),
    "EDG-10": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r edge; register 3 8 r edge; register 5 9 r edge; send 1 1; send 4 1;"
            " send 5 1; settle 1"
        ),
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r edge; register 3 8 r edge; register 5 9 r edge; send 1 1; send 4 1;"
            " send 5 1; poll 0 2; drain 2; send 1 1; settle 2"
        ),
    ),
    "EDG-11": (
        "unix 1 2; register 2 7 r edge; peek 2; poll 0; send 1 3; settle",
        "tcp 1 2; register 2 7 r edge; send 1 3; settle; recv 2 3; peek 2; send 1 3; settle",
    ),
    "EDG-12": (
        "unix 1 2; register 2 7 r level; send 1 3; reregister 2 7 r edge; settle",
        "unix 1 2; register 2 7 r level; send 1 3; settle; drain 2; reregister 2 7 r edge; poll 0; send 1 3; settle",
    ),
    "EDG-13": (
        "unix 1 2; register 2 7 r edge; send 1 3; peek 2; settle",
        "udp 1 2; register 2 7 r edge; poll 0; send 1 3; peek 2; peek 2; poll none",
    ),
    # ── one-shot ────────────────────────────────────────────────────────────────────────────────────────────────
    "ONE-01": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; poll 0; send 1 3; poll 0; drain 2; send 1 3; poll 0",
        "tcp 1 2; register 2 7 w {oneshot}; settle; poll 0; send 2 1; poll 0",
        "pipe 1 2; register 1 7 r {oneshot}; send 2 1; settle; send 2 1; poll 0; reregister 1 7 r {oneshot}; settle; poll 0",
    ),
    "ONE-02": (
        "tcp 1 2; register 2 7 rw {oneshot}; settle; send 1 3; poll 0; poll 0",
        "unix 1 2; fill 2; register 2 7 rw {oneshot}; send 1 3; settle; drain 1; poll 0; poll 0",
    ),
    "ONE-03": (
        (
            "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; reregister 2 7 r {oneshot}; settle; deregister 2; poll 0;"
            " register 2 7 r {oneshot}; settle"
        ),
    ),
    "ONE-04": (
        (
            "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; drain 2; reregister 2 7 r {oneshot}; poll 0; send 1 3;"
            " settle; drain 2; reregister 2 7 r {oneshot}; poll 0; send 1 3; settle"
        ),
        (
            "tcp 1 2; register 2 7 rw {oneshot}; settle; reregister 2 7 r {oneshot}; poll 0; send 1 3; settle;"
            " reregister 2 7 w {oneshot}; settle"
        ),
        "unix 1 2; register 2 7 r {oneshot}; reregister 2 7 r {oneshot}; send 1 3; settle",
    ),
    "ONE-05": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; drain 2; send 1 3; reregister 2 7 r {oneshot}; settle",
        "tcp 1 2; register 2 7 rw {oneshot}; settle; send 1 3; poll 0; reregister 2 7 rw {oneshot}; settle",
        "unix 1 2; register 1 7 w {oneshot}; settle; send 2 3; reregister 1 7 r {oneshot}; settle",
    ),
    "ONE-06": (
        (
            "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; reregister 2 7 r {oneshot}; settle;"
            " recv 2 1; reregister 2 7 r {oneshot}; settle"
        ),
        "unix 1 2; register 2 7 w {oneshot}; settle; reregister 2 7 w {oneshot}; settle",
    ),
    "ONE-07": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {oneshot}; register 3 8 r {oneshot}; register 5 9 r {oneshot};"
            " send 1 1; send 4 1; send 5 1; settle 1; poll 0"
        ),
    ),
    "ONE-08": ("unix 1 2; register 2 7 r level+oneshot; send 1 3; settle; poll 0; poll 0; send 1 3; poll 0",),
    "ONE-09": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; close 1; poll 0; poll 0",
        "tcp 1 2; register 2 7 r {oneshot}; send 1 3; settle; reset 1; poll 0; poll 0",
        "pipe 1 2; register 1 7 r {oneshot}; send 2 3; settle; drain 1; close 2; poll 0; poll 0",
    ),
    "ONE-10": (
        "unix 1 2; register 2 7 r {oneshot}; poll 0; poll 0; poll 0; send 1 3; settle",
        (
            "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; drain 2; reregister 2 7 r {oneshot}; poll 0; poll 0;"
            " send 1 3; settle"
        ),
    ),
    "ONE-11": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; drain 2; reregister 2 7 r {oneshot}; poll 0; poll 0; send 1 1; settle",
    ),
    # ── spurious events and rest ────────────────────────────────────────────────────────────────────────────────
    "SPU-01": (
        "unix 1 2; register 2 7 r {trigger}; rest 0.9ms",
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 1; settle; drain 2; rest 0.9ms",
        "unix 1 2; register 2 7 r {trigger}; send 1 1; settle; deregister 2; rest 20ms",
    ),
    "SPU-02": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; rest 0.9ms",
        "tcp 1 2; register 2 7 r {oneshot}; send 1 3; settle; reset 1; rest 0.9ms",
    ),
    "SPU-03": (
        "unix 1 2; register 2 7 r edge; send 1 3; settle; rest 0.9ms",
        "tcp 1 2; register 2 7 rw edge; settle; rest 0.9ms",
    ),
    "SPU-04": (
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 3; settle; deregister 2; rest 0.9ms",
        "unix 1 2; register 2 7 r {trigger}; close 1; settle; deregister 2; rest 0.9ms",
    ),
    "SPU-05": (
        "unix 1 2; register 2 7 r {trigger}; await none send 1",
        "unix 1 2; register 2 7 r {trigger}; await 1.5s send 1",
    ),
    "SPU-06": ("unix 1 2; register 2 7 r level; send 1 3; settle; drain 2; rest 0.9ms",),
    "SPU-07": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; drain 2; poll 0; drain 2",
        "listen 1; register 1 7 r {trigger}; fresh 2; connect 2 1; drain 1; poll 0",
    ),
    "SPU-08": ("unix 1 2; register 2 7 r {trigger}; poll 0.9ms; poll 0.9ms; poll 0.9ms",),
    # ── timeouts and signals ────────────────────────────────────────────────────────────────────────────────────
    "TIM-01": ("unix 1 2; register 2 7 r {trigger}; rest 0.9ms",),
    "TIM-02": ("unix 1 2; register 2 7 r {trigger}; poll 0.9ms; poll 5ms; send 1 1; poll 120ms",),
    "TIM-03": ("unix 1 2; register 2 7 r {trigger}; rest 0.9ms", "waker 7; rest 0.9ms"),
    "TIM-04": (
        "tcp 1 2; register 2 7 r {trigger}; poll 0; await none send 1",
        "pipe 1 2; register 1 7 r {trigger}; send 2 1; settle; drain 1; await none send 2",
    ),
    "TIM-05": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; poll 120ms",
        "tcp 1 2; register 2 7 r {trigger}; poll 0; send 1 3; poll 120ms; drain 2; send 1 3; poll 120ms",
        "tcp 1 2; register 2 7 w {trigger}; poll 120ms",
    ),
    "TIM-06": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; poll 1day; drain 2; send 1 3; poll 2000000s",
        "unix 1 2; register 2 7 r {trigger}; await 1day send 1",
        "unix 1 2; register 2 7 r {trigger}; await 2000000s send 1",
    ),
    "TIM-07": (
        "unix 1 2; register 2 7 r {trigger}; signals 20ms; send 1 3; settle",
        "poll 0; poll 0.9ms; eventfd 1; register 1 7 r {trigger}; poll 0; deregister 1; poll 0",
    ),
    "TIM-08": ("unix 1 2; register 2 7 r {trigger}; signals 20ms",),
    "TIM-09": (
        "rest 0.9ms",
        "unix 1 2; register 2 7 r {trigger}; send 1 1; deregister 2; rest 0.9ms",
    ),
    "TIM-10": ("unix 1 2; register 2 7 r {trigger}; await 1.5s send 1",),
    "TIM-11": ("unix 1 2; register 2 7 r {trigger}; poll 0; send 1 3; settle; poll 0",),
    "TIM-12": ("unix 1 2; register 2 7 r {trigger}; send 1 3; settle; close 1; settle",),
    "TIM-13": ("unix 1 2; register 2 7 r {trigger}; poll 0.9ms; poll 5ms",),
    "TIM-14": ("unix 1 2; register 2 7 r {trigger}; signals 20ms; send 1 3; settle",),
    # ── capacity, fairness, starvation ──────────────────────────────────────────────────────────────────────────
    "CAP-01": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {trigger}; register 3 8 r {trigger}; register 5 9 r {trigger};"
            " send 1 1; send 4 1; send 5 1; poll 0 2; poll 0 1; settle 2"
        ),
        "unix 1 2; register 2 7 rw {trigger}; send 1 1; poll 0 1; waker 8; wake 2; poll 0 1; settle 1",
        "user 1; user 2; register 1 7 r {trigger}; register 2 8 r {trigger}; set 1 r; set 2 r; poll 0 1; settle 1",
    ),
    "CAP-02": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {trigger}; register 3 8 r {trigger}; register 5 9 r {trigger};"
            " send 1 1; send 4 1; send 5 1; settle 1"
        ),
    ),
    "CAP-03": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r level; register 3 8 r level; register 5 9 r level;"
            " send 1 1; send 4 1; send 5 1; settle 1; settle 1; settle 2"
        ),
        "unix 1 2; tcp 3 4; register 1 5 w level; register 2 6 w level; register 3 7 w level; register 4 8 w level; settle 1",
    ),
    "CAP-04": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {trigger}; register 3 8 r {trigger}; register 5 9 r {trigger};"
            " send 1 1; send 4 1; send 5 1; waker 6; poll 0 1; wake 1; settle 1; wake 1; settle 1"
        ),
    ),
    "CAP-05": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {trigger}; register 3 8 r {trigger}; register 5 9 r {trigger};"
            " send 1 1; send 4 1; send 5 1; user 6; register 6 6 r {trigger}; set 6 r; settle 1"
        ),
    ),
    "CAP-06": (
        (
            "user 1; user 2; user 3; register 1 7 r {trigger}; register 2 8 r {trigger}; register 3 9 r {trigger}; set 1 r;"
            " set 2 r; set 3 r; unix 4 5; register 5 6 r {trigger}; send 4 3; settle 1; settle 1"
        ),
    ),
    "CAP-07": ("unix 1 2; pipe 3 4; register 2 8 r {trigger}; register 3 7 r {trigger}; send 1 1; send 4 1; settle",),
    # ── end of stream ───────────────────────────────────────────────────────────────────────────────────────────
    "EOF-01": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; close 1; settle; drain 2; settle",
        "pipe 1 2; register 1 7 r {trigger}; poll 0; close 2; settle; drain 1",
        "tcp 1 2; register 2 7 r {trigger}; shutdown 2 wr; close 1; settle",
    ),
    "EOF-02": (
        "unix 1 2; register 2 7 r {trigger}; shutdown 1 wr; settle; drain 2",
        "tcp 1 2; register 2 7 r {trigger}; send 1 3; settle; drain 2; poll 0; shutdown 1 wr; settle; drain 2",
        "tcp 1 2; register 2 7 r {trigger}; close 1; settle; drain 2",
    ),
    "EOF-03": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; shutdown 1 wr; settle; recv 2 2; settle; drain 2",
        "pipe 1 2; register 1 7 r {trigger}; send 2 3; close 2; settle; recv 1 3; recv 1 1",
        "tcp 1 2; register 2 7 r {trigger}; shutdown 1 wr; settle; drain 2",
    ),
    "EOF-04": (
        "tcp 1 2; register 1 7 r level; reset 2; poll 0; drain 1; settle; settle",
        "unix 1 2; register 2 7 r level; shutdown 1 wr; settle; drain 2; settle; drain 2; settle",
        "pipe 1 2; register 1 7 r level; close 2; settle; drain 1; settle",
    ),
    "EOF-05": (
        "unix 1 2; shutdown 1 wr; register 2 7 w {trigger}; settle; send 2 3",
        "tcp 1 2; register 2 7 rw {trigger}; fill 2; shutdown 1 wr; settle; drain 1; settle",
    ),
    "EOF-06": (
        "unix 1 2; close 1; register 2 7 r {trigger}; settle",
        "tcp 1 2; shutdown 1 wr; register 2 7 r {trigger}; settle",
        "pipe 1 2; send 2 3; close 2; register 1 7 r {trigger}; settle; drain 1; settle",
    ),
    "EOF-07": (
        "unix 1 2; register 2 7 r {trigger}; send 1 9; settle; recv 2 4; settle; recv 2 5; send 1 300; settle; recv 2 300",
        "pipe 1 2; register 1 7 r {trigger}; send 2 1; settle; recv 1 1",
        "eventfd 1; register 1 7 r {trigger}; send 1 5; settle; send 1 2; settle; recv 1 8",
    ),
    "EOF-08": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; drain 2; shutdown 1 wr; reregister 2 7 r {oneshot}; settle",
        "unix 1 2; register 2 7 r {oneshot}; close 1; settle; drain 2; reregister 2 7 r {oneshot}; settle",
    ),
    # ── hang-up, half-close, errors ─────────────────────────────────────────────────────────────────────────────
    "HUP-01": (
        "tcp 1 2; register 2 7 r {trigger}; poll 0; reset 1; settle",
        "tcp 1 2; reset 1; register 2 7 r {trigger}; settle",
        "unix 1 2; send 2 3; register 2 7 r {trigger}; close 1; settle",
    ),
    "HUP-02": (
        "tcp 1 2; fill 2; register 2 7 w {trigger}; poll 0; reset 1; settle",
        "tcp 1 2; reset 1; register 2 7 rw {trigger}; settle",
    ),
    "HUP-03": (
        "tcp 1 2; register 2 7 r {trigger}; send 1 3; settle; shutdown 1 wr; settle; drain 2; settle",
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; drain 2; close 1; settle",
    ),
    "HUP-04": (
        "unix 1 2; register 2 7 r {trigger}; shutdown 1 wr; settle; close 1; settle",
        "tcp 1 2; register 2 7 r {trigger}; shutdown 1 wr; settle; shutdown 2 wr; settle",
        "tcp 1 2; register 2 7 r {trigger}; reset 1; settle",
    ),
    "HUP-05": (
        "tcp 1 2; register 2 7 r {trigger}; send 1 1; settle; shutdown 1 wr; settle; drain 2; reset 1; settle",
        "tcp 1 2; reset 1; register 2 7 r {trigger}; settle",
    ),
    "HUP-06": (
        "tcp 1 2; register 2 7 r {trigger}; shutdown 1 wr; settle",
        "unix 1 2; register 2 7 r {trigger}; close 1; settle",
    ),
    "HUP-07": (
        "unix 1 2; register 2 7 r {oneshot}; poll 0; close 1; settle; poll 0",
        "tcp 1 2; register 2 7 r {oneshot}; reset 1; settle; poll 0",
        "pipe 1 2; register 1 7 r {oneshot}; close 2; settle; poll 0",
    ),
    "HUP-08": (
        "unix 1 2; register 2 7 r {trigger}; poll 0; shutdown 2 rdwr; settle; drain 2",
        "tcp 1 2; shutdown 2 rdwr; register 2 7 r {trigger}; settle",
    ),
    "HUP-09": (
        "tcp 1 2; register 2 7 p {trigger}; poll 0; urgent 1; settle",
        "tcp 1 2; urgent 1; register 2 7 p {trigger}; settle",
    ),
    "HUP-10": ("unix 1 2; fill 1; register 1 7 w {trigger}; close 2; settle; poll 0",),
    # ── lifetime, close, dup, fd reuse, the file left as it was ─────────────────────────────────────────────────
    "LIF-01": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; close 2; poll 0; poll 0",
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 3; send 4 1; close 2; settle",
        "unix 1 2; dup 2 3; register 2 7 r {trigger}; send 1 3; close 3; settle; close 2; poll 0",
    ),
    "LIF-02": (
        (
            "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; deregister 2; close 2; eventfd 3; register 3 8 r {trigger};"
            " poll 0; send 3 1; settle"
        ),
        "pipe 1 2; register 1 7 r {trigger}; deregister 1; close 1; close 2; unix 3 4; register 3 8 r {trigger}; send 4 1; settle",
        "unix 1 2; register 1 7 w {trigger}; close 1; unix 3 4; register 3 8 w {trigger}; settle",
    ),
    "LIF-03": (
        "unix 1 2; register 2 7 r {trigger}; waker 8; user 3; register 3 9 r {trigger}; set 3 r; wake 1; send 1 1; settle",
        "poll 0",
    ),
    "LIF-04": (
        (
            "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 1; settle; deregister 2;"
            " reregister 3 8 r {trigger}; poll 0; close 1; poll 0"
        ),
    ),
    "LIF-05": (
        (
            "unix 1 2; pipe 3 4; tcp 5 6; register 2 7 r {trigger}; register 3 8 r {trigger}; register 5 9 r {trigger};"
            " send 1 1; settle; deregister 2; poll 0"
        ),
    ),
    "LIF-06": (
        "unix 1 2; register 2 7 r {trigger}; send 1 1; settle",
        "unix 1 2; register 2 7 r {trigger}; deregister 2; close 2",
    ),
    "LIF-07": (
        (
            "unix 1 2; dup 2 3; register 2 7 r {trigger}; register 3 8 r {trigger}; send 1 3; settle; deregister 2; recv 3 3;"
            " drain 3; send 1 3; settle"
        ),
        "unix 1 2; dup 2 3; register 2 7 r {trigger}; register 3 8 w {trigger}; settle; send 1 3; settle",
    ),
    "LIF-08": (
        "unix 1 2; dup 2 3; register 2 7 r edge; send 1 3; settle; drain 3; poll 0; send 1 3; settle",
        "unix 1 2; dup 2 3; register 2 7 r edge; register 3 8 r edge; send 1 3; settle; drain 3; send 1 3; settle",
    ),
    "LIF-09": (
        (
            "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; close 2; eventfd 3; register 3 7 r {trigger}; poll 0;"
            " send 3 1; settle"
        ),
    ),
    "LIF-10": (
        (
            "unix 1 2; register 2 7 r {trigger}; deregister 2; register 2 7 r {trigger}; deregister 2; register 2 8 r {trigger};"
            " poll 0; deregister 2; register 2 7 r {trigger}; send 1 1; settle; deregister 2; register 2 7 r {trigger}; settle"
        ),
    ),
    "LIF-12": ("unix 1 2; register 2 7 r {trigger}; dup 2 3; close 2; send 1 3; poll 0; close 3; poll 0",),
    "LIF-13": (
        "unix 1 2; register 2 7 r {trigger}; dup 2 3; send 1 3; deregister 2; poll 0; poll 0; close 2; poll 0",
        "pipe 1 2; dup 1 3; register 1 7 r {trigger}; send 2 1; settle; deregister 1; poll 0",
    ),
    "LIF-14": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; settle; deregister 2; send 1 4; recv 2 7; poll 0",
        "pipe 1 2; register 1 7 r {trigger}; deregister 1; send 2 3; recv 1 3",
    ),
    # ── listeners ───────────────────────────────────────────────────────────────────────────────────────────────
    "LSN-01": (
        "listen 1; register 1 7 r {trigger}; poll 0; fresh 2; connect 2 1; settle; accept 1 3; accept 1 4; poll 0",
    ),
    "LSN-02": (
        (
            "listen 1; register 1 7 r level; fresh 2; connect 2 1; fresh 3; connect 3 1; settle; accept 1 4; settle; accept 1 5;"
            " accept 1 6; poll 0"
        ),
    ),
    "LSN-03": (
        "listen 1; register 1 7 r edge; fresh 2; connect 2 1; settle; drain 1; poll 0; fresh 3; connect 3 1; settle",
        (
            "listen 1; register 1 7 r edge; accept 1 2; fresh 3; connect 3 1; settle; accept 1 4; accept 1 5; fresh 6;"
            " connect 6 1; settle"
        ),
    ),
    "LSN-04": ("listen 1; fresh 2; connect 2 1; register 1 7 r {trigger}; settle; accept 1 3; poll 0",),
    "LSN-05": (
        (
            "listen 1; register 1 7 r {oneshot}; fresh 2; connect 2 1; settle; accept 1 3; fresh 4; connect 4 1; poll 0;"
            " reregister 1 7 r {oneshot}; settle; accept 1 5; reregister 1 7 r {oneshot}; poll 0; fresh 6; connect 6 1; settle"
        ),
    ),
    # ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────
    "CON-01": (
        "listen 1; fresh 2; connect 2 1; register 2 7 w {trigger}; settle; accept 1 3",
        "listen 1; fresh 2; register 2 7 w {trigger}; connect 2 1; settle; accept 1 3; settle",
    ),
    "CON-02": (
        "fresh 1; refuse 1; register 1 7 w {trigger}; settle",
        "fresh 1; register 1 7 rw {trigger}; refuse 1; settle",
    ),
    "CON-03": (
        "fresh 1; refuse 1; register 1 7 r {trigger}; settle",
        "fresh 1; register 1 7 r {trigger}; refuse 1; settle",
    ),
    "CON-04": ("listen 1; fresh 2; connect 2 1; accept 1 3; fresh 4; connect 4 1; register 4 7 rw {trigger}; settle",),
    # ── datagrams ───────────────────────────────────────────────────────────────────────────────────────────────
    "DGR-01": (
        "udp 1 2; register 2 7 r {trigger}; poll 0; send 1 3; settle",
        "udp 1 2; send 1 3; register 2 7 r {trigger}; settle; recv 2 9",
    ),
    "DGR-02": (
        "udp 1 2; register 2 7 w {trigger}; settle",
        "udp 1 2; send 1 3; register 2 7 rw {trigger}; settle",
        "udp 1 2; register 1 7 w level; close 2; send 1 1; poll 0; settle; settle",
    ),
    "DGR-03": (
        "udp 1 2; register 2 7 r level; send 1 3; send 1 4; settle; recv 2 9; settle; recv 2 9; poll 0",
        "udp 1 2; register 1 7 rw level; close 2; send 1 1; settle; settle",
    ),
    "DGR-04": (
        "udp 1 2; register 2 7 r edge; send 1 3; settle; drain 2; poll 0; send 1 3; settle; drain 2; send 1 3; settle",
    ),
    "DGR-05": (
        "udp 1 2; register 2 7 r {trigger}; poll 0; empty 1; settle; recv 2 9; poll 0",
        "udp 1 2; empty 1; register 2 7 r {trigger}; settle; drain 2; empty 1; settle",
    ),
    "DGR-06": (
        "udp 1 2; register 1 7 r {trigger}; poll 0; close 2; send 1 3; settle",
        "udp 1 2; close 2; send 1 3; register 1 7 r {trigger}; settle",
    ),
    "DGR-07": (
        "udp 1 2; register 2 7 r {trigger}; send 1 3; settle; deregister 2; send 1 4; recv 2 9; recv 2 9; poll 0",
    ),
    # ── pipes and eventfds ──────────────────────────────────────────────────────────────────────────────────────
    "PIP-01": (
        "pipe 1 2; register 1 7 r {trigger}; poll 0; send 2 3; settle; drain 1; send 2 3; settle",
        "pipe 1 2; send 2 3; close 2; register 1 7 r {trigger}; settle",
    ),
    "PIP-02": (
        "pipe 1 2; register 1 7 r {trigger}; poll 0; close 2; settle",
        "pipe 1 2; close 2; register 1 7 r {trigger}; settle",
    ),
    "PIP-03": (
        "pipe 1 2; register 2 7 w {trigger}; settle; fill 2; poll 0; close 1; settle",
        "pipe 1 2; close 1; register 2 7 w {trigger}; settle",
    ),
    "PIP-04": (
        "pipe 1 2; register 2 7 w {trigger}; settle; fill 2; poll 0; drain 1; settle",
        "pipe 1 2; register 2 7 w {trigger}; fill 2; drain 1; settle",
    ),
    "PIP-05": (
        "eventfd 1; register 1 7 r {trigger}; poll 0; send 1 1; settle; drain 1; poll 0; send 1 5; settle",
        "eventfd 1; send 1 3; register 1 7 r {trigger}; settle",
    ),
    "PIP-06": (
        "eventfd 1; register 1 7 w {trigger}; settle",
        "eventfd 1; register 1 7 rw {trigger}; settle; fill 1; poll 0; drain 1; settle",
    ),
    # ── user readiness ──────────────────────────────────────────────────────────────────────────────────────────
    "USR-01": (
        "user 1; register 1 7 r {trigger}; poll 0; set 1 r; settle",
        "user 1; register 1 7 w {trigger}; set 1 w; settle",
        "user 1; register 1 7 r {trigger}; set 1 r; set 1 -; set 1 r; poll none",
    ),
    "USR-02": (
        "user 1; set 1 r; register 1 7 r {trigger}; settle",
        "user 1; set 1 rw; register 1 7 r {trigger}; poll 120ms",
    ),
    "USR-03": (
        "user 1; set 1 r; set 1 w; set 1 -; register 1 7 r {trigger}; set 1 rw; set 1 r; poll 0",
        "user 1; register 1 7 r {trigger}; set 1 r; deregister 1; set 1 w; poll 0",
    ),
    "USR-04": (
        "user 1; register 1 7 r {trigger}; set 1 w; set 1 r; settle",
        "user 1; register 1 7 rw {trigger}; set 1 r; settle; set 1 w; settle",
    ),
    "USR-05": ("user 1; register 1 7 r level; set 1 r; settle; settle; poll none",),
    "USR-06": (
        "user 1; register 1 7 r edge; set 1 r; settle; set 1 -; set 1 r; settle; set 1 -; poll 0; set 1 r; settle",
    ),
    "USR-07": (
        "user 1; register 1 7 r {oneshot}; set 1 r; settle; set 1 -; poll 0; set 1 r; poll 0; reregister 1 7 r {oneshot}; settle",
        "user 1; register 1 7 r {oneshot}; set 1 r; settle; reregister 1 7 r {oneshot}; settle",
    ),
    "USR-08": (
        "user 1; register 1 7 r {trigger}; set 1 w; poll 0; poll 0; set 1 rw; settle",
        "user 1; register 1 7 rw {trigger}; set 1 rw; settle; reregister 1 7 r {trigger}; settle; poll 0",
    ),
    "USR-09": (
        "user 1; register 1 7 r {trigger}; await none set 1",
        "user 1; unix 2 3; register 3 8 r {trigger}; register 1 7 r {trigger}; poll 0; await 1.5s set 1",
    ),
    "USR-10": (
        "user 1; register 1 7 r level; set 1 r; settle; set 1 -; rest 0.9ms",
        "user 1; register 1 7 r level; set 1 r; set 1 -; rest 0.9ms",
    ),
    "USR-11": (
        "user 1; register 1 7 r {trigger}; set 1 r; deregister 1; poll 0; poll 0",
        (
            "user 1; register 1 7 r {trigger}; set 1 r; settle; deregister 1; set 1 -; set 1 r; poll 0;"
            " register 1 7 r {trigger}; settle"
        ),
    ),
    "USR-12": ("user 1; register 1 7 r {oneshot}; set 1 r; settle; set 1 -; set 1 r; poll 0; poll 0; rest 0.9ms",),
    "USR-13": ("user 1; register 1 7 r {trigger}; set 1 r; set 1 -; poll 0; set 1 r; settle",),
    "USR-14": (
        (
            "user 1; unix 2 3; register 1 7 r {trigger}; register 3 8 r {trigger}; set 1 r; send 2 3; settle; drain 3; set 1 -;"
            " set 1 r; send 2 3; settle"
        ),
    ),
    "USR-16": ("user 1; register 1 7 r edge; set 1 r; settle; reregister 1 7 r edge; rest 0.9ms",),
    # ── wakers ──────────────────────────────────────────────────────────────────────────────────────────────────
    "WAK-01": ("waker 7; poll 0; wake 1; settle", "waker 0; wake 3; poll none"),
    "WAK-02": ("waker 7; await none wake 0", "waker 7; unix 1 2; register 2 8 r {trigger}; await 1.5s wake 0"),
    "WAK-03": ("waker 7; wake 1; poll none", "waker 4294967296; wake 2; poll 120ms"),
    "WAK-04": ("waker 7; wake 1; settle; wake 1; settle; wake 1; poll none; await none wake 0",),
    "WAK-05": (
        "waker 7; wake 3; settle; rest 0.9ms",
        "waker 7; unix 1 2; register 2 8 r {trigger}; wake 1; settle; rest 0.9ms",
    ),
    "WAK-06": ("waker 7; wake 70000; settle; wake 3000; poll 0; settle",),
    "WAK-07": (
        (
            "waker 7; unix 1 2; register 2 8 r {trigger}; wake 1; send 1 3; settle; drain 2; wake 1; send 1 3; settle;"
            " wake 1; settle"
        ),
    ),
    "WAK-08": ("waker 7; wake 1; wake 1; settle",),
    # ── dispatching loops ───────────────────────────────────────────────────────────────────────────────────────
    # the order within a batch is the poller's: what acts on two of those that are ready acts on one that was not yet told
    "DSP-01": (
        f"{_TWO}; dispatch 0 deregister 2 and deregister 3; poll 0",
        f"{_THREE}; dispatch none deregister 3 and send 1 1 and deregister 2; dispatch 0; settle",
    ),
    "DSP-02": (
        "unix 1 2; send 1 3; register 2 7 rw {trigger}; dispatch 0 deregister 2; poll 0",
        "tcp 1 2; send 1 3; register 2 7 rw {trigger}; dispatch none deregister 2 and close 2; poll 0",
    ),
    "DSP-03": (f"{_TWO}; dispatch 0 reregister 2 9 r {{trigger}} and reregister 3 10 r {{trigger}}; settle",),
    "DSP-04": (
        f"{_TWO_BOTH}; dispatch 0 reregister 2 7 r {{trigger}} and reregister 4 8 r {{trigger}}; settle",
        f"{_TWO_BOTH}; dispatch 0 reregister 2 7 w {{trigger}} and reregister 4 8 w {{trigger}}; settle",
    ),
    "DSP-05": (
        "listen 1; register 1 7 r {trigger}; fresh 2; connect 2 1; dispatch 0 accept 1 3 and register 3 8 r {trigger}; send 2 3; settle",
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; send 1 3; send 4 1; dispatch 0 register 3 8 r {trigger}; dispatch none; settle",
    ),
    "DSP-06": (
        f"{_THREE}; dispatch 0 deregister 2; settle",
        f"{_THREE}; dispatch 0 deregister 3 and close 3; settle",
        f"{_THREE}; dispatch 0 reregister 3 8 r {{trigger}}; dispatch 0; settle",
    ),
    "DSP-07": (
        f"{_TWO}; dispatch 0 reregister 2 7 r {{trigger}} and reregister 3 8 r {{trigger}}; settle",
        f"{_TWO}; dispatch 0 reregister 3 8 r {{trigger}} and reregister 2 9 r {{trigger}}; dispatch 0; settle",
    ),
    "DSP-08": (
        (
            "unix 1 2; register 2 7 r {oneshot}; send 1 3; dispatch 0 drain 2 and reregister 2 7 r {oneshot}; poll 0; send 1 3;"
            " dispatch none drain 2 and reregister 2 7 r {oneshot}; send 1 3; settle"
        ),
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; dispatch 0 recv 2 1 and reregister 2 7 r {oneshot}; settle",
    ),
    "DSP-09": (
        "unix 1 2; register 2 7 r edge; send 1 3; dispatch 0 drain 2 and send 1 1; settle; dispatch 0 drain 2; send 1 1; settle",
        "unix 1 2; register 2 7 r edge; send 1 3; dispatch 0 drain 2; send 1 1; dispatch none drain 2; send 1 3; settle",
    ),
    "DSP-10": (
        f"{_TWO}; dispatch 0 deregister 2 and close 2 and eventfd 5 and register 5 9 r {{trigger}}; poll 0; send 5 1; settle",
        f"{_TWO}; dispatch 0 deregister 3 and close 3 and eventfd 5 and register 5 9 r {{trigger}}; poll 0; send 5 1; settle",
    ),
    "DSP-11": (
        "unix 1 2; register 2 7 r {trigger}; send 1 3; dispatch 0; drain 2; send 1 1; dispatch none; drain 2; dispatch 0",
        "tcp 1 2; register 2 7 r {trigger}; dispatch 0; send 1 3; dispatch 0; dispatch 0; dispatch 0; drain 2; dispatch 0.9ms",
        "pipe 1 2; register 1 7 r {trigger}; send 2 3; dispatch 0; dispatch 0; dispatch 0; dispatch 0; dispatch 0; dispatch 0; dispatch 0",
    ),
    "DSP-12": (
        f"{_TWO}; dispatch 0 deregister 2 and close 2; dispatch 0; dispatch 0.9ms deregister 3 and close 3; dispatch 0.9ms",
    ),
    "DSP-13": (
        f"{_TWO}; eventfd 5; dispatch 0 deregister 2 and register 5 9 r {{trigger}} and reregister 3 8 r {{trigger}}; settle",
        "unix 1 2; register 2 7 r {trigger}; send 1 3; dispatch 0 deregister 2 and register 2 7 r {trigger}; settle",
    ),
    "DSP-14": (
        "waker 6; unix 1 2; register 2 7 r {trigger}; send 1 3; dispatch 0 wake 1 and drain 2; settle",
        "waker 6; wake 1; dispatch none wake 1; settle; poll 0",
    ),
    "DSP-15": (
        "user 1; register 1 6 r {trigger}; unix 2 3; register 3 7 r {trigger}; send 2 3; dispatch 0 set 1 r; settle",
        "user 1; register 1 6 r {trigger}; set 1 r; dispatch 0 set 1 - and set 1 r; dispatch none; settle",
    ),
    "DSP-16": (f"{_TWO}; dispatch 0 close 2; poll 0", f"{_TWO}; dispatch 0 close 3; poll 0"),
    "DSP-17": (f"{_TWO}; eventfd 5; send 5 1; dispatch 0 register 5 9 r {{trigger}}; settle",),
    "DSP-18": (
        f"{_TWO}; dispatch 0 deregister 2 and close 2 and eventfd 5 and register 5 9 r {{trigger}} and send 5 1; settle",
        f"{_TWO}; dispatch 0 deregister 3 and close 3 and eventfd 5 and register 5 9 r {{trigger}}; poll 0; send 5 1; settle",
    ),
    # ── threads ─────────────────────────────────────────────────────────────────────────────────────────────────
    "THR-01": (
        "unix 1 2; send 1 3; meanwhile none register 2 7 r {trigger}",
        "unix 1 2; pipe 3 4; register 3 8 r {trigger}; meanwhile 1.5s register 1 7 w {trigger}; settle",
        "eventfd 1; send 1 1; meanwhile none register 1 7 r {trigger}; settle",
    ),
    "THR-02": (
        "unix 1 2; register 1 7 r {trigger}; meanwhile none reregister 1 7 rw {trigger}",
        "unix 1 2; send 1 1; fill 2; register 2 7 w {trigger}; poll 0; meanwhile 1.5s reregister 2 7 rw {trigger}; settle",
    ),
    "THR-03": (
        "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; meanwhile none reregister 2 7 r {oneshot}",
        (
            "unix 1 2; register 2 7 r {oneshot}; send 1 3; settle; drain 2; send 1 1; poll 0;"
            " meanwhile 1.5s reregister 2 7 r {oneshot}"
        ),
    ),
    "THR-04": (
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; meanwhile 40ms deregister 2; send 1 3; poll 0; poll 0",
        (
            "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger};"
            " meanwhile none deregister 2 and send 1 3 and send 4 1; poll 0; poll 0"
        ),
    ),
    "THR-05": (
        "unix 1 2; register 2 7 r {trigger}; meanwhile 40ms reregister 2 8 r {trigger}; send 1 3; settle",
        "unix 1 2; register 2 7 r {trigger}; meanwhile none reregister 2 8 r {trigger} and send 1 3; settle",
    ),
    "THR-06": (
        "unix 1 2; pipe 3 4; send 4 1; register 2 7 r {trigger}; meanwhile none deregister 2 and register 3 8 r {trigger}; settle",
        "unix 1 2; register 2 7 r {trigger}; meanwhile 40ms reregister 2 7 r {trigger} and deregister 2; poll 0",
    ),
    "THR-07": (
        "unix 1 2; pipe 3 4; register 2 7 r {trigger}; register 3 8 r {trigger}; meanwhile none deregister 2 and send 4 1",
        (
            "unix 1 2; pipe 3 4; eventfd 5; register 2 7 r {trigger}; register 3 8 r {trigger};"
            " meanwhile none register 5 9 r {trigger} and reregister 2 7 r {trigger} and send 4 1; settle"
        ),
    ),
    "THR-08": (
        (
            "unix 1 2; pipe 3 4; eventfd 5; send 1 1; send 4 1; send 5 1;"
            " meanwhile none register 2 7 r {trigger} and register 3 8 r {trigger} and register 5 9 r {trigger}; settle"
        ),
    ),
    "THR-09": (
        "unix 1 2; register 2 7 r edge; send 1 3; settle; meanwhile none drain 2 and send 1 1; settle",
        "pipe 1 2; register 1 7 r edge; send 2 3; settle; meanwhile 1.5s drain 1 and send 2 1; settle",
    ),
    "THR-10": ("user 1; set 1 r; meanwhile none register 1 7 r {trigger}; settle",),
    "THR-11": (
        "unix 1 2; register 2 7 r {trigger}; meanwhile 40ms send 1 3 and deregister 2; poll 0",
        "unix 1 2; register 2 7 r {trigger}; meanwhile 40ms send 1 3 and reregister 2 8 r {trigger}; settle",
    ),
}
"""Guarantee -> texts of scenarios; several actions on a line, parted by `;`."""

_TRIGGERS = ("level", "edge")


def scenarios(capabilities: Capability, *, first: Sequence[str] = ()) -> tuple[Scenario, ...]:
    """Give the scenarios for a poller that claims `capabilities`, each once: those of `first`, then in the order of the table."""
    found: dict[Scenario, None] = {}
    for id in dict.fromkeys([*first, *LIBRARY]):
        needs = lookup(id).needs
        if needs & capabilities == needs:
            expanded = (scenario for text in LIBRARY[id] for scenario in expand(text))
            found.update((scenario, None) for scenario in expanded if _are_triggers_claimed(scenario, capabilities))
    return tuple(found)


def expand(text: str) -> Iterator[Scenario]:
    """Put each trigger in the place of `{trigger}` and `{oneshot}`."""
    for trigger in _TRIGGERS if "{" in text else ("",):
        yield parse(text.replace("{trigger}", trigger).replace("{oneshot}", f"{trigger}+oneshot"))


def _are_triggers_claimed(scenario: Scenario, capabilities: Capability) -> bool:
    every = (one for action in scenario for one in (action, *action.acts))
    asked = (action.args[3] for action in every if action.verb in ("register", "reregister"))
    return all(int(trigger) & ~int(capabilities) == 0 for trigger in asked)
