"""Every check can turn red: histories of honest runs, each spoilt in all the ways in which a poller can lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from conformance.child import Child
from conformance.guarantees import FAMILIES, Guarantee, catalogue, lookup
from conformance.history import DIED, HUNG, Curtain, Did, Entry, History, Poll
from conformance.judging import applicable, weigh
from conformance.library import LIBRARY, expand
from conformance.protocol import NOTHING
from conformance.verdict import Strength
from tests.conformance.histories import EVERYTHING

CHECKED = [row for row in catalogue() if row.check]
JUDGED = [row.id for row in CHECKED if row.strength is not Strength.MAY]
PATIENCE = 45
"""Polls after which every debt of the library is overdue."""


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ids_are_unique_and_of_a_known_family() -> None:
    """An ID names one row for ever."""
    ids = [row.id for row in catalogue()]
    assert len(set(ids)) == len(ids)
    assert {row.family for row in catalogue()} == set(FAMILIES)
    assert all(len(id) == 6 and id[3] == "-" and id[4:].isdecimal() for id in ids)


def test_rows_come_by_family_and_number() -> None:
    """Every list and report has this order."""
    order = list(FAMILIES)
    assert [row.id for row in catalogue()] == [
        row.id for row in sorted(catalogue(), key=lambda row: (order.index(row.family), row.id))
    ]


def test_each_row_is_checked_or_says_why_not() -> None:
    """A row without a check and without a reason would pass for kept."""
    assert [row.id for row in catalogue() if bool(row.check) == bool(row.unchecked)] == []


def test_each_row_says_what_why_and_where() -> None:
    """A maintainer reads the sentence, the reason and the source, in this order."""
    for row in catalogue():
        assert row.says.endswith("."), row.id
        assert row.why, row.id
        assert row.source, row.id


def test_two_rows_are_two_guarantees() -> None:
    """Two rows are two only if sentence and source differ (DESIGN 5)."""
    assert len({row.says for row in catalogue()}) == len(catalogue())


def test_only_a_may_needs_no_exercise() -> None:
    """A MUST that was never put to the test is unknown, not kept."""
    assert [row.id for row in CHECKED if (row.floor == 0) != (row.strength is Strength.MAY)] == []


def test_an_unknown_id_is_a_key_error() -> None:
    """What asks for a row by name hears that there is none."""
    with pytest.raises(KeyError, match="EDG-99"):
        lookup("EDG-99")


def test_what_applies_follows_the_claims() -> None:
    """A row applies when all that it needs is claimed, and is named if names are given."""
    assert {row.id for row in applicable(EVERYTHING)} == {row.id for row in CHECKED}
    assert all(row.needs == NOTHING for row in applicable(NOTHING))
    assert [row.id for row in applicable(EVERYTHING, ["EDG-03"])] == ["EDG-03"]
    assert not applicable(NOTHING, ["EDG-03"])


# ── the checks ──────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def honest() -> dict[str, tuple[History, ...]]:
    """Guarantee -> what the reference did with its scenarios, the long rests apart."""
    with Child("impl.adapters.reference:make", "real") as child:
        return {
            id: tuple(child.run(s) for text in LIBRARY[id] if "rest 20ms" not in text for s in expand(text))
            for id in JUDGED
        }


def spoilt(history: History) -> Iterator[History]:
    """The history of a poller that did the same and lied, in every way, from every step on."""
    generous = replace(history, entries=tuple(map(_granted, history.entries)))
    lies = (
        *_silent(history),
        *_chatty(history),
        *_timed(history),
        *_ended(history),
        *_calls(history),
        *_threads(history),
    )
    for entries in (*lies, *_silent(generous)):
        yield replace(history, entries=tuple(entries))


def _granted(entry: Entry) -> Entry:
    """It says that it has done what it refused."""
    return replace(entry, outcome="ok", refused="") if isinstance(entry, Did) and entry.refused else entry


def _polls(history: History) -> list[int]:
    return [index for index, entry in enumerate(history.entries) if isinstance(entry, Poll)]


def _silent(history: History) -> Iterator[list[Entry]]:
    """It says nothing any more, however often it is asked."""
    for start in _polls(history):
        entries: list[Entry] = []
        for index, entry in enumerate(history.entries):
            is_mute = isinstance(entry, Poll) and index >= start
            entries += [replace(entry, events=())] * PATIENCE if isinstance(entry, Poll) and is_mute else [entry]
        yield entries


def _chatty(history: History) -> Iterator[list[Entry]]:
    """It tells more than it should: a token, or all bits of one."""
    asked = [entry.action for entry in history.entries if isinstance(entry, Did)]
    tokens = {action.args[1] for action in asked if action.verb in ("register", "reregister")} | {99}
    for start in _polls(history):
        for token in sorted(tokens):
            for bits in (1, 2, 63):
                poll = history.entries[start]
                assert isinstance(poll, Poll)
                more = replace(poll, events=(*poll.events, (token, bits)))
                yield [*history.entries[:start], more, *history.entries[start + 1 :]]


def _timed(history: History) -> Iterator[list[Entry]]:
    """It never waits, waits to the end, waits where it should not, or returns empty-handed first."""
    for elapsed_ns in (0, 10**18):
        yield [replace(e, elapsed_ns=elapsed_ns) if isinstance(e, Poll) else e for e in history.entries]
    for start in _polls(history):
        poll = history.entries[start]
        assert isinstance(poll, Poll)
        if poll.acted:
            idle = replace(poll, events=(), acted=None, after=poll.before)
            yield [*history.entries[:start], *[idle] * PATIENCE, *history.entries[start:]]


def _ended(history: History) -> Iterator[list[Entry]]:
    """It hangs, dies or raises in a poll, or returns what is no event; or more events than fit; or in close()."""
    for start in _polls(history):
        poll = history.entries[start]
        assert isinstance(poll, Poll)
        lost = replace(poll, events=(), after=None)
        yield [*history.entries[:start], replace(lost, ended=HUNG)]
        yield [*history.entries[:start], replace(lost, ended=DIED)]
        yield [*history.entries[:start], replace(poll, raised="OSError()", events=())]
        yield [*history.entries[:start], replace(poll, flaws=("got None",)), *history.entries[start + 1 :]]
    *before, last = history.entries
    assert isinstance(last, Curtain)
    for fields in ({"leaked": 1}, {"shut": (1,)}, {"blocking": (1,)}, {"raised": "OSError()"}, {"ended": HUNG}):
        yield [*before, replace(last, **fields)]


def _calls(history: History) -> Iterator[list[Entry]]:
    """It refuses, raises, hangs or answers wrongly in a call; or a byte is not what was sent."""
    for index, did in enumerate(history.entries):
        if isinstance(did, Did) and not did.action.row.polls:
            before, after = history.entries[:index], history.entries[index + 1 :]
            if did.action.row.calls:
                later = after if did.action.verb in ("register", "reregister", "deregister") else ()
                yield [*before, replace(did, outcome="refused", refused="OSError()"), *later]
                yield [*before, replace(did, outcome="refused", raised="TypeError()")]
                yield [*before, replace(did, ended=HUNG)]
            yield [*before, replace(did, flaw="not what it should be"), *after]


def _threads(history: History) -> Iterator[list[Entry]]:
    """It refuses what another thread asks during a poll."""
    for index, poll in enumerate(history.entries):
        for place, did in enumerate(poll.acted.did) if isinstance(poll, Poll) and poll.acted else ():
            assert isinstance(poll, Poll)
            assert poll.acted
            refused = replace(did, outcome="refused", refused="OSError()")
            acted = replace(poll.acted, did=(*poll.acted.did[:place], refused, *poll.acted.did[place + 1 :]))
            yield [*history.entries[:index], replace(poll, acted=acted), *history.entries[index + 1 :]]


@pytest.mark.parametrize("row", [lookup(id) for id in JUDGED], ids=JUDGED)
def test_each_check_can_turn_red(row: Guarantee) -> None:
    """A check that no lie can break judges nothing; one that breaks on an honest history is a lie itself."""
    for history in honest()[row.id]:
        assert row.id not in weigh(history, [row]).broken
    breaks = (weigh(lie, [row]).broken.get(row.id) for history in honest()[row.id] for lie in spoilt(history))
    fact = next((fact for fact in breaks if fact), None)
    assert fact, "no lie breaks it"
    assert fact.got
    assert fact.should_be
