"""What a program may do: one row per call, with the line of Python that does it.

The same line is compiled to perform the call and printed to show it, so a printed program is what
was run. `{0}` is the first argument, and `takes` says what may stand there:

* `File(kinds)`    an open slot of one of these kinds: the object (or the number) it holds
* `Number(kinds)`  the fd number of a slot that is or was of one of these kinds: it may be stale
* `Numbers(kinds)` the numbers of up to three open slots
* `Menu(values)`   one of these values, the plainest first
* `MaskMenu()`     any of the epoll bits a program may ask for
"""

from __future__ import annotations

import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

DATA = bytes(i * i % 251 for i in range(1 << 18))
ASKED = ("IN", "OUT", "PRI", "RDHUP", "RDNORM", "WRNORM", "WRBAND")
PRIVATE = ("ET", "ONESHOT")


class Mask(int):
    """An epoll mask that prints as the names of its bits."""

    def __repr__(self) -> str:
        """Give an expression whose value is this mask."""
        names = (f"EPOLL{name}" for name in (*ASKED, *PRIVATE))
        return " | ".join(f"select.{n}" for n in names if self & getattr(select, n)) or "0"


@dataclass(frozen=True, slots=True)
class File:
    """An open slot of one of these kinds."""

    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Number:
    """The fd number of a slot of one of these kinds, open or closed."""

    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The fd numbers of up to three open slots of these kinds."""

    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Menu:
    """One of these values; the first is the plainest."""

    values: Sequence[object]


@dataclass(frozen=True, slots=True)
class MaskMenu:
    """Any of the bits one may ask for; `private` adds edge triggering and one-shot."""

    private: bool


Take = File | Number | Numbers | Menu | MaskMenu


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of call.

    `makes` are the kinds of the slots it opens, in state `then`; where it makes none, its first
    file is in state `then` afterwards. `ends` says that it closes its first argument, `binds`
    that it gives it an address, `calls` that it connects it. `wants` is the state that its first
    file is mostly drawn in, `meets` says that its last file must have an address, `pair` that
    (epoll, fd) is mostly drawn from the pairs that are "known" or "new", and `bulk` is the index
    of the argument that counts bytes against the budget of a socket.
    """

    name: str
    line: str
    takes: tuple[Take, ...]
    weight: float
    makes: tuple[str, ...] = ()
    ends: bool = False
    wants: str = ""
    then: str = ""
    meets: bool = False
    pair: str = ""
    binds: bool = False
    calls: bool = False
    bulk: int | None = None


def words(text: str) -> frozenset[str]:
    """Read a set of kinds."""
    return frozenset(text.split())


STREAM, DGRAM, TCP, UDP = words("stream"), words("dgram"), words("tcp"), words("udp")
EPOLL, POLL, DUP = words("epoll"), words("poll"), words("dup")
UNIX, INTERNET = STREAM | DGRAM, TCP | UDP
SOCKET = UNIX | INTERNET
PLAIN = words("reader writer eventfd dup")
FD = SOCKET | PLAIN | EPOLL
BYTES, EVENT = words("reader writer stream dup"), words("eventfd dup")

SIZES = Menu(
    (1, 0, 2, 64, 192, 193, 448, 449, 704, 705, 1000, 2048, 2049, 3776, 3777, 4095, 4096, 4097,
     6000, 8192, 12288, 16384, 20000, 32640, 36544, 36545, 40000, 65536, 100000)
)  # fmt: skip
SMALL = Menu((1, 0, 2, 5, 100, 700, 1500))
READS = Menu((1, 65536, 0, 2, 192, 1000, 4095, 4096, 4097, 8192, 36544, 100000, 262144))
FEW = Menu((65536, 0, 1, 2, 5, 100))
OFFSETS = Menu(tuple(range(0, 250, 7)))
HOWS = Menu((socket.SHUT_WR, socket.SHUT_RD, socket.SHUT_RDWR))
SNDBUFS = Menu((0, 2304, 4096, 8192, 20000, 65536, 106496))
COUNTERS = Menu((1, 0, 2, 3, 1000, 2**63, 2**64 - 3, 2**64 - 2, 2**64 - 1))
NAMES = Menu((0, 1, 2))
NAME = "'\\0twin%d-%d' % (tag, {{{}}})"

PATHS = Menu((0, 1))
PATH = "'/tmp/twin%d-%d' % (tag, {{{}}})"

# fmt: off
ANYWHERE: tuple[Row, ...] = (
    Row("wait", "{0}.poll(0, {1})", (File(EPOLL), Menu((50, 1, 2, 3))), 28),
    Row("epoll", "select.epoll()", (), 0.9, ("epoll",)),
    Row("epoll_dup", "select.epoll.fromfd(os.dup({0}))", (Number(EPOLL),), 0.2, ("epoll",)),
    Row("register", "{0}.register({1}, {2})", (File(EPOLL), Number(FD), MaskMenu(True)), 13,
        pair="new"),
    Row("nest", "{0}.register({1}, {2})", (File(EPOLL), Number(EPOLL), MaskMenu(True)), 1.2,
        pair="new"),
    Row("modify", "{0}.modify({1}, {2})", (File(EPOLL), Number(FD), MaskMenu(True)), 9,
        pair="known"),
    Row("unregister", "{0}.unregister({1})", (File(EPOLL), Number(FD)), 3, pair="known"),
    Row("poll", "select.poll()", (), 0.3, ("poll",)),
    Row("poll_register", "{0}.register({1}, {2})", (File(POLL), Number(FD), MaskMenu(False)), 1.5),
    Row("poll_modify", "{0}.modify({1}, {2})", (File(POLL), Number(FD), MaskMenu(False)), 0.4),
    Row("poll_unregister", "{0}.unregister({1})", (File(POLL), Number(FD)), 0.2),
    Row("poll_wait", "{0}.poll(0)", (File(POLL),), 3),
    Row("select", "select.select({0}, {1}, {2}, 0)", (Numbers(FD),) * 3, 1),
    Row("close", "{0}.close()", (File(SOCKET | EPOLL),), 1.5, ends=True),
    Row("close_fd", "os.close({0})", (File(PLAIN),), 1.5, ends=True),
    Row("so_error", "{0}.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)", (File(SOCKET),), 1.2,
        wants="joined"),
    Row("listens", "{0}.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)", (File(SOCKET),), 0.2),
    Row("peek", "{0}.recv({1}, socket.MSG_PEEK)", (File(SOCKET), SMALL), 0.8, wants="joined"),
)

LOCAL: tuple[Row, ...] = (
    Row("pair", "socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)", (), 1.2,
        ("stream", "stream"), then="joined"),
    Row("pair_dgram", "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)", (), 0.7,
        ("dgram", "dgram"), then="joined"),
    Row("unix", "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)", (), 1.2, ("stream",),
        then="fresh"),
    Row("unix_dgram", "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)", (), 0.7, ("dgram",),
        then="fresh"),
    Row("pipe", "os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)", (), 1.2, ("reader", "writer")),
    Row("eventfd", "os.eventfd({0}, os.EFD_NONBLOCK | os.EFD_CLOEXEC | {1})",
        (Menu((0, 1, 3)), Menu((0, 1))), 0.9, ("eventfd",)),
    Row("accept", "{0}.accept()[0]", (File(STREAM),), 2, ("stream",), wants="called",
        then="joined"),
    Row("dup", "os.dup({0})", (Number(FD),), 1.4, ("dup",)),
    Row("dup2", "os.dup2({0}, {1}, False)", (Number(FD), File(DUP)), 0.4),
    Row("bind", f"{{0}}.bind({NAME.format(1)})", (File(UNIX), NAMES), 1, wants="fresh",
        then="named", binds=True),
    Row("bind_path", f"{{0}}.bind({PATH.format(1)})", (File(UNIX), PATHS), 0.3, wants="fresh",
        then="named"),
    Row("connect_path", f"{{0}}.connect_ex({PATH.format(1)})", (File(UNIX), PATHS), 0.6,
        wants="fresh", then="joined", calls=True),
    Row("unlink", f"os.unlink({PATH.format(0)})", (PATHS,), 0.2),
    Row("address", "{0}.getsockname()", (File(UNIX),), 0.2),
    Row("peer_address", "{0}.getpeername()", (File(UNIX),), 0.2, wants="joined"),
    Row("listen", "{0}.listen({1})", (File(STREAM), Menu((8, 0, 1, 2))), 1.2, wants="named",
        then="listening"),
    Row("connect", f"{{0}}.connect_ex({NAME.format(1)})", (File(UNIX), NAMES), 2.5, wants="fresh",
        then="joined", calls=True),
    Row("send", "{0}.send(data[{1}:{1} + {2}])", (File(STREAM), OFFSETS, SIZES), 6,
        wants="joined"),
    Row("recv", "{0}.recv({1})", (File(STREAM), READS), 7, wants="joined"),
    Row("shutdown", "{0}.shutdown({1})", (File(UNIX), HOWS), 0.5, wants="joined"),
    Row("send_oob", "{0}.send(data[{1}:{1} + {2}], socket.MSG_OOB)", (File(STREAM), OFFSETS, Menu((1, 2, 300))),
        0.5, wants="joined"),
    Row("recv_oob", "{0}.recv({1}, socket.MSG_OOB)", (File(STREAM), Menu((1, 0, 5))), 0.5,
        wants="joined"),
    Row("sndbuf", "{0}.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {1})",
        (File(UNIX), SNDBUFS), 0.7),
    Row("sndbuf_now", "{0}.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)", (File(UNIX),), 0.1),
    Row("dgram_send", "{0}.send(data[{1}:{1} + {2}])", (File(DGRAM), OFFSETS, SMALL), 4,
        wants="joined"),
    Row("dgram_send_large", "{0}.send(data[{1}:{1} + {2}])", (File(DGRAM), OFFSETS, SIZES), 1,
        wants="joined"),
    Row("dgram_sendto", f"{{0}}.sendto(data[{{1}}:{{1}} + {{2}}], {NAME.format(3)})",
        (File(DGRAM), OFFSETS, SMALL, NAMES), 2),
    Row("dgram_recv", "{0}.recv({1})", (File(DGRAM), FEW), 5),
    Row("dgram_peek", "{0}.recv({1}, socket.MSG_PEEK)", (File(DGRAM), FEW), 0.8),
    Row("dgram_recvfrom", "{0}.recvfrom({1})[0]", (File(DGRAM), FEW), 0.5),
    Row("read", "os.read({0}, {1})", (Number(BYTES), READS), 7),
    Row("write", "os.write({0}, data[{1}:{1} + {2}])", (Number(BYTES), OFFSETS, SIZES), 7),
    Row("event_read", "os.read({0}, {1})", (Number(EVENT), Menu((8, 16, 4))), 2),
    Row("event_write", "os.write({0}, ({1}).to_bytes(8, 'little'))", (Number(EVENT), COUNTERS), 3),
)

INTERNETWORK: tuple[Row, ...] = (
    Row("tcp", "socket.socket(socket.AF_INET, socket.SOCK_STREAM)", (), 2.5, ("tcp",),
        then="fresh"),
    Row("udp", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", (), 1.2, ("udp",),
        then="fresh"),
    Row("tcp_bind", "{0}.bind(('127.0.0.1', 0))", (File(TCP),), 1.2, wants="fresh", then="named",
        binds=True),
    Row("tcp_listen", "{0}.listen({1})", (File(TCP), Menu((16, 8))), 1.5, wants="named",
        then="listening"),
    Row("tcp_connect", "{0}.connect_ex({1}.getsockname())", (File(TCP), File(TCP)), 5,
        wants="fresh", then="joined", meets=True, calls=True),
    Row("tcp_again", "{0}.connect_ex({1}.getsockname())", (File(TCP), File(TCP)), 1,
        wants="joined", meets=True),
    Row("tcp_accept", "{0}.accept()[0]", (File(TCP),), 6, ("tcp",), wants="called",
        then="joined"),
    Row("inet_dup", "os.dup({0})", (Number(INTERNET),), 0.8, ("dup",)),
    Row("tcp_send", "{0}.send(data[{1}:{1} + {2}])", (File(TCP), OFFSETS, SMALL), 9,
        wants="joined", bulk=2),
    Row("tcp_recv", "{0}.recv({1})", (File(TCP), FEW), 11, wants="joined"),
    Row("tcp_send_oob", "{0}.send(data[{1}:{1} + {2}], socket.MSG_OOB)",
        (File(TCP), OFFSETS, Menu((1, 2, 100))), 0.6, wants="joined", bulk=2),
    Row("tcp_recv_oob", "{0}.recv({1}, socket.MSG_OOB)", (File(TCP), Menu((1, 0, 5))), 0.6,
        wants="joined"),
    Row("rcvlowat", "{0}.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, {1})",
        (File(TCP), Menu((1, 2, 10, 0))), 0.5, wants="joined"),
    Row("inet_read", "os.read({0}, {1})", (Number(DUP), FEW), 1),
    Row("inet_shutdown", "{0}.shutdown({1})", (File(INTERNET), HOWS), 1.5, wants="joined"),
    Row("inet_close", "{0}.close()", (File(INTERNET),), 2, ends=True),
    Row("linger", "{0}.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', {1}, 0))",
        (File(TCP), Menu((1, 0))), 1),
    Row("linger_listener",
        "{0}.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))",
        (File(TCP),), 0.7, wants="listening"),
    Row("peer", "{0}.getpeername()[0]", (File(INTERNET),), 0.5, wants="joined"),
    Row("own", "{0}.getsockname()[0]", (File(INTERNET),), 0.3),
    Row("udp_bind", "{0}.bind(('127.0.0.1', 0))", (File(UDP),), 1.2, wants="fresh", then="named",
        binds=True),
    Row("udp_connect", "{0}.connect_ex({1}.getsockname())", (File(UDP), File(UDP)), 2,
        then="joined", meets=True),
    Row("udp_send", "{0}.send(data[{1}:{1} + {2}])", (File(UDP), OFFSETS, SMALL), 4,
        wants="joined", bulk=2),
    Row("udp_sendto", "{0}.sendto(data[{1}:{1} + {2}], {3}.getsockname())",
        (File(UDP), OFFSETS, SMALL, File(UDP)), 3, meets=True, bulk=2),
    Row("udp_recv", "{0}.recv({1})", (File(UDP), FEW), 5),
)
# fmt: on

IPV4_ONLY = frozenset({"tcp", "udp", "tcp_bind", "udp_bind"})
IPV6: tuple[Row, ...] = tuple(
    replace(row, name=f"{row.name}6", line=row.line.replace("AF_INET", "AF_INET6").replace("127.0.0.1", "::1"))
    for row in INTERNETWORK
    if row.name in IPV4_ONLY
)

FAMILIES: dict[str, tuple[Row, ...]] = {
    "local": (*ANYWHERE, *LOCAL),
    "tcp": (*ANYWHERE, *INTERNETWORK),
    "tcp6": (*ANYWHERE, *IPV6, *(row for row in INTERNETWORK if row.name not in IPV4_ONLY)),
}
ROWS = {row.name: row for rows in (ANYWHERE, LOCAL, INTERNETWORK, IPV6) for row in rows}
OPENINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "local": {
        "pair": ("pair",),
        "pair_dgram": ("pair_dgram",),
        "unix": ("unix", "bind", "listen", "unix", "connect", "connect", "accept"),
        "unix_dgram": (
            "unix_dgram",
            "bind",
            "unix_dgram",
            "connect",
            "unix_dgram",
            "connect",
            *("dgram_send",) * 12,
        ),
        "pipe": ("pipe",),
        "eventfd": ("eventfd",),
    },
    "tcp": {
        "tcp": ("tcp", "tcp_bind", "tcp_listen", "tcp", "tcp_connect", "tcp_accept"),
        "udp": ("udp", "udp_bind", "udp", "udp_bind", "udp_connect"),
    },
    "tcp6": {
        "tcp6": ("tcp6", "tcp_bind6", "tcp_listen", "tcp6", "tcp_connect", "tcp_accept"),
        "udp6": ("udp6", "udp_bind6", "udp6", "udp_bind6", "udp_connect"),
    },
}  # how a program begins that has files of this origin; files of other origins it never opens
