"""From a verdict to what pytest makes of an item: one table.

| verdict        | MUST                         | SHOULD, MAY             | expected to fail           |
|----------------|------------------------------|-------------------------|----------------------------|
| kept           | passes                       | passes                  | fails: delete the entry    |
| broken         | fails with the five blocks   | passes with a warning   | xfailed, with the reason   |
| unknown        | fails with the reason        | passes with a warning   | xfailed, with the reason   |
| not applicable | skipped, where the claims did not tell before the run                                |
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from conformance.expectations import Expectations
from conformance.guarantees import Guarantee
from conformance.report import text
from conformance.verdict import PollerReport, Result, Strength, Verdict

__all__ = ["PollcheckWarning", "settle"]


class PollcheckWarning(UserWarning):
    """A guarantee that only SHOULD be kept is broken or unknown."""


def settle(row: Guarantee, result: Result, part: PollerReport, expectations: Expectations) -> None:
    """Pass, or raise what pytest understands."""
    entry = expectations.find(row.id, part.poller)
    if result.verdict is Verdict.NOT_APPLICABLE:
        pytest.skip(result.reason)
    if result.verdict is Verdict.KEPT:
        if entry is not None:
            stale = expectations.stale(entry, f"{row.id} of {part.poller} should be broken, but is kept")
            pytest.fail(stale, pytrace=False)
        return
    if entry is not None:
        pytest.xfail(entry.reason)
    if row.strength is Strength.MUST:
        pytest.fail(_tell(row, result, part, text.finding), pytrace=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # a SHOULD never turns a run red, not even where warnings are errors
        warnings.warn(_tell(row, result, part, text.brief), PollcheckWarning, stacklevel=2)


def _tell(row: Guarantee, result: Result, part: PollerReport, tell: Callable[..., str]) -> str:
    if result.finding is not None:
        return tell(result.finding, lambda _: row.says, strength=row.strength)
    return text.unsettled(part, result)
