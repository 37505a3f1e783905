"""Sources of your own: how a type that is no file tells a poll what it is made of.

mio calls the idea `Evented` (0.6) and `event::Source` (1.x). Whatever has a `fileno()` can be registered as it is. A
type that is made of something else derives from `Source` and says in three methods what registering it means, mostly
by handing the call on to what it is made of:

    class Mailbox(impl.Source):
        def __init__(self) -> None:
            self.letters: collections.deque[str] = collections.deque()
            self._setter: impl.Setter | None = None

        def register(self, poll, token, interest, trigger):
            self._source, self._setter = poll.user_readiness()
            poll.register(self._source, token, interest, trigger)

        def reregister(self, poll, token, interest, trigger):
            poll.reregister(self._source, token, interest, trigger)

        def deregister(self, poll):
            poll.deregister(self._source)

        def post(self, letter):
            self.letters.append(letter)
            if self._setter is not None:
                self._setter.set(impl.Readiness.READABLE)

A program never calls the three itself: it says `poll.register(mailbox, ...)` as for every other source, and `Poll`,
which has checked the token by then, calls them. Who drives a user readiness also withdraws it: the poll does not know
when the last letter was taken. `impl.timer.Deadline` is a source like this one, with the threads thought of.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impl.interest import Interest, Trigger
    from impl.poll import Poll

__all__ = ["Source"]


class Source(abc.ABC):
    """Something to register that has no fd of its own."""

    @abc.abstractmethod
    def register(self, poll: Poll, token: int, interest: Interest, trigger: Trigger) -> None:
        """Register with `poll` what this source is made of. A refusal changes nothing."""

    @abc.abstractmethod
    def reregister(self, poll: Poll, token: int, interest: Interest, trigger: Trigger) -> None:
        """Replace the registration of what this source is made of; standing readiness is told anew."""

    @abc.abstractmethod
    def deregister(self, poll: Poll) -> None:
        """Take out of `poll` what `register` put in."""
