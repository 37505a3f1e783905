"""The other thread: it acts once while a poll is in progress, and says what it did and what poll(2) showed then.

On the fake world it is an action scheduled on the clock. It asks the ledger nothing and writes nothing: what it did is part of the poll
that it met, or stands behind it where it met none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.history import THREAD, Acted, Did
from conformance.model import value_mask
from conformance.protocol import Readiness
from conformance.scenario import Scenario

if TYPE_CHECKING:
    from conformance.runner import Stage

__all__ = ["OtherThread", "awaited", "meanwhile"]

_MOST_S = 5.0
"""Seconds that an act which has begun may take."""


class OtherThread:
    """A thread of the world that calls `act` after `delay_s`."""

    def __init__(self, stage: Stage, delay_s: float, act: Callable[[], Acted]) -> None:
        self._log, self._act = stage.log, act
        self._has_begun = False
        self._is_done = threading.Event()
        self._acted: Acted | None = None
        self.is_reported = False
        self.join = stage.world.later(delay_s, self._run)

    def _run(self) -> None:
        self._has_begun = True
        try:
            self._acted = self._act()
            self._log.acted(self._acted)
        finally:
            self._is_done.set()

    def report(self) -> Acted | None:
        """What was done, once, if it has begun."""
        if self.is_reported or not self._has_begun:
            return None
        self._is_done.wait(_MOST_S)
        self.is_reported = True
        return self._acted

    def leftover(self) -> tuple[Did, ...]:
        """What a thread did that met no poll."""
        return self._acted.did if self._acted else ()


def awaited(stage: Stage, act: str, label: int) -> Callable[[], Acted]:
    """What the thread of an `await` does: send, wake or set."""

    def run() -> Acted:
        if act == "send":
            stage.world.send(label, 1)
        elif act == "wake":
            stage.waker.wake()
        else:
            stage.users[label][1].set(Readiness.READABLE | Readiness(stage.ledger.slots.files[label].value))
        masks = stage.masks()
        if act == "set":
            masks[label] = masks.get(label, 0) | value_mask(1)
        return Acted(act=act, label=label, masks=masks)

    return run


def meanwhile(stage: Stage, step: int, acts: Scenario) -> Callable[[], Acted]:
    """What the thread of a `meanwhile` does: calls of the poller, and bytes sent, one after the other."""
    asked = [act.label for act in acts if act.verb in ("register", "reregister")]

    def run() -> Acted:
        done = [(stage.attempt_call if act.row.calls else stage.attempt_io)(step, act) for act in acts]
        did = tuple(replace(one, within=THREAD) for one in done)
        return Acted(act="meanwhile", label=0, masks=stage.masks(asked), did=did)

    return run
