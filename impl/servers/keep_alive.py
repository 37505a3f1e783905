"""Keep-alive HTTP with edge-triggered reads and one-shot writes, each answer announced by the poll.

A connection is watched for reading, edge-triggered. When a request is complete, it is *reregistered* for writing,
edge-triggered and one-shot: the poll tells once that there is room, and is silent until the answer has left and the
connection is reregistered for reading. Reregistering also tells anew of a request that came in meanwhile, which is why
nothing is lost although it was not read to the end. An answer that does not fit rearms the one-shot for the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from impl.interest import Interest, Trigger
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.command import arguments, run_server
from impl.servers.exchange import Exchange
from impl.servers.http import HttpTalk, hello
from impl.servers.service import Limits, Service, Style, Tally
from impl.servers.stop import Stop

STYLE = Style(
    talk=partial(HttpTalk, hello, keep_alive=True),
    drive=Exchange.step,
    triggers={Interest.READABLE: Trigger.EDGE, Interest.WRITABLE: Trigger.EDGE | Trigger.ONESHOT},
)


def serve(listener: TcpListener, stop: Stop, poll: Poll, clock: Callable[[], float], limits: Limits) -> Tally:
    """Answer until stopped."""
    return Service(listener, stop, STYLE, poll=poll, clock=clock, limits=limits).run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = arguments("keep_alive", "A keep-alive HTTP server with edge reads and one-shot writes.").parse_args(argv)
    return run_server("keep_alive", options, serve)


if __name__ == "__main__":
    sys.exit(main())
