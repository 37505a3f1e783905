"""Deadlines as sources (mio:SRC-01 to SRC-05), sources of one's own, and tables of time limits."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import fakepoll
import impl
from impl import Interest, Poll, Readiness, Trigger
from impl.timer import Deadline, Timeouts, in_a_thread
from tests.impl.worlds import faked, later

READABLE = Interest.READABLE
EDGE = Trigger.EDGE


@pytest.fixture
def kernel() -> Iterator[fakepoll.Kernel]:
    """A fake kernel under `impl` and this module."""
    with faked(fakepoll.Kernel(), __name__) as kernel:
        yield kernel


def test_a_deadline_is_told_in_its_time(kernel: fakepoll.Kernel) -> None:
    """mio:SRC-05: two hours, of which nobody waits one second."""
    with Poll() as poll:
        began = time.monotonic()
        deadline = Deadline(began + 7200, after=later(kernel))
        poll.register(deadline, 7, READABLE, EDGE)
        assert not deadline.is_elapsed()
        (event,) = poll.poll(None)
        assert event == (7, Readiness.READABLE)
        assert deadline.is_elapsed()
        assert time.monotonic() - began == pytest.approx(7200, abs=0.1)
        assert poll.poll(1) == []


def test_a_deadline_registered_too_late_is_told_at_once(kernel: fakepoll.Kernel) -> None:
    """mio:CUS-02: standing readiness is told at registration."""
    with Poll() as poll:
        deadline = Deadline(time.monotonic() + 1, after=later(kernel))
        time.sleep(2)
        poll.register(deadline, 7, READABLE, EDGE)
        assert poll.poll(0) == [(7, Readiness.READABLE)]


def test_a_deadline_is_reregistered_and_deregistered_like_any_source(kernel: fakepoll.Kernel) -> None:
    """mio:SRC-02: what is asked of the deadline is asked of what it is made of."""
    with Poll() as poll:
        deadline = Deadline(time.monotonic() + 1, after=later(kernel))
        with pytest.raises(FileNotFoundError):
            poll.reregister(deadline, 8, READABLE, EDGE)
        poll.register(deadline, 7, READABLE, EDGE)
        with pytest.raises(FileExistsError):
            poll.register(deadline, 7, READABLE, EDGE)
        assert poll.poll(None) == [(7, Readiness.READABLE)]
        poll.reregister(deadline, 8, READABLE, EDGE)
        assert poll.poll(0) == [(8, Readiness.READABLE)]
        poll.deregister(deadline)
        assert poll.poll(0) == []
        poll.register(deadline, 9, READABLE, EDGE)
        assert poll.poll(0) == [(9, Readiness.READABLE)]


def test_a_refused_registration_changes_nothing(kernel: fakepoll.Kernel) -> None:
    """The poll checks the token before any source is asked (mio:SRC-01)."""
    with Poll() as poll:
        deadline = Deadline(time.monotonic() + 1, after=later(kernel))
        with pytest.raises(ValueError, match="token"):
            poll.register(deadline, -1, READABLE, EDGE)
        with pytest.raises(ValueError, match="interest"):
            poll.register(deadline, 7, Interest(0), EDGE)
        with pytest.raises(FileNotFoundError):
            poll.deregister(deadline)


def test_a_deadline_belongs_to_one_poll(kernel: fakepoll.Kernel) -> None:
    """mio:CUS-29: also after it was deregistered."""
    with Poll() as one, Poll() as other:
        deadline = Deadline(time.monotonic() + 1, after=later(kernel))
        one.register(deadline, 7, READABLE, EDGE)
        one.deregister(deadline)
        with pytest.raises(ValueError, match="another poll"):
            other.register(deadline, 7, READABLE, EDGE)


def test_a_deadline_that_was_closed_does_not_come(kernel: fakepoll.Kernel) -> None:
    """Its registration stays, silent."""
    with Poll() as poll:
        deadline = Deadline(time.monotonic() + 1, after=later(kernel))
        poll.register(deadline, 7, READABLE, EDGE)
        deadline.close()
        assert poll.poll(5) == []


def test_a_deadline_in_a_thread_wakes_the_poll() -> None:
    """On this machine, with a thread, and with no thread left behind."""
    with Poll() as poll:
        deadline = Deadline(time.monotonic() + 0.01)
        poll.register(deadline, 7, READABLE, EDGE)
        assert poll.poll(30) == [(7, Readiness.READABLE)]
        assert deadline.is_elapsed()
        never = Deadline(time.monotonic() + 3600)
        never.close()


def test_what_runs_later_can_be_prevented() -> None:
    """The thread ends without having acted."""
    acted = threading.Event()
    before = threading.active_count()
    prevent = in_a_thread(3600, acted.set)
    prevent()
    for thread in threading.enumerate()[before:]:
        thread.join(30)
    assert not acted.is_set()


class Mailbox(impl.Source):
    """The example of `impl.source`: letters, and a readiness that says whether there are any."""

    def __init__(self) -> None:
        self.letters: collections.deque[str] = collections.deque()
        self._setter: impl.Setter | None = None

    def register(self, poll: Poll, token: int, interest: Interest, trigger: Trigger) -> None:
        self._source, self._setter = poll.user_readiness()
        poll.register(self._source, token, interest, trigger)

    def reregister(self, poll: Poll, token: int, interest: Interest, trigger: Trigger) -> None:
        poll.reregister(self._source, token, interest, trigger)

    def deregister(self, poll: Poll) -> None:
        poll.deregister(self._source)

    def post(self, letter: str) -> None:
        """Put a letter in, and say so."""
        self.letters.append(letter)
        if self._setter is not None:
            self._setter.set(Readiness.READABLE)


def test_a_type_of_ones_own_is_a_source() -> None:
    """The extension point, as it is documented."""
    mailbox = Mailbox()
    with Poll() as poll:
        poll.register(mailbox, 1, READABLE, Trigger.EDGE | Trigger.ONESHOT)
        assert poll.poll(0) == []
        mailbox.post("hello")
        assert poll.poll(0) == [(1, Readiness.READABLE)]
        mailbox.post("world")
        assert poll.poll(0) == []
        poll.reregister(mailbox, 2, READABLE, EDGE)
        assert poll.poll(0) == [(2, Readiness.READABLE)]
        poll.deregister(mailbox)
        mailbox.post("nobody listens")
        assert poll.poll(0) == []


def test_the_documented_source_is_this_one() -> None:
    """The code in the module's docstring defines the same methods in the same way."""
    import impl.source

    text = impl.source.__doc__ or ""
    for line in ("poll.register(self._source, token, interest, trigger)", "self._setter.set(impl.Readiness.READABLE)"):
        assert line in text
    code = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    names: dict[str, Callable[[], impl.Source]] = {}
    exec(code, {"impl": impl, "collections": collections}, names)
    with Poll() as poll:
        poll.register(names["Mailbox"](), 1, READABLE, EDGE)


def test_an_incomplete_source_is_refused() -> None:
    """All three methods are needed."""
    with pytest.raises(TypeError):
        impl.Source()  # type: ignore[abstract]


def test_the_first_to_begin_is_the_first_to_end() -> None:
    """A limit that is renewed goes to the end of the row."""
    limits: Timeouts[str] = Timeouts(10)
    assert limits.left(0) is None
    limits.begin("a", 0)
    limits.begin("b", 1)
    limits.begin("c", 2)
    limits.begin("a", 3)
    limits.end("c")
    limits.end("never begun")
    assert limits.left(4) == 7
    assert limits.left(12) == 0
    assert limits.take_expired(10.9) == []
    assert limits.take_expired(11) == ["b"]
    assert limits.take_expired(99) == ["a"]
    assert limits.left(99) is None
