"""AF_UNIX stream sockets, with the kernel's own accounting of send memory (net/unix/af_unix.c).

| change | who is woken | key |
|---|---|---|
| each chunk queued by send (at most 36,544 bytes) | receiver | IN, PRI, RDNORM, RDBAND |
| each chunk read to its end, if the sender then shows OUT, whether or not it ever was full | sender | OUT... |
| shutdown | itself, then the peer | 0 |
| close | the peer (0), then each sender of an unread chunk that shows OUT | 0, OUT... |
| connect | the listener; the connecting socket itself is not told | IN... |
| SO_SNDBUF, if it then shows OUT | itself | OUT... |

OUT means that at most a quarter of the send buffer is in use; send takes data until all of it is, so between the two
lies a wide band where poll says no and send says yes.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from typing import TYPE_CHECKING

from fakepoll.abi import (
    ERR,
    HALF_CLOSED,
    HUP,
    KEY_DATA,
    KEY_STATE,
    MSG_OOB,
    MSG_PEEK,
    PRI,
    READABLE,
    SHUT_BOTH,
    SHUT_RECEIVE,
    SHUT_SEND,
    WRITABLE_BAND,
    fail,
)
from fakepoll.skb import truesize
from fakepoll.sockets import Address, Socket
from fakepoll.unix_socket import CLOSE, ESTABLISHED, LISTEN, Chunk, UnixSocket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

LARGEST_CHUNK = 36_544


class UnixStream(UnixSocket):
    """A stream socket; listening, its queue holds the sockets that wait to be accepted.

    `urgent` is the chunk of the last byte sent with MSG_OOB, until it is read or skipped. Read out of band, it stays
    in the queue as an empty chunk, which still shows IN. `held` are chunks in flight, by a fault; None without one.
    """

    __slots__ = ("backlog", "held", "pending", "queue", "urgent")

    kind = "unix stream"

    def __init__(self, kernel: Kernel, flags: int = 0) -> None:
        super().__init__(kernel, socket.SOCK_STREAM, flags)
        self.queue: deque[Chunk] = deque()
        self.pending: deque[UnixStream] = deque()
        self.backlog = 0
        self.urgent: Chunk | None = None
        self.held: deque[Chunk] | None = None

    def mask(self) -> int:
        """Compute the mask (af_unix.c:unix_poll)."""
        mask = WRITABLE_BAND if (self.wmem + 1) * 4 <= self.sndbuf and self.state != LISTEN else 0
        if self.queue or self.pending:
            mask |= READABLE
        if self.shut:
            if self.shut & SHUT_RECEIVE:
                mask |= HALF_CLOSED
            if self.shut == SHUT_BOTH:
                mask |= HUP
        if self.state == CLOSE:
            mask |= HUP
        if self.error:
            mask |= ERR
        if self.urgent is not None:
            mask |= PRI
        return mask

    def is_listening(self) -> bool:
        """Tell whether `listen` was called."""
        return self.state == LISTEN

    def listen(self, backlog: int) -> None:
        """Start listening; `backlog + 1` connections may wait."""
        if self.name is None or self.state == ESTABLISHED:
            fail(errno.EINVAL)
        limit = self.kernel.limits.somaxconn
        self.backlog = min(backlog, limit) if backlog >= 0 else limit
        self.state = LISTEN

    def connect(self, address: Address) -> None:
        """Meet a listener: at once, or EAGAIN if its queue is full."""
        listener = self.kernel.network.find_unix(address, self.type)
        if not isinstance(listener, UnixStream) or listener.state != LISTEN or listener.shut & SHUT_RECEIVE:
            fail(errno.ECONNREFUSED)
        if len(listener.pending) > listener.backlog:
            fail(errno.EAGAIN)
        if self.state != CLOSE:
            fail(errno.EISCONN if self.state == ESTABLISHED else errno.EINVAL)
        child = UnixStream(self.kernel)
        child.name = listener.name
        self.join(child)
        listener.pending.append(child)
        listener.wake(KEY_DATA)

    def accept(self) -> tuple[Socket, Address]:
        """Take the oldest waiting connection."""
        if self.state != LISTEN:
            fail(errno.EINVAL)
        if not self.pending:
            fail(errno.EAGAIN)
        child = self.pending.popleft()
        return child, child.peer.own_name() if child.peer else ""

    def send(self, data: bytes, flags: int, address: Address) -> int:
        """Queue chunks until the send memory is used up; a short count, or EAGAIN if it was already."""
        peer = self.peer
        if address is not None:
            fail(errno.EISCONN if self.state == ESTABLISHED else errno.EOPNOTSUPP)
        if not isinstance(peer, UnixStream):
            fail(errno.ENOTCONN)
        if self.shut & SHUT_SEND:
            fail(errno.EPIPE)
        if flags & MSG_OOB:
            return self._send_urgent(peer, data)
        sent = 0
        while sent < len(data):
            if self.wmem >= self.sndbuf:
                if not sent:
                    fail(errno.EAGAIN)
                break
            sent += self._queue(peer, data[sent : sent + min(self.sndbuf // 2 - 64, LARGEST_CHUNK)])
        return sent

    def _queue(self, peer: UnixStream, piece: bytes) -> int:
        chunk = Chunk(piece, self, truesize(len(piece)))
        self.wmem += chunk.charge
        if peer.shut & SHUT_RECEIVE:
            chunk.free()
            fail(errno.EPIPE)
        if peer.held is not None:
            peer.held.append(chunk)
            return len(piece)
        peer.queue.append(chunk)
        peer.wake(KEY_DATA)
        return len(piece)

    def _send_urgent(self, peer: UnixStream, data: bytes) -> int:
        """Queue all but the last byte as usual, and the last as a chunk of its own (af_unix.c:queue_oob)."""
        if not data:
            fail(errno.EOPNOTSUPP)
        peer.deliver()
        sent = self.send(data[:-1], 0, None)
        if sent < len(data) - 1 or self.wmem >= self.sndbuf:
            if not sent:
                fail(errno.EAGAIN)
            return sent
        self._queue(peer, data[-1:])
        peer.urgent = peer.queue[-1]
        return len(data)

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """Take bytes across chunks: data, then a pending error (once), then end of stream, then EAGAIN."""
        if self.state != ESTABLISHED:
            fail(errno.EINVAL)
        peek = bool(flags & MSG_PEEK)
        if flags & MSG_OOB:
            return self._take_urgent(peek=peek), 1, None
        data = self._peek(size) if peek else self._take(size)
        if data is None:
            self.raise_error()
            if not self.shut & SHUT_RECEIVE:
                fail(errno.EAGAIN)
            return b"", 0, None
        return data, len(data), self.peer.name if self.peer else None

    def _take_urgent(self, *, peek: bool) -> bytes:
        chunk = self.urgent
        if chunk is None:
            fail(errno.EINVAL)
        if not peek:
            self.urgent = None
            chunk.start = 1
            self._drop_before(chunk)
        return chunk.data

    def _drop_before(self, urgent: Chunk) -> None:
        """Two chunks that were read out of band do not stay one after the other (unix_stream_recv_urg)."""
        place = self.queue.index(urgent)
        before = self.queue[place - 1] if place else urgent
        if before is not urgent and before.start == len(before.data):
            self.queue.remove(before)
            before.free()

    def _peek(self, size: int) -> bytes | None:
        pieces: list[bytes] = []
        for chunk in self.queue:
            if chunk is self.urgent or chunk.start == len(chunk.data):
                if pieces and (chunk is self.urgent or self.urgent is None):
                    break
                continue
            pieces.append(chunk.data[chunk.start :])
        return b"".join(pieces)[:size] if pieces else None

    def _take(self, size: int) -> bytes | None:
        """Read up to an urgent byte, or past it if it stands first; None if nothing is there to be read."""
        pieces: list[bytes] = []
        chunk = self._first(copied=False)
        while chunk is not None:
            piece = chunk.data[chunk.start : chunk.start + size] if chunk.start else chunk.data[:size]
            pieces.append(piece)
            size -= len(piece)
            chunk.start += len(piece)
            if chunk.start < len(chunk.data):
                break
            self.queue.popleft()
            chunk.free()
            chunk = self._first(copied=True) if size else None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces) if pieces else None

    def _first(self, *, copied: bool) -> Chunk | None:
        """Find the chunk to read: an urgent byte ends a read, or is dropped by it (af_unix.c:manage_oob)."""
        chunk = self.queue[0] if self.queue else None
        if chunk is not None and chunk.start == len(chunk.data):
            if copied and self.urgent is None:
                return None
            chunk = self._drop_first()
        if chunk is None or chunk is not self.urgent:
            return chunk
        if copied:
            return None
        self.urgent = None
        return self._drop_first()

    def _drop_first(self) -> Chunk | None:
        self.queue.popleft().free()
        return self.queue[0] if self.queue else None

    def withhold(self, keep: int) -> bool:
        """As `File.withhold`; a chunk is cut, and its second half holds the memory of both."""
        if self.held is not None or self.shut & SHUT_RECEIVE or self.urgent is not None:
            return False
        kept: deque[Chunk] = deque()
        while self.queue and keep:
            chunk = self.queue.popleft()
            size = len(chunk.data) - chunk.start
            if size > keep:
                kept.append(Chunk(chunk.data[chunk.start : chunk.start + keep], chunk.sender, 0))
                chunk.start += keep
                self.queue.appendleft(chunk)
                break
            kept.append(chunk)
            keep -= size
        self.held, self.queue = self.queue, kept
        return True

    def deliver(self) -> None:
        """As `File.deliver`; one wake per chunk, as if each were sent now."""
        held, self.held = self.held, None
        for chunk in held or ():
            self.queue.append(chunk)
            self.wake(KEY_DATA)

    def unread(self) -> int:
        """Count the bytes that wait here."""
        if self.state == LISTEN:
            fail(errno.EINVAL)
        return sum(len(chunk.data) - chunk.start for chunk in self.queue)

    def shutdown(self, how: int) -> None:
        """Close one or both directions; the peer's state is the mirror image."""
        if not 0 <= how <= 2:
            fail(errno.EINVAL)
        self.deliver()
        self.shut |= how + 1
        self.wake(KEY_STATE)
        if self.peer is not None:
            self.peer.deliver()
            self.peer.shut |= (SHUT_SEND, SHUT_RECEIVE, SHUT_BOTH)[how]
            self.peer.wake(KEY_STATE)

    def release(self) -> None:
        """Hang up on the peer, with ECONNRESET if anything was left unread; refuse who waits to be accepted."""
        self._release(unaccepted=False)

    def _release(self, *, unaccepted: bool) -> None:
        self.kernel.network.unbind_unix(self)
        self.deliver()
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.deliver()
            peer.shut = SHUT_BOTH
            if unaccepted or self._has_unread():
                peer.error = errno.ECONNRESET
            peer.wake(KEY_STATE)
        self.state = CLOSE
        while self.pending:
            self.pending.popleft()._release(unaccepted=True)
        while self.queue:
            self.queue.popleft().free()

    def _has_unread(self) -> bool:
        """An urgent byte that was read out of band does not count, if it stands first."""
        return len(self.queue) > 1 or (bool(self.queue) and self.queue[0].start < len(self.queue[0].data))

    def describe(self) -> str:
        """Show state, queues and what was shut."""
        if self.state == LISTEN:
            return f"unix stream listening at {self.name!r}, {len(self.pending)} waiting, backlog {self.backlog}"
        shut = ("", ", receiving shut", ", sending shut", ", both directions shut")[self.shut]
        unread = sum(len(chunk.data) - chunk.start for chunk in self.queue)
        error = f", error {errno.errorcode[self.error]}" if self.error else ""
        peer = f", peer is file {self.peer.serial}" if self.peer and self.peer.state == ESTABLISHED else ", no peer"
        return f"unix stream {self.state}, {unread} bytes unread, {self.wmem} of {self.sndbuf} sent{shut}{error}{peer}"
