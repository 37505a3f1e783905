"""Virtual time: integer nanoseconds that move only while somebody waits, and by a small tick per call.

A program that sleeps two hours sleeps no time at all; a program that computes takes none. The tick is there because
ideal time stops real loops: one that asks `time() < deadline` until it is false would ask for ever. What other
threads would do is *scheduled*: a function and a time, run inside whichever waiting call is the first to reach it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Protocol, TypeVar

from fakepoll.abi import NS_PER_S, NotModelled

Result = TypeVar("Result")
Action = Callable[[], object]

BOOT_NS = 1_000 * NS_PER_S
"""CLOCK_MONOTONIC of a new kernel: it has been up for a while, so no program may take 0 for the beginning."""
EPOCH_NS = 1_600_000_000 * NS_PER_S
"""CLOCK_REALTIME minus CLOCK_MONOTONIC."""
ENDLESS_NS = 3_600 * NS_PER_S
"""From here on a finite wait may stand for an endless one: event loops cap their waits (asyncio, trio: a day)."""
ENDLESS_WAITS = 100
"""So many of them in a row that change nothing are a deadlock; fewer may be a program that sleeps for long."""
LIVELOCK_WAITS = 10_000


class Deadlock(BaseException):
    """Somebody waits, and nothing can ever happen; the message says who waits for what, and why it cannot come.

    A `BaseException`, so that no event loop logs it and goes on.
    """


class Livelock(BaseException):
    """10,000 waiting calls in a row changed nothing but the tick: the program spins."""


class Waiter(Protocol):
    """Who waits, and for what; asked only when it is printed."""

    def explain(self) -> list[str]:
        """Say what is waited for, one line per thing, each with the reason why it is not there."""


class Clock:
    """The time of one kernel, its scheduled actions, and its one waiting call.

    `now_ns` is CLOCK_MONOTONIC. `idle` counts the waiting calls since anything last changed; every call that
    changes something sets it to zero.
    """

    __slots__ = ("_acting", "_actions", "_endless", "_sequence", "idle", "now_ns", "tick_ns", "waiter")

    def __init__(self, tick_ns: int) -> None:
        self.now_ns = BOOT_NS
        self.tick_ns = tick_ns
        self.idle = 0
        self.waiter: Waiter | None = None
        self._acting = 0
        self._endless = 0
        self._sequence = 0
        self._actions: list[tuple[int, int, Action]] = []

    def schedule(self, delay_ns: int, action: Action) -> None:
        """Run `action()` inside the first waiting call that reaches now + `delay_ns`; equal times keep their order.

        The action is what another thread of the program, or the network, does: it may make any call that does
        not wait. What it raises comes out of the waiting call.
        """
        if delay_ns < 0:
            raise ValueError("delay_ns must be non-negative")
        self._sequence += 1
        heapq.heappush(self._actions, (self.now_ns + delay_ns, self._sequence, action))

    def pending(self) -> int:
        """Count the scheduled actions."""
        return len(self._actions)

    def wait(self, look: Callable[[], Result], timeout_ns: int | None, waiter: Waiter) -> Result:
        """Return what `look()` finds, letting time pass until it is true or `timeout_ns` is over (None: for ever).

        At the end of the time the last, empty finding is returned.

        Raises:
            Deadlock: nothing is scheduled and the wait has no end.
            Livelock: see `LIVELOCK_WAITS`.
        """
        self.enter(waiter)
        self._run_due()
        found = look()
        if found or timeout_ns == 0:
            return found
        self._refuse_in_action()
        self.waiter = waiter
        try:
            return self._sleep(look, timeout_ns, waiter)
        finally:
            self.waiter = None

    def sleep(self, duration_ns: int) -> None:
        """Let `duration_ns` pass and run what falls due meanwhile; a finite sleep is never a deadlock."""
        self._refuse_in_action()
        deadline = self.now_ns + duration_ns
        while self._actions and self._actions[0][0] <= deadline:
            self.now_ns = max(self.now_ns, self._actions[0][0])
            self._run_due()
        self.now_ns = max(self.now_ns, deadline)
        self.idle = 0

    def enter(self, waiter: Waiter) -> None:
        """Count a waiting call; nothing but other calls' changes resets the count."""
        self.idle += 1
        if self.idle == 1:
            self._endless = 0
        if self.idle > LIVELOCK_WAITS:
            self.idle = 0
            what = "\n  ".join(waiter.explain())
            raise Livelock(f"{LIVELOCK_WAITS:,} waiting calls in a row changed nothing; the last:\n  {what}")

    def _sleep(self, look: Callable[[], Result], timeout_ns: int | None, waiter: Waiter) -> Result:
        deadline = None if timeout_ns is None else self.now_ns + timeout_ns
        while self._actions and (deadline is None or self._actions[0][0] <= deadline):
            self.now_ns = max(self.now_ns, self._actions[0][0])
            self._run_due()
            found = look()
            if found:
                return found
        if deadline is None or self._is_endless(timeout_ns):
            what = "\n  ".join(waiter.explain())
            raise Deadlock(f"nothing is scheduled, so nothing can ever happen:\n  {what}")
        self.now_ns = max(self.now_ns, deadline)
        return look()

    def _is_endless(self, timeout_ns: int | None) -> bool:
        """Count long waits with nothing scheduled; they still count as waits that changed nothing."""
        if self._actions or timeout_ns is None or timeout_ns < ENDLESS_NS:
            self.idle = 0
            return False
        self._endless += 1
        return self._endless >= ENDLESS_WAITS

    def _run_due(self) -> None:
        while self._actions and self._actions[0][0] <= self.now_ns:
            _, _, action = heapq.heappop(self._actions)
            self.idle = 0
            self._endless = 0
            self._acting += 1
            try:
                action()
            finally:
                self._acting -= 1

    def _refuse_in_action(self) -> None:
        if self._acting:
            raise NotModelled("a scheduled action that waits (it runs inside another call's wait)")
