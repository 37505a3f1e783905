"""The places of a guarantee - row with check, library scenario, mutant - and which of them was forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from conformance.guarantees import Guarantee
from conformance.mutants import Mutant
from conformance.verdict import Strength

__all__ = ["forgotten"]


def forgotten(
    rows: Sequence[Guarantee], library: Mapping[str, Collection[str]], mutants: Sequence[Mutant]
) -> Iterator[str]:
    """Say of each guarantee that stands in one place and not in another what to write, and where."""
    checked = {row.id: row for row in rows if row.check}
    broken = {mutant.breaks: mutant.name for mutant in mutants}
    for id in sorted({*checked, *library, *broken}):
        if id not in checked:
            named = "conformance/library.py" if id in library else f"the mutant {broken[id]}"
            yield f"{id} is named by {named}: write its row with its check in conformance/guarantees/"
            continue
        if not library.get(id):
            yield f"{id} has a check: write a scenario that puts it to the test in conformance/library.py"
        if id not in broken and checked[id].strength is not Strength.MAY:  # a MAY cannot be broken
            yield f"{id} has a check: write a poller that breaks it in conformance/mutants/"
