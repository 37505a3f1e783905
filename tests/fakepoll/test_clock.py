"""Time moves only when nobody can; and what happens when nothing can happen."""

from __future__ import annotations

import select
from collections.abc import Callable

import pytest

import fakepoll
from fakepoll.abi import IN, NS_PER_S
from fakepoll.clock import BOOT_NS, LIVELOCK_WAITS

HOUR = 3_600 * NS_PER_S


def test_each_call_ticks() -> None:
    """Every call moves the clock by the tick, also one that fails, and asking for the time."""
    kernel = fakepoll.Kernel(tick_ns=7)
    kernel.os.pipe()
    with pytest.raises(OSError, match="Bad file descriptor"):
        kernel.os.close(99)
    assert kernel.time.monotonic_ns() == BOOT_NS + 3 * 7
    assert kernel.time.time_ns() - kernel.time.monotonic_ns() == 1_600_000_000 * NS_PER_S - 7


def test_two_hours_pass_at_once() -> None:
    """A timeout of any length costs no time; it is never early."""
    kernel = fakepoll.Kernel(tick_ns=0)
    assert kernel.select.epoll().poll(7200) == []
    assert kernel.time.monotonic_ns() == BOOT_NS + 2 * HOUR
    kernel.time.sleep(86_400 * 365)
    assert kernel.clock.now_ns == BOOT_NS + 2 * HOUR + 365 * 24 * HOUR


def test_actions_run_inside_waits_in_order_of_time_and_of_scheduling() -> None:
    """Not before somebody waits, not after the wait's end, equal times in the order in which they were scheduled."""
    kernel = fakepoll.Kernel()
    seen: list[str] = []
    for name, delay_ns in (("late", 2 * NS_PER_S), ("first", NS_PER_S), ("second", NS_PER_S)):
        kernel.schedule(delay_ns, lambda name=name: seen.append(name))  # type: ignore[misc]
    kernel.os.pipe()
    assert seen == []
    kernel.time.sleep(1)
    assert seen == ["first", "second"]
    kernel.select.select([], [], [], 5)
    assert seen == ["first", "second", "late"]


def test_wait_ends_when_an_action_makes_a_file_ready() -> None:
    """epoll, poll, select and a blocking read are all woken at the action's time."""
    kernel = fakepoll.Kernel(tick_ns=0)
    reader, writer = kernel.os.pipe()
    epoll, poll = kernel.select.epoll(), kernel.select.poll()
    epoll.register(reader, IN)
    poll.register(reader, IN)
    waits: tuple[Callable[[], object], ...] = (
        lambda: epoll.poll(9),
        lambda: poll.poll(9000),
        lambda: kernel.select.select([reader], [], [], 9),
        lambda: kernel.os.read(reader, 1),
    )
    for number, wait in enumerate(waits, 1):
        kernel.schedule(NS_PER_S, lambda: kernel.os.write(writer, b"x"))
        assert wait()
        assert kernel.clock.now_ns == BOOT_NS + number * NS_PER_S
        if number < len(waits):
            kernel.os.read(reader, 1)


def test_blocking_write_goes_on_as_room_comes() -> None:
    """A blocking file takes all of it, however often it must wait."""
    kernel = fakepoll.Kernel()
    left, right = kernel.socket.socketpair()
    received: list[int] = []
    for second in range(1, 6):
        kernel.schedule(second * NS_PER_S, lambda: received.append(len(right.recv(1 << 20))))
    left.sendall(bytes(500_000))
    assert sum(received) + len(right.recv(1 << 20)) == 500_000


def test_deadlock_says_who_waits_for_what_and_why() -> None:
    """Nothing is scheduled, the wait has no end: each registration with its file's state and the told edge."""
    kernel = fakepoll.Kernel()
    left, right = kernel.socket.socketpair()
    epoll = kernel.select.epoll()
    epoll.register(left, IN | select.EPOLLET)
    right.send(b"abc")
    assert epoll.poll()
    with pytest.raises(fakepoll.Deadlock) as caught:
        epoll.poll()
    text = str(caught.value)
    assert "fd 3 for IN edge: unix stream connected, 3 bytes unread" in text
    assert "that edge was told" in text
    with pytest.raises(fakepoll.Deadlock, match=r"read on file .* 0 bytes unread"):
        kernel.os.read(right.fileno(), 1)
    with pytest.raises(fakepoll.Deadlock, match="poll of nothing at all"):
        kernel.select.poll().poll()
    with pytest.raises(fakepoll.Deadlock, match="select of nothing at all"):
        kernel.select.select([], [], [])
    assert not isinstance(caught.value, Exception)


def test_capped_waits_in_a_row_are_a_deadlock() -> None:
    """Loops wait for at most a day: a hundred such waits that change nothing are endless, fewer are long sleeps."""
    kernel = fakepoll.Kernel()
    epoll = kernel.select.epoll()
    for _ in range(99):
        assert epoll.poll(86_400) == []
    with pytest.raises(fakepoll.Deadlock):
        epoll.poll(86_400)


def test_long_waits_with_something_between_are_no_deadlock() -> None:
    """Any change in between begins the count anew; so does a shorter wait."""
    kernel = fakepoll.Kernel()
    epoll = kernel.select.epoll()
    event = kernel.os.eventfd(0)
    for _ in range(250):
        assert epoll.poll(86_400) == []
        kernel.os.eventfd_write(event, 1)


def test_livelock_is_ten_thousand_waits_that_change_nothing() -> None:
    """A hang-up that is reported and never handled: the loop spins, and is told so."""
    kernel = fakepoll.Kernel(trace=False)
    left, right = kernel.socket.socketpair()
    epoll = kernel.select.epoll()
    epoll.register(left, IN)
    right.close()
    for _ in range(LIVELOCK_WAITS):
        assert epoll.poll()
        assert left.recv(1) == b""
    with pytest.raises(fakepoll.Livelock, match="10,000 waiting calls"):
        epoll.poll()


def test_progress_is_no_livelock() -> None:
    """Whoever reads, writes or registers in between may wait as often as he likes."""
    kernel = fakepoll.Kernel(trace=False)
    left, right = kernel.socket.socketpair()
    epoll = kernel.select.epoll()
    epoll.register(left, IN)
    for _ in range(LIVELOCK_WAITS + 10):
        right.send(b"x")
        assert epoll.poll()
        assert left.recv(1) == b"x"


def test_action_that_would_wait_is_not_modelled() -> None:
    """One waits at a time."""
    kernel = fakepoll.Kernel()
    left, _right = kernel.socket.socketpair()
    kernel.schedule(1, lambda: left.recv(1))
    with pytest.raises(fakepoll.NotModelled, match="action that waits"):
        kernel.select.epoll().poll()


def test_what_an_action_raises_comes_out_of_the_wait() -> None:
    """As an exception of a signal handler would."""
    kernel = fakepoll.Kernel()
    kernel.schedule(1, lambda: kernel.os.close(99))
    with pytest.raises(OSError, match="Bad file descriptor"):
        kernel.time.sleep(1)
    with pytest.raises(ValueError, match="non-negative"):
        kernel.schedule(-1, int)


def test_calm_without_faults_changes_nothing() -> None:
    """calm is there on every kernel, as a call and as a context manager."""
    kernel = fakepoll.Kernel()
    kernel.calm()
    with kernel.calm(), kernel.fault_scope():
        pass
    assert len(kernel.fired) == 0
