"""The ledger: tokens, arming, firing, lifetimes -> what a poll may, must and must not report.

It reads a history entry by entry and writes an account of facts. It knows files and registrations and no poller; what is ready it
takes from poll(2), as the runner noted it. The ten rules are those of DESIGN 4:

1. *Silence* is hard only where a safety rule backs it: never registered, deregistered, closed, fired, outside the interest.
2. *Rest*: while nothing is owed, waits must wait.
3. *What is ready* is observed before and after each poll, and at each WouldBlock.
4. *Debt*: what is owed is told within 4 + 4m polls during which it is true, m being the registrations: each may be told by a call of
   its own, in any fair order, and user readiness in between.
5. *Level* is owed again after each report; 6. *edge* only when armed again; 7. a *one-shot* is silent after an event.
8. *User readiness* replaces, may vanish, has no order. 9. *Haunted numbers* are not judged. 10. *Freedom* passes.

What follows: the same ledger tells the runner what is owed (so that it does not wait for ever) and the judge what was wrong, and a
stored history can be read again by a later release.

`book.py` holds the state, `calls.py`, `polls.py` and `rests.py` read actions, polls, and several polls together.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.facts import Account
from conformance.history import Did, Entry, History, Masks, Poll
from conformance.model.book import Book, value_mask
from conformance.model.calls import closed, did
from conformance.model.polls import LONG_WAIT, polled
from conformance.model.rests import AWAIT_RETURNS, REST_WAITS, UNSEEN, Rests
from conformance.protocol import Capability, Interest
from conformance.slots import Slots
from conformance.watch import Watch

__all__ = ["AWAIT_RETURNS", "LONG_WAIT", "REST_WAITS", "UNSEEN", "Ledger", "read", "value_mask", "walk"]


def read(history: History) -> Account:
    """Read a whole history."""
    ledger = Ledger(history.capabilities)
    for entry in history.entries:
        ledger.feed(entry)
    return ledger.account


def walk(history: History) -> Iterator[tuple[Entry, Ledger]]:
    """Read a history entry by entry, for whoever wants to look at the ledger on the way."""
    ledger = Ledger(history.capabilities)
    for entry in history.entries:
        ledger.feed(entry)
        yield entry, ledger


class Ledger:
    """One scenario, as far as its history has been read."""

    def __init__(self, capabilities: Capability) -> None:
        self._book = Book(capabilities)
        self._rests = Rests(self._book)

    @property
    def account(self) -> Account:
        """The facts so far."""
        return self._book.account

    @property
    def capabilities(self) -> Capability:
        """What the poller claims."""
        return self._book.capabilities

    @property
    def slots(self) -> Slots:
        """The files and labels."""
        return self._book.slots

    @property
    def watches(self) -> dict[int, Watch]:
        """Label -> live registration, the waker's among them."""
        return self._book.watches

    def feed(self, entry: Entry) -> None:
        """Read one more entry."""
        if isinstance(entry, Poll):
            was_idle = self._rests.before(entry)
            polled(self._book, entry)
            self._rests.after(entry, was_idle=was_idle)
        elif not isinstance(entry, Did):
            closed(self._book, entry)
        elif entry.action.row.polls and not entry.ended:
            self._rests.done(entry)
        elif not entry.skipped:
            did(self._book, entry)

    # ── what the runner asks ────────────────────────────────────────────────────────────────────────────────

    def owing(self, masks: Masks) -> dict[tuple[int, Interest], int]:
        """(label, direction) of each event that is owed as a MUST now, with how often it was told before."""
        return self._book.owing(masks)

    def bound(self) -> int:
        """Within how many polls an owed event must come (rule 4)."""
        return self._book.bound()

    def must_rest(self, masks: Masks) -> bool:
        """Whether rule 2 demands that a wait waits."""
        return self._book.must_rest(masks)

    def sampled(self) -> list[int]:
        """The labels that poll(2) is asked about: those that are or were registered, and are open."""
        return self._book.sampled()
