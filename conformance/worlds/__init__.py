"""Worlds: what an action needs from a kernel.

A world is a set of modules with the standard library's names - the real ones, or a fake kernel's stand-ins - and this one class over
them, so that no action exists twice. It makes files, moves bytes and looks with poll(2); it never calls the poller.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any, Protocol

from conformance.history import Masks
from conformance.worlds.handle import Handle, Outcome, Source, Stream

__all__ = ["Modules", "Outcome", "Source", "World"]

_CHUNK = 1 << 16
_BUFFER = 1 << 14
"""Small TCP buffers: filling them takes microseconds, and the amount repeats."""
_WOULD_BLOCK = (errno.EAGAIN, errno.EWOULDBLOCK)
_NOTHING = nullcontext()
ALL_BITS = 1 | 2 | 4 | 8 | 16 | 0x2000


class Modules(Protocol):
    """The modules through which a world reaches its kernel; a `fakepoll.Kernel` has them."""

    @property
    def os(self) -> Any: ...
    @property
    def socket(self) -> Any: ...
    @property
    def select(self) -> Any: ...
    @property
    def fcntl(self) -> Any: ...


class World(ABC):
    """The files of one scenario on one kernel. Each public method named like a verb performs it and returns an `Outcome`."""

    name: str
    aside: int
    """The harness's own fds have numbers from here on, so that scenarios and pollers get the low ones."""
    stuck: tuple[type[BaseException], ...] = ()
    """What this kernel raises out of a call that can never return."""
    unmodelled: tuple[type[BaseException], ...] = ()
    """What this kernel raises, changing nothing, for what it does not know; the action is skipped."""
    lacks: Mapping[str, str] = MappingProxyType({})
    """Verb -> why no file here can do it."""

    def __init__(self, modules: Modules) -> None:
        self.os, self.socket, self._modules = modules.os, modules.socket, modules
        self.handles: dict[int, Handle] = {}
        self.made_blocking: list[int] = []
        """Labels that somebody made blocking behind our back; mended when noticed, so that no action can block."""
        self._looked_at: list[int] | None = None
        self._looker: Any = None
        """A poll object, and the fds that it asks about."""
        self._own: dict[str, Any] = {}
        """The harness's own sockets."""

    # ── what differs from kernel to kernel ──────────────────────────────────────────────────────────────────

    @abstractmethod
    def now_ns(self) -> int:
        """Monotonic time in nanoseconds."""

    @abstractmethod
    def later(self, delay_s: float, act: Callable[[], None]) -> Callable[[], None]:
        """Have another thread call `act` after `delay_s`; the answer waits until it is done."""

    @abstractmethod
    def signals(self, every_s: float, times: int) -> Callable[[], None]:
        """Deliver a signal with a handler that does nothing every `every_s`, `times` at most; the answer stops it."""

    def quietly(self) -> AbstractContextManager[None]:
        """A block in which the harness itself acts or looks, and no fault falls."""
        return _NOTHING

    def exposed(self) -> AbstractContextManager[None]:
        """A block whose files faults may hit."""
        return _NOTHING

    def trusts_bytes(self) -> bool:
        """Whether what is read must be what was sent; a fault may have ended or robbed a connection."""
        return True

    def is_prompt(self) -> bool:
        """Whether what was sent has arrived at once; faults may hold it back."""
        return True

    @abstractmethod
    def numbers(self) -> list[int]:
        """Every fd number of this process that is open now, rising."""

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────────

    def unix(self, a: int, b: int) -> Outcome:
        return self._pair(a, b, "unix", self.socket.socketpair())

    def tcp(self, a: int, b: int) -> Outcome:
        client = self.socket.socket()
        self._shrink(client)
        with self.quietly():
            client.connect(self._door().getsockname())
        server, _ = self._door().accept()
        for end in (client, server):
            end.setsockopt(self.socket.IPPROTO_TCP, self.socket.TCP_NODELAY, 1)
        return self._pair(a, b, "tcp", (client, server))

    def udp(self, a: int, b: int) -> Outcome:
        ends = [self.socket.socket(self.socket.AF_INET, self.socket.SOCK_DGRAM) for _ in "ab"]
        for end in ends:
            end.bind(("127.0.0.1", 0))
        for end, other in zip(ends, reversed(ends), strict=True):
            end.connect(other.getsockname())
        return self._pair(a, b, "udp", (ends[0], ends[1]))

    def pipe(self, a: int, b: int) -> Outcome:
        r, w = self.os.pipe2(self.os.O_NONBLOCK | self.os.O_CLOEXEC)
        return self._pair(a, b, "pipe", (Source(r), Source(w)))

    def eventfd(self, a: int) -> Outcome:
        stream = Stream()
        fd = self.os.eventfd(0, self.os.EFD_NONBLOCK | self.os.EFD_CLOEXEC)
        return self._open(a, Handle("eventfd", Source(fd), stream, stream))

    def listen(self, a: int) -> Outcome:
        return self._open(a, Handle("listener", self._listener()))

    def fresh(self, a: int) -> Outcome:
        end = self.socket.socket()
        self._shrink(end)
        return self._open(a, Handle("tcp", end))

    def regular(self, a: int) -> Outcome:
        return self._open(
            a, Handle("regular", Source(self.os.open("/etc/passwd", self.os.O_RDONLY | self.os.O_CLOEXEC)))
        )

    def dup(self, a: int, b: int) -> Outcome:
        old = self.handles[a]
        twin = old.object.dup() if hasattr(old.object, "dup") else Source(self.os.dup(old.fd))
        return self._open(b, Handle(old.kind, twin, old.reads, old.writes, old.accepts))

    def close(self, a: int) -> Outcome:
        self._shut(self.handles.pop(a))
        return Outcome()

    def reset(self, a: int) -> Outcome:
        handle = self.handles[a]
        handle.reads.is_torn = handle.writes.is_torn = True
        self._linger(handle)
        return self.close(a)

    def connect(self, a: int, listener: int) -> Outcome:
        client, server = self._ready(a), self.handles[listener]
        server.accepts.append(client)
        return self._connect(client, server.object.getsockname())

    def refuse(self, a: int) -> Outcome:
        return self._connect(self._ready(a), self._nobody().getsockname())

    def accept(self, listener: int, b: int) -> Outcome:
        handle = self._ready(listener)
        try:
            server, _ = handle.object.accept()
        except OSError as error:
            return self._error(error)
        client = handle.accepts.pop(0)
        server.setsockopt(self.socket.IPPROTO_TCP, self.socket.TCP_NODELAY, 1)
        return self._open(b, Handle("tcp", server, client.writes, client.reads))

    def faults(self, _seed: int) -> Outcome:
        """The world was opened with them; nothing is left to do."""
        return Outcome()

    # ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, a: int, count: int) -> Outcome:
        handle = self._ready(a)
        try:
            done = self._write(handle, count)
        except OSError as error:
            return self._torn(handle, error)
        return Outcome(str(done))

    def empty(self, a: int) -> Outcome:
        handle = self._ready(a)
        try:
            handle.object.send(b"")
        except OSError as error:
            return self._torn(handle, error)
        handle.writes.datagrams.append(b"")
        return Outcome("0")

    def fill(self, a: int) -> Outcome:
        handle = self._ready(a)
        try:
            if handle.kind == "eventfd":
                counter = handle.writes.sent - handle.writes.read
                self._write(handle, 2**64 - 2 - counter)
            while True:
                self._write(handle, 1 if handle.kind == "eventfd" else _CHUNK)
        except OSError as error:
            return self._torn(handle, error)

    def recv(self, a: int, count: int) -> Outcome:
        return self._read(self._ready(a), count)

    def drain(self, a: int) -> Outcome:
        handle = self._ready(a)
        if handle.kind == "listener":
            return self._drain_listener(handle)
        while True:
            outcome = self._read(handle, _CHUNK)
            if outcome.flaw or not outcome.outcome.isdecimal():
                return outcome

    def peek(self, a: int) -> Outcome:
        handle = self._ready(a)
        try:
            data = handle.object.recv(1, self.socket.MSG_PEEK)
        except OSError as error:
            return self._torn(handle, error)
        return Outcome(str(len(data)) if data else "EOF")

    def urgent(self, a: int) -> Outcome:
        handle = self._ready(a)
        handle.writes.is_torn = True
        try:
            handle.object.send(b"!", self.socket.MSG_OOB)
        except OSError as error:
            return self._torn(handle, error)
        return Outcome()

    def shutdown(self, a: int, how: str) -> Outcome:
        handle = self.handles[a]
        handle.reads.is_torn |= how != "wr"
        handle.writes.is_torn |= how == "rdwr"
        try:
            handle.object.shutdown(("rd", "wr", "rdwr").index(how))
        except OSError as error:
            return self._torn(handle, error)
        return Outcome()

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────

    def masks(self, labels: Iterable[int]) -> Masks:
        """Ask poll(2) about the files of `labels`, in one call."""
        by_fd = {self.handles[label].fd: label for label in labels}
        if self._looked_at != [*by_fd]:  # it holds numbers, no files: the same numbers are the same question
            self._looked_at, self._looker = [*by_fd], self._modules.select.poll()
            for fd in by_fd:
                self._looker.register(fd, ALL_BITS)
        shown = dict.fromkeys(by_fd.values(), 0)
        with self.quietly():
            shown_now = self._looker.poll(0)
        for fd, mask in shown_now:
            shown[by_fd[fd]] = mask
        return shown

    def open_fds(self) -> dict[int, None]:
        """Every fd number of this process that is open now and not the harness's own."""
        own = [end.fileno() for end in self._own.values()]
        return {fd: None for fd in self.numbers() if fd not in own}

    def is_shut(self, label: int) -> bool:
        """Whether an fd that was opened under `label` no longer is what it was."""
        handle = self.handles.get(label)
        return handle is not None and self._identity(handle) != handle.identity

    def shut_fds(self) -> tuple[int, ...]:
        """The labels whose fd no longer is what was opened."""
        return tuple(label for label in self.handles if self.is_shut(label))

    def blocking_fds(self) -> tuple[int, ...]:
        """The labels whose O_NONBLOCK is gone, or was gone when it was last needed."""
        now = [
            label
            for label, handle in self.handles.items()
            if handle.kind != "regular"
            and self._identity(handle) == handle.identity
            and self.os.get_blocking(handle.fd)
        ]
        return tuple(dict.fromkeys([*self.made_blocking, *now]))

    def clear(self) -> None:
        """Close every file of the scenario, TCP without TIME_WAIT."""
        for handle in self.handles.values():
            if handle.kind == "tcp":
                self._linger(handle)
            self._shut(handle)
        self.handles.clear()
        self.made_blocking.clear()

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────

    def _door(self) -> Any:
        """A listener to connect to."""
        return self._own.get("door") or self._set_aside("door", self._listener)

    def _nobody(self) -> Any:
        """A socket at whose address nobody listens."""
        return self._own.get("nobody") or self._set_aside("nobody", self._bound)

    def _set_aside(self, name: str, make: Callable[[], Any]) -> Any:
        """Make a socket of our own, out of the way of the low numbers."""
        with self.quietly():
            end, fcntl = make(), self._modules.fcntl
            number = fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, self.aside)
            self._own[name] = self.socket.socket(end.family, end.type, end.proto, fileno=number)
            end.close()
        return self._own[name]

    def _bound(self) -> Any:
        end = self.socket.socket()
        end.bind(("127.0.0.1", 0))
        return end

    def _listener(self) -> Any:
        listener = self._bound()
        self._shrink(listener)
        listener.listen(16)
        return listener

    def _shrink(self, end: Any) -> None:
        for option in (self.socket.SO_SNDBUF, self.socket.SO_RCVBUF):
            end.setsockopt(self.socket.SOL_SOCKET, option, _BUFFER)

    def _linger(self, handle: Handle) -> None:
        try:
            handle.object.setsockopt(self.socket.SOL_SOCKET, self.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        except OSError as error:
            if error.errno not in (errno.EBADF, errno.ENOTSOCK):  # somebody closed it for us; the curtain tells
                raise

    def _pair(self, a: int, b: int, kind: str, ends: tuple[Any, Any]) -> Outcome:
        there, back = Stream(), Stream()
        self._open(a, Handle(kind, ends[0], back, there))
        self._open(b, Handle(kind, ends[1], there, back))
        return Outcome(opened=(a, b))

    def _open(self, label: int, handle: Handle) -> Outcome:
        if handle.kind != "regular":
            self.os.set_blocking(handle.fd, False)
        handle.identity = self._identity(handle)
        self.handles[label] = handle
        return Outcome(opened=(label,))

    def _identity(self, handle: Handle) -> tuple[int, int]:
        try:
            stat = self.os.fstat(handle.fd)
        except OSError:
            return (-1, -1)
        return (stat.st_dev, stat.st_ino)

    def _shut(self, handle: Handle) -> None:
        try:
            if isinstance(handle.object, Source):
                self.os.close(handle.fd)
            else:
                handle.object.close()
        except OSError as error:
            if error.errno not in (errno.EBADF, errno.ECONNRESET):
                raise

    def _connect(self, handle: Handle, address: Any) -> Outcome:
        try:
            handle.object.connect(address)
        except OSError as error:
            return Outcome("EINPROGRESS") if error.errno == errno.EINPROGRESS else self._error(error)
        return Outcome()

    def _ready(self, label: int) -> Handle:
        handle = self.handles[label]
        if self._identity(handle) == handle.identity and self.os.get_blocking(handle.fd):
            self.os.set_blocking(handle.fd, False)
            self.made_blocking.append(label)
        return handle

    def _write(self, handle: Handle, count: int) -> int:
        stream = handle.writes
        if handle.kind == "eventfd":
            self.os.eventfd_write(handle.fd, count)
            stream.sent += count
            return count
        data = stream.next(count)
        done: int = self.os.write(handle.fd, data) if handle.kind == "pipe" else handle.object.send(data)
        stream.sent += done
        if handle.kind == "udp":
            stream.datagrams.append(data[:done])
        return done

    def _read(self, handle: Handle, count: int) -> Outcome:
        stream = handle.reads
        try:
            if handle.kind == "eventfd":
                return stream.took_count(self.os.eventfd_read(handle.fd), is_sure=self.trusts_bytes())
            data = self.os.read(handle.fd, count) if handle.kind == "pipe" else handle.object.recv(count)
        except OSError as error:
            return self._empty(handle) if error.errno in _WOULD_BLOCK else self._torn(handle, error)
        if handle.kind == "udp":
            return stream.took_datagram(data, count, is_sure=self.trusts_bytes() and self.is_prompt())
        return stream.took(data, is_sure=self.trusts_bytes())

    def _drain_listener(self, handle: Handle) -> Outcome:
        try:
            while True:
                server, _ = handle.object.accept()
                server.close()
                if handle.accepts:
                    client = handle.accepts.pop(0)
                    client.reads.is_torn = client.writes.is_torn = True
        except OSError as error:
            return self._error(error)

    def _empty(self, handle: Handle) -> Outcome:
        """WouldBlock from a read; what is on its way cannot be late on a pipe or an AF_UNIX pair."""
        if handle.kind == "eventfd" and not self.trusts_bytes():
            handle.reads.read = handle.reads.sent  # a thief had the counter
        return handle.reads.took_nothing(is_sure=handle.kind in ("unix", "pipe", "eventfd") and self.is_prompt())

    def _torn(self, handle: Handle, error: OSError) -> Outcome:
        """An error on either half makes the pattern of both streams meaningless; WouldBlock does not."""
        if error.errno not in _WOULD_BLOCK:
            handle.reads.is_torn = handle.writes.is_torn = True
        return self._error(error)

    @staticmethod
    def _error(error: OSError) -> Outcome:
        if error.errno in _WOULD_BLOCK:
            return Outcome("WouldBlock")
        return Outcome(errno.errorcode.get(error.errno or 0, str(error)))
