"""Keep-alive HTTP with edge-triggered reads and one-shot writes.

A connection is watched for reading, edge-triggered. When an answer does not fit, it is *reregistered* for writing,
edge-triggered and one-shot: the poll tells once that there is room, and is silent until the rest has left and the
connection is reregistered for reading; what does not fit then rearms the one-shot.

The text's program does that for every answer, also for those that would fit, which nearly all do: `--announced`. One
request takes two events and two reregistrations then, and reregistering for reading tells of the next request if it has
come meanwhile. `benchmarks/servers.py` says what it costs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
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
    drive=Exchange.advance,
    triggers={Interest.READABLE: Trigger.EDGE, Interest.WRITABLE: Trigger.EDGE | Trigger.ONESHOT},
)
ANNOUNCED = replace(STYLE, drive=Exchange.step)


def serve(
    listener: TcpListener,
    stop: Stop,
    poll: Poll,
    clock: Callable[[], float],
    limits: Limits,
    style: Style = STYLE,
) -> Tally:
    """Answer until stopped."""
    return Service(listener, stop, style, poll=poll, clock=clock, limits=limits).run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = arguments("keep_alive", "A keep-alive HTTP server with edge reads and one-shot writes.")
    parser.add_argument("--announced", action="store_true", help="let the poll announce room for each answer")
    options = parser.parse_args(argv)
    return run_server("keep_alive", options, partial(serve, style=ANNOUNCED if options.announced else STYLE))


if __name__ == "__main__":
    sys.exit(main())
