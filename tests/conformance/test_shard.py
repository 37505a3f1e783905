"""A shard stops trying what always hangs."""

from __future__ import annotations

from collections import Counter

from conformance.budget import Budget
from conformance.campaign import LIBRARY_PARTS
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


def test_the_parts_of_the_library_are_the_library_once() -> None:
    """Whatever two hands do, they do not do it twice."""
    whole = Tally()
    parts = [Tally() for _ in range(LIBRARY_PARTS)]
    spec, nothing = "impl.adapters.raw_epoll:make", Budget(steps=0)
    draw_shard(DrawJob(spec=spec, world="fake", seed=0, count=None, budget=nothing), whole, lambda _: None)
    for index, tally in enumerate(parts):
        part = (index, LIBRARY_PARTS)
        draw_shard(
            DrawJob(spec=spec, world="fake", seed=0, count=None, part=part, budget=nothing), tally, lambda _: None
        )
    assert sum(tally.planned for tally in parts) == whole.planned
    assert max(tally.planned for tally in parts) <= whole.planned // LIBRARY_PARTS + 1
