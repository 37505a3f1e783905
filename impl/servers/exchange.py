"""One connection of a server: Read, Write, Flush, and what is remembered when the kernel says "not now".

A blocking server keeps all this on the stack of its thread. Without blocking, the place where a connection stopped
has to be written down, and nothing else: a state for each call that may answer "not now".

    READ    a request is arriving              waits to read
    WAIT    the answer is being made           waits for whoever makes it, or for the clock
    WRITE   the answer is leaving              waits to write
    FLUSH   the answer is to arrive            waits to read: the client's end of the stream
    DONE    nothing is left to do

Flushing a TCP stream is an empty gesture in most libraries. Here it does what the name promises: the writing half is
shut, and the connection kept until the client has closed too. A close with bytes unread would send a reset, which may
destroy an answer on its way (RFC 9112, 9.6) - the very answer that tells a client what was wrong with its request.

The states neither know nor care whether somebody spins over them or a poll tells when (`spinning`, `service`), nor what
is spoken (`http`, `line_echo`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple, Protocol

from impl.interest import Interest
from impl.net import Half, TcpStream

__all__ = ["PER_TURN", "Exchange", "Reply", "State", "Talk"]

CHUNK = 4096
PER_TURN = 64
"""Requests that a connection may have served before the others have their turn."""
MAX_DISCARDED = 1 << 20
"""Bytes that a client may go on sending after the last answer, before it is cut off."""


class State(enum.IntEnum):
    """Where a connection stands."""

    READ = 0
    WAIT = 1
    WRITE = 2
    FLUSH = 3
    DONE = 4


READ, WAIT, WRITE, FLUSH, DONE = State


class Reply(NamedTuple):
    """Bytes for the client, whether they are the last, and how many seconds they take to be made.

    With `after` = infinity somebody else makes them, out of `data`, and hands them to `Exchange.resume`.
    """

    data: bytes
    last: bool = False
    after: float = 0.0
    is_refusal: bool = False


class Talk(Protocol):
    """What is spoken on one connection: bytes in, replies out."""

    def feed(self, data: bytes) -> None:
        """Take in what has arrived."""

    def has_begun(self) -> bool:
        """Answer whether a request has begun and not ended."""

    def next(self) -> Reply | None:
        """Reply to the next complete request; None if there is none."""

    def time_out(self) -> Reply:
        """Reply to a request that does not come to an end."""

    def finish(self) -> None:
        """Let the next reply be the last."""


class Exchange:
    """Requests in, replies out, over one stream.

    `step` and `advance` answer what the connection waits for; None means that it is done, or in WAIT until `resume`.
    """

    __slots__ = ("_discarded", "_is_last", "_outgoing", "_reply", "_talk", "moves", "served", "state", "stream")

    def __init__(self, stream: TcpStream, talk: Talk) -> None:
        self.stream = stream
        self.state = READ
        self.served = 0  # replies handed to the kernel to the last byte, refusals not counted
        self.moves = 0  # requests begun, replies begun, replies gone: each deserves a time limit of its own
        self._talk = talk
        self._reply = Reply(b"")
        self._outgoing: bytes | memoryview = b""
        self._is_last = False
        self._discarded = 0

    @property
    def reply(self) -> Reply:
        """In WAIT: the reply that is being made."""
        return self._reply

    def advance(self) -> Interest | None:
        """Go on from state to state until one has to wait, or `PER_TURN` requests have been served.

        In the second case there may be more to do at once: whoever is registered with an edge has to reregister.
        """
        enough = self.served + PER_TURN
        while True:
            state, served = self.state, self.served
            wants = self.step()
            # From WRITE to WRITE is a step, too: to the reply to a request that came along with the one before.
            if wants is None or (self.state is state and self.served == served) or self.served >= enough:
                return wants

    def step(self) -> Interest | None:
        """Do what the present state can do now, and answer what is waited for next.

        A connection that fails, at either end, is done: there is nobody left to tell.
        """
        try:
            _STEPS[self.state](self)
        except OSError:
            self.state = DONE
        return _WAITS_FOR[self.state]

    def is_idle(self) -> bool:
        """Answer whether no request has begun."""
        return self.state is READ and not self._talk.has_begun()

    def is_unanswered(self) -> bool:
        """Answer whether a request has begun whose reply has not left."""
        return not self.is_idle() and self.state not in (FLUSH, DONE)

    def resume(self, data: bytes | None) -> None:
        """Leave WAIT with the bytes of the reply, or with None because there will be none."""
        if data is None:
            self.state = DONE
            return
        self._outgoing = data
        self.state = WRITE

    def time_out(self) -> Interest | None:
        """Take too long: an unfinished request is refused, everything else is cut off."""
        if self.is_idle() or self.state is not READ:
            self.state = DONE
            return None
        self._begin(self._talk.time_out())
        return self.advance()

    def finish(self) -> None:
        """Close after the request in progress instead of waiting for another."""
        self._is_last = True
        self._talk.finish()

    def _read(self) -> None:
        # The first complete request ends the reading, with bytes perhaps left in the kernel. Whoever goes on comes back
        # here before he waits; whoever waits to write reregisters, which tells of them anew.
        while True:
            data = self.stream.read(CHUNK)
            if data is None:
                return
            if not data:
                self.state = DONE  # the client has gone, in mid-request or not
                return
            self.moves += not self._talk.has_begun()
            self._talk.feed(data)
            if self._take_request():
                return

    def _write(self) -> None:
        while (written := self.stream.write(self._outgoing)) != len(self._outgoing):
            if written is None:
                return
            self._outgoing = memoryview(self._outgoing)[written:]
        self.moves += 1
        self.served += not self._reply.is_refusal
        if self._is_last:
            self.stream.shutdown(Half.WRITE)
            self.state = FLUSH
        else:
            self.state = READ
            if self._talk.has_begun():
                self._take_request()  # the next may have come along with this one

    def _flush(self) -> None:
        while self._discarded <= MAX_DISCARDED:
            data = self.stream.read(CHUNK)
            if data is None:
                return
            if not data:
                break
            self._discarded += len(data)
        self.state = DONE

    def _stay(self) -> None:
        """WAIT and DONE: nothing can be done now."""

    def _take_request(self) -> bool:
        """Begin to reply to the next request, if it is complete."""
        reply = self._talk.next()
        if reply is None:
            return False
        self._begin(reply)
        return True

    def _begin(self, reply: Reply) -> None:
        self._reply = reply
        self._is_last = self._is_last or reply.last
        self._outgoing = reply.data
        self.moves += 1
        self.state = WAIT if reply.after else WRITE


_STEPS: tuple[Callable[[Exchange], None], ...] = (
    Exchange._read,
    Exchange._stay,
    Exchange._write,
    Exchange._flush,
    Exchange._stay,
)
_WAITS_FOR = (Interest.READABLE, None, Interest.WRITABLE, Interest.READABLE, None)
"""Both by state."""
