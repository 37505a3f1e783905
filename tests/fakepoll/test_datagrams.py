"""AF_UNIX datagrams and UDP: queues, lost peers, full receivers; on both kernels."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fakepoll
from fakepoll.abi import ET, IN, OUT
from tests.fakepoll.machines import Machine, outcome


@pytest.fixture
def names(tmp_path: Path) -> Callable[[str], str]:
    """Names that no other test uses: abstract ones, which vanish with their sockets."""
    return lambda name: f"\0{os.getpid()}{tmp_path.name}{name}"


def _bound(machine: Machine, name: str) -> Any:
    made = machine.keep(machine.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    made.bind(name)
    return made


def test_receiver_holds_eleven(machine: Machine, names: Callable[[str], str]) -> None:
    """Ten, and one more: then EAGAIN and no OUT, until one is read; that is told to who asked."""
    receiver = _bound(machine, names("r"))
    sender = machine.keep(machine.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    sender.connect(names("r"))
    answers = [outcome(sender.send, b"x") for _ in range(12)]
    assert answers == ["1"] * 11 + ["EAGAIN"]
    assert machine.shows(sender) == "-"
    epoll = machine.epoll()
    epoll.register(sender, OUT | ET)
    assert epoll.poll(0) == []
    receiver.recv(9)
    assert epoll.poll(0) == [(sender.fileno(), OUT)]


def test_sender_who_did_not_ask_hears_of_room_in_his_own_memory(machine: Machine) -> None:
    """A pair is bounded by the send buffer; reading a datagram gives its memory back and says so."""
    one, other = machine.datagrams()
    count = 0
    while outcome(one.send, b"x" * 100) == "100":
        count += 1
    assert count == 278
    epoll = machine.epoll()
    epoll.register(one, OUT | ET)
    assert epoll.poll(0) == []
    for _ in range(208):
        other.recv(100)
    assert epoll.poll(0) == []
    other.recv(100)
    assert epoll.poll(0) == [(one.fileno(), OUT)]


def test_peer_that_is_gone_is_learned_of_by_sending(machine: Machine) -> None:
    """ECONNREFUSED once, then there is no peer any more."""
    one, other = machine.datagrams()
    other.send(b"last words")
    other.close()
    assert [outcome(one.send, b"x") for _ in range(2)] == ["ECONNREFUSED", "ENOTCONN"]
    assert outcome(one.recv, 99) == "EAGAIN"


def test_only_the_peer_may_send_to_a_connected_socket(machine: Machine, names: Callable[[str], str]) -> None:
    """Others get EPERM, by name and by connecting."""
    one, two, three = (_bound(machine, names(name)) for name in "123")
    one.connect(names("2"))
    assert outcome(three.connect, names("1")) == "EPERM"
    assert outcome(three.sendto, b"x", names("1")) == "EPERM"
    assert two.sendto(b"x", names("1")) == 1
    assert one.recvfrom(9) == (b"x", names("2").encode())


def test_new_peer_forgets_what_the_old_one_sent(machine: Machine, names: Callable[[str], str]) -> None:
    """The former peer, if it is connected back, gets ECONNRESET."""
    one, two = _bound(machine, names("1")), _bound(machine, names("2"))
    _bound(machine, names("3"))
    one.connect(names("2"))
    two.connect(names("1"))
    two.send(b"lost")
    one.connect(names("3"))
    assert outcome(one.recv, 9) == "EAGAIN"
    assert outcome(two.recv, 9) == "ECONNRESET"


def test_shutdown_of_datagram_sockets(machine: Machine) -> None:
    """The peer's state is its own: it may not send to a closed ear, and shows nothing."""
    one, other = machine.datagrams()
    other.shutdown(socket.SHUT_RD)
    assert outcome(one.send, b"x") == "EPIPE"
    assert machine.shows(one) == "OUT|WRNORM|WRBAND"
    assert machine.shows(other) == "IN|OUT|RDNORM|WRNORM|WRBAND|RDHUP"
    other.shutdown(socket.SHUT_WR)
    assert machine.shows(other) == "IN|OUT|RDNORM|WRNORM|WRBAND|HUP|RDHUP"
    assert outcome(other.send, b"x") == "EPIPE"
    assert outcome(other.shutdown, 9) == "EINVAL"
    assert outcome(one.send, b"x" * 300_000) == "EMSGSIZE"


def test_connected_udp_socket_hears_its_peer_only(machine: Machine) -> None:
    """Datagrams of others go past it; the error of a refused one is told once, to any call."""
    one, two, stranger = machine.udp(), machine.udp(), machine.udp()
    one.connect(two.getsockname())
    stranger.sendto(b"no", one.getsockname())
    assert outcome(one.recv, 9) == "EAGAIN"
    assert two.sendto(b"yes", one.getsockname()) == 3
    assert one.recv(9, socket.MSG_PEEK) == one.recv(9) == b"yes"
    assert one.getpeername() == two.getsockname()
    two.close()
    assert outcome(one.send, b"x") == "1"
    assert outcome(one.send, b"x") == "ECONNREFUSED"
    assert outcome(one.recv, 1) == "EAGAIN"


def test_udp_calls_that_fail(machine: Machine) -> None:
    """Too long, no port, no peer; a failed shutdown shuts and tells all the same."""
    sock = machine.udp()
    epoll = machine.epoll()
    epoll.register(sock, IN | ET)
    assert outcome(sock.sendto, bytes(65_508), sock.getsockname()) == "EMSGSIZE"
    assert outcome(sock.sendto, b"x", ("127.0.0.1", 0)) == "EINVAL"
    assert outcome(sock.getpeername) == "ENOTCONN"
    assert outcome(sock.bind, ("127.0.0.1", 0)) == "EINVAL"
    assert outcome(sock.shutdown, 7) == "EINVAL"
    assert epoll.poll(0) == []
    assert outcome(sock.shutdown, socket.SHUT_RDWR) == "ENOTCONN"
    assert epoll.poll(0) == [(sock.fileno(), IN | 0x10)]
    assert machine.shows(sock) == "IN|OUT|RDNORM|WRNORM|WRBAND|HUP|RDHUP"
    assert outcome(sock.send, b"x") == "EDESTADDRREQ"
    assert outcome(sock.sendto, b"x", sock.getsockname()) == "EPIPE"


def test_flood_of_udp_is_lost_without_a_word() -> None:
    """A full receive buffer drops; the sender is told nothing."""
    kernel = fakepoll.Kernel()
    receiver = kernel.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = kernel.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(500):
        assert sender.sendto(bytes(1000), receiver.getsockname()) == 1000
    receiver.setblocking(False)
    arrived = 0
    while outcome(receiver.recv, 1) != "EAGAIN":
        arrived += 1
    assert 80 < arrived < 110
    assert kernel.fcntl.ioctl(sender, 0x5411) == 0
    assert sender.getsockname()[0] == "0.0.0.0"
    assert "udp" in kernel.snapshot()


def test_urgent_data_is_refused_by_datagrams() -> None:
    """There is no band to be out of."""
    kernel = fakepoll.Kernel()
    one, _other = kernel.socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    udp = kernel.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.connect(udp.getsockname())
    for sock in (one, udp):
        with pytest.raises(OSError, match="not supported") as caught:
            sock.send(b"x", socket.MSG_OOB)
        assert caught.value.errno == errno.EOPNOTSUPP
