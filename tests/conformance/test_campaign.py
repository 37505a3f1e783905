"""What one run is made of, and how long each part of it may take."""

from __future__ import annotations

import time

from conformance.campaign import _Seconds


def test_a_job_may_take_more_than_its_share_and_all_together_what_there_is() -> None:
    """One that meets a busy moment goes on to its end; when time is short, those that come last have less."""
    shares = _Seconds(time.monotonic() + 16, 1, 16)
    first = shares.share().seconds
    assert first is not None
    assert 2 < first <= 3
    short = _Seconds(time.monotonic() + 1, 1, 2)
    assert [round(budget.seconds or 0) for budget in (short.share(), short.share())] == [1, 1]
