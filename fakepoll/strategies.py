"""Hypothesis strategies: bad luck that is found, and shrunk to the faults that matter.

    @given(faults=fault_plans())
    def test_every_byte_arrives(faults):
        kernel = Kernel(faults=faults)
        ...

What falls in the failing example is printed with it, line by line in the form that `Schedule.parse` reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import note
from hypothesis import strategies as st

from fakepoll.drawn import BUDGET, Drawn
from fakepoll.faults import LEGAL, Fault, Site, lossless, profile


class NotedPlan(Drawn):
    """Faults drawn by Hypothesis; each is noted as it falls."""

    def fell(self, site: Site, fault: Fault) -> None:
        """Print what fell with the failing example."""
        note(f"{site} = {fault}")

    def __repr__(self) -> str:
        return "<faults that are noted below as they fall>"


@st.composite
def fault_plans(
    draw: st.DrawFn,
    legality: str = LEGAL,
    *,
    kinds: Iterable[str] | None = None,
    may_lose: bool = False,
    budget: int = BUDGET,
) -> Drawn:
    """Draw what `Kernel(faults=...)` takes; the simplest plan is one under which nothing happens.

    Args:
        legality: the profile, see `fakepoll.faults.profile`.
        kinds: the kinds instead of a profile's.
        may_lose: also kinds that lose bytes without an error (a thief's), under which no byte is promised.
        budget: how many choices are drawn at most.
    """
    names = profile(legality) if kinds is None else tuple(kinds)
    source = draw(st.randoms(use_true_random=False))
    return NotedPlan(source.randrange, kinds=names if may_lose else lossless(names), budget=budget)
