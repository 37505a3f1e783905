"""The text form of schedules, and who decides by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakepoll import Drawn, Kernel, Schedule
from fakepoll.drawn import DENSITIES
from fakepoll.faults import GROUPS, KINDS, MENUS, WAIT, Fault, Site
from fakepoll.schedule import Written

TEXT = """recv@client#1[3] = arrive(2)
epoll_wait@epoll#1[7] = reset(client#1)
socket[1] = EMFILE(2)
accept@tcp#1[1] = stolen
"""


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Draw schedules that a run could have written."""
    lines: dict[Site, Fault] = {}
    for _ in range(draw(st.integers(0, 5))):
        call = draw(st.sampled_from(sorted(MENUS)))
        name = draw(st.sampled_from(["", "client#1", "unix-datagram#12"]))
        kind = draw(st.sampled_from(MENUS[call]))
        argument = draw(st.sampled_from(kind.values)) if kind.values else "server#2" if call in GROUPS[WAIT] else None
        lines[Site(call, name, draw(st.integers(1, 99)))] = Fault(kind.name, argument)
    return Schedule(tuple(lines.items()))


@given(schedule=schedules())
def test_text_reads_back(schedule: Schedule) -> None:
    """parse(str(s)) == s, and so does what repr prints."""
    assert Schedule.parse(str(schedule)) == schedule
    assert eval(repr(schedule)) == schedule


def test_text_may_be_written_by_hand() -> None:
    """Comments, empty lines and spaces say nothing."""
    assert str(Schedule.parse("# a comment\n\n  " + TEXT.replace(" = ", "="))) == TEXT


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("recv@client#1 = arrive(2)", "should be like"),
        ("recv@client#1[0] = arrive(2)", "should be like"),
        ("listen@tcp#1[1] = reset", "no fault falls at 'listen'"),
        ("recv@client#1[1] = earthquake", "no kind 'earthquake'"),
        ("recv@client#1[1] = wake(client#1)", "wake does not fall at recv"),
        ("recv@a#1[1] = stolen\nrecv@a#1[1] = reset", "line 2.*a second fault at this site"),
    ],
)
def test_wrong_lines_are_named(line: str, complaint: str) -> None:
    """A line that is none says which, and why."""
    with pytest.raises(ValueError, match=complaint):
        Schedule.parse(line)


def test_counts_and_requirements() -> None:
    """counts() has every kind; require() is for tests that must have seen one; ended() is about connections."""
    schedule = Schedule.parse(TEXT)
    assert sum(schedule.counts().values()) == len(schedule) == 4
    assert [*schedule.counts()] == [*KINDS]
    schedule.require("arrive")
    with pytest.raises(AssertionError, match="arrive fell 1 times, but should have fallen at least 2 times"):
        schedule.require("arrive", times=2)
    assert schedule.ended()
    assert not Schedule.parse("recv@client#1[3] = arrive(2)").ended()


def test_minimise_keeps_what_cannot_be_spared() -> None:
    """Two of four lines matter: those are left."""
    wanted = ("reset", "stolen")
    smallest = Schedule.parse(TEXT).minimise(lambda schedule: all(schedule.counts()[kind] for kind in wanted))
    assert [fault.kind for _, fault in smallest] == list(wanted)


def test_what_never_fell_is_unused() -> None:
    """A line whose call is not made, or whose fault is not possible at it, is told."""
    written = Written(Schedule.parse("recv@pair#1[1] = arrive(2)\nrecv@pair#1[9] = stolen\nsend@pair#1[1] = late(50)"))
    kernel = Kernel(faults=written)
    one, other = kernel.socket.socketpair()
    other.send(b"x")
    one.recv(9)
    one.send(b"y")
    assert str(written.unused) == "recv@pair#1[1] = arrive(2)\nrecv@pair#1[9] = stolen\n"
    assert str(kernel.fired) == "send@pair#1[1] = late(50)\n"
    kernel.close()


def test_simplest_draw_is_no_fault() -> None:
    """Zero everywhere: nothing is enabled, the density is the sparsest, and no number is drawn for a call."""
    drawn: list[int] = []

    def zero(below: int) -> int:
        drawn.append(below)
        return 0

    plan = Drawn(zero)
    assert plan.enabled == ()
    assert plan.density == max(DENSITIES)
    drawn.clear()
    assert plan.decide(Site("recv", "a#1", 1, {"arrive": (1, 2)})) is None
    assert not drawn


def test_choice_keeps_its_number() -> None:
    """What is enabled or possible does not move the others; zero is no fault, whatever is enabled."""
    every = ("arrive", "stolen", "reorder", "reset")
    for possible in ({"reorder": ()}, {"reorder": (), "stolen": (), "arrive": (1,)}):
        plan = Drawn(lambda _: 7 + 2, kinds=every, density=7, swarm=False)
        assert plan.decide(Site("recv", "a#1", 1, possible)) == Fault("reorder")
    assert (
        Drawn(lambda _: 0, kinds=every, density=1, swarm=False).decide(Site("recv", "a#1", 1, {"stolen": ()})) is None
    )


def test_budget_ends_the_luck() -> None:
    """After the budget nothing is drawn, and the plan says so."""
    plan = Drawn(lambda below: below - 1, kinds=["stolen"], density=1, swarm=False, budget=2)
    site = Site("recv", "a#1", 1, {"stolen": ()})
    assert [plan.decide(site) for _ in range(3)] == [Fault("stolen"), Fault("stolen"), None]
    assert plan.exhausted


def test_unknown_kinds_are_refused() -> None:
    """A plan of a kind that does not exist is a mistake."""
    with pytest.raises(ValueError, match="no kind 'earthquake'"):
        Drawn(kinds=["earthquake"])
