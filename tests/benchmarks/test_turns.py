"""Taking turns: who is called when, and what is counted; with a clock of our own, so that nothing depends on the machine."""

from __future__ import annotations

import gc
from functools import partial
from itertools import groupby

from benchmarks.turns import take_turns


class Clock:
    """Stands still but where a work lets it go on."""

    def __init__(self) -> None:
        self.now = 0
        self.calls: list[str] = []

    def __call__(self) -> int:
        return self.now

    def work(self, name: str, lasts: int) -> None:
        self.now += lasts
        self.calls.append(name)


def test_works_take_turns_and_who_goes_first_changes() -> None:
    clock = Clock()
    works = [partial(clock.work, name, 10) for name in "ab"]
    take_turns(works, rounds=4, turn_ns=0, clock=clock)
    assert "".join(clock.calls) == "abbaabba"


def test_more_than_two_may_take_turns() -> None:
    clock = Clock()
    take_turns([partial(clock.work, name, 10) for name in "abc"], rounds=2, turn_ns=0, clock=clock)
    assert "".join(clock.calls) == "abccba"


def test_each_column_has_what_its_work_took() -> None:
    clock = Clock()
    columns = take_turns([partial(clock.work, "a", 10), partial(clock.work, "b", 30)], rounds=3, turn_ns=0, clock=clock)
    assert [column.values for column in columns] == [(10, 10, 10), (30, 30, 30)]


def test_short_work_is_repeated_until_it_fills_a_turn() -> None:
    clock = Clock()
    columns = take_turns(
        [partial(clock.work, "a", 10), partial(clock.work, "b", 500)], rounds=2, turn_ns=1000, clock=clock
    )
    assert [column.loops for column in columns] == [100, 2]
    assert [column.values for column in columns] == [(10, 10), (500, 500)]
    runs = [(name, len(list(calls))) for name, calls in groupby(clock.calls)]
    assert runs[-3:] == [("a", 100), ("b", 4), ("a", 100)], "a, b and, in the second round, b, a"


def test_work_that_is_longer_than_a_turn_is_done_once() -> None:
    clock = Clock()
    [column] = take_turns([partial(clock.work, "a", 5000)], rounds=2, turn_ns=1000, clock=clock)
    assert column.loops == 1


def test_no_garbage_is_collected_in_a_turn() -> None:
    seen: list[bool] = []
    assert gc.isenabled()
    take_turns([lambda: seen.append(gc.isenabled())], rounds=2, turn_ns=0)
    assert seen == [False, False]
    assert gc.isenabled()
