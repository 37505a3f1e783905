"""What actions mean: files that change, calls that were granted or refused, bytes that were read."""

from __future__ import annotations

from collections.abc import Collection

from conformance.facts import Call, Data, Left, Wait
from conformance.history import ALIVE, DIED, Curtain, Did
from conformance.model.book import Book
from conformance.protocol import Interest, Trigger
from conformance.slots import WAKER, File
from conformance.watch import R, W, Watch, shows

__all__ = ["closed", "did"]

_ASKS = ("register", "reregister", "deregister")


def did(book: Book, did: Did) -> None:
    """Read one action that is no poll."""
    book.within = did.within
    if did.ended != ALIVE:
        _ended(book, did)
    elif did.action.verb in _ASKS:
        _asked(book, did)
    elif did.action.row.calls:
        _called(book, did)
    else:
        _changed(book, did)
    for label, number in did.fds:
        book.numbers[label] = number
    book.within = ""


def closed(book: Book, curtain: Curtain) -> None:
    """Read what the poller left when it was closed."""
    rows: tuple[tuple[str, bool, str, str], ...] = (
        ("fds", bool(curtain.leaked), f"{curtain.leaked} fds still open after close()", "every fd it opened freed"),
        ("open", bool(curtain.shut), f"{_files(curtain.shut)} closed", "the sources left open"),
        ("blocking", bool(curtain.blocking), f"{_files(curtain.blocking)} made blocking", "O_NONBLOCK left set"),
        ("close", bool(curtain.raised), f"{curtain.raised} from close()", "no exception"),
    )
    if curtain.ended != ALIVE:
        rows = (("close", True, f"close() {curtain.ended}", "a close() that returns"),)
    for about, is_broken, got, should_be in rows:
        fact = Left(step=curtain.step, held=not is_broken, about=about, after_stray=bool(book.strays))
        if is_broken:
            fact.got, fact.should_be = got, should_be
        book.account.left.append(fact)


def _files(labels: Collection[int]) -> str:
    return f"file {', '.join(map(str, labels))}"


def _ended(book: Book, did: Did) -> None:
    """The process hung or died in an action."""
    if did.ended == DIED or not did.action.row.calls:
        got = f"a process that {did.ended} in {did.action}"
        fact = Wait(step=did.step, held=False, got=got, should_be="one that lives on", about="alive")
        book.account.waits.append(fact)
        return
    call = _call(book, did, "lawful" if did.action.verb in _ASKS else did.action.verb)
    call.problem = "hung"
    call.break_(did.step, f"no answer from {did.action}", "one")


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _changed(book: Book, did: Did) -> None:
    """An action on files, with no part for the poller."""
    action = did.action
    is_done = did.outcome != "WouldBlock" or action.verb not in ("accept", "connect")
    if action.verb in ("close", "reset"):
        book.close(did.step, action.label)
    book.slots.apply(action, succeeded=is_done)
    book.forget_ghosts(did.step)
    if action.verb in ("recv", "drain"):
        _was_read(book, did)
    elif action.verb in ("send", "empty"):
        _was_sent(book, did)
    elif action.verb == "peek" and did.outcome.isdecimal():
        _mark(book, book.slots.files[action.label], "peeked", is_so=True)
    if did.outcome in ("WouldBlock", "EINPROGRESS"):
        _would_block(book, did)


def _would_block(book: Book, did: Did) -> None:
    """WouldBlock arms the registrations of every dup, if the condition was false at that moment (rule 6)."""
    verb, file = did.action.verb, book.slots.files[did.action.label]
    direction = W if verb in ("fill", "send", "connect", "refuse") else R
    if did.mask is None or shows(direction, did.mask):
        return
    for label in file.labels:
        if watch := book.watches.get(label):
            watch.fired_mask &= did.mask
            watch.arm("WouldBlock", did.mask, only=direction)
            watch.marks |= {
                "no event": watch.events == 0,
                "peek": verb == "peek",
                "peeked": False,
                "polled": False,
                "crossed": False,
                "elsewhere": label != did.action.label,
                **book.places(),
            }


def _was_read(book: Book, did: Did) -> None:
    if did.outcome == "WouldBlock" and not did.flaw:
        return
    watch = book.watches.get(did.action.label)
    fact = Data(
        step=did.step,
        held=not did.flaw,
        got=did.flaw,
        should_be="the bytes that were sent, in order",
        label=did.action.label,
        kind=book.slots.files[did.action.label].kind,
        about="EOF" if did.outcome == "EOF" else "bytes",
        after_event=bool(watch and watch.told.get(R)),
        was_deregistered=watch is None and book.is_known(did.action.label),
    )
    book.account.data.append(fact)


def _was_sent(book: Book, did: Did) -> None:
    file = book.slots.files[did.action.label].peer
    if file:
        _mark(book, file, "empty", is_so=did.action.verb == "empty" and did.outcome == "0")


def _mark(book: Book, file: File, mark: str, *, is_so: bool) -> None:
    for label in file.labels:
        if watch := book.watches.get(label):
            watch.marks[mark] = is_so


# ── calls of the poller ─────────────────────────────────────────────────────────────────────────────────────────


def _call(book: Book, did: Did, state: str) -> Call:
    label = did.action.args[0] if did.action.verb not in ("waker", "wake") else WAKER
    kind = book.slots.files[label].kind if label in book.slots.files else did.action.verb
    call = Call(step=did.step, verb=did.action.verb, state=state, label=label, kind=kind)
    book.account.calls.append(call)
    return call


def _called(book: Book, did: Did) -> None:
    """A user source, its setter, or the waker."""
    verb = did.action.verb
    call = _call(book, did, verb)
    if did.raised or did.refused:
        call.break_(did.step, f"{did.raised or did.refused} from {did.action}", "no exception")
        return
    call.held = True
    if did.flaw:
        call.break_(did.step, did.flaw, "the value last set")
    before = book.slots.files[did.action.label].value if verb == "set" else 0
    book.slots.apply(did.action)
    if verb == "waker":
        (token,) = did.action.args
        book.begin(did, WAKER, token, Interest.READABLE, Trigger.EDGE).armed.clear()
    elif verb == "wake":
        book.woken()
    elif verb == "set":
        book.was_set(did.action.label, before)


def _asked(book: Book, did: Did) -> None:
    """register, reregister or deregister: lawful, or a stray that may be refused or done, never both."""
    verb, label = did.action.verb, did.action.label
    watch = book.watches.get(label)
    is_lawful = (watch is None) == (verb == "register")
    call = _call(book, did, "lawful" if is_lawful else "double" if verb == "register" else "stray")
    call.marks = {
        **book.places(),
        "again": book.is_known(label),
        "fired": bool(watch and not watch.is_enabled),
        "reused": book.is_reused(label),
        "after stray": book.number(label) in book.strays,
        "big": verb != "deregister" and did.action.args[1] >= 2**32,
        "token 0": verb != "deregister" and did.action.args[1] == 0,
    }
    if did.raised:
        call.problem = "type"
        call.break_(did.step, f"{did.raised} from {did.action}", "no exception but OSError, ValueError or KeyError")
    elif did.refused:
        _refused(book, did, call, is_lawful=is_lawful)
    else:
        call.held = call.marks["done"] = True
        _granted(book, did, watch)


def _refused(book: Book, did: Did, call: Call, *, is_lawful: bool) -> None:
    label = did.action.label
    call.marks["refused"] = True
    for watch in book.watches.values():
        watch.marks["refused"] = True
    is_excused = book.is_haunted(label) or book.slots.files[label].kind == "regular"
    call.held = True
    if is_lawful and not is_excused:
        call.problem = "refused"
        call.break_(did.step, f"{did.refused} from {did.action}", "the call granted")


def _granted(book: Book, did: Did, watch: Watch | None) -> None:
    if did.action.verb == "deregister":
        if watch:
            book.end(did.step, watch, "deregistered")
        book.slots.apply(did.action)
        return
    label, token, interest, trigger = did.action.args
    book.slots.apply(did.action)
    if watch is None:
        if did.action.verb == "reregister":
            book.strays[book.number(label)] = None
        book.begin(did, label, token, interest, trigger)
    else:
        book.replace(did, watch, token, interest, trigger)
