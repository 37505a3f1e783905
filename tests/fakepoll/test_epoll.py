"""The ready list at work: order, fairness, modes, duplicates, nesting. Every test runs on both kernels."""

from __future__ import annotations

import errno
import select
from itertools import pairwise
from typing import Any

import pytest

import fakepoll
from fakepoll.abi import ERR, ET, EXCLUSIVE, HUP, IN, ONESHOT, OUT, PRI
from tests.fakepoll.machines import Machine, outcome


class Crowd:
    """Some stream pairs whose own ends are registered; they are called by their index."""

    def __init__(self, machine: Machine, count: int, interest: int) -> None:
        self.pairs = [machine.unix() for _ in range(count)]
        self.epoll = machine.epoll()
        for own, _ in self.pairs:
            self.epoll.register(own, interest)
        self._index = {own.fileno(): index for index, (own, _) in enumerate(self.pairs)}

    def send(self, *indexes: int) -> None:
        """Make some readable, in this order."""
        for index in indexes:
            self.pairs[index][1].send(b"x")

    def drain(self, index: int) -> None:
        """Read what is there."""
        self.pairs[index][0].recv(99)

    def own(self, index: int) -> Any:
        """Give the registered end."""
        return self.pairs[index][0]

    def told(self, limit: int = -1) -> str:
        """Wait without waiting; the indexes in the order of the answer."""
        return "".join(str(self._index[fd]) for fd, _ in self.epoll.poll(0, limit))


def test_order_is_that_of_the_first_wake(machine: Machine) -> None:
    """Not fd order, and a second wake does not move a listed item."""
    crowd = Crowd(machine, 5, IN)
    crowd.send(3, 1, 4, 0, 2, 1, 3)
    assert [crowd.told() for _ in range(3)] == ["31402"] * 3


def test_level_takes_turns(machine: Machine) -> None:
    """With two places for five ready files each comes round; what was not visited stays in front."""
    crowd = Crowd(machine, 5, IN)
    crowd.send(0, 1, 2, 3, 4)
    assert [crowd.told(2) for _ in range(6)] == ["01", "23", "40", "12", "34", "01"]


def test_edge_is_told_once(machine: Machine) -> None:
    """An edge that did not fit is told next time, one that was told is not, one that comes anew goes to the tail."""
    crowd = Crowd(machine, 5, IN | ET)
    crowd.send(0, 1, 2, 3, 4)
    assert crowd.told(2) == "01"
    crowd.send(0)
    assert [crowd.told(2) for _ in range(3)] == ["23", "40", ""]


def test_drained_level_item_keeps_its_place_until_a_wait_drops_it(machine: Machine) -> None:
    """Drained and refilled between waits: same place. Dropped by a wait: the tail."""
    crowd = Crowd(machine, 4, IN)
    crowd.send(0, 1, 2, 3)
    assert crowd.told() == "0123"
    crowd.drain(1)
    crowd.send(1)
    assert crowd.told() == "0123"
    crowd.drain(1)
    assert crowd.told() == "023"
    crowd.send(1)
    assert crowd.told() == "0231"


def test_oneshot_is_silent_until_it_is_modified(machine: Machine) -> None:
    """Told once, then nothing, not even HUP; MOD arms it again and finds what is true."""
    own, peer = machine.unix()
    epoll = machine.epoll()
    epoll.register(own, IN | ONESHOT)
    peer.send(b"x")
    assert epoll.poll(0) == [(own.fileno(), IN)]
    peer.send(b"y")
    peer.close()
    assert epoll.poll(0) == []
    assert outcome(epoll.register, own, IN) == "EEXIST"
    epoll.modify(own, IN | ONESHOT)
    assert epoll.poll(0) == [(own.fileno(), IN | HUP)]
    assert epoll.poll(0) == []


def test_oneshot_that_did_not_fit_was_not_fired(machine: Machine) -> None:
    """maxevents cuts the answer; the rest is told by the next wait."""
    crowd = Crowd(machine, 3, IN | ONESHOT)
    crowd.send(0, 1, 2)
    assert [crowd.told(2) for _ in range(3)] == ["01", "2", ""]


def test_modify_arms_an_edge_again(machine: Machine) -> None:
    """MOD finds what is true now, in the order of the calls."""
    crowd = Crowd(machine, 4, IN | ET)
    crowd.send(0, 1, 2, 3)
    assert crowd.told() == "0123"
    crowd.epoll.modify(crowd.own(2), IN | ET)
    crowd.epoll.modify(crowd.own(0), IN | ET)
    assert crowd.told() == "20"


def test_deleted_event_disappears(machine: Machine) -> None:
    """DEL takes a queued event with it."""
    crowd = Crowd(machine, 2, IN)
    crowd.send(0, 1)
    crowd.epoll.unregister(crowd.own(0))
    assert crowd.told() == "1"


def test_hup_and_err_are_told_unasked(machine: Machine) -> None:
    """An interest in nothing hears the end of a stream and of a pipe's readers."""
    own, peer = machine.unix()
    reader, writer = machine.pipe()
    epoll = machine.epoll()
    epoll.register(own, 0)
    epoll.register(writer, 0)
    peer.send(b"x")
    assert epoll.poll(0) == []
    peer.close()
    reader.close()
    assert epoll.poll(0) == [(own.fileno(), HUP), (writer.fileno(), ERR)]


def test_closed_number_lives_on_in_a_duplicate(machine: Machine) -> None:
    """The registration belongs to the file: it goes on after the number was closed, and nobody can remove it."""
    own, peer = machine.unix()
    epoll = machine.epoll()
    epoll.register(own, IN)
    number = own.fileno()
    other = machine.keep(own.dup())
    own.close()
    peer.send(b"x")
    assert epoll.poll(0) == [(number, IN)]
    assert outcome(epoll.unregister, number) == "EBADF"
    assert outcome(epoll.unregister, other) == "ENOENT"
    other.close()
    assert epoll.poll(0) == []


def test_last_added_is_woken_first(machine: Machine) -> None:
    """Two registrations of one file under two numbers: the wait queue is served from its end."""
    own, peer = machine.unix()
    other = machine.keep(own.dup())
    epoll = machine.epoll()
    epoll.register(own, IN)
    epoll.register(other, IN)
    peer.send(b"x")
    assert [fd for fd, _ in epoll.poll(0)] == [other.fileno(), own.fileno()]


def test_replaced_number_is_forgotten(machine: Machine) -> None:
    """dup2 over a registered number closes its file."""
    own, peer = machine.unix()
    epoll = machine.epoll()
    epoll.register(own, IN)
    machine.os.dup2(peer.fileno(), own.fileno(), False)
    assert epoll.poll(0) == []
    assert outcome(epoll.unregister, own) == "ENOENT"


def test_outer_edge_hears_every_inner_wake(machine: Machine) -> None:
    """An epoll in an epoll: the outer edge is told of each wake inside, not of what is still true."""
    own, peer = machine.unix()
    inner, outer = machine.epoll(), machine.epoll()
    inner.register(own, IN)
    outer.register(inner, IN | ET)
    peer.send(b"x")
    assert [bool(outer.poll(0)) for _ in range(2)] == [True, False]
    peer.send(b"y")
    assert bool(outer.poll(0))
    own.recv(9)
    assert outer.poll(0) == []
    assert machine.shows(inner) == "-"


def test_inner_edge_is_gone_once_harvested(machine: Machine) -> None:
    """The inner ready list is what the outer epoll asks."""
    own, peer = machine.unix()
    inner, outer = machine.epoll(), machine.epoll()
    inner.register(own, IN | ET)
    outer.register(inner, IN)
    peer.send(b"x")
    assert [bool(outer.poll(0)) for _ in range(2)] == [True, True]
    assert bool(inner.poll(0))
    assert outer.poll(0) == []


def test_chains_of_epolls_end_at_five(machine: Machine) -> None:
    """Five in a chain, whichever way it is built; no cycles; not itself."""
    chain = [machine.epoll() for _ in range(6)]
    built = [outcome(outer.register, inner, IN) for inner, outer in pairwise(chain)]
    assert built == ["None"] * 4 + ["ELOOP"]
    assert outcome(chain[0].register, chain[3], IN) == "ELOOP"
    assert outcome(chain[0].register, chain[0], IN) == "EINVAL"


def test_errors_of_epoll_ctl(machine: Machine) -> None:
    """EEXIST, ENOENT, EBADF, EINVAL; EPOLLEXCLUSIVE only with what goes with it."""
    own, _ = machine.unix()
    epoll = machine.epoll()
    assert outcome(epoll.modify, own, IN) == "ENOENT"
    assert outcome(epoll.unregister, own) == "ENOENT"
    epoll.register(own, IN)
    assert outcome(epoll.register, own, IN) == "EEXIST"
    assert outcome(epoll.register, 999_999, IN) == "EBADF"
    assert outcome(epoll.modify, own, IN | EXCLUSIVE) == "EINVAL"
    reader, _ = machine.pipe()
    assert outcome(epoll.register, reader, PRI | EXCLUSIVE) == "EINVAL"
    not_an_epoll = machine.select.epoll.fromfd(machine.os.dup(own.fileno()))
    machine.keep(not_an_epoll)
    assert outcome(not_an_epoll.register, reader, IN) == "EINVAL"
    assert outcome(not_an_epoll.poll, 0) == "EINVAL"


@pytest.mark.parametrize(
    ("timeout", "maxevents", "error"),
    [
        ("x", -1, TypeError),
        (float("nan"), -1, ValueError),
        (1e10, -1, OverflowError),
        (2147483.648, -1, OverflowError),
        (0, 0, ValueError),
        (0, -2, ValueError),
    ],
)
def test_arguments_of_poll(machine: Machine, timeout: Any, maxevents: int, error: type[Exception]) -> None:
    """CPython's own checks come before the kernel's."""
    with pytest.raises(error):
        machine.epoll().poll(timeout, maxevents)


def test_epoll_object(machine: Machine) -> None:
    """Closed objects, bad constructors, bad fds."""
    epoll = machine.select.epoll(sizehint=1, flags=select.EPOLL_CLOEXEC)
    with epoll:
        assert epoll.fileno() >= 0
        assert not machine.os.get_inheritable(epoll.fileno())
    assert epoll.closed
    epoll.close()
    for call in (epoll.poll, epoll.fileno):
        with pytest.raises(ValueError, match="closed epoll"):
            call()
    for arguments in ((0,), (-2,)):
        with pytest.raises(ValueError, match="sizehint"):
            machine.select.epoll(*arguments)
    with pytest.raises(OSError, match="invalid flags"):
        machine.select.epoll(flags=5)
    with pytest.raises(TypeError):
        machine.epoll().register(object())
    with pytest.raises(ValueError, match="negative"):
        machine.epoll().register(-1)


def test_valid_exclusive_registration_is_not_modelled() -> None:
    """What would be accepted is refused by name."""
    kernel = fakepoll.Kernel()
    with pytest.raises(fakepoll.NotModelled, match="EPOLLEXCLUSIVE"):
        kernel.select.epoll().register(kernel.os.eventfd(0), IN | EXCLUSIVE)


def test_too_many_long_paths_are_refused(machine: Machine) -> None:
    """At most ten paths of length five may lead from one file to outermost epolls (here at 10, EINVAL at 11)."""
    own, _ = machine.unix()
    bottom = [machine.epoll() for _ in range(4)]
    bottom[0].register(own, IN)
    for inner, outer in pairwise(bottom):
        outer.register(inner, IN)
    tops = [machine.epoll() for _ in range(11)]
    ended = [outcome(top.register, bottom[-1], IN) for top in tops]
    assert ended == ["None"] * 10 + ["EINVAL"]


def test_cost_follows_the_ready_not_the_registered() -> None:
    """One ready of many: a wait asks one file."""
    kernel = fakepoll.Kernel(limits=fakepoll.Limits(nofile=5000))
    epoll = kernel.select.epoll()
    fds = [kernel.os.eventfd(0) for _ in range(2000)]
    for fd in fds:
        epoll.register(fd, IN)
    kernel.os.eventfd_write(fds[1000], 1)
    epoll_file: Any = kernel.fds.get(epoll.fileno())
    assert len(epoll_file.items) == 2000
    assert list(epoll_file.ready) == [epoll_file.items[kernel.fds.get(fds[1000]), fds[1000]]]


def test_error_of_a_closed_socket_object(machine: Machine) -> None:
    """A closed socket's fd is -1, which CPython refuses before the kernel can."""
    sock = machine.socket.socket()
    sock.close()
    with pytest.raises(ValueError, match="negative"):
        machine.epoll().register(sock, OUT)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the errno is what counts
        sock.send(b"x")
    assert caught.value.errno == errno.EBADF
