"""What the servers' command lines have in common: arguments, the first and the last line, errors in one line."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable

from impl.net import Address, TcpListener
from impl.poll import Poll
from impl.servers.service import Limits, Tally
from impl.servers.stop import Stop

__all__ = ["Clock", "arguments", "run_server"]

Clock = Callable[[], float]


def address(text: str) -> Address:
    """Read HOST:PORT, the host an address in digits."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def seconds(text: str) -> float:
    """Read a time in seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def positive(text: str) -> int:
    """Read a number of things, at least one."""
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def arguments(name: str, about: str) -> argparse.ArgumentParser:
    """Make the parser of a server: where to listen, and what to put up with."""
    limits = Limits()
    parser = argparse.ArgumentParser(prog=f"python -m impl.servers.{name}", description=about)
    parser.add_argument(
        "--address", type=address, default=("127.0.0.1", 8080), help="HOST:PORT; port 0 takes a free one"
    )
    parser.add_argument("--timeout", type=seconds, default=limits.timeout, help="seconds for a client to make progress")
    parser.add_argument("--grace", type=seconds, default=limits.grace, help="seconds for running requests after Ctrl-C")
    parser.add_argument("--connections", type=positive, default=limits.connections, help="how many at once")
    return parser


def run_server(
    name: str, options: argparse.Namespace, serve: Callable[[TcpListener, Stop, Poll, Clock, Limits], Tally]
) -> int:
    """Listen, serve until Ctrl-C or SIGTERM, and tell what was done; 1 if requests were cut off, 2 for no address."""
    try:
        listener = TcpListener.bind(options.address)
    except OSError as error:
        print(f"{name}: cannot listen at {options.address[0]}:{options.address[1]}: {error.strerror}", file=sys.stderr)
        return 2
    limits = Limits(timeout=options.timeout, grace=options.grace, connections=options.connections)
    stop = Stop()
    with Poll() as poll, listener, stop.on(signal.SIGINT, signal.SIGTERM):
        host, port, *_ = listener.local_address()
        print(f"{name}: listening at {host}:{port}", flush=True)
        tally = serve(listener, stop, poll, time.monotonic, limits)
    stop.close()
    print(f"{name}: {tally}", flush=True)
    return int(tally.cut_off > 0)
