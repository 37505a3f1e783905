"""Budgets: seconds on the real world, where time wins; steps on the fake one, where equal seeds give equal bytes.

A step is an entry of a history. What hangs or dies costs as many as are done in the time that a hang takes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from conformance.history import History

__all__ = ["ENDLESS", "SCRIPT_STEPS", "Budget", "Meter"]

_HANG_STEPS = 2_000
SCRIPT_STEPS = 1_000
"""What the trial of a script costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a job may take; None: this does not matter."""

    seconds: float | None = None
    steps: int | None = None


ENDLESS = Budget()


class Meter:
    """What is left of a budget from now on."""

    def __init__(self, budget: Budget) -> None:
        self._ends_at = None if budget.seconds is None else time.monotonic() + budget.seconds
        self._most = budget.steps
        self.steps = 0
        """Steps that were done, whether or not they matter."""

    def ran(self, history: History) -> History:
        """Count a run, and hand its history on."""
        self.steps += len(history.entries) + _HANG_STEPS * history.is_fatal
        return history

    @property
    def is_spent(self) -> bool:
        """Whether nothing more should be begun."""
        if self._most is not None and self.steps >= self._most:
            return True
        return self._ends_at is not None and time.monotonic() >= self._ends_at
