"""Facts: what a history shows, one by one, each kept, broken, or not put to the test.

The model turns a history into an `Account`, a list of facts of a few kinds; a check picks those that concern its guarantee. A fact
knows whether it held, so no check compares anything itself, and two checks can never disagree about the same fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.protocol import Capability, Interest, Readiness, Trigger

__all__ = [
    "Account",
    "Batch",
    "Call",
    "Data",
    "Debt",
    "Fact",
    "Freedom",
    "Hint",
    "Left",
    "Quiet",
    "Rest",
    "Stop",
    "Wait",
]

IS_LEVEL, IS_EDGE, IS_ONESHOT = (
    {Trigger(number): bool(number & bit) for number in range(8)}
    for bit in (Trigger.LEVEL, Trigger.EDGE, Trigger.ONESHOT)
)
"""Trigger -> whether the bit is in it: this is asked at every step, and an `&` of flags costs ten times a look into a dictionary."""


@dataclass(slots=True, kw_only=True)
class Fact:
    """One thing that a documented rule speaks about.

    `held`: True when it was seen kept, False when it was seen broken, None when the scenario ended before it was put to the test.
    """

    step: int
    held: bool | None = None
    got: str = ""
    should_be: str = ""

    def break_(self, step: int, got: str, should_be: str = "") -> None:
        """Record the first moment at which it was seen broken."""
        if self.held is not False:
            self.held, self.step, self.got = False, step, got
            self.should_be = should_be or self.should_be


@dataclass(slots=True, kw_only=True)
class Debt(Fact):
    """An event that the poller owes: for this registration, this direction (DESIGN 4, rules 4 to 8).

    `origin` says what made it owed: `register`, `rearm` (reregister of a one-shot), `added` (reregister added the direction), `again`
    (a plain reregister: a SHOULD), `WouldBlock`, `repeat` (level, told before and still true), `set`, `wake`.
    """

    label: int
    token: int
    kind: str
    direction: Interest
    trigger: Trigger
    interest: Interest
    origin: str
    cause: int
    """What poll(2) showed when it became owed."""
    was_ready: bool = False
    """The condition held already at its origin."""
    others: int = 0
    """How many other registrations were enabled."""
    crowd: int = 0
    """How many debts were open in a poll that counted, at most."""
    capacity: int | None = None
    """The smallest `max_events` of the polls that counted."""
    polls: int = 0
    bound: int = 0
    waited: float | None = 0.0
    """The timeout of the poll that paid it."""
    was_blocked: bool = False
    """It became owed while the poll that paid it was in progress, by another thread."""
    marks: dict[str, bool] = field(default_factory=dict)
    """What the registration had gone through: `refused`, `reused`, `retoken`, `signal`, `dup`, `dropped`, ..."""

    @property
    def is_level(self) -> bool:
        return IS_LEVEL[self.trigger]

    @property
    def is_edge(self) -> bool:
        return IS_EDGE[self.trigger]

    @property
    def is_oneshot(self) -> bool:
        return IS_ONESHOT[self.trigger]

    @property
    def is_must(self) -> bool:
        """A plain reregister of an edge arms as a SHOULD only (DESIGN 4, rule 6)."""
        return self.origin != "again"

    @property
    def is_file(self) -> bool:
        """Owed for an fd, not for a user source or the waker."""
        return self.kind not in ("user", "waker")

    @property
    def is_overdrawn(self) -> bool:
        """More was owed at once than fits into one poll."""
        return self.capacity is not None and self.crowd > self.capacity

    def shows(self, bits: int) -> bool:
        """Whether poll(2) showed any of `bits` when it became owed."""
        return bool(self.cause & bits)


@dataclass(slots=True, kw_only=True)
class Quiet(Fact):
    """A token, or a direction, that must not be reported.

    `reason`: `deregistered`, `closed`, `fired`, `retoken` (the old token of a reregister), `interest` (never asked), `dropped` (asked
    before the last reregister), `unknown` (never given to the poller). It held when the file was ready for it and nothing was told.
    """

    label: int
    token: int
    kind: str
    reason: str
    trigger: Trigger
    direction: Interest | None = None
    """The direction that must not be reported; None where anything is too much."""
    seen: int = 0
    """What poll(2) showed of the file while it was silent, OR-ed."""
    was_owed: bool = False
    """An undelivered event was pending when the silence began."""
    after_stray: bool = False
    """Its number was once reregistered without being registered, and the poller granted that."""
    last: float | None = 0.0
    is_pending: bool = False
    """It began inside a handler, and the batch in progress might still have told it."""
    has_dup: bool = False
    """The file lived on in another fd when it began."""
    place: str = ""
    """Where it began: `history.HANDLER`, `history.THREAD`, or nowhere special."""


@dataclass(slots=True, kw_only=True)
class Batch(Fact):
    """What the rest of a batch owes to what a handler has just done.

    `about`: `deregistered` (a registration that the handler removed), `itself` (its own), `retoken` (the token that it replaced),
    `dropped` (a direction that it gave up), `reused` (a new file, whose number a removed one had).
    """

    about: str
    token: int
    direction: Interest | None = None
    """The direction that must not be reported; None where anything is too much."""


@dataclass(slots=True, kw_only=True)
class Call(Fact):
    """A call of the poller other than poll. `state` is what it met: `lawful`, `double`, `stray`, `user`, `waker`, `set`, `get`."""

    verb: str
    state: str
    label: int
    kind: str
    problem: str = ""
    """How it was broken: `refused` though lawful, of the wrong `type`, or it `hung`."""
    marks: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Wait(Fact):
    """One thing that a call of poll promises by itself.

    `about`: `raised`, `event` (its type), `capacity`, `zero` (poll(0) returns at once), `finite` (a finite timeout ends), `late`
    (what was owed before is not told only at the timeout), `blocked` (nor is what became owed during the call), `signal` (a signal
    does not restart the timeout), `huge` (a long timeout is accepted), `alive` (the process lives on), `each` (poll_each raises nothing
    and passes events).
    """

    about: str
    timeout: float | None = None
    max_events: int | None = None


@dataclass(slots=True, kw_only=True)
class Rest(Fact):
    """Waits that should have waited, since nothing was owed (DESIGN 4, rule 2). `bait` names what might have made it spin."""

    timeout: float | None
    bait: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Hint(Fact):
    """A claimed hint: `lie` (told and never true since the last register or reregister) or `missing` (true and not told)."""

    kind: str
    about: str
    hint: Readiness
    token: int = -1


@dataclass(slots=True, kw_only=True)
class Data(Fact):
    """What reading gave, after the poller had the file: `EOF` (no bytes at the end of the stream), `bytes` (those that were sent)."""

    label: int
    kind: str
    about: str
    after_event: bool = False
    was_deregistered: bool = False


@dataclass(slots=True, kw_only=True)
class Left(Fact):
    """How the poller left the world: `fds` (its own are freed), `open` (the sources are), `blocking` (O_NONBLOCK stays)."""

    about: str
    after_stray: bool = False
    """The poller had granted a stray reregister."""


@dataclass(slots=True, kw_only=True)
class Freedom(Fact):
    """A freedom that was used, so that an honest poller is seen to pass with it: `merged`, `split`, `needless`, `early`, ..."""

    about: str


@dataclass(slots=True, kw_only=True)
class Stop(Fact):
    """A registration that was not ready, before a poll nor after it; it held when nothing was told.

    `about`: `level`, or `rearm` (a one-shot that was reregistered).
    """

    about: str
    token: int = -1
    direction: Interest = Interest.READABLE


@dataclass(slots=True)
class Account:
    """Everything that one history shows."""

    capabilities: Capability
    debts: list[Debt] = field(default_factory=list)
    quiets: list[Quiet] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    rests: list[Rest] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    data: list[Data] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    freedoms: list[Freedom] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    has_user: bool = False
    """A user source is registered."""
    quality: dict[str, int] = field(default_factory=dict)
    _debts_for: dict[tuple[str, ...], tuple[int, list[Debt]]] = field(default_factory=dict)

    def count(self, what: str) -> None:
        """Count a liberty that is never red."""
        self.quality[what] = self.quality.get(what, 0) + 1

    def debts_for(self, *kinds: str) -> Iterable[Debt]:
        """The MUSTs owed for files of these kinds; for any file where none is named."""
        size, found = self._debts_for.get(kinds, (-1, []))
        if size != len(self.debts):  # a hundred checks ask the same of an account that is complete
            found = [debt for debt in self.debts if debt.is_must and (debt.kind in kinds if kinds else debt.is_file)]
            self._debts_for[kinds] = len(self.debts), found
        return found

    def waits_about(self, *about: str) -> Iterable[Wait]:
        return (wait for wait in self.waits if wait.about in about)

    def batches_about(self, *about: str) -> Iterable[Batch]:
        return (batch for batch in self.batches if batch.about in about)

    def quiets_about(self, *reasons: str) -> Iterable[Quiet]:
        return (quiet for quiet in self.quiets if quiet.reason in reasons)
