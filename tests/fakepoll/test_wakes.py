"""Who is woken by what, with which key: the measured edge tables of Linux 6.18, on both kernels.

Six edge-triggered registrations of one file, each with another interest, in six epolls. A row is an action and what
the six tell afterwards. What an interest hears although it did not ask for the change is the key of the wake at work.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from fakepoll.abi import ET, IN, OUT, RDHUP, mask_text
from tests.fakepoll.machines import NOW, Machine, outcome

INTERESTS = (IN, OUT, IN | OUT, IN | OUT | RDHUP, RDHUP, 0)

UNIX_DATA = """
    add                       | .  | OUT | OUT    | OUT    | . | .
    nothing                   | .  | .   | .      | .      | . | .
    peer send 5               | IN | .   | IN+OUT | IN+OUT | . | .
    peer send 2               | IN | .   | IN+OUT | IN+OUT | . | .
    own recv 1                | .  | .   | .      | .      | . | .
    own recv 99               | .  | .   | .      | .      | . | .
    own recv 1                | .  | .   | .      | .      | . | .
    peer send 3, own recv 9   | .  | .   | OUT    | OUT    | . | .
    own send 1                | .  | .   | .      | .      | . | .
    peer recv 1               | .  | OUT | OUT    | OUT    | . | .
    own send 3                | .  | .   | .      | .      | . | .
    peer recv 1               | .  | .   | .      | .      | . | .
    peer recv 9               | .  | OUT | OUT    | OUT    | . | .
    own send 0                | .  | .   | .      | .      | . | .
    peer send 0               | .  | .   | .      | .      | . | .
    own sndbuf                | .  | OUT | OUT    | OUT    | . | .
"""
UNIX_END = """
    add           | .      | OUT     | OUT        | OUT              | .         | .
    peer shut wr  | IN     | OUT     | IN+OUT     | IN+OUT+RDHUP     | RDHUP     | .
    own recv 1    | .      | .       | .          | .                | .         | .
    own send 1    | .      | .       | .          | .                | .         | .
    peer recv 1   | .      | OUT     | IN+OUT     | IN+OUT+RDHUP     | .         | .
    own shut wr   | IN+HUP | OUT+HUP | IN+OUT+HUP | IN+OUT+HUP+RDHUP | HUP+RDHUP | HUP
    peer close    | IN+HUP | OUT+HUP | IN+OUT+HUP | IN+OUT+HUP+RDHUP | HUP+RDHUP | HUP
    nothing       | .      | .       | .          | .                | .         | .
"""
UNIX_UNREAD = """
    add           | .          | OUT         | OUT            | OUT                  | .             | .
    own send 1    | .          | .           | .              | .                    | .             | .
    peer close    | IN+ERR+HUP | OUT+ERR+HUP | IN+OUT+ERR+HUP | IN+OUT+ERR+HUP+RDHUP | ERR+HUP+RDHUP | ERR+HUP
    own error     | .          | .           | .              | .                    | .             | .
"""
TCP_DATA = """
    add                       | .  | OUT | OUT    | OUT    | . | .
    peer send 5               | IN | .   | IN+OUT | IN+OUT | . | .
    peer send 2               | IN | .   | IN+OUT | IN+OUT | . | .
    own recv 1                | .  | .   | .      | .      | . | .
    own recv 99               | .  | .   | .      | .      | . | .
    peer send 3, own recv 9   | .  | .   | OUT    | OUT    | . | .
    own send 1                | .  | .   | .      | .      | . | .
    peer recv 1               | .  | .   | .      | .      | . | .
    peer shut rd              | .  | .   | .      | .      | . | .
    own sndbuf                | .  | OUT | OUT    | OUT    | . | .
"""
TCP_END = """
    add           | .      | OUT     | OUT        | OUT              | .         | .
    peer shut wr  | IN     | OUT     | IN+OUT     | IN+OUT+RDHUP     | RDHUP     | .
    own recv 1    | .      | .       | .          | .                | .         | .
    own send 1    | .      | .       | .          | .                | .         | .
    own shut wr   | IN+HUP | OUT+HUP | IN+OUT+HUP | IN+OUT+HUP+RDHUP | HUP+RDHUP | HUP
    peer recv 1   | .      | .       | .          | .                | .         | .
    peer close    | .      | .       | .          | .                | .         | .
"""
TCP_RESET = """
    add           | .          | OUT         | OUT            | OUT                  | .             | .
    peer reset    | IN+ERR+HUP | OUT+ERR+HUP | IN+OUT+ERR+HUP | IN+OUT+ERR+HUP+RDHUP | ERR+HUP+RDHUP | ERR+HUP
    own recv 1    | .          | .           | .              | .                    | .             | .
"""
EVENTFD = """
    add           | .  | OUT | OUT    | OUT    | . | .
    own add 1     | IN | .   | IN+OUT | IN+OUT | . | .
    own add 1     | IN | .   | IN+OUT | IN+OUT | . | .
    own add 0     | IN | .   | IN+OUT | IN+OUT | . | .
    own read 8    | .  | OUT | OUT    | OUT    | . | .
    own read 8    | .  | .   | .      | .      | . | .
    own add 0     | .  | .   | OUT    | OUT    | . | .
"""
PIPE_READER = """
    add             | .      | .   | .      | .      | .   | .
    peer write 3    | IN     | .   | IN     | IN     | .   | .
    peer write 1    | IN     | .   | IN     | IN     | .   | .
    own read 1      | .      | .   | .      | .      | .   | .
    own read 99     | .      | .   | .      | .      | .   | .
    peer write 0    | .      | .   | .      | .      | .   | .
    peer write 65536| IN     | .   | IN     | IN     | .   | .
    peer write 1    | IN     | .   | IN     | IN     | .   | .
    peer close      | IN+HUP | HUP | IN+HUP | IN+HUP | HUP | HUP
    own read 99999  | .      | .   | .      | .      | .   | .
"""
PIPE_WRITER = """
    add             | .   | OUT     | OUT     | OUT     | .   | .
    own write 3     | .   | .       | .       | .       | .   | .
    peer read 3     | .   | .       | .       | .       | .   | .
    own write 65536 | .   | .       | .       | .       | .   | .
    peer read 4095  | .   | .       | .       | .       | .   | .
    peer read 1     | .   | OUT     | OUT     | OUT     | .   | .
    peer read 4096  | .   | .       | .       | .       | .   | .
    peer close      | ERR | OUT+ERR | OUT+ERR | OUT+ERR | ERR | ERR
    own write 1     | .   | .       | .       | .       | .   | .
"""
TABLES = {
    "unix data": (Machine.unix, UNIX_DATA),
    "unix end": (Machine.unix, UNIX_END),
    "unix closed over unread": (Machine.unix, UNIX_UNREAD),
    "tcp data": (Machine.tcp, TCP_DATA),
    "tcp end": (Machine.tcp, TCP_END),
    "tcp reset": (Machine.tcp, TCP_RESET),
    "eventfd": (lambda machine: (machine.eventfd(), None), EVENTFD),
    "pipe read end": (Machine.pipe, PIPE_READER),
    "pipe write end": (lambda machine: reversed(machine.pipe()), PIPE_WRITER),
}


@pytest.mark.parametrize("name", TABLES)
def test_edges_are_those_of_the_table(machine: Machine, name: str) -> None:
    """linux-readiness.md 2.1: each action wakes whom the table says, and nobody else."""
    make, table = TABLES[name]
    own, peer = make(machine)
    epolls = [machine.epoll() for _ in INTERESTS]
    for line in table.strip().splitlines():
        action, *expected = (cell.strip() for cell in line.split("|"))
        if action == "add":
            for epoll, interest in zip(epolls, INTERESTS, strict=True):
                epoll.register(own, interest | ET)
        else:
            for step in action.split(", "):
                _perform(step, own, peer)
        assert (action, [_told(epoll) for epoll in epolls]) == (action, expected)


def _told(epoll: Any) -> str:
    return "|".join(mask_text(events, "") for _, events in epoll.poll(0)).replace("|", "+") or "."


def _perform(step: str, own: Any, peer: Any) -> None:
    if step == "nothing":
        return
    name, verb, *argument = step.split()
    end = own if name == "own" else peer
    size = int(argument[0]) if argument and argument[0].isdigit() else 0
    calls: dict[str, Callable[[], Any]] = {
        "send": lambda: end.send(b"x" * size),
        "recv": lambda: end.recv(size),
        "write": lambda: end.write(b"x" * size),
        "read": lambda: end.read(size),
        "add": lambda: end.add(size),
        "shut": lambda: end.shutdown(["rd", "wr"].index(argument[0])),
        "sndbuf": lambda: end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000),
        "error": lambda: end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
        "reset": lambda: (end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW), end.close()),
        "close": end.close,
    }
    outcome(calls[verb])


def test_room_on_tcp_is_told_only_to_who_was_refused(machine: Machine) -> None:
    """A sender over two thirds that was never refused hears nothing; one that met EAGAIN hears OUT once."""
    own, peer = machine.tcp()
    epoll = machine.epoll()
    epoll.register(own, OUT | ET)
    assert _told(epoll) == "OUT"
    while outcome(own.send, bytes(65_536)) != "EAGAIN":
        pass
    assert _told(epoll) == "."
    told = []
    while outcome(peer.recv, 1 << 20) != "EAGAIN":
        told.append(_told(epoll))
    assert [each for each in told if each != "."] == ["OUT"]


def test_listener_is_told_of_each_connection(machine: Machine) -> None:
    """Every connection is an edge, accepting is none."""
    listener = machine.listener()
    epoll = machine.epoll()
    epoll.register(listener, IN | ET)
    told = []
    for _ in range(3):
        machine.tcp_socket().connect_ex(listener.getsockname())
        told.append(_told(epoll))
    machine.keep(listener.accept()[0])
    assert [*told, _told(epoll)] == ["IN", "IN", "IN", "."]


def test_udp_sender_is_told_of_its_own_room(machine: Machine) -> None:
    """The memory of a datagram is free at once on the loopback: every send is an edge for OUT."""
    sender, receiver = machine.udp(), machine.udp()
    epoll = machine.epoll()
    epoll.register(sender, OUT | ET)
    assert _told(epoll) == "OUT"
    sender.sendto(b"x", receiver.getsockname())
    assert _told(epoll) == "OUT"


def test_semaphore_read_is_told_as_room(machine: Machine) -> None:
    """Each read of a semaphore takes one and wakes for OUT; with IN asked for as well it says both."""
    file = machine.eventfd(2, os.EFD_SEMAPHORE)
    epoll = machine.epoll()
    epoll.register(file, IN | OUT | ET)
    assert _told(epoll) == "IN+OUT"
    file.read(8)
    assert _told(epoll) == "IN+OUT"
    file.read(8)
    assert _told(epoll) == "OUT"
