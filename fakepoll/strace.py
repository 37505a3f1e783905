"""How each call is written: names for numbers, quoted data, errnos with their text, as strace prints them."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import termios
from collections.abc import Callable
from typing import Any

from fakepoll.abi import NS_PER_S, mask_text
from fakepoll.sockets import Address, option_name

Args = tuple[Any, ...]
LONGEST_DATA = 32
"""strace shows so many bytes of a string, then dots."""

CTL_OPS = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
SHUT_NAMES = ("SHUT_RD", "SHUT_WR", "SHUT_RDWR")
FCNTL_NAMES = {
    getattr(fcntl, name): name for name in ("F_DUPFD", "F_GETFD", "F_SETFD", "F_GETFL", "F_SETFL", "F_DUPFD_CLOEXEC")
} | {1031: "F_SETPIPE_SZ", 1032: "F_GETPIPE_SZ"}
IOCTL_NAMES = {getattr(termios, name): name for name in ("FIONBIO", "FIONREAD", "TIOCOUTQ", "FIOCLEX", "FIONCLEX")}
OPEN_FLAGS = tuple((getattr(os, name), name) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_DIRECT"))
TYPE_NAMES: dict[int, str] = {socket.SOCK_STREAM: "SOCK_STREAM", socket.SOCK_DGRAM: "SOCK_DGRAM"}
TYPE_FLAGS = ((socket.SOCK_CLOEXEC, "SOCK_CLOEXEC"), (socket.SOCK_NONBLOCK, "SOCK_NONBLOCK"))
EVENTFD_FLAGS = ((os.EFD_CLOEXEC, "EFD_CLOEXEC"), (os.EFD_NONBLOCK, "EFD_NONBLOCK"), (1, "EFD_SEMAPHORE"))
MESSAGE_FLAGS = tuple(
    (int(getattr(socket, name)), name)
    for name in ("MSG_OOB", "MSG_PEEK", "MSG_TRUNC", "MSG_DONTWAIT", "MSG_NOSIGNAL", "MSG_MORE")
)


class Failure:
    """How a call ended that did not return: an errno, or the class of an exception of the fake's own."""

    __slots__ = ("cause",)

    def __init__(self, cause: int | type[BaseException]) -> None:
        self.cause = cause

    def __str__(self) -> str:
        if isinstance(self.cause, int):
            return f"-1 {errno.errorcode.get(self.cause, self.cause)} ({os.strerror(self.cause)})"
        return f"? <{self.cause.__name__}>"


def format_call(call: tuple[int, str, Args, Any]) -> str:
    """Write one recorded call as a line, without the line end."""
    time_ns, name, args, result = call
    stamp = f"{time_ns // NS_PER_S}.{time_ns % NS_PER_S:09d}"
    if not name:
        return f"{stamp} --- {result} ---"
    shown, answer = FORMATS[name](args, result)
    if isinstance(result, Failure):
        answer = str(result)
    return f"{stamp} {name}({shown}) = {answer}"


def flags_text(value: int, names: tuple[tuple[int, str], ...]) -> str:
    """Write a set of flags: names joined by `|`, the rest in hexadecimal, `0` if there is none."""
    shown = [name for bit, name in names if value & bit]
    rest = value & ~sum(bit for bit, _ in names)
    return "|".join([*shown, hex(rest)] if rest else shown) or "0"


def data_text(data: bytes) -> str:
    """Write bytes as strace does: quoted, cut after 32."""
    text = repr(data[:LONGEST_DATA])[2:-1].replace('"', '\\"').replace("\\'", "'")
    return f'"{text}"' + ("..." if len(data) > LONGEST_DATA else "")


def address_text(address: Address) -> str:
    """Write a socket address as strace does."""
    match address:
        case None:
            return "NULL"
        case bytes():
            return f'{{sa_family=AF_UNIX, sun_path=@"{address[1:].decode(errors="backslashreplace")}"}}'
        case str():
            return f'{{sa_family=AF_UNIX, sun_path="{address}"}}' if address else "{sa_family=AF_UNIX}"
        case (host, port):
            return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{host}")}}'
        case (host, port, *_):
            return f'{{sa_family=AF_INET6, sin6_port=htons({port}), sin6_addr="{host}"}}'


def _failed(result: Any) -> bool:
    return isinstance(result, Failure)


def _type_text(type_: int) -> str:
    kind = type_ & ~(socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    flags = flags_text(type_ & ~kind, TYPE_FLAGS)
    return TYPE_NAMES.get(kind, str(kind)) + ("" if flags == "0" else f"|{flags}")


def _plain(args: Args, result: Any) -> tuple[str, str]:
    return ", ".join(str(arg) for arg in args), "0" if result is None else str(result)


def _read(args: Args, result: Any) -> tuple[str, str]:
    data = "" if _failed(result) else data_text(result)
    return f"{args[0]}, {data}, {args[1]}", str(len(result) if data else 0)


def _write(args: Args, result: Any) -> tuple[str, str]:
    return f"{args[0]}, {data_text(args[1])}, {len(args[1])}", str(result)


def _pair(args: Args, result: Any) -> tuple[str, str]:
    pair = "0x7ffd0000" if _failed(result) else f"[{result[0]}, {result[1]}]"
    if len(args) == 1:
        return f"{pair}, {flags_text(args[0], OPEN_FLAGS)}", "0"
    return f"{_family(args[0])}, {_type_text(args[1])}, {args[2]}, {pair}", "0"


def _family(number: int) -> str:
    names = {socket.AF_UNIX: "AF_UNIX", socket.AF_INET: "AF_INET", socket.AF_INET6: "AF_INET6"}
    return names.get(socket.AddressFamily(number) if number in names else socket.AF_UNSPEC, str(number))


def _socket(args: Args, result: Any) -> tuple[str, str]:
    return f"{_family(args[0])}, {_type_text(args[1])}, {args[2]}", str(result)


def _eventfd2(args: Args, result: Any) -> tuple[str, str]:
    return f"{args[0]}, {flags_text(args[1], EVENTFD_FLAGS)}", str(result)


def _fcntl(args: Args, result: Any) -> tuple[str, str]:
    fd, command, argument = args
    shown = f"{fd}, {FCNTL_NAMES.get(command, command)}"
    if command in (fcntl.F_GETFL, fcntl.F_GETFD):
        return shown, hex(result) if isinstance(result, int) else ""
    return f"{shown}, {hex(argument) if command == fcntl.F_SETFL else argument}", str(result)


def _ioctl(args: Args, result: Any) -> tuple[str, str]:
    fd, request, argument = args
    shown = IOCTL_NAMES.get(request, hex(request))
    if shown in ("FIONREAD", "TIOCOUTQ"):
        return f"{fd}, {shown}, [{result}]", "0"
    return f"{fd}, {shown}, [{argument}]", "0"


def _stat(args: Args, result: Any) -> tuple[str, str]:
    where = args[0] if isinstance(args[0], int) else f'"{args[0]}"'
    return f"{where}, {{...}}" if not _failed(result) else str(where), "0"


def _unlink(args: Args, _result: Any) -> tuple[str, str]:
    return f'"{args[0]}"', "0"


def _addressed(args: Args, _result: Any) -> tuple[str, str]:
    return f"{args[0]}, {address_text(args[1])}", "0"


def _accept4(args: Args, result: Any) -> tuple[str, str]:
    fd, flags = args
    shown = flags_text(flags, TYPE_FLAGS)
    if _failed(result):
        return f"{fd}, 0x7ffd0000, {shown}", ""
    return f"{fd}, {address_text(result[1])}, {shown}", str(result[0])


def _shutdown(args: Args, _result: Any) -> tuple[str, str]:
    fd, how = args
    return f"{fd}, {SHUT_NAMES[how] if 0 <= how <= 2 else how}", "0"


def _sendto(args: Args, result: Any) -> tuple[str, str]:
    fd, data, flags, *address = args
    where = address_text(address[0]) if address else "NULL"
    return f"{fd}, {data_text(data)}, {len(data)}, {flags_text(flags, MESSAGE_FLAGS)}, {where}", str(result)


def _recvfrom(args: Args, result: Any) -> tuple[str, str]:
    fd, size, flags = args
    if _failed(result):
        return f"{fd}, 0x7ffd0000, {size}, {flags_text(flags, MESSAGE_FLAGS)}, NULL", ""
    data, length, sender = result
    where = address_text(sender or None)
    return f"{fd}, {data_text(data)}, {size}, {flags_text(flags, MESSAGE_FLAGS)}, {where}", str(length)


def _getsockopt(args: Args, result: Any) -> tuple[str, str]:
    fd, level, option = args
    if level == socket.SOL_SOCKET and option == socket.SO_ERROR and isinstance(result, int) and result:
        result = errno.errorcode[result]
    return f"{fd}, {option_name(level, option)}, [{'' if _failed(result) else result}]", "0"


def _setsockopt(args: Args, _result: Any) -> tuple[str, str]:
    fd, level, option, value = args
    return f"{fd}, {option_name(level, option)}, {[value] if isinstance(value, int) else value!r}", "0"


def _name(args: Args, result: Any) -> tuple[str, str]:
    return f"{args[0]}, {'0x7ffd0000' if _failed(result) else address_text(result)}", "0"


def _epoll_create1(args: Args, result: Any) -> tuple[str, str]:
    return "EPOLL_CLOEXEC" if args[0] else "0", str(result)


def _event(events: int, data: int) -> str:
    return f"{{events={mask_text(events)}, data={{u32={data & 0xFFFF_FFFF}, u64={data}}}}}"


def _epoll_ctl(args: Args, _result: Any) -> tuple[str, str]:
    epfd, op, fd, *event = args
    shown = _event(*event) if event else "NULL"
    return f"{epfd}, {CTL_OPS.get(op, op)}, {fd}, {shown}", "0"


def _epoll_wait(args: Args, result: Any) -> tuple[str, str]:
    epfd, maxevents, timeout_ms = args
    found = [] if _failed(result) else [_event(events, data) for data, events in result]
    return f"{epfd}, [{', '.join(found)}], {maxevents}, {timeout_ms}", str(len(found))


def _poll(args: Args, result: Any) -> tuple[str, str]:
    asked, timeout_ms = args
    shown = ", ".join(f"{{fd={fd}, events={mask_text(events, 'POLL')}}}" for fd, events in asked)
    if _failed(result):
        return f"[{shown}], {len(asked)}, {timeout_ms}", ""
    told = ", ".join(f"{{fd={fd}, revents={mask_text(events, 'POLL')}}}" for fd, events in result)
    return f"[{shown}], {len(asked)}, {timeout_ms}", f"{len(result)} ([{told}])" if result else "0 (Timeout)"


def _select(args: Args, result: Any) -> tuple[str, str]:
    *sets, timeout_ns = args
    highest = max((fd for fds in sets for fd in fds), default=-1)
    shown = ", ".join(f"[{' '.join(str(fd) for fd in fds)}]" for fds in sets)
    timeout = "NULL" if timeout_ns is None else f"{timeout_ns / NS_PER_S:.6f}"
    if _failed(result) or not result:
        return f"{highest + 1}, {shown}, {timeout}", "0 (Timeout)"
    told = [[fd for which, fd in result if which == number] for number in range(3)]
    names = ("in", "out", "except")
    parts = ", ".join(f"{n} [{' '.join(str(fd) for fd in t)}]" for n, t in zip(names, told, strict=True) if t)
    return f"{highest + 1}, {shown}, {timeout}", f"{len(result)} ({parts})"


def _nanosleep(args: Args, _result: Any) -> tuple[str, str]:
    return f"{{tv_sec={args[0] // NS_PER_S}, tv_nsec={args[0] % NS_PER_S}}}", "0"


FORMATS: dict[str, Callable[[Args, Any], tuple[str, str]]] = {
    "read": _read,
    "write": _write,
    "close": _plain,
    "dup": _plain,
    "dup2": _plain,
    "dup3": _plain,
    "fcntl": _fcntl,
    "ioctl": _ioctl,
    "fstat": _stat,
    "pipe2": _pair,
    "eventfd2": _eventfd2,
    "unlink": _unlink,
    "stat": _stat,
    "socket": _socket,
    "socketpair": _pair,
    "bind": _addressed,
    "listen": _plain,
    "accept4": _accept4,
    "connect": _addressed,
    "shutdown": _shutdown,
    "sendto": _sendto,
    "recvfrom": _recvfrom,
    "getsockopt": _getsockopt,
    "setsockopt": _setsockopt,
    "getsockname": _name,
    "getpeername": _name,
    "epoll_create1": _epoll_create1,
    "epoll_ctl": _epoll_ctl,
    "epoll_wait": _epoll_wait,
    "poll": _poll,
    "select": _select,
    "nanosleep": _nanosleep,
}
"""One row per system call: how its arguments and its result are written."""
