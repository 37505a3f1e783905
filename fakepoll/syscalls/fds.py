"""Calls on file descriptors of any kind, and those that make pipes and eventfds."""

from __future__ import annotations

import errno
import fcntl as constants
import os
import termios
from typing import TYPE_CHECKING

from fakepoll.abi import PAGE, NotModelled, fail
from fakepoll.eventfd import EventFd
from fakepoll.file import File
from fakepoll.pipe import Pipe, PipeReader, PipeWriter
from fakepoll.syscalls.blocking import until_all_sent, until_done

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

CHANGEABLE = os.O_APPEND | os.O_NONBLOCK | os.O_ASYNC | os.O_DIRECT | os.O_NOATIME
"""The status flags that F_SETFL can change; it ignores the others (fcntl(2))."""
F_SETPIPE_SZ = 1031
F_GETPIPE_SZ = 1032


def read(kernel: Kernel, fd: int, size: int) -> bytes:
    """`read(2)`."""
    file = kernel.fds.get(fd)
    if size < 0:
        fail(errno.EINVAL)
    data = until_done(kernel, file, "read", lambda: file.read(size))
    if data:
        kernel.clock.idle = 0
    return data


def write(kernel: Kernel, fd: int, data: bytes) -> int:
    """`write(2)`."""
    file = kernel.fds.get(fd)
    return until_all_sent(kernel, file, "write", file.write, data)


def close(kernel: Kernel, fd: int) -> None:
    """`close(2)`."""
    kernel.fds.close(fd)


def dup(kernel: Kernel, fd: int) -> int:
    """`dup(2)`; the new number is inheritable."""
    return kernel.fds.open(kernel.fds.get(fd), cloexec=False)


def dup2(kernel: Kernel, fd: int, fd2: int) -> int:
    """`dup2(2)`; a number onto itself changes nothing."""
    file = kernel.fds.get(fd)
    if fd != fd2:
        kernel.fds.replace(fd2, file, cloexec=False)
    return fd2


def dup3(kernel: Kernel, fd: int, fd2: int, flags: int) -> int:
    """`dup3(2)`; a number onto itself is EINVAL."""
    if flags & ~os.O_CLOEXEC or fd == fd2:
        fail(errno.EINVAL)
    kernel.fds.replace(fd2, kernel.fds.get(fd), cloexec=bool(flags))
    return fd2


def fcntl(kernel: Kernel, fd: int, command: int, argument: int) -> int:
    """`fcntl(2)`: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL and the size of a pipe."""
    file = kernel.fds.get(fd)
    match command:
        case constants.F_GETFL:
            return file.flags
        case constants.F_SETFL:
            file.flags = (file.flags & ~CHANGEABLE) | (argument & CHANGEABLE)
            return 0
        case constants.F_GETFD:
            return constants.FD_CLOEXEC if kernel.fds.is_cloexec(fd) else 0
        case constants.F_SETFD:
            kernel.fds.set_cloexec(fd, cloexec=bool(argument & constants.FD_CLOEXEC))
            return 0
        case constants.F_DUPFD | constants.F_DUPFD_CLOEXEC:
            if argument < 0:
                fail(errno.EINVAL)
            return kernel.fds.open(file, cloexec=command == constants.F_DUPFD_CLOEXEC, lowest=argument)
    if command in (F_SETPIPE_SZ, F_GETPIPE_SZ):
        return _pipe_size(kernel, file, argument if command == F_SETPIPE_SZ else None)
    raise NotModelled(f"fcntl command {command}")


def _pipe_size(kernel: Kernel, file: File, wanted: int | None) -> int:
    if not isinstance(file, PipeReader | PipeWriter):
        fail(errno.EBADF)
    if wanted is None:
        return file.pipe.limit * PAGE
    if wanted > kernel.limits.pipe_max_size:
        fail(errno.EPERM)
    return file.pipe.resize(wanted)


def ioctl(kernel: Kernel, fd: int, request: int, argument: int) -> int:
    """`ioctl(2)`: FIONBIO sets O_NONBLOCK, FIONREAD and TIOCOUTQ count bytes."""
    file = kernel.fds.get(fd)
    match request:
        case termios.FIONBIO:
            file.flags = file.flags | os.O_NONBLOCK if argument else file.flags & ~os.O_NONBLOCK
            return 0
        case termios.FIONREAD:
            return file.unread()
        case termios.TIOCOUTQ:
            return file.unsent()
        case termios.FIOCLEX | termios.FIONCLEX:
            kernel.fds.set_cloexec(fd, cloexec=request == termios.FIOCLEX)
            return 0
    raise NotModelled(f"ioctl request {request:#x}")


def fstat(kernel: Kernel, fd: int) -> os.stat_result:
    """`fstat(2)`."""
    return kernel.fds.get(fd).stat()


def pipe2(kernel: Kernel, flags: int) -> tuple[int, int]:
    """`pipe2(2)` with O_NONBLOCK and O_CLOEXEC; packet mode (O_DIRECT) is not modelled."""
    if flags & os.O_DIRECT:
        raise NotModelled("pipe2 with O_DIRECT")
    if flags & ~(os.O_NONBLOCK | os.O_CLOEXEC):
        fail(errno.EINVAL)
    kernel.fds.check_room(2)
    pipe = Pipe(kernel, flags & os.O_NONBLOCK)
    assert pipe.reader is not None
    assert pipe.writer is not None
    cloexec = bool(flags & os.O_CLOEXEC)
    return kernel.fds.open(pipe.reader, cloexec=cloexec), kernel.fds.open(pipe.writer, cloexec=cloexec)


def eventfd2(kernel: Kernel, count: int, flags: int) -> int:
    """`eventfd2(2)` with EFD_SEMAPHORE, EFD_NONBLOCK and EFD_CLOEXEC."""
    if flags & ~(os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC):
        fail(errno.EINVAL)
    semaphore = bool(flags & os.EFD_SEMAPHORE)
    file = EventFd(kernel, count, semaphore=semaphore, flags=flags & os.O_NONBLOCK)
    return kernel.fds.open(file, cloexec=bool(flags & os.EFD_CLOEXEC))


def unlink(kernel: Kernel, path: str) -> None:
    """`unlink(2)` of a path that an AF_UNIX socket made; there are no other files."""
    if path not in kernel.network.unix:
        fail(errno.ENOENT)
    del kernel.network.unix[path]


def stat(kernel: Kernel, path: str) -> os.stat_result:
    """`stat(2)` of a path that an AF_UNIX socket made; there are no other files."""
    if path not in kernel.network.unix:
        fail(errno.ENOENT)
    owner = kernel.network.unix[path]
    return os.stat_result((0o140755, owner.serial if owner else 0, 0, 1, 0, 0, 0, 0, 0, 0))
