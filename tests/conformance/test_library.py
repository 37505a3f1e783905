"""The scenarios by hand: every guarantee has one, and alone they put each to the test as often as its floor asks."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from conformance.child import Child
from conformance.guarantees import Guarantee, catalogue, lookup
from conformance.judging import Weighed, applicable, weigh
from conformance.library import LIBRARY, expand, scenarios
from conformance.protocol import NOTHING, Capability
from conformance.scenario import Scenario, parse, show
from conformance.slots import Slots
from conformance.verdict import Strength
from tests.conformance.modest import spec_of

REFERENCE = "impl.adapters.reference:make"
HONEST = {
    "reference": REFERENCE,
    "epoll": "impl.adapters.raw_epoll:make",
    "poll": "impl.adapters.raw_poll:make",
    "select": "impl.adapters.raw_select:make",
    "selectors-epoll": "impl.adapters.stdlib_selectors:make_epoll",
    "asyncio": "impl.adapters.asyncio_loop:make",
    "trio": "impl.adapters.trio_loop:make",
    "level alone": spec_of(Capability.LEVEL),
    "edge alone": spec_of(Capability.EDGE),
    "edge and oneshot alone": spec_of(Capability.EDGE | Capability.ONESHOT),
}
UVLOOP = "impl.adapters.uv_loop:make"
EVERYTHING = Capability(sum(capability.value for capability in Capability))
CHECKED = [row for row in catalogue() if row.check]
TEXTS = [(id, text) for id, texts in LIBRARY.items() for text in texts]


@cache
def judged(spec: str, world: str = "real") -> tuple[tuple[Guarantee, ...], dict[Scenario, Weighed]]:
    """Run the library, and nothing else, against a poller: the rows that apply, and what each scenario says of them."""
    with Child(spec, world) as child:
        rows = applicable(child.hello().capabilities)
        return rows, {scenario: weigh(child.run(scenario), rows) for scenario in scenarios(child.hello().capabilities)}


def exercised(spec: str, world: str = "real") -> Counter[str]:
    """How often the library put each guarantee to the test."""
    return sum((weighed.exercised for weighed in judged(spec, world)[1].values()), Counter[str]())


def broken(spec: str, world: str = "real") -> dict[str, list[str]]:
    """Guarantee -> what was seen, for each scenario that broke it."""
    found: dict[str, list[str]] = {}
    for scenario, weighed in judged(spec, world)[1].items():
        for id, fact in weighed.broken.items():
            found.setdefault(id, []).append(f"got {fact.got}, but should be {fact.should_be}, in:\n{show(scenario)}")
    return found


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_library_follows_the_catalogue() -> None:
    """It has no row for what is not checked, and its order is that of every list."""
    assert list(LIBRARY) == [row.id for row in CHECKED]


def test_each_text_prints_back() -> None:
    """What is parsed and shown parses to the same scenario, for each trigger that its placeholder stands for."""
    for id, text in TEXTS:
        found = list(expand(text))
        assert len(found) == (2 if "{" in text else 1), id
        for scenario in found:
            assert parse(show(scenario)) == scenario


def test_no_step_is_in_vain() -> None:
    """For a poller that claims everything each step applies, as far as that does not hang on what it reports."""
    for id, text in TEXTS:
        for scenario in expand(text):
            slots = Slots(EVERYTHING)
            for action in scenario:
                assert not slots.why_not(action), f"{action} in {id}: {text}"
                meets_nobody = action.verb == "accept" and not slots.files[action.label].queue
                slots.apply(action, succeeded=not meets_nobody)


def test_each_scenario_is_run_once_and_in_the_order_of_the_table() -> None:
    """Rows that share a scenario share its run."""
    found = scenarios(EVERYTHING)
    assert len(set(found)) == len(found)
    assert found == tuple(dict.fromkeys(s for texts in LIBRARY.values() for text in texts for s in expand(text)))


def test_those_that_are_named_come_first() -> None:
    """Who looks for one guarantee need not run all."""
    found = scenarios(EVERYTHING, first=["THR-09", "LVL-01"])
    assert found[:2] == tuple(parse(text) for text in LIBRARY["THR-09"])
    assert set(found) == set(scenarios(EVERYTHING))
    assert len(found) == len(set(found))


def test_triggers_that_are_not_claimed_are_not_asked_for() -> None:
    """A scenario that the poller would have to skip the heart of is left out."""
    for capabilities in (Capability.LEVEL, Capability.EDGE, Capability.LEVEL | Capability.ONESHOT, EVERYTHING):
        asked = {a.args[3] for s in scenarios(capabilities) for a in s if a.verb in ("register", "reregister")}
        claimed = {trigger for trigger in range(8) if trigger & 3 in (1, 2) and trigger & ~int(capabilities) == 0}
        assert {int(trigger) for trigger in asked} == claimed


def test_rows_that_do_not_apply_bring_no_scenarios() -> None:
    """No waker is asked of a poller that has none."""
    modest = scenarios(Capability.LEVEL)
    assert parse("waker 7; wake 1; poll none") not in modest
    assert parse("waker 7; wake 1; poll none") in scenarios(Capability.LEVEL | Capability.WAKE)


def test_long_rests_are_few() -> None:
    """A rest of 20 ms takes a quarter of a second, of the 60 that a whole run has."""
    assert sum(str(action) == "rest 20ms" for scenario in scenarios(EVERYTHING) for action in scenario) <= 3


# ── on a kernel ──────────────────────────────────────────────────────────────────────────────────────────────


WHERE = [pytest.param(spec, "real", id=f"{name}-real") for name, spec in HONEST.items()]
WHERE += [pytest.param(HONEST[name], "fake", id=f"{name}-fake") for name in ("reference", "select", "asyncio")]


@pytest.mark.parametrize(("spec", "world"), WHERE)
def test_alone_it_meets_every_floor(spec: str, world: str) -> None:
    """What the library leaves unknown would be unknown in a run whose draws are unlucky."""
    times, (rows, _) = exercised(spec, world), judged(spec, world)
    short = {row.id: (times[row.id], row.floor) for row in rows if times[row.id] < row.floor}
    assert not short, f"put to the test less often than the floor asks (times, floor): {short}"


@pytest.mark.parametrize(("spec", "world"), WHERE)
def test_an_honest_poller_breaks_no_must(spec: str, world: str) -> None:
    """The library accuses nobody who keeps the contract."""
    found = broken(spec, world)
    musts = [id for id in found if lookup(id).strength is Strength.MUST]
    assert not musts, "\n".join(f"{id}: {'; '.join(found[id])}" for id in musts)


def test_uvloop_is_put_to_the_test_and_breaks_what_it_is_known_to_break() -> None:
    """libuv drops the handle of a file that shows POLLERR; what it does not break reaches its floor."""
    pytest.importorskip("uvloop")
    times, (rows, _), found = exercised(UVLOOP), judged(UVLOOP), broken(UVLOOP)
    assert not [row.id for row in rows if times[row.id] < row.floor and row.id not in found]
    assert {"HUP-01", "HUP-02", "CON-02", "CON-03", "PIP-03"} <= set(found)


def test_each_text_puts_its_own_guarantee_to_the_test() -> None:
    """A scenario stands under the guarantee that it is about: none reaches its floor by the scenarios of others."""
    _, found = judged(REFERENCE)
    idle = [
        f"{id}: {text}"
        for id, text in TEXTS
        if lookup(id).floor and not any(found[s].exercised[id] for s in expand(text))
    ]
    assert not idle
    short = [
        row.id
        for row in CHECKED
        if sum(found[s].exercised[row.id] for text in LIBRARY[row.id] for s in expand(text)) < row.floor
    ]
    assert not short


def test_the_modest_claim_nothing_more() -> None:
    """The pollers of this test that claim little are asked for little."""
    rows, _ = judged(HONEST["edge alone"])
    assert {row.needs for row in rows} == {NOTHING, Capability.EDGE}
