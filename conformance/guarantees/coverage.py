"""mio's documented items, each accounted for: checked by, exercised by, or why not.

`mio.txt` holds the 291 items of our reading of mio 0.6.23 and 1.x, an ID and a title a line; the rows of the catalogue name them in their
`source` as `mio:REG-05`. What no row names has its reason here, and a test holds that nothing is missing and nothing is told twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

from conformance.guarantees import Guarantee
from conformance.verdict import Strength

__all__ = ["WHY_NOT", "account_for", "citations", "items"]

_CITATION = re.compile(r"mio:([A-Z]+-\d+)")

WHY_NOT: dict[str, str] = {
    "one poller lives in a scenario; that others may watch the same files is what the honest variant `shared_fds` does": (
        "REG-20 REG-21 LIFE-11 CUS-29"
    ),
    "the errors and calls inside an adapter are its own: what it refuses, and that it changes nothing, is REG-12's and REG-18's": (
        "REG-25 REG-26 SRC-01 SRC-02 SRC-03 SRC-04 SRC-05 CUS-40"
    ),
    "our contract never passes an empty interest": "REG-27 REG-28",
    "our contract passes tokens from 0 to 2**63 - 1, each to one registration at a time": "TOK-02 TOK-03 TOK-05",
    "our contract passes exactly one of LEVEL and EDGE": "TYP-06 TYP-07 ONE-14",
    "it says what mio 1.x left out; here a poller claims its triggers": "ONE-15 HUP-15",
    "several changes told as one event and one change told as several are one freedom, which debts that are OR-ed allow": (
        "EDGE-09 CUS-39"
    ),
    "a scenario reads and writes through the file itself, so that nothing hangs on whose read it was": "EDGE-18 LIFE-17",
    "two polls at once are never asked of a poller": "ONE-13 POLL-28 POLL-29",
    "poll returns a list of its own: there is no buffer to make, to clear or to reuse": "POLL-14 POLL-24 POLL-27 POLL-30 TYP-09 TYP-10",
    "our contract passes `max_events` of at least 1": "POLL-16",
    "in Python a signal handler runs and the wait goes on (PEP 475), which TIM-07 and TIM-08 ask for": "POLL-21 POLL-22",
    "poll does not raise here, so that there is no error to hand on": "POLL-25",
    "Python makes its fds non-inheritable (PEP 446), and those of compiled code are not seen before they are gone": "POLL-32",
    "our contract gives nobody the poller's own fd": "POLL-33",
    "hints are judged only where they are claimed, as HUP-03 to HUP-06": "SPUR-05 HUP-01 HUP-03",
    "how a poller maps the kernel's flags is its own; what comes of it is judged": "HUP-11 HUP-12",
    "it is about what happens when an object is dropped; here deregister and close are calls": (
        "CUS-21 CUS-22 CUS-23 CUS-28 WAK-07 LIFE-02 LIFE-12 LIFE-16"
    ),
    "a user source has one setter, which any thread may call (USR-09)": "CUS-24",
    "two calls at once for one source are never made: who came last would be anybody's guess": "CUS-34 CUS-35",
    "user sources are only set to what they may be asked for, READABLE and WRITABLE": "CUS-33",
    "a user source is registered and refused like a file, as REG-08 and REG-14": "CUS-30",
    "channels are built on user readiness, and are no part of a poller; impl's servers have one": "CHN-01 CHN-02 CHN-03 CHN-04",
    "our contract asks for at most one waker": "WAK-08",
    "it promises nothing of memory, which Python's threads share anyway": "WAK-12",
    "it compares mio with its own past": "WAK-13",
    "reads with no room are made by no scenario": "EOF-10",
    "it is what read, write, accept, bind or connect answer, which is the kernel's half; EOF-03 and EOF-07 read along": (
        "LIFE-14 TCP-05 TCP-10 TCP-14 TCP-17 TCP-18 TCP-21 TCP-22 TCP-25 TCP-27 UDP-03 UDP-07 UDP-09 UDP-13"
    ),
    "it is about mio's own types for sockets and pipes; scenarios use the standard library's": (
        "LIFE-07 TCP-15 TCP-23 UNIX-05 THR-03 TYP-01 TYP-02 TYP-03 TYP-04 TYP-05 TYP-08 TYP-11"
    ),
    "a scenario connects by itself, before or after register; a poller begins nothing": "TCP-02 TCP-03 UNIX-07",
    "a stream socket that was never connected is not judged: systems differ": "TCP-07 TCP-08",
    "an event too many is a freedom, unless it is for a direction that nobody asked for (REG-03)": "TCP-24",
    "Linux only": "TCP-26",
    "it needs a third socket: scenarios have pairs, each connected to the other": "UDP-08 UDP-11",
}
"""Reason -> the items that it is for."""


@cache
def items() -> dict[str, str]:
    """ID -> title, in the order of the document."""
    text = resources.files("conformance.guarantees").joinpath("mio.txt").read_text(encoding="utf-8")
    return dict(line.split(" ", 1) for line in text.splitlines())


def citations(rows: Iterable[Guarantee]) -> dict[str, list[Guarantee]]:
    """ID of an item -> the rows that name it as their source."""
    cited: dict[str, list[Guarantee]] = {}
    for row in rows:
        for id in _CITATION.findall(row.source):
            cited.setdefault(id, []).append(row)
    return cited


def account_for(id: str, cited: dict[str, list[Guarantee]]) -> str:
    """Say what becomes of one item; KeyError if nobody knows."""
    rows = cited.get(id, [])
    checked = [row.id for row in rows if row.check and row.strength is not Strength.MAY]
    exercised = [row.id for row in rows if row.check and row.strength is Strength.MAY]
    told = [f"checked by {', '.join(checked)}"] * bool(checked) + [f"exercised by {', '.join(exercised)}"] * bool(
        exercised
    )
    if not told:
        told = [f"not checked ({row.id}): {row.unchecked}" for row in rows]
    return "; ".join(told) or f"not checked: {_reasons()[id]}"


@cache
def _reasons() -> dict[str, str]:
    return {id: reason for reason, ids in WHY_NOT.items() for id in ids.split()}
