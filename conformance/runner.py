"""Performs a scenario on a world with a poller; writes the history; never judges.

It asks the ledger two things only: whether an action applies, and whether anything is owed (so that it never waits for ever for an
event that need not come, and knows when a `settle` may stop). Every call is written ahead with how long it may take, so that the
process around it (`child.py`) can tell a hang, and a history survives an abort.
"""

from __future__ import annotations

import errno
import gc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.actions import Action
from conformance.answers import part_result, show_error
from conformance.batch import Batch
from conformance.elsewhere import OtherThread, awaited, meanwhile, would_any_be_told, would_be_told
from conformance.history import HUNG, Acted, Curtain, Did, Entry, Masks, Poll
from conformance.model import AWAIT_RETURNS, LONG_WAIT, REST_WAITS, UNSEEN, Ledger, value_mask
from conformance.protocol import REFUSALS, Capability, Readiness
from conformance.scenario import Scenario
from conformance.worlds import Outcome, Source, World

__all__ = ["ACT_AFTER", "PATIENCE", "Log", "Unmade", "run"]

PATIENCE = 0.5
"""Seconds that a call may take beyond the longest wait that it was asked for."""
_PER_WAKE = 0.001
"""Seconds more for each of many wakes."""
_LONGEST = 1.0
"""Seconds that a wait may last, whatever its timeout: longer ones are made only for what is owed or is about to be."""
_HARNESS_PATIENCE = 10.0
"""Seconds that an action of ours may take, and the construction of a poller."""
ACT_AFTER = 0.02
"""Seconds until the other thread of an `await` acts."""
_LOOKS = 6
"""poll(0) calls before the waits of a `rest`, so that what was still under way is told."""
_SIGNAL_EVERY, _SIGNALS = 0.005, 60
_MASKED = ("recv", "drain", "peek", "accept", "send", "fill", "connect", "refuse", "register", "reregister")


class Unmade(Exception):
    """The factory raised, though it had made a poller before; the message says what."""


class Log:
    """Where a history goes, entry by entry. This one keeps nothing; a worker's writes each entry into its journal."""

    def ahead(self, entry: Entry, patience_s: float) -> None:
        """A call is about to be made that may take `patience_s`; `entry` stands for it if it never ends."""

    def wrote(self, entry: Entry) -> None:
        """`entry` is complete."""

    def acted(self, acted: Acted) -> None:
        """The other thread of an `await` has acted while a call is in progress."""


def run(scenario: Scenario, world: World, make: Callable[[], Any], capabilities: Capability, log: Log) -> None:
    """Perform `scenario` from a fresh poller to its close, and leave no file open.

    Raises:
        Unmade: there is no poller to perform it with.
    """
    fds = world.open_fds()
    ledger = Ledger(capabilities)
    log.ahead(_did(0, Action("poll", (0.0, None)), ended=HUNG), _HARNESS_PATIENCE)
    with world.quietly():
        try:
            poller = make()
        except BaseException as error:  # noqa: BLE001 - the child's boundary: a factory may raise whatever it likes
            raise Unmade(show_error(error)) from None
    stage = Stage(world, poller, ledger, log)
    for step, action in enumerate(scenario, 1):
        if not stage.perform(step, action):
            break
    if not stage.is_stuck:
        stage.curtain(len(scenario) + 1, fds)
    world.clear()


def _did(step: int, action: Action, **fields: Any) -> Did:
    return Did(step=step, action=action, **fields)


class Stage:
    """One scenario in progress."""

    def __init__(self, world: World, poller: Any, ledger: Ledger, log: Log) -> None:
        self.world, self.poller, self.ledger, self.log = world, poller, ledger, log
        self.users: dict[int, tuple[Any, Any]] = {}
        self.waker: Any = None
        self.other: OtherThread | None = None
        self.within = ""
        """Where actions are done now: in a `history.HANDLER`, or nowhere special."""
        self.passes_capacity = bool(ledger.capabilities & Capability.MAX_EVENTS)
        self.is_over = False
        """The poller raised or answered what is no answer: whatever follows would only say so again, in other words."""
        self.is_stuck = False
        """A call can never return, and the world knows it: the history ends there."""

    def perform(self, step: int, action: Action) -> bool:
        """Do one action; False when the scenario should end here."""
        reason = self.world.lacks.get(action.verb) or self.ledger.slots.why_not(action)
        if reason:
            self.write(_did(step, action, skipped=reason))
        elif action.row.polls:
            self._perform_polls(step, action)
        elif action.row.calls:
            self._perform_call(step, action)
        else:
            self._perform_io(step, action)
        return not self.is_over

    def write(self, entry: Entry) -> None:
        """An entry is complete."""
        if self.within and isinstance(entry, Did):
            entry = replace(entry, within=self.within)
        self.ledger.feed(entry)
        self.log.wrote(entry)

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────────

    def _perform_io(self, step: int, action: Action) -> None:
        self.log.ahead(_did(step, action, ended=HUNG), _HARNESS_PATIENCE)
        self.write(self.attempt_io(step, action))

    def attempt_io(self, step: int, action: Action) -> Did:
        """Do what is the world's to do; what came of it."""
        if any(self.world.is_shut(label) for label in action.labels):
            self.is_over = True  # there is nothing to go on with
            return _did(step, action, skipped="its file was closed behind its back: the curtain tells")
        try:
            with self.world.exposed():
                outcome: Outcome = getattr(self.world, action.verb)(*action.args)
        except self.world.unmodelled as error:
            return _did(step, action, skipped=f"not modelled: {error}")
        except OSError as error:
            if error.errno != errno.EMFILE:
                raise
            return _did(step, action, skipped="no fd is left: the curtain tells who holds them")
        return _did(
            step,
            action,
            outcome=outcome.outcome,
            flaw=outcome.flaw,
            mask=self._mask_of(action),
            fds=tuple((label, self.world.handles[label].fd) for label in outcome.opened),
        )

    def _mask_of(self, action: Action) -> int | None:
        """What poll(2) shows of the action's file, for the verbs where the model asks."""
        if action.verb not in _MASKED:
            return None
        label = action.label
        if label in self.users:
            return value_mask(self.ledger.slots.files[label].value)
        return self.world.masks([label])[label]

    def masks(self, also: Iterable[int] = ()) -> Masks:
        """What poll(2) shows of every registered file, and of `also`, which another thread may just have registered."""
        labels = list(dict.fromkeys([*self.ledger.sampled(), *also]))
        if not self.users:
            return self.world.masks(labels)
        masks = self.world.masks(label for label in labels if label not in self.users)
        for label in labels:
            if label in self.users:
                masks[label] = value_mask(self.ledger.slots.files[label].value)
        return masks

    # ── calls of the poller other than poll ─────────────────────────────────────────────────────────────────

    def _perform_call(self, step: int, action: Action) -> None:
        patience = PATIENCE + (action.args[0] * _PER_WAKE if action.verb == "wake" else 0.0)
        self.log.ahead(_did(step, action, ended=HUNG), patience)
        entry = self.attempt_call(step, action)
        self.write(entry)
        self.is_stuck = entry.ended == HUNG
        self.is_over = bool(entry.raised) or self.is_stuck

    def attempt_call(self, step: int, action: Action) -> Did:
        """Call the poller; what came of it."""
        refused = raised = flaw = ""
        try:
            flaw = self._call(action)
        except self.world.stuck:
            return _did(step, action, ended=HUNG)
        except REFUSALS as error:
            refused = show_error(error)
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = show_error(error)
        outcome = "refused" if refused or raised else "ok"
        mask = self._mask_of(action)
        return _did(step, action, outcome=outcome, refused=refused, raised=raised, flaw=flaw, mask=mask)

    def _call(self, action: Action) -> str:
        """Make the call; answer what is wrong with its result."""
        verb, args = action.verb, action.args
        if verb in ("register", "reregister"):
            getattr(self.poller, verb)(self._source(args[0]), *args[1:])
        elif verb == "deregister":
            self.poller.deregister(self._source(args[0]))
        elif verb == "user":
            self.users[args[0]] = self.poller.user_readiness()
        elif verb == "set":
            return self._set(*args)
        elif verb == "waker":
            self.waker = self.poller.waker(args[0])
        elif verb == "wake":
            for _ in range(args[0]):
                self.waker.wake()
        return ""

    def _set(self, label: int, readiness: Readiness) -> str:
        setter = self.users[label][1]
        setter.set(readiness)
        got = setter.get()
        return "" if got == readiness else f"{got!r} from get() after set({readiness!r})"

    def _source(self, label: int) -> Any:
        """The source as the poller gets it: for what is no socket a new object each time, for a source is its number."""
        if label in self.users:
            return self.users[label][0]
        handle = self.world.handles[label]
        return Source(handle.fd) if isinstance(handle.object, Source) else handle.object

    # ── polls ───────────────────────────────────────────────────────────────────────────────────────────────

    def _perform_polls(self, step: int, action: Action) -> None:
        skipped = getattr(self, f"_{action.verb}")(step, *action.args)
        if self.is_stuck:
            return
        outcome = "ok"
        if self.other and not self.other.is_reported:
            self.other.join()
            outcome = UNSEEN
            for did in self.other.leftover():
                self.write(did)
        self.other = None
        self.write(_did(step, action, skipped=skipped or "", outcome=outcome))

    def _poll(self, step: int, wait: float | None, capacity: int | None) -> str:
        if self._is_in_vain(wait):
            return "nothing is owed"
        self._poll_once(step, wait, capacity)
        return ""

    def _is_in_vain(self, wait: float | None) -> bool:
        """Whether a wait would be long, and for nothing."""
        return (wait is None or wait >= LONG_WAIT) and not self.ledger.owing(self.masks())

    def _dispatch(self, step: int, wait: float | None, acts: Scenario | None) -> str:
        if self._is_in_vain(wait):
            return "nothing is owed"
        Batch(self, step, wait, acts or ()).run(longest_s(wait) + PATIENCE)
        return ""

    def _settle(self, step: int, capacity: int | None) -> None:
        """Poll until each event owed at the start was told once; twice, so that level is owed again."""
        for _ in range(2):
            masks = self.masks()
            owing = self.ledger.owing(masks)
            for _ in range(self.ledger.bound() + 2):
                masks = self._poll_once(step, 0.0, capacity)
                still = self.ledger.owing(masks)
                if self.is_over or not any(still.get(key) == times for key, times in owing.items()):
                    break
            if self.is_over:
                break

    def _rest(self, step: int, wait: float) -> str:
        masks: Masks = {}
        for _ in range(_LOOKS):
            masks = self._poll_once(step, 0.0, None)
        if not self.ledger.must_rest(masks):
            return "something is owed, or keeps it awake"
        for _ in range(REST_WAITS):
            masks = self._poll_once(step, wait, None)
            if self.is_over or not self.ledger.must_rest(masks):
                break
        return ""

    def _await(self, step: int, wait: float | None, act: str, label: int) -> str:
        masks = self.masks()
        if not self.ledger.must_rest(masks):
            return "something is owed, or keeps it awake"
        if not would_be_told(self.ledger, act, label, masks):
            return "nobody would be told"
        self.other = OtherThread(self, ACT_AFTER, awaited(self, act, label))
        self._poll_until_told(step, wait, self.other, label)
        return ""

    def _meanwhile(self, step: int, wait: float | None, acts: Scenario) -> str:
        masks = self.masks()
        if not self.ledger.must_rest(masks):
            return "something is owed, or keeps it awake"
        if (wait is None or wait >= LONG_WAIT) and not would_any_be_told(self, acts, masks):
            return "nobody would be told"
        self.other = OtherThread(self, ACT_AFTER, meanwhile(self, step, acts))
        self._poll_until_told(step, wait, self.other, 0)
        return ""

    def _poll_until_told(self, step: int, wait: float | None, other: OtherThread, label: int) -> None:
        """Poll until the other thread has acted and what that made owed is told, or a short wait is over."""
        for _ in range(AWAIT_RETURNS + 2 + self.ledger.bound()):
            masks = self._poll_once(step, wait, None, after_act=ACT_AFTER)
            if self.is_over:
                break
            if other.is_reported and (not self.ledger.owing(masks) or self._is_level_told(label)):
                break

    def _is_level_told(self, label: int) -> bool:
        """A level registration stays owed; one report is what was awaited."""
        return any(watch.is_level and watch.told for watch in self.ledger.watches.values() if watch.label != label)

    def _signals(self, step: int, wait: float) -> str:
        stop = self.world.signals(_SIGNAL_EVERY, _SIGNALS)
        try:
            self._poll_once(step, wait, None, after_act=_SIGNAL_EVERY * _SIGNALS)
        finally:
            stop()
        return ""

    def _poll_once(
        self, step: int, wait: float | None, capacity: int | None, *, after_act: float | None = None
    ) -> Masks:
        """Call poll once and write it down; answer what poll(2) shows afterwards."""
        if not self.passes_capacity:
            capacity = None
        acted = self.other.report() if self.other else None
        ahead = Poll(step=step, timeout=wait, max_events=capacity, before=self.masks(), acted=acted, ended=HUNG)
        self.log.ahead(ahead, longest_s(wait, after_act or 0.0) + PATIENCE)
        raised, result = "", None
        begin = self.world.now_ns()
        try:
            result = self.poller.poll(wait) if capacity is None else self.poller.poll(wait, capacity)
        except self.world.stuck:
            return self._stuck(ahead)
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = show_error(error)
        elapsed = self.world.now_ns() - begin
        if self.other and acted is None:
            acted = self.other.report()
        events, flaws = ((), ()) if raised else part_result(result)
        after = self.masks(acted.masks if acted else ())
        if acted and acted.act == "set":
            after[acted.label] = acted.masks[acted.label]
        entry = replace(
            ahead, acted=acted, after=after, events=events, flaws=flaws, raised=raised, elapsed_ns=elapsed, ended=""
        )
        self.write(entry)
        self.is_over |= bool(raised or flaws)
        return after

    def _stuck(self, ahead: Poll) -> Masks:
        acted = ahead.acted or (self.other.report() if self.other else None)
        self.write(replace(ahead, acted=acted))
        self.is_over = self.is_stuck = True
        return {}

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

    def curtain(self, step: int, fds: Iterable[int]) -> None:
        """Close the poller and look at what it left."""
        self.log.ahead(Curtain(step=step, ended=HUNG), PATIENCE)
        raised = ""
        try:
            self.poller.close()
        except self.world.stuck:
            self.write(Curtain(step=step, ended=HUNG))
            return
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = show_error(error)
        self.users.clear()
        self.waker = None
        expected = dict.fromkeys([*fds, *(handle.fd for handle in self.world.handles.values())])
        leaked = self._leaked(expected)
        if leaked:
            gc.collect()  # what a dead object still holds is given back with it: untidy, and no leak
            leaked = self._leaked(expected)
        self.write(
            Curtain(
                step=step,
                raised=raised,
                leaked=leaked,
                shut=self.world.shut_fds(),
                blocking=self.world.blocking_fds(),
            )
        )

    def _leaked(self, expected: Mapping[int, None]) -> int:
        return sum(fd not in expected for fd in self.world.open_fds())


def longest_s(wait: float | None, after_act: float = 0.0) -> float:
    """How long a call may last: what is owed, or will be once another thread has acted, ends a long wait before its timeout."""
    return after_act if wait is None else min(wait + after_act, _LONGEST)
