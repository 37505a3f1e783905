"""Clients that live on a fake kernel, as other threads and machines do: what they do is scheduled, and never waits."""

from __future__ import annotations

import errno
import random
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

import fakepoll

MS = 1_000_000
MAX_PAUSE_NS = 250 * MS
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER zero: close sends a reset."""


class Client:
    """One connection: sends its pieces, one each `period_ns`, reads what comes, and closes when its time has come.

    A client with nothing to do looks less and less often, so that hours of waiting cost little. It closes at the end of
    the stream, when `enough` has been read, or, if it `dies`, when all is sent. A client that has not finished
    `patience_ns` after its start gives up: `is_hung` says so.
    """

    def __init__(
        self,
        kernel: fakepoll.Kernel,
        address: tuple[str, int],
        pieces: Iterable[bytes],
        *,
        enough: int | None = None,
        start_ns: int = 0,
        period_ns: int = MS,
        patience_ns: int = 100_000 * MS,
        reads: int = 65536,
        dies: bool = False,
        resets: bool = False,
        half_closes: bool = False,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.received = b""
        self.is_hung = False
        self.is_done = False
        self.error: int | None = None
        self.steps = 0
        self._kernel = kernel
        self._address = address
        self._pieces = list(pieces)
        self._enough = enough
        self._period_ns = self._pause_ns = period_ns
        self._deadline_ns = kernel.clock.now_ns + start_ns + patience_ns
        self._reads = reads
        self._dies = dies
        self._resets = resets
        self._half_closes = half_closes
        self._on_end = on_end
        self._sock: Any = None
        kernel.schedule(start_ns, self._step)

    def _step(self) -> None:
        self.steps += 1
        try:
            is_over = self._connect() if self._sock is None else self._send() or self._receive()
        except OSError as error:
            self.error = error.errno
            is_over = True
        if self._kernel.clock.now_ns > self._deadline_ns:
            self.is_hung = is_over = True
        if is_over:
            self._end()
            return
        self._kernel.schedule(self._pause_ns, self._step)
        if not self._pieces:
            self._pause_ns = min(self._pause_ns * 2, MAX_PAUSE_NS)

    def _connect(self) -> bool:
        self._sock = self._kernel.socket.socket()
        self._sock.setblocking(False)
        failed = self._sock.connect_ex(self._address)
        if failed not in (0, errno.EINPROGRESS):
            raise OSError(failed, "connect")
        return False

    def _send(self) -> bool:
        """Send at most one piece; answer whether that was all a dying client had to do."""
        if self._pieces:
            piece = self._pieces.pop(0)
            try:
                sent = self._sock.send(piece) if piece else 0
            except BlockingIOError:
                sent = 0
            if sent < len(piece):
                self._pieces.insert(0, piece[sent:])
            elif not self._pieces and self._half_closes:
                self._sock.shutdown(socket.SHUT_WR)
        return self._dies and not self._pieces

    def _receive(self) -> bool:
        """Read what is there; answer whether it is the end, or enough."""
        try:
            data = self._sock.recv(self._reads)
        except BlockingIOError:
            return False
        self.received += data
        self._pause_ns = self._period_ns
        return not data or (self._enough is not None and len(self.received) >= self._enough)

    def _end(self) -> None:
        self.is_done = True
        if self._sock is not None:
            if self._resets:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._sock.close()
        self._on_end()


def in_pieces(data: bytes, chance: random.Random) -> list[bytes]:
    """Cut bytes into pieces, most of them small."""
    pieces = []
    while data:
        size = chance.choice((1, 2, 5, 20, 100, 10_000))
        pieces.append(data[:size])
        data = data[size:]
    return pieces
