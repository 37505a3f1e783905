"""The servers' plays: a program on a fake kernel, clients of all kinds, and what must be true in the end.

A play is drawn from a number, and is the same whenever that number is played. Whatever the kernel does to a client, its
bytes come in order up to where they end; what a client may expect in full depends on whether faults are about.
"""

from __future__ import annotations

import random
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import fakepoll
from fakepoll.faults import KINDS, Kind
from fakepoll.schedule import Schedule
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers import epoll_http, graceful, keep_alive, line_echo, spinning
from impl.servers.http import response
from impl.servers.service import Limits, Tally
from impl.servers.stop import Stop
from tests.impl.servers.clients import MS, Client, in_pieces
from tests.impl.worlds import NS, faked

Serve = Callable[[TcpListener, Stop, Poll, Callable[[], float], Limits], Tally]

LIMITS = Limits(timeout=5.0, grace=20.0, rest=0.5)
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\nX-Pad: %s\r\n\r\n"
BREAKING = ("reset", "half_close", "hangup")
"""Faults after which a stream may end early, with or without an error."""
CLOSING = response(200, b"Hello world!", keep_alive=False)
KEEPING = response(200, b"Hello world!", keep_alive=True)


class ScheduledCrew:
    """What stands for worker threads on a fake kernel: work is done a while after it was handed in."""

    def __init__(self, kernel: fakepoll.Kernel, chance: random.Random, wake: Callable[[], None], room: int = 3) -> None:
        self._kernel = kernel
        self._chance = chance
        self._wake = wake
        self._room = room
        self._busy = 0
        self._results: deque[tuple[int, bytes | None]] = deque()

    def submit(self, token: int, data: bytes) -> bool:
        """Do a job some milliseconds later."""
        if self._busy == self._room:
            return False
        self._busy += 1
        self._kernel.schedule(self._chance.randrange(1, 30) * MS, partial(self._finish, token, data))
        return True

    def take_results(self) -> list[tuple[int, bytes | None]]:
        """Take what is done."""
        taken = list(self._results)
        self._results.clear()
        return taken

    def close(self) -> None:
        """Nothing to stop: nobody runs."""

    def _finish(self, token: int, data: bytes) -> None:
        self._busy -= 1
        self._results.append((token, data))
        self._wake()


@dataclass(slots=True)
class Played:
    """What came of a play."""

    tally: Tally
    seconds: float
    clients: list[Client]
    expected: list[bytes | None]
    faults: Schedule

    def check(self) -> None:
        """Nothing lost, nobody hung, no spin. (Leaks are told by `faked`.)"""
        for client, expected in zip(self.clients, self.expected, strict=True):
            assert not client.is_hung, f"a client got {client.received!r} and no end"
            if expected is None or self.has(lambda kind: kind.loses):
                continue
            if client.error is not None or self.has(lambda kind: kind.name in BREAKING):
                assert expected.startswith(client.received), f"got {client.received!r} of {expected!r}"
            else:
                assert client.received == expected, f"got {client.received!r} instead of {expected!r}"
        steps = sum(client.steps for client in self.clients) + len(self.faults)
        assert self.tally.turns <= 100 + 4 * self.seconds + 3 * steps, f"{self.tally} in {self.seconds} s"

    def has(self, trait: Callable[[Kind], bool]) -> bool:
        """Answer whether a fault of such a kind fell."""
        return any(trait(KINDS[fault.kind]) for _, fault in self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A server and the clients that come to it."""

    name: str
    serve: Callable[[fakepoll.Kernel, random.Random], Serve]
    clients: Callable[[Cast], None]


class Cast:
    """Collects the clients of a play; when the last has ended, Ctrl-C ends the server."""

    def __init__(self, kernel: fakepoll.Kernel, address: tuple[str, int], chance: random.Random) -> None:
        self.chance = chance
        self.clients: list[Client] = []
        self.expected: list[bytes | None] = []
        self._kernel = kernel
        self._address = address

    def add(self, pieces: list[bytes], expected: bytes | None, **how: object) -> None:
        """Let a client come within the first second. `expected`: what it must get, None if that is not determined."""
        start_ns = self.chance.randrange(1000) * MS
        client = Client(
            self._kernel,
            self._address,
            pieces,
            start_ns=start_ns,
            on_end=self._ended,
            **how,  # type: ignore[arg-type]  # its own words
        )
        self.clients.append(client)
        self.expected.append(expected)

    def _ended(self) -> None:
        if all(client.is_done for client in self.clients):
            self._kernel.schedule(MS, lambda: self._kernel.signal.raise_signal(signal.SIGINT))


def play(play: Play, seed: int, kernel: fakepoll.Kernel | None = None) -> Played:
    """Perform a play once, to its end.

    Faults, if the kernel has any, hit the listener and all connections. They spare what the server makes for itself
    before its first wait, and end after a minute: what is to finish has to finish then.
    """
    kernel = kernel or fakepoll.Kernel(seed=seed)
    chance = random.Random(seed)
    with faked(kernel):
        listener = bind(kernel)
        beginning = kernel.calm()
        beginning.__enter__()
        kernel.schedule(0, lambda: beginning.__exit__(None, None, None))
        kernel.schedule(60 * NS, kernel.calm)
        stop = Stop()
        cast = Cast(kernel, listener.local_address()[:2], chance)
        play.clients(cast)
        began = kernel.time.monotonic()
        with Poll() as poll, stop.on(signal.SIGINT):
            tally = play.serve(kernel, chance)(listener, stop, poll, kernel.time.monotonic, LIMITS)
        stop.close()
        seconds = kernel.time.monotonic() - began
    return Played(tally=tally, seconds=seconds, clients=cast.clients, expected=cast.expected, faults=kernel.fired)


def bind(kernel: fakepoll.Kernel) -> TcpListener:
    """Listen. Where faults leave no fd for it, try again: a server that cannot start is not to be tested."""
    while True:
        try:
            return TcpListener.bind(("127.0.0.1", 0))
        except OSError:
            kernel.time.sleep(0.001)


def http_clients(cast: Cast, whole: bytes, *, requests: int) -> None:
    """Clients of an HTTP server: polite, in a hurry, dying in every way, slow, and wrong."""
    chance = cast.chance
    for _ in range(chance.randrange(1, 6)):
        wanted = b"".join(REQUEST % (b"x" * chance.randrange(300)) for _ in range(requests))
        reads = chance.choice((1, 10, 1000))
        cast.add(in_pieces(wanted, chance), whole * requests, enough=len(whole) * requests, reads=reads)
    for _ in range(chance.randrange(4)):
        partial_request = in_pieces((REQUEST % b"")[: chance.randrange(1, 30)], chance)
        cast.add(partial_request, b"", dies=True, resets=chance.random() < 0.5)
    if chance.random() < 0.3:  # a byte a second: refused after five
        cast.add([b"%c" % byte for byte in REQUEST % b""], None, period_ns=NS)
    if chance.random() < 0.3:  # silent: closed without a word
        cast.add([], b"")
    if chance.random() < 0.3:
        refusal = response(405, b"only GET and HEAD are served\n", keep_alive=False)
        cast.add([b"POST / HTTP/1.1\r\n\r\n" + b"x" * 9000], refusal)


def line_clients(cast: Cast) -> None:
    """Clients of a line echo: many lines at once, and some that end in the middle of one."""
    chance = cast.chance
    for _ in range(chance.randrange(1, 8)):
        lines = b"".join(b"%d " % number * chance.randrange(200) + b"\n" for number in range(chance.randrange(1, 20)))
        cut = b"half a li" if chance.random() < 0.3 else b""
        cast.add(in_pieces(lines + cut, chance), lines, half_closes=True, reads=chance.choice((10, 1000)))
    if chance.random() < 0.5:
        cast.add(in_pieces(b"a line\nhalf a li", chance), None, dies=True, resets=True)


def graceful_clients(cast: Cast) -> None:
    """HTTP clients, some of whose requests take seconds."""
    http_clients(cast, KEEPING, requests=2)
    for _ in range(cast.chance.randrange(1, 4)):
        seconds = cast.chance.choice((b"0.1", b"1.5", b"12"))
        expected = response(200, b"slept %s s\n" % seconds, keep_alive=False)
        cast.add([b"GET /sleep/%s HTTP/1.0\r\n\r\n" % seconds], expected)


def spin(kernel: fakepoll.Kernel) -> Serve:
    """Let the spinning server yield the processor between two turns; else no time would ever pass."""

    def serve(listener: TcpListener, stop: Stop, poll: Poll, clock: Callable[[], float], limits: Limits) -> Tally:
        tally = spinning.spin(listener, stop, clock, limits, breathe=partial(kernel.time.sleep, 0.01))
        tally.turns = 0  # it spins, that is its nature
        return tally

    return serve


def with_crew(kernel: fakepoll.Kernel, chance: random.Random) -> Serve:
    """Let the line echo have scheduled workers."""
    return partial(line_echo.serve, hire=partial(ScheduledCrew, kernel, chance))


PLAYS = (
    Play(
        name="epoll_http",
        serve=lambda kernel, chance: epoll_http.serve,
        clients=partial(http_clients, whole=CLOSING, requests=1),
    ),
    Play(
        name="keep_alive",
        serve=lambda kernel, chance: keep_alive.serve,
        clients=partial(http_clients, whole=KEEPING, requests=3),
    ),
    Play(
        name="keep_alive announced",
        serve=lambda kernel, chance: partial(keep_alive.serve, style=keep_alive.ANNOUNCED),
        clients=partial(http_clients, whole=KEEPING, requests=3),
    ),
    Play(name="graceful", serve=lambda kernel, chance: graceful.serve, clients=graceful_clients),
    Play(
        name="spinning",
        serve=lambda kernel, chance: spin(kernel),
        clients=partial(http_clients, whole=CLOSING, requests=1),
    ),
    Play(name="line_echo", serve=with_crew, clients=line_clients),
)
