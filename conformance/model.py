"""The ledger: tokens, arming, firing, lifetimes -> what a poll may, must and must not report.

It reads a history entry by entry and writes an account of facts. It knows files and registrations and no poller; what is ready it
takes from poll(2), as the runner noted it. The ten rules are those of DESIGN 4:

1. *Silence* is hard only where a safety rule backs it: never registered, deregistered, closed, fired, outside the interest.
2. *Rest*: while nothing is owed, waits must wait.
3. *What is ready* is observed before and after each poll, and at each WouldBlock.
4. *Debt*: what is owed is told within 4 + 2*ceil(2m/c) polls during which it is true.
5. *Level* is owed again after each report; 6. *edge* only when armed again; 7. a *one-shot* is silent after an event.
8. *User readiness* replaces, may vanish, has no order. 9. *Haunted numbers* are not judged. 10. *Freedom* passes.

What follows: the same ledger tells the runner what is owed (so that it does not wait for ever) and the judge what was wrong, and a
stored history can be read again by a later release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil

from conformance.actions import Action, show_wait
from conformance.facts import Account, Call, Data, Debt, Freedom, Hint, Left, Quiet, Rest, Stop, Wait
from conformance.history import ALIVE, DIED, HUNG, Acted, Curtain, Did, Entry, History, Masks, Poll
from conformance.protocol import Capability, Interest, Readiness, Trigger
from conformance.slots import BOTH, STREAMS, WAKER, File, Slots
from conformance.watch import ERR, HANGUPS, IN, NVAL, OUT, R, W, Watch, settles, shows

__all__ = ["AWAIT_RETURNS", "LONG_WAIT", "REST_WAITS", "UNSEEN", "Ledger", "read", "value_mask", "walk"]

RDHUP = 0x2000
REST_WAITS = 12
AWAIT_RETURNS = 16
LONG_WAIT = 0.06
"""From this many seconds on, a poll is made only while something is owed."""
LATE = 0.9
UNSEEN = "unseen"
"""The outcome of an `await` whose other thread acted while no poll was in progress."""
_ZERO_NS = 900_000
"""The fastest of several poll(0) takes less than this, or poll(0) waits."""
_SIGNAL_GRACE = 0.15


def read(history: History) -> Account:
    """Read a whole history."""
    ledger = Ledger(history.capabilities)
    for entry in history.entries:
        ledger.feed(entry)
    return ledger.account


class Ledger:
    """The state of one scenario, as far as a history has been read."""

    def __init__(self, capabilities: Capability) -> None:
        self.account = Account(capabilities)
        self.capabilities = capabilities
        self.slots = Slots(capabilities)
        self.watches: dict[int, Watch] = {}
        self.numbers: dict[int, int] = {}
        self.dead: dict[int, Quiet] = {}
        """Token -> why it must not be reported; until it is given out again."""
        self.forgiven: dict[int, None] = {}
        """Tokens about which nothing is judged any more: they were carried by a haunted number."""
        self.haunted: list[tuple[int, File]] = []
        self._known_numbers: dict[int, None] = {}
        self._known_labels: dict[int, None] = {}
        self._step_polls: list[tuple[Poll, bool]] = []
        """The polls of the action in progress, and whether the poller had nothing to tell in each."""
        self._bait: tuple[str, ...] = ()

    # ── what the runner asks ────────────────────────────────────────────────────────────────────────────────

    def owing(self, masks: Masks) -> dict[tuple[int, Interest], int]:
        """(label, direction) of each event that is owed as a MUST now, with how often it was told before."""
        return {
            (watch.label, direction): watch.told.get(direction, 0)
            for watch in self.watches.values()
            for direction in watch.directions()
            if watch.owes(direction, self._mask(watch, masks))
        }

    def bound(self, capacity: int | None) -> int:
        """Within how many polls an owed event must come (rule 4)."""
        crowd = sum(watch.is_enabled for watch in self.watches.values()) + len(self.haunted)
        return 4 + 2 * ceil(2 * crowd / (capacity or 1))

    def sampled(self) -> list[int]:
        """The labels that poll(2) is asked about: those that are or were registered, and are open."""
        return [label for label in self._known_labels if label in self.slots.files and label != WAKER]

    def must_rest(self, masks: Masks) -> bool:
        """Whether rule 2 demands that a wait waits: nothing owed, and nothing that may keep a correct poller awake."""
        if self.haunted or self.owing(masks):
            return False
        for watch in self.watches.values():
            mask = self._mask(watch, masks) if watch.label != WAKER else 0
            if not watch.is_judged:
                return False
            is_ready = watch.is_level and any(shows(direction, mask) for direction in watch.directions())
            if watch.is_enabled and (is_ready or mask & HANGUPS):
                return False
        return True

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def feed(self, entry: Entry) -> None:
        """Read one more entry."""
        if isinstance(entry, Poll):
            self._polled(entry)
        elif isinstance(entry, Did):
            self._did(entry)
        else:
            self._closed(entry)

    def _mask(self, watch: Watch, masks: Masks) -> int:
        return IN if watch.label == WAKER else masks.get(watch.label, 0)

    # ── actions ─────────────────────────────────────────────────────────────────────────────────────────────

    def _did(self, did: Did) -> None:
        if did.skipped:
            return
        if did.ended != ALIVE:
            self._ended_in_call(did)
            return
        if did.action.row.polls:
            self._end_of_polls(did)
        elif did.action.row.calls:
            self._called(did)
        else:
            self._changed(did)
        for label, number in did.fds:
            self.numbers[label] = number

    def _ended_in_call(self, did: Did) -> None:
        if did.ended == DIED or not did.action.row.calls:
            self._wait(
                did.step, "alive", None, broken=f"the process {did.ended} in {did.action}", should="one that lives on"
            )
            return
        is_asked = did.action.verb in ("register", "reregister", "deregister")
        call = self._call(did, "lawful" if is_asked else did.action.verb)
        call.problem = "hung"
        call.break_(did.step, f"no answer from {did.action}", "one")

    def _changed(self, did: Did) -> None:
        """An action on files, with no part for the poller."""
        action = did.action
        is_done = did.outcome != "WouldBlock" or action.verb not in ("accept", "connect")
        if action.verb in ("close", "reset"):
            self._close(did.step, action.label)
        self.slots.apply(action, succeeded=is_done)
        self.haunted = [(number, file) for number, file in self.haunted if file.is_open]
        self._read_data(did)
        if did.outcome in ("WouldBlock", "EINPROGRESS"):
            self._would_block(did)

    def _would_block(self, did: Did) -> None:
        """WouldBlock arms the registrations of every dup, if the condition was false at that moment (rule 6)."""
        verb, file = did.action.verb, self.slots.files[did.action.label]
        direction = W if verb in ("fill", "send", "connect", "refuse") else R
        if did.mask is None or shows(direction, did.mask):
            return
        for label in file.labels:
            if watch := self.watches.get(label):
                watch.fired_mask &= did.mask
                watch.arm("WouldBlock", did.mask, only=direction)
                watch.marks |= {
                    "no event": watch.events == 0,
                    "peek": verb == "peek",
                    "polled": False,
                    "crossed": False,
                }
                watch.marks["elsewhere"] = label != did.action.label

    def _read_data(self, did: Did) -> None:
        if did.action.verb not in ("recv", "drain"):
            return
        file = self.slots.files[did.action.label]
        watch = self.watches.get(did.action.label)
        about = "EOF" if did.outcome == "EOF" else "bytes"
        if did.outcome != "WouldBlock" or did.flaw:
            fact = Data(
                step=did.step,
                held=not did.flaw,
                got=did.flaw,
                should_be="the bytes that were sent, in order",
                label=did.action.label,
                kind=file.kind,
                about=about,
                after_event=bool(watch and watch.told.get(R)),
            )
            self.account.data.append(fact)

    # ── calls of the poller ─────────────────────────────────────────────────────────────────────────────────

    def _called(self, did: Did) -> None:
        verb = did.action.verb
        if verb in ("register", "reregister", "deregister"):
            self._asked(did)
            return
        call = self._call(did, verb)
        if did.raised or did.refused:
            call.break_(did.step, f"{did.raised or did.refused} from {did.action}", "no exception")
            return
        call.held = True
        if did.flaw:
            call.break_(did.step, did.flaw, "the value last set")
        before = self.slots.files[did.action.label].value if verb == "set" else 0
        self.slots.apply(did.action)
        if verb == "waker":
            (token,) = did.action.args
            self._begin(did, WAKER, token, Interest.READABLE, Trigger.EDGE)
            self.watches[WAKER].armed.clear()
        elif verb == "wake":
            self._arm_waker()
        elif verb == "set":
            self._was_set(did.action.label, before)

    def _arm_waker(self) -> None:
        waker = self.watches[WAKER]
        waker.marks["again"] = waker.events > 0
        waker.arm("wake", IN)

    def _was_set(self, label: int, before: int) -> None:
        """A set that adds readiness arms it; an equal one, or one that only withdraws, promises nothing (rule 8)."""
        value = self.slots.files[label].value
        if before and not value:
            self._freedom("withdrawn")
        if (watch := self.watches.get(label)) and (added := Interest(value & ~before & int(BOTH))):
            watch.marks["replaced"] = bool(before)
            watch.arm("set", value_mask(value), only=added)

    def _call(self, did: Did, state: str) -> Call:
        label = did.action.args[0] if did.action.verb not in ("waker", "wake") else WAKER
        kind = self.slots.files[label].kind if label in self.slots.files else did.action.verb
        call = Call(step=did.step, verb=did.action.verb, state=state, label=label, kind=kind)
        self.account.calls.append(call)
        return call

    def _asked(self, did: Did) -> None:
        """register, reregister or deregister: lawful, or a stray that may be refused or done, never both."""
        verb, label = did.action.verb, did.action.label
        watch = self.watches.get(label)
        is_lawful = (watch is None) == (verb == "register")
        call = self._call(did, "lawful" if is_lawful else "double" if verb == "register" else "stray")
        call.marks = {
            "again": label in self._known_labels,
            "fired": bool(watch and not watch.is_enabled),
            "reused": self.numbers.get(label, -1) in self._known_numbers and label not in self._known_labels,
            "big": verb != "deregister" and did.action.args[1] >= 2**32,
            "token 0": verb != "deregister" and did.action.args[1] == 0,
        }
        if did.raised:
            call.problem = "type"
            call.break_(did.step, f"{did.raised} from {did.action}", "no exception but OSError, ValueError or KeyError")
        elif did.refused:
            self._refused(did, call, is_lawful)
        else:
            call.held = call.marks["done"] = True
            self._granted(did, watch)

    def _refused(self, did: Did, call: Call, is_lawful: bool) -> None:
        label = did.action.label
        call.marks["refused"] = True
        for watch in self.watches.values():
            watch.marks["refused"] = True
        is_excused = self._is_haunted(label) or self.slots.files[label].kind == "regular"
        if is_lawful and not is_excused:
            call.problem = "refused"
            call.break_(did.step, f"{did.refused} from {did.action}", "the call granted")
        else:
            call.held = True

    def _granted(self, did: Did, watch: Watch | None) -> None:
        verb, label = did.action.verb, did.action.label
        if verb == "deregister":
            if watch:
                self._end(did.step, watch, "deregistered")
            self.slots.apply(did.action)
            return
        _, token, interest, trigger = did.action.args
        self.slots.apply(did.action)
        if watch is None:
            self._begin(did, label, token, interest, trigger)
        else:
            self._replace(did, watch, token, interest, trigger)

    def _begin(self, did: Did, label: int, token: int, interest: Interest, trigger: Trigger) -> None:
        file, number = self.slots.registrations[label].file, self.numbers.get(label, -1)
        self.account.has_user |= file.kind == "user"
        watch = Watch(label, file, number, token, interest, trigger, is_judged=not self._is_haunted(label))
        watch.marks = {
            "again": label in self._known_labels,
            "reused": number in self._known_numbers and label not in self._known_labels,
            "big": token >= 2**32,
            "token 0": token == 0,
            "reused token": token in self.dead,
            "stray": did.action.verb == "reregister",
        }
        watch.seen = did.mask or 0
        watch.arm("register", did.mask)
        self.watches[label] = watch
        self._known_numbers[number] = self._known_labels[label] = None
        self._give_out(watch, token)
        self.account.quiets += watch.watch_outside(did.step, Interest(0), Interest(0))

    def _give_out(self, watch: Watch, token: int) -> None:
        self.dead.pop(token, None)
        if watch.is_judged:
            self.forgiven.pop(token, None)
        else:
            self.forgiven[token] = None

    def _replace(self, did: Did, watch: Watch, token: int, interest: Interest, trigger: Trigger) -> None:
        """A reregister, or a double register that was done: the last call is in force."""
        mask, had_fired = did.mask or 0, not watch.is_enabled
        dropped, added = watch.interest & ~interest, interest & ~watch.interest
        was_owed = Interest(sum(direction for direction in watch.directions() if watch.owes(direction, mask)))
        old, old_trigger, old_token = watch.interest, watch.trigger, watch.token
        if token != watch.token:
            self._kill_token(did.step, watch, "retoken", was_owed=bool(was_owed))
        watch.seen = mask
        watch.is_judged = not self._is_haunted(watch.label)
        watch.token, watch.interest, watch.trigger, watch.is_enabled = token, interest, trigger, True
        watch.debts.clear()
        watch.armed = {direction: origin for direction, origin in watch.armed.items() if direction & interest}
        watch.marks |= {
            "retoken": token != old_token and bool(was_owed),
            "new token": token != old_token,
            "retrigger": trigger != old_trigger,
            "reinterest": interest != old,
            "gained": had_fired and any(shows(d, mask) and not shows(d, watch.fired_mask) for d in watch.directions()),
            "undrained": had_fired and any(shows(d, mask) and shows(d, watch.fired_mask) for d in watch.directions()),
            "rearmed": True,
            "doubled": did.action.verb == "register",
            "changed before": watch.marks.get("rearmed", False) and not watch.marks.get("polled", True),
            "big": token >= 2**32,
            "token 0": token == 0,
            "reused token": token in self.dead,
            "polled": False,
        }
        if had_fired or watch.is_oneshot:
            watch.arm("rearm", mask)
        else:
            watch.arm("added", mask, only=added)
            watch.arm("again", mask)
        self._give_out(watch, token)
        self.account.quiets += watch.watch_outside(did.step, dropped, was_owed)

    # ── ends ────────────────────────────────────────────────────────────────────────────────────────────────

    def _kill_token(self, step: int, watch: Watch, reason: str, *, was_owed: bool) -> None:
        if not watch.is_judged:
            return
        quiet = Quiet(
            step=step,
            label=watch.label,
            token=watch.token,
            kind=watch.kind,
            reason=reason,
            trigger=watch.trigger,
            was_owed=was_owed,
            should_be=f"nothing more for token {watch.token}",
        )
        self.dead[watch.token] = quiet
        self.account.quiets.append(quiet)

    def _end(self, step: int, watch: Watch, reason: str) -> None:
        was_owed = any(direction in watch.debts or direction in watch.armed for direction in watch.directions())
        self._kill_token(step, watch, reason, was_owed=was_owed)
        del self.watches[watch.label]

    def _close(self, step: int, label: int) -> None:
        file, watch = self.slots.files[label], self.watches.get(label)
        if watch is None:
            return
        if len(file.labels) > 1:
            self.haunted.append((watch.number, file))
            self.forgiven |= {watch.token: None, **{t: None for t, q in self.dead.items() if q.label == label}}
            del self.watches[label]
        else:
            self._end(step, watch, "closed")

    def _is_haunted(self, label: int) -> bool:
        number = self.numbers.get(label, -1)
        return any(number == haunted for haunted, _ in self.haunted)

    def _closed(self, curtain: Curtain) -> None:
        rows = (
            ("fds", bool(curtain.leaked), f"{curtain.leaked} fds still open after close()", "every fd it opened freed"),
            ("open", bool(curtain.shut), f"closed the scenario's fds {list(curtain.shut)}", "the sources left open"),
            ("blocking", bool(curtain.blocking), f"{list(curtain.blocking)} made blocking", "O_NONBLOCK left set"),
            ("close", bool(curtain.raised), f"{curtain.raised} from close()", "no exception"),
        )
        if curtain.ended != ALIVE:
            self.account.left.append(
                Left(
                    step=curtain.step,
                    held=False,
                    got=f"close() {curtain.ended}",
                    should_be="a close() that returns",
                    about="close",
                )
            )
            return
        for about, is_broken, got, should_be in rows:
            fact = Left(step=curtain.step, held=not is_broken, about=about)
            if is_broken:
                fact.got, fact.should_be = got, should_be
            self.account.left.append(fact)

    # ── polls ───────────────────────────────────────────────────────────────────────────────────────────────

    def _polled(self, poll: Poll) -> None:
        self._shape(poll)
        was_idle = self.must_rest(poll.before)
        if poll.timeout != 0 and all(earlier.timeout == 0 for earlier, _ in self._step_polls):
            self._bait = self._baits(poll.before)
        if poll.acted:
            self._acted(poll.acted)
        now = poll.acted.masks if poll.acted else poll.before
        if poll.after is None:
            self._never_returned(poll, now)
            return
        told = self._told(poll, now)
        is_crowded = len(self.owing(now))
        for watch in list(self.watches.values()):
            self._pay(watch, poll, now, told.get(watch.token, 0), is_crowded)
        self._silences(poll)
        self._fire(poll, told)
        self._foreign(poll)
        is_idle = was_idle and (poll.acted is not None or self.must_rest(poll.after))
        self._step_polls.append((poll, is_idle))
        for watch in self.watches.values():
            watch.marks["polled"] = True

    def _wait(self, step: int, about: str, poll: Poll | None, *, broken: str = "", should: str = "") -> None:
        self.account.waits.append(
            Wait(
                step=step,
                held=not broken,
                got=broken,
                should_be=should,
                about=about,
                timeout=poll.timeout if poll else None,
                max_events=poll.max_events if poll else None,
            )
        )

    def _shape(self, poll: Poll) -> None:
        """What the call promises by itself: to come back, without raising, with events, as many as fit."""
        if poll.ended == DIED:
            self._wait(poll.step, "alive", poll, broken="the process died in poll", should="one that lives on")
            return
        if poll.ended == HUNG:
            return
        call = f"poll({show_wait(poll.timeout)})"
        is_huge = poll.timeout is not None and poll.timeout >= 86_400
        raised = f"{poll.raised} from {call}" if poll.raised else ""
        self._wait(poll.step, "huge" if is_huge else "raised", poll, broken=raised, should="a list of events")
        if poll.raised:
            return
        self._wait(poll.step, "event", poll, broken="; ".join(poll.flaws), should="a list of (token, readiness)")
        if poll.max_events is not None:
            over = len(poll.events) > poll.max_events
            got = f"{len(poll.events)} events" if over else ""
            self._wait(poll.step, "capacity", poll, broken=got, should=f"at most {poll.max_events}")
        if poll.timeout:
            self._wait(poll.step, "finite", poll)
            if not poll.events and poll.elapsed_ns < poll.timeout * 5e8:
                self.account.count("early empty returns")
                self._freedom("early")

    def _acted(self, acted: Acted) -> None:
        """What the other thread did while the poll was in progress."""
        before = self.slots.files[acted.label].value if acted.label in self.slots.files else 0
        self.slots.apply(Action("await", (None, acted.act, acted.label)))
        if acted.act == "wake":
            self._arm_waker()
        elif acted.act == "set":
            self._was_set(acted.label, before)

    def _never_returned(self, poll: Poll, now: Masks) -> None:
        owing = self.owing(now)
        call = f"poll({show_wait(poll.timeout)}) {poll.ended}"
        for label, direction in owing:
            watch = self.watches[label]
            debt = self._debt(watch, direction, poll, self._mask(watch, now))
            debt.was_blocked, debt.waited = poll.acted is not None, poll.timeout
            debt.break_(poll.step, f"{call} while it was owed", _owed_text(watch, direction))
        if poll.ended == HUNG and not owing and poll.timeout is not None:
            about = "finite" if poll.timeout else "zero"
            self._wait(
                poll.step, about, poll, broken=f"{call}: it never returned", should="a return when its time is up"
            )

    def _told(self, poll: Poll, now: Masks) -> dict[int, int]:
        """OR the events of each token, and see whether each token may speak (rules 1 and 9)."""
        told: dict[int, int] = {}
        times = Counter(token for token, _ in poll.events)
        by_token = {watch.token: watch for watch in self.watches.values()}
        for token, bits in poll.events:
            told[token] = told.get(token, 0) | bits
            watch = by_token.get(token)
            if watch is None:
                self._stranger(poll, token)
            elif watch.is_judged:
                self._own(watch, poll, bits, now)
        for token, bits in told.items():
            if times[token] > 1:
                self._freedom("split")
            elif bits & R and bits & W:
                self._freedom("merged")
        return told

    def _stranger(self, poll: Poll, token: int) -> None:
        if token in self.forgiven:
            return
        quiet = self.dead.get(token)
        if quiet is None:
            quiet = Quiet(
                step=poll.step, label=-1, token=token, kind="", reason="unknown", trigger=Trigger(0),
                should_be="only tokens that are registered",
            )  # fmt: skip
            self.account.quiets.append(quiet)
        quiet.break_(poll.step, f"an event for token {token}")

    def _own(self, watch: Watch, poll: Poll, bits: int, now: Masks) -> None:
        shown = Readiness(bits & 63)
        for quiet in watch.quiets:
            direction = 3 if quiet.reason == "fired" else R if "READABLE" in quiet.should_be else W
            if quiet.reason == "fired" or bits & direction:
                quiet.break_(poll.step, f"{shown!r} for token {watch.token}")
        if not bits:
            self.account.count("events without readiness")
        self._hinted(watch, poll, bits, now)

    def _hinted(self, watch: Watch, poll: Poll, bits: int, now: Masks) -> None:
        """Judge claimed hints, on stream sockets that are or were connected (DESIGN 3.1)."""
        if watch.kind not in STREAMS:
            return
        mask = self._mask(watch, now)
        seen = watch.seen | mask | self._mask(watch, poll.after or {})
        truths = (
            (Capability.CLOSED_HINTS, Readiness.READ_CLOSED, bool(seen & (RDHUP | HANGUPS))),
            (Capability.CLOSED_HINTS, Readiness.WRITE_CLOSED, bool(seen & HANGUPS) or watch.file.has_shut_writing),
            (Capability.ERROR_HINT, Readiness.ERROR, bool(seen & ERR)),
        )
        for claim, hint, is_true in truths:
            if self.capabilities & claim and (
                bits & hint or (hint is Readiness.READ_CLOSED and mask & RDHUP and watch.interest & R)
            ):
                about = "lie" if bits & hint else "missing"
                fact = Hint(step=poll.step, held=is_true, kind=watch.kind, about=about, hint=hint)
                if about == "missing":
                    fact.held = False
                    fact.got, fact.should_be = "no READ_CLOSED", "READ_CLOSED, for the peer has stopped sending"
                elif not is_true:
                    fact.got, fact.should_be = f"{hint.name} for token {watch.token}", "no hint that was never true"
                self.account.hints.append(fact)

    def _pay(self, watch: Watch, poll: Poll, now: Masks, bits: int, crowd: int) -> None:
        before, after = self._mask(watch, poll.before), self._mask(watch, poll.after or {})
        mask = self._mask(watch, now)
        watch.seen |= mask | after
        for direction in watch.directions():
            is_told = bool(bits) and settles(direction, mask, bits, self.capabilities)
            is_true = shows(direction, mask) and shows(direction, after)
            is_owed = is_true and watch.is_owed(direction, mask)
            if is_owed and not (poll.acted and not is_told):
                debt = self._debt(watch, direction, poll, mask)
                self._count(debt, poll, crowd)
                if is_told:
                    debt.was_blocked = poll.acted is not None and (not shows(direction, before) or watch.label == WAKER)
                    self._paid(watch, direction, debt, poll)
                elif debt.polls >= debt.bound:
                    debt.break_(poll.step, f"nothing in {debt.polls} polls", _owed_text(watch, direction))
                    del watch.debts[direction]
                    if not watch.is_level:
                        del watch.armed[direction]
            elif direction in watch.debts and not is_true:
                del watch.debts[direction]
            if watch.is_level and watch.counts and not shows(direction, before | mask | after):
                self._stopped(watch, direction, poll, is_told=is_told)
            if is_told:
                self._was_told(watch, direction, is_true=shows(direction, mask) or shows(direction, after))
            elif watch.counts and not watch.is_level and direction not in watch.armed and is_true:
                self._freedom("undrained")

    def _stopped(self, watch: Watch, direction: Interest, poll: Poll, *, is_told: bool) -> None:
        stop = Stop(step=poll.step, held=not is_told, about="level")
        if is_told:
            stop.got = _owed_text(watch, direction)
            stop.should_be = "nothing, for the condition has cleared"
        self.account.stops.append(stop)

    def _was_told(self, watch: Watch, direction: Interest, *, is_true: bool) -> None:
        if not is_true and watch.counts:
            self.account.count("needless events")
            self._freedom("needless")
        watch.debts.pop(direction, None)
        watch.armed.pop(direction, None)
        watch.told[direction] = watch.told.get(direction, 0) + 1
        for other in watch.directions():
            if other is not direction:
                watch.marks["crossed"] = True

    def _debt(self, watch: Watch, direction: Interest, poll: Poll, mask: int) -> Debt:
        debt = watch.debts.get(direction)
        if debt is None:
            is_dup = sum(label in self.watches for label in watch.file.labels) > 1
            debt = watch.debts[direction] = Debt(
                step=poll.step,
                should_be=_owed_text(watch, direction),
                label=watch.label,
                token=watch.token,
                kind="waker" if watch.label == WAKER else watch.kind,
                direction=direction,
                trigger=watch.trigger,
                interest=watch.interest,
                origin=watch.armed.get(direction, "repeat"),
                cause=mask,
                was_ready=watch.ready_at.get(direction, False),
                others=sum(other.is_enabled for other in self.watches.values()) - 1,
                marks={**watch.marks, "dup": is_dup, "shut": watch.file.has_shut_writing},
            )
            self.account.debts.append(debt)
        return debt

    def _count(self, debt: Debt, poll: Poll, crowd: int) -> None:
        debt.polls += 1
        debt.bound = max(debt.bound, self.bound(poll.max_events))
        debt.crowd = max(debt.crowd, crowd)
        if poll.max_events is not None:
            debt.capacity = min(debt.capacity or poll.max_events, poll.max_events)

    def _paid(self, watch: Watch, direction: Interest, debt: Debt, poll: Poll) -> None:
        debt.waited = poll.timeout
        debt.held = True
        if debt.polls > 1:
            self._freedom("later poll" if debt.kind != "user" else "later set")
        if poll.timeout and (poll.timeout >= LONG_WAIT or debt.was_blocked) and debt.is_must:
            is_late = poll.elapsed_ns >= poll.timeout * LATE * 1e9
            got = (
                f"told {_owed_text(watch, direction)} only when poll({show_wait(poll.timeout)}) ran out"
                if is_late
                else ""
            )
            about = "blocked" if debt.was_blocked else "late"
            self._wait(poll.step, about, poll, broken=got, should="told at once")

    def _silences(self, poll: Poll) -> None:
        """What stayed silent though its file was ready has kept its silence once more."""
        after = poll.after or {}
        for watch in self.watches.values():
            mask = self._mask(watch, poll.before) & self._mask(watch, after)
            for quiet in watch.quiets if watch.is_judged else ():
                if quiet.reason == "fired":
                    is_tempted = bool(mask & HANGUPS) or any(shows(d, mask) for d in watch.directions())
                else:
                    is_tempted = bool(mask & (IN if "READABLE" in quiet.should_be else OUT))
                self._keep(quiet, mask, is_tempted, poll)
        for quiet in self.dead.values():
            mask = poll.before.get(quiet.label, 0)
            self._keep(quiet, mask, bool(mask) or quiet.reason in ("closed", "retoken"), poll)

    def _keep(self, quiet: Quiet, mask: int, is_tempted: bool, poll: Poll) -> None:
        if is_tempted and quiet.held is None:
            quiet.held = True
        quiet.seen |= mask
        quiet.last = poll.timeout

    def _fire(self, poll: Poll, told: dict[int, int]) -> None:
        for watch in self.watches.values():
            if watch.token not in told:
                continue
            watch.events += 1
            if watch.is_oneshot and watch.is_enabled:
                watch.is_enabled = False
                watch.debts.clear()
                watch.armed.clear()
                watch.fired_mask = self._mask(watch, poll.after or {})
                quiet = Quiet(
                    step=poll.step,
                    label=watch.label,
                    token=watch.token,
                    kind=watch.kind,
                    reason="fired",
                    trigger=watch.trigger,
                    should_be=f"silence from token {watch.token} until it is reregistered",
                )
                watch.quiets.append(quiet)
                self.account.quiets.append(quiet)

    def _foreign(self, poll: Poll) -> None:
        for label, mask in (poll.after or {}).items():
            if mask & NVAL:
                got = f"the fd of label {label} is closed, and not by the scenario"
                self.account.left.append(
                    Left(step=poll.step, held=False, got=got, should_be="the sources left open", about="open")
                )

    # ── rest ────────────────────────────────────────────────────────────────────────────────────────────────

    def _baits(self, masks: Masks) -> tuple[str, ...]:
        """Name what is around that is ready and must not keep a poller awake."""
        bait: dict[str, None] = {}
        for label, mask in masks.items():
            watch = self.watches.get(label)
            if watch is None:
                if mask & (IN | OUT):
                    bait["deregistered"] = None
            elif any(shows(direction, mask) for direction in watch.directions()):
                bait["fired" if not watch.is_enabled else "undrained"] = None
            elif watch.is_level:
                bait["drained"] = None
        if WAKER in self.watches and self.watches[WAKER].events:
            bait["woken"] = None
        return tuple(bait) or (("nothing",) if not self.watches else ("idle",))

    def _end_of_polls(self, did: Did) -> None:
        polls, self._step_polls = self._step_polls, []
        if did.outcome == UNSEEN:
            _, act, label = did.action.args
            self._acted(Acted(act=act, label=label, masks={}))
        if any(poll.raised or poll.after is None for poll, _ in polls):
            return
        if did.action.verb == "rest":
            self._rested(did, polls)
        elif did.action.verb == "await":
            self._awaited(did, polls)
        elif did.action.verb == "signals" and polls:
            poll, _ = polls[0]
            over = poll.elapsed_ns > (poll.timeout or 0.0) * 1e9 + _SIGNAL_GRACE * 1e9
            got = f"poll({show_wait(poll.timeout)}) went on while signals came" if over else ""
            self._wait(did.step, "signal", poll, broken=got, should="only the remaining time")

    def _rested(self, did: Did, polls: list[tuple[Poll, bool]]) -> None:
        looks = [poll for poll, _ in polls if poll.timeout == 0]
        if len(looks) >= 4:
            fastest = min(poll.elapsed_ns for poll in looks)
            got = f"{len(looks)} calls of poll(0), and each of them waited" if fastest >= _ZERO_NS else ""
            self._wait(did.step, "zero", looks[0], broken=got, should="a return at once")
        waits = [(poll, is_idle) for poll, is_idle in polls if poll.timeout]
        if len(waits) < REST_WAITS or not all(is_idle for _, is_idle in waits):
            return
        timeout = waits[0][0].timeout or 0.0
        told = sum(bool(poll.events) for poll, _ in waits)
        lasted = sum(poll.elapsed_ns for poll, _ in waits)
        is_spin = lasted < (REST_WAITS - told) * timeout * 1e9 / 4
        rest = Rest(step=did.step, held=not is_spin, timeout=timeout, bait=self._bait)
        if is_spin:
            rest.got = f"{REST_WAITS} waits of {show_wait(timeout)} that hardly waited"
            rest.should_be = "waits that last while nothing is owed"
        self.account.rests.append(rest)

    def _awaited(self, did: Did, polls: list[tuple[Poll, bool]]) -> None:
        if not polls or not polls[0][1]:
            return
        timeout, act, _ = did.action.args
        before = next((index for index, (poll, _) in enumerate(polls) if poll.acted), len(polls))
        rest = Rest(step=did.step, held=before <= AWAIT_RETURNS, timeout=timeout, bait=(*self._bait, "await", act))
        if not rest.held:
            rest.got = f"{before} returns from poll({show_wait(timeout)}) in 20 ms with nothing to tell"
            rest.should_be = f"at most {AWAIT_RETURNS}"
        self.account.rests.append(rest)

    def _freedom(self, about: str) -> None:
        self.account.freedoms.append(Freedom(step=0, held=True, about=about))


def value_mask(value: int) -> int:
    """What poll(2) would show for a user source with that readiness."""
    return (IN if value & R else 0) | (OUT if value & W else 0)


def _owed_text(watch: Watch, direction: Interest) -> str:
    return f"{direction.name} for token {watch.token}"


def walk(history: History) -> Iterator[tuple[Entry, Ledger]]:
    """Read a history entry by entry, for whoever wants to look at the ledger on the way."""
    ledger = Ledger(history.capabilities)
    for entry in history.entries:
        ledger.feed(entry)
        yield entry, ledger
