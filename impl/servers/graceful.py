"""An HTTP server that ends well: on Ctrl-C no connection is taken any more, and running requests are finished.

The blocking server of the first text cannot do this: it learns of Ctrl-C when `accept` returns, and `accept` returns
when somebody connects. Here the signal is a source beside the listener and the connections (`stop`), so the poll that
waits for one waits for all. Requests that run longer than the grace are cut off; a second Ctrl-C ends the grace.

To have requests that run, `GET /sleep/SECONDS` is answered after so many seconds; everything else at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial

from impl.interest import Interest, Trigger
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.command import arguments, run_server
from impl.servers.exchange import Exchange
from impl.servers.http import Answer, HttpTalk, Request, hello
from impl.servers.service import Limits, Service, Style, Tally
from impl.servers.stop import Stop

_SLEEP = re.compile(r"/sleep/(\d{1,4}(?:\.\d{1,3})?)")


def answer(request: Request) -> Answer:
    """Answer at once, or after the time that the target asks for."""
    matched = _SLEEP.fullmatch(request.target)
    if matched is None:
        return hello(request)
    return Answer(200, f"slept {matched[1]} s\n".encode(), after=float(matched[1]))


STYLE = Style(
    talk=partial(HttpTalk, answer, keep_alive=True),
    drive=Exchange.advance,
    triggers={Interest.READABLE: Trigger.EDGE, Interest.WRITABLE: Trigger.EDGE},
)


def serve(listener: TcpListener, stop: Stop, poll: Poll, clock: Callable[[], float], limits: Limits) -> Tally:
    """Answer until stopped, then finish."""
    return Service(listener, stop, STYLE, poll=poll, clock=clock, limits=limits).run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = arguments("graceful", "An HTTP server that finishes running requests after Ctrl-C.").parse_args(argv)
    return run_server("graceful", options, serve)


if __name__ == "__main__":
    sys.exit(main())
