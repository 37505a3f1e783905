"""The loop around many exchanges: one thread, one poll, one table of connections.

A turn of the loop is: wait until the poll tells or a time limit ends; advance the connections that were told of, and no
others; see to the limits. What a connection waits for is what it is registered for. The text that this comes from
registers every connection for reading and writing at once, level-triggered - an idle connection can always be written,
so that its epoll_wait never waits. Asking only for what the state needs is what makes idle connections free.

Closing a connection is enough to end its registration (epoll(7)), and tokens are never used again, so an event for a
connection that was closed earlier in the same batch finds nobody.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from impl.interest import Interest, Trigger
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.acceptor import Acceptor
from impl.servers.exchange import Answering, Exchange, State
from impl.servers.stop import Stop
from impl.timer import Timeouts

__all__ = ["Limits", "Service", "Style", "Tally"]

LISTENER, STOP = 0, 1
FIRST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a server puts up with. Times are seconds."""

    timeout: float = 10.0  # for a request to arrive, for its answer to leave, for a client to close
    grace: float = 30.0  # for requests that are running when the server is stopped
    connections: int = 10_000
    rest: float = 1.0  # before accepting is tried again without room or fds


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a server goes about it.

    `drive` advances a connection that was told of: `Exchange.advance` as far as it goes, `Exchange.step` by one state,
    so that the poll is asked before the next. `triggers` says how to register for reading and for writing.
    """

    keep_alive: bool
    drive: Callable[[Exchange], Interest | None]
    triggers: Mapping[Interest, Trigger]


@dataclass(slots=True)
class Tally:
    """What a server has done."""

    accepted: int = 0
    served: int = 0
    timed_out: int = 0
    cut_off: int = 0
    shortages: int = 0
    turns: int = 0

    def __str__(self) -> str:
        return (
            f"{self.accepted} connections, {self.served} requests served, {self.timed_out} timed out, "
            f"{self.cut_off} cut off, {self.shortages} times out of fds, {self.turns} turns"
        )


class Service:
    """One HTTP server from start to stop; `run` it once.

    Pressing `stop` closes the listener at once, lets running requests finish within the grace, and ends `run`. Pressing
    it again ends the grace.
    """

    def __init__(
        self, listener: TcpListener, stop: Stop, *, poll: Poll, clock: Callable[[], float], limits: Limits
    ) -> None:
        self._listener = listener
        self._stop = stop
        self._poll = poll
        self._clock = clock
        self._limits = limits
        self._now = clock()
        self._acceptor = Acceptor(listener, rest=limits.rest)
        self._tokens = count(FIRST)
        self._exchanges: dict[int, Exchange] = {}
        self._registered: dict[int, Interest] = {}
        self._timeouts: Timeouts[int] = Timeouts(limits.timeout)
        self._waiting: list[tuple[float, int]] = []  # a heap: when an answer will be ready, whose
        self._ends_at: float | None = None  # stopping: the end of the grace
        self._tally = Tally()

    def run(self, answering: Answering, style: Style) -> Tally:
        """Serve until stopped. The listener is closed then; poll and stop are left to their owner."""
        self._poll.register(self._listener, LISTENER, Interest.READABLE, Trigger.EDGE)
        self._poll.register(self._stop, STOP, Interest.READABLE, Trigger.LEVEL)
        try:
            while not self._is_over():
                events = self._poll.poll(self._patience())
                self._now = self._clock()
                self._tally.turns += 1
                open_before = len(self._exchanges)
                for event in events:
                    self._heed(event.token, answering, style)
                self._see_to_time(style)
                self._see_to_listener(answering, style, has_room=len(self._exchanges) < open_before)
        finally:
            self._end()
        return self._tally

    def _is_over(self) -> bool:
        return self._ends_at is not None and (not self._exchanges or self._now >= self._ends_at)

    def _patience(self) -> float | None:
        """Answer how long the next poll may wait, None for ever."""
        moments = [moment for moment in (self._ends_at, self._acceptor.retry_at) if moment is not None]
        if self._waiting:
            moments.append(self._waiting[0][0])
        left = self._timeouts.left(self._now)
        if not moments:
            return left
        until = max(min(moments) - self._now, 0.0)
        return until if left is None else min(left, until)

    def _heed(self, token: int, answering: Answering, style: Style) -> None:
        """Do what one event is about."""
        if token == LISTENER:
            self._accept(answering, style)
        elif token == STOP:
            if self._stop.take():
                self._begin_to_end(style)
        elif token in self._registered:
            self._drive(token, style)

    def _accept(self, answering: Answering, style: Style) -> None:
        room = self._limits.connections - len(self._exchanges)
        for stream in self._acceptor.take(room, self._now):
            token = next(self._tokens)
            self._tally.accepted += 1
            self._exchanges[token] = Exchange(stream, answering, keep_alive=style.keep_alive)
            self._timeouts.begin(token, self._now)
            self._register(token, Interest.READABLE, style)

    def _drive(self, token: int, style: Style) -> None:
        """Advance one connection; a new state or a new request has its own time limit."""
        exchange = self._exchanges[token]
        before = (exchange.state, exchange.served, exchange.is_idle())
        wants = style.drive(exchange)
        self._tally.served += exchange.served - before[1]
        if before != (exchange.state, exchange.served, exchange.is_idle()):
            self._timeouts.begin(token, self._now)
        self._follow(token, wants, style)

    def _follow(self, token: int, wants: Interest | None, style: Style) -> None:
        """Bring registration and timers into line with the state of a connection."""
        exchange = self._exchanges[token]
        if wants is not None:
            self._register(token, wants, style)
        elif exchange.state is State.WAIT:
            # Out of the poll meanwhile: it would go on telling of what nobody wants to read now.
            self._poll.deregister(exchange.stream)
            del self._registered[token]
            self._timeouts.end(token)
            heapq.heappush(self._waiting, (self._now + exchange.after, token))
        else:
            self._close(token)

    def _register(self, token: int, wants: Interest, style: Style) -> None:
        """Register for what the connection waits for. A one-shot that has fired needs it even if that is the same."""
        trigger = style.triggers[wants]
        registered = self._registered.get(token)
        if registered is None:
            self._poll.register(self._exchanges[token].stream, token, wants, trigger)
        elif registered is not wants or trigger & Trigger.ONESHOT:
            self._poll.reregister(self._exchanges[token].stream, token, wants, trigger)
        self._registered[token] = wants

    def _see_to_time(self, style: Style) -> None:
        """Go on where an answer is ready, and end what has taken too long."""
        while self._waiting and self._waiting[0][0] <= self._now:
            _, token = heapq.heappop(self._waiting)
            if token in self._exchanges:
                self._exchanges[token].resume()
                self._drive(token, style)
        for token in self._timeouts.take_expired(self._now):
            self._tally.timed_out += 1
            wants = self._exchanges[token].time_out()
            self._timeouts.begin(token, self._now)  # for a refusal to be read
            self._follow(token, wants, style)

    def _see_to_listener(self, answering: Answering, style: Style, *, has_room: bool) -> None:
        """Accept what was left in the queue, if there is hope."""
        retry_at = self._acceptor.retry_at
        if retry_at is not None and (has_room or self._now >= retry_at):
            self._accept(answering, style)

    def _begin_to_end(self, style: Style) -> None:
        """Stop accepting at once, close what is idle, give the rest its grace; the second time, none."""
        if self._ends_at is not None:
            self._ends_at = self._now
            return
        self._ends_at = self._now + self._limits.grace
        self._acceptor.retry_at = None
        self._poll.deregister(self._listener)
        self._listener.close()
        for token, exchange in list(self._exchanges.items()):
            exchange.last_request()
            if exchange.is_idle():
                self._drive(token, style)  # a request may have arrived that was not told of yet
                if exchange.is_idle():
                    self._close(token)

    def _close(self, token: int) -> None:
        self._timeouts.end(token)
        self._registered.pop(token, None)
        exchange = self._exchanges.pop(token, None)
        if exchange is not None:
            exchange.stream.close()

    def _end(self) -> None:
        """Cut off what is left."""
        self._tally.cut_off = len(self._exchanges)
        self._tally.shortages = self._acceptor.shortages
        for token in list(self._exchanges):
            self._close(token)
        if self._ends_at is None:
            self._poll.deregister(self._listener)
            self._listener.close()
        self._poll.deregister(self._stop)
