"""What items tell of their runs, put together again: the way from a pytest worker to its controller.

Each item carries its own result and its run's particulars as one line of JSON, so that what was heard before a worker
crashed is not lost with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from conformance.report.json import part_from_tree, part_to_tree
from conformance.verdict import PollerReport, Report, Result

__all__ = ["Hearing", "tell"]


def tell(part: PollerReport, results: Sequence[Result]) -> str:
    """Print these results of a run, and its particulars."""
    return json.dumps(part_to_tree(replace(part, results=tuple(results))), sort_keys=True)


class Hearing:
    """Collects what is told, in any order, and makes a report of it."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], PollerReport] = {}

    def hear(self, told: str) -> None:
        """Add what one item told."""
        self.add(part_from_tree(json.loads(told)))

    def add(self, part: PollerReport) -> None:
        """Add results; a guarantee that is heard twice counts once."""
        key = (part.poller, part.world)
        known = self._parts[key].results if key in self._parts else ()
        results = {result.guarantee: result for result in (*known, *part.results)}
        self._parts[key] = replace(part, results=tuple(results.values()))

    def report(
        self, *, profile: str, seed: int, order: Sequence[tuple[str, str]], guarantees: Sequence[str], interrupted: bool
    ) -> Report:
        """Make the report of all that was heard, runs in `order`, results in the order of `guarantees`."""
        rank = {guarantee: number for number, guarantee in enumerate(guarantees)}
        parts = (self._parts[key] for key in order if key in self._parts)
        return Report(
            profile=profile,
            seed=seed,
            interrupted=interrupted,
            pollers=tuple(
                replace(part, results=tuple(sorted(part.results, key=lambda result: rank[result.guarantee])))
                for part in parts
            ),
        )
