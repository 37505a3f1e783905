"""Line echo with worker threads: each line is worked on by a thread and sent back, the loop never waits.

A client may send many lines at once; they come back in its order, because each connection has one line in work at a
time. What arrives meanwhile stays in the kernel, and when its buffers are full, the client waits. A line without its
end when the client closes is no line: it is dropped, and nobody else notices.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from impl.interest import Interest, Trigger
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.command import arguments, positive, run_server
from impl.servers.exchange import Exchange, Reply
from impl.servers.service import OTHERS, Limits, Service, Style, Tally
from impl.servers.stop import Stop
from impl.servers.workers import Crew, Workers

__all__ = ["LineTalk", "serve"]

MAX_LINE = 64 * 1024
WAKER = OTHERS[0]

Hire = Callable[[Callable[[], None]], Crew]
"""hire(wake) gives a crew that calls `wake()` after each result."""


class LineTalk:
    """Lines as one connection speaks them (`exchange.Talk`): each is a reply that is made elsewhere."""

    __slots__ = ("_buffer", "_is_last", "_looked")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._looked = 0
        self._is_last = False

    def feed(self, data: bytes) -> None:
        """Take in what has arrived."""
        self._buffer += data

    def has_begun(self) -> bool:
        """Answer whether part of a line is there."""
        return bool(self._buffer)

    def next(self) -> Reply | None:
        """Cut the next line out, with its end."""
        end = self._buffer.find(b"\n", self._looked, MAX_LINE)
        if end < 0:
            self._looked = len(self._buffer)
            too_long = self._looked >= MAX_LINE
            return Reply(b"error: the line is too long\n", last=True, is_refusal=True) if too_long else None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._looked = 0
        return Reply(line, last=self._is_last, after=math.inf)

    def time_out(self) -> Reply:
        """Tell a client that stopped in the middle of a line."""
        return Reply(b"error: the line did not come to an end\n", last=True, is_refusal=True)

    def finish(self) -> None:
        """Let the next line be the last."""
        self._is_last = True


STYLE = Style(
    talk=LineTalk,
    drive=Exchange.advance,
    triggers={
        Interest.READABLE: Trigger.EDGE | Trigger.ONESHOT,
        Interest.WRITABLE: Trigger.EDGE | Trigger.ONESHOT,
    },
)


class Desk:
    """Between the service and the crew: hands lines in, keeps those for which there is no room, hands results back."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._kept: deque[tuple[int, bytes]] = deque()

    def take_in(self, token: int, line: bytes) -> None:
        """Hand a line in, or keep it."""
        if self._kept or not self._crew.submit(token, line):
            self._kept.append((token, line))

    def hand_out(self, service: Service) -> None:
        """Answer what is done; then there is room again for what was kept."""
        for token, line in self._crew.take_results():
            service.answer(token, line)
        while self._kept and self._crew.submit(*self._kept[0]):
            self._kept.popleft()


def serve(
    listener: TcpListener, stop: Stop, poll: Poll, clock: Callable[[], float], limits: Limits, hire: Hire
) -> Tally:
    """Echo until stopped; lines in work are finished."""
    crew = hire(poll.waker(WAKER).wake)
    desk = Desk(crew)
    service = Service(listener, stop, STYLE, poll=poll, clock=clock, limits=limits, elsewhere=desk.take_in)
    service.on(WAKER, partial(desk.hand_out, service))
    try:
        return service.run()
    finally:
        crew.close()


def same(line: bytes) -> bytes:
    """Work on a line: an echo changes nothing."""
    return line


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = arguments("line_echo", "A line echo server with worker threads.")
    parser.add_argument("--threads", type=positive, default=4, help="how many work")
    parser.add_argument("--room", type=positive, default=64, help="how many lines, and how many results, may wait")
    options = parser.parse_args(argv)

    def hire(wake: Callable[[], None]) -> Crew:
        return Workers(same, wake, threads=options.threads, room=options.room)

    return run_server("line_echo", options, partial(serve, hire=hire))


if __name__ == "__main__":
    sys.exit(main())
