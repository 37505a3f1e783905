"""Faults that are drawn, in the encoding that finds bugs *and* lets Hypothesis shrink them.

Measured on five toys in nine encodings (reference/simulation.md 4.2, and docs/faults.md for this one). What follows:

* Which kinds are enabled (swarm testing: a run without the kinds that mask a bug must happen) and how dense faults
  fall is drawn first; off and sparsest are the simplest values. Kinds of a family, such as those that end a
  connection, are also switched off together: half of all runs must live long.
* Then one choice per call, drawn when the call is made. Choice 0 is "nothing", everywhere.
* The menu of a call is fixed: the profile's kinds for it, a family as one. A choice that is disabled or impossible
  means "nothing" and leaves the others' numbers alone; where nothing enabled is possible, nothing is drawn. A fault's
  details are drawn right behind it.
* Hypothesis prefers the example with fewer choices. A fault that ends a connection, and so perhaps the run, would be a
  way to have fewer; so it costs `TOLL` choices more, which mean nothing.
* After `budget` draws nothing happens any more, so that no example grows too large.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TypeVar

from fakepoll.faults import END, KINDS, LEGAL, MENUS, Fault, Kind, Site, profile

Choice = TypeVar("Choice")
Randrange = Callable[[int], int]
Menu = tuple[tuple[Kind, ...], ...]

DENSITIES = (255, 63, 31, 15, 7, 3, 1)
"""How many choices of "nothing" stand before the menu; the sparsest is the simplest."""
TOLL = 64
BUDGET = 1500
"""Hypothesis gives up an example after some 2,000 choices (measured, simulation.md 4.2)."""


class Drawn:
    """Decide by drawing numbers; good for one kernel.

    Args:
        source: a seed, or `randrange(n)` of whatever draws: a `random.Random`, Hypothesis, another process.
        legality: the profile to draw from, see `faults.profile`.
        kinds: the kinds to draw from instead.
        density: how many choices of "nothing" stand before the menu; drawn from `DENSITIES` if None.
        swarm: draw which kinds are enabled; otherwise all are.
        budget: how many numbers are drawn at most, for choices.
    """

    def __init__(
        self,
        source: int | Randrange = 0,
        *,
        legality: str = LEGAL,
        kinds: Iterable[str] | None = None,
        density: int | None = None,
        swarm: bool = True,
        budget: int = BUDGET,
    ) -> None:
        self._randrange: Randrange = random.Random(source).randrange if isinstance(source, int) else source
        self._pays = not isinstance(source, int)
        names = profile(legality) if kinds is None else tuple(kinds)
        unknown = [name for name in names if name not in KINDS]
        if unknown:
            raise ValueError(f"no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
        self._menus = {call: _menu(kinds, names) for call, kinds in MENUS.items()}
        self.enabled = self._swarm(names) if swarm else names
        self.density = DENSITIES[self._randrange(len(DENSITIES))] if density is None else density
        self._left = budget

    def _swarm(self, names: tuple[str, ...]) -> tuple[str, ...]:
        families = {KINDS[name].family: True for name in names}
        for family in families:
            families[family] = not family or bool(self._randrange(2))
        flags = [bool(self._randrange(2)) for _ in names]
        return tuple(name for name, flag in zip(names, flags, strict=True) if flag and families[KINDS[name].family])

    @property
    def exhausted(self) -> bool:
        """Whether the budget is spent."""
        return self._left <= 0

    def decide(self, site: Site) -> Fault | None:
        """Draw what happens at this site, if anything that is enabled can."""
        if self._left <= 0 or not any(name in site.possible for name in self.enabled):
            return None
        self._left -= 1
        menu = self._menus[site.call]
        choice = self._randrange(self.density + len(menu)) - self.density
        if choice < 0:
            return None
        kind = self._one_of(menu[choice])
        if kind.name not in self.enabled or kind.name not in site.possible:
            return None
        if kind.family == END and self._pays:
            for _ in range(TOLL):
                self._randrange(2)
        return Fault(kind.name, self._one_of(site.possible[kind.name] or (None,)))

    def _one_of(self, values: tuple[Choice, ...]) -> Choice:
        return values[self._randrange(len(values))] if len(values) > 1 else values[0]


def _menu(kinds: tuple[Kind, ...], names: tuple[str, ...]) -> Menu:
    """Group the kinds that may be drawn by family; each without one stands alone."""
    groups: dict[str, tuple[Kind, ...]] = {}
    for kind in kinds:
        if kind.name in names:
            key = kind.family or kind.name
            groups[key] = (*groups.get(key, ()), kind)
    return tuple(groups.values())
