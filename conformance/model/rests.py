"""What several polls of one action mean together: rest, long waits, signals (DESIGN 4, rule 2)."""

from __future__ import annotations

from conformance.actions import show_wait
from conformance.facts import Rest
from conformance.history import Acted, Did, Masks, Poll
from conformance.model.book import Book
from conformance.model.polls import acted, wait_fact
from conformance.slots import WAKER
from conformance.watch import IN, OUT, shows

__all__ = ["AWAIT_RETURNS", "REST_WAITS", "UNSEEN", "Rests"]

REST_WAITS = 12
AWAIT_RETURNS = 16
UNSEEN = "unseen"
"""The outcome of an `await` whose other thread acted while no poll was in progress."""
_ZERO_NS = 900_000
"""The fastest of several poll(0) takes less than this, or poll(0) waits."""
_LOOKS = 4
_SIGNAL_GRACE_NS = 150_000_000


class Rests:
    """The polls of the action in progress, and whether the poller had nothing to tell in each."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._polls: list[tuple[Poll, bool]] = []
        self._bait: tuple[str, ...] = ()

    def before(self, poll: Poll) -> bool:
        """See a poll before it is read: whether rule 2 demands that it waits, and what might make it spin."""
        if poll.timeout != 0 and all(earlier.timeout == 0 for earlier, _ in self._polls):
            self._bait = self._baits(poll.before)
        return self._book.must_rest(poll.before)

    def after(self, poll: Poll, *, was_idle: bool) -> None:
        """See it again once it was read."""
        is_idle = was_idle and poll.after is not None and (poll.acted is not None or self._book.must_rest(poll.after))
        self._polls.append((poll, is_idle))

    def done(self, did: Did) -> None:
        """The action is complete."""
        polls, self._polls = self._polls, []
        if did.outcome == UNSEEN and did.action.verb == "await":
            _, act, label = did.action.args
            acted(self._book, Acted(act=act, label=label, masks={}))
        if any(poll.raised or poll.after is None for poll, _ in polls):
            return
        if did.action.verb == "rest":
            self._rested(did, polls)
        elif did.action.verb in ("await", "meanwhile"):
            self._awaited(did, polls)
        elif did.action.verb == "signals" and polls:
            self._signalled(polls[0][0])

    def _baits(self, masks: Masks) -> tuple[str, ...]:
        """Name what is around that is ready and must not keep a poller awake."""
        watches = self._book.watches
        bait: dict[str, None] = {}
        for label, mask in masks.items():
            watch = watches.get(label)
            if watch is None:
                if mask & (IN | OUT):
                    bait["deregistered"] = None
            elif any(shows(direction, mask) for direction in watch.directions()):
                bait["undrained" if watch.is_enabled else "fired"] = None
            elif watch.is_level:
                bait["drained"] = None
        if WAKER in watches and watches[WAKER].events:
            bait["woken"] = None
        return tuple(bait) or (("idle",) if watches else ("nothing",))

    def _rested(self, did: Did, polls: list[tuple[Poll, bool]]) -> None:
        looks = [poll for poll, _ in polls if poll.timeout == 0]
        if len(looks) >= _LOOKS:
            waited = min(poll.elapsed_ns for poll in looks) >= _ZERO_NS
            got = f"{len(looks)} calls of poll(0), and each of them waited" if waited else ""
            wait_fact(self._book, "zero", looks[0], broken=got, should="a return at once")
        waits = [(poll, is_idle) for poll, is_idle in polls if poll.timeout]
        if len(waits) < REST_WAITS or not all(is_idle for _, is_idle in waits):
            return
        timeout = waits[0][0].timeout or 0.0
        told = sum(bool(poll.events) for poll, _ in waits)
        lasted = sum(poll.elapsed_ns for poll, _ in waits)
        is_spin = lasted < (REST_WAITS - told) * timeout * 1e9 / 4
        rest = Rest(step=did.step, held=not is_spin, timeout=timeout, bait=self._bait)
        if is_spin:
            rest.got = f"{REST_WAITS} waits of {show_wait(timeout)} that hardly waited"
            rest.should_be = "waits that last while nothing is owed"
        self._book.account.rests.append(rest)

    def _awaited(self, did: Did, polls: list[tuple[Poll, bool]]) -> None:
        if not polls or not polls[0][1]:
            return
        timeout = did.action.args[0]
        act = did.action.args[1] if did.action.verb == "await" else "meanwhile"
        before = next((index for index, (poll, _) in enumerate(polls) if poll.acted), len(polls))
        returns = sum(is_idle for _, is_idle in polls[:before])  # what became ready by itself was worth a return
        rest = Rest(step=did.step, held=returns <= AWAIT_RETURNS, timeout=timeout, bait=(*self._bait, "await", act))
        if not rest.held:
            rest.got = f"{returns} returns from poll({show_wait(timeout)}) in 20 ms with nothing to tell"
            rest.should_be = f"at most {AWAIT_RETURNS}"
        self._book.account.rests.append(rest)

    def _signalled(self, poll: Poll) -> None:
        for watch in self._book.watches.values():
            watch.marks["signal"] = True
        over = poll.elapsed_ns > (poll.timeout or 0.0) * 1e9 + _SIGNAL_GRACE_NS
        got = f"poll({show_wait(poll.timeout)}) went on while signals came" if over else ""
        wait_fact(self._book, "signal", poll, broken=got, should="only the remaining time")
