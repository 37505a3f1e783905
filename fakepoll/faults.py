"""The faults: each kind with its legality, what shows that it is legal, and where it may fall.

A fault is bad luck that the fake kernel brings about on purpose. A **legal** one is luck that this Linux can have: it
changes *when* something happens or *who else* takes part, never what a call means. Bytes that have not arrived come
later with their wake; what a thief took is really gone; a buffer without room shows no OUT and tells when it has
some. So nothing that is owed is ever lost, and a program that breaks under legal faults is broken.

`posix` faults are allowed by the standard and by mio's contract, but no Linux shows them; `adversarial` ones are
shown by no kernel. A failure under them says so.

What follows: a fault is a value (`Fault`), where it may fall is a value (`Site`), and whoever implements
`decide(site)` decides: a written `Schedule`, a seeded or Hypothesis-driven `Drawn`, or you.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

LEGAL, POSIX, ADVERSARIAL = "legal", "posix", "adversarial"
LEGALITIES = (LEGAL, POSIX, ADVERSARIAL)
"""From what this Linux shows to what no kernel shows; a profile has its own kinds and those before it."""
LOSSLESS = "lossless"
"""The profile for whoever wants to see every byte arrive: see `profile`."""

READ, WRITE, ACCEPT, CONNECT, OPEN, WAIT = "read", "write", "accept", "connect", "open", "wait"
GROUPS: dict[str, tuple[str, ...]] = {
    READ: ("read", "recv"),
    WRITE: ("write", "send"),
    ACCEPT: ("accept",),
    CONNECT: ("connect",),
    OPEN: ("socket", "socketpair", "pipe", "eventfd", "epoll_create", "dup"),
    WAIT: ("epoll_wait", "poll", "select"),
}
"""Calls that offer the same choices, by the names that sites bear."""

TCP, UNIX, UDP, PIPE, EVENTFD = "tcp", "unix stream", "udp", "pipe", "eventfd"
LISTENER = "listener"

END, NO_ROOM = "end of the connection", "no room in a table"
"""Families: kinds of which a run may have none at all, and which share one place in a drawn menu."""

YES, NO, NEVER = "yes", "no", "-"
"""It can be noticed there and is lawful; it is not lawful; it cannot be noticed."""

LENGTHS = (1, 2, 3, 4, 6, 9, 16, 50, 200, 1000)
ROOMS = (0, 1, 2, 3, 5, 9, 16, 50, 200, 1000)
DELAYS_US = (50, 1_000, 20_000, 100_000)
SPANS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row of the table.

    Attributes:
        groups: the groups of calls at which it may fall.
        files: the kinds of file that it may hit; empty if it hits the call itself.
        argument: what its number means, "" if it has none; at a wait, the name of the file that is hit.
        values: the numbers that are drawn, the simplest first; a written schedule may use others.
        level, edge, oneshot: can it be noticed through such a registration: `YES` or `NEVER`.
        family: what it has in common with others, see `END`.
        own: may a loop's own self-pipe be hit (`Kernel.spare`): `YES` or `NO`, for its two ends are in one hand.
        loses: bytes or connections may be lost without an error, so "every byte arrives" does not hold under it.
    """

    name: str
    legality: str
    groups: tuple[str, ...]
    files: tuple[str, ...] = ()
    argument: str = ""
    values: tuple[int, ...] = ()
    level: str = YES
    edge: str = YES
    oneshot: str = YES
    own: str = NO
    loses: bool = False
    family: str = ""
    meaning: str
    source: str


FAULTS: tuple[Kind, ...] = (
    Kind(
        name="arrive", legality=LEGAL, groups=(READ,), files=(TCP, UNIX, PIPE), argument="bytes", values=LENGTHS,
        meaning="only so many bytes have arrived; the rest comes a little later, with its wake",
        source="a TCP segment may be cut anywhere (RFC 9293, 3.7); of a local writer the reader sees what a slower one"
        " would have written so far (pipe(7), unix(7)); never less than was peeked",
    ),
    Kind(
        name="stolen", legality=LEGAL, groups=(READ, ACCEPT), files=(TCP, UNIX, UDP, PIPE, EVENTFD, LISTENER),
        loses=True,
        meaning="another reader or acceptor was faster: everything is gone, and the call says EAGAIN",
        source="epoll(7), Q9: treat readiness as a hint; accept(2), NOTES; select(2), BUGS: a datagram with a bad"
        " checksum is dropped after it was reported",
    ),
    Kind(
        name="reorder", legality=LEGAL, groups=(READ, ACCEPT), files=(UDP, LISTENER),
        meaning="the second datagram or connection is taken before the first",
        source="udp(7): datagrams may be reordered; two clients' handshakes end in any order",
    ),
    Kind(
        name="reset", legality=LEGAL, family=END, groups=(READ, WRITE, WAIT), files=(TCP,),
        meaning="a RST reaches both ends; what was received stays readable",
        source="RFC 9293, 3.5.2; `ss -K` (net/ipv4/tcp.c:tcp_abort); any box on the way may do it",
    ),
    Kind(
        name="half_close", legality=LEGAL, family=END, groups=(READ, WAIT), files=(TCP, UNIX),
        meaning="the other end's sending side is shut: end of stream, EPOLLRDHUP; sending still works",
        source="shutdown(2) acts on the connection, whoever of its holders calls it",
    ),
    Kind(
        name="hangup", legality=LEGAL, family=END, groups=(READ, WRITE, WAIT), files=(TCP, UNIX),
        meaning="the other end is shut in both directions: EPOLLRDHUP, on AF_UNIX EPOLLHUP; on TCP, sending is answered"
        " by a RST",
        source="shutdown(2), SHUT_RDWR, by another holder of the other end; linux-readiness 1.1",
    ),
    Kind(
        name="room", legality=LEGAL, groups=(WRITE,), files=(TCP, UNIX, PIPE), argument="bytes", values=ROOMS,
        meaning="the send buffer has room for so many bytes; no OUT until it has more, then an edge",
        source="tcp(7), tcp_mem: under memory pressure buffers shrink (net/ipv4/tcp.c:sk_stream_memory_free); other"
        " writers of a pipe fill it; a write of up to PIPE_BUF is all or nothing (pipe(7))",
    ),
    Kind(
        name="late", legality=LEGAL, groups=(WRITE,), files=(TCP, UNIX), argument="us", values=DELAYS_US,
        meaning="what is sent stays in flight for so long, and what is sent next with it; a close or RST pushes it out",
        source="tcp(7): Nagle's algorithm and delayed acknowledgements, 40 ms (linux-readiness 5.2); a local writer"
        " that was scheduled later",
    ),
    Kind(
        name="late_room", legality=LEGAL, groups=(WRITE,), files=(TCP, UNIX, PIPE), argument="us", values=DELAYS_US,
        meaning="after a refused or short write OUT comes so much later, even if the reader is quick",
        source="room is freed by acknowledgements, which may be late (net/ipv4/tcp_input.c:tcp_check_space)",
    ),
    Kind(
        name="refused", legality=LEGAL, groups=(CONNECT,), files=(TCP, UNIX),
        meaning="nobody listens just now: ECONNREFUSED",
        source="connect(2), ECONNREFUSED",
    ),
    Kind(
        name="slow", legality=LEGAL, groups=(CONNECT,), files=(TCP,), argument="us", values=DELAYS_US,
        meaning="the answer to the SYN takes so long",
        source="connect(2), EINPROGRESS and EALREADY",
    ),
    Kind(
        name="full_backlog", legality=LEGAL, groups=(CONNECT,), files=(TCP, UNIX),
        meaning="the listener's queue is full: TCP tries again after a second, AF_UNIX says EAGAIN",
        source="listen(2); connect(2), EAGAIN; linux-readiness 1.2, backlog",
    ),
    Kind(
        name="EMFILE", legality=LEGAL, family=NO_ROOM, groups=(ACCEPT, OPEN), files=(LISTENER,), argument="calls", values=SPANS,
        meaning="so many opening calls in a row find the process's table full; a connection stays queued",
        source="accept(2), socket(2), EMFILE; RLIMIT_NOFILE may be lowered at any time (prlimit(2))",
    ),
    Kind(
        name="ENFILE", legality=LEGAL, family=NO_ROOM, groups=(ACCEPT, OPEN), files=(LISTENER,), argument="calls", values=SPANS,
        meaning="the same, for the system's table",
        source="accept(2), socket(2), ENFILE; /proc/sys/fs/file-max",
    ),
    Kind(
        name="ENOBUFS", legality=LEGAL, family=NO_ROOM, groups=(ACCEPT, OPEN), files=(LISTENER,), argument="calls", values=SPANS,
        meaning="so many calls in a row that make a socket find no memory",
        source="accept(2), socket(2), ENOBUFS",
    ),
    Kind(
        name="wake", legality=LEGAL, groups=(WAIT,), files=(TCP, UNIX, UDP, PIPE, EVENTFD, LISTENER),
        level=NEVER, oneshot=NEVER, own=YES,
        meaning="a needless edge: a registration is told again what it was told",
        source="epoll(7), Q9; every wake of key 0 does it: linux-readiness 2.0 (FIN-ACK, SO_SNDBUF, a second close)",
    ),
    Kind(
        name="first", legality=LEGAL, groups=(WAIT,), files=(TCP, UNIX, UDP, PIPE, EVENTFD, LISTENER), own=YES,
        meaning="of the files that became ready since the last wait, this one is told first",
        source="epoll_wait(2) promises no order; independent events happen in any",
    ),
    Kind(
        name="signal", legality=LEGAL, groups=(WAIT,), own=YES,
        meaning="a signal arrives during the wait and its handler runs (only where the program has set one)",
        source="signal(7), EINTR; PEP 475: the wait goes on with the time that is left",
    ),
    Kind(
        name="short_read", legality=POSIX, groups=(READ,), files=(TCP, UNIX, PIPE), argument="bytes", values=LENGTHS,
        meaning="a read gives less than there is: the literal partial read",
        source="read(2): fewer bytes are no error; but epoll(7), Q9 lets a program take it as drained, and Linux never"
        " does it",
    ),
    Kind(
        name="short_write", legality=POSIX, groups=(WRITE,), files=(TCP, UNIX, PIPE), argument="bytes", values=LENGTHS,
        meaning="a write takes less than there is room for",
        source="write(2): fewer bytes are no error; epoll(7), Q9 lets a program take it as full",
    ),
    Kind(
        name="aborted", legality=POSIX, groups=(ACCEPT,), files=(LISTENER,), loses=True,
        meaning="the first waiting connection is gone: ECONNABORTED",
        source="accept(2), ECONNABORTED; this Linux still returns a connection that was reset while it queued",
    ),
    Kind(
        name="bare_hup", legality=ADVERSARIAL, groups=(WAIT,), files=(TCP, UNIX, UDP, PIPE, EVENTFD, LISTENER),
        meaning="an event that is EPOLLHUP alone, though nobody hung up",
        source="no kernel: HUP follows from the state (linux-readiness 1.0)",
    ),
    Kind(
        name="lost_edge", legality=ADVERSARIAL, groups=(WAIT,), files=(TCP, UNIX, UDP, PIPE, EVENTFD, LISTENER),
        level=NEVER,
        meaning="an edge that is owed is never told",
        source="no kernel: linux-readiness 5.1, outside Linux semantics",
    ),
)  # fmt: skip
"""All kinds; new ones go to the end, so that what Hypothesis has stored keeps its meaning."""

KINDS: dict[str, Kind] = {kind.name: kind for kind in FAULTS}
MENUS: dict[str, tuple[Kind, ...]] = {
    call: tuple(kind for kind in FAULTS if group in kind.groups) for group, calls in GROUPS.items() for call in calls
}
"""What may fall at each call."""


Argument = int | str | None
Possible = Mapping[str, tuple[Argument, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens: a kind, and its number or the name of the file that it hits (None where it has neither)."""

    kind: str
    argument: Argument = None

    def __str__(self) -> str:
        return self.kind if self.argument is None else f"{self.kind}({self.argument})"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a fault may fall: the `nth` call of this name on this file, printed as `recv@client#1[3]`.

    `possible` maps the kinds that can happen here and now to the arguments that may be drawn: names of files, or
    numbers; a kind without argument has an empty tuple.
    """

    call: str
    file: str
    nth: int
    possible: Possible = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.call}{'@' * bool(self.file)}{self.file}[{self.nth}]"


class Decider(Protocol):
    """Who decides; asked once per call at which anything is possible.

    One that also has `fell(site, fault)` is told of each fault that took effect: some are decided and change nothing,
    such as a room larger than what is sent.
    """

    def decide(self, site: Site) -> Fault | None:
        """Say what happens at `site`; what is not in `site.possible` does not happen."""


def profile(name: str) -> tuple[str, ...]:
    """Name the kinds of a profile: a legality has its own kinds and the more lawful ones.

    `lossless` has the legal kinds under which no byte and no connection is lost without an error.
    """
    if name == LOSSLESS:
        return tuple(kind.name for kind in FAULTS if kind.legality == LEGAL and not kind.loses)
    if name not in LEGALITIES:
        raise ValueError(f"profile {name!r} is none of {', '.join((LOSSLESS, *LEGALITIES))}")
    allowed = LEGALITIES[: LEGALITIES.index(name) + 1]
    return tuple(kind.name for kind in FAULTS if kind.legality in allowed)
