"""The proof: what the polls of a script must say, or must not, for each kind of fact.

    heard = []                               opened before the first action
    heard += told(7, poller.poll(0.0))       at each poll that matters (`Told`)
    if not any(...): sys.exit("broken: ...") the one assertion, at the end

What a single call promises (`Wait`, `Call`) is asserted around that call instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.actions import show_wait
from conformance.facts import Batch, Data, Debt, Fact, Hint, Left, Quiet, Rest, Stop, Wait
from conformance.history import Curtain, Did, Entry, Masks, Poll
from conformance.model import AWAIT_RETURNS, REST_WAITS
from conformance.protocol import Capability, Readiness
from conformance.script.files import Files, flags, indent
from conformance.slots import WAKER
from conformance.watch import IN, settles

__all__ = ["NO_ERROR", "Told", "broken", "ending", "guarded", "probe", "rested", "watched"]

NO_ERROR = "BaseException"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A token whose events are collected, and what must be wrong with them."""

    token: int
    flaw: str
    """An expression over `heard` that is true when the fact is broken."""


def broken(fact: Fact) -> str:
    """The statement that ends a script, for it has seen the bug."""
    says = f"broken: {fact.got}, but should be {fact.should_be}"
    return f"sys.exit({says!r})"


def watched(fact: Fact, polls: Iterable[Poll], capabilities: Capability) -> Told | None:
    """What is collected for `fact` from these polls; None where the polls by themselves are no proof."""
    polls = tuple(polls)
    if isinstance(fact, Debt):
        return Told(
            token=fact.token, flaw=f"not any(bits & ({_accepted(fact, polls, capabilities)}) for bits in heard)"
        )
    if isinstance(fact, Quiet | Batch):
        return Told(token=fact.token, flaw="heard" if fact.direction is None else _any(Readiness(int(fact.direction))))
    if isinstance(fact, Stop):
        return Told(token=fact.token, flaw=_any(Readiness(int(fact.direction))))
    if isinstance(fact, Hint):
        flaw = f"any(not bits & {flags(fact.hint)} for bits in heard)" if fact.about == "missing" else _any(fact.hint)
        return Told(token=fact.token, flaw=flaw)
    return None


def _any(bits: Readiness) -> str:
    return f"any(bits & {flags(bits)} for bits in heard)"


def _accepted(debt: Debt, polls: Iterable[Poll], capabilities: Capability) -> str:
    """The bits that pay a debt: the direction's own, and claimed hints where poll(2) showed nothing but a hang-up."""
    shown = 0
    for poll in polls:
        shown |= IN if debt.label == WAKER else _shown(debt.label, poll.before, poll.after or {})
    bits = Readiness(int(debt.direction))
    for hint in (Readiness.ERROR, Readiness.READ_CLOSED, Readiness.WRITE_CLOSED):
        if settles(debt.direction, shown, hint, capabilities):
            bits |= hint
    return flags(bits)


def _shown(label: int, *masks: Masks) -> int:
    bits = 0
    for mask in masks:
        bits |= mask.get(label, 0)
    return bits


# ── around one call ─────────────────────────────────────────────────────────────────────────────────────────────


def guarded(call: str, error: str, fact: Fact) -> list[str]:
    """A call that must not raise `error`."""
    says = repr(f", but should be {fact.should_be}")
    return ["try:", f"    {call}", f"except {error} as error:", f'    sys.exit(f"broken: {{error!r}}" + {says})']


def probe(wait: Wait, call: str) -> list[str]:
    """The call of poll by which `wait` was broken, and the assertion about it."""
    make = _PROBES.get(wait.about)
    return make(wait, call) if make else [f"{call}  # {wait.got}"]


def _typed(wait: Wait, call: str) -> list[str]:
    flaw = "not isinstance(events, list) or any(event_flaw(event) for event in events)"
    return [f"events = {call}", f"if {flaw}:", f"    {broken(wait)}"]


def _fitting(wait: Wait, call: str) -> list[str]:
    return [f"events = {call}", f"if len(events) > {wait.max_events}:", f"    {broken(wait)}"]


def _prompt(wait: Wait, call: str) -> list[str]:
    limit = f"time.monotonic() - started >= 0.9 * {wait.timeout}"
    return ["started = time.monotonic()", call, f"if {limit}:", f"    {broken(wait)}"]


_PROBES: dict[str, Callable[[Wait, str], list[str]]] = {
    "raised": lambda wait, call: guarded(call, NO_ERROR, wait),
    "huge": lambda wait, call: guarded(call, NO_ERROR, wait),
    "each": lambda wait, call: guarded(call, NO_ERROR, wait),
    "event": _typed,
    "capacity": _fitting,
    "late": _prompt,
}
"""What a poll promises by itself -> the call with its assertion. What is not here never returns, or ends the process."""


# ── several polls together ──────────────────────────────────────────────────────────────────────────────────────


def rested(fact: Rest | Wait, looks: int, timeout: float) -> list[str]:
    """The polls of a `rest`: the looks each return at once, or the waits that follow them last."""
    if isinstance(fact, Wait):
        return [
            "looks = []",
            f"for _ in range({looks}):",
            "    started = time.monotonic()",
            "    poller.poll(0.0)",
            "    looks.append(time.monotonic() - started)",
            "if min(looks) >= 0.0009:",
            f"    {broken(fact)}",
        ]
    return [
        f"for _ in range({looks}):",
        "    poller.poll(0.0)",
        "spare = []",
        "for _ in range(5):  # on a loaded machine a spin may pass for rest",
        "    started = time.monotonic()",
        f"    told = sum(bool(poller.poll({timeout!r})) for _ in range({REST_WAITS}))",
        f"    spare.append(time.monotonic() - started - ({REST_WAITS} - told) * {timeout!r} / 4)",
        f"if min(spare) < 0:  # {REST_WAITS} waits of {show_wait(timeout)}",
        f"    {broken(fact)}",
    ]


def waited(fact: Fact, timeout: float | None) -> list[str]:
    """What an await must have been like: `returns` came before the other thread acted, the last poll took `lasted`."""
    if isinstance(fact, Rest):
        return [f"if returns > {AWAIT_RETURNS}:", f"    {broken(fact)}"]
    if isinstance(fact, Wait) and fact.about in ("late", "blocked"):
        return [f"if lasted >= 0.9 * {timeout!r}:", f"    {broken(fact)}"]
    if isinstance(fact, Wait) and fact.about == "signal":
        return [f"if lasted > {timeout!r} + 0.15:", f"    {broken(fact)}"]
    return []


# ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────


def ending(fact: Fact, last: Entry, files: Files, told: Told | None) -> list[str]:
    """The assertion about all that was seen."""
    if told:
        return [f"if {told.flaw}:", f"    {broken(fact)}"]
    if isinstance(fact, Data) and isinstance(last, Did):
        is_part = last.outcome.isdecimal() and fact.kind != "eventfd"
        return [f"if got != {'sent[: len(got)]' if is_part else 'sent'}:", f"    {broken(fact)}"]
    if isinstance(fact, Left):
        return _LEFT[fact.about](fact, last, files)
    return []


def _fds(fact: Left, _last: Entry, files: Files) -> list[str]:
    ours = ", ".join(f"str({files.number(label)})" for label in files.open)
    return [
        "poller.close()",
        f"if open_fds() - fds - {{{ours}}}:" if ours else "if open_fds() - fds:",
        f"    {broken(fact)}",
    ]


def _open(fact: Left, last: Entry, files: Files) -> list[str]:
    close = ["poller.close()"] if isinstance(last, Curtain) else []
    return [*close, f"for fd in {_numbers(files)}:", *indent(guarded("os.fstat(fd)", "OSError", fact))]


def _blocking(fact: Left, _last: Entry, files: Files) -> list[str]:
    return ["poller.close()", f"if any(os.get_blocking(fd) for fd in {_numbers(files)}):", f"    {broken(fact)}"]


def _close(fact: Left, last: Entry, _files: Files) -> list[str]:
    if isinstance(last, Curtain) and last.ended:
        return [f"poller.close()  # {fact.got}"]
    return guarded("poller.close()", NO_ERROR, fact)


_LEFT: dict[str, Callable[[Left, Entry, Files], list[str]]] = {
    "fds": _fds,
    "open": _open,
    "blocking": _blocking,
    "close": _close,
}
"""What a poller leaves -> how a script closes it, and looks."""


def _numbers(files: Files) -> str:
    return f"[{', '.join(files.number(label) for label in files.open)}]"
