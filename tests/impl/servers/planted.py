"""Planted bugs, one per server: each is invisible as long as all goes well, and is found by faults.

They are what people get wrong: a short write is taken for a whole one, a one-shot is not rearmed, a lack of fds ends
the accepting or the server, an answer waits for the wrong thing or begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from impl.interest import Interest
from impl.net import Half, TcpStream
from impl.servers import acceptor, exchange
from impl.servers.acceptor import Acceptor
from impl.servers.exchange import Exchange, State
from impl.servers.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A bug, the play that shows it, and the kinds of fault that do so alone."""

    name: str
    play: str
    plant: Callable[[pytest.MonkeyPatch], None]
    kinds: tuple[str, ...]


def takes_a_short_write_for_a_whole(patch: pytest.MonkeyPatch) -> None:
    """What did not fit is never sent."""

    def write(self: Exchange) -> None:
        if self.stream.write(self._outgoing) is not None:
            self.served += 1
            self.moves += 1
            self.stream.shutdown(Half.WRITE)
            self.state = State.FLUSH

    patch.setattr(exchange, "_STEPS", (*exchange._STEPS[:2], write, *exchange._STEPS[3:]))


def forgets_to_rearm(patch: pytest.MonkeyPatch) -> None:
    """A one-shot that has fired stays silent if the answer did not leave."""
    register = Service._register
    seen: dict[tuple[Service, int], tuple[Interest, int]] = {}

    def register_what_is_new(self: Service, token: int, connection: Exchange, wants: Interest) -> None:
        now = (wants, connection.served)
        if seen.get((self, token)) != now:
            register(self, token, connection, wants)
        seen[self, token] = now

    patch.setattr(Service, "_register", register_what_is_new)


def gives_up_accepting(patch: pytest.MonkeyPatch) -> None:
    """After an accept without a free fd nobody is accepted any more."""
    take = Acceptor.take

    def take_or_give_up(self: Acceptor, room: int, now: float) -> Iterator[TcpStream]:
        if self.shortages == 0:
            yield from take(self, room, now)
        self.retry_at = None

    patch.setattr(Acceptor, "take", take_or_give_up)


def dies_of_a_shortage(patch: pytest.MonkeyPatch) -> None:
    """An accept without a free fd ends the server."""
    patch.setattr(acceptor, "_SHORT", frozenset())


def waits_for_the_wrong_thing(patch: pytest.MonkeyPatch) -> None:
    """An answer that does not fit waits until the client says something."""
    wrong = tuple(Interest.READABLE if wants is Interest.WRITABLE else wants for wants in exchange._WAITS_FOR)
    patch.setattr(exchange, "_WAITS_FOR", wrong)


def begins_again(patch: pytest.MonkeyPatch) -> None:
    """After a short write the answer is sent from its beginning, once there is room."""

    def write(self: Exchange) -> None:
        written = self.stream.write(self._outgoing)
        if written == len(self._outgoing):
            self.served += 1
            self.moves += 1
            self.state = State.READ
            self._take_request()

    patch.setattr(exchange, "_STEPS", (*exchange._STEPS[:2], write, *exchange._STEPS[3:]))


PLANTED = (
    Planted(
        name="takes a short write for a whole",
        play="epoll_http",
        plant=takes_a_short_write_for_a_whole,
        kinds=("room",),
    ),
    Planted(name="waits for the wrong thing", play="keep_alive", plant=waits_for_the_wrong_thing, kinds=("room",)),
    Planted(name="forgets to rearm", play="keep_alive announced", plant=forgets_to_rearm, kinds=("room",)),
    Planted(
        name="gives up accepting", play="graceful", plant=gives_up_accepting, kinds=("EMFILE", "ENFILE", "ENOBUFS")
    ),
    Planted(
        name="dies of a shortage", play="spinning", plant=dies_of_a_shortage, kinds=("EMFILE", "ENFILE", "ENOBUFS")
    ),
    Planted(name="begins again", play="line_echo", plant=begins_again, kinds=("room",)),
)
