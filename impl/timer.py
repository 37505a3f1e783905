"""Time as a source, and time as a limit.

`Deadline` is a source like a file: registered, it becomes readable when its moment has come. The kernel knows nothing
of it; a thread sets its readiness. One thread for each deadline is what the user readiness is shown with in mio's own
documentation, and is fine for a few. A server that limits each of its thousand connections needs `Timeouts` instead: a
table that says how long the next poll may wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from impl.interest import Interest, Readiness, Trigger
from impl.poll import Poll
from impl.source import Source
from impl.user_readiness import Setter, UserSource

__all__ = ["After", "Deadline", "Timeouts"]

Key = TypeVar("Key", bound=Hashable)

After = Callable[[float, Callable[[], None]], Callable[[], None]]
"""after(seconds, action) lets `action()` run so much later, in some thread, and answers how to prevent it."""


def in_a_thread(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
    """Run `action()` after `seconds` in a thread of its own; answer how to prevent it (the `After` of every day)."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True  # a deadline that nobody waits for keeps no program alive
    timer.start()
    return timer.cancel


class Deadline(Source):
    """Becomes readable at a moment, and stays so.

    It may be registered before or after its moment, with one poll in its life (a user readiness belongs to its poll).

    Args:
        when: the moment, in seconds of `time.monotonic()`.
        after: how to run something later; a thread unless told otherwise.
    """

    def __init__(self, when: float, *, after: After = in_a_thread) -> None:
        self.when = when
        # Guards the meeting of the registration in one thread and the moment in another: whoever comes second
        # finds what the first left, and sets the readiness.
        self._lock = threading.Lock()
        self._parts: tuple[UserSource, Setter] | None = None
        self._has_come = False
        self._prevent = after(max(when - time.monotonic(), 0), self._come)

    def is_elapsed(self) -> bool:
        """Answer whether the moment has come, told or not."""
        return time.monotonic() >= self.when

    def register(self, poll: Poll, token: int, interest: Interest, trigger: Trigger) -> None:
        """Register the user readiness that this deadline is made of; READABLE is what it will show."""
        with self._lock:
            parts = self._parts or poll.user_readiness()
            poll.register(parts[0], token, interest, trigger)
            self._parts = parts
            if self._has_come:
                parts[1].set(Readiness.READABLE)

    def reregister(self, poll: Poll, token: int, interest: Interest, trigger: Trigger) -> None:
        """Replace the registration; a moment that has come is told anew."""
        poll.reregister(self._registered(), token, interest, trigger)

    def deregister(self, poll: Poll) -> None:
        """Stop telling. The deadline goes on and may be registered again."""
        poll.deregister(self._registered())

    def close(self) -> None:
        """Give the deadline up: if it has not come yet, it never will."""
        self._prevent()

    def _come(self) -> None:
        with self._lock:
            self._has_come = True
            if self._parts is not None:
                self._parts[1].set(Readiness.READABLE)

    def _registered(self) -> UserSource:
        if self._parts is None:
            raise FileNotFoundError("this deadline is not registered")
        return self._parts[0]


class Timeouts(Generic[Key]):
    """Time limits that are all equally long, so that the first to begin is the first to end.

    Beginning, renewing and ending one costs a dictionary access, and the next to expire stands at the front: no heap,
    no scan. `now` is always the caller's clock, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends: dict[Key, float] = {}  # in the order of insertion, which is that of expiry

    def begin(self, key: Key, now: float) -> None:
        """Give `key` the full time from now on, whether it had some left or not."""
        self._ends.pop(key, None)
        self._ends[key] = now + self.seconds

    def end(self, key: Key) -> None:
        """Forget `key`, limited or not."""
        self._ends.pop(key, None)

    def left(self, now: float) -> float | None:
        """Answer how long until the next one expires, 0 if one has; None if there is none."""
        for end in self._ends.values():
            return max(end - now, 0.0)
        return None

    def take_expired(self, now: float) -> list[Key]:
        """Forget those that have expired, and answer them, the oldest first."""
        expired = []
        for key, end in self._ends.items():
            if end > now:
                break
            expired.append(key)
        for key in expired:
            del self._ends[key]
        return expired
