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

from impl.interest import Interest, Trigger
from impl.net import TcpListener
from impl.poll import Poll
from impl.servers.command import arguments, run_http
from impl.servers.exchange import Answer, Exchange, hello
from impl.servers.http import Request
from impl.servers.service import Limits, Service, Style, Tally
from impl.servers.stop import Stop

STYLE = Style(
    keep_alive=True,
    drive=Exchange.advance,
    triggers={Interest.READABLE: Trigger.EDGE, Interest.WRITABLE: Trigger.EDGE},
)

_SLEEP = re.compile(r"/sleep/(\d{1,4}(?:\.\d{1,3})?)")


def answer(request: Request) -> Answer:
    """Answer at once, or after the time that the target asks for."""
    matched = _SLEEP.fullmatch(request.target)
    if matched is None:
        return hello(request)
    return Answer(200, f"slept {matched[1]} s\n".encode(), after=float(matched[1]))


def serve(listener: TcpListener, stop: Stop, poll: Poll, clock: Callable[[], float], limits: Limits) -> Tally:
    """Answer until stopped, then finish."""
    return Service(listener, stop, poll=poll, clock=clock, limits=limits).run(answer, STYLE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = arguments("graceful", "An HTTP server that finishes running requests after Ctrl-C.").parse_args(argv)
    return run_http("graceful", options, serve)


if __name__ == "__main__":
    sys.exit(main())
