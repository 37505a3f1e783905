"""A program that gives every kind of fault its chance, and a count of what fell.

    python -m fakepoll.exercise --profile legal --seeds 300

It uses every kind of file for a few rounds, takes whatever error comes, and never blocks; so it also shows that no
fault brings the kernel itself down. The same counts of any other run are in `kernel.fired.counts()`.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fakepoll.abi import ET, IN, OUT
from fakepoll.drawn import Drawn
from fakepoll.faults import FAULTS, LEGAL, LEGALITIES, LOSSLESS, profile
from fakepoll.kernel import Kernel
from fakepoll.schedule import Schedule

ROUNDS = 4
MUCH = b"x" * 300_000


class Exercise:
    """One run on one kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.streams: list[Any] = []
        self.listeners: list[Any] = []
        self.datagrams: list[Any] = []
        self.fds: list[int] = []

    def run(self) -> Schedule:
        """Open everything, use it, and say what fell."""
        kernel = self.kernel
        kernel.signal.signal(signal.SIGUSR1, lambda *_: None)
        with kernel.calm():
            epoll = kernel.select.epoll()
        for each in (self.open_tcp, self.open_unix, self.open_datagrams, self.open_fds):
            self.attempt(each)
        for sock in (*self.streams, *self.listeners, *self.datagrams):
            epoll.register(sock, IN | OUT | ET)
        for fd in self.fds:
            epoll.register(fd, IN | OUT | ET)
        for turn in range(ROUNDS):
            self.connect(epoll)
            self.write(b"some bytes" if turn % 2 else MUCH)
            epoll.poll(0.001)
            self.read()
            epoll.poll(0)
        kernel.calm()
        epoll.poll(0)
        fired = kernel.fired
        kernel.close()
        return fired

    def attempt(self, action: Callable[[], object]) -> None:
        """Do it, or get an error."""
        with contextlib.suppress(OSError):
            action()

    def open_tcp(self) -> None:
        """Open a listener that is full with two waiting connections."""
        listener = self.kernel.socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        self.listeners.append(self.quiet(listener))

    def open_unix(self) -> None:
        """Open a pair and a listener with a name."""
        self.streams += map(self.quiet, self.kernel.socket.socketpair())
        listener = self.quiet(self.kernel.socket.socket(socket.AF_UNIX))
        listener.bind("\0exercise")
        listener.listen(1)
        self.listeners.append(listener)

    def open_datagrams(self) -> None:
        """Open a UDP socket that sends to itself."""
        sock = self.quiet(self.kernel.socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.bind(("127.0.0.1", 0))
        self.datagrams.append(sock)

    def open_fds(self) -> None:
        """Open a pipe and an eventfd."""
        ends = self.kernel.os.pipe2(self.kernel.os.O_NONBLOCK)
        self.fds += [*ends, self.kernel.os.eventfd(1, self.kernel.os.EFD_NONBLOCK)]

    def quiet(self, sock: Any) -> Any:
        """Make a socket non-blocking."""
        sock.setblocking(False)
        return sock

    def connect(self, epoll: Any) -> None:
        """Let two clients come to each listener, and accept what came."""
        for listener in self.listeners:
            for _ in range(2):
                self.attempt(lambda: self.add_client(listener, epoll))  # noqa: B023 - called at once
            for _ in range(2):
                self.attempt(lambda: self.add(listener.accept()[0], epoll))  # noqa: B023 - called at once

    def add_client(self, listener: Any, epoll: Any) -> None:
        """Connect to a listener."""
        client = self.kernel.socket.socket(listener.family)
        self.add(client, epoll)
        client.connect(listener.getsockname())

    def add(self, sock: Any, epoll: Any) -> None:
        """Use this stream, too."""
        self.streams.append(self.quiet(sock))
        epoll.register(sock, IN | OUT | ET)

    def write(self, data: bytes) -> None:
        """Write to everything."""
        for sock in self.streams:
            self.attempt(lambda: sock.send(data))  # noqa: B023 - called at once
        for sock in self.datagrams:
            for _ in range(2):
                self.attempt(lambda: sock.sendto(b"datagram", sock.getsockname()))  # noqa: B023 - called at once
        for fd in self.fds[1:]:
            self.attempt(lambda: self.kernel.os.write(fd, data[: 8 if fd == self.fds[2] else None]))  # noqa: B023

    def read(self) -> None:
        """Read from everything, a little and then the rest."""
        for size in (5, 1_000_000):
            for sock in (*self.streams, *self.datagrams):
                self.attempt(lambda: sock.recv(size))  # noqa: B023 - called at once
            for fd in self.fds:
                self.attempt(lambda: self.kernel.os.read(fd, size + 3))  # noqa: B023 - called at once


def count(name: str, seeds: Iterable[int]) -> dict[str, int]:
    """Run the exercise once per seed; how often each kind of this profile fell."""
    counts = dict.fromkeys(profile(name), 0)
    for seed in seeds:
        fired = Exercise(Kernel(faults=Drawn(seed, legality=name), trace=False)).run().counts()
        for kind in counts:
            counts[kind] += fired[kind]
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts; 1 if a kind of the profile never fell."""
    parser = argparse.ArgumentParser(prog="python -m fakepoll.exercise", description="Count the faults that fall.")
    parser.add_argument("--profile", default=LEGAL, choices=(LOSSLESS, *LEGALITIES))
    parser.add_argument("--seeds", type=int, default=300, help="how many runs")
    options = parser.parse_args(arguments)
    counts = count(options.profile, range(options.seeds))
    for kind in FAULTS:
        if kind.name in counts:
            sys.stdout.write(f"{kind.name:12} {kind.legality:12} {counts[kind.name]:8}\n")
    return int(not all(counts.values()))


if __name__ == "__main__":
    sys.exit(main())
