"""The counter-example: non-blocking HTTP without a poll, every connection asked in every turn.

One thread serves many connections and never waits for one of them, which is what was wanted. But nobody says when a
connection has something to read, so each is asked, and every question is a system call, answered "not now" nearly
always. The server takes a whole processor to do nothing; `benchmarks/servers.py` counts its calls beside those of
`epoll_http`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import count

from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.acceptor import Acceptor
from impl.servers.command import arguments, run_server
from impl.servers.exchange import Exchange, State
from impl.servers.http import HttpTalk, hello
from impl.servers.service import Limits, Tally
from impl.servers.stop import Stop
from impl.timer import Timeouts


def at_once() -> None:
    """Do not even yield the processor between two turns."""


def spin(
    listener: TcpListener, stop: Stop, clock: Callable[[], float], limits: Limits, breathe: Callable[[], None] = at_once
) -> Tally:
    """Answer until stopped; what is running then is cut off. `breathe()` is called between two turns."""
    tally = Tally()
    acceptor = Acceptor(listener, rest=limits.rest)
    keys = count()
    exchanges: dict[int, Exchange] = {}
    timeouts: Timeouts[int] = Timeouts(limits.timeout)
    while not stop.take():
        now = clock()
        tally.turns += 1
        for stream in acceptor.take(limits.connections - len(exchanges), now):
            key = next(keys)
            exchanges[key] = Exchange(stream, HttpTalk(hello, keep_alive=False))
            timeouts.begin(key, now)
            tally.accepted += 1
        for key, exchange in list(exchanges.items()):
            exchange.advance()
            if exchange.state is State.DONE:
                tally.served += exchange.served
                timeouts.end(key)
                exchanges.pop(key).stream.close()
        for key in timeouts.take_expired(now):
            tally.timed_out += 1
            exchanges[key].time_out()
            timeouts.begin(key, now)  # for a refusal to be read; what is done goes in the next turn
        breathe()
    tally.shortages = acceptor.shortages
    for exchange in exchanges.values():
        tally.served += exchange.served
        tally.cut_off += exchange.is_unanswered()
        exchange.stream.close()
    listener.close()
    return tally


def serve(listener: TcpListener, stop: Stop, _poll: Poll, clock: Callable[[], float], limits: Limits) -> Tally:
    """Answer until stopped. The poll has nothing to do."""
    return spin(listener, stop, clock, limits)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = arguments("spinning", "A non-blocking HTTP server that spins: the counter-example.").parse_args(argv)
    return run_server("spinning", options, serve)


if __name__ == "__main__":
    sys.exit(main())
