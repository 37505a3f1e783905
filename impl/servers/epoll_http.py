"""The HTTP server that is told who is ready: one thread, one poll, one answer per connection.

The states are those of `spinning`, and so is every read and write. What has changed is when they are called: for the
connections that the poll has told of, instead of for all of them in every turn. Of five thousand connections, five
hundred of which are busy, five hundred cost system calls.
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
    talk=partial(HttpTalk, hello, keep_alive=False),
    drive=Exchange.advance,
    triggers={Interest.READABLE: Trigger.LEVEL, Interest.WRITABLE: Trigger.LEVEL},
)


def serve(listener: TcpListener, stop: Stop, poll: Poll, clock: Callable[[], float], limits: Limits) -> Tally:
    """Answer until stopped."""
    return Service(listener, stop, STYLE, poll=poll, clock=clock, limits=limits).run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = arguments("epoll_http", "An HTTP server on a poll, one request per connection.").parse_args(argv)
    return run_server("epoll_http", options, serve)


if __name__ == "__main__":
    sys.exit(main())
