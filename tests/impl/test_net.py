"""Sockets in mio's shape, on both kernels: what would block is a value, the end is no bytes, failures are raised."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

import fakepoll
from impl import Interest, Poll, Readiness, Trigger
from impl.net import Half, TcpListener, TcpStream, UdpSocket
from tests.impl.worlds import faked

LOOPBACK = ("127.0.0.1", 0)
PATIENCE = 5.0

Ends = tuple[TcpStream, TcpStream]


@pytest.fixture(params=["fake", "real"], autouse=True)
def world(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run each test on either kernel. Nothing may be left open on the fake one."""
    if request.param == "real":
        yield "real"
        return
    with faked(fakepoll.Kernel(), "tests.impl.test_net"):
        yield "fake"


@pytest.fixture
def connect(world: str) -> Iterator[Callable[[], Ends]]:
    """Makes both ends of a connection, closed afterwards."""
    made: list[TcpStream | TcpListener] = []

    def make() -> Ends:
        listener = TcpListener.bind(LOOPBACK)
        client = TcpStream.connect(listener.local_address())
        made.extend((listener, client))
        server = accept(listener)
        made.append(server)
        for end in (client, server):
            end.set_nodelay(True)
        return client, server

    yield make
    for each in made:
        each.close()


def refusal(number: int) -> AbstractContextManager[object]:
    """Expect an OSError with this errno."""
    return pytest.raises(OSError, match=rf"^\[Errno {number}\] ")


def accept(listener: TcpListener) -> TcpStream:
    """Wait for the next connection."""
    with Poll() as poll:
        poll.register(listener, 0, Interest.READABLE, Trigger.LEVEL)
        assert poll.poll(PATIENCE), "nobody connected"
    accepted = listener.accept()
    assert accepted is not None
    return accepted[0]


def wait(source: TcpStream | UdpSocket, interest: Interest) -> Readiness:
    """Wait until the source is ready, and answer what the poll tells."""
    with Poll() as poll:
        poll.register(source, 0, interest, Trigger.LEVEL)
        (event,) = poll.poll(PATIENCE)
        return event.readiness


def fill(stream: TcpStream) -> int:
    """Write until it would block; answer how many bytes that took."""
    filled = 0
    while (written := stream.write(bytes(50_000))) is not None:
        filled += written
    return filled


def test_what_would_block_is_none(connect: Callable[[], Ends]) -> None:
    """mio:TCP-10, TCP-17, UDP-03: no call waits, and none raises for want of data."""
    client, _ = connect()
    with TcpListener.bind(LOOPBACK) as listener, UdpSocket.bind(LOOPBACK) as udp:
        assert listener.accept() is None
        assert client.read(10) is None
        assert client.read_into(bytearray(10)) is None
        assert client.peek(10) is None
        assert udp.recv(10) is None
        assert udp.recv_from(10) is None
        assert udp.peek_from(10) is None


def test_a_connection_is_announced_by_writable(connect: Callable[[], Ends]) -> None:
    """mio:TCP-01, TCP-03, TCP-22: then there is no error, and a peer."""
    with TcpListener.bind(LOOPBACK) as listener, TcpStream.connect(listener.local_address()) as client:
        assert wait(client, Interest.WRITABLE) & Readiness.WRITABLE
        assert client.is_connected()
        with accept(listener) as server:
            assert client.peer_address() == listener.local_address() == server.local_address()
            assert server.peer_address() == client.local_address()


def test_a_refused_connection_is_told_once() -> None:
    """mio:TCP-04, TCP-05: the poll tells, the error says why, and is then forgotten."""
    with TcpListener.bind(LOOPBACK) as listener:
        nobody = listener.local_address()
    with TcpStream.connect(nobody) as client:
        wait(client, Interest.WRITABLE)
        with pytest.raises(ConnectionRefusedError):
            client.is_connected()
        assert client.take_error() is None
        assert client.peer_address() is None
        assert not client.is_connected()


def test_an_address_in_use_is_refused() -> None:
    """mio:TCP-27."""
    with TcpListener.bind(LOOPBACK) as listener, refusal(errno.EADDRINUSE):
        TcpListener.bind(listener.local_address())


def test_an_address_that_is_not_ours_is_refused_and_leaves_nothing_open(world: str) -> None:
    """The fixture's world would tell of an open fd."""
    with refusal(errno.EADDRNOTAVAIL):
        UdpSocket.bind(("192.0.2.1", 0))
    if world == "real":  # the fake network has no routes to lack
        with refusal(errno.ENETUNREACH):
            TcpStream.connect(("255.255.255.255", 9))


def test_bytes_are_read_then_none_then_the_end(connect: Callable[[], Ends]) -> None:
    """mio:TCP-17, EOF-01: the end of the stream is a read of no bytes, again and again."""
    client, server = connect()
    assert server.write(b"hello") == 5
    assert client.read(3) == b"hel"
    assert client.read(10) == b"lo"
    assert client.read(10) is None
    server.shutdown(Half.WRITE)
    assert client.read(10) == b""
    assert client.read(10) == b""


def test_half_a_connection_goes_on(connect: Callable[[], Ends]) -> None:
    """mio:TCP-20: after its writing half is shut, a stream still reads; writing on is EPIPE."""
    client, server = connect()
    client.shutdown(Half.WRITE)
    assert server.read(10) == b""
    assert server.write(b"still here") == 10
    assert client.read(10) == b"still here"
    with pytest.raises(BrokenPipeError):
        client.write(b"no more")


def test_shutting_what_is_not_connected_is_refused() -> None:
    """ENOTCONN, shutdown(2)."""
    with TcpListener.bind(LOOPBACK) as listener:
        nobody = listener.local_address()
    with TcpStream.connect(nobody) as client:
        wait(client, Interest.WRITABLE)
        with refusal(errno.ENOTCONN):
            client.shutdown(Half.BOTH)


def test_a_write_takes_a_prefix_then_would_block(connect: Callable[[], Ends]) -> None:
    """mio:TCP-18: and there is room again once the peer has read."""
    client, server = connect()
    filled = fill(client)
    assert filled > 0
    assert client.write_vectored([b"a", b"b"]) is None
    while filled:
        wait(server, Interest.READABLE)
        filled -= len(server.read(1 << 20) or b"")
    assert wait(client, Interest.WRITABLE) & Readiness.WRITABLE
    assert client.write(b"x") == 1


def test_peeking_takes_nothing(connect: Callable[[], Ends]) -> None:
    """mio:TCP-19."""
    client, server = connect()
    server.write(b"hello")
    assert [client.peek(4), client.peek(9), client.read(9)] == [b"hell", b"hello", b"hello"]


def test_buffers_are_written_and_filled_in_order(connect: Callable[[], Ends], world: str) -> None:
    """mio:TCP-21. Reading into several buffers is not modelled by the fake kernel."""
    client, server = connect()
    assert server.write_vectored([b"he", b"", b"llo"]) == 5
    first, second = bytearray(3), bytearray(9)
    if world == "fake":
        assert client.read_into(first) == 3
        assert client.read_into(second) == 2
    else:
        assert client.read_vectored([first, second]) == 5
        assert client.read_vectored([first, second]) is None
    assert bytes(first + second[:2]) == b"hello"


def test_a_reset_is_raised_once(connect: Callable[[], Ends]) -> None:
    """Then the stream is at its end (linux-readiness 1.2)."""
    client, server = connect()
    client.write(b"unread")
    server.close()  # with bytes unread: a reset
    wait(client, Interest.READABLE)
    with pytest.raises(ConnectionResetError):
        client.read(10)
    assert client.read(10) == b""


def test_accepted_streams_do_not_block(connect: Callable[[], Ends]) -> None:
    """mio:TCP-14."""
    _, server = connect()
    assert server.read(1) is None


def test_a_connection_that_died_in_the_queue_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """mio:TCP-16, accept(2): its error is not ours, but a lack of fds is."""
    failures = [errno.ECONNABORTED, errno.EPROTO, errno.EMFILE]

    class Queue:
        def accept(self) -> None:
            raise OSError(failures.pop(0), "as accept(2) says")

    with TcpListener.bind(LOOPBACK) as listener, monkeypatch.context() as patch:
        patch.setattr(listener, "_sock", Queue())
        with refusal(errno.EMFILE):
            listener.accept()
    assert failures == []


def test_datagrams_are_whole_or_cut(world: str) -> None:
    """mio:UDP-01, UDP-06, UDP-07: an empty one is a datagram, not an end; what does not fit is lost."""
    with UdpSocket.bind(LOOPBACK) as one, UdpSocket.bind(LOOPBACK) as two:
        for data in (b"", b"abcdef", b"gh"):
            assert one.send_to(data, two.local_address()) == len(data)
        wait(two, Interest.READABLE)
        assert two.recv(10) == b""
        assert two.peek_from(10) == (b"abcdef", one.local_address())
        assert two.recv(3) == b"abc"
        assert two.recv_from(10) == (b"gh", one.local_address())
        assert two.recv(10) is None


def test_a_connected_udp_socket_hears_its_peer_only() -> None:
    """mio:UDP-08, UDP-11, UDP-13: and may choose another."""
    with UdpSocket.bind(LOOPBACK) as one, UdpSocket.bind(LOOPBACK) as two, UdpSocket.bind(LOOPBACK) as stranger:
        with refusal(errno.EDESTADDRREQ):
            one.send(b"to whom?")
        one.connect(two.local_address())
        stranger.send_to(b"not for you", one.local_address())
        assert one.recv(20) is None
        assert one.send(b"to two") == 6
        wait(two, Interest.READABLE)
        assert two.recv(20) == b"to two"
        one.connect(stranger.local_address())
        assert one.send(b"to the other") == 12
        wait(stranger, Interest.READABLE)
        assert stranger.recv(20) == b"to the other"


def test_a_full_socket_sends_no_datagram(world: str) -> None:
    """mio:UDP-03; on loopback datagrams leave at once, so a full buffer is made by hand."""
    with UdpSocket.bind(LOOPBACK) as one:
        one._sock = FullSocket(one._sock)  # type: ignore[assignment]
        assert one.send(b"x") is None
        assert one.send_to(b"x", LOOPBACK) is None


class FullSocket:
    """A socket without room."""

    def __init__(self, sock: socket.socket) -> None:
        self.close = sock.close

    def send(self, data: bytes) -> int:
        """Would block."""
        raise BlockingIOError(errno.EAGAIN, "no room")

    def sendto(self, data: bytes, address: object) -> int:
        """Would block."""
        raise BlockingIOError(errno.EAGAIN, "no room")


def test_ipv6_addresses_have_colons(world: str) -> None:
    """The family follows from the address."""
    try:
        listener = TcpListener.bind(("::1", 0))
    except OSError:
        pytest.skip("needs IPv6 on the loopback interface")
    with listener, TcpStream.connect(listener.local_address()) as client, accept(listener) as server:
        assert client.local_address() == server.peer_address()
