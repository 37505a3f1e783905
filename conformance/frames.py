"""Bytes between a parent and its server, whole or not at all."""

from __future__ import annotations

import socket

from conformance.loading import UsageError

__all__ = ["exactly"]


def exactly(sock: socket.socket, count: int) -> bytes:
    """Receive `count` bytes.

    Raises:
        UsageError: the other side is gone; a server dies only when it cannot even start.
    """
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise UsageError("the poller's process could not start: its server died; see its error above")
        data += more
    return data
