"""Waking a poll."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

import pytest

from impl import Event, Interest, Poll, Readiness, Trigger

Pair = tuple[socket.socket, socket.socket]

WOKEN = Event(1, Readiness.READABLE)
LONG = 30.0


def test_a_wake_before_the_poll_is_kept(poll: Poll) -> None:
    """A wake that nobody waited for is told by the next poll."""
    waker = poll.waker(1)
    assert poll.poll(0) == []
    waker.wake()
    assert poll.poll(LONG) == [WOKEN]


def test_a_waker_rearms_itself(poll: Poll) -> None:
    """Each wake after a telling is told, once, and nothing is told between."""
    waker = poll.waker(1)
    for _ in range(3):
        waker.wake()
        assert [poll.poll(0), poll.poll(0)] == [[WOKEN], []]


def test_wakes_merge(poll: Poll) -> None:
    """Wakes that nobody has seen are told as one."""
    waker = poll.waker(1)
    for _ in range(1000):
        waker.wake()
    assert [poll.poll(0), poll.poll(0)] == [[WOKEN], []]


@pytest.mark.parametrize("with_users", [False, True])
def test_a_wake_ends_a_poll_in_progress(poll: Poll, with_users: bool) -> None:
    """Another thread's wake is told by the poll that is waiting."""
    if with_users:
        poll.user_readiness()
    waker = poll.waker(1)
    other = threading.Timer(0.02, waker.wake)
    other.start()
    assert poll.poll(LONG) == [WOKEN]
    other.join(LONG)


def test_a_wake_counts_in_max_events(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """With room for one, the wake and the file are told one after the other."""
    waker = poll.waker(1)
    poll.register(make_pair()[0], 2, Interest.WRITABLE, Trigger.EDGE)
    waker.wake()
    batches = [poll.poll(0, max_events=1) for _ in range(3)]
    assert [len(batch) for batch in batches] == [1, 1, 0]
    assert {event.token for batch in batches for event in batch} == {1, 2}


def test_a_waker_that_cannot_be_watched_leaves_no_fd(monkeypatch: pytest.MonkeyPatch) -> None:
    """If epoll refuses the eventfd, it is closed and the refusal is passed on."""

    class Full:
        """An epoll without room (epoll_ctl(2), ENOSPC)."""

        def register(self, fd: int, mask: int) -> None:
            """Refuse."""
            raise OSError(28, "No space left on device")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr("select.epoll", Full)
    with pytest.raises(OSError, match="No space"):
        Poll().waker(1)
    assert len(os.listdir("/proc/self/fd")) == before
