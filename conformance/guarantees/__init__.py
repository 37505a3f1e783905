"""The catalogue: every guarantee with its sentence, its reason, its source, and the check that judges it.

A family is one module; a guarantee is one row, `@guarantee(...)`, directly above its check. A check names the facts of an account
(`model.py`) that concern it, and nothing more: whether each was kept is already written in the fact. What cannot be checked stands
in `unchecked.py` with the reason. `docs/guarantees.md`, `pollcheck list`, the test ids and the reports are printed from these rows.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from conformance.protocol import NOTHING, Capability
from conformance.verdict import Strength

if TYPE_CHECKING:
    from conformance.facts import Account, Fact

__all__ = ["FAMILIES", "Check", "Guarantee", "catalogue", "guarantee", "lookup"]

Check = Callable[["Account"], Iterable["Fact"]]

FAMILIES = {
    "REG": "registration and reregistration",
    "TOK": "tokens",
    "LVL": "level",
    "EDG": "edge and draining",
    "ONE": "one-shot",
    "SPU": "spurious events and rest",
    "TIM": "timeouts and signals",
    "CAP": "capacity, fairness, starvation",
    "EOF": "end of stream",
    "HUP": "hang-up, half-close, errors",
    "LIF": "lifetime, close, dup, fd reuse, the file left as it was",
    "LSN": "listeners",
    "CON": "connecting",
    "DGR": "datagrams",
    "PIP": "pipes and eventfds",
    "USR": "user readiness",
    "WAK": "wakers",
    "DSP": "dispatching loops",
    "THR": "threads",
}
"""Family -> what it is about, in the order of every list and report."""

_MODULES = [
    "registration",
    "tokens",
    "level",
    "edge",
    "oneshot",
    "spurious",
    "timing",
    "capacity",
    "eof",
    "hangup",
    "lifetime",
    "listeners",
    "connecting",
    "datagrams",
    "pipes",
    "user_readiness",
    "wakers",
    "dispatching",
    "threads",
    "unchecked",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One row of the catalogue."""

    id: str
    strength: Strength
    says: str
    """The promise, in one sentence."""
    why: str
    """What goes wrong in a program when it is not kept."""
    source: str
    """Where it is documented: man page section, mio item (`mio:REG-05`), library documentation."""
    since: str = "0.1"
    """The pollcheck release that first judged it."""
    needs: Capability = NOTHING
    """Not applicable to a poller that does not claim all of these."""
    floor: int = 1
    """Exercised less often than this in a run, the verdict is unknown."""
    check: Check | None = None
    unchecked: str = ""
    """Why there is no check; empty where there is one."""

    @property
    def family(self) -> str:
        return self.id[:3]


_rows: list[Guarantee] = []


def guarantee(
    id: str,
    strength: Strength,
    says: str,
    *,
    why: str,
    source: str,
    since: str = "0.1",
    needs: Capability = NOTHING,
    floor: int = 1,
) -> Callable[[Check], Check]:
    """Enter a row into the catalogue; the decorated function is its check."""

    def enter(check: Check) -> Check:
        _rows.append(
            Guarantee(
                id=id,
                strength=strength,
                says=says,
                why=why,
                source=source,
                since=since,
                needs=needs,
                floor=floor,
                check=check,
            )
        )
        return check

    return enter


@cache
def catalogue() -> tuple[Guarantee, ...]:
    """Every row, checked ones and unchecked ones, by family and number. IDs are never reused."""
    for name in _MODULES:
        module = importlib.import_module(f"{__name__}.{name}")
        _rows.extend(getattr(module, "UNCHECKED", ()))
    order = list(FAMILIES)
    return tuple(sorted(_rows, key=lambda row: (order.index(row.family), row.id)))


def lookup(id: str) -> Guarantee:
    """Find a row by its ID; KeyError if there is none."""
    for row in catalogue():
        if row.id == id:
            return row
    raise KeyError(id)
