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
from fakepoll.faults import LOSSLESS, Fault, Site


class NotedPlan(Drawn):
    """Faults drawn by Hypothesis; each is noted as it falls."""

    def fell(self, site: Site, fault: Fault) -> None:
        """Print what fell with the failing example."""
        note(f"{site} = {fault}")

    def __repr__(self) -> str:
        return "<faults that are noted below as they fall>"


@st.composite
def fault_plans(
    draw: st.DrawFn, legality: str = LOSSLESS, *, kinds: Iterable[str] | None = None, budget: int = BUDGET
) -> Drawn:
    """Draw what `Kernel(faults=...)` takes; the simplest plan is one under which nothing happens.

    Args:
        legality: the profile, see `fakepoll.faults.profile`.
        kinds: the kinds instead of a profile's.
        budget: how many choices are drawn at most.
    """
    source = draw(st.randoms(use_true_random=False))
    return NotedPlan(source.randrange, legality=legality, kinds=kinds, budget=budget)
