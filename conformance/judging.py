"""One history through every check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.facts import Fact
from conformance.guarantees import Guarantee, catalogue
from conformance.history import History
from conformance.model import read
from conformance.protocol import Capability

__all__ = ["Weighed", "applicable", "weigh"]


@dataclass(slots=True)
class Weighed:
    """What one history says of each guarantee: how often it was put to the test, and the first fact that broke it."""

    exercised: Counter[str] = field(default_factory=Counter)
    broken: dict[str, Fact] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)
    """How many of those times it was broken."""
    quality: dict[str, int] = field(default_factory=dict)


def applicable(capabilities: Capability, only: Sequence[str] = ()) -> tuple[Guarantee, ...]:
    """The checked rows that apply to a poller that claims `capabilities`; those named in `only`, if any are."""
    return tuple(
        row
        for row in catalogue()
        if row.check is not None and row.needs & capabilities == row.needs and (not only or row.id in only)
    )


def weigh(history: History, rows: Sequence[Guarantee]) -> Weighed:
    """Judge `history` by the checks of `rows`."""
    account = read(history)
    weighed = Weighed(quality=account.quality)
    for row in rows:
        assert row.check is not None
        for fact in row.check(account):
            if fact.held is False:
                weighed.broken.setdefault(row.id, fact)
                weighed.failed[row.id] += 1
            if fact.held is not None:
                weighed.exercised[row.id] += 1
    return weighed
