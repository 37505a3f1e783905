"""Taking connections, also when there is nothing left to take them with.

Without a free fd `accept` fails with EMFILE and the connection stays in the queue (accept(2)), so a listener that is
watched level-triggered is readable for ever and its server spins. Here the listener is watched edge-triggered: it tells
of each arrival once. What is still owed after a failure is remembered, and taken when a connection has ended or a
while has passed.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from impl.net import TcpListener, TcpStream

__all__ = ["Acceptor"]

_SHORT = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""What the machine has run out of, here or as a whole. It passes."""


class Acceptor:
    """Accepts until there is nothing to accept, no room, or no fd.

    `retry_at` is None when the queue has been seen empty; else the time to look again, on the caller's clock.

    Args:
        rest: seconds to leave the queue alone after a failure, unless a connection ends before.
    """

    __slots__ = ("_listener", "_rest", "retry_at", "shortages")

    def __init__(self, listener: TcpListener, *, rest: float) -> None:
        self._listener = listener
        self._rest = rest
        self.retry_at: float | None = None
        self.shortages = 0  # how often there was no fd or no memory

    def take(self, room: int, now: float) -> Iterator[TcpStream]:
        """Accept at most `room` connections."""
        self.retry_at = now + self._rest
        for _ in range(room):
            try:
                accepted = self._listener.accept()
            except OSError as error:
                if error.errno not in _SHORT:
                    raise
                self.shortages += 1
                return
            if accepted is None:
                self.retry_at = None
                return
            yield accepted[0]
