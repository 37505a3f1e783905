"""TCP echo round trips (send, epoll_wait, recv, both ends): the fake kernel, trace off, against real loopback."""

from __future__ import annotations

import select
import socket
import sys
from collections.abc import Callable

import fakepoll
from benchmarks.ratio import measure, report

TRIPS = 1000
MESSAGE = b"x" * 100


def trips(select_module: object, socket_module: object) -> Callable[[], None]:
    """Open a connection and both ends' epolls; give the work: a thousand echoes."""
    listener = socket_module.create_server(("127.0.0.1", 0))  # type: ignore[attr-defined]  # a module or its stand-in
    client = socket_module.create_connection(listener.getsockname())  # type: ignore[attr-defined]
    server, _ = listener.accept()
    for sock in (client, server):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client_poll, server_poll = select_module.epoll(), select_module.epoll()  # type: ignore[attr-defined]
    client_poll.register(client.fileno(), select.EPOLLIN)
    server_poll.register(server.fileno(), select.EPOLLIN)

    def echo() -> None:
        for _ in range(TRIPS):
            client.send(MESSAGE)
            server_poll.poll()
            server.send(server.recv(4096))
            client_poll.poll()
            client.recv(4096)

    return echo


if __name__ == "__main__":
    kernel = fakepoll.Kernel(trace=False)
    fake, real = trips(kernel.select, kernel.socket), trips(select, socket)
    sys.exit(report([measure("TCP echo round trip, fake : loopback", 1.5, fake, real, units=TRIPS, rounds=15)]))
