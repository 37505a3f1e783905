"""When a guarantee was broken: the fact, and the entries of the history between which it was put to the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.facts import Account, Batch, Call, Data, Debt, Fact, Freedom, Hint, Left, Quiet, Rest, Stop, Wait
from conformance.guarantees import Guarantee
from conformance.history import Curtain, Did, Entry, History, Poll
from conformance.model import Ledger, read
from conformance.watch import shows

__all__ = ["LISTS", "Moment", "find"]

LISTS = {
    Debt: "debts",
    Quiet: "quiets",
    Call: "calls",
    Wait: "waits",
    Rest: "rests",
    Hint: "hints",
    Data: "data",
    Left: "left",
    Freedom: "freedoms",
    Stop: "stops",
    Batch: "batches",
}
"""Kind of fact -> the list of an account in which it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A broken fact and its place in a history; entries are counted from 0."""

    fact: Fact
    began: int
    """The entry at which the account first has the fact: when the debt was opened, or the silence began."""
    broke: int
    """The entry at which it was seen broken."""
    strays: tuple[int, ...]
    """The calls that a poller may refuse: a double register, or what it asks of a file that is not registered."""

    def watches(self, index: int, entry: Poll) -> bool:
        """Whether what this poll tells belongs to the fact."""
        if isinstance(self.fact, Debt):
            return self.began <= index <= self.broke
        if isinstance(self.fact, Quiet):
            return self.began < index <= self.broke or index == self.broke
        return index == self.broke or (index < self.broke and entry.step == self.fact.step and self._is_of_its_action)

    @property
    def _is_of_its_action(self) -> bool:
        """What several polls of one action mean together is known when the action is done."""
        return isinstance(self.fact, Rest)


def find(history: History, row: Guarantee) -> Moment | None:
    """The first fact by which `history` breaks the guarantee of `row`; None if it keeps it."""
    assert row.check is not None
    account = read(history)
    fact = next((fact for fact in row.check(account) if fact.held is False), None)
    if fact is None:
        return None
    return _walk(history, fact, *_place(account, fact))


def _place(account: Account, fact: Fact) -> tuple[str, int]:
    name = LISTS[type(fact)]
    return name, next(index for index, one in enumerate(getattr(account, name)) if one is fact)


def _arrival(entries: Sequence[Entry], began: int, debt: Debt) -> int:
    """Go back to the poll within which the file became ready, if nothing was done since: what it tells pays the debt as well."""
    for index in range(began - 1, -1, -1):
        entry = entries[index]
        if isinstance(entry, Poll):
            before, after = (masks.get(debt.label, 0) for masks in (entry.before, entry.after or {}))
            return index if shows(debt.direction, after) and not shows(debt.direction, before) else began
        if not (isinstance(entry, Did) and entry.action.row.polls):
            break
    return began


def _walk(history: History, fact: Fact, name: str, place: int) -> Moment:
    """Read the history again, and see when the account has the fact, and when it is broken there."""
    ledger = Ledger(history.capabilities)
    began: int | None = None
    strays = []
    index = 0
    for index, entry in enumerate(history.entries):
        if isinstance(entry, Did) and entry.action.verb in ("register", "reregister", "deregister"):
            is_held = entry.action.label in ledger.watches
            if is_held == (entry.action.verb == "register"):
                strays.append(index)
        ledger.feed(entry)
        facts = getattr(ledger.account, name)
        if len(facts) > place:
            began = index if began is None else began
            if facts[place].held is False:
                break
    assert began is not None, "the fact is in the account of the whole history"
    last = history.entries[index]
    assert isinstance(last, Did | Poll | Curtain)
    if isinstance(fact, Debt):
        began = _arrival(history.entries, began, fact)
    return Moment(fact=fact, began=began, broke=index, strays=tuple(strays))
