"""Who is accused of what broke: few guarantees, and never one that cannot explain what broke beside it."""

from __future__ import annotations

import pytest

from conformance.blame import explain, responsible
from conformance.shard import Tally

MUST, OTHER, SHOULD = "ONE-01", "ONE-02", "DSP-10"


def tally(*broken: tuple[str, ...], **exercised: int) -> Tally:
    """Scenarios by what broke in them, and how often each guarantee was put to the test (else as often as it broke)."""
    made = Tally()
    for ids in broken:
        made.together[ids] += 1
        made.failed.update(ids)
        made.exercised.update(ids)
    made.exercised.update({id.replace("_", "-"): more for id, more in exercised.items()})
    return made


def test_what_breaks_reliably_explains_what_breaks_now_and_then() -> None:
    """The second broke only where the first did, and was kept elsewhere."""
    whole = tally((MUST, OTHER), (MUST,), ONE_02=40)
    assert responsible(Tally(), whole) == (MUST,)
    assert explain((MUST, OTHER), whole, {MUST: None}) == {OTHER: MUST}


def test_what_broke_alone_is_to_blame_too() -> None:
    """What breaks always does not explain it there."""
    assert responsible(Tally(), tally((MUST, OTHER), (OTHER,), ONE_02=40)) == (MUST, OTHER)


@pytest.mark.timeout(20)
def test_a_should_that_breaks_more_reliably_does_not_explain_a_must() -> None:
    """Nor is it chosen for that again and again."""
    assert responsible(Tally(), tally((MUST, SHOULD), ONE_01=40)) == (MUST,)


def test_what_a_finding_covers_is_explained() -> None:
    """And what could not be confirmed explains nothing."""
    whole = tally((MUST, OTHER))
    assert responsible(Tally(), whole, confirmed=[MUST]) == ()
    assert responsible(Tally(), whole, doubted=[MUST]) == (OTHER,)
    assert responsible(Tally(), tally((MUST, SHOULD), ONE_01=40), doubted=[MUST]) == (SHOULD,)
