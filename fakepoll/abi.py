"""The numbers of the kernel's interface, as tables, and the one place that raises `OSError`.

Masks and flags are the real ones, taken from the standard library of the running Python. `Limits` holds what an
administrator of a Linux machine could tune, with Linux's defaults on x86-64.
"""

from __future__ import annotations

import os
import select
import socket
from dataclasses import dataclass
from typing import NoReturn

IN = select.EPOLLIN
PRI = select.EPOLLPRI
OUT = select.EPOLLOUT
ERR = select.EPOLLERR
HUP = select.EPOLLHUP
NVAL = select.POLLNVAL
RDNORM = select.EPOLLRDNORM
RDBAND = select.EPOLLRDBAND
WRNORM = select.EPOLLWRNORM
WRBAND = select.EPOLLWRBAND
RDHUP = select.EPOLLRDHUP
ET = select.EPOLLET
ONESHOT = select.EPOLLONESHOT
EXCLUSIVE = select.EPOLLEXCLUSIVE
WAKEUP = 1 << 29
"""EPOLLWAKEUP: accepted and stripped, as for a caller without CAP_BLOCK_SUSPEND."""

ALWAYS = ERR | HUP
"""Reported whether asked for or not: epoll_ctl(2) and poll(2) add them to every interest."""
PRIVATE = ET | ONESHOT | EXCLUSIVE | WAKEUP
"""Input flags of epoll_ctl(2) that are no conditions (fs/eventpoll.c:EP_PRIVATE_BITS)."""

READABLE = IN | RDNORM
WRITABLE = OUT | WRNORM
WRITABLE_BAND = OUT | WRNORM | WRBAND
"""What AF_UNIX and UDP show where TCP and pipes show WRITABLE."""
HALF_CLOSED = IN | RDNORM | RDHUP

KEY_STATE = 0
"""Wake key of a change of state: it passes every filter (net/core/sock.c:sock_def_wakeup)."""
KEY_DATA = IN | PRI | RDNORM | RDBAND
"""Wake key of arriving data (net/core/sock.c:sock_def_readable)."""
KEY_SPACE = OUT | WRNORM | WRBAND
"""Wake key of freed send space (net/core/sock.c:sock_def_write_space)."""

EVENT_NAMES = tuple(
    (getattr(select, "EPOLL" + name), name)
    for name in (
        "IN", "PRI", "OUT", "RDNORM", "RDBAND", "WRNORM", "WRBAND", "MSG", "ERR", "HUP", "RDHUP",
        "EXCLUSIVE", "ONESHOT", "ET",
    )
)  # fmt: skip
"""Bits and names in the order in which strace prints them; NVAL exists for poll(2) only."""

SHUT_RECEIVE = 1
SHUT_SEND = 2
SHUT_BOTH = 3
"""Bits of a socket's own shutdown state (include/net/sock.h:RCV_SHUTDOWN, SEND_SHUTDOWN)."""

MSG_OOB = int(socket.MSG_OOB)
MSG_PEEK = int(socket.MSG_PEEK)
MSG_TRUNC = int(socket.MSG_TRUNC)
MSG_DONTWAIT = int(socket.MSG_DONTWAIT)
"""Plain numbers: the socket module's are `IntFlag`s, which are a hundred times slower to test."""

PAGE = 4096
MAX_EVENTS = (1 << 31) // 12
"""epoll_wait(2) refuses a larger `maxevents` (INT_MAX / sizeof(struct epoll_event))."""
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an administrator could tune; the defaults are Linux's, sizes in bytes.

    `nofile` is RLIMIT_NOFILE, counted as if the first fd of the kernel were 3, whatever `first_fd` is.
    `fin_ack_ns` is how long the other side waits before it acknowledges a FIN that nothing else carries along
    (delayed ACK, 1 to 44 ms on a real loopback; 0 acknowledges at once).
    """

    nofile: int = 1024
    somaxconn: int = 4096
    max_dgram_qlen: int = 10
    wmem_default: int = 212_992
    rmem_default: int = 212_992
    wmem_max: int = 4_194_304
    rmem_max: int = 4_194_304
    tcp_wmem: int = 2_626_560
    tcp_rmem: int = 131_072
    pipe_max_size: int = 1_048_576
    ports: tuple[int, int] = (32_768, 60_999)
    fin_ack_ns: int = 1_000_000


class NotModelled(Exception):
    """The program asked for something this fake kernel does not have; the message names it.

    Raised instead of guessing: Linux would have answered.
    """


def fail(number: int) -> NoReturn:
    """Raise the `OSError` of this errno, with the class and the text that Linux's caller would see."""
    raise OSError(number, os.strerror(number))


def mask_text(mask: int, prefix: str = "EPOLL") -> str:
    """Print a mask as strace does: `EPOLLIN|EPOLLOUT`, and what has no name in hexadecimal."""
    names = [prefix + name for bit, name in EVENT_NAMES if mask & bit]
    rest = mask & ~sum(bit for bit, _ in EVENT_NAMES)
    if rest & NVAL:
        names.append(prefix + "NVAL")
        rest &= ~NVAL
    if rest or not names:
        names.append(hex(rest) if rest else "0")
    return "|".join(names)
