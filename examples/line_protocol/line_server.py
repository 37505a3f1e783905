"""A small server over an edge-triggered epoll: it answers each line with the same line in capitals.

It is right, and short enough to see why: it reads until there is nothing, it keeps what it could not send, and it
closes a connection only when the client has ended it *and* everything was answered.
"""

from __future__ import annotations

import select
import socket
from dataclasses import dataclass

INTERESTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
CHUNK = 16


@dataclass
class Client:
    """One connection: bytes of an unfinished line, bytes still to be sent, and whether the client is done."""

    sock: socket.socket
    unread: bytes = b""
    unsent: bytes = b""
    ended: bool = False


class LineServer:
    """Serves a listener; `step` waits once and handles what was told."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.clients: dict[int, Client] = {}
        self.epoll = select.epoll()
        self.epoll.register(listener, select.EPOLLIN)  # by level: an accept that fails is tried again

    def step(self, timeout: float) -> None:
        """Wait once."""
        for fd, _ in self.epoll.poll(timeout):
            if fd == self.listener.fileno():
                self._accept()
            else:
                self._serve(self.clients[fd])

    def close(self) -> None:
        """Close everything but the listener."""
        for client in list(self.clients.values()):
            self._drop(client)
        self.epoll.close()

    def _accept(self) -> None:
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return  # somebody was faster, or there is no room just now
        sock.setblocking(False)
        self.clients[sock.fileno()] = Client(sock)
        self.epoll.register(sock, INTERESTS)

    def _serve(self, client: Client) -> None:
        try:
            self._read(client)
            self._write(client)
        except OSError:
            self._drop(client)
            return
        if self._is_finished(client):
            self._drop(client)

    def _read(self, client: Client) -> None:
        while self._read_chunk(client):
            pass

    def _read_chunk(self, client: Client) -> bool:
        """Read once; tell whether there may be more."""
        try:
            data = client.sock.recv(CHUNK)
        except BlockingIOError:
            return False
        client.ended = not data
        *lines, client.unread = (client.unread + data).split(b"\n")
        client.unsent += b"".join(line.upper() + b"\n" for line in lines)
        return not client.ended

    def _write(self, client: Client) -> None:
        while client.unsent:
            try:
                sent = client.sock.send(client.unsent)
            except BlockingIOError:
                return
            client.unsent = client.unsent[sent:]

    def _is_finished(self, client: Client) -> bool:
        return client.ended and not client.unsent

    def _drop(self, client: Client) -> None:
        del self.clients[client.sock.fileno()]
        client.sock.close()


class ReadsOnce(LineServer):
    """Bug 1: reads once per event, as one may by level; by edge, what is left is never told again."""

    def _read(self, client: Client) -> None:
        self._read_chunk(client)


class HangsUp(LineServer):
    """Bug 2: takes a half-close for a full close and drops what it still owes."""

    def _is_finished(self, client: Client) -> bool:
        return client.ended
