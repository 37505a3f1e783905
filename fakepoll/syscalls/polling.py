"""The waiting calls: epoll, poll, select and sleep, all over one wait of the clock."""

from __future__ import annotations

import errno
import select as constants
from typing import TYPE_CHECKING

from fakepoll.abi import ALWAYS, ET, EXCLUSIVE, IN, MAX_EVENTS, NS_PER_MS, OUT, WAKEUP, NotModelled, fail
from fakepoll.epoll import Epoll, Event
from fakepoll.readiness import Scan, Selection

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

EPOLL_CTL_ADD = 1
EPOLL_CTL_DEL = 2
EPOLL_CTL_MOD = 3
EXCLUSIVE_GOES_WITH = IN | OUT | ALWAYS | ET | WAKEUP | EXCLUSIVE


def epoll_create1(kernel: Kernel, flags: int) -> int:
    """`epoll_create1(2)` with EPOLL_CLOEXEC."""
    if flags & ~constants.EPOLL_CLOEXEC:
        fail(errno.EINVAL)
    return kernel.fds.open(Epoll(kernel), cloexec=bool(flags))


def epoll_ctl(kernel: Kernel, epfd: int, op: int, fd: int, events: int = 0, data: int = 0) -> None:
    """`epoll_ctl(2)`: EBADF (epfd, then fd), EINVAL (itself, not an epoll), then ELOOP, EEXIST or ENOENT."""
    epoll, file = kernel.fds.get(epfd), kernel.fds.get(fd)
    if epoll is file or not isinstance(epoll, Epoll):
        fail(errno.EINVAL)
    if op != EPOLL_CTL_DEL and events & EXCLUSIVE:
        if op == EPOLL_CTL_MOD or isinstance(file, Epoll) or events & ~EXCLUSIVE_GOES_WITH:
            fail(errno.EINVAL)
        raise NotModelled("EPOLLEXCLUSIVE")
    if op == EPOLL_CTL_ADD:
        epoll.add(file, fd, events, data)
    elif op == EPOLL_CTL_MOD:
        epoll.modify(file, fd, events, data)
    elif op == EPOLL_CTL_DEL:
        epoll.delete(file, fd)
    else:
        fail(errno.EINVAL)


def epoll_wait(kernel: Kernel, epfd: int, maxevents: int, timeout_ms: int) -> list[Event]:
    """`epoll_wait(2)`: up to `maxevents` pairs (data, events) in ready-list order; a negative timeout never ends."""
    if not 0 < maxevents <= MAX_EVENTS:
        fail(errno.EINVAL)
    epoll = kernel.fds.get(epfd)
    if not isinstance(epoll, Epoll):
        fail(errno.EINVAL)
    timeout_ns = timeout_ms * NS_PER_MS if timeout_ms >= 0 else None
    return kernel.clock.wait(lambda: epoll.harvest(maxevents), timeout_ns, epoll)


def poll(kernel: Kernel, asked: tuple[Event, ...], timeout_ms: int) -> list[Event]:
    """`poll(2)`: the pairs (fd, revents) of those that show something, in the order of `asked`."""
    if len(asked) > kernel.limits.nofile:
        fail(errno.EINVAL)
    scan = Scan(kernel, asked)
    return kernel.clock.wait(scan.look, timeout_ms * NS_PER_MS if timeout_ms >= 0 else None, scan)


def select(
    kernel: Kernel, read: tuple[int, ...], write: tuple[int, ...], except_: tuple[int, ...], timeout_ns: int | None
) -> list[Event]:
    """`select(2)`: pairs (which set: 0, 1 or 2; fd) in the order of the arguments, or EBADF."""
    selection = Selection(kernel, (read, write, except_))
    return selection.answer(kernel.clock.wait(selection.look, timeout_ns, selection))


def nanosleep(kernel: Kernel, duration_ns: int) -> None:
    """`clock_nanosleep(2)`."""
    if duration_ns < 0:
        fail(errno.EINVAL)
    kernel.clock.sleep(duration_ns)
