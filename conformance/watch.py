"""Watch: what the model knows of one registration - what is armed, what is owed, what must stay silent.

The conditions are those of DESIGN 4, rule 3: what poll(2) showed decides whether a direction is ready, and nothing is predicted.
"""

from __future__ import annotations

import select
from dataclasses import dataclass, field
from functools import cache

from conformance.facts import IS_LEVEL, IS_ONESHOT, Debt, Quiet
from conformance.protocol import Capability, Interest, Readiness, Trigger
from conformance.slots import DIRECTIONS, File

__all__ = ["EDGES", "HANGUPS", "Watch", "settles", "shows"]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
NO_DIRECTION = Interest(0)
IN, OUT, PRI, ERR, HUP, NVAL = (
    select.POLLIN,
    select.POLLOUT,
    select.POLLPRI,
    select.POLLERR,
    select.POLLHUP,
    select.POLLNVAL,
)
RDHUP = 0x2000
HANGUPS = HUP | ERR
_DIRECTIONS_OF = {Interest(number): tuple(d for d in (R, W, P) if number & d) for number in range(8)}
"""Interest -> the directions in it."""
_BIT = {R: int(R), W: int(W), P: int(P)}
"""Direction -> its bit, as a plain number."""
_CONDITIONS = {R: IN | HUP | ERR, W: OUT | ERR, P: PRI}
"""Direction -> the bits of poll(2) that make it owed. POLLHUP without POLLOUT leaves WRITABLE open: select(2) says no."""
EDGES = {R: IN, W: OUT, P: PRI}
"""Direction -> the bit that only the direction itself can settle, and no hint."""
_HINTS = {R: Readiness.READ_CLOSED, W: Readiness.WRITE_CLOSED}


def shows(direction: Interest, mask: int) -> bool:
    """Whether a file that poll(2) shows as `mask` is ready for `direction`."""
    return bool(mask & _CONDITIONS[direction])


def settles(direction: Interest, mask: int, told: int, capabilities: Capability) -> bool:
    """Whether an event with the bits `told` reports `direction` of a file that poll(2) shows as `mask`.

    A claimed hint settles what only POLLHUP or POLLERR made owed, and nothing that POLLIN or POLLOUT shows (DESIGN 3.1).
    """
    if told & _BIT[direction]:
        return True
    if direction not in _HINTS or mask & EDGES[direction]:
        return False
    return bool(told & _settling(direction, capabilities))


@cache
def _settling(direction: Interest, capabilities: Capability) -> int:
    """The claimed hints that settle a direction, as a plain number."""
    closed = int(_HINTS[direction]) if capabilities & Capability.CLOSED_HINTS else 0
    return closed | (int(Readiness.ERROR) if capabilities & Capability.ERROR_HINT else 0)


@dataclass(slots=True, eq=False)
class Watch:
    """One live registration, from register to deregister, close, or the end."""

    label: int
    file: File
    number: int
    token: int
    interest: Interest
    trigger: Trigger
    is_judged: bool = True
    """False while its number is haunted, and until its next reregister (DESIGN 4, rule 9)."""
    is_enabled: bool = True
    armed: dict[Interest, str] = field(default_factory=dict)
    """Direction -> what armed it; a direction that is absent is not armed."""
    debts: dict[Interest, Debt] = field(default_factory=dict)
    ready_at: dict[Interest, bool] = field(default_factory=dict)
    """Direction -> whether it was ready when it was armed by a register or a reregister."""
    told: dict[Interest, int] = field(default_factory=dict)
    """Direction -> how often it was reported."""
    events: int = 0
    seen: int = 0
    """What poll(2) has shown since the last register or reregister, OR-ed."""
    quiets: list[Quiet] = field(default_factory=list)
    """What must not be reported for it: directions outside the interest, or anything while it is disabled."""
    fired_mask: int = 0
    begun_at: int = 0
    """The step of its register."""
    replaced_at: int = 0
    """The step of the last reregister, or of a register inside a batch that may still tell its token of another file."""
    heir_at: int = 0
    """The step of its register, if its number was given up in the same step."""
    marks: dict[str, bool] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.file.kind

    @property
    def is_level(self) -> bool:
        return IS_LEVEL[self.trigger]

    @property
    def is_oneshot(self) -> bool:
        return IS_ONESHOT[self.trigger]

    @property
    def counts(self) -> bool:
        """Whether debts are kept for it now."""
        return self.is_judged and self.is_enabled and self.file.is_judged

    def directions(self) -> tuple[Interest, ...]:
        """The directions it asks for, one by one."""
        return _DIRECTIONS_OF[self.interest]

    def owed_text(self, direction: Interest) -> str:
        """Say what is owed, for a report."""
        return f"{direction.name} for token {self.token}"

    def replace(self, token: int, interest: Interest, trigger: Trigger, mask: int) -> None:
        """Be what a reregister asks for, while poll(2) shows `mask`; what is armed and still asked for stays armed."""
        had_fired = not self.is_enabled
        self.token, self.interest, self.trigger, self.is_enabled, self.seen = token, interest, trigger, True, mask
        self.debts.clear()
        self.armed = {direction: origin for direction, origin in self.armed.items() if direction & interest}
        ready = [direction for direction in self.directions() if shows(direction, mask)]
        self.marks |= {
            "rearmed": True,
            "polled": False,
            "gained": had_fired and any(not shows(direction, self.fired_mask) for direction in ready),
            "undrained": had_fired and any(shows(direction, self.fired_mask) for direction in ready),
        }

    def fire(self, step: int, mask: int) -> Quiet:
        """Be disabled by an event, while poll(2) shows `mask`; from now on anything is too much."""
        self.is_enabled = False
        self.debts.clear()
        self.armed.clear()
        self.fired_mask = mask
        quiet = self.quiet(step, "fired", f"silence from token {self.token} until it is reregistered")
        self.quiets.append(quiet)
        return quiet

    def quiet(
        self,
        step: int,
        reason: str,
        should_be: str,
        *,
        direction: Interest | None = None,
        was_owed: bool = False,
        is_pending: bool = False,
    ) -> Quiet:
        """Begin a silence of this registration, or of one direction."""
        return Quiet(
            step=step,
            label=self.label,
            token=self.token,
            kind=self.kind,
            reason=reason,
            trigger=self.trigger,
            direction=direction,
            was_owed=was_owed,
            after_stray=self.marks.get("stray", False),
            is_pending=is_pending,
            should_be=should_be,
        )

    def is_tempted(self, quiet: Quiet, mask: int) -> bool:
        """Whether a file that poll(2) shows as `mask` puts a silence to the test."""
        if quiet.direction is not None:
            return bool(mask & EDGES[quiet.direction])
        return bool(mask & HANGUPS) or any(shows(direction, mask) for direction in self.directions())

    def arm(self, origin: str, mask: int | None, *, only: Interest | None = None) -> None:
        """Arm the directions asked for (or `only` those), because of `origin`, while poll(2) showed `mask`."""
        for direction in self.directions():
            if only is None or direction & only:
                if origin == "again" and direction in self.armed:
                    continue
                self.armed[direction] = origin
                self.ready_at[direction] = shows(direction, mask or 0)

    def is_owed(self, direction: Interest, mask: int) -> bool:
        """Whether an event is owed for `direction` while poll(2) shows `mask`, MUST or SHOULD."""
        return self.counts and shows(direction, mask) and (self.is_level or direction in self.armed)

    def owes(self, direction: Interest, mask: int) -> bool:
        """Whether it is owed as a MUST: a plain reregister of an edge arms as a SHOULD only."""
        return self.is_owed(direction, mask) and (self.is_level or self.armed[direction] != "again")

    def watch_outside(
        self, step: int, dropped: Interest = NO_DIRECTION, was_owed: Interest = NO_DIRECTION, pending: int = 0
    ) -> list[Quiet]:
        """Begin the silence of the directions that are not asked for.

        `dropped` are those asked for until now, `was_owed` those that were ready and not yet told, `pending` those of which a batch in
        progress may tell.
        """
        outside = DIRECTIONS.get(self.kind, R) & (R | W) & ~self.interest
        if self.interest & P:
            outside &= ~R
        self.quiets = [
            self.quiet(
                step,
                "dropped" if direction & dropped else "interest",
                f"no {direction.name} for token {self.token}",
                direction=direction,
                was_owed=bool(direction & dropped & was_owed),
                is_pending=bool(direction & dropped & pending),
            )
            for direction in (R, W)
            if outside & direction
        ]
        return self.quiets
