"""The staged probe of a poller: gate by gate, from its import to its close; it stops at the first that is broken.

    import ─► construct ─► register ─► told ─► silent ─► deregister ─► close ─► each claim, once

One diagnosis, not three hundred failures: whoever writes an adapter is told one cause and how to mend it. `pollcheck doctor` prints every
gate, `pollcheck pollers` goes as far as construction, and a run tries the claims before it judges: what is claimed and does not work
once is a false claim. Each gate is a scenario of a few steps in a child, read by the model that judges everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.child import Child, HarnessCrash, Hello
from conformance.facts import Wait
from conformance.history import Did, History
from conformance.judging import applicable, weigh
from conformance.loading import Target, UsageError, resolve
from conformance.protocol import Capability, Readiness
from conformance.scenario import Scenario, parse
from conformance.verdict import EXIT_BROKEN, EXIT_KEPT, EXIT_USAGE, Strength

__all__ = ["CLAIMS", "GATES", "Passed", "examine", "false_claims", "greet"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One step of the probe: what it tries, and how to mend what is broken there."""

    name: str
    text: str
    """A scenario; `{trigger}` stands for the first trigger that is claimed."""
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The outcome of one gate; the last one that is yielded may have a `cause`."""

    gate: str
    cause: str = ""
    mend: str = ""
    exit_code: int = EXIT_KEPT


GATES = (
    Gate(
        "register",
        "pipe 1 2; register 1 7 r {trigger}",
        "register(source, token, interest, trigger) takes any object with fileno(); it refuses no file that can be polled",
    ),
    Gate(
        "told when readable",
        "pipe 1 2; register 1 7 r {trigger}; send 2 1; settle",
        "poll returns a list of (token, readiness); READABLE is 1, and a poll(0) looks",
    ),
    Gate(
        "silent when drained",
        "pipe 1 2; register 1 7 r {trigger}; send 2 1; settle; drain 1; poll 0; rest 0.9ms",
        "forget what was told; a wait with nothing to tell lasts until its timeout",
    ),
    Gate(
        "deregister",
        "pipe 1 2; register 1 7 r {trigger}; send 2 1; deregister 1; poll 0; send 2 1; poll 0",
        "deregister(source) removes what register added, also what it has kept of events",
    ),
    Gate(
        "close",
        "pipe 1 2; register 1 7 r {trigger}; poll 0",
        "close() frees every fd that the poller opened, leaves the sources open and raises nothing",
    ),
)
"""What every poller has to pass, in this order."""

_TWO = "pipe 1 2; pipe 3 4; register 1 7 r {trigger}; register 3 8 r {trigger}; send 2 1; send 4 1"
CLAIMS: dict[Capability, str] = {
    Capability.LEVEL: "pipe 1 2; register 1 7 r level; send 2 2; settle; recv 1 1; settle",
    Capability.EDGE: "pipe 1 2; register 1 7 r edge; send 2 1; settle; drain 1; send 2 1; settle",
    Capability.ONESHOT: (
        "pipe 1 2; register 1 7 r {trigger}+oneshot; send 2 1; settle; poll 0; reregister 1 7 r {trigger}+oneshot; settle"
    ),
    Capability.WRITABLE: "pipe 1 2; register 2 7 w {trigger}; settle",
    Capability.PRIORITY: "tcp 1 2; register 2 7 p {trigger}; urgent 1; settle",
    Capability.CLOSED_HINTS: "unix 1 2; register 2 7 r {trigger}; close 1; settle",
    Capability.ERROR_HINT: "tcp 1 2; register 2 7 r {trigger}; reset 1; settle",
    Capability.MAX_EVENTS: f"{_TWO}; poll 0 1; settle 1",
    Capability.TOKEN_CHANGE: "pipe 1 2; register 1 7 r {trigger}; reregister 1 8 r {trigger}; send 2 1; settle",
    Capability.CLOSE_FORGETS: "pipe 1 2; register 1 7 r {trigger}; send 2 1; close 1; poll 0; poll 0",
    Capability.WAKE: "waker 7; wake 1; settle",
    Capability.USER_READINESS: "user 1; register 1 7 r {trigger}; set 1 r; settle",
    Capability.DISPATCH: f"{_TWO}; dispatch 0 deregister 1 and deregister 3; dispatch 0",
    Capability.DUP: "pipe 1 2; dup 1 3; register 1 7 r {trigger}; register 3 8 r {trigger}; send 2 1; settle",
    Capability.REGULAR_FILES: "regular 1; register 1 7 r {trigger}; poll 0; deregister 1",
    Capability.MULTI_THREAD: "pipe 1 2; send 2 1; meanwhile none register 1 7 r {trigger}",
}
"""Capability -> the shortest scenario in which it does something."""

_NEVER_TOLD = {
    Capability.CLOSED_HINTS: Readiness.READ_CLOSED | Readiness.WRITE_CLOSED,
    Capability.ERROR_HINT: Readiness.ERROR,
}
"""Hints that a poller which claims them tells at least here; elsewhere they are a SHOULD."""


_CLOSE = ("fds", "close")
"""What facts about the end of a scenario are about."""


def examine(name: str, world: str = "real") -> Iterator[Passed]:
    """Try the gates one by one; the last outcome is the diagnosis."""
    try:
        target = resolve(name)
    except UsageError as error:
        yield Passed(gate="import", cause=str(error), mend="a poller is named module:attribute", exit_code=EXIT_USAGE)
        return
    yield Passed(gate="import")
    with Child(target.spec, world) as child:
        try:
            hello = child.hello()
        except UsageError as error:
            mend = "the factory takes nothing and returns a poller with every method of the contract, in 10 s"
            yield Passed(gate="construct", cause=str(error), mend=mend, exit_code=EXIT_USAGE)
            return
        yield Passed(gate="construct")
        yield from _examine(child, hello)


def _examine(child: Child, hello: Hello) -> Iterator[Passed]:
    for gate in GATES:
        cause = _trouble(child, gate, hello)
        yield Passed(gate=gate.name, cause=cause, mend=gate.mend if cause else "", exit_code=_code(cause))
        if cause:
            return
    for capability in _claimed(hello.capabilities):
        cause = _false_claim(child, hello, capability)
        mend = f"make it work, or do not claim {capability.name}: what is not claimed is not judged" if cause else ""
        yield Passed(gate=f"claims {capability.name}", cause=cause, mend=mend, exit_code=_code(cause))
        if cause:
            return


def greet(target: Target) -> str:
    """What is missing to construct it here, as the probe finds it; empty if nothing is."""
    with Child(target.spec, "real") as child:
        try:
            child.hello()
        except UsageError as error:
            return str(error)
    return ""


def false_claims(child: Child) -> tuple[str, ...]:
    """The claims that do not work once, a sentence each. A poller that fails at a gate before them is not asked."""
    hello = child.hello()
    if hello.false_claims:
        return hello.false_claims
    try:
        if any(_trouble(child, gate, hello) for gate in GATES):
            return ()
        return tuple(filter(None, (_false_claim(child, hello, one) for one in _claimed(hello.capabilities))))
    except HarnessCrash:  # our own failure says nothing of a claim; the run will meet it again and tell it
        return ()


def _claimed(capabilities: Capability) -> Iterable[Capability]:
    return (capability for capability in CLAIMS if capability & capabilities)


def _false_claim(child: Child, hello: Hello, capability: Capability) -> str:
    named = next((claim for claim in hello.false_claims if claim.startswith(f"claims {capability.name},")), "")
    if named:
        return named
    history = child.run(_scenario(CLAIMS[capability], hello))
    cause = _broken(history) or _not_done(history, capability)
    return f"claims {capability.name}, but {cause}" if cause else ""


def _scenario(text: str, hello: Hello) -> Scenario:
    trigger = "level" if hello.capabilities & Capability.LEVEL else "edge"
    return parse(text.replace("{trigger}", trigger))


def _trouble(child: Child, gate: Gate, hello: Hello) -> str:
    return _broken(child.run(_scenario(gate.text, hello)), closes=gate is GATES[-1])


def _broken(history: History, *, closes: bool = False) -> str:
    """The first MUST that a history breaks: what came, and what should have. What close() leaves is the last gate's."""
    rows = [row for row in applicable(history.capabilities) if row.strength is Strength.MUST]
    facts = [
        fact for fact in weigh(history, rows).broken.values() if closes or getattr(fact, "about", "") not in _CLOSE
    ]
    if not facts:
        return ""
    first = min(facts, key=lambda fact: (fact.step, not isinstance(fact, Wait), getattr(fact, "about", "") == "fds"))
    return f"{first.got}; it should be {first.should_be}"


def _not_done(history: History, capability: Capability) -> str:
    """What the model lets pass, since it is refused or left out where nobody claims it."""
    if capability is Capability.REGULAR_FILES:
        refusals = (entry.refused for entry in history.entries if isinstance(entry, Did) and entry.refused)
        return next((f"got {refusal} for a regular file" for refusal in refusals), "")
    hints = _NEVER_TOLD.get(capability)
    told = {bits for entry in history.entries for _, bits in getattr(entry, "events", ())}
    is_missing = hints is not None and told and not any(bits & hints for bits in told)
    return "told none of them where the other end was closed or reset" if is_missing else ""


def _code(cause: str) -> int:
    return EXIT_BROKEN if cause else EXIT_KEPT
