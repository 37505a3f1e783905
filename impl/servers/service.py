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
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from impl.interest import Interest, Trigger
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.acceptor import Acceptor
from impl.servers.exchange import PER_TURN, Exchange, State, Talk
from impl.servers.stop import Stop
from impl.timer import Timeouts

__all__ = ["OTHERS", "Limits", "Service", "Style", "Tally"]

LISTENER, STOP = 0, 1
OTHERS = range(2, 8)


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

    `talk` makes what is spoken on a new connection. `drive` advances a connection that was told of: `Exchange.advance`
    as far as it goes, `Exchange.step` by one state, so that the poll is asked before the next. `triggers` says how to
    register for reading and for writing.
    """

    talk: Callable[[], Talk]
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
    """One server from start to stop; `run` it once.

    Pressing `stop` closes the listener at once, lets running requests finish within the grace, and ends `run`. Pressing
    it again ends the grace.

    Args:
        elsewhere: takes (token, data) of a reply that somebody else makes; he calls `answer` when it is made.
    """

    def __init__(
        self,
        listener: TcpListener,
        stop: Stop,
        style: Style,
        *,
        poll: Poll,
        clock: Callable[[], float],
        limits: Limits,
        elsewhere: Callable[[int, bytes], None] | None = None,
    ) -> None:
        self._listener = listener
        self._stop = stop
        self._style = style
        self._poll = poll
        self._clock = clock
        self._limits = limits
        self._elsewhere = elsewhere
        self._handlers: dict[int, Callable[[], None]] = {LISTENER: self._accept, STOP: self._heed_stop}
        self._now = clock()
        self._acceptor = Acceptor(listener, rest=limits.rest)
        # A one-shot that has fired is silent until it is reregistered, though nothing else has changed.
        self._rearmed = [wants for wants, trigger in style.triggers.items() if trigger & Trigger.ONESHOT]
        self._tokens = count(OTHERS.stop)
        self._exchanges: dict[int, Exchange] = {}
        self._registered: dict[int, Interest] = {}
        self._timeouts: Timeouts[int] = Timeouts(limits.timeout)
        self._waiting: list[tuple[float, int]] = []  # a heap: when an answer will be ready, whose
        self._ends_at: float | None = None  # stopping: the end of the grace
        self._tally = Tally()

    def on(self, token: int, handler: Callable[[], None]) -> None:
        """Call `handler()` for each event of a source that somebody else registers, with a token from `OTHERS`."""
        self._handlers[token] = handler

    def answer(self, token: int, data: bytes | None) -> None:
        """Go on with a reply that was made elsewhere, unless its connection is gone; None closes the connection."""
        if token in self._exchanges:
            self._exchanges[token].resume(data)
            self._drive(token)

    def run(self) -> Tally:
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
                    self._heed(event.token)
                self._see_to_time()
                self._see_to_listener(has_room=len(self._exchanges) < open_before)
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

    def _heed(self, token: int) -> None:
        """Do what one event is about."""
        if token in self._registered:
            self._drive(token)
        elif token in self._handlers:
            self._handlers[token]()

    def _heed_stop(self) -> None:
        if self._stop.take():
            self._begin_to_end()

    def _accept(self) -> None:
        for stream in self._acceptor.take(self._limits.connections - len(self._exchanges), self._now):
            token = next(self._tokens)
            self._tally.accepted += 1
            self._exchanges[token] = exchange = Exchange(stream, self._style.talk())
            self._timeouts.begin(token, self._now)
            self._register(token, exchange, Interest.READABLE)

    def _drive(self, token: int) -> None:
        """Advance one connection; a new state or a new request has its own time limit."""
        exchange = self._exchanges[token]
        moves, served = exchange.moves, exchange.served
        wants = self._style.drive(exchange)
        if moves != exchange.moves:
            self._tally.served += exchange.served - served
            self._timeouts.begin(token, self._now)
            if exchange.served - served >= PER_TURN and token in self._registered:
                self._registered[token] = Interest(0)  # stopped in the middle, so it has to be told anew
        self._follow(token, exchange, wants)

    def _follow(self, token: int, exchange: Exchange, wants: Interest | None) -> None:
        """Bring registration and timers into line with the state of a connection."""
        if wants is not None:
            if wants is not self._registered.get(token) or wants in self._rearmed:
                self._register(token, exchange, wants)
        elif exchange.state is State.WAIT:
            self._wait(token, exchange)
        else:
            self._close(token)

    def _wait(self, token: int, exchange: Exchange) -> None:
        """Have a reply made, and the connection out of the poll: it would tell of what nobody wants to read now."""
        if self._registered.pop(token, None) is not None:
            self._poll.deregister(exchange.stream)
        self._timeouts.end(token)
        if exchange.reply.after < math.inf:
            heapq.heappush(self._waiting, (self._now + exchange.reply.after, token))
        elif self._elsewhere is not None:
            self._elsewhere(token, exchange.reply.data)

    def _register(self, token: int, exchange: Exchange, wants: Interest) -> None:
        """Register for what the connection waits for, and nothing else."""
        change = self._poll.reregister if token in self._registered else self._poll.register
        change(exchange.stream, token, wants, self._style.triggers[wants])
        self._registered[token] = wants

    def _see_to_time(self) -> None:
        """Go on where a reply is ready, and end what has taken too long."""
        while self._waiting and self._waiting[0][0] <= self._now:
            _, token = heapq.heappop(self._waiting)
            self.answer(token, self._exchanges[token].reply.data)
        for token in self._timeouts.take_expired(self._now):
            self._tally.timed_out += 1
            exchange = self._exchanges[token]
            wants = exchange.time_out()
            self._timeouts.begin(token, self._now)  # for a refusal to be read
            self._follow(token, exchange, wants)

    def _see_to_listener(self, *, has_room: bool) -> None:
        """Accept what was left in the queue, if there is hope."""
        retry_at = self._acceptor.retry_at
        if retry_at is not None and (has_room or self._now >= retry_at):
            self._accept()

    def _begin_to_end(self) -> None:
        """Stop accepting at once, close what is idle, give the rest its grace; the second time, none."""
        if self._ends_at is not None:
            self._ends_at = self._now
            return
        self._ends_at = self._now + self._limits.grace
        self._acceptor.retry_at = None
        self._poll.deregister(self._listener)
        self._listener.close()
        del self._handlers[LISTENER]  # it may have been told of in the same batch
        for token, exchange in list(self._exchanges.items()):
            exchange.finish()
            if exchange.is_idle():
                self._drive(token)  # a request may have arrived that was not told of yet
                if exchange.is_idle():
                    self._close(token)

    def _close(self, token: int) -> None:
        self._timeouts.end(token)
        self._registered.pop(token, None)
        self._exchanges.pop(token).stream.close()

    def _end(self) -> None:
        """Cut off what is left."""
        self._tally.cut_off = sum(exchange.is_unanswered() for exchange in self._exchanges.values())
        self._tally.shortages = self._acceptor.shortages
        for token in list(self._exchanges):
            self._close(token)
        if self._ends_at is None:
            self._poll.deregister(self._listener)
            self._listener.close()
        self._poll.deregister(self._stop)
