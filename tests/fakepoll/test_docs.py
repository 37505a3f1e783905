"""docs/fake-kernel.md says what the code does: its tables are made from the code, and compared here.

`python -m tests.fakepoll.test_docs` writes them anew.
"""

from __future__ import annotations

import fcntl
import re
import select
import socket
import termios
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import fakepoll
from fakepoll.sockets import OPTIONS, option_name
from fakepoll.standins import NAMES
from fakepoll.standins.module import StandIn
from fakepoll.standins.socket_core import CoreModule
from fakepoll.syscalls import SYSCALLS

PAGE = Path(__file__).parents[2] / "docs" / "fake-kernel.md"

Probe = Callable[[fakepoll.Kernel], object]
MODELLED, REFUSED = "modelled", "refused"


def _pipe_end(kernel: fakepoll.Kernel) -> int:
    return kernel.os.pipe()[1]


def _pair(kernel: fakepoll.Kernel) -> Any:
    one, other = kernel.socket.socketpair()
    other.send(b"xy")
    kernel.schedule(0, other.fileno)  # keeps the other end from being collected
    return one


def _epoll_add(flag: int) -> Probe:
    return lambda kernel: kernel.select.epoll().register(_pipe_end(kernel), select.EPOLLIN | flag)


PROBES: tuple[tuple[str, str, Probe], ...] = (
    ("socket", "AF_UNIX, SOCK_STREAM", lambda k: k.socket.socket(socket.AF_UNIX)),
    ("socket", "AF_UNIX, SOCK_DGRAM", lambda k: k.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)),
    ("socket", "AF_UNIX, SOCK_SEQPACKET", lambda k: k.socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)),
    ("socket", "AF_INET, SOCK_STREAM", lambda k: k.socket.socket()),
    ("socket", "AF_INET, SOCK_DGRAM", lambda k: k.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    ("socket", "AF_INET, SOCK_RAW", lambda k: k.socket.socket(socket.AF_INET, socket.SOCK_RAW)),
    ("socket", "AF_INET6, SOCK_STREAM", lambda k: k.socket.socket(socket.AF_INET6)),
    ("socket", "AF_INET6, SOCK_DGRAM", lambda k: k.socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
    ("socket", "AF_NETLINK, AF_PACKET, AF_VSOCK", lambda k: k.socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    ("recvfrom", "MSG_PEEK", lambda k: _pair(k).recv(1, socket.MSG_PEEK)),
    ("recvfrom", "MSG_DONTWAIT", lambda k: _pair(k).recv(1, socket.MSG_DONTWAIT)),
    ("recvfrom", "MSG_TRUNC, not on TCP", lambda k: _pair(k).recv(1, socket.MSG_TRUNC)),
    ("recvfrom", "MSG_WAITALL", lambda k: _pair(k).recv(1, socket.MSG_WAITALL)),
    ("recvfrom", "MSG_ERRQUEUE", lambda k: _pair(k).recv(1, socket.MSG_ERRQUEUE)),
    ("sendto", "MSG_OOB, on AF_UNIX streams and TCP", lambda k: _pair(k).send(b"x", socket.MSG_OOB)),
    ("sendto", "MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE", lambda k: _pair(k).send(b"x", socket.MSG_MORE)),
    ("sendto", "MSG_ZEROCOPY", lambda k: _pair(k).send(b"x", 0x4000000)),
    ("sendto", "ancillary data (sendmsg)", lambda k: _pair(k).sendmsg([b"x"], [(1, 1, b"")])),
    ("epoll_ctl", "EPOLLET", _epoll_add(select.EPOLLET)),
    ("epoll_ctl", "EPOLLONESHOT", _epoll_add(select.EPOLLONESHOT)),
    ("epoll_ctl", "EPOLLWAKEUP", _epoll_add(1 << 29)),
    ("epoll_ctl", "EPOLLEXCLUSIVE", _epoll_add(select.EPOLLEXCLUSIVE)),
    ("fcntl", "F_GETFL, F_SETFL", lambda k: k.fcntl.fcntl(_pipe_end(k), fcntl.F_SETFL, 0)),
    ("fcntl", "F_GETFD, F_SETFD", lambda k: k.fcntl.fcntl(_pipe_end(k), fcntl.F_GETFD)),
    ("fcntl", "F_DUPFD, F_DUPFD_CLOEXEC", lambda k: k.fcntl.fcntl(_pipe_end(k), fcntl.F_DUPFD, 9)),
    ("fcntl", "F_GETPIPE_SZ, F_SETPIPE_SZ", lambda k: k.fcntl.fcntl(_pipe_end(k), 1032)),
    ("fcntl", "locks, leases, owners, seals", lambda k: k.fcntl.fcntl(_pipe_end(k), fcntl.F_SETOWN, 1)),
    ("ioctl", "FIONBIO, FIOCLEX, FIONCLEX", lambda k: k.fcntl.ioctl(_pipe_end(k), termios.FIONBIO, b"\1\0\0\0")),
    ("ioctl", "FIONREAD", lambda k: k.fcntl.ioctl(k.os.pipe()[0], termios.FIONREAD)),
    ("ioctl", "TIOCOUTQ (SIOCOUTQ)", lambda k: k.fcntl.ioctl(_pair(k), termios.TIOCOUTQ)),
    ("ioctl", "FIOASYNC", lambda k: k.fcntl.ioctl(_pipe_end(k), termios.FIOASYNC)),
    ("pipe2", "O_NONBLOCK, O_CLOEXEC", lambda k: k.os.pipe2(0o4000)),
    ("pipe2", "O_DIRECT", lambda k: k.os.pipe2(0o40000)),
    ("eventfd2", "EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC", lambda k: k.os.eventfd(0, 1)),
)
"""(call, flag or kind, what uses it); whether it is refused is found out by trying."""


def _status(probe: Probe) -> str:
    with_room = fakepoll.Kernel()
    try:
        probe(with_room)
    except fakepoll.NotModelled:
        return REFUSED
    return MODELLED


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _modelled_names(name: str) -> list[str]:
    module = getattr(fakepoll.Kernel(), name)
    if name == "socket":
        return sorted([*CoreModule(module._kernel).functions(), "getaddrinfo", "socket"])
    if name == "selectors":
        return ["DefaultSelector", "EpollSelector", "PollSelector", "SelectSelector"]
    return sorted(each for each in vars(type(module)) if not each.startswith("_") and each not in vars(StandIn))


def _standin_rows() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name in NAMES:
        modelled = [each for each in _modelled_names(name) if each not in ("real", "pure")]
        pure = sorted(getattr(getattr(fakepoll.Kernel(), name), "pure", ()))
        rows.append((f"`{name}`", ", ".join(modelled), ", ".join(pure) or "-"))
    return rows


def tables() -> dict[str, str]:
    """Make every table of the page from the code."""
    options = [(f"`{option_name(*key)}`", status) for key, status in OPTIONS.items()]
    calls = [(f"`{name}`", (row.function.__doc__ or "").splitlines()[0]) for name, row in SYSCALLS.items()]
    flags = [(f"`{call}`", what, _status(probe)) for call, what, probe in PROBES]
    return {
        "calls": _table(("call", "what it does here"), calls),
        "flags": _table(("call", "kind, flag or command", "status"), flags),
        "options": _table(("option", "status"), options),
        "standins": _table(("module", "modelled", "pure functions kept from the real module"), _standin_rows()),
    }


@pytest.mark.parametrize("name", ["calls", "flags", "options", "standins"])
def test_page_says_what_the_code_does(name: str) -> None:
    """A call, an option or a flag that is added, dropped or changed is so on the page as well."""
    found = re.search(rf"<!-- {name} -->\n\n(.*?)\n\n<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found is not None, f"docs/fake-kernel.md has no table {name}"
    assert found[1] == tables()[name], "run python -m tests.fakepoll.test_docs"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_standin_does_not_model_says_so(name: str) -> None:
    """Every other function of the real module is there, and raises NotModelled with its own name."""
    module = getattr(fakepoll.Kernel(), name)
    known = {*_modelled_names(name), *getattr(module, "pure", ())}
    refused = [
        each
        for each in dir(module)
        if not each.startswith("_")
        and each not in known
        and type(vars(module.real)[each]).__name__.startswith("builtin")
    ]
    for each in refused:
        with pytest.raises(fakepoll.NotModelled, match=each):
            getattr(module, each)()


def main() -> None:
    """Write the tables into the page."""
    text = PAGE.read_text()
    for name, table in tables().items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n\n")
        _, end, after = rest.partition("\n\n<!-- end -->")
        text = before + begin + table + end + after
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
