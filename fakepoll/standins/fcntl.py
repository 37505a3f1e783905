"""`fcntl`: status and descriptor flags, duplicates, pipe sizes, and the requests that count or switch something."""

from __future__ import annotations

import fcntl
import struct
import termios

from fakepoll.abi import NotModelled
from fakepoll.standins.module import StandIn, as_fd

COUNTS = (termios.FIONREAD, termios.TIOCOUTQ)
"""Requests that give a number back; TIOCOUTQ on a socket is SIOCOUTQ."""


class FcntlModule(StandIn):
    """The `fcntl` module over a kernel."""

    real = fcntl

    def fcntl(self, fd: object, cmd: int, arg: int | bytes = 0, /) -> int:
        """`fcntl(2)` with a number as argument."""
        if not isinstance(arg, int):
            raise NotModelled("fcntl with a structure")
        result: int = self._calls.fcntl(as_fd(fd), cmd, arg)
        return result

    def ioctl(
        self, fd: object, request: int, arg: int | bytes | bytearray = 0, mutate_flag: bool = True, /
    ) -> int | bytes:
        """`ioctl(2)`; an `int` behind a buffer is read and written as C would."""
        number = arg if isinstance(arg, int) else struct.unpack_from("i", arg)[0]
        result: int = self._calls.ioctl(as_fd(fd), request & 0xFFFF_FFFF, number)
        if isinstance(arg, int):
            return result
        written = struct.pack("i", result if request in COUNTS else number) + bytes(arg[4:])
        if isinstance(arg, bytes) or not mutate_flag:
            return written
        memoryview(arg).cast("B")[:] = written
        return 0
