"""Crowds: pollers that go wrong where more is ready than fits - what is over is lost, or never has its turn."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import Asked, Wrapper
from conformance.protocol import Event


class Overflowing(Wrapper):
    """Harvests everything, keeps what fits, and forgets some of the rest."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Cut off what does not fit."""
        events = super().harvest(timeout, None)
        limit = len(events) if max_events is None else max_events
        for token, _ in events[limit:]:
            asked = self.of(token)
            if asked is None or asked.source is None:
                continue
            if self.forgets(asked):
                asked.is_lost = True
            else:
                self.rearm(asked)
        return events[:limit]

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """What was forgotten stays so."""
        return [] if asked.is_lost else [event]

    def forgets(self, asked: Asked) -> bool:
        """Whether an event of `asked` that did not fit is lost."""
        raise NotImplementedError


@mutant("CAP-02", "mio:POLL-13", "unix 1 2; register 1 7 w level; register 2 8 w level; settle 1", "CAP-03", "EDG-10")
class ForgetsTheOverflow(Overflowing):
    """What did not fit into max_events is off the list for good."""

    def forgets(self, asked: Asked) -> bool:
        return True


@mutant("EDG-10", "mio:EDGE-16", "unix 1 2; register 1 7 w edge; register 2 8 w edge; settle 1", "CAP-02", "EDG-02")
class LosesOverflowingEdges(Overflowing):
    """An edge that did not fit into max_events is lost."""

    def forgets(self, asked: Asked) -> bool:
        return asked.is_plain_edge


@mutant(
    "ONE-07", "mio:ONE-09", "unix 1 2; register 1 7 w edge+oneshot; register 2 8 w edge+oneshot; settle 1",
    "CAP-02", "CAP-05",
)  # fmt: skip
class FiresTheOverflow(Overflowing):
    """A one-shot is disabled when it is queued: one that did not fit into max_events is never told."""

    def forgets(self, asked: Asked) -> bool:
        return asked.is_oneshot


@mutant(
    "REG-02", "rcore-os/tgoskits #504", "unix 1 2; register 1 7 w level; register 2 8 w level; settle 2",
    "CAP-03", "LVL-02",
)  # fmt: skip
class FillsWithOne(Wrapper):
    """A ready level entry goes back onto the list that is being read, and fills max_events by itself."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Repeat the first."""
        events = super().harvest(timeout, max_events)
        first = self.of(events[0][0]) if events else None
        return events[:1] * len(events) if first and first.is_level else events


@mutant("CAP-01", "mio:POLL-12", "unix 1 2; register 1 7 w level; register 2 8 w level; poll 0 1")
class IgnoresMaxEvents(Wrapper):
    """Returns all there is, whatever max_events says."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Ask for all."""
        return super().harvest(timeout, None)


class Favouring(Wrapper):
    """With too little room, serves its favourites first, each time."""

    def rank(self, asked: Asked | None) -> int:
        """The lower, the sooner."""
        raise NotImplementedError

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.held: list[Event] = []
        """The waker's: it cannot be rearmed."""
        self.served: dict[int, int] = {}
        """Token -> the turn in which it was served last; equals take turns."""
        self.turn = 0

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Sort, cut off, and put back the rest."""
        events = self.held + super().harvest(0.0 if self.held else timeout, None)
        events.sort(key=lambda event: (self.rank(self.of(event[0])), self.served.get(event[0], 0)))
        limit = len(events) if max_events is None else max_events
        self.held = []
        self.turn += 1
        self.served |= dict.fromkeys((token for token, _ in events[:limit]), self.turn)
        for event in events[limit:]:
            asked = self.of(event[0])
            if asked is None or asked.source is None:
                self.held.append(event)
            else:
                self.rearm(asked)
        return events[:limit]


@mutant("CAP-03", "mio:LVL-06", "unix 1 2; register 1 7 w level; register 2 8 w level; settle 1", "CAP-02", "REG-02")
class FavoursTheFirst(Favouring):
    """With too little room, the registrations that came first are told again and again."""

    def rank(self, asked: Asked | None) -> int:
        """In the order of the book."""
        return list(self.book.values()).index(asked) if asked else 0


@mutant(
    "CAP-04",
    "mio #538 (2017), mio:WAK-11",
    "unix 1 2; register 1 7 w level; waker 9; wake 1; settle 1",
    "WAK-01",
    "WAK-03",
)
class StarvesTheWaker(Favouring):
    """With too little room, the waker comes last."""

    def rank(self, asked: Asked | None) -> int:
        """The waker has no source."""
        return int(asked is None or asked.source is None)


@mutant(
    "CAP-05", "mio #538, #772 (2017)", "unix 1 2; user 3; register 1 7 w level; register 3 8 r level; set 3 r; settle 1",
    "USR-01", "USR-14",
)  # fmt: skip
class StarvesUsers(Favouring):
    """With too little room, files come before user sources."""

    def rank(self, asked: Asked | None) -> int:
        """User sources last."""
        return int(asked is not None and asked.kind == "user")


@mutant(
    "CAP-06", "mio #538 (2017), mio:CUS-37",
    "unix 1 2; user 3; register 1 7 w level; register 3 8 r level; set 3 r; settle 1",
    "CAP-02", "REG-02",
)  # fmt: skip
class StarvesFiles(Favouring):
    """With too little room, user sources come before files."""

    def rank(self, asked: Asked | None) -> int:
        """User sources first."""
        return int(asked is not None and asked.kind != "user")
