"""What `fakepoll.faults` calls legal, shown on this Linux; the fake kernel, without faults, does the same.

Each test brings the luck about by lawful means: another holder of the file, a limit, a buffer, a cork. What cannot be
shown on a loopback in one process has no test here: datagrams that overtake each other, a bad checksum, memory
pressure, ENFILE, ENOBUFS, a slow answer to a SYN.
"""

from __future__ import annotations

import contextlib
import errno
import resource
import select
import signal
import socket
from collections.abc import Callable
from typing import Any

import pytest

from fakepoll.abi import ET, HUP, IN, OUT, RDHUP
from tests.fakepoll.machines import NOW, Machine

TCP_CORK = socket.TCP_CORK


def watch(machine: Machine, sock: Any, asked: int) -> Any:
    """Make an epoll with one registration."""
    epoll = machine.keep(machine.select.epoll())
    epoll.register(sock, asked)
    return epoll


def masks(epoll: Any, timeout: float = 0) -> list[int]:
    """Wait, and give the masks only."""
    return [mask for _, mask in epoll.poll(timeout)]


def fill(write: Callable[[bytes], object], data: bytes) -> None:
    """Write until nothing is taken any more."""
    with contextlib.suppress(BlockingIOError):
        while True:
            write(data)


def test_stolen_data(machine: Machine) -> None:
    """stolen: IN is told, another holder reads first, and recv says EAGAIN."""
    one, other = machine.unix()
    epoll = watch(machine, one, IN)
    other.send(b"x")
    assert masks(epoll) == [IN]
    thief = machine.keep(one.dup())
    assert thief.recv(9) == b"x"
    with pytest.raises(BlockingIOError):
        one.recv(9)


def test_stolen_connection(machine: Machine) -> None:
    """stolen: IN is told on a listener, another acceptor is faster, and accept says EAGAIN."""
    listener = machine.listener()
    epoll = watch(machine, listener, IN)
    machine.tcp_socket().connect_ex(listener.getsockname())
    assert masks(epoll) == [IN]
    machine.keep(machine.keep(listener.dup()).accept()[0])
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_needless_edge(machine: Machine) -> None:
    """wake: an edge is told again though nothing changed but the size of a buffer."""
    one, _ = machine.unix()
    epoll = watch(machine, one, OUT | ET)
    assert (masks(epoll), masks(epoll)) == ([OUT], [])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
    assert masks(epoll) == [OUT]


def test_needless_edge_for_the_other_direction(machine: Machine) -> None:
    """wake: a FIN reaches a registration that asked for OUT only."""
    one, other = machine.tcp()
    epoll = watch(machine, one, OUT | ET)
    assert (masks(epoll), masks(epoll)) == ([OUT], [])
    other.shutdown(socket.SHUT_WR)
    assert masks(epoll) == [OUT]


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_half_close_by_another_holder(machine: Machine, kind: str) -> None:
    """half_close: IN and RDHUP, end of stream; sending still works."""
    one, other = getattr(machine, kind)()
    epoll = watch(machine, one, IN | RDHUP)
    machine.keep(other.dup()).shutdown(socket.SHUT_WR)
    assert masks(epoll) == [IN | RDHUP]
    assert (one.recv(9), one.send(b"x")) == (b"", 1)


def test_hangup_by_another_holder(machine: Machine) -> None:
    """hangup: on AF_UNIX, HUP and RDHUP at once."""
    one, other = machine.unix()
    epoll = watch(machine, one, IN | RDHUP)
    machine.keep(other.dup()).shutdown(socket.SHUT_RDWR)
    assert masks(epoll) == [IN | RDHUP | HUP]


def test_hangup_on_tcp_is_a_fin_and_then_a_reset(machine: Machine) -> None:
    """hangup: the FIN is seen first; sending is answered by a RST."""
    one, other = machine.tcp()
    machine.keep(other.dup()).shutdown(socket.SHUT_RDWR)
    assert (one.recv(9), one.send(b"x")) == (b"", 1)
    with pytest.raises(BrokenPipeError):
        one.send(b"x")


def test_reset_leaves_what_was_received(machine: Machine) -> None:
    """reset: data that came before the RST is read first."""
    one, other = machine.tcp()
    other.send(b"last words")
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    other.close()
    assert one.recv(99) == b"last words"
    with pytest.raises(ConnectionResetError):
        one.recv(99)


def test_pieces_have_edges_of_their_own(machine: Machine) -> None:
    """arrive: a read that got less than was sent in all is told of the rest by a new edge."""
    one, other = machine.tcp()
    epoll = watch(machine, one, IN | ET)
    other.send(b"he")
    assert (masks(epoll), one.recv(99)) == ([IN], b"he")
    other.send(b"llo")
    assert (masks(epoll), one.recv(99)) == ([IN], b"llo")


def test_bytes_stay_in_flight_and_come_together() -> None:
    """late: sent bytes are not there yet; they come with the next, and are told once (TCP_CORK, real kernel only)."""
    machine = Machine("real")
    one, other = machine.tcp()
    epoll = watch(machine, one, IN | ET)
    other.setsockopt(socket.IPPROTO_TCP, TCP_CORK, 1)
    other.send(b"he")
    with pytest.raises(BlockingIOError):
        one.recv(99)
    other.send(b"llo")
    other.setsockopt(socket.IPPROTO_TCP, TCP_CORK, 0)
    assert (masks(epoll, 1), one.recv(99), masks(epoll)) == ([IN], b"hello", [])
    machine.close()


def test_little_room_is_a_short_write_then_no_out_then_an_edge(machine: Machine) -> None:
    """room: a send is cut short, OUT is gone, and comes back with an edge when the other end has read."""
    one, other = machine.unix()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_608)
    epoll = watch(machine, one, OUT | ET)
    assert masks(epoll) == [OUT]
    fill(one.send, b"x" * 1000)
    assert masks(epoll) == []
    while masks(epoll) == []:
        assert other.recv(1000)


def test_out_comes_later_than_room(machine: Machine) -> None:
    """late_room: the other end has read something, and OUT is still away."""
    one, other = machine.unix()
    fill(one.send, b"x" * 10_000)
    other.recv(10_000)
    assert masks(watch(machine, one, OUT)) == []
    assert one.send(b"x") == 1


def test_pipe_write_is_all_or_nothing(machine: Machine) -> None:
    """room: up to PIPE_BUF bytes a pipe takes no part of a write."""
    reader, writer = machine.pipe()
    fill(writer.write, b"x" * 4096)
    reader.read(4000)
    with pytest.raises(BlockingIOError):
        writer.write(b"x" * 4000)


def test_refused(machine: Machine) -> None:
    """refused: nobody listens where somebody did."""
    listener = machine.listener()
    address = listener.getsockname()
    listener.close()
    client = machine.tcp_socket()
    assert client.connect_ex(address) == errno.EINPROGRESS
    assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_full_backlog(machine: Machine) -> None:
    """full_backlog: TCP's connect stays in progress, AF_UNIX's says EAGAIN."""
    listener = machine.listener(0)
    first, second = machine.tcp_socket(), machine.tcp_socket()
    first.connect_ex(listener.getsockname())
    second.connect_ex(listener.getsockname())
    assert masks(watch(machine, first, OUT)) == [OUT]
    assert masks(watch(machine, second, OUT)) == []
    unix = machine.keep(machine.socket.socket(socket.AF_UNIX))
    unix.bind(b"\0pollcheck-legality-%d" % id(machine))
    unix.listen(0)
    clients = [machine.keep(machine.socket.socket(socket.AF_UNIX)) for _ in range(2)]
    assert [client.connect_ex(unix.getsockname()) for client in clients] == [0, errno.EAGAIN]


def test_emfile_leaves_the_connection_queued() -> None:
    """EMFILE: accept fails, the listener stays readable, and later the connection is there."""
    machine = Machine("real")
    listener = machine.listener()
    machine.tcp_socket().connect_ex(listener.getsockname())
    epoll = watch(machine, listener, IN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (epoll.fileno(), hard))
    try:
        with pytest.raises(OSError, match="Too many open files") as error:
            listener.accept()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert error.value.errno == errno.EMFILE
    assert masks(epoll) == [IN]
    machine.keep(listener.accept()[0])
    machine.close()


@pytest.mark.parametrize("first", [0, 1])
def test_order_is_that_of_the_events(machine: Machine, first: int) -> None:
    """first: independent events in either order; registration order does not matter."""
    pairs = [machine.unix(), machine.unix()]
    epoll = machine.keep(machine.select.epoll())
    for one, _ in pairs:
        epoll.register(one, IN)
    for which in (first, 1 - first):
        pairs[which][1].send(b"x")
    assert [fd for fd, _ in epoll.poll(0)] == [pairs[first][0].fileno(), pairs[1 - first][0].fileno()]


def test_reset_connections_are_still_accepted(machine: Machine) -> None:
    """aborted is posix, not legal: this Linux returns a connection that was reset while it queued."""
    listener = machine.listener()
    client = machine.tcp_socket()
    client.connect_ex(listener.getsockname())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    client.close()
    accepted = machine.keep(listener.accept()[0])
    with pytest.raises(ConnectionResetError):
        accepted.recv(1)


def test_what_a_short_read_leaves_has_no_edge(machine: Machine) -> None:
    """short_read is posix, not legal: recv gives all there is, so who got less than it asked for may wait."""
    one, other = machine.unix()
    epoll = watch(machine, one, IN | ET)
    other.send(b"hello")
    assert masks(epoll) == [IN]
    assert len(one.recv(2)) == 2
    assert masks(epoll) == []
    assert one.recv(99) == b"llo"


def test_signal_during_a_wait_runs_its_handler() -> None:
    """signal: the handler runs inside the wait, and the wait goes on to its end (PEP 475)."""
    told: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda *_: told.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        with select.epoll() as epoll:
            assert epoll.poll(0.05) == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert told == [1]
