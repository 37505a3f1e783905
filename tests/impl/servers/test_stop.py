"""Ctrl-C as something to wait for."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from impl import Interest, Poll, Readiness, Trigger
from impl.servers.stop import Stop


@pytest.fixture
def stop() -> Iterator[Stop]:
    """A button."""
    stop = Stop()
    yield stop
    stop.close()


def test_pressing_makes_it_readable_until_it_is_taken(stop: Stop) -> None:
    """However often it was pressed."""
    with Poll() as poll:
        poll.register(stop, 5, Interest.READABLE, Trigger.LEVEL)
        assert poll.poll(0) == []
        for _ in range(1000):
            stop.press()
        assert poll.poll(0) == [(5, Readiness.READABLE)]
        while stop.take():
            pass
        assert poll.poll(0) == []


def test_its_signals_press_it_and_others_do_not(stop: Stop) -> None:
    """Python tells the wake-up fd of every signal that has a handler; what was before is restored."""
    handled = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
    try:
        with stop.on(signal.SIGUSR2):
            signal.raise_signal(signal.SIGUSR1)
            assert not stop.take()
            assert handled == [signal.SIGUSR1]
            signal.raise_signal(signal.SIGUSR2)
            assert stop.take()
            assert not stop.take()
        signal.raise_signal(signal.SIGUSR1)
        assert not stop.take()
        assert signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGUSR1, before)
