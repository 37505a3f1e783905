"""The basics of the contract (DESIGN 3.1), asked of every adapter on the real kernel."""

from __future__ import annotations

import os
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

import impl.interest as impl_interest
from conformance.protocol import (
    CAPABILITY_METHODS,
    REFUSALS,
    Capability,
    Event,
    Interest,
    Readiness,
    Trigger,
    event_flaw,
)
from impl.adapters import poll_bits

Pair = tuple[socket.socket, socket.socket]

R, W = Interest.READABLE, Interest.WRITABLE
LEVEL = Trigger.LEVEL
LONG = 30.0

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
FACTORIES: dict[str, str] = PYPROJECT["project"]["entry-points"]["conformance.pollers"]
"""Name -> "module:attribute", as the distribution declares it."""


def make(name: str) -> Any:
    """Make a poller by its declared name."""
    return resolve_name(FACTORIES[name])()


@pytest.fixture(params=sorted(FACTORIES))
def poller(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each built-in poller in turn, by its declared entry point. Any: half of the methods are optional."""
    poller = make(request.param)
    yield poller
    poller.close()


def poll_until(poller: Any, done: Callable[[dict[int, int]], bool]) -> dict[int, int]:
    """Poll until `done` with the readiness told so far, by token."""
    told: dict[int, int] = {}
    until = time.monotonic() + LONG
    while not done(told) and time.monotonic() < until:
        for event in poller.poll(0.1):
            assert event_flaw(event) is None
            told[event[0]] = told.get(event[0], 0) | event[1]
    return told


def test_every_built_in_poller_is_declared() -> None:
    """The names of DESIGN 3.1 are entry points."""
    names = "reference epoll poll select selectors-epoll selectors-poll selectors-select asyncio uvloop trio"
    assert sorted(FACTORIES) == sorted(names.split())


def test_claims_name_their_methods(poller: Any) -> None:
    """Level and writable are everyone's; what is claimed beyond has its method; what is emulated is claimed."""
    assert poller.capabilities & Capability.LEVEL
    assert poller.capabilities & Capability.WRITABLE
    for capability, method in CAPABILITY_METHODS.items():
        assert bool(poller.capabilities & capability) == hasattr(poller, method)
    assert not getattr(poller, "emulated", Capability(0)) & ~poller.capabilities


def test_looking_returns_at_once(poller: Any, pair: Pair) -> None:
    """poll(0) of an idle file is empty, and tells at once what is ready, also just after register."""
    poller.register(pair[0], 1, R, LEVEL)
    assert poller.poll(0) == []
    pair[1].send(b"x")
    assert {tuple(event) for event in poller.poll(0)} == {(1, Readiness.READABLE)}
    poller.deregister(pair[0])
    poller.register(pair[0], 2, R, LEVEL)
    assert {tuple(event) for event in poller.poll(0)} == {(2, Readiness.READABLE)}


@pytest.mark.timeout(30)
def test_waiting_for_ever_ends_with_an_event(poller: Any, pair: Pair) -> None:
    """poll(None) returns when another thread makes a file ready, and not before."""
    poller.register(pair[0], 1, R, LEVEL)
    sender = threading.Timer(0.02, pair[1].send, (b"x",))
    sender.start()
    told: list[Event] = []
    while not told:
        told = poller.poll(None)
    assert {tuple(event) for event in told} == {(1, Readiness.READABLE)}
    sender.join(LONG)


def test_a_timeout_is_waited_out(poller: Any, pair: Pair) -> None:
    """An idle wait lasts; a millisecond less is allowed, since uvloop's clock ticks in milliseconds."""
    poller.register(pair[0], 1, R, LEVEL)
    start = time.monotonic()
    assert poller.poll(0.02) == []
    assert time.monotonic() - start >= 0.0185


def test_the_longest_timeout_is_accepted(poller: Any, pair: Pair) -> None:
    """2,000,000 s are lawful, and what is owed ends the wait at once."""
    poller.register(pair[0], 1, W, LEVEL)
    assert {tuple(event) for event in poller.poll(2_000_000.0)} == {(1, Readiness.WRITABLE)}


def test_level_is_told_as_long_as_it_holds(poller: Any, pair: Pair) -> None:
    """Unread data is told in poll after poll, and no longer once it is read."""
    poller.register(pair[0], 1, R, LEVEL)
    pair[1].send(b"x")
    for _ in range(3):
        assert {tuple(event) for event in poller.poll(0)} == {(1, Readiness.READABLE)}
    pair[0].recv(1)
    assert poller.poll(0) == []


def test_both_directions_are_told_and_reregister_narrows_them(poller: Any, pair: Pair) -> None:
    """Readable and writable come as one event or two; after reregister only what was asked last."""
    both = Readiness.READABLE | Readiness.WRITABLE
    pair[1].send(b"x")
    poller.register(pair[0], 1, R | W, LEVEL)
    assert poll_until(poller, lambda told: told.get(1) == both) == {1: both}
    poller.reregister(pair[0], 2, W, LEVEL)
    assert {tuple(event) for event in poller.poll(0)} == {(2, Readiness.WRITABLE)}
    poller.reregister(pair[0], 3, R, LEVEL)
    assert {tuple(event) for event in poller.poll(0)} == {(3, Readiness.READABLE)}


def test_deregister_silences_what_was_ready(poller: Any, pair: Pair) -> None:
    """What was ready, told or not, is not told after deregister; then the source may be closed."""
    pair[1].send(b"x")
    poller.register(pair[0], 1, R | W, LEVEL)
    poller.poll(0)
    poller.deregister(pair[0])
    assert poller.poll(0) == []
    pair[0].close()
    assert poller.poll(0) == []


def test_a_closed_source_is_refused_and_leaves_nothing(poller: Any, make_pair: Callable[[], Pair]) -> None:
    """A bad fd is refused by register itself, not by a later poll."""
    closed, (good, _) = make_pair()[0], make_pair()
    closed.close()
    with pytest.raises(REFUSALS):
        poller.register(closed, 1, R, LEVEL)
    poller.register(good, 2, W, LEVEL)
    assert poll_until(poller, lambda told: 2 in told) == {2: Readiness.WRITABLE}


def test_a_regular_file_is_taken_or_refused_as_claimed(poller: Any) -> None:
    """epoll refuses what is always ready; poll(2) and select(2) tell that it is."""
    with open(__file__) as file:
        if poller.capabilities & Capability.REGULAR_FILES:
            poller.register(file, 1, R, LEVEL)
            assert poll_until(poller, lambda told: 1 in told) == {1: Readiness.READABLE}
            poller.deregister(file)
        else:
            with pytest.raises(REFUSALS):
                poller.register(file, 1, R, LEVEL)
        assert poller.poll(0) == []


def test_a_double_register_is_refused_or_done_never_both(poller: Any, pair: Pair) -> None:
    """Whichever call is in force, the other's token is not told."""
    poller.register(pair[0], 1, W, LEVEL)
    token = 2
    try:
        poller.register(pair[0], 2, W, LEVEL)
    except REFUSALS:
        token = 1
    assert {tuple(event) for event in poller.poll(0)} == {(token, Readiness.WRITABLE)}


def test_a_hang_up_is_readable(poller: Any, pair: Pair) -> None:
    """A peer that is gone is told; then reading gives no bytes."""
    poller.register(pair[0], 1, R, LEVEL)
    pair[1].close()
    assert poll_until(poller, lambda told: 1 in told)[1] & Readiness.READABLE
    assert pair[0].recv(1) == b""


@pytest.mark.parametrize("poller", ["reference", "epoll", "poll", "select"], indirect=True)
def test_urgent_data_has_priority(poller: Any) -> None:
    """Out-of-band data is told to those who asked for it, and under the token they gave."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as peer:
        file, _ = server.accept()
        with file:
            file.setblocking(False)
            poller.register(file, 1, Interest.PRIORITY, LEVEL)
            assert poller.poll(0) == []
            peer.send(b"!", socket.MSG_OOB)
            told = poll_until(poller, lambda told: 1 in told)
            assert told[1] & ~Readiness.READABLE == Readiness.PRIORITY
            poller.deregister(file)


@pytest.mark.parametrize("poller", ["reference", "asyncio", "uvloop", "trio"], indirect=True)
def test_a_waker_wakes_now_and_later(poller: Any) -> None:
    """A wake before the poll is kept; one in another thread ends the wait; none is told twice."""
    waker = poller.waker(7)
    for delay in (0, 0.02):
        other = threading.Timer(delay, waker.wake)
        other.start()
        assert poll_until(poller, lambda told: 7 in told) == {7: Readiness.READABLE}
        other.join(LONG)
        assert poller.poll(0) == []


@pytest.mark.parametrize("poller", ["reference", "asyncio", "uvloop"], indirect=True)
def test_a_dispatcher_silences_within_the_batch(poller: Any, make_pair: Callable[[], Pair]) -> None:
    """Of three ready files the first handler removes the others; no other is called."""
    files = [make_pair()[0] for _ in range(3)]
    for token, file in enumerate(files):
        poller.register(file, token, W, LEVEL)
    told: set[int] = set()

    def only_me(event: Event) -> None:
        if not told:
            for token, file in enumerate(files):
                if token != event.token:
                    poller.deregister(file)
        told.add(event.token)

    poller.poll_each(LONG, only_me)
    poller.poll_each(0, only_me)
    assert len(told) == 1


def test_the_control_and_the_reference_translate_alike() -> None:
    """Two tables, written apart, agree on every interest and every mask."""
    masks = (1, 2, 4, 8, 16, 0x2000)
    for interest in map(Interest, range(1, 8)):
        assert poll_bits.bits_of(interest) == impl_interest.epoll_mask(impl_interest.Interest(interest), LEVEL)
        for chosen in range(2 ** len(masks)):
            mask = sum(bit for place, bit in enumerate(masks) if chosen >> place & 1)
            ours = impl_interest.readiness_of(mask, impl_interest.Interest(interest))
            assert int(poll_bits.readiness_of(mask, interest)) == int(ours)


@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_close_frees_every_fd_and_no_source(name: str, pair: Pair) -> None:
    """Two pollers, one after the other, leave as many fds as there were, and the sources usable."""
    make(name).close()  # what a process opens once is open now
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        poller = make(name)
        poller.register(pair[0], 1, R | W, LEVEL)
        poller.poll(0)
        poller.close()
        assert len(os.listdir("/proc/self/fd")) == before
    assert pair[0].send(b"x") == 1


@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_a_file_stays_as_it_was(name: str, make_pair: Callable[[], Pair]) -> None:
    """A non-blocking file is non-blocking afterwards, and its data is untouched."""
    poller = make(name)
    file, peer = make_pair()
    peer.send(b"data")
    poller.register(file, 1, R | W, LEVEL)
    poller.poll(0)
    poller.deregister(file)
    poller.close()
    assert not os.get_blocking(file.fileno())
    assert file.recv(16) == b"data"


def test_trio_keeps_one_run_from_poll_to_poll() -> None:
    """What a poll leaves behind in trio is there in the next."""
    trio = pytest.importorskip("trio")
    poller = make("trio")
    try:
        assert trio.lowlevel.in_trio_run()
        first = trio.lowlevel.current_root_task()
        poller.poll(0)
        assert trio.lowlevel.current_root_task() is first
    finally:
        poller.close()
    assert not trio.lowlevel.in_trio_run()
