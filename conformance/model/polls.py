"""What a poll means: who spoke that must not, what was owed and told, what kept its silence."""

from __future__ import annotations

from collections import Counter

from conformance.actions import Action, show_wait
from conformance.facts import Debt, Hint, Left, Quiet, Stop, Wait
from conformance.history import DIED, FIRST, HUNG, REST, Acted, Masks, Poll
from conformance.model.batches import first_part, is_ambiguous, is_by_number, is_excused, is_overtaken, rest_of_batch
from conformance.model.book import Book, said
from conformance.model.calls import did
from conformance.protocol import Capability, Interest, Readiness, Trigger
from conformance.slots import STREAMS, WAKER
from conformance.watch import ERR, HANGUPS, NVAL, RDHUP, R, W, Watch, settles, shows

__all__ = ["LONG_WAIT", "acted", "polled", "wait_fact"]

LONG_WAIT = 0.06
"""From this many seconds on, a poll is made only while something is owed."""
_LATE = 0.9
"""What is told after this share of the timeout is told late."""


def polled(book: Book, poll: Poll) -> None:
    """Read one call of poll."""
    _shape(book, poll)
    if poll.acted:
        acted(book, poll.acted)
    now = poll.acted.masks if poll.acted else poll.before
    if poll.after is None:
        _never_returned(book, poll, now)
        return
    told = _told(book, poll, now)
    first_part(book, poll, told)
    rest_of_batch(book, poll, told, now)
    crowd = len(book.owing(now))
    for watch in book.watches.values():
        _pay(book, watch, poll, now, told.get(watch.token, 0), crowd)
    _silences(book, poll)
    _fire(book, poll, told)
    _foreign(book, poll)
    for watch in book.watches.values():
        watch.marks["polled"] = True


def acted(book: Book, act: Acted) -> None:
    """Read what the other thread of an `await` or a `meanwhile` did."""
    if act.did:
        for one in act.did:
            did(book, one)
        return
    before = book.slots.files[act.label].value if act.label in book.slots.files else 0
    book.slots.apply(Action("await", (None, act.act, act.label)))
    if act.act == "wake":
        book.woken()
    elif act.act == "set":
        book.was_set(act.label, before)


def wait_fact(book: Book, about: str, poll: Poll, *, broken: str = "", should: str = "") -> None:
    """Note one thing that a call of poll promises by itself; `broken` says what came instead."""
    book.account.waits.append(
        Wait(
            step=poll.step,
            held=not broken,
            got=broken,
            should_be=should,
            about=about,
            timeout=poll.timeout,
            max_events=poll.max_events,
        )
    )


def _shape(book: Book, poll: Poll) -> None:
    """What the call promises by itself: to come back, without raising, with events, as many as fit."""
    if poll.ended == DIED:
        wait_fact(book, "alive", poll, broken="a process that died in poll", should="one that lives on")
    if poll.ended in (DIED, HUNG):
        return
    call = f"poll{'_each' if poll.part else ''}({show_wait(poll.timeout)})"
    if poll.part:
        wait_fact(
            book, "each", poll, broken=_each_flaw(poll, call), should="no exception, and events of the known form"
        )
        return
    is_huge = poll.timeout is not None and poll.timeout >= 86_400
    raised = f"{poll.raised} from {call}" if poll.raised else ""
    wait_fact(book, "huge" if is_huge else "raised", poll, broken=raised, should="a list of events")
    if poll.raised:
        return
    wait_fact(book, "event", poll, broken=_flaws(poll), should="a list of (token, readiness)")
    if poll.max_events is not None:
        got = f"{len(poll.events)} events" if len(poll.events) > poll.max_events else ""
        wait_fact(book, "capacity", poll, broken=got, should=f"at most {poll.max_events}")
    if poll.timeout:
        wait_fact(book, "finite", poll)
        if not poll.events and poll.elapsed_ns > poll.timeout * 1e9:
            book.freedom("overrun")
        if not poll.events and poll.elapsed_ns < poll.timeout * 5e8:
            book.account.count("early empty returns")
            book.freedom("early")


def _each_flaw(poll: Poll, call: str) -> str:
    return f"{poll.raised} from {call}" if poll.raised else _flaws(poll)


def _flaws(poll: Poll) -> str:
    """What came, without what should have come: a fact says that itself."""
    return "; ".join(flaw.removeprefix("got ").partition(", but ")[0] for flaw in poll.flaws)


def _never_returned(book: Book, poll: Poll, now: Masks) -> None:
    """A hang breaks what was owed; where nothing was, only a wait that should have ended."""
    owing = book.owing(now)
    call = f"a poll{'_each' if poll.part else ''}({show_wait(poll.timeout)}) that {poll.ended}"
    for label, direction in owing:
        watch = book.watches[label]
        debt = _debt(book, watch, direction, poll, book.mask(watch, now))
        debt.was_blocked, debt.waited = poll.acted is not None, poll.timeout
        debt.marks |= {"overlap": is_overtaken(poll), "each": bool(poll.part)}
        debt.break_(poll.step, call, watch.owed_text(direction))
    if poll.ended == HUNG and not owing and poll.timeout is not None:
        about = "each" if poll.part else "finite" if poll.timeout else "zero"
        wait_fact(book, about, poll, broken=call, should="a return when its time is up")


# ── who may speak ───────────────────────────────────────────────────────────────────────────────────────────────


def _told(book: Book, poll: Poll, now: Masks) -> dict[int, int]:
    """OR the events of each token, and see whether each token may speak (rules 1 and 9)."""
    told: dict[int, int] = {}
    times = Counter(token for token, _ in poll.events)
    by_token = {watch.token: watch for watch in book.watches.values()}
    for token, bits in poll.events:
        told[token] = told.get(token, 0) | bits
        watch = by_token.get(token)
        if watch is None:
            _stranger(book, poll, token)
        elif watch.is_judged:
            _own(book, watch, poll, bits)
            if poll.part != REST:
                _hinted(book, watch, poll, bits, now)
    if [*told] != sorted(told):
        book.freedom("order")
    for token, bits in told.items():
        if times[token] > 1:
            book.freedom("split")
        elif bits & R and bits & W:
            book.freedom("merged")
    return told


def _stranger(book: Book, poll: Poll, token: int) -> None:
    """An event for a token that no live registration carries."""
    if token in book.forgiven:
        book.freedom("ghost")
        return
    quiet = book.dead.get(token)
    if quiet is None:
        quiet = Quiet(
            step=poll.step,
            label=-1,
            token=token,
            kind="",
            reason="unknown",
            trigger=Trigger(0),
            should_be="only tokens that are registered",
        )
        book.account.quiets.append(quiet)
    if is_excused(poll, quiet):
        if poll.acted:
            book.freedom("overlap")
    else:
        quiet.break_(poll.step, f"an event for token {token}")


def _own(book: Book, watch: Watch, poll: Poll, bits: int) -> None:
    """An event for a live registration: it may be disabled, or not have asked for that."""
    for quiet in watch.quiets:
        is_breach = quiet.direction is None or bool(bits & quiet.direction)
        is_doubtful = is_excused(poll, quiet) or is_ambiguous(poll, watch) or is_by_number(poll, watch)
        if is_breach and not is_doubtful:
            quiet.break_(poll.step, f"{said(bits)} for token {watch.token}")
    if book.mask(watch, poll.before) & HANGUPS:
        book.freedom("hangup")
    if not bits:
        book.account.count("events without readiness")


def _hinted(book: Book, watch: Watch, poll: Poll, bits: int, now: Masks) -> None:
    """Judge claimed hints, on stream sockets that are or were connected (DESIGN 3.1)."""
    if watch.kind not in STREAMS or is_overtaken(poll):
        return
    mask = book.mask(watch, now)
    seen = watch.seen | mask | book.mask(watch, poll.after or {})
    truths = (
        (Capability.CLOSED_HINTS, Readiness.READ_CLOSED, bool(seen & (RDHUP | HANGUPS))),
        (Capability.CLOSED_HINTS, Readiness.WRITE_CLOSED, bool(seen & HANGUPS) or watch.file.has_shut_writing),
        (Capability.ERROR_HINT, Readiness.ERROR, bool(seen & ERR)),
    )
    for claim, hint, is_true in truths:
        if book.capabilities & claim and bits & hint:
            fact = Hint(step=poll.step, held=is_true, kind=watch.kind, about="lie", hint=hint, token=watch.token)
            if not is_true:
                fact.got, fact.should_be = (
                    f"{hint.name} for token {watch.token}",
                    f"no {hint.name}: it was true at no moment",
                )
            book.account.hints.append(fact)
    is_missing = mask & RDHUP and watch.interest & R and not bits & Readiness.READ_CLOSED
    if book.capabilities & Capability.CLOSED_HINTS and is_missing:
        fact = Hint(
            step=poll.step,
            held=False,
            kind=watch.kind,
            about="missing",
            hint=Readiness.READ_CLOSED,
            token=watch.token,
        )
        fact.got, fact.should_be = "no READ_CLOSED", "READ_CLOSED, for the peer has stopped sending"
        book.account.hints.append(fact)


# ── what was owed ───────────────────────────────────────────────────────────────────────────────────────────────


def _pay(book: Book, watch: Watch, poll: Poll, now: Masks, bits: int, crowd: int) -> None:
    """Settle the debts of one registration with what this poll told of it."""
    before, after, mask = book.mask(watch, poll.before), book.mask(watch, poll.after or {}), book.mask(watch, now)
    watch.seen |= mask | after
    for direction in watch.directions():
        is_told = bool(bits) and settles(direction, mask, bits, book.capabilities)
        is_true = shows(direction, mask) and shows(direction, after)
        if is_true and watch.is_owed(direction, mask) and not (poll.acted and not is_told):
            debt = _debt(book, watch, direction, poll, mask)
            if poll.part == FIRST and not is_told:
                debt.marks["batch"] = True  # the rest of the batch may tell it
                continue
            _count(book, debt, poll, crowd)
            if is_told:
                is_news = not shows(direction, before) or watch.label == WAKER or watch.marks.get("thread", False)
                debt.was_blocked = poll.acted is not None and is_news
                _paid(book, watch, debt, poll)
            elif debt.polls >= debt.bound:
                _overdue(watch, debt, poll)
        elif direction in watch.debts and not is_true:
            del watch.debts[direction]
        ever = before | mask | after
        if (
            watch.counts
            and not poll.part
            and not is_overtaken(poll)
            and not shows(direction, ever)
            and not ever & HANGUPS
        ):
            _stopped(book, watch, direction, poll, is_told=is_told)
        if is_told:
            _was_told(book, watch, direction, is_true=shows(direction, mask) or shows(direction, after))
        elif watch.counts and not watch.is_level and direction not in watch.armed and is_true:
            book.freedom("undrained")


def _debt(book: Book, watch: Watch, direction: Interest, poll: Poll, mask: int) -> Debt:
    """The open debt for a direction, opened now if there is none."""
    debt = watch.debts.get(direction)
    if debt is None:
        is_dup = sum(label in book.watches for label in watch.file.labels) > 1
        debt = watch.debts[direction] = Debt(
            step=poll.step,
            should_be=watch.owed_text(direction),
            label=watch.label,
            token=watch.token,
            kind="waker" if watch.label == WAKER else watch.kind,
            direction=direction,
            trigger=watch.trigger,
            interest=watch.interest,
            origin=watch.armed.get(direction, "repeat"),
            cause=mask,
            was_ready=watch.ready_at.get(direction, False),
            others=sum(other.is_enabled for other in book.watches.values()) - 1,
            marks={**watch.marks, "dup": is_dup, "shut": watch.file.has_shut_writing},
        )
        book.account.debts.append(debt)
    return debt


def _count(book: Book, debt: Debt, poll: Poll, crowd: int) -> None:
    debt.polls += 1
    debt.marks["overlap"] = is_overtaken(poll)
    debt.marks["each"] = bool(poll.part) and debt.marks.get("each", True)
    debt.bound = max(debt.bound, book.bound())
    debt.crowd = max(debt.crowd, crowd)
    if poll.max_events is not None:
        debt.capacity = min(debt.capacity or poll.max_events, poll.max_events)


def _overdue(watch: Watch, debt: Debt, poll: Poll) -> None:
    debt.break_(poll.step, f"nothing of the kind in {debt.polls} polls", watch.owed_text(debt.direction))
    del watch.debts[debt.direction]
    if not watch.is_level:
        del watch.armed[debt.direction]


def _paid(book: Book, watch: Watch, debt: Debt, poll: Poll) -> None:
    debt.waited = poll.timeout
    debt.held = True
    if debt.polls > 1:
        book.freedom("later poll" if debt.kind != "user" else "later set")
    if poll.timeout and (poll.timeout >= LONG_WAIT or debt.was_blocked) and debt.is_must:
        got = ""
        if poll.elapsed_ns >= poll.timeout * _LATE * 1e9:
            got = f"told {watch.owed_text(debt.direction)} only when poll({show_wait(poll.timeout)}) ran out"
        wait_fact(book, "blocked" if debt.was_blocked else "late", poll, broken=got, should="told at once")


def _stopped(book: Book, watch: Watch, direction: Interest, poll: Poll, *, is_told: bool) -> None:
    kinds = {"level": watch.is_level, "rearm": watch.is_oneshot and watch.marks.get("rearmed")}
    for about in (kind for kind, is_so in kinds.items() if is_so):
        stop = Stop(step=poll.step, held=not is_told, about=about, token=watch.token, direction=direction)
        if is_told:
            stop.got, stop.should_be = watch.owed_text(direction), "nothing, for the condition does not hold"
        book.account.stops.append(stop)


def _was_told(book: Book, watch: Watch, direction: Interest, *, is_true: bool) -> None:
    if not is_true and watch.counts:
        book.account.count("needless events")
        book.freedom("needless")
    watch.debts.pop(direction, None)
    watch.armed.pop(direction, None)
    watch.told[direction] = watch.told.get(direction, 0) + 1
    if watch.interest != direction:
        watch.marks["crossed"] = True


# ── what stayed silent ──────────────────────────────────────────────────────────────────────────────────────────


def _silences(book: Book, poll: Poll) -> None:
    """What stayed silent though its file was ready has kept its silence once more."""
    for watch in book.watches.values():
        if watch.is_judged and watch.quiets:
            mask = book.mask(watch, poll.before) & book.mask(watch, poll.after or {})
            for quiet in watch.quiets:
                _keep(quiet, mask, watch.is_tempted(quiet, mask), poll)
    for quiet in book.dead.values():
        mask = poll.before.get(quiet.label, 0)
        _keep(quiet, mask, bool(mask) or quiet.reason in ("closed", "retoken"), poll)


def _keep(quiet: Quiet, mask: int, is_tempted: bool, poll: Poll) -> None:
    if is_excused(poll, quiet):
        return
    if is_tempted and quiet.held is None:
        quiet.held = True
    quiet.seen |= mask
    quiet.last = poll.timeout


def _fire(book: Book, poll: Poll, told: dict[int, int]) -> None:
    """Whatever was told of a one-shot disables it from the next poll on (rule 7)."""
    for watch in book.watches.values():
        if watch.token not in told:
            continue
        watch.events += 1
        if watch.is_oneshot and (is_ambiguous(poll, watch) or is_by_number(poll, watch)):
            book.doubt(watch)  # it may or may not have fired
        elif watch.is_oneshot and watch.is_enabled:
            quiet = watch.fire(poll.step, book.mask(watch, poll.after or {}))
            book.account.quiets.append(quiet)


def _foreign(book: Book, poll: Poll) -> None:
    """An fd that is no longer open, and that no action closed."""
    for label, mask in (poll.after or {}).items():
        if mask & NVAL:
            got = f"the fd of label {label} is closed, and not by the scenario"
            left = Left(step=poll.step, held=False, got=got, should_be="the sources left open", about="open")
            book.account.left.append(left)
