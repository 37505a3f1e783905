"""One connection of an HTTP server: Read, Write, Flush, and what is remembered when the kernel says "not now".

A blocking server keeps all this on the stack of its thread. Without blocking, the place where a connection stopped
has to be written down, and nothing else: `State` names the calls that may answer "not now", one each.

    READ    a request is arriving              waits to read
    WAIT    the answer takes time              waits for the clock
    WRITE   an answer is leaving               waits to write
    FLUSH   the answer is to arrive            waits to read: the client's end of the stream
    DONE    nothing is left to do

Flushing a TCP stream is an empty gesture in most libraries. Here it does what the name promises: the writing half is
shut, and the connection kept until the client has closed too. A close with bytes unread would send a reset, which may
destroy an answer on its way (RFC 9112, 9.6) - the very answer that tells a client what was wrong with its request.

The states neither know nor care whether somebody spins over them or a poll tells when: that is `spinning` and `service`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from impl.interest import Interest
from impl.net import Half, TcpStream
from impl.servers.http import BadRequest, Request, Requests, response

__all__ = ["Answer", "Exchange", "State", "hello"]

CHUNK = 4096
MAX_DISCARDED = 1 << 20
"""Bytes that a client may go on sending after it has been refused, before it is cut off."""


class State(enum.Enum):
    """Where a connection stands."""

    READ = enum.auto()
    WAIT = enum.auto()
    WRITE = enum.auto()
    FLUSH = enum.auto()
    DONE = enum.auto()


class Answer(NamedTuple):
    """What a request is answered with, and after how many seconds."""

    status: int
    body: bytes
    after: float = 0.0


Answering = Callable[[Request], Answer]


def hello(request: Request) -> Answer:
    """Answer every request alike, as the texts' servers do."""
    return Answer(200, b"Hello world!" if request.target == "/" else b"Hello!")


class Exchange:
    """Requests in, answers out, over one stream.

    `step` and `advance` answer what the connection waits for; None means that it is done, or waits for the clock
    (`state` is WAIT, then `resume` goes on).

    Args:
        keep_alive: whether a client may send another request after an answer; without it the first is the last.
    """

    __slots__ = (
        "_answering",
        "_discarded",
        "_is_refusal",
        "_keep_alive",
        "_outgoing",
        "_requests",
        "after",
        "served",
        "state",
        "stream",
    )

    def __init__(self, stream: TcpStream, answering: Answering, *, keep_alive: bool) -> None:
        self.stream = stream
        self.state = State.READ
        self.served = 0  # answers handed to the kernel to the last byte, refusals not counted
        self.after = 0.0  # in WAIT: seconds until `resume`
        self._answering = answering
        self._keep_alive = keep_alive
        self._requests = Requests()
        self._outgoing = memoryview(b"")
        self._is_refusal = False
        self._discarded = 0

    def advance(self) -> Interest | None:
        """Go on from state to state until one has to wait."""
        while True:
            before = self.state
            wants = self.step()
            if wants is None or self.state is before:
                return wants

    def step(self) -> Interest | None:
        """Do what the present state can do now, and answer what is waited for next.

        A connection that fails, at either end, is done: there is nobody left to tell.
        """
        try:
            _STEPS[self.state](self)
        except OSError:
            self.state = State.DONE
        return _WAITS_FOR[self.state]

    def is_idle(self) -> bool:
        """Answer whether no request has begun."""
        return self.state is State.READ and not self._requests.has_begun()

    def resume(self) -> None:
        """The answer is ready: leave WAIT."""
        self.state = State.WRITE

    def time_out(self) -> Interest | None:
        """Take too long: an unfinished request is answered with 408, everything else is cut off."""
        if self.state is State.READ and self._requests.has_begun():
            self._refuse(BadRequest(408, "the request did not come to an end"))
            return self.advance()
        self.state = State.DONE
        return None

    def last_request(self) -> None:
        """Close after the request in progress instead of waiting for another."""
        self._keep_alive = False

    def _read(self) -> None:
        # The first complete request ends the reading, with bytes perhaps left in the kernel. Who is registered with an
        # edge has to reregister then, which tells of them anew.
        while self.state is State.READ and not self._take_request():
            data = self.stream.read(CHUNK)
            if data is None:
                return
            if not data:
                self.state = State.DONE  # the client has gone, in mid-request or not
            self._requests.feed(data)

    def _write(self) -> None:
        while self._outgoing:
            written = self.stream.write(self._outgoing)
            if written is None:
                return
            self._outgoing = self._outgoing[written:]
        self.served += not self._is_refusal
        if self._keep_alive:
            self.state = State.READ
            self._take_request()  # the next may have come along with this one
        else:
            self.stream.shutdown(Half.WRITE)
            self.state = State.FLUSH

    def _flush(self) -> None:
        while True:
            data = self.stream.read(CHUNK)
            if data is None:
                return
            self._discarded += len(data)
            if not data or self._discarded > MAX_DISCARDED:
                self.state = State.DONE
                return

    def _stay(self) -> None:
        """WAIT and DONE: nothing can be done now."""

    def _take_request(self) -> bool:
        """Begin to answer the next request, if it is complete."""
        try:
            request = self._requests.next()
        except BadRequest as bad:
            self._refuse(bad)
            return True
        if request is None:
            return False
        answer = self._answering(request)
        self._keep_alive = self._keep_alive and request.keep_alive
        self._send(answer, head_only=request.method == "HEAD")
        self.after = answer.after
        self.state = State.WAIT if answer.after else State.WRITE
        return True

    def _refuse(self, bad: BadRequest) -> None:
        self._is_refusal = True
        self._keep_alive = False
        self._send(Answer(bad.status, bad.why.encode() + b"\n"), head_only=False)
        self.state = State.WRITE

    def _send(self, answer: Answer, *, head_only: bool) -> None:
        data = response(answer.status, answer.body, keep_alive=self._keep_alive, head_only=head_only)
        self._outgoing = memoryview(data)


_STEPS: dict[State, Callable[[Exchange], None]] = {
    State.READ: Exchange._read,
    State.WAIT: Exchange._stay,
    State.WRITE: Exchange._write,
    State.FLUSH: Exchange._flush,
    State.DONE: Exchange._stay,
}

_WAITS_FOR = {
    State.READ: Interest.READABLE,
    State.WAIT: None,
    State.WRITE: Interest.WRITABLE,
    State.FLUSH: Interest.READABLE,
    State.DONE: None,
}
