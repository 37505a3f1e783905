"""The socket stand-in: what the standard library makes of it, timeouts, options, addresses, and calls in their order."""

from __future__ import annotations

import errno
import io
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

import fakepoll
from fakepoll.abi import NS_PER_S
from tests.fakepoll.machines import NOW, Machine, outcome

LOCAL = "127.0.0.1"


def test_library_functions_run_on_it() -> None:
    """create_server, create_connection, makefile, dup, fromfd and repr are the standard library's own code."""
    kernel = fakepoll.Kernel()
    module = kernel.socket
    with module.create_server((LOCAL, 0)) as server, module.create_connection(server.getsockname()) as client:
        connection, address = server.accept()
        assert address == client.getsockname()
        assert type(connection) is module.socket
        assert "laddr=('127.0.0.1'" in repr(connection)
        assert connection.family is socket.AF_INET
        client.sendall(b"one\ntwo\n")
        with connection.makefile("rw", newline="\n") as stream:
            assert [stream.readline(), stream.readline()] == ["one\n", "two\n"]
            stream.write("three")
            stream.flush()
        assert client.recv(99) == b"three"
        with connection.dup() as other, module.fromfd(other.fileno(), socket.AF_INET, socket.SOCK_STREAM) as third:
            assert third.getpeername() == client.getsockname()
        connection.close()
        assert client.recv(1) == b""
    assert list(kernel.fds.items()) == []


def test_module_has_the_names_of_the_real_one() -> None:
    """Constants and exceptions are the same objects, functions and the class are not."""
    module = fakepoll.Kernel().socket
    assert module.AF_UNIX is socket.AF_UNIX
    assert module.timeout is socket.timeout
    assert module.socket is not socket.socket
    assert {name for name in dir(socket) if not hasattr(module, name)} == set()
    with pytest.raises(AttributeError):
        module.no_such_name  # noqa: B018 - the look-up is the test
    assert "create_server" in dir(module)


def test_two_kernels_never_meet() -> None:
    """Each has its own numbers, ports and names."""
    one, other = fakepoll.Kernel(), fakepoll.Kernel()
    server = one.socket.create_server((LOCAL, 0))
    with pytest.raises(ConnectionRefusedError):
        other.socket.create_connection(server.getsockname())


def test_timeout_waits_and_gives_up() -> None:
    """A socket with a timeout is non-blocking below; each call waits at most that long."""
    kernel = fakepoll.Kernel(tick_ns=0)
    left, right = kernel.socket.socketpair()
    left.settimeout(1.5)
    assert left.gettimeout() == left.timeout == 1.5
    assert not kernel.os.get_blocking(left.fileno())
    begun_ns = kernel.clock.now_ns
    with pytest.raises(TimeoutError, match="timed out"):
        left.recv(1)
    assert kernel.clock.now_ns == begun_ns + 3 * NS_PER_S // 2
    kernel.schedule(NS_PER_S, lambda: right.send(b"x"))
    assert left.recv(1) == b"x"
    with pytest.raises(TimeoutError):
        left.sendall(bytes(1 << 20))
    left.setblocking(True)
    assert left.getblocking()
    with pytest.raises(ValueError, match="out of range"):
        left.settimeout(-1)


def test_connect_with_timeout_to_a_full_listener() -> None:
    """The SYN is sent again each second; who has no room in time is a timeout, who gets some is connected."""
    kernel = fakepoll.Kernel(tick_ns=0)
    listener = kernel.socket.socket()
    listener.bind((LOCAL, 0))
    listener.listen(0)
    first = kernel.socket.create_connection(listener.getsockname())
    late = kernel.socket.socket()
    late.settimeout(3)
    with pytest.raises(TimeoutError):
        late.connect(listener.getsockname())
    late.close()
    patient = kernel.socket.socket()
    kernel.schedule(NS_PER_S // 2, listener.accept)
    assert outcome(patient.connect, listener.getsockname()) == "None"
    assert first.getpeername() == patient.getpeername()


def test_unanswered_connect_fails_in_the_end() -> None:
    """After eleven tries and 131 seconds the error is ETIMEDOUT."""
    kernel = fakepoll.Kernel(tick_ns=0)
    listener = kernel.socket.socket()
    listener.bind((LOCAL, 0))
    listener.listen(0)
    first = kernel.socket.create_connection(listener.getsockname())
    begun_ns = kernel.clock.now_ns
    assert outcome(kernel.socket.socket().connect, listener.getsockname()) == "ETIMEDOUT"
    assert (kernel.clock.now_ns - begun_ns) // NS_PER_S == 131
    first.close()


def test_default_timeout() -> None:
    """Sockets made after setdefaulttimeout have it."""
    kernel = fakepoll.Kernel()
    kernel.socket.setdefaulttimeout(2)
    assert kernel.socket.getdefaulttimeout() == 2
    assert kernel.socket.socket().gettimeout() == 2


def test_connect_sequence(machine: Machine) -> None:
    """EINPROGRESS, 0 once, then EISCONN; ECONNABORTED when SO_ERROR took the error away."""
    listener = machine.listener()
    client = machine.tcp_socket()
    answers = [outcome(client.connect_ex, listener.getsockname()) for _ in range(3)]
    assert answers == [str(errno.EINPROGRESS), "0", str(errno.EISCONN)]
    refused, nowhere = machine.tcp_socket(), machine.listener()
    address = nowhere.getsockname()
    nowhere.close()
    refused.connect_ex(address)
    assert refused.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    assert refused.connect_ex(address) == errno.ECONNABORTED
    assert refused.connect_ex(address) == errno.EINPROGRESS


def test_error_is_told_once(machine: Machine) -> None:
    """A reset is an error for one call, then end of file; data received before it can still be read."""
    own, peer = machine.tcp()
    peer.send(b"abc")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    peer.close()
    answers = [outcome(own.recv, 2), outcome(own.recv, 2), outcome(own.recv, 2), outcome(own.recv, 2)]
    assert answers == ["b'ab'", "b'c'", "ECONNRESET", "b''"]
    assert outcome(own.send, b"x") == "EPIPE"
    assert outcome(own.shutdown, 2) == "ENOTCONN"


def test_calls_in_the_wrong_state(machine: Machine) -> None:
    """Each kind has its own answer to a call that comes too early."""
    fresh, listener = machine.tcp_socket(), machine.listener()
    unix = machine.keep(machine.socket.socket(socket.AF_UNIX))
    udp = machine.udp()
    _, connected = machine.tcp()
    answers = {
        "tcp recv": outcome(fresh.recv, 1),
        "tcp send": outcome(fresh.send, b"x"),
        "tcp accept": outcome(fresh.accept),
        "tcp shutdown": outcome(fresh.shutdown, 1),
        "tcp shutdown how": outcome(connected.shutdown, 7),
        "tcp bind twice": outcome(listener.bind, (LOCAL, 0)),
        "tcp listen connected": outcome(connected.listen),
        "tcp connect connected": outcome(connected.connect, connected.getpeername()),
        "listener recv": outcome(listener.recv, 1),
        "listener accept": outcome(listener.accept),
        "unix recv": outcome(unix.recv, 1),
        "unix send": outcome(unix.send, b"x"),
        "unix listen unbound": outcome(unix.listen),
        "unix connect": outcome(unix.connect, "\0nobody is here"),
        "unix path": outcome(unix.connect, "/no/such/path"),
        "udp send": outcome(udp.send, b"x"),
        "udp listen": outcome(udp.listen),
        "udp accept": outcome(udp.accept),
        "peer name": outcome(fresh.getpeername),
        "pipe as socket": outcome(machine.socket.socket, -1, -1, -1, machine.pipe()[0].fileno()),
    }
    assert answers == {
        "tcp recv": "ENOTCONN",
        "tcp send": "EPIPE",
        "tcp accept": "EINVAL",
        "tcp shutdown": "ENOTCONN",
        "tcp shutdown how": "EINVAL",
        "tcp bind twice": "EINVAL",
        "tcp listen connected": "EINVAL",
        "tcp connect connected": "EISCONN",
        "listener recv": "ENOTCONN",
        "listener accept": "EAGAIN",
        "unix recv": "EINVAL",
        "unix send": "ENOTCONN",
        "unix listen unbound": "EINVAL",
        "unix connect": "ECONNREFUSED",
        "unix path": "ENOENT",
        "udp send": "EDESTADDRREQ",
        "udp listen": "ENOTSUP",
        "udp accept": "ENOTSUP",
        "peer name": "ENOTCONN",
        "pipe as socket": "ENOTSOCK",
    }


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s: s.recv(-1), ValueError),
        (lambda s: s.send("text"), TypeError),
        (lambda s: s.bind("text"), TypeError),
        (lambda s: s.bind((LOCAL, 1 << 16)), OverflowError),
        (lambda s: s.bind((LOCAL, 1, 2)), TypeError),
        (lambda s: s.bind((1, 1)), TypeError),
        (lambda s: s.connect(("no such name.invalid", 1)), socket.gaierror),
        (lambda s: s.recv_into(bytearray(1), 2), ValueError),
        (lambda s: s.recv_into(b"readonly"), TypeError),
        (lambda s: s.sendto(b"x"), TypeError),
        (lambda s: s.settimeout("x"), TypeError),
        (lambda s: s.recvmsg(-1), ValueError),
    ],
)
def test_wrong_arguments_are_refused_as_cpython_does(machine: Machine, call: Any, error: type[Exception]) -> None:
    """Before any kernel is asked."""
    with pytest.raises(error):
        call(machine.tcp_socket())


def test_options(machine: Machine) -> None:
    """Stored, doubled, capped and inherited as Linux does."""
    level = socket.SOL_SOCKET
    sock = machine.tcp_socket()
    sock.setsockopt(level, socket.SO_RCVBUF, 1)
    sock.setsockopt(level, socket.SO_SNDBUF, 1)
    sock.setsockopt(level, socket.SO_KEEPALIVE, 5)
    assert [sock.getsockopt(level, each) for each in (socket.SO_RCVBUF, socket.SO_SNDBUF)] == [2304, 4608]
    assert sock.getsockopt(level, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(level, socket.SO_TYPE) == socket.SOCK_STREAM
    assert sock.getsockopt(level, socket.SO_LINGER, 8) == bytes(8)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert outcome(sock.setsockopt, level, socket.SO_TYPE, 1) == "ENOPROTOOPT"
    assert outcome(sock.setsockopt, level, socket.SO_KEEPALIVE, b"x") == "EINVAL"
    own, _ = machine.unix()
    assert outcome(own.getsockopt, socket.IPPROTO_TCP, socket.TCP_NODELAY) == "ENOTSUP"
    listener = machine.listener()
    assert listener.getsockopt(level, socket.SO_ACCEPTCONN) == 1
    listener.setsockopt(level, socket.SO_LINGER, NOW)
    machine.tcp_socket().connect_ex(listener.getsockname())
    assert machine.keep(listener.accept()[0]).getsockopt(level, socket.SO_LINGER, 8) == struct.pack("ii", 1, 0)


def test_messages(machine: Machine) -> None:
    """Peeking takes nothing, datagrams are cut, both recvfrom and recvmsg say so; buffers are filled."""
    own, peer = machine.unix()
    peer.send(b"abc")
    assert own.recv(9, socket.MSG_PEEK) == own.recv(9) == b"abc"
    receiver, sender = machine.udp(), machine.udp()
    sender.sendto(b"abcdef", receiver.getsockname())
    sender.sendto(b"", receiver.getsockname())
    sender.sendto(b"xyz", 0, receiver.getsockname())
    assert receiver.recvmsg(3) == (b"abc", [], socket.MSG_TRUNC, sender.getsockname())
    assert receiver.recvfrom(3) == (b"", sender.getsockname())
    buffer = bytearray(5)
    assert receiver.recvfrom_into(buffer) == (3, sender.getsockname())
    assert buffer == b"xyz\0\0"
    sender.connect(receiver.getsockname())
    assert sender.sendmsg([b"a", bytearray(b"b")]) == 2
    assert receiver.recv_into(buffer, 1) == 1
    assert own.recv(0) == b""


def test_names_of_unix_sockets() -> None:
    """Paths stay until they are unlinked, abstract names go; an empty name asks for one."""
    kernel = fakepoll.Kernel()
    family = socket.AF_UNIX
    server = kernel.socket.socket(family)
    server.bind("/run/server")
    server.listen()
    client = kernel.socket.socket(family)
    client.connect("/run/server")
    assert client.getpeername() == "/run/server"
    assert client.getsockname() == ""
    assert outcome(kernel.socket.socket(family).bind, "/run/server") == "EADDRINUSE"
    assert kernel.os.stat("/run/server").st_mode & 0o170000 == 0o140000
    server.close()
    assert outcome(kernel.socket.socket(family).connect, "/run/server") == "ECONNREFUSED"
    kernel.os.unlink("/run/server")
    with pytest.raises(FileNotFoundError, match="/run/server"):
        kernel.os.unlink("/run/server")
    with pytest.raises(FileNotFoundError, match="/run/server"):
        kernel.os.stat("/run/server")
    abstract = kernel.socket.socket(family)
    abstract.bind(b"\0name")
    assert abstract.getsockname() == b"\0name"
    abstract.close()
    again = kernel.socket.socket(family)
    again.bind("\0name")
    unnamed = kernel.socket.socket(family)
    unnamed.bind("")
    assert unnamed.getsockname() == b"\x0000000"
    with pytest.raises(OSError, match="too long"):
        again.bind("x" * 200)


def test_ports() -> None:
    """Ports are counted; two listeners need SO_REUSEPORT; wildcards take what is addressed to the loopback."""
    kernel = fakepoll.Kernel()
    module = kernel.socket
    one = module.create_server(("", 0))
    assert one.getsockname() == ("0.0.0.0", 32768)
    assert outcome(module.create_server, (LOCAL, 32768)) == "EADDRINUSE"
    client = module.create_connection((LOCAL, 32768))
    assert client.getsockname() == (LOCAL, 32769)
    both = module.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    port = both.getsockname()[1]
    mapped = module.create_connection((LOCAL, port))
    assert both.accept()[1] == ("::ffff:127.0.0.1", mapped.getsockname()[1], 0, 0)
    six = module.create_connection(("::1", port))
    assert six.getpeername() == ("::1", port, 0, 0)
    shared = [module.create_server((LOCAL, 7000), reuse_port=True) for _ in range(2)]
    assert [each.getsockname()[1] for each in shared] == [7000, 7000]
    assert outcome(module.create_connection, ("192.0.2.1", 80)) == "ENETUNREACH"
    assert outcome(module.create_server, ("192.0.2.1", 80)) == "EADDRNOTAVAIL"


def test_ipv4_under_an_ipv6_socket(machine: Machine) -> None:
    """It speaks IPv4, from the IPv4 loopback, and shows mapped addresses."""
    listener = machine.listener()
    port = listener.getsockname()[1]
    six = machine.keep(machine.socket.socket(socket.AF_INET6))
    assert outcome(six.connect, ("::ffff:127.0.0.1", port)) == "EINPROGRESS"
    accepted, address = listener.accept()
    machine.keep(accepted)
    assert (six.getsockname()[0], six.getpeername()[0], address[0]) == ("::ffff:127.0.0.1", "::ffff:127.0.0.1", LOCAL)
    datagram = machine.keep(machine.socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    datagram.connect(("::ffff:127.0.0.1", machine.udp().getsockname()[1]))
    assert datagram.getsockname()[0] == "::ffff:127.0.0.1"
    six.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)


def test_time_wait_holds_a_port_for_a_minute() -> None:
    """Who closes first leaves his port behind; SO_REUSEADDR takes it, time gives it back."""
    kernel = fakepoll.Kernel()
    module = kernel.socket
    listener = module.create_server((LOCAL, 7000))
    client = module.create_connection((LOCAL, 7000))
    accepted, _ = listener.accept()
    accepted.close()
    client.close()
    listener.close()
    plain = module.socket()
    assert outcome(plain.bind, (LOCAL, 7000)) == "EADDRINUSE"
    kernel.time.sleep(61)
    assert outcome(plain.bind, (LOCAL, 7000)) == "None"


def test_names_are_looked_up_without_a_network() -> None:
    """localhost and numbers; nothing else is known."""
    module = fakepoll.Kernel().socket
    stream = socket.SOCK_STREAM
    found = module.getaddrinfo("localhost", 80, type=stream)
    assert [entry[4] for entry in found] == [("::1", 80, 0, 0), (LOCAL, 80)]
    assert module.getaddrinfo(None, "80", socket.AF_INET, stream, 0, socket.AI_PASSIVE)[0][4] == ("0.0.0.0", 80)
    assert [entry[1] for entry in module.getaddrinfo(LOCAL, 1)] == [1, 2, 3]
    assert module.gethostbyname("localhost") == LOCAL
    assert module.getnameinfo((LOCAL, 80), 0) == ("localhost", "80")
    assert module.gethostname() == "localhost"
    for arguments in (("example.org", 80), (None, None), ("localhost", 1, 99), ("::1", 1, socket.AF_INET)):
        with pytest.raises(socket.gaierror):
            module.getaddrinfo(*arguments)
    with pytest.raises(fakepoll.NotModelled, match="service name"):
        module.getaddrinfo(LOCAL, "http")


def test_unaccepted_connections_are_reset(machine: Machine) -> None:
    """A listener that closes resets who was waiting; one that was reset while waiting is accepted all the same."""
    listener, client = machine.listener(), machine.tcp_socket()
    client.connect_ex(listener.getsockname())
    listener.close()
    assert outcome(client.recv, 1) == "ECONNRESET"
    listener, client = machine.listener(), machine.tcp_socket()
    client.connect_ex(listener.getsockname())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    client.close()
    assert outcome(machine.keep(listener.accept()[0]).recv, 1) == "ECONNRESET"


def test_dropped_objects_close_their_fds() -> None:
    """As in CPython, whoever lets go of a socket or an epoll closes it."""
    kernel = fakepoll.Kernel()
    left, right = kernel.socket.socketpair()
    epoll = kernel.select.epoll()
    del right, epoll
    assert [fd for fd, _ in kernel.fds.items()] == [left.fileno()]
    assert left.recv(1) == b""


def test_unknown_options_families_and_flags_are_named() -> None:
    """NotModelled says what was asked for."""
    kernel = fakepoll.Kernel()
    sock = kernel.socket.socket()
    asked: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1), "SO_MARK"),
        (lambda: kernel.socket.socket(socket.AF_NETLINK, socket.SOCK_RAW), "AF_NETLINK"),
        (lambda: sock.recv(1, socket.MSG_ERRQUEUE), "0x2000"),
        (lambda: kernel.os.open("x", 0), "os.open"),
        (lambda: kernel.socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET), "type 5"),
    )
    for call, name in asked:
        with pytest.raises(fakepoll.NotModelled, match=name):
            call()
    assert outcome(kernel.socket.socketpair, socket.AF_INET) == "ENOTSUP"


def test_sendfile_falls_back_to_reading() -> None:
    """A file that is not the kernel's is read and sent."""
    kernel = fakepoll.Kernel()
    left, right = kernel.socket.socketpair()
    assert left.sendfile(io.BytesIO(b"content")) == 7
    assert right.recv(99) == b"content"
