"""The words of the interface and their translation."""

from __future__ import annotations

import select

import pytest

from conformance import protocol
from impl.interest import Event, Interest, Readiness, Trigger, epoll_mask, readiness_of

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY


@pytest.mark.parametrize("name", ["Interest", "Readiness", "Trigger"])
def test_flags_have_the_values_of_the_contract(name: str) -> None:
    """The flags of the core are those of the contract by name and value, though it imports nothing from there."""
    ours = {flag.name: flag.value for flag in globals()[name]}
    assert ours == {flag.name: flag.value for flag in getattr(protocol, name)}


def test_an_event_is_the_contracts_event() -> None:
    """An event has the contract's fields and passes its check."""
    event = Event(7, Readiness.READABLE)
    assert Event._fields == protocol.Event._fields
    assert protocol.event_flaw(event) is None


@pytest.mark.parametrize(
    ("interest", "trigger", "mask"),
    [
        (R, Trigger.LEVEL, select.EPOLLIN | select.EPOLLRDHUP),
        (W, Trigger.LEVEL, select.EPOLLOUT),
        (P, Trigger.LEVEL, select.EPOLLPRI),
        (W, Trigger.EDGE, select.EPOLLOUT | select.EPOLLET),
        (W, Trigger.LEVEL | Trigger.ONESHOT, select.EPOLLOUT | select.EPOLLONESHOT),
        (R | W, Trigger.LEVEL, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLOUT),
        (protocol.Interest.WRITABLE, protocol.Trigger.EDGE, select.EPOLLOUT | select.EPOLLET),
    ],
)
def test_interest_and_trigger_become_epolls_bits(interest: Interest, trigger: Trigger, mask: int) -> None:
    """epoll is asked for what is named, a half-close only beside readable; flags of equal value serve as well."""
    assert epoll_mask(interest, trigger) == mask


@pytest.mark.parametrize("interest", [Interest(0), Interest(8), R | Interest(16)])
def test_an_interest_outside_the_contract_is_refused(interest: Interest) -> None:
    """An empty or unknown interest is a ValueError."""
    with pytest.raises(ValueError, match="interest"):
        epoll_mask(interest, Trigger.LEVEL)


@pytest.mark.parametrize(
    "trigger", [Trigger(0), Trigger.ONESHOT, Trigger.LEVEL | Trigger.EDGE, Trigger.LEVEL | Trigger(8)]
)
def test_a_trigger_that_is_not_one_of_level_and_edge_is_refused(trigger: Trigger) -> None:
    """A trigger is exactly one of LEVEL and EDGE, with or without ONESHOT."""
    with pytest.raises(ValueError, match="trigger"):
        epoll_mask(R, trigger)


HUP = Readiness.READ_CLOSED | Readiness.WRITE_CLOSED


@pytest.mark.parametrize(
    ("mask", "interest", "readiness"),
    [
        (select.EPOLLIN, R | W, Readiness.READABLE),
        (select.EPOLLOUT, R | W, Readiness.WRITABLE),
        (select.EPOLLIN, W, Readiness(0)),
        (select.EPOLLPRI, P, Readiness.PRIORITY),
        (select.EPOLLPRI, R, Readiness(0)),
        (select.EPOLLHUP, R, Readiness.READABLE | HUP),
        (select.EPOLLHUP, W, Readiness.WRITABLE | HUP),
        (select.EPOLLHUP, P, HUP),
        (select.EPOLLERR, R | W, Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR),
        (select.EPOLLIN | select.EPOLLRDHUP, R, Readiness.READABLE | Readiness.READ_CLOSED),
    ],
)
def test_epolls_bits_become_readiness_within_the_interest(mask: int, interest: Interest, readiness: Readiness) -> None:
    """A hang-up or an error ends all waiting: it is told in each direction asked for, and as a hint."""
    assert readiness_of(mask, interest) == readiness
