"""Performs a scenario on a world with a poller; writes the history; never judges.

It asks the ledger two things only: whether an action applies, and whether anything is owed (so that it never waits for ever for an
event that need not come, and knows when a `settle` may stop). Every call is written ahead with how long it may take, so that the
process around it (`child.py`) can tell a hang, and a history survives an abort.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.actions import Action
from conformance.history import HUNG, Acted, Curtain, Did, Entry, Masks, Poll
from conformance.model import AWAIT_RETURNS, LONG_WAIT, REST_WAITS, UNSEEN, Ledger, value_mask
from conformance.protocol import REFUSALS, Capability, Interest, Readiness, event_flaw
from conformance.scenario import Scenario
from conformance.worlds import Outcome, Source, World

__all__ = ["ACT_AFTER", "PATIENCE", "Log", "run"]

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
_MOST_EVENTS = 10_000
_SIGNAL_EVERY, _SIGNALS = 0.005, 60
_MASKED = ("recv", "drain", "peek", "accept", "send", "fill", "connect", "refuse", "register", "reregister")


class Log:
    """Where a history goes, entry by entry. This one keeps nothing; the child's sends each entry to the parent."""

    def ahead(self, entry: Entry, patience_s: float) -> None:
        """A call is about to be made that may take `patience_s`; `entry` stands for it if it never ends."""

    def wrote(self, entry: Entry) -> None:
        """`entry` is complete."""

    def acted(self, acted: Acted) -> None:
        """The other thread of an `await` has acted while a call is in progress."""


def run(scenario: Scenario, world: World, make: Callable[[], Any], capabilities: Capability, log: Log) -> None:
    """Perform `scenario` from a fresh poller to its close, and leave no file open."""
    fds = world.open_fds()
    ledger = Ledger(capabilities)
    log.ahead(_did(0, Action("poll", (0.0, None)), ended=HUNG), _HARNESS_PATIENCE)
    stage = _Stage(world, make(), ledger, log)
    for step, action in enumerate(scenario, 1):
        if not stage.perform(step, action):
            break
    if not stage.is_stuck:
        stage.curtain(len(scenario) + 1, fds)
    world.clear()


def _did(step: int, action: Action, **fields: Any) -> Did:
    return Did(step=step, action=action, **fields)


class _Stage:
    """One scenario in progress."""

    def __init__(self, world: World, poller: Any, ledger: Ledger, log: Log) -> None:
        self.world, self.poller, self.ledger, self.log = world, poller, ledger, log
        self.users: dict[int, tuple[Any, Any]] = {}
        self.waker: Any = None
        self.other: _OtherThread | None = None
        self.passes_capacity = bool(ledger.capabilities & Capability.MAX_EVENTS)
        self.has_raised = False
        self.is_stuck = False
        """A call can never return, and the world knows it: the history ends there."""

    def perform(self, step: int, action: Action) -> bool:
        """Do one action; False when the scenario should end here."""
        reason = self.world.lacks.get(action.verb) or self.ledger.slots.why_not(action)
        if reason:
            self._write(_did(step, action, skipped=reason))
        elif action.row.polls:
            self._perform_polls(step, action)
        elif action.row.calls:
            self._perform_call(step, action)
        else:
            self._perform_io(step, action)
        return not self.has_raised

    def _write(self, entry: Entry) -> None:
        self.ledger.feed(entry)
        self.log.wrote(entry)

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────────

    def _perform_io(self, step: int, action: Action) -> None:
        self.log.ahead(_did(step, action, ended=HUNG), _HARNESS_PATIENCE)
        try:
            outcome: Outcome = getattr(self.world, action.verb)(*action.args)
        except self.world.unmodelled as error:
            self._write(_did(step, action, skipped=f"not modelled: {error}"))
            return
        except OSError as error:
            if error.errno != errno.EMFILE:
                raise
            self._write(_did(step, action, skipped="no fd is left: the curtain tells who holds them"))
            return
        self._write(
            _did(
                step,
                action,
                outcome=outcome.outcome,
                flaw=outcome.flaw,
                mask=self._mask_of(action),
                fds=tuple((label, self.world.handles[label].fd) for label in outcome.opened),
            )
        )

    def _mask_of(self, action: Action) -> int | None:
        """What poll(2) shows of the action's file, for the verbs where the model asks."""
        if action.verb not in _MASKED:
            return None
        label = action.label
        if label in self.users:
            return value_mask(self.ledger.slots.files[label].value)
        return self.world.masks([label])[label]

    def _masks(self) -> Masks:
        labels = self.ledger.sampled()
        masks = self.world.masks(label for label in labels if label not in self.users)
        for label in labels:
            if label in self.users:
                masks[label] = value_mask(self.ledger.slots.files[label].value)
        return masks

    # ── calls of the poller other than poll ─────────────────────────────────────────────────────────────────

    def _perform_call(self, step: int, action: Action) -> None:
        patience = PATIENCE + (action.args[0] * _PER_WAKE if action.verb == "wake" else 0.0)
        self.log.ahead(_did(step, action, ended=HUNG), patience)
        refused = raised = flaw = ""
        try:
            flaw = self._call(action)
        except self.world.stuck:
            self._write(_did(step, action, ended=HUNG))
            self.has_raised = self.is_stuck = True
            return
        except REFUSALS as error:
            refused = _show(error)
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = _show(error)
        outcome = "refused" if refused or raised else "ok"
        mask = self._mask_of(action)
        self._write(_did(step, action, outcome=outcome, refused=refused, raised=raised, flaw=flaw, mask=mask))
        self.has_raised = bool(raised)

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
        return "" if got == readiness else f"get() gave {got!r} after set({readiness!r})"

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
        self.other = None
        self._write(_did(step, action, skipped=skipped or "", outcome=outcome))

    def _poll(self, step: int, wait: float | None, capacity: int | None) -> str:
        if (wait is None or wait >= LONG_WAIT) and not self.ledger.owing(self._masks()):
            return "nothing is owed"
        self._poll_once(step, wait, capacity)
        return ""

    def _settle(self, step: int, capacity: int | None) -> None:
        """Poll until each event owed at the start was told once; twice, so that level is owed again."""
        for _ in range(2):
            masks = self._masks()
            owing = self.ledger.owing(masks)
            for _ in range(self.ledger.bound(capacity) + 2):
                masks = self._poll_once(step, 0.0, capacity)
                still = self.ledger.owing(masks)
                if self.has_raised or not any(still.get(key) == times for key, times in owing.items()):
                    break
            if self.has_raised:
                break

    def _rest(self, step: int, wait: float) -> str:
        masks: Masks = {}
        for _ in range(_LOOKS):
            masks = self._poll_once(step, 0.0, None)
        if not self.ledger.must_rest(masks):
            return "something is owed, or keeps it awake"
        for _ in range(REST_WAITS):
            masks = self._poll_once(step, wait, None)
            if self.has_raised or not self.ledger.must_rest(masks):
                break
        return ""

    def _await(self, step: int, wait: float | None, act: str, label: int) -> str:
        masks = self._masks()
        if not self.ledger.must_rest(masks):
            return "something is owed, or keeps it awake"
        if not self._would_be_told(act, label, masks):
            return "nobody would be told"
        self.other = other = _OtherThread(self, act, label)
        owing: dict[tuple[int, Interest], int] = {}
        for _ in range(AWAIT_RETURNS + 2 + self.ledger.bound(None)):
            masks = self._poll_once(step, wait, None, after_act=ACT_AFTER)
            if self.has_raised:
                break
            if other.is_reported:
                owing = self.ledger.owing(masks)
                if not owing or self._is_level_told(label):
                    break
        return ""

    def _is_level_told(self, label: int) -> bool:
        """A level registration stays owed; one report is what was awaited."""
        return any(watch.is_level and watch.told for watch in self.ledger.watches.values() if watch.label != label)

    def _would_be_told(self, act: str, label: int, masks: Masks) -> bool:
        """Whether what the other thread is about to do makes something owed."""
        if act == "wake":
            return True
        slots = self.ledger.slots
        file = slots.files[label]
        reader = file if act == "set" or file.kind == "eventfd" else file.peer
        for told in reader.labels if reader else ():
            watch = self.ledger.watches.get(told)
            if watch and watch.owes(Interest.READABLE, value_mask(1)) and not masks.get(told, 0) & 1:
                return True
            if act == "set" and watch and watch.counts and watch.interest & 1 and not file.value & 1:
                return True
        return False

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
        ahead = Poll(step=step, timeout=wait, max_events=capacity, before=self._masks(), acted=acted, ended=HUNG)
        # what is owed, or will be once the other thread has acted, ends a long wait long before its timeout
        longest = (after_act or 0.0) if wait is None else min(wait + (after_act or 0.0), _LONGEST)
        self.log.ahead(ahead, longest + PATIENCE)
        raised, result = "", None
        begin = self.world.now_ns()
        try:
            result = self.poller.poll(wait) if capacity is None else self.poller.poll(wait, capacity)
        except self.world.stuck:
            return self._stuck(ahead)
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = _show(error)
        elapsed = self.world.now_ns() - begin
        if self.other and acted is None:
            acted = self.other.report()
        events, flaws = ((), ()) if raised else _sort_out(result)
        after = self._masks()
        if acted and acted.act == "set":
            after[acted.label] = acted.masks[acted.label]
        entry = replace(
            ahead, acted=acted, after=after, events=events, flaws=flaws, raised=raised, elapsed_ns=elapsed, ended=""
        )
        self._write(entry)
        self.has_raised |= bool(raised)
        return after

    def _stuck(self, ahead: Poll) -> Masks:
        acted = ahead.acted or (self.other.report() if self.other else None)
        self._write(replace(ahead, acted=acted))
        self.has_raised = self.is_stuck = True
        return {}

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

    def curtain(self, step: int, fds: Iterable[int]) -> None:
        """Close the poller and look at what it left."""
        self.log.ahead(Curtain(step=step, ended=HUNG), PATIENCE)
        raised = ""
        try:
            self.poller.close()
        except self.world.stuck:
            self._write(Curtain(step=step, ended=HUNG))
            return
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = _show(error)
        self.users.clear()
        self.waker = None
        expected = dict.fromkeys([*fds, *(handle.fd for handle in self.world.handles.values())])
        self._write(
            Curtain(
                step=step,
                raised=raised,
                leaked=sum(fd not in expected for fd in self.world.open_fds()),
                shut=self.world.shut_fds(),
                blocking=self.world.blocking_fds(),
            )
        )


class _OtherThread:
    """The other thread of an `await`: it acts once, and says what poll(2) showed then."""

    def __init__(self, stage: _Stage, act: str, label: int) -> None:
        self._stage, self._act, self._label = stage, act, label
        self._has_begun = False
        self._is_done = threading.Event()
        self._acted = Acted(act=act, label=label, masks={})
        self.is_reported = False
        self.join = stage.world.later(ACT_AFTER, self._run)

    def _run(self) -> None:
        self._has_begun = True
        stage, label = self._stage, self._label
        try:
            if self._act == "send":
                stage.world.send(label, 1)
            elif self._act == "wake":
                stage.waker.wake()
            else:
                stage.users[label][1].set(Readiness.READABLE | Readiness(stage.ledger.slots.files[label].value))
            masks = stage._masks()
            if self._act == "set":
                masks[label] = masks.get(label, 0) | value_mask(1)
            self._acted = Acted(act=self._act, label=label, masks=masks)
            stage.log.acted(self._acted)
        finally:
            self._is_done.set()

    def report(self) -> Acted | None:
        """What was done, once, if it has begun."""
        if self.is_reported or not self._has_begun:
            return None
        self._is_done.wait(5.0)
        self.is_reported = True
        return self._acted


def _show(error: BaseException) -> str:
    text = str(error).splitlines()[0][:120] if str(error) else ""
    return f"{type(error).__name__}({text})"


def _sort_out(result: Any) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]]:
    """Part what is an event from what is not."""
    if not isinstance(result, list):
        return (), (f"got {repr(result)[:60]}, but poll should return a list",)
    events, flaws = [], []
    for event in result[:_MOST_EVENTS]:
        flaw = event_flaw(event)
        if flaw:
            flaws.append(flaw[:160])
        else:
            events.append((int(event[0]), int(event[1])))
    return tuple(events), tuple(flaws[:3])
