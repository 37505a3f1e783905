"""The process around a poller: whatever it does there is the end of a history, and the next scenario runs all the same."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.child import Child
from conformance.guarantees import lookup
from conformance.history import ALIVE, DIED, HUNG, Curtain, Did, History, Poll
from conformance.judging import Weighed, applicable, weigh
from conformance.loading import UsageError
from conformance.protocol import Capability
from conformance.scenario import parse
from conformance.verdict import Strength
from tests.conformance import pollers

MARK = f"POLLCHECK_TEST_{os.getpid()}"
TEXT = (
    "unix 1 2; register 2 7 r level; send 1 3; poll 0; reregister 2 7 r level; settle; recv 2 3; deregister 2; poll 0"
)


@contextmanager
def child_of(name: str, world: str = "real") -> Iterator[Child]:
    """A poller of `tests.conformance.pollers` in a process of its own."""
    with Child(f"{pollers.__name__}:{name}", world) as child:
        yield child


def musts(child: Child, history: History) -> dict[str, str]:
    """The MUSTs that it broke, and what was seen."""
    weighed: Weighed = weigh(history, applicable(child.hello().capabilities))
    return {id: fact.got for id, fact in weighed.broken.items() if lookup(id).strength is Strength.MUST}


def processes(of: str = "self") -> list[str]:
    """The children of a process with one thread."""
    pid = os.getpid() if of == "self" else of
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return listed.read().split()


# ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "kind", "ended", "broken"),
    [
        ("Hangs", Poll, HUNG, "REG-01"),
        ("HangsInRegister", Did, HUNG, "REG-13"),
        ("HangsInClose", Curtain, HUNG, "LIF-06"),
        ("Aborts", Poll, DIED, "TIM-12"),
        ("Leaves", Did, DIED, "TIM-12"),
        ("ClosesAll", Poll, DIED, "TIM-12"),
    ],
)
def test_a_call_that_never_comes_back(name: str, kind: type, ended: str, broken: str) -> None:
    """It is the last entry, with what it was, and the guarantee that it breaks is named; twice, by a fresh process."""
    with child_of(name) as child:
        for _ in range(2):
            history = child.run(parse(TEXT))
            assert history.is_fatal
            assert isinstance(history.entries[-1], kind)
            assert history.entries[-1].ended == ended
            assert broken in musts(child, history)


@pytest.mark.parametrize("method", pollers.METHODS)
@pytest.mark.parametrize("verb", ["raises", "exits"])
def test_raising_what_nobody_expects(verb: str, method: str) -> None:
    """Also SystemExit is only an exception: recorded where it was raised, and the curtain falls."""
    with child_of(f"{verb}_in_{method}") as child:
        history = child.run(parse(TEXT))
        assert not history.is_fatal
        last = history.entries[-1]
        assert isinstance(last, Curtain)
        raised = [entry.raised for entry in history.entries if entry.raised]
        assert raised == [f"{'TypeError' if verb == 'raises' else 'SystemExit'}(out of luck)"]
        expected = {"poll": "TIM-07", "close": "LIF-06"}.get(method, "REG-18")
        assert expected in musts(child, history)


@pytest.mark.parametrize("name", [name for name in pollers.ANSWERS if name != "plain"])
def test_garbage_is_no_event(name: str) -> None:
    """What poll returns is described, never believed: the entry has the flaw and no event."""
    with child_of(f"answers_{name}") as child:
        history = child.run(parse(TEXT))
        polls = [entry for entry in history.entries if isinstance(entry, Poll)]
        assert all(poll.flaws and not poll.events for poll in polls)
        assert "TIM-11" in musts(child, history)


def test_plain_tuples_are_events() -> None:
    """Any 2-tuple of ints will do."""
    with child_of("answers_plain") as child:
        history = child.run(parse(TEXT))
        assert "TIM-11" not in musts(child, history)
        assert (7, 1) in [event for entry in history.entries if isinstance(entry, Poll) for event in entry.events]


@pytest.mark.parametrize(
    ("name", "broken", "got"),
    [
        ("Leaks", "LIF-03", "1 fds still open"),
        ("ClosesSources", "LIF-04", "label 2 is closed, and not by the scenario"),
        ("MakesBlocking", "LIF-05", "file 2 made blocking"),
        ("TakesBytes", "EOF-07", "bytes"),
        ("Hoards", "TIM-07", "[Errno 24]"),
        ("HoardsQuietly", "LIF-03", "fds still open"),
    ],
)
def test_what_is_left_behind(name: str, broken: str, got: str) -> None:
    """A leak, a closed source, an exhausted table: a finding, and no harm to the next scenario."""
    with child_of(name) as child:
        for _ in range(2):
            found = musts(child, child.run(parse(TEXT)))
            assert broken in found
            assert got in found[broken]


def test_what_only_a_dead_object_holds_is_no_leak() -> None:
    """When it is collected depends on everything else that was allocated."""
    with child_of("LetsGo") as child:
        curtain = child.run(parse(TEXT)).entries[-1]
        assert isinstance(curtain, Curtain)
        assert curtain.leaked == 0


def test_an_honest_poller_keeps_its_process() -> None:
    """One process serves many scenarios: a fork for each would cost a third of the run."""
    with Child("impl.adapters.raw_epoll:make", "real") as child:
        child.run(parse(TEXT))
        before = child._worker
        for _ in range(5):
            history = child.run(parse(TEXT))
            assert not musts(child, history)
            assert all(entry.ended == ALIVE for entry in history.entries)
        assert child._worker is before


# ── hello ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hello_says_what_is_claimed() -> None:
    """Claims, what the adapter emulates, and claims that are false, before the first scenario."""
    with child_of("Boasts") as child:
        hello = child.hello()
        assert hello.capabilities & Capability.WAKE
        assert hello.false_claims == ("claims WAKE, but has no method waker()",)
        assert child.hello() is hello
    with Child("impl.adapters.trio_loop:make", "real") as child:
        assert child.hello().emulated == Capability.LEVEL | Capability.TOKEN_CHANGE


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("tests.conformance.pollers:NoSuch", "NoSuch"),
        ("no.such.module:make", "no"),
        ("tests.conformance.pollers:_raiser", "the factory raised TypeError"),
        ("builtins:object", "lacks"),
        ("builtins:exit", "the factory raised SystemExit"),
    ],
)
def test_what_cannot_be_judged_says_why(spec: str, why: str) -> None:
    """A usage error, exit code 2, and no traceback."""
    with Child(spec, "real") as child, pytest.raises(UsageError, match=why):
        child.hello()


# ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["Hangs", "Aborts", "answers_plain"])
def test_no_process_is_left(name: str) -> None:
    """Neither a hanging worker nor its server outlives the judge's interest."""
    before = processes()
    with child_of(name) as child:
        child.run(parse("eventfd 1; poll 0"))
        (server,) = set(processes()) - set(before)
        workers = processes(server)
        assert len(workers) == (name == "answers_plain")
    assert processes() == before
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)


def test_closing_twice_and_unused() -> None:
    """A child that was never asked anything starts nothing."""
    before = processes()
    with child_of("Hangs") as child:
        assert processes() == before
    child.close()


def test_no_action_of_ours_blocks_on_a_file_made_blocking() -> None:
    """The guarantee that is named is the one about O_NONBLOCK, not one about a hang that is ours."""
    with child_of("MakesBlocking") as child:
        for text in (
            "listen 1; register 1 7 r level; accept 1 2; poll 0",
            "tcp 1 2; register 1 7 r level; drain 1; peek 1",
        ):
            history = child.run(parse(text))
            assert not history.is_fatal
            assert "LIF-05" in musts(child, history)


# ── factories ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_factory_that_makes_a_poller_only_once() -> None:
    """It is called anew for every scenario: that it raises then is a mistake like raising at once, and no crash of ours."""
    with child_of("tires") as child:
        child.hello()
        histories = (child.run(parse(TEXT)) for _ in range(5))
        with pytest.raises(UsageError, match=r"raised RuntimeError\(tired\) when it was called again"):
            list(histories)


def test_a_process_that_dies_between_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that a poller left behind ends it: the next scenario has an end, and the one after that begins afresh."""
    sign = tmp_path / "now"
    monkeypatch.setenv("DIES_WHEN", str(sign))
    with child_of("DiesLater") as child:
        assert not child.run(parse(TEXT)).is_fatal
        sign.touch()
        assert child._worker
        assert select.select([child._worker._sock], [], [], 10)[0], "it is still alive"
        sign.unlink()
        died = child.run(parse(TEXT))
        assert "TIM-12" in musts(child, died)
        assert not child.run(parse(TEXT)).is_fatal


def test_a_server_whose_parent_is_gone_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C may come between a request and its answer: no traceback, and no process left."""
    child = Child(f"{pollers.__name__}:HangsInClose", "real")
    control = child._start()
    server = child._server
    assert server is not None
    ours, theirs = socket.socketpair()
    socket.send_fds(control, [b"f"], [theirs.fileno(), theirs.fileno()])
    for one in (control, ours, theirs):
        one.close()
    assert server.wait(10) == 0
    assert capfd.readouterr().err == ""


# ── processes that a poller starts ──────────────────────────────────────────────────────────────────────────────────


def test_a_fork_has_no_voice() -> None:
    """Of two processes that go on after a fork, the first is heard: each step is in the history once."""
    with child_of("Forks") as child:
        for _ in range(2):
            history = child.run(parse(TEXT))
            assert not musts(child, history)
            assert isinstance(history.entries[-1], Curtain)


def test_what_a_poller_forks_ends_with_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is in a session of its own, whose parent is gone."""
    monkeypatch.setenv(MARK, "1")
    before = _everybody()
    with child_of("LeavesDaemons") as child:
        for _ in range(3):
            child.run(parse(TEXT))
        assert len(_everybody() - before) > 3
    assert not _everybody() - before


def _everybody() -> set[str]:
    """Every process that has inherited a mark of ours."""
    marked = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (folder / "environ").read_bytes():
                marked.add(folder.name)
        except OSError:
            continue
    return marked
