"""One scenario in the making: what it has opened and registered so far, the numbers it is drawn with, and the few steps others are made of.

It knows what applies (`slots.py`), and nothing of how likely a step is: that is `choices.py`, and whole scenarios are `drawing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.actions import Action
from conformance.protocol import Capability, Interest, Readiness, Trigger
from conformance.slots import DIRECTIONS, WAKER, Registration, Slots

__all__ = ["Draft", "Swarm"]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY


@dataclass(frozen=True, slots=True)
class Swarm:
    """What one scenario is about."""

    kinds: tuple[str, ...]
    triggers: tuple[Trigger, ...]
    capacity: int | None
    weights: tuple[tuple[str, int], ...]
    tokens: tuple[int, ...]


class Draft:
    """Draws one number after another: `below(n)` gives one from 0 to n-1, 0 being the simplest."""

    swarm: Swarm

    def __init__(self, below: Callable[[int], int], capabilities: Capability) -> None:
        self.below, self.capabilities = below, capabilities
        self.slots = Slots(capabilities)
        self.actions: list[Action] = []
        self.next_label, self.next_token = 1, 0
        self.freed: list[int] = []
        self.only: tuple[str, ...] = ()
        """The verbs that may be added, where not all may."""
        self.focus: tuple[int, ...] = ()
        """The labels that are chosen from, where not all are."""

    def _pick(self, options: Sequence[Any]) -> Any:
        return options[self.below(len(options))] if len(options) > 1 else options[0]

    def _product(self, *options: Sequence[Any]) -> tuple[Any, ...] | None:
        """Pick one of each in a single draw; None where there is nothing to pick from."""
        total = 1
        for option in options:
            total *= len(option)
        if not total:
            return None
        index = self.below(total) if total > 1 else 0
        picked = []
        for option in options:
            index, rest = divmod(index, len(option))
            picked.append(option[rest])
        return tuple(picked)

    def _add(self, verb: str, *args: Any) -> bool:
        """Append an action if it applies, and take note of what it changes."""
        action = Action(verb, args)
        if (self.only and verb not in self.only) or self.slots.why_not(action):
            return False
        registered = self.slots.registrations.get(action.labels[0]) if action.labels else None
        if verb in ("deregister", "close", "reset") and registered:
            self.freed.append(registered.token)
        accepts = verb != "accept" or bool(self.slots.files[args[0]].queue)
        self.slots.apply(action, succeeded=accepts)
        self.actions.append(action)
        if verb in ("poll", "settle"):
            self._estimate_fired()
        return True

    def _estimate_fired(self) -> None:
        for registered in self.slots.registrations.values():
            if registered.trigger & Trigger.ONESHOT and self._is_ready(registered):
                registered.is_enabled = False

    @staticmethod
    def _is_ready(registered: Registration) -> bool:
        file, interest = registered.file, registered.interest
        if file.kind == "user":
            return bool(file.value & int(interest))
        has_input = bool(file.unread or file.is_ended or file.queue)
        return bool(interest & R and has_input) or bool(interest & W and not file.is_full)

    def _labels(self, *kinds: str) -> list[int]:
        return [label for label, file in self.slots.files.items() if not kinds or file.kind in kinds]

    def _registered(self) -> list[Registration]:
        focus = self.focus
        return [
            reg for label, reg in self.slots.registrations.items() if label != WAKER and (not focus or label in focus)
        ]

    def _new_label(self) -> int:
        label = self.next_label
        self.next_label += 1
        return label

    def _new_token(self) -> int:
        """The next number, one of the extreme ones, or now and then one that was given back."""
        if self.freed and self.next_token % 3 == 2:
            token = self.freed.pop()
            if self.slots.is_token_free(token):
                return token
        for token in self.swarm.tokens:
            if self.slots.is_token_free(token):
                return token
        self.next_token += 1
        while not self.slots.is_token_free(self.next_token):
            self.next_token += 1
        return self.next_token

    def _interests(self, kind: str) -> list[Interest]:
        may = DIRECTIONS[kind] & (R | W if self.capabilities & Capability.WRITABLE else R)
        interests = [i for i in (R, W, R | W) if i & may == i]
        if kind == "tcp" and self.capabilities & Capability.PRIORITY:
            interests.append(R | P)
        return interests

    def _free(self) -> list[int]:
        """What could be registered: a write end could not where the poller does not claim WRITABLE."""
        focus = self.focus
        free = [
            label
            for label in self.slots.files
            if label not in self.slots.registrations and (not focus or label in focus)
        ]
        return [label for label in free if self._interests(self.slots.kind(label))]

    def _peers(self) -> list[int]:
        """The other ends of what is registered."""
        peers = [reg.file.peer for reg in self._registered()]
        return [file.labels[0] for file in peers if file and file.is_open]

    def _make_ready(self, registered: Registration) -> None:
        """Make it readable, or writable where it asks for no more."""
        file, label = registered.file, registered.label
        if file.kind == "user":
            self._add("set", label, Readiness(int(registered.interest & ~file.value) or int(registered.interest)))
        elif file.kind == "listener":
            client = self._new_label()
            self._add("fresh", client)
            self._add("connect", client, label)
        elif not registered.interest & R:
            if file.peer and file.peer.is_open:
                self._add("drain", file.peer.labels[0])
        elif file.kind == "eventfd":
            self._add("send", label, 1)
        elif file.peer and file.peer.is_open:
            self._add("send", file.peer.labels[0], 1)

    def _make_unready(self, registered: Registration) -> None:
        """Drain it, fill it, or withdraw what was set."""
        label = registered.label
        if registered.file.kind == "user":
            self._add("set", label, Readiness(0))
        else:
            self._add("drain" if registered.interest & R else "fill", label)

    def _give_up(self, label: int) -> None:
        if not self.capabilities & Capability.CLOSE_FORGETS and label in self.slots.registrations:
            self._add("deregister", label)
        self._add("close", label)

    def _reregister(self, registered: Registration, *, changes: bool) -> None:
        interest, trigger, token = registered.interest, registered.trigger, registered.token
        if changes:
            options = self._interests(registered.file.kind)
            picked = self._product(options, self.swarm.triggers, (False, True))
            assert picked is not None
            interest, trigger, new_token = picked
            if new_token and self.capabilities & Capability.TOKEN_CHANGE:
                self.freed.append(token)
                token = self._new_token()
        self._add("reregister", registered.label, token, interest, trigger)
