"""`select`: epoll and poll objects and `select()`, with the checks of CPython's Modules/selectmodule.c."""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Self, TypeVar

from fakepoll.abi import NS_PER_MS
from fakepoll.kernel import Kernel
from fakepoll.standins.module import StandIn, as_fd, as_int, as_ms, as_ns, over
from fakepoll.syscalls.polling import EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD

FD_SETSIZE = 1024
ALL_EVENTS = select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT
CLOSED = "I/O operation on closed epoll object"
TIMEOUT = "timeout must be an integer or None"

Waited = TypeVar("Waited")


class EpollObject:
    """select.epoll: an epoll instance and its fd."""

    __slots__ = ("__weakref__", "_fd")

    kernel: ClassVar[Kernel]

    def __init__(self, sizehint: int = -1, flags: int = 0) -> None:
        self._fd = -1
        if sizehint != -1 and sizehint <= 0:
            raise ValueError("negative sizehint")
        if flags & ~select.EPOLL_CLOEXEC:
            raise OSError("invalid flags")
        self._fd = self.kernel.calls.epoll_create1(select.EPOLL_CLOEXEC)

    @classmethod
    def fromfd(cls, fd: int, /) -> Self:
        """Make an epoll object of an fd that is one already."""
        made = cls.__new__(cls)
        made._fd = as_int(fd)
        return made

    def __enter__(self) -> Self:
        self._open_fd()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        """As CPython does: an object that nobody holds closes its fd."""
        if getattr(self, "_fd", -1) in self.kernel.fds.files:
            self.close()

    def _open_fd(self) -> int:
        if self._fd < 0:
            raise ValueError(CLOSED)
        return self._fd

    def close(self) -> None:
        """Close the fd; closing twice does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self.kernel.calls.close(fd)

    @property
    def closed(self) -> bool:
        """True once closed."""
        return self._fd < 0

    def fileno(self) -> int:
        """Give the fd of the epoll instance."""
        return self._open_fd()

    def register(self, fd: object, eventmask: int = ALL_EVENTS) -> None:
        """EPOLL_CTL_ADD; the label of the registration is the number."""
        epfd, number = self._open_fd(), as_fd(fd)
        self.kernel.calls.epoll_ctl(epfd, EPOLL_CTL_ADD, number, eventmask & 0xFFFF_FFFF, number)

    def modify(self, fd: object, eventmask: int) -> None:
        """EPOLL_CTL_MOD."""
        epfd, number = self._open_fd(), as_fd(fd)
        self.kernel.calls.epoll_ctl(epfd, EPOLL_CTL_MOD, number, eventmask & 0xFFFF_FFFF, number)

    def unregister(self, fd: object) -> None:
        """EPOLL_CTL_DEL."""
        epfd, number = self._open_fd(), as_fd(fd)
        self.kernel.calls.epoll_ctl(epfd, EPOLL_CTL_DEL, number)

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> list[tuple[int, int]]:
        """Wait: `timeout` in seconds, rounded up to milliseconds; None and negative wait for ever."""
        epfd = self._fd
        if epfd < 0:
            raise ValueError(CLOSED)
        timeout_ms = -1 if timeout is None else as_ms(as_ns(timeout, complaint=TIMEOUT))
        if maxevents == -1:
            maxevents = FD_SETSIZE - 1
        elif maxevents < 1:
            raise ValueError(f"maxevents must be greater than 0, got {maxevents}")
        found: list[tuple[int, int]] = self.kernel.calls.epoll_wait(epfd, maxevents, timeout_ms)
        return found


class PollObject:
    """select.poll: what poll() returns, a list of fds to ask."""

    __slots__ = ("_asked", "_polling")

    kernel: ClassVar[Kernel]

    _asked: dict[int, int]
    _polling: bool

    def __new__(cls) -> Self:
        raise TypeError(f"cannot create '{cls.__module__}.{cls.__qualname__}' instances")

    @classmethod
    def make(cls) -> Self:
        """Make what `select.poll()` returns; the class itself cannot be called."""
        made = object.__new__(cls)
        made._asked = {}
        made._polling = False
        return made

    def register(self, fd: object, eventmask: int = ALL_EVENTS, /) -> None:
        """Ask for an fd, or ask differently."""
        self._asked[as_fd(fd)] = _as_mask(eventmask)

    def modify(self, fd: object, eventmask: int, /) -> None:
        """Ask differently; ENOENT if the fd was not asked for."""
        number = as_fd(fd)
        if number not in self._asked:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._asked[number] = _as_mask(eventmask)

    def unregister(self, fd: object, /) -> None:
        """Ask no more; KeyError if the fd was not asked for."""
        del self._asked[as_fd(fd)]

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """Wait: `timeout` in milliseconds, rounded up; None and negative wait for ever."""
        timeout_ms = -1 if timeout is None else as_ms(as_ns(timeout, NS_PER_MS, complaint=TIMEOUT))
        if self._polling:
            raise RuntimeError("concurrent poll() invocation")
        self._polling = True
        try:
            found: list[tuple[int, int]] = self.kernel.calls.poll(tuple(self._asked.items()), timeout_ms)
        finally:
            self._polling = False
        return found


class SelectModule(StandIn):
    """The `select` module over a kernel."""

    real = select

    @cached_property
    def epoll(self) -> type[EpollObject]:
        """The class of epoll objects."""
        return over(self._kernel, EpollObject, "select.epoll")

    @cached_property
    def _poll_class(self) -> type[PollObject]:
        return over(self._kernel, PollObject, "select.poll")

    def poll(self) -> PollObject:
        """Make a poll object."""
        return self._poll_class.make()

    def select(
        self,
        rlist: Sequence[Waited],
        wlist: Sequence[Waited],
        xlist: Sequence[Waited],
        timeout: float | None = None,
        /,
    ) -> tuple[list[Waited], list[Waited], list[Waited]]:
        """Wait: `timeout` in seconds, rounded up to microseconds; gives back the objects that were passed in."""
        timeout_ns = None
        if timeout is not None:
            timeout_ns = -(-as_ns(timeout, complaint="timeout must be a float or None") // 1000) * 1000
            if timeout_ns < 0:
                raise ValueError("timeout must be non-negative")
        asked = [self._pairs(objects) for objects in (rlist, wlist, xlist)]
        sets = [tuple(fd for _, fd in pairs) for pairs in asked]
        found: dict[tuple[int, int], None] = dict.fromkeys(self._calls.select(*sets, timeout_ns))
        read, write, other = ([each for each, fd in pairs if (which, fd) in found] for which, pairs in enumerate(asked))
        return read, write, other

    def _pairs(self, objects: Sequence[Waited]) -> list[tuple[Waited, int]]:
        """Pair each object with its fd; a `fileno()` may change the list that is being read (seq2set)."""
        try:
            asked = objects if isinstance(objects, list | tuple) else list(objects)
        except TypeError:
            raise TypeError("arguments 1-3 must be sequences") from None
        pairs: list[tuple[Waited, int]] = []
        while len(pairs) < len(asked):
            if len(pairs) >= FD_SETSIZE:
                raise ValueError("too many file descriptors in select()")
            each = asked[len(pairs)]
            pairs.append((each, self._as_settable(each)))
        return pairs

    def _as_settable(self, value: object) -> int:
        """Convert an fd; numbers count from `first_fd`, so that a high first fd leaves room for a set."""
        fd = as_fd(value)
        if fd >= FD_SETSIZE and fd - self._kernel.fds.first >= FD_SETSIZE - 3:
            raise ValueError("filedescriptor out of range in select()")
        return fd


def _as_mask(value: int) -> int:
    mask = as_int(value)
    if mask < 0:
        raise ValueError("value must be positive")
    if mask > 0xFFFF:
        raise OverflowError("Python int too large for C unsigned short")
    return mask
