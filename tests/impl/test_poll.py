"""The poll on the real kernel."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest

import impl
from impl import Event, Interest, Poll, Readiness, Trigger

Pair = tuple[socket.socket, socket.socket]

R, W = Interest.READABLE, Interest.WRITABLE
LEVEL, EDGE, ONESHOT = Trigger.LEVEL, Trigger.EDGE, Trigger.ONESHOT
READABLE, WRITABLE = Readiness.READABLE, Readiness.WRITABLE

LONG = 30.0
"""Seconds that no test waits unless it fails."""


class Number:
    """A source that is just a number."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def fileno(self) -> int:
        """Answer the number."""
        return self.fd


def open_fds() -> int:
    """Count the fds of this process."""
    return len(os.listdir("/proc/self/fd"))


# --- registrations ---------------------------------------------------------------------------------------------------


def test_an_idle_file_is_not_told(poll: Poll, pair: Pair) -> None:
    """poll(0) of what is not ready returns at once and empty."""
    poll.register(pair[0], 1, R, LEVEL)
    assert poll.poll(0) == []


@pytest.mark.parametrize("trigger", [LEVEL, EDGE, LEVEL | ONESHOT, EDGE | ONESHOT])
def test_a_file_ready_before_register_is_told(poll: Poll, pair: Pair, trigger: Trigger) -> None:
    """Being registered while ready counts as becoming ready."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, trigger)
    assert poll.poll(LONG) == [Event(1, READABLE)]


def test_only_what_was_asked_is_told(poll: Poll, pair: Pair) -> None:
    """A writable file that is watched for reading is silent."""
    poll.register(pair[0], 1, R, LEVEL)
    assert poll.poll(0) == []
    poll.reregister(pair[0], 1, W, LEVEL)
    pair[1].send(b"x")
    assert poll.poll(0) == [Event(1, WRITABLE)]


def test_reregister_replaces_token_interest_and_trigger(poll: Poll, pair: Pair) -> None:
    """After reregister nothing of the old registration is told, not even what was ready before it."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, LEVEL)
    poll.reregister(pair[0], 2, R | W, EDGE)
    assert poll.poll(0) == [Event(2, READABLE | WRITABLE)]
    assert poll.poll(0) == []


def test_deregister_silences_what_was_ready(poll: Poll, pair: Pair) -> None:
    """What was ready but not yet told is not told after deregister."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, LEVEL)
    poll.deregister(pair[0])
    assert poll.poll(0) == []
    poll.register(pair[0], 2, R, LEVEL)
    assert poll.poll(0) == [Event(2, READABLE)]


def test_double_register_is_refused_and_changes_nothing(poll: Poll, pair: Pair) -> None:
    """The first registration stays in force."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, LEVEL)
    with pytest.raises(FileExistsError):
        poll.register(pair[0], 2, W, EDGE)
    assert poll.poll(0) == [Event(1, READABLE)]


def test_what_is_not_registered_is_neither_reregistered_nor_deregistered(poll: Poll, pair: Pair) -> None:
    """Both are refused, and register works afterwards."""
    with pytest.raises(FileNotFoundError):
        poll.reregister(pair[0], 1, R, LEVEL)
    with pytest.raises(FileNotFoundError):
        poll.deregister(pair[0])
    poll.register(pair[0], 1, W, LEVEL)
    assert poll.poll(0) == [Event(1, WRITABLE)]


def test_a_refused_reregister_changes_nothing(poll: Poll, pair: Pair) -> None:
    """A bad token, interest or trigger leaves the registration as it was."""
    poll.register(pair[0], 1, W, LEVEL)
    for token, interest, trigger in [(-1, W, LEVEL), (2**63, W, LEVEL), (2, Interest(0), LEVEL), (2, W, ONESHOT)]:
        with pytest.raises(ValueError, match="got"):
            poll.reregister(pair[0], token, interest, trigger)
    assert poll.poll(0) == [Event(1, WRITABLE)]


def test_a_regular_file_is_refused(poll: Poll) -> None:
    """epoll_ctl(2), EPERM: it is always ready; the number may be registered as another file afterwards."""
    with open(__file__) as file, pytest.raises(PermissionError):
        poll.register(file, 1, R, LEVEL)
    assert poll.poll(0) == []


def test_a_closed_source_is_refused(poll: Poll, pair: Pair) -> None:
    """A socket that is closed has fd -1."""
    pair[0].close()
    with pytest.raises(ValueError, match="negative"):
        poll.register(pair[0], 1, R, LEVEL)
    with pytest.raises(ValueError, match="negative"):
        poll.deregister(pair[0])


@pytest.mark.parametrize("token", [0, 1, 2**31, 2**32, 2**63 - 1])
def test_tokens_come_back_unchanged(poll: Poll, pair: Pair, token: int) -> None:
    """A token is any number from 0 to 2**63 - 1, whole."""
    poll.register(pair[0], token, W, LEVEL)
    assert poll.poll(0) == [Event(token, WRITABLE)]


def test_a_source_is_its_number_at_the_call(poll: Poll, pair: Pair) -> None:
    """Another object with the same fd is the same source."""
    poll.register(pair[0], 1, W, LEVEL)
    with pytest.raises(FileExistsError):
        poll.register(Number(pair[0].fileno()), 2, W, LEVEL)
    poll.deregister(Number(pair[0].fileno()))
    assert poll.poll(0) == []


# --- triggers --------------------------------------------------------------------------------------------------------


def test_level_is_told_as_long_as_it_holds(poll: Poll, pair: Pair) -> None:
    """A level registration is told in each poll until the data is read."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, LEVEL)
    assert [poll.poll(0) for _ in range(3)] == [[Event(1, READABLE)]] * 3
    pair[0].recv(1)
    assert poll.poll(0) == []


def test_edge_is_told_once_per_change(poll: Poll, pair: Pair) -> None:
    """An edge is told once, and again when more arrives after a drain."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, EDGE)
    assert [poll.poll(0), poll.poll(0)] == [[Event(1, READABLE)], []]
    pair[0].recv(1)
    with pytest.raises(BlockingIOError):
        pair[0].recv(1)
    pair[1].send(b"y")
    assert [poll.poll(0), poll.poll(0)] == [[Event(1, READABLE)], []]


@pytest.mark.parametrize("trigger", [LEVEL | ONESHOT, EDGE | ONESHOT])
def test_oneshot_is_silent_until_reregistered(poll: Poll, pair: Pair, trigger: Trigger) -> None:
    """A one-shot tells once, whatever comes; reregister arms it again, unread data included."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, trigger)
    assert poll.poll(0) == [Event(1, READABLE)]
    pair[1].send(b"y")
    assert poll.poll(0) == []
    poll.reregister(pair[0], 1, R, trigger)
    assert [poll.poll(0), poll.poll(0)] == [[Event(1, READABLE)], []]


def test_end_of_file_is_readable_and_hinted(poll: Poll, pair: Pair) -> None:
    """A peer that is gone is told as readable, and reading gives no bytes."""
    poll.register(pair[0], 1, R, LEVEL)
    pair[1].close()
    [(token, readiness)] = poll.poll(LONG)
    assert (token, readiness) == (1, READABLE | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED)
    assert pair[0].recv(1) == b""


def test_half_close_does_not_disturb_a_writer(poll: Poll, pair: Pair) -> None:
    """Who waits to write is not told again and again that the peer has finished sending."""
    while True:
        try:
            pair[0].send(b"x" * 65536)
        except BlockingIOError:
            break
    poll.register(pair[0], 1, W, LEVEL)
    pair[1].shutdown(socket.SHUT_WR)
    assert poll.poll(0) == []


# --- closing and dup -------------------------------------------------------------------------------------------------


def test_a_number_used_again_by_a_new_file_is_a_new_source(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """Closing ends a registration; what comes to have the number is registered afresh, under its own token."""
    first, second = make_pair(), make_pair()
    number = first[0].fileno()
    first[1].send(b"x")
    poll.register(first[0], 1, R, LEVEL)
    first[0].close()
    assert poll.poll(0) == []
    os.dup2(second[0].fileno(), number)
    again = socket.socket(fileno=number)
    try:
        with pytest.raises(FileNotFoundError):
            poll.reregister(again, 2, R, LEVEL)
        poll.register(again, 2, R, EDGE)
        assert poll.poll(0) == []
        second[1].send(b"y")
        assert poll.poll(0) == [Event(2, READABLE)]
    finally:
        again.close()


def test_two_fds_of_one_file_are_registered_apart(poll: Poll, pair: Pair) -> None:
    """A dup has a token, an interest and a life of its own."""
    with pair[0].dup() as twin:
        twin.setblocking(False)
        poll.register(pair[0], 1, R, LEVEL)
        poll.register(twin, 2, R | W, LEVEL)
        pair[1].send(b"x")
        assert sorted(poll.poll(0)) == [Event(1, READABLE), Event(2, READABLE | WRITABLE)]
        poll.deregister(twin)
        assert poll.poll(0) == [Event(1, READABLE)]
        poll.deregister(pair[0])


def test_the_ghost_of_a_deregistered_number_is_told_to_nobody(poll: Poll, pair: Pair) -> None:
    """epoll goes on reporting a closed fd whose file lives on in a dup; a refused deregister ends the telling."""
    number = pair[0].fileno()
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, LEVEL)
    with pair[0].dup():
        pair[0].close()
        assert poll.poll(0) == [Event(1, READABLE)]
        with pytest.raises(OSError, match="Bad file descriptor"):
            poll.deregister(Number(number))
        assert poll.poll(0) == []


def test_close_frees_every_fd_and_no_source(pair: Pair) -> None:
    """What the poll opened is closed with it; wakers and setters that survive it do no harm."""
    before = open_fds()
    poll = Poll()
    waker = poll.waker(1)
    source, setter = poll.user_readiness()
    poll.register(source, 2, R, LEVEL)
    poll.register(pair[0], 3, R, LEVEL)
    poll.close()
    assert open_fds() == before
    waker.wake()
    setter.set(READABLE)
    assert setter.get() == READABLE
    assert pair[0].send(b"x") == 1


# --- capacity --------------------------------------------------------------------------------------------------------


def test_more_than_1023_ready_files_are_told_at_once(poll: Poll) -> None:
    """Python's epoll stops at 1,023 events unless told otherwise; the poll tells all."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    fds = [os.eventfd(1) for _ in range(1500)]
    try:
        for token, fd in enumerate(fds):
            poll.register(Number(fd), token, R, LEVEL)
        assert sorted(poll.poll(0)) == [Event(token, READABLE) for token in range(1500)]
        assert len(poll.poll(0, max_events=10**9)) == 1500
    finally:
        for fd in fds:
            os.close(fd)


@pytest.mark.parametrize("trigger", [EDGE, LEVEL | ONESHOT])
def test_what_does_not_fit_is_kept(poll: Poll, make_pair: Callable[[], Pair], trigger: Trigger) -> None:
    """An event that did not fit into max_events was not told, and a one-shot has not fired."""
    for token in range(5):
        poll.register(make_pair()[0], token, W, trigger)
    batches = [poll.poll(0, max_events=2) for _ in range(4)]
    assert [len(batch) for batch in batches] == [2, 2, 1, 0]
    assert sorted(event.token for batch in batches for event in batch) == [0, 1, 2, 3, 4]


def test_no_level_registration_starves_when_there_is_little_room(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """With one event at a time, everyone has its turn."""
    for token in range(5):
        poll.register(make_pair()[0], token, W, LEVEL)
    assert {poll.poll(0, max_events=1)[0].token for _ in range(5)} == {0, 1, 2, 3, 4}


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [1e-9, 0.0004, 0.0011, 0.01])
@pytest.mark.parametrize("with_users", [False, True])
def test_a_timeout_is_waited_out(poll: Poll, timeout: float, with_users: bool) -> None:
    """A timeout is rounded up, never down."""
    if with_users:
        poll.user_readiness()
    start = time.monotonic()
    assert poll.poll(timeout) == []
    assert time.monotonic() - start >= timeout


@pytest.mark.parametrize("timeout", [None, 2_000_000.0])
@pytest.mark.timeout(30)
def test_the_longest_waits_end_with_an_event(poll: Poll, pair: Pair, timeout: float | None) -> None:
    """None and two million seconds are lawful, and an event in another thread's doing ends them."""
    poll.register(pair[0], 1, R, LEVEL)
    sender = threading.Timer(0.02, pair[1].send, (b"x",))
    sender.start()
    assert poll.poll(timeout) == [Event(1, READABLE)]
    sender.join(LONG)


@pytest.mark.parametrize("with_users", [False, True])
def test_a_signal_does_not_shorten_the_wait(poll: Poll, with_users: bool) -> None:
    """PEP 475: handlers run in the middle of the wait, whose remaining time is then waited out."""
    if with_users:
        poll.user_readiness()
    calls: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: calls.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        start = time.monotonic()
        assert poll.poll(0.05) == []
        assert time.monotonic() - start >= 0.05
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert calls


def test_a_handler_may_make_a_file_ready(poll: Poll, pair: Pair) -> None:
    """What a signal handler did in the middle of the wait is told by it."""
    poll.register(pair[0], 1, R, LEVEL)
    before = signal.signal(signal.SIGALRM, lambda number, frame: pair[1].send(b"x"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        assert poll.poll(LONG) == [Event(1, READABLE)]
    finally:
        signal.signal(signal.SIGALRM, before)


# --- dispatching -----------------------------------------------------------------------------------------------------


def test_removal_in_a_handler_silences_within_the_batch(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """Of three ready files the first handler removes the others; it is the only one called."""
    files = [make_pair()[0] for _ in range(3)]
    for token, file in enumerate(files):
        poll.register(file, token, W, LEVEL)
    told: list[int] = []

    def only_me(event: Event) -> None:
        told.append(event.token)
        for token, file in enumerate(files):
            if token != event.token:
                poll.deregister(file)

    poll.poll_each(0, only_me)
    assert len(told) == 1


def test_a_replaced_registration_is_told_in_the_next_batch(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """An event harvested under the old token is dropped; the kernel tells it anew under the new one."""
    files = [make_pair()[0] for _ in range(2)]
    for token, file in enumerate(files):
        poll.register(file, token, W, EDGE)
    told: list[int] = []

    def rename(event: Event) -> None:
        told.append(event.token)
        if len(told) == 1:
            poll.reregister(files[1 - event.token], 9, W, EDGE)

    poll.poll_each(0, rename)
    poll.poll_each(0, lambda event: told.append(event.token))
    assert told[1:] == [9]


def test_a_number_reused_in_a_handler_does_not_inherit_the_event(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """A handler closes the other file and registers another under its number: the old event is nobody's."""
    pairs = [make_pair(), make_pair()]
    spare = make_pair()[0]
    for token, (file, _) in enumerate(pairs):
        poll.register(file, token, W, LEVEL)
    told: list[int] = []

    def replace(event: Event) -> None:
        told.append(event.token)
        if len(told) == 1:
            other = pairs[1 - event.token][0].fileno()
            os.dup2(spare.fileno(), other)
            poll.register(Number(other), 9, R, LEVEL)

    poll.poll_each(0, replace)
    assert len(told) == 1


def test_what_a_closed_file_left_behind_silences_nobody(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """Its token is another's by now: neither a stray deregister nor a register of its number takes that one's event."""
    gone, first, second = (make_pair()[0] for _ in range(3))
    poll.register(gone, 1, W, LEVEL)
    number = gone.fileno()
    gone.close()
    poll.register(first, 7, W, LEVEL | ONESHOT)
    poll.register(second, 1, W, LEVEL | ONESHOT)
    told: list[int] = []

    def stumble(event: Event) -> None:
        told.append(event.token)
        with contextlib.suppress(OSError):
            poll.deregister(Number(number))

    poll.poll_each(0, stumble)
    assert sorted(told) == [1, 7]


def test_a_number_that_comes_back_silences_no_user_source(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """The token of the file that had the number is a user source's by now, and an edge is told only once."""
    gone, busy = (make_pair()[0] for _ in range(2))
    source, setter = poll.user_readiness()
    poll.register(gone, 1, W, LEVEL)
    number = gone.fileno()
    gone.close()
    poll.register(busy, 7, W, LEVEL)
    poll.register(source, 1, R, EDGE)
    setter.set(READABLE)
    told: list[int] = []
    fds: list[int] = []

    def reuse(event: Event) -> None:
        told.append(event.token)
        if not fds:
            fds.append(os.eventfd(0))
            poll.register(Number(fds[0]), 9, R, LEVEL)

    poll.poll_each(0, reuse)
    os.close(fds[0])
    assert fds == [number], "the lowest free number"
    assert sorted(told) == [1, 7]


# --- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["register", "reregister"])
def test_a_poll_in_progress_heeds_other_threads(poll: Poll, pair: Pair, change: str) -> None:
    """What another thread registers or reregisters is told by the poll that is already waiting."""
    if change == "reregister":
        poll.register(pair[0], 1, R, LEVEL)
    other = threading.Timer(0.02, getattr(poll, change), (pair[0], 2, W, LEVEL))
    other.start()
    assert poll.poll(LONG) == [Event(2, WRITABLE)]
    other.join(LONG)


def test_registering_in_one_thread_loses_no_edge_in_another(poll: Poll, make_pair: Callable[[], Pair]) -> None:
    """A poll that harvests an fd before its row is in the table waits for the row."""
    files = [make_pair()[0] for _ in range(100)]

    def register_all() -> None:
        for token, file in enumerate(files):
            poll.register(file, token, W, EDGE)

    other = threading.Thread(target=register_all)
    other.start()
    told: set[int] = set()
    until = time.monotonic() + LONG
    while len(told) < len(files) and time.monotonic() < until:
        told.update(event.token for event in poll.poll(0.1))
    other.join(LONG)
    assert told == set(range(100))


def test_token_and_interest_change_together(poll: Poll, pair: Pair) -> None:
    """While one thread reregisters to and fro, no event pairs one token with the other interest."""
    pair[1].send(b"x")
    poll.register(pair[0], 1, R, LEVEL)
    done = threading.Event()

    def to_and_fro() -> None:
        for _ in range(2000):
            poll.reregister(pair[0], 2, W, LEVEL)
            poll.reregister(pair[0], 1, R, LEVEL)
        done.set()

    other = threading.Thread(target=to_and_fro)
    other.start()
    told: set[Event] = set()
    while not done.is_set():
        told.update(poll.poll(0.1))
    other.join(LONG)
    assert told <= {Event(1, READABLE), Event(2, WRITABLE)}


def test_the_package_exports_what_the_contract_names() -> None:
    """The names are pinned."""
    assert impl.__all__ == [
        "Event",
        "HasFileno",
        "Interest",
        "Poll",
        "Readiness",
        "Setter",
        "Source",
        "Trigger",
        "UserSource",
        "Waker",
    ]
