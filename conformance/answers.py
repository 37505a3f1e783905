"""What a poller answered, in the words of a history: its exceptions, and its events, parted from what is no event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.protocol import event_flaw

__all__ = ["part_events", "part_result", "show_error"]

_MOST_EVENTS = 10_000
_MOST_FLAWS = 3

Parted = tuple[tuple[tuple[int, int], ...], tuple[str, ...]]


def show_error(error: BaseException) -> str:
    """Print an exception in one short line."""
    text = str(error).splitlines()[0][:120] if str(error) else ""
    return f"{type(error).__name__}({text})"


def part_result(result: Any) -> Parted:
    """Part what poll returned into events, and what is wrong with the rest."""
    if not isinstance(result, list):
        return (), (f"got {repr(result)[:60]}, but poll should return a list",)
    return part_events(result[:_MOST_EVENTS])


def part_events(told: Iterable[Any]) -> Parted:
    """Part what is an event from what is not."""
    events, flaws = [], []
    for event in told:
        flaw = event_flaw(event)
        if flaw:
            flaws.append(flaw[:160])
        else:
            events.append((int(event[0]), int(event[1])))
    return tuple(events), tuple(flaws[:_MOST_FLAWS])
