"""The book: which registrations live, which tokens are dead, which numbers are haunted.

It begins, replaces and ends registrations as the calls that were granted say, and answers what is owed now. It reads no entries.
"""

from __future__ import annotations

from typing import NamedTuple

from conformance.facts import Account, Freedom, Quiet
from conformance.history import HANDLER, THREAD, Did, Masks
from conformance.protocol import Capability, Interest, Readiness, Trigger
from conformance.slots import BOTH, WAKER, File, Slots
from conformance.watch import HANGUPS, IN, OUT, Watch, shows

__all__ = ["Book", "said", "value_mask"]

_GONE = {"retoken": "replaced"}
"""Why a token fell silent, where the reason is no word for people."""


def said(bits: int) -> str:
    """What an event says, in words."""
    return Readiness(bits & 63).name or "an event without readiness"


class GivenUp(NamedTuple):
    """A registration that ended or changed its token while a poll was in progress, of which that poll may still tell."""

    step: int
    token: int
    number: int
    reason: str


class Book:
    """The registrations of one scenario so far, and the account that is written of it."""

    def __init__(self, capabilities: Capability) -> None:
        self.account = Account(capabilities)
        self.capabilities = capabilities
        self.slots = Slots(capabilities)
        self.watches: dict[int, Watch] = {}
        self.numbers: dict[int, int] = {}
        """Label -> the number of its fd."""
        self.dead: dict[int, Quiet] = {}
        """Token -> why it must not be reported; until it is given out again."""
        self.forgiven: dict[int, None] = {}
        """Tokens about which nothing is judged any more: they were carried by a haunted number."""
        self.haunted: list[tuple[int, File]] = []
        """(number, file) for each file that was closed under a registered number and lives on in a dup (DESIGN 4, rule 9)."""
        self.tainted: dict[int, int] = {}
        """Token -> the haunted number that carried it last: its ghost may still be told under it, whoever has it now."""
        self.strays: dict[int, None] = {}
        """Numbers for which a stray reregister was granted: the poller took on what it never had."""
        self.within = ""
        """Where the action that is being read was done: `history.HANDLER`, `history.THREAD`, or nowhere special."""
        self._given_up: list[GivenUp] = []
        """What was given up so far within the step that is being read, if anything was: all of it, not the last of each token."""
        self.told_first: dict[int, int] = {}
        """Token -> what the first part of the batch in progress told."""
        self._known_numbers: dict[int, None] = {}
        self._known_labels: dict[int, None] = {}

    # ── what is true now ────────────────────────────────────────────────────────────────────────────────────

    def owing(self, masks: Masks) -> dict[tuple[int, Interest], int]:
        """(label, direction) of each event that is owed as a MUST now, with how often it was told before."""
        owed: dict[tuple[int, Interest], int] = {}
        for watch in self.watches.values():
            if (mask := self.mask(watch, masks)) and watch.counts:
                for direction in watch.directions():
                    if watch.owes(direction, mask):
                        owed[watch.label, direction] = watch.told.get(direction, 0)
        return owed

    def bound(self) -> int:
        """Within how many polls an owed event must come (rule 4), whatever fits into one: a poller may tell one event a call."""
        return 4 + 4 * (sum(watch.is_enabled for watch in self.watches.values()) + len(self.haunted))

    def sampled(self) -> list[int]:
        """The labels that poll(2) is asked about: those that are or were registered, and are open."""
        return [label for label in self._known_labels if label in self.slots.files and label != WAKER]

    def must_rest(self, masks: Masks) -> bool:
        """Whether rule 2 demands that a wait waits: nothing owed, and nothing that may keep a correct poller awake."""
        if self.haunted or self.owing(masks):
            return False
        for watch in self.watches.values():
            mask = self.mask(watch, masks) if watch.label != WAKER else 0
            if not watch.is_judged:
                return False
            is_ready = watch.is_level and any(shows(direction, mask) for direction in watch.directions())
            if watch.is_enabled and (is_ready or mask & HANGUPS):
                return False
        return True

    def mask(self, watch: Watch, masks: Masks) -> int:
        """What poll(2) showed of a registration's file; the waker is ready whenever it is armed."""
        return IN if watch.label == WAKER else masks.get(watch.label, 0)

    def number(self, label: int) -> int:
        """The number of its fd; user sources and the waker have none, and each gets one that is no fd's."""
        return self.numbers.get(label, -1 - label)

    def is_haunted(self, label: int) -> bool:
        """Whether nothing is judged about the number of `label`."""
        return any(self.number(label) == haunted for haunted, _ in self.haunted)

    def is_known(self, label: int) -> bool:
        """Whether this label was registered before."""
        return label in self._known_labels

    def is_reused(self, label: int) -> bool:
        """Whether its number was registered before, under another label."""
        return self.number(label) in self._known_numbers and label not in self._known_labels

    # ── registrations ───────────────────────────────────────────────────────────────────────────────────────

    def begin(self, did: Did, label: int, token: int, interest: Interest, trigger: Trigger) -> Watch:
        """Enter a registration that was granted."""
        file, number = self.slots.registrations[label].file, self.number(label)
        self.account.has_user |= file.kind == "user"
        watch = Watch(label, file, number, token, interest, trigger, is_judged=not self._is_doubtful(label, token))
        watch.marks = {
            "again": self.is_known(label),
            "reused": self.is_reused(label),
            "stray": number in self.strays,
            **self.places(),
            **self._token_marks(token),
        }
        watch.seen, watch.begun_at = did.mask or 0, did.step
        if self._may_be_taken_for_another(did.step, token, number):
            watch.replaced_at = did.step
        if any(one.step == did.step and one.number == number for one in self._given_up):
            watch.heir_at = did.step
        watch.arm("register", did.mask)
        self.watches[label] = watch
        self._known_numbers[number] = self._known_labels[label] = None
        self._give_out(watch, token)
        self.account.quiets += watch.watch_outside(did.step)
        return watch

    def replace(self, did: Did, watch: Watch, token: int, interest: Interest, trigger: Trigger) -> None:
        """Enter a reregister, or a double register that was done: the last call is in force."""
        mask, had_fired = did.mask or 0, not watch.is_enabled
        dropped, added = watch.interest & ~interest, interest & ~watch.interest
        was_owed = Interest(sum(direction for direction in watch.directions() if watch.owes(direction, mask)))
        pending = self._pending(watch)
        if token != watch.token:
            self.kill(did.step, watch, "retoken", was_owed=bool(was_owed))
        watch.marks |= {
            **self.places(),
            "pending": bool(pending & interest),
            "retoken": token != watch.token and bool(was_owed),
            "new token": token != watch.token,
            "retrigger": trigger != watch.trigger,
            "reinterest": interest != watch.interest,
            "narrowed": bool(dropped and not added),
            "doubled": did.action.verb == "register",
            "changed before": watch.marks.get("rearmed", False) and not watch.marks.get("polled", True),
            **self._token_marks(token),
        }
        watch.is_judged, watch.replaced_at = not self._is_doubtful(watch.label, token), did.step
        watch.replace(token, interest, trigger, mask)
        if had_fired or watch.is_oneshot:
            watch.arm("rearm", mask)
        else:
            watch.arm("added", mask, only=added)
            watch.arm("again", mask)
        self._give_out(watch, token)
        self.account.quiets += watch.watch_outside(did.step, dropped, was_owed, pending)

    def end(self, step: int, watch: Watch, reason: str) -> None:
        """Take a registration out; from now on its token is silent."""
        was_owed = any(direction in watch.debts or direction in watch.armed for direction in watch.directions())
        self.kill(step, watch, reason, was_owed=was_owed)
        del self.watches[watch.label]

    def close(self, step: int, label: int) -> None:
        """An fd is closed: its registration ends, or haunts the number while the file lives on in a dup."""
        file, watch = self.slots.files[label], self.watches.get(label)
        if watch is None:
            return
        if len(file.labels) > 1:
            self.haunted.append((watch.number, file))
            self.tainted[watch.token] = watch.number
            self.forgiven |= {watch.token: None, **{t: None for t, q in self.dead.items() if q.label == label}}
            del self.watches[label]
        else:
            self.end(step, watch, "closed")

    def forget_ghosts(self, step: int) -> None:
        """A number is haunted until the last dup of its file is closed; a poll in progress may have its ghost's last event."""
        gone = [number for number, file in self.haunted if not file.is_open]
        self.haunted = [(number, file) for number, file in self.haunted if file.is_open]
        for token, number in self.tainted.items() if self.within else ():
            if number in gone:
                self._give_up(GivenUp(step, token, number, "closed"))

    def kill(self, step: int, watch: Watch, reason: str, *, was_owed: bool) -> None:
        """Begin the silence of a registration's token."""
        if self.within:
            self._give_up(GivenUp(step, watch.token, watch.number, reason))
        if watch.is_judged:
            is_pending = bool(self._pending(watch))
            should_be = f"nothing more for token {watch.token}"
            if not self.within:
                should_be += f", which was {_GONE.get(reason, reason)} at step {step}"
            quiet = watch.quiet(step, reason, should_be, was_owed=was_owed, is_pending=is_pending)
            quiet.place, quiet.has_dup = self.within, len(watch.file.labels) > 1
            self.dead[watch.token] = quiet
            self.account.quiets.append(quiet)

    def doubt(self, watch: Watch) -> None:
        """Judge a registration no more until its next reregister: nobody can know what became of it."""
        watch.is_judged = False
        watch.debts.clear()
        self.forgiven[watch.token] = None

    def was_closed(self, step: int, token: int) -> bool:
        """Whether a file that had the token was closed within this step: its poll may still tell of it, whoever had the token since."""
        return any(one.step == step and one.token == token and one.reason == "closed" for one in self._given_up)

    def places(self) -> dict[str, bool]:
        """Where the action that is being read was done, as marks."""
        return {place: self.within == place for place in (HANDLER, THREAD)}

    def _pending(self, watch: Watch) -> int:
        """The directions of which the batch in progress may still tell."""
        return sum(watch.debts) if self.within == HANDLER else 0

    def _give_up(self, what: GivenUp) -> None:
        """Remember it for as long as the step lasts."""
        self._given_up = [*(one for one in self._given_up if one.step == what.step), what]

    def _may_be_taken_for_another(self, step: int, token: int, number: int) -> bool:
        """Whether an event of the poll in progress may be of who had the token, or from another thread the number, until now.

        epoll's answer names a number where the caller has no room for more (Python's has none), and whom it belongs to is looked up
        after the wait. A handler knows what it has replaced in its batch; a poll that is overtaken does not.
        """
        return bool(self.within) and any(
            one.token == token or (self.within == THREAD and one.number == number)
            for one in self._given_up
            if one.step == step
        )

    def _token_marks(self, token: int) -> dict[str, bool]:
        return {"big": token >= 2**32, "token 0": token == 0, "reused token": token in self.dead}

    def _is_doubtful(self, label: int, token: int) -> bool:
        """Whether a ghost may speak for it: it is on a haunted number, or has a token that one carried."""
        carrier = self.tainted.get(token)
        return self.is_haunted(label) or any(number == carrier for number, _ in self.haunted)

    def _give_out(self, watch: Watch, token: int) -> None:
        self.dead.pop(token, None)
        if self.is_haunted(watch.label):
            self.tainted[token] = watch.number
        if watch.is_judged:
            self.forgiven.pop(token, None)
        else:
            self.forgiven[token] = None

    # ── what is set and woken ───────────────────────────────────────────────────────────────────────────────

    def woken(self) -> None:
        """A wake is owed an event."""
        waker = self.watches[WAKER]
        if waker.armed:
            self.freedom("merged wakes")
        waker.marks |= {"again": waker.events > 0, **self.places()}
        waker.arm("wake", IN)

    def was_set(self, label: int, before: int) -> None:
        """A set that adds readiness arms it; an equal one, or one that only withdraws, promises nothing (rule 8)."""
        value = self.slots.files[label].value
        if before and not value:
            self.freedom("withdrawn")
        if watch := self.watches.get(label):
            for direction in [direction for direction in watch.debts if not value & direction]:
                del watch.debts[direction]  # withdrawn: if it is set again, it is owed anew
        if (watch := self.watches.get(label)) and (added := Interest(value & ~before & int(BOTH))):
            watch.marks |= {"replaced": bool(before), **self.places()}
            watch.arm("set", value_mask(value), only=added)

    def freedom(self, about: str) -> None:
        """Note that a freedom was used."""
        self.account.freedoms.append(Freedom(step=0, held=True, about=about))


_MASK_OF = (0, IN, OUT, IN | OUT)


def value_mask(value: int) -> int:
    """What poll(2) would show for a user source with that readiness."""
    return _MASK_OF[value & 3]
