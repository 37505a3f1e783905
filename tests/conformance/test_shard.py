"""A shard stops trying what always hangs."""

from __future__ import annotations

from collections import Counter

from conformance.shard import DrawJob, Tally, draw_shard, hung_too_often
from tests.conformance import pollers


def test_what_hung_too_often() -> None:
    """Half a second each is a lot, but every scenario ends with a close: there more is borne."""
    assert hung_too_often(Counter({"poll none": 3, "settle": 2, "close()": 3})) == ("poll none",)
    assert hung_too_often(Counter({"close()": 20})) == ("close()",)


def test_a_poller_that_hangs_in_close_ends_the_shard() -> None:
    """The library alone has hundreds of scenarios: also without a limit of time, it is over soon, and says why."""
    tally = Tally()
    draw_shard(
        DrawJob(spec=f"{pollers.__name__}:HangsInClose", world="real", seed=0, count=None), tally, lambda _: None
    )
    assert tally.hangs == {"close()": 20}
    assert tally.left_out > 100
    assert "LIF-06" in tally.suspects
