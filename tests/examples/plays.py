"""The example programs as plays: each on a fake kernel of its own, and what may come of it when there are faults."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import examples.custom_event
import examples.deadline
import examples.deregister
import examples.first_steps
import examples.many_sockets
import examples.oneshot_backpressure
import examples.server_client
import examples.server_client_1x
import examples.udp_echo
import fakepoll
from fakepoll.drawn import Drawn
from fakepoll.faults import KINDS, LEGAL, profile
from impl.net import Address
from tests.impl.worlds import MS, NS, faked, later

SYN_SENT = b"\2"
"""The first byte of TCP_INFO: still connecting (net/tcp_states.h). Neither that nor a peer: it failed, or was reset."""


class Visitors:
    """Who connects to an example and closes, as other threads do; whoever fails tries again."""

    def __init__(self, kernel: fakepoll.Kernel) -> None:
        self._kernel = kernel
        self._open: dict[Any, None] = {}

    def come(self, address: Address, many: int) -> None:
        """Let so many come, a millisecond apart."""
        for number in range(many):
            self._kernel.schedule((number + 1) * MS, partial(self._connect, address))

    def leave(self) -> None:
        """Close what is still connecting when the program has ended."""
        for sock in self._open:
            sock.close()

    def _connect(self, address: Address) -> None:
        try:
            sock = self._kernel.socket.socket()
        except OSError:
            self._kernel.schedule(MS, partial(self._connect, address))
            return
        self._open[sock] = None
        sock.setblocking(False)
        sock.connect_ex(address)
        self._close_connected(sock, address)

    def _close_connected(self, sock: Any, address: Address) -> None:
        try:
            sock.getpeername()
        except OSError:
            if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == SYN_SENT:
                self._kernel.schedule(MS, partial(self._close_connected, sock, address))
                return
            self._kernel.schedule(MS, partial(self._connect, address))
        sock.close()
        self._open.pop(sock, None)


UNBOUNDED = {"oneshot_backpressure": ("arrive", "late")}
"""Example -> faults that it does without: while the fake kernel keeps bytes in flight, it takes any number of them, and
a client that writes until it would block writes for ever."""


def faults_for(name: str, seed: int) -> Drawn:
    """Draw the legal faults of a run."""
    return Drawn(seed, kinds=[kind for kind in profile(LEGAL) if kind not in UNBOUNDED.get(name, ())])


def perform(name: str, kernel: fakepoll.Kernel) -> bool:
    """Run an example to its end; answer whether it came to a result, or ended with the kernel's error.

    Waiting for ever is in order for a connection, or a byte, that somebody has stolen: nobody will bring it back.

    Raises:
        AssertionError: the result is wrong.
        ResourceWarning: something was left open.
        Deadlock, Livelock: it waits for ever, or spins.
    """
    program, call, right = EXAMPLES[name]
    visitors = Visitors(kernel)
    with faked(kernel, f"examples.{program}"):
        kernel.schedule(60 * NS, kernel.calm)
        try:
            result = call(kernel, visitors)
        except OSError:
            return False
        except fakepoll.Deadlock:
            if not any(KINDS[fault.kind].loses for _, fault in kernel.fired):
                raise
            return False
        finally:
            with kernel.calm():
                visitors.leave()
    assert right(result), f"{name}: {result!r}"
    return True


def is_all_echoed(count: Any) -> bool:
    """Answer whether twenty were echoed."""
    return bool(count.echoed == 20)


def is_in_order(result: Any) -> bool:
    """Answer whether every byte was in its place, and the sleeping server was told nothing."""
    rounds, in_order = result
    return bool(in_order) and all(each.told == 0 for each in rounds)


Call = Callable[[fakepoll.Kernel, Visitors], Any]

EXAMPLES: Mapping[str, tuple[str, Call, Callable[[Any], bool]]] = MappingProxyType(
    {
        "waits for nothing": (
            "first_steps",
            lambda kernel, visitors: examples.first_steps.waits_for_nothing(3600),
            lambda result: result[0] == [] and result[1] >= 3600,
        ),
        "waits for a connection": (
            "first_steps",
            lambda kernel, visitors: examples.first_steps.waits_for_a_connection(),
            lambda result: result[0] == [] and len(result[1]) <= 1,
        ),
        "waits to be connected": (
            "first_steps",
            lambda kernel, visitors: examples.first_steps.waits_to_be_connected(),
            lambda result: result[0].token == 0,
        ),
        "changes its token": (
            "first_steps",
            lambda kernel, visitors: examples.first_steps.changes_its_token(),
            lambda result: result[0].token == 2,
        ),
        "sets a readiness": (
            "first_steps",
            lambda kernel, visitors: examples.first_steps.sets_a_readiness(),
            lambda result: result == (0, 1),
        ),
        "server_client": (
            "server_client",
            lambda kernel, visitors: examples.server_client.run(),
            lambda result: result[-1] == "client done",
        ),
        "server_client_1x": (
            "server_client_1x",
            lambda kernel, visitors: examples.server_client_1x.run(),
            lambda result: result[-1] == "end of stream",
        ),
        "many_sockets": (
            "many_sockets",
            lambda kernel, visitors: examples.many_sockets.run(visitors.come),
            lambda result: result == (33, 32),
        ),
        "deregister": (
            "deregister",
            lambda kernel, visitors: examples.deregister.run(),
            lambda result: result[0] == [] and b"hello".startswith(result[1] or b""),
        ),
        "custom_event": (
            "custom_event",
            lambda kernel, visitors: examples.custom_event.run(7200, after=later(kernel)),
            lambda result: 7200 <= result < 7201,
        ),
        "deadline": (
            "deadline",
            lambda kernel, visitors: examples.deadline.run(7200, after=later(kernel)),
            lambda result: result[0] == "nobody came" and 7200 <= result[1] < 7201,
        ),
        "oneshot_backpressure": (
            "oneshot_backpressure",
            lambda kernel, visitors: examples.oneshot_backpressure.run(),
            is_in_order,
        ),
        "udp_echo, always registered": (
            "udp_echo",
            lambda kernel, visitors: examples.udp_echo.always_registered(20),
            is_all_echoed,
        ),
        "udp_echo, registered when needed": (
            "udp_echo",
            lambda kernel, visitors: examples.udp_echo.registered_when_needed(20),
            is_all_echoed,
        ),
    }
)
"""Name -> (the module in `examples`, how it is run, what is right)."""
