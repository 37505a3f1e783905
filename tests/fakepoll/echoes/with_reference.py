"""An echo server and its clients on the reference poller, one poll for all of them."""

from __future__ import annotations

import contextlib
import socket
import time

from impl import Interest, Poll, Trigger
from tests.fakepoll.echoes import CLIENTS, ROUNDS, TWO_HOURS

READ, EDGE, LEVEL = Interest.READABLE, Trigger.EDGE, Trigger.LEVEL


class Client:
    """Sends a message, waits until all of it is back, and sends the next."""

    def __init__(self, address: tuple[str, int], number: int) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.message = b"client %d " % number * 20
        self.back = b""
        self.echoed = 0
        self.socket.send(self.message)

    def is_done_after_reading(self) -> bool:
        """Take what is there; after the last echo, hang up."""
        self.back += self.socket.recv(4096)
        if self.back == self.message:
            self.echoed, self.back = self.echoed + 1, b""
            if self.echoed < ROUNDS:
                self.socket.send(self.message)
        if self.echoed == ROUNDS:
            self.socket.close()
        return self.echoed == ROUNDS


class Server:
    """Accepts, and sends back what comes."""

    def __init__(self, poll: Poll) -> None:
        self.poll = poll
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=CLIENTS)
        self.listener.setblocking(False)
        self.connections: dict[int, socket.socket] = {}
        poll.register(self.listener, 0, READ, EDGE)

    def accept_all(self) -> None:
        """Take every caller; a listener told by edge is drained."""
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self.listener.accept()
                connection.setblocking(False)
                token = CLIENTS + 1 + len(self.connections)
                self.connections[token] = connection
                self.poll.register(connection, token, READ, EDGE)

    def echo(self, token: int) -> None:
        """Drain one connection; at its end, close it."""
        connection = self.connections[token]
        with contextlib.suppress(BlockingIOError):
            while data := connection.recv(4096):
                connection.send(data)
            connection.close()


def echoes() -> int:
    """Serve a hundred clients at once; give the number of echoes."""
    with Poll() as poll:
        server = Server(poll)
        clients = {n: Client(server.listener.getsockname(), n) for n in range(1, CLIENTS + 1)}
        for token, client in clients.items():
            poll.register(client.socket, token, READ, LEVEL)
        going = CLIENTS
        while going or any(connection.fileno() >= 0 for connection in server.connections.values()):
            for token, _ in poll.poll(None):
                if token in clients:
                    going -= clients[token].is_done_after_reading()
                elif token:
                    server.echo(token)
                else:
                    server.accept_all()
        server.listener.close()
        return sum(client.echoed for client in clients.values())


def waits_two_hours() -> float:
    """Wait for a caller who never comes; give the seconds until the timeout."""
    with Poll() as poll:
        server = Server(poll)
        started = time.monotonic()
        assert poll.poll(TWO_HOURS) == []
        server.listener.close()
        return time.monotonic() - started
