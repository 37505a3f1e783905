"""The staged probe: each gate stops the poller that is broken there, with one cause, and no honest poller at any."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.child import Child
from conformance.loading import resolve
from conformance.probe import CLAIMS, GATES, Passed, examine, false_claims, greet
from conformance.protocol import Capability
from conformance.scenario import parse

POLLERS = "tests.conformance.pollers:"
BROKEN_AT = {
    "no_such_module:make": ("import", 2, "no module is called 'no_such_module'"),
    "epol": ("import", 2, "did you mean epoll or poll?"),
    f"{POLLERS}METHODS": ("import", 2, "should be a factory"),
    f"{POLLERS}exits_in_construction": ("import", 2, "no attribute"),
    f"{POLLERS}Stubborn": ("construct", 2, "Stubborn lacks register(), "),
    f"{POLLERS}raises_in_register": ("register", 1, "TypeError(out of luck) from register 1 7 r level"),
    f"{POLLERS}HangsInRegister": ("register", 1, "no answer from register"),
    f"{POLLERS}Hangs": ("told when readable", 1, "hung"),
    f"{POLLERS}Aborts": ("told when readable", 1, "a process that died in poll"),
    f"{POLLERS}Listens": ("told when readable", 1, "nothing of the kind in 8 polls; it should be READABLE for token 7"),
    f"{POLLERS}answers_none": ("told when readable", 1, "None; it should be a list of (token, readiness)"),
    f"{POLLERS}TakesBytes": ("told when readable", 1, ""),
    "conformance.mutants.factories:tells_pending_after_deregister": ("deregister", 1, "an event for token 7"),
    f"{POLLERS}Leaks": ("close", 1, "1 fds still open after close()"),
    f"{POLLERS}HangsInClose": ("close", 1, "close() hung"),
    f"{POLLERS}raises_in_close": ("close", 1, "TypeError(out of luck) from close()"),
    f"{POLLERS}Boasts": ("claims WAKE", 1, "has no method waker()"),
    f"{POLLERS}Forgets": ("claims USER_READINESS", 1, "claims USER_READINESS, but "),
}
"""Poller -> the gate at which it is stopped, the exit code, and a part of the cause."""


@pytest.mark.parametrize("name", BROKEN_AT)
def test_gate_stops_who_is_broken_there(name: str) -> None:
    """Nothing is tried after it; what is told is one cause, on one line, and how to mend it."""
    gate, exit_code, cause = BROKEN_AT[name]
    *before, last = examine(name)
    assert (last.gate, last.exit_code) == (gate, exit_code), last
    assert cause in last.cause
    assert last.cause
    assert "\n" not in last.cause
    assert last.mend
    assert all(passed == Passed(gate=passed.gate) for passed in before)


@pytest.mark.parametrize(
    ("name", "world"), [("reference", "real"), ("reference", "fake"), ("asyncio", "fake"), ("poll", "real")]
)
def test_an_honest_poller_passes_every_gate(name: str, world: str) -> None:
    """And each of its claims is tried once."""
    passed = list(examine(name, world))
    assert [one.cause for one in passed] == [""] * len(passed)
    assert [one.gate for one in passed[:2]] == ["import", "construct"]
    assert [one.gate for one in passed[2 : 2 + len(GATES)]] == [gate.name for gate in GATES]
    with Child(resolve(name).spec, world) as child:
        claimed = [capability for capability in CLAIMS if capability & child.hello().capabilities]
        assert false_claims(child) == ()
    assert [one.gate for one in passed[2 + len(GATES) :]] == [f"claims {capability.name}" for capability in claimed]


def test_every_capability_has_its_try() -> None:
    """A new capability is probed like the others."""
    assert list(CLAIMS) == list(Capability)
    assert all(parse(text.replace("{trigger}", "edge")) for text in CLAIMS.values())


def test_who_fails_before_is_not_asked_for_claims() -> None:
    """One cause, not one for each claim that it makes impossible."""
    with Child(f"{POLLERS}Listens", "real") as child:
        assert false_claims(child) == ()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    return tmp_path


@pytest.mark.parametrize(
    ("extra", "body", "claim"),
    [
        ("ONESHOT", "", "claims ONESHOT, but "),
        ("PRIORITY", "", "claims PRIORITY, but "),
        ("REGULAR_FILES", "", "claims REGULAR_FILES, but got PermissionError("),
        ("CLOSED_HINTS", "", "claims CLOSED_HINTS, but told none of them"),
        (
            "WAKE",
            "def waker(self, token): return type('Mute', (), {'wake': lambda self: None})()",
            "claims WAKE, but nothing",
        ),
    ],
)
def test_a_claim_that_does_not_work_once_is_named(here: Path, extra: str, body: str, claim: str) -> None:
    """What is claimed and false is told by its name."""
    (here / "boaster.py").write_text(
        "from conformance.protocol import Capability\n"
        "from impl.adapters.stdlib_selectors import make_epoll\n"
        "class Boaster(type(make_epoll())):\n"
        f"    capabilities = Capability.LEVEL | Capability.{extra}\n"
        f"    {body or 'pass'}\n"
        "def make():\n"
        "    poller = make_epoll()\n"
        "    poller.__class__ = Boaster\n"
        "    poller.capabilities = Boaster.capabilities\n"
        "    return poller\n"
    )
    with Child("boaster:make", "real") as child:
        (told,) = false_claims(child)
    assert told.startswith(claim)


def test_greeting_goes_as_far_as_construction() -> None:
    """Which is what `pollcheck pollers` asks."""
    assert greet(resolve("epoll")) == ""
    assert "lacks register()" in greet(resolve(f"{POLLERS}Stubborn"))
