"""What each kind of file shows in each state: the measured tables of Linux 6.18, on both kernels."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from typing import Any

import pytest

import fakepoll
from tests.fakepoll.machines import NOW, Machine, outcome

IDLE = "OUT|WRNORM|WRBAND"
DATA = "IN|OUT|RDNORM|WRNORM|WRBAND"
HALF = "IN|OUT|RDNORM|WRNORM|WRBAND|RDHUP"
GONE = "IN|OUT|RDNORM|WRNORM|WRBAND|HUP|RDHUP"
BROKEN = "IN|OUT|RDNORM|WRNORM|WRBAND|ERR|HUP|RDHUP"


def _unix(*steps: str) -> Callable[[Machine], Any]:
    """Make a state of a stream pair: steps like `peer.send(b"x")`, on `own` and `peer`."""

    def make(machine: Machine) -> Any:
        own, peer = machine.unix()
        _perform(steps, own, peer)
        return own

    return make


def _tcp(*steps: str) -> Callable[[Machine], Any]:
    def make(machine: Machine) -> Any:
        own, peer = machine.tcp()
        _perform(steps, own, peer)
        return own

    return make


def _perform(steps: tuple[str, ...], own: Any, peer: Any) -> None:
    ends = {"own": own, "peer": peer}
    for step in steps:
        name, verb, *argument = step.split()
        end = ends[name]
        match verb:
            case "send":
                end.send(argument[0].encode())
            case "fill":
                _fill(end)
            case "recv":
                outcome(end.recv, int(argument[0]))
            case "shut":
                end.shutdown({"rd": 0, "wr": 1, "rdwr": 2}[argument[0]])
            case "urgent":
                end.send(argument[0].encode(), socket.MSG_OOB)
            case "reset":
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
                end.close()
            case "error":
                end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            case "lowat":
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, int(argument[0]))
            case _:
                end.close()


def _fill(end: Any) -> None:
    for _ in range(10_000):
        try:
            end.send(b"x" * 1024)
        except BlockingIOError:
            return
    raise AssertionError("never full")


STREAMS = [
    ("unix idle", _unix(), IDLE, "w"),
    ("unix data", _unix("peer send x"), DATA, "rw"),
    ("unix full", _unix("own fill"), "-", "-"),
    ("unix peer shut wr", _unix("peer shut wr"), HALF, "rw"),
    ("unix own shut wr", _unix("own shut wr"), IDLE, "w"),
    ("unix peer shut rd", _unix("peer shut rd"), IDLE, "w"),
    ("unix own shut rd", _unix("own shut rd"), HALF, "rw"),
    ("unix both shut wr", _unix("own shut wr", "peer shut wr"), GONE, "rw"),
    ("unix peer closed", _unix("peer close"), GONE, "rw"),
    ("unix peer closed over unread", _unix("own send x", "peer close"), BROKEN, "rw"),
    ("unix error taken by recv", _unix("own send x", "peer close", "own recv 1"), GONE, "rw"),
    ("unix error taken by SO_ERROR", _unix("own send x", "peer close", "own error"), GONE, "rw"),
    ("unix full, both shut wr", _unix("own fill", "own shut wr", "peer shut wr"), "IN|RDNORM|HUP|RDHUP", "r"),
    ("unix urgent", _unix("peer urgent x"), "IN|PRI|OUT|RDNORM|WRNORM|WRBAND", "rwx"),
    ("unix urgent skipped", _unix("peer urgent x", "own recv 1"), IDLE, "w"),
    ("tcp idle", _tcp(), "OUT|WRNORM", "w"),
    ("tcp data", _tcp("peer send x"), "IN|OUT|RDNORM|WRNORM", "rw"),
    ("tcp full", _tcp("own fill"), "-", "-"),
    ("tcp peer shut wr", _tcp("peer shut wr"), "IN|OUT|RDNORM|WRNORM|RDHUP", "rw"),
    ("tcp own shut rd", _tcp("own shut rd"), "IN|OUT|RDNORM|WRNORM|RDHUP", "rw"),
    ("tcp peer shut rd", _tcp("peer shut rd"), "OUT|WRNORM", "w"),
    ("tcp both shut wr", _tcp("own shut wr", "peer shut wr"), "IN|OUT|RDNORM|WRNORM|HUP|RDHUP", "rw"),
    ("tcp peer closed", _tcp("peer close"), "IN|OUT|RDNORM|WRNORM|RDHUP", "rw"),
    ("tcp sent to a closed peer", _tcp("peer close", "own send x"), "IN|OUT|RDNORM|WRNORM|ERR|HUP|RDHUP", "rw"),
    ("tcp reset", _tcp("peer reset"), "IN|OUT|RDNORM|WRNORM|ERR|HUP|RDHUP", "rw"),
    ("tcp reset and told", _tcp("peer reset", "own recv 1"), "IN|OUT|RDNORM|WRNORM|HUP|RDHUP", "rw"),
    ("tcp closed over unread", _tcp("own send x", "peer close"), "IN|OUT|RDNORM|WRNORM|ERR|HUP|RDHUP", "rw"),
    ("tcp urgent", _tcp("peer urgent x"), "PRI|OUT|WRNORM", "wx"),
    ("tcp urgent after data", _tcp("peer urgent abx"), "IN|PRI|OUT|RDNORM|WRNORM", "rwx"),
    ("tcp below SO_RCVLOWAT", _tcp("own lowat 10", "peer send abc"), "OUT|WRNORM", "w"),
]


@pytest.mark.parametrize(("make", "shown", "selected"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_stream_shows(machine: Machine, make: Callable[[Machine], Any], shown: str, selected: str) -> None:
    """linux-readiness.md 1.1: stream sockets."""
    file = make(machine)
    assert (machine.shows(file), machine.selects(file)) == (shown, selected)


def test_tcp_socket_before_and_after_connect(machine: Machine) -> None:
    """Fresh, connecting and refused sockets; the refused one becomes fresh again."""
    sock = machine.tcp_socket()
    assert machine.shows(sock) == "OUT|WRNORM|HUP"
    closed = machine.listener()
    address = closed.getsockname()
    closed.close()
    assert outcome(sock.connect, address) == "EINPROGRESS"
    assert machine.shows(sock) == "IN|OUT|RDNORM|WRNORM|ERR|HUP|RDHUP"
    assert outcome(sock.connect, address) == "ECONNREFUSED"
    assert machine.shows(sock) == "OUT|WRNORM|HUP"


def test_listener_holds_one_more_than_its_backlog(machine: Machine) -> None:
    """listen(1) lets two connections in; the third stays on its way and shows nothing."""
    listener = machine.listener(1)
    clients = [machine.tcp_socket() for _ in range(3)]
    for client in clients:
        assert outcome(client.connect, listener.getsockname()) == "EINPROGRESS"
    assert [machine.shows(client) for client in clients] == ["OUT|WRNORM", "OUT|WRNORM", "-"]
    assert machine.shows(listener) == "IN|RDNORM"


def test_pipe_ends(machine: Machine) -> None:
    """End of file is HUP without IN; a write end without readers is ERR, and OUT while a slot is free."""
    reader, writer = machine.pipe()
    assert (machine.shows(reader), machine.shows(writer)) == ("-", "OUT|WRNORM")
    writer.write(b"x")
    assert machine.shows(reader) == "IN|RDNORM"
    reader.read(1)
    writer.close()
    assert (machine.shows(reader), machine.selects(reader)) == ("HUP", "r")
    reader, writer = machine.pipe()
    reader.close()
    assert (machine.shows(writer), machine.selects(writer)) == ("OUT|WRNORM|ERR", "rw")


def test_pipe_is_measured_in_pages(machine: Machine) -> None:
    """Sixteen writes of 2049 bytes fill it for poll; the last page still takes 2047 bytes, and no more."""
    reader, writer = machine.pipe()
    for _ in range(16):
        writer.write(b"x" * 2049)
    assert machine.shows(writer) == "-"
    assert outcome(writer.write, b"x" * 2048) == "EAGAIN"
    assert outcome(writer.write, b"x" * 2047) == "2047"
    assert outcome(writer.write, b"x") == "EAGAIN"
    reader.read(2049)
    assert machine.shows(writer) == "OUT|WRNORM"


@pytest.mark.parametrize(
    ("count", "flags", "shown"),
    [(0, 0, "OUT"), (1, 0, "IN|OUT"), (3, os.EFD_SEMAPHORE, "IN|OUT")],
    ids=["zero", "one", "semaphore"],
)
def test_eventfd(machine: Machine, count: int, flags: int, shown: str) -> None:
    """A counter shows IN while it is not zero; neither RDNORM nor WRNORM."""
    assert machine.shows(machine.eventfd(count, flags)) == shown


def test_eventfd_at_its_top_takes_no_more(machine: Machine) -> None:
    """At 2**64 - 2 it shows IN alone and a write is EAGAIN."""
    file = machine.eventfd()
    file.add(2**64 - 2)
    assert machine.shows(file) == "IN"
    assert outcome(file.add, 1) == "EAGAIN"


def test_unconnected_sockets(machine: Machine) -> None:
    """A stream without a peer shows HUP, a datagram socket does not."""
    assert machine.shows(machine.keep(machine.socket.socket(socket.AF_UNIX))) == "OUT|WRNORM|WRBAND|HUP"
    assert machine.shows(machine.udp()) == IDLE


def test_datagrams(machine: Machine) -> None:
    """A refused UDP datagram is an error until somebody takes it; an AF_UNIX peer that goes is not shown."""
    gone = machine.udp()
    address = gone.getsockname()
    gone.close()
    sock = machine.udp()
    sock.connect(address)
    assert outcome(sock.send, b"x") == "1"
    assert machine.shows(sock) == "OUT|WRNORM|WRBAND|ERR"
    assert outcome(sock.recv, 1) == "ECONNREFUSED"
    one, other = machine.datagrams()
    other.send(b"")
    assert machine.shows(one) == DATA
    other.close()
    assert machine.shows(one) == DATA
    assert outcome(one.send, b"x") == "ECONNREFUSED"


def test_what_an_fd_shows_is_known_without_a_call() -> None:
    """The same bits as poll(2) answers, POLLNVAL for what is not open; neither the trace nor the clock notices."""
    kernel = fakepoll.Kernel()
    ours, theirs = kernel.socket.socketpair()
    theirs.send(b"x")
    theirs.close()
    looker = kernel.select.poll()
    looker.register(ours, 0x201F)
    asked = dict(looker.poll(0))
    calls, now_ns = len(kernel.trace), kernel.clock.now_ns
    assert kernel.shows({"ours": ours.fileno(), "none": 99}) == {"ours": asked[ours.fileno()], "none": select.POLLNVAL}
    assert (len(kernel.trace), kernel.clock.now_ns) == (calls, now_ns)
