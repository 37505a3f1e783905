"""What each kind of fault does to a file: whether it can, and how it is brought about with the kernel's own means.

A fault never writes an answer down; it changes a fact, and the call then answers as Linux would. A thief really
reads, a reset is a RST at both ends, a buffer without room has none. `CAN` says when a kind is possible; the few
faults that must be undone later are undone by `Injector`.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable
from typing import Any

from fakepoll.abi import PAGE, SHUT_RECEIVE, WRITABLE
from fakepoll.connection import CLOSE, CLOSE_WAIT, ESTABLISHED, Connection
from fakepoll.epoll import Epoll, Item
from fakepoll.eventfd import EventFd
from fakepoll.file import File
from fakepoll.pipe import PipeReader, PipeWriter
from fakepoll.sockets import Socket
from fakepoll.tcp import UNCONNECTED, Tcp
from fakepoll.udp import Udp
from fakepoll.unix import UnixStream
from fakepoll.unix_socket import CLOSE as UNIX_CLOSE
from fakepoll.unix_socket import ESTABLISHED as UNIX_ESTABLISHED

EVERYTHING = 1 << 30


def is_stream(file: File) -> bool:
    """Tell whether bytes without borders are read here."""
    return isinstance(file, Connection | UnixStream | PipeReader)


def is_listening(file: File) -> bool:
    """Tell whether connections are accepted here."""
    return isinstance(file, Connection | UnixStream) and file.is_listening()


def is_connected(file: File) -> bool:
    """Tell whether both ends are there and neither was shut."""
    if isinstance(file, Connection):
        peer = file.peer
        return file.state == ESTABLISHED and peer is not None and peer.state == ESTABLISHED
    return isinstance(file, UnixStream) and file.state == UNIX_ESTABLISHED and not file.shut and file.peer is not None


def unread(file: File) -> int:
    """Count what a stream has to read, zero for everything that is none."""
    return file.unread() if is_stream(file) and not is_listening(file) else 0


def has_loot(file: File) -> bool:
    """Tell whether a thief could take something and leave a file that says EAGAIN."""
    if isinstance(file, EventFd):
        return bool(file.count)
    if isinstance(file, Udp):
        return bool(file.queue) and not file.error and not file.shut
    if isinstance(file, PipeReader):
        return bool(file.pipe.slots) and file.pipe.writer is not None
    if isinstance(file, Connection | UnixStream) and not file.is_listening():
        urgent = file.urgent is not None
        return bool(file.unread()) and not urgent and not file.error and not file.shut & SHUT_RECEIVE
    return has_pending(file)


def has_pending(file: File) -> bool:
    """Tell whether a connection waits to be accepted."""
    return isinstance(file, Connection | UnixStream) and file.is_listening() and bool(file.pending)


def can_reorder(file: File) -> bool:
    """Tell whether two datagrams or connections wait."""
    if isinstance(file, Udp):
        return len(file.queue) > 1
    return isinstance(file, Connection | UnixStream) and len(file.pending) > 1


def can_write(file: File) -> bool:
    """Tell whether a stream would take bytes now."""
    if isinstance(file, PipeWriter):
        return file.pipe.reader is not None and bool(file.mask() & WRITABLE)
    if isinstance(file, Connection):
        return file.state in (ESTABLISHED, CLOSE_WAIT) and not file.error and file.is_writable()
    return is_connected(file) and isinstance(file, UnixStream) and file.is_writable()


def receiver(file: File) -> File | None:
    """Find where a stream socket's bytes go."""
    return file.peer if isinstance(file, Connection | UnixStream) and is_connected(file) else None


def can_connect(file: File) -> bool:
    """Tell whether a connect would begin now."""
    if isinstance(file, Tcp):
        return file.phase == UNCONNECTED and file.state == CLOSE
    return isinstance(file, UnixStream) and file.state == UNIX_CLOSE


CAN: dict[str, Callable[[File], bool]] = {
    "arrive": lambda file: unread(file) > 1,
    "stolen": has_loot,
    "reorder": can_reorder,
    "reset": lambda file: isinstance(file, Connection) and is_connected(file),
    "half_close": is_connected,
    "hangup": is_connected,
    "room": can_write,
    "late": lambda file: receiver(file) is not None,
    "late_room": lambda file: isinstance(file, PipeWriter) or is_connected(file),
    "refused": can_connect,
    "slow": lambda file: isinstance(file, Tcp) and can_connect(file),
    "full_backlog": lambda file: can_connect(file) and (isinstance(file, Tcp) or bool(file.flags & os.O_NONBLOCK)),
    "EMFILE": is_listening,
    "ENFILE": is_listening,
    "ENOBUFS": is_listening,
    "short_read": lambda file: unread(file) > 1,
    "short_write": can_write,
    "aborted": has_pending,
}
"""Whether a kind that hits the file of its own site can do so now; those that hit a file of a wait are in `WAITS`."""


def steal(file: File) -> None:
    """Read everything, or accept every connection and close it."""
    while has_loot(file):
        if is_listening(file):
            assert isinstance(file, Socket)
            child, _ = file.accept()
            child.refs = 1
            child.close()
        else:
            file.read(EVERYTHING)


def reorder(file: File) -> None:
    """Let the second come first."""
    assert isinstance(file, Udp | Connection | UnixStream), "possible for those only"
    queue: deque[Any] = file.queue if isinstance(file, Udp) else file.pending
    queue[0], queue[1] = queue[1], queue[0]


def reset(file: File) -> None:
    """Let a RST arrive at both ends."""
    assert isinstance(file, Connection)
    peer = file.peer
    file.arrive_reset()
    if peer is not None:
        peer.arrive_reset()


def half_close(file: File) -> None:
    """Shut the sending side of the other end."""
    peer = receiver(file)
    assert isinstance(peer, Socket), "possible only when connected"
    peer.shutdown(1)


def hangup(file: File) -> None:
    """Shut the other end for good."""
    peer = receiver(file)
    assert isinstance(peer, Socket), "possible only when connected"
    peer.shutdown(2)


def abort(file: File) -> None:
    """Drop the first waiting connection."""
    assert isinstance(file, Socket)
    child, _ = file.accept()
    if isinstance(child, Connection):
        child.linger = 0
    child.refs = 1
    child.close()


CHANGES: dict[str, Callable[[File], None]] = {
    "stolen": steal,
    "reorder": reorder,
    "reset": reset,
    "half_close": half_close,
    "hangup": hangup,
}
"""Faults that change a file's facts and let the call go on."""


def squeeze(file: File) -> int:
    """Leave a stream no room to write; give what `unsqueeze` needs."""
    if isinstance(file, PipeWriter):
        saved, file.pipe.limit = file.pipe.limit, 0
        return saved
    assert isinstance(file, Socket)
    saved, file.sndbuf = file.sndbuf, 0 if isinstance(file, UnixStream) else -1
    return saved


def unsqueeze(file: File, saved: int) -> None:
    """Give the room back and tell whoever waits for it."""
    if isinstance(file, PipeWriter):
        file.pipe.limit = saved
        if file.mask() & WRITABLE:
            file.wake(WRITABLE)
        return
    assert isinstance(file, Socket)
    file.sndbuf = saved
    file.space_changed()


def room_for(file: File, room: int, size: int) -> int:
    """How much of a write is taken: a pipe takes up to PIPE_BUF bytes at once, or none (pipe(7))."""
    if isinstance(file, PipeWriter) and size <= PAGE:
        return 0
    return min(room, size)


def told_edge(item: Item) -> bool:
    """Tell whether a needless edge would be noticed: an edge registration that was told, of a file that is ready."""
    return item.edge and item not in item.epoll.ready and bool(item.file.mask() & item.mask)


def owed_edge(item: Item) -> bool:
    """Tell whether an edge waits to be told."""
    return (item.edge or item.oneshot) and item in item.epoll.ready and bool(item.file.mask() & item.mask)


WAITS: dict[str, Callable[[Item], bool]] = {
    "wake": told_edge,
    "bare_hup": lambda item: bool(item.mask),
    "lost_edge": owed_edge,
    "reset": lambda item: CAN["reset"](item.file),
    "half_close": lambda item: CAN["half_close"](item.file),
    "hangup": lambda item: CAN["hangup"](item.file),
}
"""Whether a kind can hit a registration while its epoll is waited for; `first` looks at them all."""


def newcomers(epoll: Epoll, before: dict[Item, None]) -> list[Item]:
    """Find what was listed since the last wait, and is ready, in order."""
    return [item for item in epoll.ready if item not in before and item.file.mask() & item.mask]


def put_first(epoll: Epoll, item: Item, group: list[Item]) -> None:
    """Tell `item` before the others of its group, all of which stand at the end of the ready list."""
    for each in (item, *(other for other in group if other is not item)):
        epoll.ready.move_to_end(each)


ERRNOS = {"EMFILE": errno.EMFILE, "ENFILE": errno.ENFILE, "ENOBUFS": errno.ENOBUFS}
