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
    KEY_SPACE,
    KEY_STATE,
    MSG_OOB,
    MSG_PEEK,
    READABLE,
    SHUT_BOTH,
    SHUT_RECEIVE,
    SHUT_SEND,
    WRITABLE_BAND,
    NotModelled,
    fail,
)
from fakepoll.sockets import Address, Socket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

CLOSE = "unconnected"
LISTEN = "listening"
ESTABLISHED = "connected"

LARGEST_CHUNK = 36_544
HEAD_ROOM = 3_776
"""Bytes of a chunk that fit into its linear part (SKB_MAX_HEAD(0); x86-64)."""
MOST_PAGED = 17 * 4096
"""Bytes that fit into the pages of one chunk (MAX_SKB_FRAGS)."""


def truesize(size: int, head_room: int = HEAD_ROOM) -> int:
    """Compute what a chunk of `size` bytes is charged: a power of two for its head, pages for the rest, 256."""
    paged = min(size, -(-max(0, size - head_room) // 4096) * 4096, MOST_PAGED)
    head = 1 << (max(size - paged + 320, 512) - 1).bit_length()
    return head + 256 + -(-paged // 4096) * 4096


class Chunk:
    """What one send queued (an skb): bytes from `start` on are unread, `charge` is held against the sender."""

    __slots__ = ("charge", "data", "sender", "start")

    def __init__(self, data: bytes, sender: UnixSocket, charge: int) -> None:
        self.data = data
        self.start = 0
        self.sender = sender
        self.charge = charge

    def free(self) -> None:
        """Give the memory back; the sender is told if that makes it writable (net/core/sock.c:sock_wfree)."""
        sender = self.sender
        sender.wmem -= self.charge
        if (sender.wmem + 2) * 4 <= sender.sndbuf and sender.state != LISTEN:
            sender.wake(KEY_SPACE)


class UnixSocket(Socket):
    """What stream and datagram sockets of AF_UNIX share: names, send memory, the peer."""

    __slots__ = ("peer", "state", "wmem")

    def __init__(self, kernel: Kernel, type_: int, flags: int) -> None:
        super().__init__(kernel, socket.AF_UNIX, type_, 0, flags)
        self.state = CLOSE
        self.peer: UnixSocket | None = None
        self.wmem = 0

    def is_writable(self) -> bool:
        """At most a quarter of the send buffer in use (af_unix.c:unix_writable; one byte is the socket's own)."""
        return (self.wmem + 1) * 4 <= self.sndbuf and self.state != LISTEN

    def bind(self, address: Address) -> None:
        """Take a path or an abstract name; an empty one asks for an abstract name of the kernel's choice."""
        if self.name is not None:
            fail(errno.EINVAL)
        self.name = self.kernel.network.bind_unix(self, address)

    def join(self, other: UnixSocket) -> None:
        """Make two sockets each other's peer."""
        self.peer, other.peer = other, self
        self.state = other.state = ESTABLISHED

    def own_name(self) -> Address:
        """Give the own name; unbound is the empty path."""
        return "" if self.name is None else self.name

    def peer_name(self) -> Address:
        """Give the peer's name, or ENOTCONN."""
        if self.peer is None:
            fail(errno.ENOTCONN)
        return self.peer.own_name()


class UnixStream(UnixSocket):
    """A stream socket; listening, its queue holds the sockets that wait to be accepted."""

    __slots__ = ("backlog", "pending", "queue")

    kind = "unix stream"

    def __init__(self, kernel: Kernel, flags: int = 0) -> None:
        super().__init__(kernel, socket.SOCK_STREAM, flags)
        self.queue: deque[Chunk] = deque()
        self.pending: deque[UnixStream] = deque()
        self.backlog = 0

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
        if flags & MSG_OOB:
            raise NotModelled("MSG_OOB on an AF_UNIX socket")
        if self.shut & SHUT_SEND:
            fail(errno.EPIPE)
        sent = 0
        while sent < len(data):
            if self.wmem >= self.sndbuf:
                if not sent:
                    fail(errno.EAGAIN)
                break
            piece = data[sent : sent + min(self.sndbuf // 2 - 64, LARGEST_CHUNK)]
            chunk = Chunk(piece, self, truesize(len(piece)))
            self.wmem += chunk.charge
            if peer.shut & SHUT_RECEIVE:
                chunk.free()
                fail(errno.EPIPE)
            peer.queue.append(chunk)
            peer.wake(KEY_DATA)
            sent += len(piece)
        return sent

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """Take bytes across chunks: data, then a pending error (once), then end of stream, then EAGAIN."""
        if flags & MSG_OOB:
            fail(errno.EINVAL)
        if self.state != ESTABLISHED:
            fail(errno.EINVAL)
        if not self.queue:
            self.raise_error()
            if self.shut & SHUT_RECEIVE:
                return b"", 0, None
            fail(errno.EAGAIN)
        data = self._peek(size) if flags & MSG_PEEK else self._take(size)
        return data, len(data), self.peer.name if self.peer else None

    def _peek(self, size: int) -> bytes:
        return b"".join(chunk.data[chunk.start :] for chunk in self.queue)[:size]

    def _take(self, size: int) -> bytes:
        taken = []
        while size and self.queue:
            chunk = self.queue[0]
            piece = chunk.data[chunk.start : chunk.start + size] if chunk.start else chunk.data[:size]
            taken.append(piece)
            size -= len(piece)
            chunk.start += len(piece)
            if chunk.start < len(chunk.data):
                break
            self.queue.popleft()
            chunk.free()
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def unread(self) -> int:
        """Count the bytes that wait here."""
        if self.state == LISTEN:
            fail(errno.EINVAL)
        return sum(len(chunk.data) - chunk.start for chunk in self.queue)

    def shutdown(self, how: int) -> None:
        """Close one or both directions; the peer's state is the mirror image."""
        if not 0 <= how <= 2:
            fail(errno.EINVAL)
        self.shut |= how + 1
        self.wake(KEY_STATE)
        if self.peer is not None:
            self.peer.shut |= (SHUT_SEND, SHUT_RECEIVE, SHUT_BOTH)[how]
            self.peer.wake(KEY_STATE)

    def release(self) -> None:
        """Hang up on the peer, with ECONNRESET if anything was left unread; refuse who waits to be accepted."""
        self._release(unaccepted=False)

    def _release(self, *, unaccepted: bool) -> None:
        self.kernel.network.unbind_unix(self)
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.shut = SHUT_BOTH
            if self.queue or unaccepted:
                peer.error = errno.ECONNRESET
            peer.wake(KEY_STATE)
        self.state = CLOSE
        while self.pending:
            self.pending.popleft()._release(unaccepted=True)
        while self.queue:
            self.queue.popleft().free()

    def describe(self) -> str:
        """Show state, queues and what was shut."""
        if self.state == LISTEN:
            return f"unix stream listening at {self.name!r}, {len(self.pending)} waiting, backlog {self.backlog}"
        shut = ("", ", receiving shut", ", sending shut", ", both directions shut")[self.shut]
        unread = sum(len(chunk.data) - chunk.start for chunk in self.queue)
        error = f", error {errno.errorcode[self.error]}" if self.error else ""
        return f"unix stream {self.state}, {unread} bytes unread, {self.wmem} of {self.sndbuf} sent{shut}{error}"
