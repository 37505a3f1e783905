"""Readiness that the program sets itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from impl import Event, Interest, Poll, Readiness, Trigger

Pair = tuple[socket.socket, socket.socket]

R, W = Interest.READABLE, Interest.WRITABLE
LEVEL, EDGE, ONESHOT = Trigger.LEVEL, Trigger.EDGE, Trigger.ONESHOT
READABLE, WRITABLE, NOTHING = Readiness.READABLE, Readiness.WRITABLE, Readiness(0)
LONG = 30.0


def test_what_was_set_before_register_is_told(poll: Poll) -> None:
    """Standing readiness is told under the token of the registration, and to nobody before it."""
    source, setter = poll.user_readiness()
    setter.set(READABLE)
    assert poll.poll(0) == []
    poll.register(source, 1, R, EDGE)
    assert poll.poll(0) == [Event(1, READABLE)]


def test_the_bell_is_nobody_though_its_number_was_somebodys(poll: Poll, pair: Pair) -> None:
    """A file closed without deregister leaves its row; the bell may get its number, and is told to nobody all the same."""
    poll.register(pair[0], 1, R, LEVEL)
    pair[0].close()
    source, setter = poll.user_readiness()
    poll.register(source, 2, W, EDGE)
    setter.set(WRITABLE)
    assert poll.poll(0) == [Event(2, WRITABLE)]


def test_set_replaces(poll: Poll) -> None:
    """The last value counts, not the union; get answers it, whatever was asked or told."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R | W, EDGE)
    setter.set(READABLE)
    setter.set(WRITABLE)
    assert setter.get() == WRITABLE
    assert poll.poll(0) == [Event(1, WRITABLE)]
    assert setter.get() == WRITABLE


def test_a_withdrawn_readiness_leaves_no_trace(poll: Poll) -> None:
    """A pulse between two polls is not told, and does not end a wait early."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, EDGE)
    setter.set(READABLE)
    setter.set(NOTHING)
    start = time.monotonic()
    assert poll.poll(0.01) == []
    assert time.monotonic() - start >= 0.01


def test_only_what_was_asked_is_told(poll: Poll) -> None:
    """Readiness outside the interest is neither told nor a reason to wake up."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, W, LEVEL)
    setter.set(READABLE)
    assert poll.poll(0) == []
    setter.set(READABLE | WRITABLE)
    assert poll.poll(0) == [Event(1, WRITABLE)]
    poll.reregister(source, 1, R, LEVEL)
    assert poll.poll(0) == [Event(1, READABLE)]


def test_level_is_told_until_withdrawn(poll: Poll) -> None:
    """A level registration is told in each poll, once, as long as it is set."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, LEVEL)
    setter.set(READABLE)
    assert [poll.poll(0) for _ in range(3)] == [[Event(1, READABLE)]] * 3
    setter.set(NOTHING)
    assert poll.poll(0) == []


def test_edge_is_told_once_per_set(poll: Poll) -> None:
    """However often it was set before the poll, an edge is told once; a set after that is told again."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, EDGE)
    for _ in range(2):
        for _ in range(100):
            setter.set(READABLE)
        assert [poll.poll(0), poll.poll(0)] == [[Event(1, READABLE)], []]


def test_oneshot_is_silent_until_reregistered(poll: Poll) -> None:
    """A set while a one-shot is disarmed is kept for the reregister."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R | W, EDGE | ONESHOT)
    setter.set(READABLE)
    assert poll.poll(0) == [Event(1, READABLE)]
    setter.set(WRITABLE)
    assert poll.poll(0) == []
    poll.reregister(source, 2, R | W, EDGE | ONESHOT)
    assert [poll.poll(0), poll.poll(0)] == [[Event(2, WRITABLE)], []]


def test_deregister_silences_and_keeps_the_value(poll: Poll) -> None:
    """What was to be told is not told; the next registration finds the value."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, LEVEL)
    setter.set(READABLE)
    poll.deregister(source)
    assert poll.poll(0) == []
    poll.register(source, 2, R, LEVEL)
    assert poll.poll(0) == [Event(2, READABLE)]


def test_registrations_are_refused_as_for_files(poll: Poll) -> None:
    """Twice registered and not registered are refused and change nothing."""
    source, setter = poll.user_readiness()
    with pytest.raises(FileNotFoundError):
        poll.reregister(source, 1, R, EDGE)
    with pytest.raises(FileNotFoundError):
        poll.deregister(source)
    poll.register(source, 1, R, EDGE)
    with pytest.raises(FileExistsError):
        poll.register(source, 2, R, EDGE)
    with pytest.raises(ValueError, match="trigger"):
        poll.reregister(source, 2, R, ONESHOT)
    setter.set(READABLE)
    assert poll.poll(0) == [Event(1, READABLE)]


def test_a_user_source_belongs_to_its_poll(poll: Poll) -> None:
    """Another poll refuses it, whether it has user sources of its own or not."""
    source, _ = poll.user_readiness()
    with Poll() as other:
        for _ in range(2):
            with pytest.raises(ValueError, match="another poll"):
                other.register(source, 1, R, EDGE)
            with pytest.raises(ValueError, match="another poll"):
                other.deregister(source)
            other.user_readiness()


@pytest.mark.parametrize("trigger", [LEVEL, EDGE, EDGE | ONESHOT])
def test_a_set_in_another_thread_ends_the_wait(poll: Poll, trigger: Trigger) -> None:
    """A poll that is asleep hears of it."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, trigger)
    other = threading.Timer(0.02, setter.set, (READABLE,))
    other.start()
    assert poll.poll(LONG) == [Event(1, READABLE)]
    other.join(LONG)


def test_a_poll_older_than_the_first_user_source_is_woken_too(poll: Poll) -> None:
    """A poll that began when there was no user source hears of the first one, now or in its next call."""

    def make_ready() -> None:
        source, setter = poll.user_readiness()
        poll.register(source, 1, R, LEVEL)
        setter.set(READABLE)

    other = threading.Timer(0.02, make_ready)
    other.start()
    start = time.monotonic()
    events = poll.poll(LONG) or poll.poll(LONG)
    assert events == [Event(1, READABLE)]
    assert time.monotonic() - start < LONG
    other.join(LONG)


def test_no_set_is_lost_between_the_look_and_the_sleep(poll: Poll) -> None:
    """Two threads hand a ball to and fro a thousand times; one lost wake-up would leave both waiting."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, EDGE)
    caught = threading.Semaphore(0)

    def throw() -> None:
        for _ in range(1000):
            setter.set(READABLE)
            assert caught.acquire(timeout=LONG)

    other = threading.Thread(target=throw)
    other.start()
    for _ in range(1000):
        assert poll.poll(LONG) == [Event(1, READABLE)]
        caught.release()
    other.join(LONG)


def test_what_does_not_fit_is_kept(poll: Poll) -> None:
    """User sources have turns among themselves, and a one-shot that did not fit has not fired."""
    for token in range(5):
        source, setter = poll.user_readiness()
        poll.register(source, token, R, EDGE | ONESHOT)
        setter.set(READABLE)
    batches = [poll.poll(0, max_events=2) for _ in range(5)]
    assert sorted(event.token for batch in batches for event in batch) == [0, 1, 2, 3, 4]
    assert max(len(batch) for batch in batches) == 2


@pytest.mark.parametrize("room", [1, 2, 3])
def test_neither_kind_starves_the_other(poll: Poll, make_pair: Callable[[], Pair], room: int) -> None:
    """Files that are always ready and user sources that are always ready share the smallest batches."""
    for token in range(3):
        poll.register(make_pair()[0], token, W, LEVEL)
        source, setter = poll.user_readiness()
        poll.register(source, 10 + token, R, LEVEL)
        setter.set(READABLE)
    told: set[int] = set()
    for _ in range(12):
        batch = poll.poll(0, max_events=room)
        assert 0 < len(batch) <= room
        told.update(event.token for event in batch)
    assert told == {0, 1, 2, 10, 11, 12}


def test_files_and_user_sources_are_told_together(poll: Poll, pair: Pair) -> None:
    """Where there is room for all, one poll tells both kinds."""
    source, setter = poll.user_readiness()
    poll.register(source, 1, R, LEVEL)
    poll.register(pair[0], 2, W, LEVEL)
    setter.set(READABLE)
    assert sorted(poll.poll(0)) == [Event(1, READABLE), Event(2, WRITABLE)]


def test_removal_in_a_handler_silences_a_user_source(poll: Poll) -> None:
    """Dispatching treats user sources as it treats files."""
    sources = {}
    for token in range(3):
        sources[token], setter = poll.user_readiness()
        poll.register(sources[token], token, R, LEVEL)
        setter.set(READABLE)
    told: list[int] = []

    def only_me(event: Event) -> None:
        told.append(event.token)
        for token in set(sources) - {event.token}:
            poll.deregister(sources[token])

    poll.poll_each(0, only_me)
    assert len(told) == 1
