"""A pen for literal histories: what was done, what poll(2) showed, what the poller said, a line each.

    tell(did("unix 1 2"), did("register 2 7 r edge"), did("send 1 3"), told((7, 1), shown={2: IN}))

Steps are counted and fds numbered by `tell`; a poll is told with the masks before it and, where they differ, after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.actions import Action
from conformance.history import FIRST, HANDLER, REST, THREAD, Acted, Curtain, Did, Entry, History, Masks, Poll
from conformance.judging import Weighed, applicable, weigh
from conformance.protocol import Capability

EVERYTHING = Capability(sum(capability.value for capability in Capability))
IN, PRI, OUT, ERR, HUP, NVAL, RDHUP = 1, 2, 4, 8, 16, 32, 0x2000
R, W, P, ERROR, READ_CLOSED, WRITE_CLOSED = 1, 2, 4, 8, 16, 32

Part = Entry | tuple[Entry, ...]


def did(text: str, **fields: Any) -> Did:
    """One action, done."""
    return Did(step=0, action=Action.parse(text), **fields)


def wait_of(text: str) -> float | None:
    """The seconds of a wait, as scenarios spell it."""
    found: float | None = Action.parse(f"rest {text}").args[0]
    return found


def polled(*events: tuple[int, int], shown: Masks | None = None, wait: str = "0", **fields: Any) -> Poll:
    """One call of poll, without the action that made it."""
    before = shown or {}
    filled = {"max_events": None, "after": fields.get("ended") and None, **fields}
    if filled["after"] is None and not fields.get("ended"):
        filled["after"] = before
    return Poll(step=0, timeout=wait_of(wait), before=before, events=events, **filled)


def told(*events: tuple[int, int], shown: Masks | None = None, wait: str = "0", **fields: Any) -> tuple[Entry, ...]:
    """One `poll` action and what it returned."""
    poll = polled(*events, shown=shown, wait=wait, **fields)
    return (poll, did(f"poll {wait} {poll.max_events or ''}"))


def silent(times: int, shown: Masks | None = None, **fields: Any) -> tuple[Entry, ...]:
    """So many polls that returned nothing."""
    return told(shown=shown, **fields) * times


def rested(
    shown: Masks | None = None,
    *,
    wait: str = "0.9ms",
    took_ns: int = 1_000_000,
    events: tuple[tuple[int, int], ...] = (),
) -> tuple[Entry, ...]:
    """A `rest`: six looks, then twelve waits of which each took `took_ns` and returned `events`."""
    looks = (polled(shown=shown),) * 6
    waits = (polled(*events, shown=shown, wait=wait, elapsed_ns=took_ns),) * 12
    return (*looks, *waits, did(f"rest {wait}"))


def acting(act: str, then: Masks) -> Acted:
    """What the other thread of an `await` did: `send 1`, `wake 0`, `set 3`; and what poll(2) showed then."""
    verb, label = act.split()
    return Acted(act=verb, label=int(label), masks=then)


def awaited(
    returns: int,
    *events: tuple[int, int],
    shown: Masks,
    then: Masks,
    wait: str = "none",
    act: str = "send 1",
) -> tuple[Entry, ...]:
    """An `await`: so many empty returns, then the call in which the other thread made `then` true of `label`."""
    last = polled(*events, shown=shown, after=then, wait=wait, acted=acting(act, then), elapsed_ns=20_000_000)
    return (*(polled(shown=shown, wait=wait),) * returns, last, did(f"await {wait} {act}"))


def batch(
    first: tuple[int, int], *acts: Did, rest: tuple[tuple[int, int], ...] = (), shown: Masks, then: Masks | None = None
) -> tuple[Entry, ...]:
    """A `dispatch`: the event whose handler does `acts`, and what the batch told after it; `then` is what poll(2) showed by then."""
    inside = tuple(replace(act, within=HANDLER) for act in acts)
    text = " and ".join(str(act.action) for act in acts)
    after = shown if then is None else then
    return (
        polled(first, shown=shown, part=FIRST),
        *inside,
        polled(*rest, shown=after, part=REST),
        did(f"dispatch 0 {text}"),
    )


def overtaken(
    *acts: Did, events: tuple[tuple[int, int], ...] = (), shown: Masks, then: Masks | None = None, wait: str = "40ms"
) -> tuple[Entry, ...]:
    """A `meanwhile`: a poll during which another thread does `acts`, and what it told; `then` is what poll(2) showed by then."""
    after = shown if then is None else then
    done = Acted(act="meanwhile", label=0, masks=after, did=tuple(replace(act, within=THREAD) for act in acts))
    poll = polled(*events, shown=shown, after=after, wait=wait, acted=done, elapsed_ns=20_000_000)
    return (poll, did(f"meanwhile {wait} {' and '.join(str(act.action) for act in acts)}"))


def tell(*parts: Part, capabilities: Capability = EVERYTHING) -> History:
    """Put entries one after the other: number their steps, and give each label that opens the fd of its number plus ten."""
    entries: list[Entry] = []
    step = 1
    for part in parts:
        for entry in part if isinstance(part, tuple) else (part,):
            entry = replace(entry, step=step)
            if isinstance(entry, Poll) and entry.acted:
                acts = tuple(replace(act, step=step) for act in entry.acted.did)
                entry = replace(entry, acted=replace(entry.acted, did=acts))
            if isinstance(entry, Did):
                step += not entry.within
                if entry.action.row.opens and not entry.fds and not entry.skipped and entry.outcome == "ok":
                    opened = [entry.action.args[index] for index in entry.action.row.opens]
                    entry = replace(entry, fds=tuple((label, label + 10) for label in opened))
            entries.append(entry)
    scenario = tuple(entry.action for entry in entries if isinstance(entry, Did) and not entry.within)
    return History(scenario=scenario, capabilities=capabilities, entries=tuple(entries))


def judge(*parts: Part, capabilities: Capability = EVERYTHING) -> Weighed:
    """What every check that applies says of the history."""
    return weigh(tell(*parts, capabilities=capabilities), applicable(capabilities))


__all__ = [
    "ERR", "ERROR", "EVERYTHING", "HUP", "IN", "NVAL", "OUT", "PRI", "RDHUP", "READ_CLOSED", "WRITE_CLOSED",
    "Curtain", "P", "Part", "R", "W", "acting", "awaited", "batch", "did", "judge", "overtaken", "polled", "rested", "silent", "tell", "told",
]  # fmt: skip
