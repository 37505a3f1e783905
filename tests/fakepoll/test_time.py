"""The time stand-in: every clock is the kernel's, and text made of it is the same in every run."""

from __future__ import annotations

import time

import pytest

import fakepoll
from fakepoll.abi import NS_PER_S


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("monotonic", 1000),
        ("perf_counter", 1000),
        ("time", 1_600_001_000),
        ("process_time", 0),
        ("thread_time", 0),
    ],
)
def test_clocks(name: str, start: int) -> None:
    """In seconds and in nanoseconds, from a fixed start, a tick at each look."""
    module = fakepoll.Kernel(tick_ns=500).time
    assert getattr(module, f"{name}_ns")() == start * NS_PER_S + 500
    assert getattr(module, name)() == (start * NS_PER_S + 1000) / NS_PER_S


def test_clock_gettime() -> None:
    """By number; an unknown clock is EINVAL."""
    module = fakepoll.Kernel(tick_ns=0).time
    assert module.clock_gettime(time.CLOCK_MONOTONIC) == 1000.0
    with pytest.raises(OSError, match="Invalid argument"):
        module.clock_gettime(99)


def test_dates() -> None:
    """Where the real functions would take the present, they take the kernel's."""
    module = fakepoll.Kernel(tick_ns=0).time
    now = 1_600_001_000
    assert module.gmtime() == time.gmtime(now) == module.gmtime(now)
    assert module.localtime() == time.localtime(now)
    assert module.ctime() == time.ctime(now)
    assert module.strftime("%Y") == "2020"
    assert module.strftime("%Y", time.gmtime(0)) == "1970"
    assert module.struct_time is time.struct_time


@pytest.mark.parametrize(("seconds", "error"), [(-1, ValueError), ("x", TypeError), (float("nan"), ValueError)])
def test_sleep_checks_its_argument(seconds: object, error: type[Exception]) -> None:
    """As time.sleep does."""
    with pytest.raises(error):
        fakepoll.Kernel().time.sleep(seconds)  # type: ignore[arg-type]


def test_late_acknowledgement_of_a_fin_is_an_edge_of_its_own() -> None:
    """After shutdown the own registration is told at once, and again when the other end acknowledges."""
    kernel = fakepoll.Kernel(tick_ns=0)
    listener = kernel.socket.create_server(("127.0.0.1", 0))
    client = kernel.socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    epoll = kernel.select.epoll()
    epoll.register(client, kernel.select.EPOLLOUT | kernel.select.EPOLLET)
    epoll.poll(0)
    begun_ns = kernel.clock.now_ns
    client.shutdown(1)
    assert [len(epoll.poll(0)), len(epoll.poll(0)), len(epoll.poll(1))] == [1, 0, 1]
    assert kernel.clock.now_ns == begun_ns + kernel.limits.fin_ack_ns
    server.close()
