"""What the rest of a batch may tell, once a handler has changed registrations (DESIGN 3.1, DISPATCH; mio:REG-15, mio:LIFE-13).

A registration that was removed, a token or a direction that was given up is silent from then on. A file that was only closed may still
be named: the event was harvested before. The same leniency holds for a poll that overlaps a change by another thread (mio:REG-16).
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.facts import Batch, Quiet
from conformance.history import FIRST, REST, Masks, Poll
from conformance.model.book import Book, said
from conformance.watch import Watch, shows

__all__ = ["first_part", "is_ambiguous", "is_by_number", "is_excused", "is_overtaken", "rest_of_batch"]

_ITSELF, _BOTH = "itself", 3


def is_excused(poll: Poll, quiet: Quiet) -> bool:
    """Whether a silence began while this poll was in progress, so that what it tells is no breach of it."""
    return _overlaps(poll) and quiet.step == poll.step and quiet.reason not in ("interest", "unknown")


def is_ambiguous(poll: Poll, watch: Watch) -> bool:
    """Whether an event may be of a registration as it was before a handler or another thread changed it, or of after."""
    return _overlaps(poll) and watch.replaced_at == poll.step


def is_by_number(poll: Poll, watch: Watch) -> bool:
    """Whether an event may be of whose number it was: who looks that up after the wait finds the heir. DSP-10 alone judges it."""
    return poll.part == REST and watch.heir_at == poll.step


def is_overtaken(poll: Poll) -> bool:
    """Whether another thread did several things meanwhile: what was true between them nobody has seen."""
    return bool(poll.acted and poll.acted.did)


def _overlaps(poll: Poll) -> bool:
    return poll.part == REST or is_overtaken(poll)


def first_part(book: Book, poll: Poll, told: dict[int, int]) -> None:
    """Remember what was told before the handler acts; a whole call has no such part."""
    if poll.part != REST:
        book.told_first = told if poll.part == FIRST else {}


def rest_of_batch(book: Book, poll: Poll, told: dict[int, int], now: Masks) -> None:
    """Judge what was told after the handler acted by what it did."""
    if poll.part != REST:
        return
    for quiet in _begun(book, poll.step):
        if quiet.token in book.forgiven:
            continue
        bits = told.get(quiet.token, 0)
        is_told = bool(bits & quiet.direction if quiet.direction is not None else bits or quiet.token in told)
        if book.was_closed(poll.step, quiet.token):
            if is_told:
                book.freedom("closed in the batch")
        elif is_told or quiet.is_pending or book.told_first.get(quiet.token, 0) & _BOTH == _BOTH:
            about = _ITSELF if quiet.token in book.told_first and quiet.reason == "deregistered" else quiet.reason
            got = f"{said(bits)} for token {quiet.token}" if is_told else ""
            fact = Batch(
                step=poll.step,
                held=not is_told,
                got=got,
                about=about,
                token=quiet.token,
                direction=quiet.direction,
            )
            fact.should_be = f"{quiet.should_be}, from the moment the handler gave it up"
            book.account.batches.append(fact)
    for watch in book.watches.values():
        if watch.is_judged and watch.begun_at == poll.step and not is_ambiguous(poll, watch):
            _added(book, watch, poll, told.get(watch.token, 0), now)


def _begun(book: Book, step: int) -> Iterator[Quiet]:
    """The silences that began inside the handler."""
    yield from (quiet for quiet in book.dead.values() if quiet.step == step)
    for watch in (one for one in book.watches.values() if one.is_judged):
        yield from (quiet for quiet in watch.quiets if quiet.step == step and quiet.reason == "dropped")


def _added(book: Book, watch: Watch, poll: Poll, bits: int, now: Masks) -> None:
    """A registration that the handler made: it may be told at once, but not for what its number was before."""
    is_true = any(shows(direction, book.mask(watch, now)) for direction in watch.directions())
    if bits and is_true:
        book.freedom("same batch")
    if watch.marks.get("reused"):
        is_stale = bool(bits) and not is_true
        fact = Batch(step=poll.step, held=not is_stale, about="reused", token=watch.token)
        if is_stale:
            fact.got = f"{said(bits)} for token {watch.token}"
            fact.should_be = "nothing, for the file that has the number now is not ready"
        book.account.batches.append(fact)
