"""The fake kernel: its calls beside Linux's, its beginning and end beside 0.3 ms, its ready list beside a shorter one."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import fakepoll
from benchmarks.rows import Pair, Row, compared
from benchmarks.turns import Work

__all__ = ["ROWS", "fake_epoll"]

TRIPS = 20
MESSAGE = b"x" * 100
ALLOWED_NS = 300_000
MANY, FEW = 100_000, 100


def _echoes(select_module: Any, socket_module: Any) -> Work:
    """Open a connection and both ends' epolls, here or on Linux; give the work: some echoes."""
    listener = socket_module.create_server(("127.0.0.1", 0))
    client = socket_module.create_connection(listener.getsockname())
    server, _ = listener.accept()
    for sock in (client, server):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client_poll, server_poll = select_module.epoll(), select_module.epoll()
    client_poll.register(client.fileno(), select.EPOLLIN)
    server_poll.register(server.fileno(), select.EPOLLIN)

    def echo() -> None:
        for _ in range(TRIPS):
            client.send(MESSAGE)
            server_poll.poll()
            server.send(server.recv(4096))
            client_poll.poll()
            client.recv(4096)

    echo.keeps = listener  # type: ignore[attr-defined]  # open as long as the work is
    return echo


@contextmanager
def _echo() -> Iterator[Pair]:
    kernel = fakepoll.Kernel(trace=False)
    yield Pair(subject=_echoes(kernel.select, kernel.socket), against=_echoes(select, socket), units=TRIPS)


def _set_up(modules: tuple[str, ...], profiles: tuple[str, ...]) -> None:
    """A kernel, the patch, a pair of sockets, the end."""
    kernel = fakepoll.Kernel()
    with fakepoll.patched(kernel, modules=modules, profiles=profiles):
        for sock in kernel.socket.socketpair():
            sock.close()
    kernel.close()


def _spin() -> None:
    """Spend what a set-up may cost, in processor time."""
    end = time.process_time_ns() + ALLOWED_NS
    while time.process_time_ns() < end:
        pass


@contextmanager
def _setting_up(modules: tuple[str, ...], profiles: tuple[str, ...]) -> Iterator[Pair]:
    yield Pair(subject=partial(_set_up, modules, profiles), against=_spin)


def fake_epoll(registered: int, ready: int) -> Work:
    """Register so many eventfds, make the last few ready; give the call that looks."""
    kernel = fakepoll.Kernel(trace=False, limits=fakepoll.Limits(nofile=registered + 10))
    poll = kernel.select.epoll()
    fds = [kernel.os.eventfd(0) for _ in range(registered)]
    for fd in fds:
        poll.register(fd, kernel.select.EPOLLIN)
    for fd in fds[registered - ready :]:
        kernel.os.eventfd_write(fd, 1)

    def look() -> object:
        kernel.clock.idle = 0  # waiting for nothing else, over and over, is a livelock by right
        return poll.poll(0, registered)

    return look


@contextmanager
def _waiting() -> Iterator[Pair]:
    yield Pair(subject=fake_epoll(MANY, 1), against=fake_epoll(FEW, 1))


ROWS: tuple[Row, ...] = (
    compared(
        name="echo",
        subject="fake TCP echo round trip",
        against="the same on loopback",
        target=0.7,
        prepare=_echo,
        counts="round trips",
    ),
    *(
        compared(
            name=f"setup-{what}",
            subject=f"fake kernel: set up, patch {what}, close",
            against="0.3 ms",
            target=1.0,
            prepare=partial(_setting_up, modules, profiles),
        )
        for what, modules, profiles in (
            ("module", ("impl.poll",), ()),
            ("asyncio", (), ("asyncio",)),
            ("trio", (), ("trio",)),
        )
    ),
    compared(
        name="epoll-wait",
        subject=f"fake epoll_wait, 1 ready of {MANY:,}",
        against=f"1 ready of {FEW}",
        target=1.2,
        prepare=_waiting,
    ),
)
