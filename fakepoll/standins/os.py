"""`os`: what works on fds, as CPython's Modules/posixmodule.c does it; there are no files but those of sockets."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import termios

from fakepoll.abi import fail
from fakepoll.standins.module import StandIn, as_bytes, as_int

PID = 1000


class OsModule(StandIn):
    """The `os` module over a kernel."""

    real = os
    pure = frozenset(
        """WCOREDUMP WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WSTOPSIG WTERMSIG cpu_count fsdecode
        fsencode fspath get_exec_path getenv getenvb major makedev minor process_cpu_count register_at_fork strerror
        waitstatus_to_exitcode""".split()  # noqa: SIM905 - twenty names read better than twenty strings
    )

    def read(self, fd: int, length: int, /) -> bytes:
        """`read(2)`."""
        number = as_int(fd)
        if length < 0:
            fail(errno.EINVAL)
        data: bytes = self._calls.read(number, length)
        return data

    def write(self, fd: int, data: object, /) -> int:
        """`write(2)`."""
        written: int = self._calls.write(as_int(fd), as_bytes(data))
        return written

    def close(self, fd: int) -> None:
        """`close(2)`."""
        self._calls.close(as_int(fd))

    def closerange(self, fd_low: int, fd_high: int, /) -> None:
        """Close a range of numbers, open or not."""
        for fd in [fd for fd, _ in self._kernel.fds.items() if fd_low <= fd < fd_high]:
            self._calls.close(fd)

    def dup(self, fd: int, /) -> int:
        """Duplicate; the new number is not inheritable."""
        made: int = self._calls.fcntl(as_int(fd), fcntl.F_DUPFD_CLOEXEC, 0)
        return made

    def dup2(self, fd: int, fd2: int, inheritable: bool = True) -> int:
        """`dup2(2)`, or `dup3(2)` for a number that is not to be inherited."""
        old, new = as_int(fd), as_int(fd2)
        if old < 0 or new < 0:
            fail(errno.EBADF)
        made: int = self._calls.dup2(old, new) if inheritable else self._calls.dup3(old, new, os.O_CLOEXEC)
        return made

    def pipe(self) -> tuple[int, int]:
        """`pipe2(2)`, not inheritable."""
        return self.pipe2(os.O_CLOEXEC)

    def pipe2(self, flags: int, /) -> tuple[int, int]:
        """`pipe2(2)`."""
        ends: tuple[int, int] = self._calls.pipe2(as_int(flags))
        return ends

    def eventfd(self, initval: int, flags: int = os.EFD_CLOEXEC) -> int:
        """`eventfd(2)`."""
        if not isinstance(initval, int):
            raise TypeError(f"'{type(initval).__name__}' object cannot be interpreted as an integer")
        if initval < 0:
            raise ValueError("value must be positive")
        if initval > 0xFFFF_FFFF:
            raise OverflowError("Python int too large for C unsigned int")
        made: int = self._calls.eventfd2(initval, as_int(flags))
        return made

    def eventfd_read(self, fd: int) -> int:
        """Take the count of an eventfd."""
        return int.from_bytes(self._calls.read(as_int(fd), 8), sys.byteorder)

    def eventfd_write(self, fd: int, value: int) -> None:
        """Add to the count of an eventfd."""
        if value < 0:
            raise ValueError("value must be positive")
        self._calls.write(as_int(fd), value.to_bytes(8, sys.byteorder))

    def get_blocking(self, fd: int, /) -> bool:
        """Tell whether O_NONBLOCK is off."""
        return not self._calls.fcntl(as_int(fd), fcntl.F_GETFL, 0) & os.O_NONBLOCK

    def set_blocking(self, fd: int, blocking: bool, /) -> None:
        """Set or clear O_NONBLOCK."""
        self._calls.ioctl(as_int(fd), termios.FIONBIO, int(not blocking))

    def get_inheritable(self, fd: int, /) -> bool:
        """Tell whether FD_CLOEXEC is off."""
        return not self._calls.fcntl(as_int(fd), fcntl.F_GETFD, 0)

    def set_inheritable(self, fd: int, inheritable: int, /) -> None:
        """Set or clear FD_CLOEXEC."""
        self._calls.ioctl(as_int(fd), termios.FIONCLEX if inheritable else termios.FIOCLEX, 0)

    def fstat(self, fd: int) -> os.stat_result:
        """`fstat(2)`."""
        found: os.stat_result = self._calls.fstat(as_int(fd))
        return found

    def isatty(self, fd: int, /) -> bool:
        """Nothing here is a terminal."""
        as_int(fd)
        return False

    def stat(self, path: object) -> os.stat_result:
        """`stat(2)` of an fd, or of a path that an AF_UNIX socket made."""
        if isinstance(path, int):
            return self.fstat(path)
        name = os.fsdecode(path)  # type: ignore[arg-type]
        try:
            found: os.stat_result = self._calls.stat(name)
        except OSError as error:
            raise OSError(error.errno, error.strerror, name) from None
        return found

    def unlink(self, path: object) -> None:
        """`unlink(2)` of a path that an AF_UNIX socket made."""
        name = os.fsdecode(path)  # type: ignore[arg-type]
        try:
            self._calls.unlink(name)
        except OSError as error:
            raise OSError(error.errno, error.strerror, name) from None

    remove = unlink

    def getpid(self) -> int:
        """Give the one process's number."""
        return PID

    def kill(self, pid: int, sig: int, /) -> None:
        """`kill(2)` of the own process; there is no other."""
        if pid != PID:
            fail(errno.ESRCH)
        if sig:
            self._kernel.signals.deliver(sig)
