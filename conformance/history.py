"""What was done, what poll(2) showed, what the poller said.

A history is a flat tuple of entries in the order in which they happened: a `Did` for each action, and a `Poll` for each call of poll
before the `Did` of the action that made it. It is all that the judge ever sees, it is written ahead of each call so that an abort
leaves it behind, and it stores as JSON, so that it can be judged again elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

from conformance.actions import Action, show_wait
from conformance.protocol import Capability
from conformance.scenario import Scenario, parse

__all__ = [
    "ALIVE",
    "DIED",
    "EACH",
    "FIRST",
    "HANDLER",
    "HUNG",
    "REST",
    "THREAD",
    "WHOLE",
    "Acted",
    "Curtain",
    "Did",
    "Entry",
    "History",
    "Masks",
    "Poll",
    "acted_from_json",
    "acted_to_json",
    "describe",
]

Masks = dict[int, int]
"""Label -> what poll(2) showed, for every label that is or was registered and is still open."""

ALIVE, HUNG, DIED = "", "hung", "died"
WHOLE, EACH, FIRST, REST = "", "each", "first", "rest"
HANDLER, THREAD = "handler", "thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """One action, done or skipped. A call that never came back has `ended` HUNG or DIED."""

    step: int
    action: Action
    skipped: str = ""
    outcome: str = "ok"
    """`ok`, `WouldBlock`, `EOF`, a number of bytes, an errno name, or `refused`."""
    refused: str = ""
    """What the poller raised, where it is among REFUSALS."""
    raised: str = ""
    """What the poller raised, where it is not."""
    mask: int | None = None
    """What poll(2) showed of the file when it said WouldBlock or EINPROGRESS."""
    fds: tuple[tuple[int, int], ...] = ()
    """(label, number) of each fd that this action opened."""
    flaw: str = ""
    """Bytes that were read and are not those that were sent."""
    within: str = ""
    """Where it was done: by the `handler` of a dispatch, or by another `thread`; empty for a step of its own."""
    ended: str = ALIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What the other thread of an `await` did while a poll was in progress, and what poll(2) showed then."""

    act: str
    label: int
    masks: Masks
    did: tuple[Did, ...] = ()
    """The actions of a `meanwhile`, one by one; then `act` is `meanwhile` and `label` is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One call of poll. `after` is None where it never came back."""

    step: int
    timeout: float | None
    max_events: int | None
    before: Masks
    after: Masks | None = None
    events: tuple[tuple[int, int], ...] = ()
    flaws: tuple[str, ...] = ()
    """What is wrong with what was returned, as a return value."""
    raised: str = ""
    elapsed_ns: int = 0
    acted: Acted | None = None
    part: str = ""
    """WHOLE: a call of poll. EACH: a call of poll_each. FIRST: one up to the handler that acts, REST: the same from there on."""
    ended: str = ALIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Curtain:
    """What was left when the poller had been closed."""

    step: int
    raised: str = ""
    leaked: int = 0
    """Fds that the poller opened and did not close."""
    shut: tuple[int, ...] = ()
    """Labels of fds that were closed behind the scenario's back."""
    blocking: tuple[int, ...] = ()
    """Labels of fds that were made blocking."""
    ended: str = ALIVE


Entry = Did | Poll | Curtain
_KINDS: dict[str, type[Did | Poll | Curtain]] = {"did": Did, "poll": Poll, "curtain": Curtain}
_NAMES = {cls: name for name, cls in _KINDS.items()}
_FIELDS = {cls: tuple(field.name for field in fields(cls)) for cls in (Did, Poll, Curtain, Acted)}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One scenario on one world with one poller."""

    scenario: Scenario
    capabilities: Capability
    entries: tuple[Entry, ...]
    fell: tuple[str, ...] = ()
    """The faults that fell, in order, in the spelling of a `fault` action."""

    @property
    def is_fatal(self) -> bool:
        """Whether it ends in a hang or an abort."""
        return bool(self.entries) and self.entries[-1].ended != ALIVE

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON's own types."""
        return {
            "scenario": [str(action) for action in self.scenario],
            "capabilities": int(self.capabilities),
            "entries": [entry_to_json(entry) for entry in self.entries],
            "fell": list(self.fell),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> History:
        """The inverse of `to_json`; KeyError, TypeError or ValueError where the data is none."""
        return cls(
            scenario=parse(data["scenario"]),
            capabilities=Capability(data["capabilities"]),
            entries=tuple(entry_from_json(entry) for entry in data["entries"]),
            fell=tuple(data.get("fell", ())),
        )


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """One entry as a frame of a worker's journal and as a row of a stored history."""
    row = _shallow(entry)
    if isinstance(entry, Did):
        row["action"] = str(entry.action)
    elif isinstance(entry, Poll) and entry.acted:
        row["acted"] = acted_to_json(entry.acted)
    return {"kind": _NAMES[type(entry)], **row}


def _shallow(entry: Entry | Acted) -> dict[str, Any]:
    """The fields as they are; `asdict` would copy each of them, and an entry is written at every step."""
    return {name: getattr(entry, name) for name in _FIELDS[type(entry)]}


def acted_to_json(acted: Acted) -> dict[str, Any]:
    """What another thread did, as part of an entry and as a frame."""
    return {**_shallow(acted), "did": [entry_to_json(did) for did in acted.did]}


def acted_from_json(data: dict[str, Any]) -> Acted:
    """The inverse of `acted_to_json`."""
    done = tuple(entry for entry in map(entry_from_json, data.get("did", ())) if isinstance(entry, Did))
    return Acted(act=data["act"], label=data["label"], masks=_masks(data["masks"]) or {}, did=done)


def _masks(data: dict[str, int] | None) -> Masks | None:
    return None if data is None else {int(label): mask for label, mask in data.items()}


def entry_from_json(data: dict[str, Any]) -> Entry:
    """The inverse of `entry_to_json`."""
    row: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key != "kind"
    }
    kind = data["kind"]
    if kind == "did":
        row["action"] = Action.parse(row["action"])
        row["fds"] = tuple((label, fd) for label, fd in row["fds"])
    elif kind == "poll":
        row["before"], row["after"] = _masks(row["before"]), _masks(row["after"])
        row["events"] = tuple((token, readiness) for token, readiness in row["events"])
        if (acted := row["acted"]) is not None:
            row["acted"] = acted_from_json(acted)
    return _KINDS[kind](**row)


_BITS = ((1, "IN"), (2, "PRI"), (4, "OUT"), (8, "ERR"), (16, "HUP"), (32, "NVAL"), (0x2000, "RDHUP"))


def _show_mask(mask: int) -> str:
    return "|".join(name for bit, name in _BITS if mask & bit) or "0"


def _show_masks(masks: Masks) -> str:
    return " ".join(f"{label}:{_show_mask(mask)}" for label, mask in sorted(masks.items())) or "nothing registered"


def describe(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Print entries for people, a line each: what was done or asked, then what came of it. No durations."""
    groups = groupby(map(_describe, entries))
    runs = ((line, sum(1 for _ in same)) for line, same in groups)
    return tuple(line if times == 1 else f"{line}   ({times} times)" for line, times in runs)


def _describe(entry: Entry) -> str:
    if isinstance(entry, Curtain):
        found = entry.raised or f"leaked {entry.leaked}, shut {list(entry.shut)}, blocking {list(entry.blocking)}"
        return f"end     close() -> {entry.ended or found}"
    if isinstance(entry, Poll):
        capacity = "" if entry.max_events is None else f", {entry.max_events}"
        told = [f"({token}, {readiness:#x})" for token, readiness in entry.events]
        result = entry.ended or entry.raised or f"[{', '.join(told)}]"
        acted = f" while {_show_acted(entry.acted)}" if entry.acted else ""
        flaws = "".join(f"; {flaw}" for flaw in entry.flaws)
        name = "poll_each" if entry.part else "poll"
        call = f"{name}({show_wait(entry.timeout)}{capacity}){acted}"
        call = "... the rest of the batch" if entry.part == REST else call
        return f"step {entry.step:<2} {call} -> {result}{flaws}   [{_show_masks(entry.before)}]"
    result = entry.ended or entry.raised or entry.refused or entry.flaw or entry.outcome
    if entry.skipped:
        result = f"skipped, {entry.skipped}"
    mask = "" if entry.mask is None else f"   [{_show_mask(entry.mask)}]"
    place = "in the handler: " if entry.within == HANDLER else ""
    return f"step {entry.step:<2} {place}{entry.action} -> {result}{mask}"


def _show_acted(acted: Acted) -> str:
    return " and ".join(f"{did.action} -> {did.refused or did.outcome}" for did in acted.did) or acted.act
