"""Readiness that a program sets itself: a channel that has a message, a job that is done.

mio 0.6 calls the pair `Registration` and `SetReadiness`. A `UserSource` is registered like a file; its
`Setter` says, from any thread, what it is ready for. The kernel knows nothing of it, so what epoll does for
files is done here: a `UserQueue` is to user sources what epoll's ready list is to files.

    epoll                                                  here a wake-up puts an item on the ready list
    `set` puts a source into the queue epoll_wait looks at the file again and may find none   the readiness
    told is that of the moment of telling level-triggered items go back to the tail              the same
    one-shot items lose their mask                         the same: the interest becomes empty until
    reregister EPOLL_CTL_MOD looks at the file at once                the same: reregister tells standing
    readiness anew

It follows that values may be skipped but the last one is told, and that a readiness set and withdrawn between
two polls leaves no trace. `set` gives no order in memory and no promise of when (mio 0.6,
`SetReadiness::set_readiness`, Note); it gives "later".

A poll that sleeps in the kernel must hear of a `set` in another thread. It says so under the lock before it
goes to sleep (`doze`), and the `set` that finds it asleep rings its bell. Either the set comes first, then
the poll sees it and does not sleep; or the poll comes first, then the set rings.
"""

from __future__ import annotations

import errno
import threading
from collections import OrderedDict

from impl.interest import Event, Interest, Readiness, Trigger, epoll_mask
from impl.waker import Waker

__all__ = ["Setter", "UserQueue", "UserSource"]


class UserSource:
    """The half that is registered. Opaque to its user; what it holds is guarded by its queue's lock."""

    __slots__ = ("interest", "queue", "readiness", "token", "trigger")

    def __init__(self, queue: UserQueue) -> None:
        self.queue = queue
        self.readiness = Readiness(0)
        self.token: int | None = None  # None: not registered
        self.interest = Interest(0)  # empty while not registered, and once a one-shot has fired
        self.trigger = Trigger.LEVEL


class Setter:
    """The half that says what its source is ready for. Callable from any thread."""

    __slots__ = ("_source",)

    def __init__(self, source: UserSource) -> None:
        self._source = source

    def set(self, readiness: Readiness, /) -> None:
        """Replace the readiness; the empty set withdraws it. An event follows if the interest has any of it."""
        self._source.queue.set(self._source, Readiness(readiness))

    def get(self) -> Readiness:
        """Answer the value last set, registered or not, told or not."""
        return self._source.readiness


class UserQueue:
    """The user sources of one poll, and those among them that have something to tell, in the order of their turns."""

    def __init__(self, bell: Waker) -> None:
        # Reentrant, because a signal handler may call `set` in the middle of a `set` of the same thread.
        self._lock = threading.RLock()
        self._bell = bell
        # A poll that began before there was this queue may be asleep and cannot have said so.
        self._asleep = True
        self._ready: OrderedDict[UserSource, None] = OrderedDict()

    def register(self, source: UserSource, token: int, interest: Interest, trigger: Trigger) -> None:
        """Begin to tell of `source`, standing readiness included.

        Raises:
            FileExistsError: it is registered, as epoll_ctl(2) has it for a file.
            ValueError: the interest or the trigger is malformed.
        """
        with self._lock:
            if source.token is not None:
                raise FileExistsError(errno.EEXIST, "this user source is registered already")
            self._ask(source, token, interest, trigger)

    def reregister(self, source: UserSource, token: int, interest: Interest, trigger: Trigger) -> int:
        """Replace the registration of `source` and answer the token it had.

        Raises:
            FileNotFoundError: it is not registered.
            ValueError: as for `register`.
        """
        with self._lock:
            before = self._token_of(source)
            self._ask(source, token, interest, trigger)
            return before

    def deregister(self, source: UserSource) -> int:
        """Stop telling of `source` and answer the token it had. Its readiness stays as it was set.

        Raises:
            FileNotFoundError: it is not registered.
        """
        with self._lock:
            before = self._token_of(source)
            source.token, source.interest = None, Interest(0)
            self._ready.pop(source, None)
            return before

    def set(self, source: UserSource, readiness: Readiness) -> None:
        """Replace what `source` is ready for. Setting an equal value tells it again."""
        with self._lock:
            source.readiness = readiness
            self._enqueue(source)

    def doze(self) -> bool:
        """Answer whether the poll may sleep. If so, the first source to become ready before `take` rings the bell."""
        with self._lock:
            self._asleep = not self._ready
            return self._asleep

    def take(self, limit: int) -> list[Event]:
        """Tell of at most `limit` sources, each at most once, and note that the poll is awake."""
        events = []
        with self._lock:
            self._asleep = False
            for _ in range(min(limit, len(self._ready))):
                source, _ = self._ready.popitem(last=False)
                assert source.token is not None
                events.append(Event(source.token, source.readiness & source.interest))
                if source.trigger & Trigger.ONESHOT:
                    source.interest = Interest(0)
                elif source.trigger & Trigger.LEVEL:
                    self._enqueue(source)  # at the tail: the others have their turn first
        return events

    def _token_of(self, source: UserSource) -> int:
        if source.token is None:
            raise FileNotFoundError(errno.ENOENT, "this user source is not registered")
        return source.token

    def _ask(self, source: UserSource, token: int, interest: Interest, trigger: Trigger) -> None:
        epoll_mask(interest, trigger)  # refuses what it would refuse for a file
        source.token, source.interest, source.trigger = token, interest, trigger
        self._enqueue(source)

    def _enqueue(self, source: UserSource) -> None:
        """Give `source` a place in the queue if it has something to tell, and none if it has not."""
        if not source.readiness & source.interest:
            self._ready.pop(source, None)
            return
        self._ready.setdefault(source, None)
        if self._asleep:
            self._asleep = False
            self._bell.wake()
