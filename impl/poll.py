"""The poll: which of the registered sources are ready, and under which token."""

from __future__ import annotations

import contextlib
import select
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from impl.interest import Event, Interest, Trigger, epoll_mask, readiness_of
from impl.source import Source
from impl.user_readiness import Setter, UserQueue, UserSource
from impl.waker import Waker

__all__ = ["HasFileno", "Poll"]

_TOKENS = range(2**63)


class HasFileno(Protocol):
    """Anything that names a file by its fd."""

    def fileno(self) -> int: ...


class Registration(dict[int, Event]):
    """What the registration of one fd tells: epoll mask -> event.

    A mask that comes up for the first time is translated and kept. There are few masks and many polls, so
    that in the long run telling an event is two look-ups.
    """

    __slots__ = ("interest", "token")

    def __init__(self, token: int, interest: Interest) -> None:
        self.token = token
        self.interest = interest

    def __missing__(self, mask: int) -> Event:
        readiness = readiness_of(mask, self.interest)
        if not readiness:
            raise KeyError(mask)  # harvested under another interest: nothing to tell
        event = self[mask] = Event(self.token, readiness)
        return event


class Gone:
    """What has been removed or replaced since the harvest that is being dispatched.

    A file's event is known by itself, for its registration made it: the token may be another's by now. A user
    source's is known by its token, which nobody else could have had at the harvest.
    """

    def __init__(self) -> None:
        self.rows: list[Registration] = []
        self.user_tokens: set[int] = set()

    def has(self, event: Event) -> bool:
        """Whether `event` would be stale."""
        return event.token in self.user_tokens or any(event is told for row in self.rows for told in row.values())


class Poll:
    """Watches sources and tells which are ready.

    A source is its `fileno()` at the call, so two objects with one fd are one source; a user source is
    itself, and a `Source` is what it registers. The kernel decides what is registered: it forgets a file when its
    last fd is closed (epoll(7), Questions and answers, 6), and this class finds out by asking, not by keeping books.

    `register`, `reregister`, `deregister`, wakers and setters may be used from any thread, also while a poll
    is in progress, which then heeds them. `poll` and `poll_each` are for one thread at a time.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        # fd -> its registration. It may outlive what the kernel holds: a closed fd leaves its row until the
        # number comes back.
        self._told: dict[int, Registration] = {}
        # Held while kernel and table are changed together. Reentrant: a signal handler may register in
        # mid-register.
        self._lock = threading.RLock()
        self._wakers: list[Waker] = []
        self._users: UserQueue | None = None  # and its bell: made when first asked for
        self._users_first = False
        self._gone: Gone | None = None  # while dispatching

    def register(
        self, source: HasFileno | UserSource | Source, token: int, interest: Interest, trigger: Trigger
    ) -> None:
        """Start watching `source`. If it is ready now, that is told too.

        Raises:
            FileExistsError: it is registered already.
            PermissionError: a file that is always ready, such as a regular one (epoll_ctl(2), EPERM).
            OSError, ValueError: a bad fd, or an argument outside its range. A refusal changes nothing.
        """
        _check_token(token)
        if isinstance(source, UserSource):
            self._queue_of(source).register(source, token, interest, trigger)
        elif isinstance(source, Source):
            source.register(self, token, interest, trigger)
        else:
            self._change(self._epoll.register, source.fileno(), token, interest, trigger)

    def reregister(
        self, source: HasFileno | UserSource | Source, token: int, interest: Interest, trigger: Trigger
    ) -> None:
        """Replace token, interest and trigger of `source`; tell anew what it is ready for; rearm a one-shot.

        Raises:
            FileNotFoundError: it is not registered.
            OSError, ValueError: as for `register`.
        """
        _check_token(token)
        if isinstance(source, UserSource):
            self._silence_user(self._queue_of(source).reregister(source, token, interest, trigger))
        elif isinstance(source, Source):
            source.reregister(self, token, interest, trigger)
        else:
            self._change(self._epoll.modify, source.fileno(), token, interest, trigger)

    def deregister(self, source: HasFileno | UserSource | Source) -> None:
        """Stop watching `source`. No poll that begins later tells of it, whatever it was ready for.

        Raises:
            FileNotFoundError: it is not registered.
            OSError, ValueError: a bad fd.
        """
        if isinstance(source, UserSource):
            self._silence_user(self._queue_of(source).deregister(source))
            return
        if isinstance(source, Source):
            source.deregister(self)
            return
        fd = source.fileno()
        with self._lock:
            # The row goes even if the kernel refuses: then the file was closed, and the row is what it left
            # behind.
            before = self._told.pop(fd, None)
            self._epoll.unregister(fd)
            self._silence(before)

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Wait until a source is ready and tell at most `max_events` events.

        What does not fit is kept for the next poll, and no source is passed over for ever.

        Args:
            timeout: seconds to wait if nothing is ready, rounded up to milliseconds; None waits for ever, 0
                only looks. Signal handlers run meanwhile; the rest of the time is then waited out (PEP 475).
            max_events: at least 1; None for all.

        Raises:
            OverflowError: a timeout beyond the 2,147,483 seconds that epoll_wait(2) can wait.
        """
        if self._users is not None:
            return self._poll_both(self._users, timeout, max_events)
        # All there can be, and one: epoll allocates what it is told, takes 1,023 for all, and refuses 0.
        room = len(self._told) + 1
        return self._tell(self._epoll.poll(timeout, room if max_events is None else min(max_events, room)))

    def poll_each(self, timeout: float | None, on_event: Callable[[Event], None]) -> None:
        """Poll once and call `on_event` for each event.

        Registrations may change inside it. An event whose registration has been removed or replaced since it
        was harvested is not told: after a removal it would be stale, after a reregister the kernel tells it
        anew if it is still true.
        """
        events = self.poll(timeout)
        self._gone = gone = Gone()
        try:
            for event in events:
                if not gone.has(event):
                    on_event(event)
        finally:
            self._gone = None

    def waker(self, token: int) -> Waker:
        """Make a waker. Each of its wakes is told as READABLE under `token`; those not yet told are told as one."""
        _check_token(token)
        waker = Waker(self._epoll)
        self._told[waker.fileno()] = Registration(token, Interest.READABLE)
        self._wakers.append(waker)
        return waker

    def user_readiness(self) -> tuple[UserSource, Setter]:
        """Make a source that is ready when its setter says so. It is registered like any other, with this poll only."""
        with self._lock:
            if self._users is None:
                bell = Waker(self._epoll)
                self._told.pop(bell.fileno(), None)  # no row in the table, nor one that a closed fd has left
                self._wakers.append(bell)
                self._users = UserQueue(bell)
            source = UserSource(self._users)
        return source, Setter(source)

    def close(self) -> None:
        """Free every fd of this poll; the sources stay open. Wakers and setters may still be called, to no effect."""
        self._epoll.close()
        for waker in self._wakers:
            waker.close()
        self._wakers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _change(
        self, epoll_ctl: Callable[[int, int], None], fd: int, token: int, interest: Interest, trigger: Trigger
    ) -> None:
        """Let the kernel add or modify `fd` and, if it did, put the new registration into the table."""
        mask = epoll_mask(interest, trigger)
        with self._lock:
            # While the row is out, a poll in another thread that harvests this fd waits for the lock to see
            # what became of it.
            before = row = self._told.pop(fd, None)
            try:
                epoll_ctl(fd, mask)
                row = Registration(token, interest)
            finally:
                if row is not None:
                    self._told[fd] = row
            self._silence(before)

    def _tell(self, harvest: list[tuple[int, int]]) -> list[Event]:
        """Translate what epoll_wait(2) returned."""
        told = self._told
        try:
            return [told[fd][mask] for fd, mask in harvest]
        except KeyError:
            return self._tell_known(harvest)

    def _tell_known(self, harvest: list[tuple[int, int]]) -> list[Event]:
        """Translate, leaving out what is for nobody.

        That is the bell, a registration that another thread has just removed, and the ghost of an fd that was
        closed while a dup keeps its file open: epoll goes on reporting the number, and has no way to remove
        it (epoll(7), Questions and answers, 6).
        """
        events = []
        with self._lock:
            for fd, mask in harvest:
                with contextlib.suppress(KeyError):
                    events.append(self._told[fd][mask])
        return events

    def _poll_both(self, users: UserQueue, timeout: float | None, max_events: int | None) -> list[Event]:
        """Poll files and user sources. They take turns in going first, so that neither fills each small batch."""
        room = len(self._told) + 1  # for the bell
        limit = sys.maxsize if max_events is None else max_events
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            self._users_first = not self._users_first
            from_users = users.take(limit) if self._users_first else []
            from_files: list[Event] = []
            if len(from_users) < limit:
                wait = timeout if timeout != 0 and not from_users and users.doze() else 0
                from_files = self._tell(self._epoll.poll(wait, min(limit - len(from_users), room)))
            from_users = from_users or users.take(limit - len(from_files))
            if from_users or from_files or timeout == 0:
                return from_files + from_users
            if until is not None:  # woken for nothing: the bell of a readiness that was told or withdrawn meanwhile
                timeout = max(until - time.monotonic(), 0)

    def _queue_of(self, source: UserSource) -> UserQueue:
        if source.queue is not self._users:
            raise ValueError("this user source belongs to another poll")
        return source.queue

    def _silence(self, row: Registration | None) -> None:
        if self._gone is not None and row is not None:
            self._gone.rows.append(row)

    def _silence_user(self, token: int) -> None:
        if self._gone is not None:
            self._gone.user_tokens.add(token)


def _check_token(token: int) -> None:
    if token not in _TOKENS:
        raise ValueError(f"got token {token!r}, but it should be in 0 .. 2**63 - 1")
