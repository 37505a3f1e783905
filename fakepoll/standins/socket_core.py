"""`_socket`: the base class of sockets and the functions beside it, with the checks of Modules/socketmodule.c.

A socket with a timeout is non-blocking below, and each call waits with poll(2) first, as CPython's does.
"""

from __future__ import annotations

import _socket
import errno
import select
import socket
import termios
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from fakepoll.abi import NS_PER_S, NotModelled, fail
from fakepoll.sockets import Address
from fakepoll.standins.module import StandIn, as_bytes, as_int, as_ms, as_ns, over
from fakepoll.standins.socket_address import getaddrinfo, getnameinfo, parse_address, resolve

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

PURE = frozenset(
    ("CMSG_LEN", "CMSG_SPACE", "htonl", "htons", "inet_aton", "inet_ntoa", "inet_ntop", "inet_pton", "ntohl", "ntohs")
)
TYPE_FLAGS = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
DEFAULT_BACKLOG = min(socket.SOMAXCONN, 128)
STRUCTURES = {(socket.SOL_SOCKET, socket.SO_LINGER), (socket.IPPROTO_TCP, socket.TCP_INFO)}


class CoreSocket:
    """_socket.socket: an fd with a family, a type, a protocol and a timeout.

    `_timeout_ns` is None for blocking, 0 for non-blocking, else the time that a call may take.
    """

    __slots__ = ("_fd", "_proto", "_sock_family", "_sock_type", "_timeout_ns")

    kernel: ClassVar[Kernel]
    core: ClassVar[CoreModule]

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        calls = self.kernel.calls
        self._fd = -1
        if fileno is None:
            family = socket.AF_INET if family == -1 else as_int(family)
            type = socket.SOCK_STREAM if type == -1 else as_int(type)
            proto = 0 if proto == -1 else as_int(proto)
            self._fd = calls.socket(family, type | socket.SOCK_CLOEXEC, proto)
        else:
            fd = as_int(fileno)
            if fd < 0:
                raise ValueError("negative file descriptor")
            calls.getsockname(fd)
            family = calls.getsockopt(fd, socket.SOL_SOCKET, socket.SO_DOMAIN) if family == -1 else family
            type = calls.getsockopt(fd, socket.SOL_SOCKET, socket.SO_TYPE) if type == -1 else type
            proto = calls.getsockopt(fd, socket.SOL_SOCKET, socket.SO_PROTOCOL) if proto == -1 else proto
            self._fd = fd
        self._sock_family = int(family)
        self._sock_type = int(type) & ~TYPE_FLAGS
        self._proto = int(proto)
        self._timeout_ns: int | None = 0 if type & socket.SOCK_NONBLOCK else self.core.default_timeout_ns
        if self._timeout_ns is not None and not type & socket.SOCK_NONBLOCK:
            calls.ioctl(self._fd, termios.FIONBIO, 1)

    def __del__(self) -> None:
        """As CPython does: an object that nobody holds closes its fd."""
        if getattr(self, "_fd", -1) in self.kernel.fds.files:
            self.kernel.calls.close(self._fd)

    @property
    def family(self) -> int:
        """The address family."""
        return self._sock_family

    @property
    def type(self) -> int:
        """The type, without flags."""
        return self._sock_type

    @property
    def proto(self) -> int:
        """The protocol."""
        return self._proto

    @property
    def timeout(self) -> float | None:
        """The timeout in seconds."""
        return self.gettimeout()

    def fileno(self) -> int:
        """Give the fd; -1 once closed."""
        return self._fd

    def close(self) -> None:
        """Close the fd; a connection that was reset meanwhile is no error."""
        fd, self._fd = self._fd, -1
        if fd != -1:
            self.kernel.calls.close(fd)

    def detach(self) -> int:
        """Give the fd away without closing it."""
        fd, self._fd = self._fd, -1
        return fd

    def gettimeout(self) -> float | None:
        """Give the timeout in seconds, None for a blocking socket."""
        return None if self._timeout_ns is None else self._timeout_ns / NS_PER_S

    def settimeout(self, value: float | None, /) -> None:
        """Set the timeout in seconds; None blocks, 0 does not."""
        self._timeout_ns = parse_timeout(value)
        self.kernel.calls.ioctl(self._fd, termios.FIONBIO, int(self._timeout_ns is not None))

    def setblocking(self, flag: object, /) -> None:
        """Set the timeout to None or 0."""
        self._timeout_ns = None if flag else 0
        self.kernel.calls.ioctl(self._fd, termios.FIONBIO, int(not flag))

    def getblocking(self) -> bool:
        """Tell whether the timeout is other than 0."""
        return self._timeout_ns != 0

    def _with_timeout(self, event: int, call: Callable[..., Any], *args: Any) -> Any:
        """Perform a call; with a timeout, wait for `event` first, and again whenever it was a false alarm."""
        if not self._timeout_ns:
            return call(*args)
        clock = self.kernel.clock
        deadline_ns = clock.now_ns + self._timeout_ns
        while True:
            self._await(event, deadline_ns)
            try:
                return call(*args)
            except BlockingIOError:
                continue

    def _await(self, event: int, deadline_ns: int) -> None:
        left_ns = deadline_ns - self.kernel.clock.now_ns
        if left_ns < 0 or not self.kernel.calls.poll(((self._fd, event),), as_ms(left_ns)):
            raise TimeoutError("timed out")

    def send(self, data: object, flags: int = 0, /) -> int:
        """`send(2)`."""
        content = as_bytes(data)
        sent: int = self._with_timeout(select.POLLOUT, self.kernel.calls.sendto, self._fd, content, flags)
        return sent

    def sendall(self, data: object, flags: int = 0, /) -> None:
        """`send(2)` until all is sent; the timeout holds for the whole."""
        content = as_bytes(data)
        deadline_ns = self.kernel.clock.now_ns + (self._timeout_ns or 0)
        while True:
            if self._timeout_ns:
                self._await(select.POLLOUT, deadline_ns)
            sent = self.kernel.calls.sendto(self._fd, content, flags)
            content = content[sent:]
            if not content:
                return

    def sendto(self, data: object, *args: Any) -> int:
        """`sendto(2)`: sendto(data[, flags], address)."""
        if len(args) not in (1, 2):
            raise TypeError(f"sendto() takes 2 or 3 arguments ({len(args) + 1} given)")
        flags = as_int(args[0]) if len(args) == 2 else 0
        address = self._parse(args[-1], "sendto")
        call = self.kernel.calls.sendto
        sent: int = self._with_timeout(select.POLLOUT, call, self._fd, as_bytes(data), flags, address)
        return sent

    def sendmsg(
        self, buffers: Iterable[object], ancdata: Iterable[object] = (), flags: int = 0, address: Any = None, /
    ) -> int:
        """`sendmsg(2)` without ancillary data."""
        if list(ancdata):
            raise NotModelled("sendmsg with ancillary data")
        content = b"".join(as_bytes(each) for each in buffers)
        where = None if address is None else self._parse(address, "sendmsg")
        call = self.kernel.calls.sendto
        sent: int = self._with_timeout(select.POLLOUT, call, self._fd, content, flags, where)
        return sent

    def _receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        call = self.kernel.calls.recvfrom
        found: tuple[bytes, int, Address] = self._with_timeout(select.POLLIN, call, self._fd, size, flags)
        return found

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """`recv(2)`; nothing is asked of the kernel for zero bytes."""
        if bufsize < 0:
            raise ValueError("negative buffersize in recv")
        return self._receive(bufsize, flags)[0] if bufsize else b""

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """`recv(2)` into a buffer."""
        view, size = _target(buffer, nbytes, "recv_into")
        data = self._receive(size, flags)[0] if size else b""
        view[: len(data)] = data
        return len(data)

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        """`recvfrom(2)`: the bytes and who sent them."""
        if bufsize < 0:
            raise ValueError("negative buffersize in recvfrom")
        data, _, address = self._receive(bufsize, flags)
        return data, address

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        """`recvfrom(2)` into a buffer."""
        view, size = _target(buffer, nbytes, "recvfrom_into")
        data, _, address = self._receive(size, flags)
        view[: len(data)] = data
        return len(data), address

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Any]:
        """`recvmsg(2)`; there is never ancillary data."""
        if bufsize < 0:
            raise ValueError("negative buffer size in recvmsg()")
        if ancbufsize < 0:
            raise ValueError("invalid ancillary data buffer length")
        data, length, address = self._receive(bufsize, flags | socket.MSG_TRUNC if self._is_datagram() else flags)
        return data, [], socket.MSG_TRUNC if length > len(data) else 0, address

    def _is_datagram(self) -> bool:
        return self._sock_type == socket.SOCK_DGRAM

    def bind(self, address: Any, /) -> None:
        """`bind(2)`."""
        self.kernel.calls.bind(self._fd, self._parse(address, "bind"))

    def listen(self, backlog: int = DEFAULT_BACKLOG, /) -> None:
        """`listen(2)`; a negative backlog is zero."""
        self.kernel.calls.listen(self._fd, max(0, as_int(backlog)))

    def _accept(self) -> tuple[int, Any]:
        fd, address = self._with_timeout(select.POLLIN, self.kernel.calls.accept4, self._fd, socket.SOCK_CLOEXEC)
        return fd, address

    def connect(self, address: Any, /) -> None:
        """`connect(2)`; with a timeout, wait for the answer."""
        error = self._connect(self._parse(address, "connect"))
        if error:
            fail(error)

    def connect_ex(self, address: Any, /) -> int:
        """`connect(2)`, giving the errno back."""
        parsed = self._parse(address, "connect_ex")
        try:
            return self._connect(parsed)
        except TimeoutError:
            return errno.EWOULDBLOCK

    def _connect(self, address: Address) -> int:
        try:
            self.kernel.calls.connect(self._fd, address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS or not self._timeout_ns:
                return error.errno or 0
        else:
            return 0
        self._await(select.POLLOUT, self.kernel.clock.now_ns + self._timeout_ns)
        result: int = self.kernel.calls.getsockopt(self._fd, socket.SOL_SOCKET, socket.SO_ERROR)
        return 0 if result == errno.EISCONN else result

    def shutdown(self, how: int, /) -> None:
        """`shutdown(2)`."""
        self.kernel.calls.shutdown(self._fd, as_int(how))

    def getsockname(self) -> Any:
        """`getsockname(2)`."""
        return self.kernel.calls.getsockname(self._fd)

    def getpeername(self) -> Any:
        """`getpeername(2)`."""
        return self.kernel.calls.getpeername(self._fd)

    def getsockopt(self, level: int, option: int, buflen: int = 0, /) -> Any:
        """`getsockopt(2)`: an int, or with `buflen` that many bytes."""
        value = self.kernel.calls.getsockopt(self._fd, level, option)
        if not buflen:
            return int.from_bytes(value[:4], "little") if isinstance(value, bytes) else value
        if not 0 < buflen <= 1024:
            raise OSError("getsockopt buflen out of range")
        return (value if isinstance(value, bytes) else value.to_bytes(4, "little", signed=True))[:buflen]

    def setsockopt(self, level: int, option: int, value: Any, optlen: int | None = None, /) -> None:
        """`setsockopt(2)` with an int or bytes."""
        if value is None or optlen is not None:
            raise NotModelled("setsockopt with a length")
        given = as_int(value) if isinstance(value, int) else as_bytes(value)
        self.kernel.calls.setsockopt(self._fd, level, option, given)

    def _parse(self, address: Any, caller: str) -> Address:
        return parse_address(self._sock_family, address, caller)


class CoreModule(StandIn):
    """_socket: what socket.py imports from C, for one kernel."""

    real = _socket
    pure = PURE

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.default_timeout_ns: int | None = None
        self.socket = over(kernel, CoreSocket, "_socket.socket")
        self.socket.core = self
        self.getaddrinfo = getaddrinfo

    def functions(self) -> dict[str, Any]:
        """Give the functions by name, for the globals of socket.py."""
        names = ["socketpair", "dup", "close", "getdefaulttimeout", "setdefaulttimeout", "gethostname", "gethostbyname"]
        return {name: getattr(self, name) for name in names} | {"getnameinfo": getnameinfo}

    def socketpair(self, family: int = socket.AF_UNIX, type: int = socket.SOCK_STREAM, proto: int = 0, /) -> Any:
        """`socketpair(2)`, not inheritable."""
        ends = self._kernel.calls.socketpair(as_int(family), as_int(type) | socket.SOCK_CLOEXEC, as_int(proto))
        one, other = (self.socket(family, type, proto, fd) for fd in ends)
        return one, other

    def dup(self, fd: int, /) -> int:
        """Duplicate a number; the new one is not inheritable."""
        return self._kernel.os.dup(fd)

    def close(self, fd: int, /) -> None:
        """`close(2)`."""
        self._kernel.os.close(fd)

    def getdefaulttimeout(self) -> float | None:
        """Give the timeout of new sockets in seconds."""
        return None if self.default_timeout_ns is None else self.default_timeout_ns / NS_PER_S

    def setdefaulttimeout(self, timeout: float | None, /) -> None:
        """Set the timeout of new sockets in seconds."""
        self.default_timeout_ns = parse_timeout(timeout)

    def gethostname(self) -> str:
        """Give the name of the machine."""
        return "localhost"

    def gethostbyname(self, name: str, /) -> str:
        """Find an IPv4 address."""
        return resolve(name, socket.AF_INET)[0][1]


def parse_timeout(value: float | None) -> int | None:
    """Convert a timeout in seconds; None stays."""
    if value is None:
        return None
    timeout_ns = as_ns(value, complaint=f"'{type(value).__name__}' object cannot be interpreted as an integer")
    if timeout_ns < 0:
        raise ValueError("Timeout value out of range")
    as_ms(timeout_ns)
    return timeout_ns


def _target(buffer: Any, nbytes: int, caller: str) -> tuple[memoryview, int]:
    view = memoryview(buffer).cast("B")
    if view.readonly:
        raise TypeError(f"{caller}() argument 1 must be read-write bytes-like object, not {type(buffer).__name__}")
    if nbytes < 0:
        raise ValueError(f"negative buffersize in {caller}")
    if nbytes > len(view):
        too_small = {"recv_into": "buffer too small for requested bytes"}
        raise ValueError(too_small.get(caller, "nbytes is greater than the length of the buffer"))
    return view, nbytes or len(view)
