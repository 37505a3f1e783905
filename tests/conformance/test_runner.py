"""The runner on a fake kernel: what it asks of a poller, what it writes down, and that it never judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from conformance.history import EACH, FIRST, HANDLER, REST, THREAD, Curtain, Did, Entry, History, Poll
from conformance.judging import applicable, weigh
from conformance.model import AWAIT_RETURNS, REST_WAITS
from conformance.protocol import Capability
from conformance.runner import Log, run
from conformance.scenario import parse
from conformance.worlds.fake import FakeWorld, opened
from impl.adapters.raw_epoll import EpollPoller
from impl.adapters.reference import ReferencePoller
from tests.conformance import pollers

MODULES = (pollers.__name__, "impl.adapters.raw_epoll", "impl.poll", "impl.waker")
READY = "unix 1 2; register 2 7 r level; send 1 3"


@pytest.fixture
def world() -> Iterator[FakeWorld]:
    """A fake kernel, on which the pollers of this test live."""
    with opened(MODULES, ()) as world:
        yield world


class Kept(Log):
    """Keeps what a child would send."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.announced: list[Entry] = []

    def ahead(self, entry: Entry, patience_s: float) -> None:
        assert patience_s > 0
        self.announced.append(entry)

    def wrote(self, entry: Entry) -> None:
        self.entries.append(entry)

    @property
    def polls(self) -> list[Poll]:
        return [entry for entry in self.entries if isinstance(entry, Poll)]

    @property
    def did(self) -> list[Did]:
        return [entry for entry in self.entries if isinstance(entry, Did)]

    @property
    def curtain(self) -> Curtain:
        (curtain,) = [entry for entry in self.entries if isinstance(entry, Curtain)]
        return curtain


def perform(world: FakeWorld, text: str, make: Callable[[], EpollPoller | ReferencePoller] = EpollPoller) -> Kept:
    """Run a scenario."""
    log = Kept()
    run(parse(text), world, make, make().capabilities, log)
    return log


def listened(world: FakeWorld, text: str) -> list[tuple[object, ...]]:
    """What a poller was asked in a scenario."""
    pollers.Listens.calls = []
    perform(world, text, pollers.Listens)
    return pollers.Listens.calls


# ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_action_has_its_entry(world: FakeWorld) -> None:
    """In order, its polls before it, the curtain at the end."""
    log = perform(world, f"{READY}; poll 0; drain 2; deregister 2")
    assert [entry.step for entry in log.entries] == [1, 2, 3, 4, 4, 5, 6, 7]
    assert [str(entry.action) for entry in log.did] == f"{READY}; poll 0; drain 2; deregister 2".split("; ")
    assert [entry.outcome for entry in log.did] == ["ok", "ok", "3", "ok", "WouldBlock", "ok"]
    assert log.entries[-1] is log.curtain


def test_what_poll_2_shows_is_noted_around_each_poll(world: FakeWorld) -> None:
    """Before and after, for what is or was registered and is open; and at each WouldBlock."""
    log = perform(
        world, f"eventfd 3; {READY}; poll 0; recv 2 3; drain 2; register 3 8 r level; poll 0; deregister 2; poll 0"
    )
    assert [poll.before for poll in log.polls] == [{2: 5}, {2: 4, 3: 4}, {2: 4, 3: 4}]
    assert all(poll.before == poll.after for poll in log.polls)
    (drained,) = [entry for entry in log.did if entry.action.verb == "drain"]
    assert (drained.outcome, drained.mask) == ("WouldBlock", 4)


def test_each_call_is_announced(world: FakeWorld) -> None:
    """What a child was about to do when it died is the last thing that its parent has heard."""
    log = perform(world, f"{READY}; poll 0; deregister 2")
    assert [entry.ended for entry in log.announced] == ["hung"] * len(log.announced)
    announced = [(type(entry), entry.step) for entry in log.announced]
    assert announced == [(Did, 0), (Did, 1), (Did, 2), (Did, 3), (Poll, 4), (Did, 5), (Curtain, 6)]


def test_what_does_not_apply_is_skipped_and_not_done(world: FakeWorld) -> None:
    """With the reason, and without a call."""
    assert listened(world, "unix 1 2; close 3; register 1 7 w level; register 1 7 r edge; wake 1; accept 1 4") == []
    log = perform(world, "close 3; poll none")
    assert [entry.skipped for entry in log.did] == ["nothing is open under 3", "nothing is owed"]
    assert log.polls == []


def test_refusals_are_noted_and_the_scenario_goes_on(world: FakeWorld) -> None:
    """OSError, ValueError and KeyError refuse; the file stays as it was."""
    log = perform(world, "unix 1 2; deregister 1; register 1 7 r level; poll 0")
    assert [bool(entry.refused) for entry in log.did] == [False, True, False, False]
    assert log.did[1].outcome == "refused"
    assert log.did[1].raised == ""


@pytest.mark.parametrize("method", ["register", "poll"])
def test_what_is_raised_ends_the_scenario(world: FakeWorld, method: str) -> None:
    """Nothing follows of what is done afterwards; but the poller is closed, and the files are."""
    log = perform(world, f"{READY}; poll 0; poll 0; settle; rest 0.9ms", getattr(pollers, f"raises_in_{method}"))
    assert sum(bool(entry.raised) for entry in log.entries) == 1
    assert len(log.polls) == (method == "poll")
    assert log.curtain.leaked == 0


def test_events_are_sorted_from_what_is_none(world: FakeWorld) -> None:
    """A flaw is told in a few words, three at most, and is no event."""
    (poll,) = perform(world, "poll 0", pollers.answers_plain).polls
    assert (poll.events, poll.flaws) == (((7, 1),), ())
    for name in pollers.ANSWERS:
        if name != "plain":
            (poll,) = perform(world, "poll 0", getattr(pollers, f"answers_{name}")).polls
            assert poll.events == ()
            assert len(poll.flaws) == 1, name
            assert len(poll.flaws[0]) <= 160


def test_a_setter_that_answers_something_else(world: FakeWorld) -> None:
    """get() must give what was set."""
    log = perform(world, "user 1; set 1 r; set 1 w", pollers.Forgets)
    assert [entry.flaw for entry in log.did] == [
        "",
        "",
        "<Readiness.READABLE: 1> from get() after set(<Readiness.WRITABLE: 2>)",
    ]


# ── what a poller is asked ──────────────────────────────────────────────────────────────────────────────────────────


def test_max_events_is_passed_only_where_it_is_claimed(world: FakeWorld) -> None:
    """And where it is left out, it is not passed as None."""
    assert listened(world, "poll 0 2; poll 0.9ms") == [("poll", 0.0), ("poll", 0.0009)]
    (poll,) = perform(world, "poll 0 2").polls
    assert poll.max_events == 2


def test_a_source_is_its_number(world: FakeWorld) -> None:
    """What is no socket is another object each time, with the same fileno()."""
    (_, first), (_, second) = listened(world, "eventfd 1; register 1 7 r level; deregister 1")
    assert first is not second
    assert first.fileno() == second.fileno()  # type: ignore[attr-defined]  # any object with fileno()


@pytest.mark.parametrize("wait", ["none", "60ms", "120ms", "1day"])
def test_a_long_wait_is_made_only_while_something_is_owed(world: FakeWorld, wait: str) -> None:
    """Or a run would sleep its time away, where nothing need come."""
    assert perform(world, f"unix 1 2; register 2 7 r level; poll {wait}").polls == []
    assert len(perform(world, f"{READY}; poll {wait}").polls) == 1


def test_a_settle_ends_when_everything_was_told_twice(world: FakeWorld) -> None:
    """Level is owed again; an edge once; a poller that says nothing gets its chances, and not for ever."""
    assert len(perform(world, f"{READY}; settle").polls) == 2
    assert len(perform(world, "unix 1 2; register 2 7 r edge; send 1 3; settle").polls) == 2
    assert len(perform(world, "settle").polls) == 2
    mute = perform(world, f"{READY}; settle", pollers.Listens)
    assert len(mute.polls) == 2 * (4 + 2 * 2 + 2)


def test_a_rest_is_six_looks_and_twelve_waits(world: FakeWorld) -> None:
    """Unless something is owed or may keep the poller awake: then it is skipped."""
    polls = perform(world, "unix 1 2; register 2 7 r level; rest 0.9ms").polls
    assert [poll.timeout for poll in polls] == [0.0] * 6 + [0.0009] * REST_WAITS
    log = perform(world, f"{READY}; rest 0.9ms")
    assert log.did[-1].skipped == "something is owed, or keeps it awake"
    assert len(log.polls) == 6


def test_what_another_thread_does_is_noted_with_the_wait_that_it_ended(world: FakeWorld) -> None:
    """20 ms after the wait began, once, and what poll(2) showed then."""
    log = perform(world, "unix 1 2; register 2 7 r edge; await none send 1")
    (poll,) = log.polls
    assert poll.acted is not None
    assert (poll.acted.act, poll.acted.label, poll.acted.masks) == ("send", 1, {2: 5})
    assert (poll.before, poll.events) == ({2: 4}, ((7, 1),))
    assert 20_000_000 <= poll.elapsed_ns < 30_000_000


@pytest.mark.parametrize("act", ["wake 0", "set 3"])
def test_wakes_and_sets_of_another_thread(world: FakeWorld, act: str) -> None:
    """They end a wait as bytes do."""
    log = perform(world, f"waker 9; user 3; register 3 8 r edge; await 1.5s {act}", ReferencePoller)
    assert [poll.events for poll in log.polls] == [((9 if act == "wake 0" else 8, 1),)]
    assert log.polls[0].acted


def test_an_await_is_skipped_where_nobody_would_be_told(world: FakeWorld) -> None:
    """Or where something is owed already."""
    log = perform(world, "unix 1 2; await none send 1; register 2 7 w level; await none send 1")
    assert [entry.skipped for entry in log.did if entry.action.verb == "await"] == [
        "nobody would be told",
        "something is owed, or keeps it awake",
    ]


def test_what_another_thread_undoes_under_another_label_is_no_reason_to_wait(world: FakeWorld) -> None:
    """A dup is the same file: drained here, it has nothing to tell there."""
    text = "unix 1 2; send 1 1; dup 2 3; meanwhile none register 3 9 r level and drain 2"
    assert perform(world, text, ReferencePoller).did[-1].skipped == "nobody would be told"


def test_user_sources_share_no_number(world: FakeWorld) -> None:
    """The second is not what had the number of the first."""
    log = perform(world, "user 1; register 1 7 r level; user 2; register 2 8 r level; settle", ReferencePoller)
    history = History(scenario=(), capabilities=ReferencePoller.capabilities, entries=tuple(log.entries))
    assert not weigh(history, applicable(history.capabilities, ["LIF-02"])).exercised


def test_a_poller_that_never_waits_is_not_asked_for_ever(world: FakeWorld) -> None:
    """An await ends after some returns with nothing to tell, and the other thread still acts."""

    class Restless(pollers.Listens):
        capabilities = Capability.EDGE

    log = perform(world, "unix 1 2; register 2 7 r edge; await none send 1", Restless)
    assert AWAIT_RETURNS < len(log.polls) < 3 * AWAIT_RETURNS
    assert log.did[-1].outcome == "unseen"


def test_what_a_handler_does_stands_between_two_parts_of_its_batch(world: FakeWorld) -> None:
    """Up to the first event, what that led to, and the rest; poll(2) is asked at each seam."""
    text = "unix 1 2; pipe 3 4; register 2 7 r level; register 3 8 r level; send 1 3; send 4 1; dispatch 0 deregister 3"
    log = perform(world, text, ReferencePoller)
    first, done, rest = log.entries[-5:-2]
    assert isinstance(first, Poll)
    assert isinstance(rest, Poll)
    assert isinstance(done, Did)
    assert (first.part, first.events, first.after) == (FIRST, ((7, 1),), {2: 5, 3: 1})
    assert (str(done.action), done.within) == ("deregister 3", HANDLER)
    assert (rest.part, rest.events) == (REST, ())


def test_a_dispatch_without_an_event_or_a_handler_is_one_call(world: FakeWorld) -> None:
    """Then nothing is done inside it."""
    log = perform(world, "unix 1 2; register 2 7 r level; dispatch 0 close 1; send 1 1; dispatch 0", ReferencePoller)
    assert [(poll.part, poll.events) for poll in log.polls] == [(EACH, ()), (EACH, ((7, 1),))]
    assert "close" not in {entry.action.verb for entry in log.did}


def test_what_a_handler_cannot_do_is_skipped(world: FakeWorld) -> None:
    """An action inside is an action like any other."""
    log = perform(world, f"{READY}; dispatch 0 close 9 and deregister 2", ReferencePoller)
    assert [(entry.skipped, entry.within) for entry in log.did if entry.within] == [
        ("nothing is open under 9", HANDLER),
        ("", HANDLER),
    ]


def test_calls_of_another_thread_are_part_of_the_poll_that_they_met(world: FakeWorld) -> None:
    """With what came of each, and what poll(2) showed of the new registration afterwards."""
    log = perform(world, "unix 1 2; send 1 1; meanwhile none register 2 7 r edge", ReferencePoller)
    (poll,) = log.polls
    assert poll.acted is not None
    assert [(str(one.action), one.outcome, one.within) for one in poll.acted.did] == [
        ("register 2 7 r edge", "ok", THREAD)
    ]
    assert (poll.before, poll.acted.masks, poll.events) == ({}, {2: 5}, ((7, 1),))


def test_a_meanwhile_that_meets_no_poll_still_happens(world: FakeWorld) -> None:
    """Its calls then stand behind the polls, as steps of their own."""

    class Restless(pollers.Listens):
        capabilities = Capability.LEVEL | Capability.MULTI_THREAD

    log = perform(world, "unix 1 2; register 2 7 r level; meanwhile 50ms deregister 2", Restless)
    assert [str(entry.action) for entry in log.did if entry.within == THREAD] == ["deregister 2"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("meanwhile none register 2 7 r edge", "nobody would be told"),
        ("meanwhile 10ms register 2 7 r edge", "it would be over before the other thread acts"),
        ("meanwhile 50ms", "there is nothing to do"),
        ("meanwhile 50ms close 1", "close is for one thread"),
        ("meanwhile 50ms deregister 2 and send 9 1", "nothing is open under 9"),
        ("register 2 7 w level; meanwhile none reregister 2 7 w level", "something is owed, or keeps it awake"),
    ],
)
def test_a_meanwhile_that_would_come_to_nothing_is_skipped(world: FakeWorld, text: str, why: str) -> None:
    """Nobody waits for ever for what need not come."""
    assert perform(world, f"unix 1 2; {text}", ReferencePoller).did[-1].skipped == why


def test_signals_come_while_it_waits(world: FakeWorld) -> None:
    """PEP 475: the handler runs, and the wait goes on to its end."""
    (poll,) = perform(world, "unix 1 2; register 2 7 r level; signals 20ms").polls
    assert (poll.events, poll.raised) == ((), "")
    assert poll.elapsed_ns >= 20_000_000


@pytest.mark.parametrize(
    ("make", "kind", "polls"),
    [(pollers.Hangs, Poll, 1), (pollers.HangsInRegister, Did, 0), (pollers.HangsInClose, Curtain, 2)],
)
def test_a_call_that_can_never_return_ends_the_history(
    world: FakeWorld, make: type[EpollPoller], kind: type[Entry], polls: int
) -> None:
    """The fake kernel knows a deadlock at once; the history ends as that of a process that was killed."""
    log = perform(world, f"{READY}; poll 0; poll 0", make)
    assert isinstance(log.entries[-1], kind)
    assert log.entries[-1].ended == "hung"
    assert len(log.polls) == polls


# ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "fact", "value"),
    [
        ("Leaks", "leaked", 1),
        ("ClosesSources", "shut", (2,)),
        ("MakesBlocking", "blocking", (2,)),
        ("raises_in_close", "raised", "TypeError(out of luck)"),
        ("EpollPoller", "leaked", 0),
        ("EpollPoller", "shut", ()),
        ("EpollPoller", "blocking", ()),
        ("EpollPoller", "raised", ""),
    ],
)
def test_the_curtain_tells_what_was_left(world: FakeWorld, name: str, fact: str, value: object) -> None:
    """Its own fds, the sources, O_NONBLOCK, and whether close() was quiet."""
    make = getattr(pollers, name, EpollPoller)
    assert getattr(perform(world, f"{READY}; poll 0; deregister 2", make).curtain, fact) == value


def test_no_file_of_a_scenario_stays_open(world: FakeWorld) -> None:
    """The next one begins with the same numbers."""
    before = world.open_fds()
    perform(
        world,
        "tcp 1 2; pipe 3 4; udp 5 6; listen 7; fresh 8; connect 8 7; eventfd 9; dup 1 10; register 2 7 rw level; poll 0",
    )
    assert world.open_fds() == before
    assert world.handles == {}


def test_equal_scenarios_write_equal_histories() -> None:
    """On a fake kernel, to the nanosecond."""
    found = []
    for _ in range(2):
        with opened(MODULES, ()) as world:
            found.append(
                perform(world, f"{READY}; settle; drain 2; rest 0.9ms; await 1.5s send 1; signals 20ms").entries
            )
    assert found[0] == found[1]
