"""Sizes that fit this machine."""

from __future__ import annotations

import pytest

from benchmarks.growth import REGISTERED, STEPS, fitting


@pytest.mark.parametrize(
    ("room", "fit"),
    [
        (1_000_000, [10, 100, 1_000, 10_000, 100_000]),
        (100_000, [10, 100, 1_000, 10_000, 100_000]),
        (19_900, [10, 100, 1_000, 10_000, 19_000]),
        (10_500, [10, 100, 1_000, 10_000]),
        (900, [10, 100]),
    ],
    ids=str,
)
def test_where_not_all_fit_the_last_is_the_most_that_does(room: int, fit: list[int]) -> None:
    assert fitting(REGISTERED, room) == fit


def test_sizes_grow() -> None:
    """The first is what the others are compared with."""
    assert sorted(REGISTERED) == list(REGISTERED)
    assert sorted(STEPS) == list(STEPS)
