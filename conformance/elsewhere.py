"""The other thread: it acts once while a poll is in progress, and says what it did and what poll(2) showed then.

On the fake world it is an action scheduled on the clock. It asks the ledger nothing and writes nothing: what it did is part of the poll
that it met, or stands behind it where it met none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.actions import Action
from conformance.history import THREAD, Acted, Did, Masks
from conformance.model import Ledger, value_mask
from conformance.protocol import Interest, Readiness, Trigger
from conformance.scenario import Scenario
from conformance.watch import shows

if TYPE_CHECKING:
    from conformance.runner import Stage

__all__ = ["OtherThread", "awaited", "meanwhile", "would_any_be_told", "would_be_told"]

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


def would_be_told(
    ledger: Ledger, act: str, label: int, masks: Masks, drained: Collection[int] = (), undone: Collection[int] = ()
) -> bool:
    """Whether what the other thread is about to do makes something owed."""
    if act == "wake":
        return True
    slots = ledger.slots
    file = slots.files[label]
    reader = file if act == "set" or file.kind == "eventfd" else file.peer
    for told in reader.labels if reader else ():
        watch = ledger.watches.get(told)
        if watch is None or told in undone or not watch.interest & Interest.READABLE:
            continue
        if watch.counts and told in drained:
            return True
        if watch.owes(Interest.READABLE, value_mask(1)) and not masks.get(told, 0) & 1:
            return True
        if act == "set" and watch.counts and not file.value & 1:
            return True
    return False


def would_any_be_told(stage: Stage, acts: Scenario, masks: Masks) -> bool:
    """Whether something is owed once another thread has done `acts`, as far as can be said without doing them."""
    drained: set[int] = set()
    for index, act in enumerate(acts):
        undone = {
            label for later in acts[index + 1 :] if later.verb != "send" for label in _twins(stage.ledger, later.label)
        }
        if act.verb == "drain":
            drained.add(act.label)
        elif act.verb == "send" and would_be_told(stage.ledger, "send", act.label, masks, drained, undone):
            return True
        elif act.verb in ("register", "reregister") and act.label not in undone:
            mask, asked = stage.masks([act.label])[act.label], _news(stage.ledger, act)
            if any(shows(direction, mask) for direction in Interest if direction & asked):
                return True
    return False


def _twins(ledger: Ledger, label: int) -> Sequence[int]:
    """The labels of the same file: what is done to one is done to all."""
    file = ledger.slots.files.get(label)
    return file.labels if file else (label,)


def _news(ledger: Ledger, act: Action) -> Interest:
    """The directions that a register or reregister makes owed if they are ready; of a plain edge only what it adds."""
    _, _, interest, trigger = act.args
    watch = ledger.watches.get(act.label)
    if (watch is None) == (act.verb == "reregister"):
        return Interest(0)
    is_plain = watch is not None and watch.trigger == trigger == Trigger.EDGE
    return Interest(interest & ~watch.interest) if watch and is_plain else Interest(interest)
