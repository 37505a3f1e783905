"""When an action applies, and what it changes: pure book-keeping of files, fds and registrations."""

from __future__ import annotations

import pytest

from conformance.actions import Action
from conformance.protocol import Capability, Interest, Trigger
from conformance.scenario import parse
from conformance.slots import BACKLOG, WAKER, Slots
from tests.conformance.histories import EVERYTHING

C = Capability


def slots_after(text: str, capabilities: Capability = EVERYTHING) -> Slots:
    """The slots when each action of `text` was done."""
    slots = Slots(capabilities)
    for action in parse(text):
        assert not slots.why_not(action), f"{action}: {slots.why_not(action)}"
        slots.apply(action)
    return slots


@pytest.mark.parametrize(
    ("before", "action", "reason"),
    [
        ("", "close 1", "nothing is open under 1"),
        ("pipe 1 2", "eventfd 2", "label 2 is taken"),
        ("eventfd 1; close 1", "eventfd 1", "label 1 is taken"),
        ("", "eventfd 0", "label 0 is taken"),
        ("pipe 1 2", "register 1 7 w edge", "a read end has no such direction"),
        ("pipe 1 2", "register 2 7 rw edge", "a write end has no such direction"),
        ("eventfd 1", "register 1 7 rp edge", "a eventfd has no such direction"),
        ("unix 1 2", "register 1 7 - edge", "a unix has no such direction"),
        ("listen 1", "register 1 7 w level", "a listener has no such direction"),
        ("unix 1 2; register 1 7 r edge", "register 2 7 r edge", "token 7 is taken"),
        ("unix 1 2; register 1 7 r edge; register 2 8 r edge", "reregister 2 7 r edge", "token 7 is taken"),
        ("unix 1 2; waker 7", "register 2 7 r edge", "token 7 is taken"),
        ("unix 1 2; register 2 7 r edge", "waker 7", "token 7 is taken"),
        ("unix 1 2; dup 1 3; register 1 7 r edge; close 1", "register 3 7 r edge", "token 7 is taken"),
        ("waker 7", "waker 8", "there is a waker already"),
        ("", "wake 1", "there is no waker"),
        ("", "await none wake 0", "there is no waker"),
        ("waker 7", "await none send 0", "nothing is open under 0"),
        ("unix 1 2; close 2", "await none send 1", "it has nobody to send to"),
        ("pipe 1 2", "await none send 1", "it has nobody to send to"),
        ("unix 1 2", "await none set 1", "not for a unix"),
        ("user 1", "close 1", "a user source has no fd"),
        ("user 1", "dup 1 2", "a user source has no fd"),
        ("user 1", "drain 1", "not for a user"),
        ("pipe 1 2", "send 1 1", "not for a read end"),
        ("pipe 1 2", "recv 2 1", "not for a write end"),
        ("udp 1 2", "fill 1", "not for a udp"),
        ("pipe 1 2", "peek 1", "not for a read end"),
        ("unix 1 2", "urgent 1", "not for a unix"),
        ("unix 1 2", "reset 1", "not for a unix"),
        ("eventfd 1", "shutdown 1 wr", "not for a eventfd"),
        ("unix 1 2", "accept 1 3", "not for a unix"),
        ("fresh 1; listen 2; connect 1 2", "refuse 1", "not for a connecting"),
        ("fresh 1; fresh 2", "connect 1 2", "only a fresh socket connects to a listener"),
        ("unix 1 2; listen 3", "connect 1 3", "only a fresh socket connects to a listener"),
        ("eventfd 1", "set 1 r", "not for a eventfd"),
    ],
)
def test_why_an_action_does_not_apply(before: str, action: str, reason: str) -> None:
    """It is skipped with a reason, which a report shows."""
    assert slots_after(before).why_not(Action.parse(action)) == reason


@pytest.mark.parametrize(
    ("before", "action", "claim", "reason"),
    [
        ("unix 1 2", "register 1 7 r edge", C.EDGE, "the poller does not claim it"),
        ("unix 1 2", "register 1 7 r level", C.LEVEL, "the poller does not claim it"),
        ("unix 1 2", "register 1 7 r edge+oneshot", C.ONESHOT, "the poller does not claim it"),
        ("unix 1 2", "register 1 7 rw edge", C.WRITABLE, "the poller does not claim it"),
        ("tcp 1 2", "register 1 7 p edge", C.PRIORITY, "the poller does not claim it"),
        (
            "unix 1 2; register 1 7 r edge",
            "reregister 1 8 r edge",
            C.TOKEN_CHANGE,
            "the poller does not claim TOKEN_CHANGE",
        ),
        ("unix 1 2; dup 1 3; register 1 7 r edge", "register 3 8 r edge", C.DUP, "the poller does not claim DUP"),
        (
            "unix 1 2; register 1 7 r edge",
            "close 1",
            C.CLOSE_FORGETS,
            "the poller does not claim CLOSE_FORGETS: deregister first",
        ),
        (
            "tcp 1 2; register 1 7 r edge",
            "reset 1",
            C.CLOSE_FORGETS,
            "the poller does not claim CLOSE_FORGETS: deregister first",
        ),
        ("", "user 1", C.USER_READINESS, "the poller does not claim USER_READINESS"),
        ("", "waker 1", C.WAKE, "the poller does not claim WAKE"),
    ],
)
def test_what_is_not_claimed_is_not_asked_for(before: str, action: str, claim: Capability, reason: str) -> None:
    """With the claim it applies, without it does not: not applicable is never a failure."""
    assert slots_after(before).why_not(Action.parse(action)) == ""
    assert slots_after(before, EVERYTHING & ~claim).why_not(Action.parse(action)) == reason


@pytest.mark.parametrize(
    ("before", "action"),
    [
        ("unix 1 2; register 1 7 r edge", "register 1 7 r edge"),
        ("unix 1 2; register 1 7 r edge", "register 1 8 w edge"),
        ("unix 1 2; register 1 7 r edge", "reregister 1 7 w edge"),
        ("unix 1 2", "deregister 1"),
        ("unix 1 2", "reregister 1 7 r edge"),
        ("unix 1 2; register 1 7 r edge; deregister 1", "register 2 7 r edge"),
        ("unix 1 2; register 1 7 r edge; close 1", "register 2 7 r edge"),
        ("unix 1 2; dup 1 3; register 1 7 r edge; close 1; close 3", "register 2 7 r edge"),
        ("regular 1", "register 1 7 r level"),
        ("eventfd 1", "await none send 1"),
        ("listen 1", "accept 1 2"),
    ],
)
def test_what_may_be_asked(before: str, action: str) -> None:
    """Double and stray calls, free tokens, and an accept that will meet WouldBlock are part of the game."""
    assert slots_after(before).why_not(Action.parse(action)) == ""


def test_a_full_backlog_takes_no_more() -> None:
    """On Linux a connect beyond it would wait."""
    text = "listen 1" + "".join(f"; fresh {n}; connect {n} 1" for n in range(2, 2 + BACKLOG))
    assert slots_after(f"{text}; fresh 20").why_not(Action.parse("connect 20 1")) == "the backlog is full"


def test_what_did_not_succeed_opens_nothing() -> None:
    """An accept that met WouldBlock leaves its label free."""
    slots = slots_after("listen 1")
    slots.apply(Action.parse("accept 1 2"), succeeded=False)
    assert 2 not in slots.files
    assert not slots.why_not(Action.parse("accept 1 2"))


def test_dups_share_a_file_until_the_last_is_closed() -> None:
    """The peer's end comes with the last fd, not the first."""
    slots = slots_after("unix 1 2; dup 1 3; close 1")
    assert slots.files[3].labels == [3]
    assert not slots.files[2].is_ended
    slots.apply(Action.parse("close 3"))
    assert slots.files[2].is_ended


def test_a_registered_number_that_is_closed_while_a_dup_lives_is_a_ghost() -> None:
    """Rule 9: one ghost for each such file, gone with its last dup."""
    slots = slots_after("unix 1 2; dup 1 3; register 1 7 r edge; close 1")
    assert [ghost.token for ghost in slots.ghosts] == [7]
    assert 1 not in slots.registrations
    slots.apply(Action.parse("close 3"))
    assert slots.ghosts == []


def test_connect_and_accept_make_two_ends() -> None:
    """What one sends the other has to read; a client is `connecting` until it was accepted."""
    slots = slots_after("listen 1; fresh 2; connect 2 1")
    assert slots.kind(2) == "connecting"
    assert len(slots.files[1].queue) == 1
    slots = slots_after("listen 1; fresh 2; connect 2 1; accept 1 3; send 2 5")
    assert (slots.kind(2), slots.kind(3)) == ("tcp", "tcp")
    assert slots.files[3].unread == 5
    assert slots.files[1].queue == []


def test_closing_a_listener_ends_those_who_wait() -> None:
    """So does draining it: what was accepted is closed at once."""
    for end in ("close 1", "drain 1"):
        slots = slots_after(f"listen 1; fresh 2; connect 2 1; {end}")
        assert slots.files[2].is_ended


@pytest.mark.parametrize(
    ("text", "unread", "full"),
    [
        ("unix 1 2; send 1 5; recv 2 3", 2, False),
        ("unix 1 2; send 1 5; drain 2", 0, False),
        ("unix 1 2; fill 1", 1 << 16, True),
        ("unix 1 2; fill 1; drain 2", 0, False),
        ("pipe 2 1; send 1 5; await none send 1", 6, False),
    ],
)
def test_estimates_follow_the_bytes(text: str, unread: int, full: bool) -> None:
    """Only the drawing reads them; a guess will do, but it should be a good one."""
    slots = slots_after(text)
    assert (slots.files[2].unread, slots.files[1].is_full) == (unread, full)


def test_an_eventfd_is_its_own_peer() -> None:
    """What is sent to it is read from it, all at once."""
    assert slots_after("eventfd 1; send 1 5").files[1].unread == 5
    assert slots_after("eventfd 1; send 1 5; recv 1 1").files[1].unread == 0


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("tcp 1 2; shutdown 1 wr", True, False),
        ("tcp 1 2; shutdown 1 rd", False, False),
        ("tcp 1 2; shutdown 1 rdwr", True, False),
        ("unix 1 2; shutdown 1 rd", False, True),
        ("unix 1 2; shutdown 1 rdwr", True, True),
    ],
)
def test_whose_writing_half_is_shut(text: str, ours: bool, theirs: bool) -> None:
    """On AF_UNIX to shut one's reading half shuts the peer's writing half; WRITE_CLOSED is then true."""
    slots = slots_after(text)
    assert (slots.files[1].has_shut_writing, slots.files[2].has_shut_writing) == (ours, theirs)


def test_the_last_call_is_in_force() -> None:
    """A double register replaces, as reregister does."""
    for verb in ("register", "reregister"):
        slots = slots_after(f"unix 1 2; register 1 7 r level; {verb} 1 8 w edge")
        registered = slots.registrations[1]
        assert (registered.token, registered.interest, registered.trigger) == (8, Interest.WRITABLE, Trigger.EDGE)


def test_set_and_waker() -> None:
    """A user source keeps its value; the waker is a registration under a label of its own."""
    assert slots_after("user 1; set 1 rw").files[1].value == 3
    assert slots_after("user 1; set 1 rw; set 1 -").files[1].value == 0
    assert slots_after("user 1; set 1 w; await none set 1").files[1].value == 3
    assert slots_after("waker 7").registrations[WAKER].token == 7


@pytest.mark.parametrize(
    ("kind", "judged"), [("fresh 1", False), ("regular 1", False), ("listen 1", True), ("eventfd 1", True)]
)
def test_which_files_are_judged(kind: str, judged: bool) -> None:
    """A stream socket that was never connected and does not listen is not; nor is what epoll refuses."""
    assert slots_after(kind).files[1].is_judged is judged
