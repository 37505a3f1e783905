"""What a poller answered, in the words of a history: its exceptions, and its events, parted from what is no event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conformance.protocol import event_flaw

__all__ = ["part_events", "part_result", "show_error"]

_MOST_EVENTS = 10_000
_MOST_FLAWS = 3
_MOST_BITS = 1_000
"""Python prints no longer ints in decimal without being asked to; no token has more than 63."""

Parted = tuple[tuple[tuple[int, int], ...], tuple[str, ...]]


def show_error(error: BaseException) -> str:
    """Print an exception in one short line; also one that cannot be printed."""
    lines = _said(str, error).splitlines()
    return _printable(f"{type(error).__name__}({lines[0][:120] if lines else ''})")


def _said(how: Callable[[object], str], what: object) -> str:
    """`str` or `repr` of a stranger's object, which may raise whatever it likes."""
    try:
        return how(what)
    except BaseException as error:  # noqa: BLE001 - the child's boundary: a stranger's code runs here
        return f"<{type(what).__name__}, which cannot be printed: {type(error).__name__}>"


def _printable(text: str) -> str:
    """A text that any terminal, file and command line takes: no control characters, no halves of surrogate pairs."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def part_result(result: Any) -> Parted:
    """Part what poll returned into events, and what is wrong with the rest."""
    if not isinstance(result, list):
        return (), (_printable(f"got {_said(repr, result)[:60]}, but poll should return a list"),)
    return part_events(result[:_MOST_EVENTS])


def part_events(told: Iterable[Any]) -> Parted:
    """Part what is an event from what is not."""
    events: list[tuple[int, int]] = []
    flaws: list[str] = []
    for event in told:
        try:
            flaw = event_flaw(event)
            if not flaw:
                events.append(_plain(event))
        except BaseException as error:  # noqa: BLE001 - the child's boundary: an event may be of a stranger's class
            flaw = f"got an event that cannot be read: {show_error(error)}"
        if flaw and len(flaws) < _MOST_FLAWS:
            flaws.append(_printable(flaw[:160]))
    return tuple(events), tuple(flaws)


def _plain(event: tuple[int, int]) -> tuple[int, int]:
    """The event as two ints of Python's own, whatever the class of its own makes of them."""
    token, readiness = map(int.__index__, event)
    if token.bit_length() > _MOST_BITS:
        raise OverflowError(f"a token of {token.bit_length()} bits")
    return token, readiness
