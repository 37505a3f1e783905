"""Actions as Python: each entry of a history up to the broken fact, as lines that a maintainer can read.

How often poll was called at each step is taken from the history, so that a script does exactly what was done when it failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from conformance.actions import Action
from conformance.facts import Call, Data, Debt, Rest, Wait
from conformance.history import REST, Did, Entry, History, Poll
from conformance.luck import Luck, luck_of
from conformance.protocol import Readiness
from conformance.script.files import Files, flags, indent
from conformance.script.moment import Moment
from conformance.script.proof import NO_ERROR, broken, ending, guarded, probe, rested, waited, watched

__all__ = ["body", "luck_in"]

_ASKS = ("register", "reregister", "deregister")
_REFUSALS = "(OSError, ValueError, KeyError)"
_MAY_BE_REFUSED = (f"except {_REFUSALS}:", '    sys.exit(print("kept: it is refused, as it may be"))')
_MADE_BY = {"user": "setter{}", "waker": "waker"}
"""What a call makes, beside a file."""
Numbered = list[tuple[int, Entry]]
Polls = Sequence[tuple[int, Poll]]


def body(history: History, moment: Moment) -> list[str]:
    """The lines of the script, from the first action to the assertion."""
    return list(_Body(history, moment).lines())


def luck_in(history: History) -> Luck | None:
    """The luck under which it happened; None where there were no faults."""
    return luck_of(did.action for did in history.entries if isinstance(did, Did) and not did.skipped)


class _Body:
    """A script in the making."""

    def __init__(self, history: History, moment: Moment) -> None:
        self.scenario, self.moment, self.fact = history.scenario, moment, moment.fact
        self.entries = history.entries[: moment.broke + 1]
        noted = self.fact.label if isinstance(self.fact, Data) else None
        self.files = Files(noted, luck_in(history))
        watching = [
            entry
            for index, entry in enumerate(self.entries)
            if isinstance(entry, Poll) and moment.watches(index, entry)
        ]
        self.values: dict[int, Readiness] = {}
        """Label of a user source -> what was last set."""
        self.told = watched(self.fact, watching, history.capabilities)

    def lines(self) -> Iterator[str]:
        """Everything after the poller was made."""
        if self.told:
            yield f"heard = []  # what is told of token {self.told.token}, where it matters"
        if self.files.noted is not None:
            yield "sent, got = bytearray(), bytearray()"
        for step, numbered in groupby(enumerate(self.entries), key=lambda pair: pair[1].step):
            if 1 <= step <= len(self.scenario):
                yield from self._step(self.scenario[step - 1], list(numbered))
        yield from ending(self.fact, self.entries[-1], self.files, self.told)

    def _step(self, action: Action, numbered: Numbered) -> Iterator[str]:
        polls = [(index, entry) for index, entry in numbered if isinstance(entry, Poll)]
        index, last = numbered[-1]
        is_skipped = isinstance(last, Did) and bool(last.skipped)
        if not polls:
            if isinstance(last, Did) and not is_skipped and not action.row.polls:
                yield from self._single(index, last)
        elif action.verb in ("await", "meanwhile") and not is_skipped:
            yield from self._await(action, polls)
        elif action.verb == "signals":
            yield from self._composite(f"poll_under_signals({polls[0][1].timeout!r})", "events, lasted", polls)
        elif action.verb == "dispatch":
            yield from self._dispatch(polls, [(i, one) for i, one in numbered if isinstance(one, Did)])
        elif action.verb == "rest" and self._is_about_rest(polls):
            assert isinstance(self.fact, Rest | Wait)
            looks = sum(poll.timeout == 0 for _, poll in polls)
            yield from rested(self.fact, looks, action.args[0])
        else:
            yield from self._polls(polls)

    def _single(self, index: int, did: Did) -> list[str]:
        return self._call(index, did) if did.action.row.calls else self.files.io(did)

    # ── calls of the poller other than poll ─────────────────────────────────────────────────────────────────

    def _call(self, index: int, did: Did) -> list[str]:
        lines = self._asked(did.action) if did.action.verb in _ASKS else self._called(did.action)
        if index == self.moment.broke and isinstance(self.fact, Call):
            return self._broken_call(lines, did, self.fact)
        if did.refused:
            return [f"with contextlib.suppress{_REFUSALS}:  # {did.refused}", *indent(lines)]
        return ["try:", *indent(lines), *_MAY_BE_REFUSED] if index in self.moment.strays else lines

    def _asked(self, action: Action) -> list[str]:
        label, *asked = action.args
        source = self.files.source(label)
        if action.verb == "deregister":
            return [f"poller.deregister({source})"]
        token, interest, trigger = asked
        return [f"poller.{action.verb}({source}, {token}, {flags(interest)}, {flags(trigger)})"]

    def _called(self, action: Action) -> list[str]:
        (first, *rest) = action.args
        if action.verb == "user":
            self.files.add_user(first)
            return [f"user{first}, setter{first} = poller.user_readiness()"]
        if action.verb == "set":
            self.values[first] = rest[0]
            return [f"setter{first}.set({flags(rest[0])})"]
        if action.verb == "waker":
            return [f"waker = poller.waker({first})"]
        return ["waker.wake()"] if first == 1 else [f"for _ in range({first}):", "    waker.wake()"]

    def _broken_call(self, lines: list[str], did: Did, call: Call) -> list[str]:
        if call.problem == "hung":
            return [f"{lines[0]}  # {call.got}", *lines[1:]]
        if call.problem == "type":
            (line,) = lines
            return ["try:", f"    {line}", f"except {_REFUSALS}:", "    pass", *guarded(line, NO_ERROR, call)[2:]]
        if did.flaw:
            label, value = did.action.args
            return [*lines, f"if setter{label}.get() != {flags(value)}:", f"    {broken(call)}"]
        error = _REFUSALS if call.problem == "refused" else NO_ERROR
        return ["try:", *indent(lines), *guarded("", error, call)[2:]]

    # ── polls ───────────────────────────────────────────────────────────────────────────────────────────────

    def _polls(self, polls: Polls) -> Iterator[str]:
        """Calls of poll, equal ones in a row as a loop."""
        for _, group in groupby(polls, key=lambda pair: self._kind_of(*pair)):
            same = list(group)
            lines = self._poll(*same[0])
            yield from lines if len(same) == 1 else [f"for _ in range({len(same)}):", *indent(lines)]

    def _kind_of(self, index: int, poll: Poll) -> tuple[object, ...]:
        is_last = index == self.moment.broke and not self.told
        return poll.timeout, poll.max_events, self.moment.watches(index, poll), is_last

    def _poll(self, index: int, poll: Poll) -> list[str]:
        capacity = "" if poll.max_events is None else f", {poll.max_events}"
        call = f"poller.poll({poll.timeout!r}{capacity})"
        if index == self.moment.broke and isinstance(self.fact, Wait):
            return probe(self.fact, call)
        remark = f"  # {poll.ended}" if poll.ended else ""
        return [self._heard(call, index, poll) + remark]

    def _heard(self, call: str, index: int, poll: Poll) -> str:
        return f"heard += told({self.told.token}, {call})" if self.told and self.moment.watches(index, poll) else call

    def _is_about_rest(self, polls: Polls) -> bool:
        """Whether it is this rest that is broken, which is known when it is over."""
        is_over = self.moment.broke > polls[-1][0]
        return is_over and self._is_here(polls) and isinstance(self.fact, Rest | Wait)

    def _composite(self, call: str, names: str, polls: Polls, *, heard: str = "events") -> list[str]:
        """A call of a helper that polls, and what is asserted about it."""
        matters = any(self.moment.watches(index, poll) for index, poll in polls)
        is_here = self._is_here(polls)
        if is_here and isinstance(self.fact, Wait) and self.fact.about in ("raised", "huge", "each"):
            return probe(self.fact, call)
        lines = [f"{names} = {call}"]
        if self.told and matters:
            lines.append(f"heard += told({self.told.token}, {heard})")
        return lines + (waited(self.fact, polls[0][1].timeout) if is_here else [])

    def _await(self, action: Action, polls: Polls) -> list[str]:
        lines: list[str] = []
        if action.verb == "await":
            timeout, act, label = action.args
            act = f"lambda: {self._act(act, label)}"
        else:
            timeout, acts = action.args
            act = f"others_{polls[0][1].step}"
            lines = self._block(act, [(-1, Did(step=0, action=one)) for one in acts or ()])
            if isinstance(self.fact, Call) and self._is_here(polls):
                return self._refused_elsewhere(lines, f"poll_while({act}, {timeout!r})")
        is_watched = any(self.moment.watches(index, poll) for index, poll in polls)
        token = f", {self.told.token}" if self.told and is_watched and isinstance(self.fact, Debt) else ""
        return [*lines, *self._composite(f"poll_while({act}, {timeout!r}{token})", "returns, events, lasted", polls)]

    def _refused_elsewhere(self, block: list[str], call: str) -> list[str]:
        """What a call in another thread raised is asserted here, for nobody would see it there."""
        head, *acts = block
        kept = [
            head,
            "    try:",
            *indent(acts[:-1]),
            "    except BaseException as error:",
            "        refused.append(error)",
            "",
        ]
        return ["refused = []", *kept, call, "if refused:", f"    {broken(self.fact)}"]

    def _is_here(self, polls: Polls) -> bool:
        """Whether the fact is broken in the step of these polls."""
        return self.entries[-1].step == polls[0][1].step

    def _act(self, act: str, label: int) -> str:
        """What the other thread of an await does, as an expression."""
        if act == "wake":
            return "waker.wake()"
        if act == "send":
            return self.files.send(label, 1)
        self.values[label] = self.values.get(label, Readiness(0)) | Readiness.READABLE
        return f"setter{label}.set({flags(self.values[label])})"

    def _dispatch(self, polls: Polls, dids: list[tuple[int, Did]]) -> list[str]:
        acts = [(index, did) for index, did in dids if did.within and not did.skipped]
        name = f"handler_{polls[0][1].step}"
        lines = self._block(name, acts) if acts else []
        call = f"dispatch({polls[0][1].timeout!r}{f', {name}' if acts else ''})"
        after = all(poll.part == REST for index, poll in polls if self.moment.watches(index, poll))
        return [*lines, *self._composite(call, "events", polls, heard="events[1:]" if after else "events")]

    def _block(self, name: str, acts: Sequence[tuple[int, Did]]) -> list[str]:
        """A function that does these actions."""
        known = dict(self.files.names)
        lines = [line for index, did in acts for line in self._single(index, did)]
        new = [name for label, name in self.files.names.items() if label not in known]
        new += [_MADE_BY[did.action.verb].format(*did.action.args) for _, did in acts if did.action.verb in _MADE_BY]
        return [f"def {name}():", *indent([f"global {', '.join(new)}"] if new else []), *indent(lines), ""]
