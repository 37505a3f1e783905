"""Scenarios drawn by Hypothesis against the slots, so that they make sense.

A free list of random actions hardly ever registers, fires and rearms the same file. Here each step is drawn from what applies now:
first a verb by weight, then its arguments in one number. Three swarm decisions come first - which kinds of file, which triggers,
which verbs are off - because a scenario that does everything seldom does one thing thoroughly.

Hypothesis gives each scenario a seed, and the steps are drawn from a generator of that seed. Drawn one by one by Hypothesis they cost
some 35 us each, and of 500 scenarios 109 were copies of others, since it begins with small ones and goes on by mutating what it has;
we need none of it, for shrinking is `minimise.py`'s, by deletion, which works since every sub-sequence is a scenario.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from conformance.actions import Action
from conformance.protocol import MAX_TOKEN, Capability, Interest, Readiness, Trigger
from conformance.scenario import Scenario
from conformance.slots import DIRECTIONS, FROM_A_THREAD, WAKER, Registration, Slots

__all__ = ["scenarios", "stepwise"]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
MOST_STEPS = 24
MOST_LABELS = 14
_EXTREME_TOKENS = (0, 2**32, MAX_TOKEN, 2**32 + 1, 2**31, 2**63 - 2, 2**48)

_KINDS = (("unix",), ("tcp",), ("pipe",), ("eventfd",), ("listen", "fresh"), ("udp",), ("user",))
"""What a scenario opens; the swarm takes two."""

_WEIGHTS = {
    "open": 5,
    "register": 12,
    "cycle": 10,
    "send": 12,
    "drain": 10,
    "recv": 4,
    "peek": 3,
    "fill": 4,
    "poll": 20,
    "settle": 8,
    "rearm": 9,
    "reregister": 6,
    "repeat": 3,
    "deregister": 3,
    "again": 3,
    "close": 4,
    "close peer": 4,
    "fill and close peer": 2,
    "close and reuse": 3,
    "reset": 4,
    "shutdown": 5,
    "urgent": 4,
    "connect": 9,
    "refuse": 4,
    "accept": 4,
    "set": 14,
    "wake": 4,
    "dup": 3,
    "double": 3,
    "stray": 3,
    "regular": 2,
    "wait": 4,
    "dispatch": 10,
    "rest": 1,
    "signals": 1,
}
"""Choice -> weight. `cycle` makes a file ready, not ready and ready again, `rearm` reregisters what may have fired, `repeat` reregisters
unchanged, `again` deregisters and registers, `stray` calls for what is not there, `dispatch` puts other choices into a handler."""

_INSIDE = (
    "deregister",
    "deregister",
    "reregister",
    "rearm",
    "again",
    "drain",
    "drain",
    "close and reuse",
    "close",
    "register",
    "wake",
)
"""What a handler does."""
_ELSEWHERE = (
    "deregister",
    "reregister",
    "reregister",
    "rearm",
    "rearm",
    "register",
    "register",
    "again",
    "drain",
    "send",
)
"""What another thread does."""

_ONLY_FOR = {
    "fill": ("unix", "tcp", "pipe", "eventfd"),
    "fill and close peer": ("unix", "tcp", "pipe"),
    "peek": ("unix", "tcp", "udp"),
    "reset": ("tcp",),
    "shutdown": ("unix", "tcp"),
    "urgent": ("tcp",),
    "connect": ("fresh",),
    "refuse": ("fresh",),
    "accept": ("fresh",),
    "set": ("user",),
}
"""Choice -> the kinds of file without which it would come to nothing."""

_ALWAYS = ("open", "register", "send", "poll", "settle", "drain")
"""Choices that the swarm never switches off."""


_FAR = 6_906_609_342_611
"""Hypothesis also tries the integers that it finds in the modules at hand; no module has any so far out, so that equal seeds draw
equal scenarios whatever else is loaded."""
_PART = 1 << 16
"""A seed is drawn in parts, because of larger integers Hypothesis prefers the small ones."""


@st.composite
def scenarios(draw: st.DrawFn, capabilities: Capability) -> Scenario:
    """Draw one scenario for a poller that claims `capabilities`: at most some 40 actions, ending in a settle."""
    seed = 0
    for _ in range(4):
        seed = seed * _PART + draw(_PARTS) - _FAR
    return _Drawing(random.Random(seed).randrange, capabilities).scenario()


@st.composite
def stepwise(draw: st.DrawFn, capabilities: Capability) -> Scenario:
    """Draw one scenario, each decision by Hypothesis: slower, and what shrinking and fuzzers that mutate bytes need."""
    return _Drawing(lambda n: draw(st.integers(0, n - 1)), capabilities).scenario()


_PARTS = st.integers(_FAR, _FAR + _PART - 1)


@dataclass(frozen=True, slots=True)
class _Swarm:
    """What one scenario is about."""

    kinds: tuple[str, ...]
    triggers: tuple[Trigger, ...]
    capacity: int | None
    weights: tuple[tuple[str, int], ...]
    tokens: tuple[int, ...]


class _Drawing:
    """One scenario in the making. `below(n)` draws a number from 0 to n-1, 0 being the simplest."""

    def __init__(self, below: Callable[[int], int], capabilities: Capability) -> None:
        self.below, self.capabilities = below, capabilities
        self.slots = Slots(capabilities)
        self.actions: list[Action] = []
        self.next_label, self.next_token = 1, 0
        self.freed: list[int] = []
        self.only: tuple[str, ...] = ()
        """The verbs that may be added, where not all may."""
        self.swarm = self._swarm()

    def scenario(self) -> Scenario:
        self._choose_open()
        self._choose_register()
        if self.swarm.capacity and self.capabilities & Capability.LEVEL and not self.below(4):
            self._crowd(self.swarm.capacity + 1)
        for _ in range(6 + self.below(MOST_STEPS - 6)):
            self._step()
        self._add("settle", self.swarm.capacity)
        self._ending()
        return tuple(self.actions)

    # ── the swarm ───────────────────────────────────────────────────────────────────────────────────────────

    def _swarm(self) -> _Swarm:
        caps = self.capabilities
        kinds = [kind for kind in _KINDS if kind != ("user",) or caps & Capability.USER_READINESS]
        first, second = self._pick(kinds), self._pick(kinds)
        bits = [t for t in (Trigger.LEVEL, Trigger.EDGE) if int(caps) & int(t)]
        triggers = [t | o for t in bits for o in (Trigger(0), Trigger.ONESHOT) if not o or caps & Capability.ONESHOT]
        mask = self.below(2 ** len(triggers) - 1) + 1
        opened = {*first, *second}
        off = self.below(1 << 16)
        weights = tuple(
            (name, weight)
            for index, (name, weight) in enumerate(_WEIGHTS.items())
            if name in _ALWAYS or not (off >> index % 16) & (off >> (index * 5 + 3) % 16) & 1
            if name not in _ONLY_FOR or not opened.isdisjoint(_ONLY_FOR[name])
            if name != "dispatch" or caps & Capability.DISPATCH
        )
        capacity = self._pick((None, None, None, 1, 2, 3)) if caps & Capability.MAX_EVENTS else None
        return _Swarm(
            kinds=tuple(dict.fromkeys([*first, *second])),
            triggers=tuple(t for index, t in enumerate(triggers) if mask >> index & 1),
            capacity=capacity,
            weights=weights,
            tokens=_EXTREME_TOKENS if self.below(7) == 6 else (),
        )

    def _pick(self, options: Sequence[Any]) -> Any:
        return options[self.below(len(options))] if len(options) > 1 else options[0]

    def _product(self, *options: Sequence[Any]) -> tuple[Any, ...] | None:
        """Pick one of each in a single draw; None where there is nothing to pick from."""
        total = 1
        for option in options:
            total *= len(option)
        if not total:
            return None
        index = self.below(total) if total > 1 else 0
        picked = []
        for option in options:
            index, rest = divmod(index, len(option))
            picked.append(option[rest])
        return tuple(picked)

    # ── steps ───────────────────────────────────────────────────────────────────────────────────────────────

    def _step(self) -> None:
        weights = self.swarm.weights
        ticket = self.below(sum(weight for _, weight in weights))
        for name, weight in weights:
            if ticket < weight:
                done = len(self.actions)
                _CHOICES[name](self)
                if len(self.actions) == done:
                    self._choose_something()
                return
            ticket -= weight

    def _add(self, verb: str, *args: Any) -> bool:
        """Append an action if it applies, and take note of what it changes."""
        action = Action(verb, args)
        if (self.only and verb not in self.only) or self.slots.why_not(action):
            return False
        registered = self.slots.registrations.get(action.labels[0]) if action.labels else None
        if verb in ("deregister", "close", "reset") and registered:
            self.freed.append(registered.token)
        accepts = verb != "accept" or bool(self.slots.files[args[0]].queue)
        self.slots.apply(action, succeeded=accepts)
        self.actions.append(action)
        if verb in ("poll", "settle"):
            self._estimate_fired()
        return True

    def _estimate_fired(self) -> None:
        for registered in self.slots.registrations.values():
            if registered.trigger & Trigger.ONESHOT and self._is_ready(registered):
                registered.is_enabled = False

    @staticmethod
    def _is_ready(registered: Registration) -> bool:
        file, interest = registered.file, registered.interest
        if file.kind == "user":
            return bool(file.value & int(interest))
        has_input = bool(file.unread or file.is_ended or file.queue)
        return bool(interest & R and has_input) or bool(interest & W and not file.is_full)

    def _labels(self, *kinds: str) -> list[int]:
        return [label for label, file in self.slots.files.items() if not kinds or file.kind in kinds]

    def _registered(self) -> list[Registration]:
        return [reg for label, reg in self.slots.registrations.items() if label != WAKER]

    def _new_label(self) -> int:
        label = self.next_label
        self.next_label += 1
        return label

    def _new_token(self) -> int:
        """The next number, one of the extreme ones, or now and then one that was given back."""
        if self.freed and self.next_token % 3 == 2:
            token = self.freed.pop()
            if self.slots.is_token_free(token):
                return token
        for token in self.swarm.tokens:
            if self.slots.is_token_free(token):
                return token
        self.next_token += 1
        while not self.slots.is_token_free(self.next_token):
            self.next_token += 1
        return self.next_token

    def _crowd(self, size: int) -> None:
        """More that is always ready than fits into one poll, all of one kind; and one of another kind, which must have its turn."""
        kinds = [
            kind for kind in ("eventfd", "user") if kind != "user" or self.capabilities & Capability.USER_READINESS
        ]
        crowd = self._pick(kinds)
        for kind in (*[crowd] * size, self._pick(kinds)):
            label = self._new_label()
            interest = W if kind == "eventfd" and self.capabilities & Capability.WRITABLE else R
            self._add(kind, label)
            self._add("register", label, self._new_token(), interest, Trigger.LEVEL)
            self._add(*("set", label, Readiness(1)) if kind == "user" else ("send", label, 1))
        self._choose_wake()

    # ── choices ─────────────────────────────────────────────────────────────────────────────────────────────

    def _choose_open(self) -> None:
        if self.next_label > MOST_LABELS:
            return
        kind = self._pick(self.swarm.kinds)
        labels = [self._new_label() for _ in Action(kind).row.opens]
        self._add(kind, *labels)

    def _choose_something(self) -> None:
        """Where a choice came to nothing: register what is not, or poll."""
        done = len(self.actions)
        self._choose_register()
        if len(self.actions) == done:
            self._choose_poll()

    def _choose_regular(self) -> None:
        label, token = self._new_label(), self._new_token()
        if self._add("regular", label):
            self._add("register", label, token, R, self.swarm.triggers[0])
            self._add("deregister", label)
            self._add("close", label)

    def _interests(self, kind: str) -> list[Interest]:
        may = DIRECTIONS[kind] & (R | W if self.capabilities & Capability.WRITABLE else R)
        interests = [i for i in (R, W, R | W) if i & may == i]
        if kind == "tcp" and self.capabilities & Capability.PRIORITY:
            interests.append(R | P)
        return interests

    def _free(self) -> list[int]:
        """What could be registered: a write end could not where the poller does not claim WRITABLE."""
        free = [label for label in self.slots.files if label not in self.slots.registrations]
        return [label for label in free if self._interests(self.slots.kind(label))]

    def _choose_register(self) -> None:
        if picked := self._product(self._free(), self.swarm.triggers):
            label, trigger = picked
            interest = self._pick(self._interests(self.slots.kind(label)))
            self._add("register", label, self._new_token(), interest, trigger)

    def _reregister(self, registered: Registration, *, changes: bool) -> None:
        interest, trigger, token = registered.interest, registered.trigger, registered.token
        if changes:
            options = self._interests(registered.file.kind)
            picked = self._product(options, self.swarm.triggers, (False, True))
            assert picked is not None
            interest, trigger, new_token = picked
            if new_token and self.capabilities & Capability.TOKEN_CHANGE:
                self.freed.append(token)
                token = self._new_token()
        self._add("reregister", registered.label, token, interest, trigger)

    def _choose_rearm(self) -> None:
        fired = [reg for reg in self._registered() if not reg.is_enabled]
        if picked := self._product(fired, (False, False, True), (False, False, True)):
            if picked[2]:
                self._make_ready(picked[0])
            self._reregister(picked[0], changes=picked[1])

    def _choose_reregister(self) -> None:
        if picked := self._product(self._registered()):
            self._reregister(picked[0], changes=True)

    def _choose_repeat(self) -> None:
        if picked := self._product(self._registered()):
            self._reregister(picked[0], changes=False)

    def _choose_double(self) -> None:
        if picked := self._product(self._registered(), self.swarm.triggers):
            self._add("register", picked[0].label, self._new_token(), picked[0].interest, picked[1])

    def _choose_stray(self) -> None:
        if picked := self._product(self._free(), (True, False)):
            label, deregisters = picked
            if deregisters:
                self._add("deregister", label)
            else:
                interest = self._interests(self.slots.kind(label))[0]
                self._add("reregister", label, self._new_token(), interest, self.swarm.triggers[0])

    def _choose_deregister(self) -> None:
        if picked := self._product(self._registered(), (False, True)):
            if picked[1]:
                self._make_ready(picked[0])
            self._add("deregister", picked[0].label)

    def _choose_again(self) -> None:
        if picked := self._product(self._registered()):
            old = picked[0]
            self._add("deregister", old.label)
            self._add("register", old.label, self._new_token(), old.interest, self._pick(self.swarm.triggers))

    def _make_ready(self, registered: Registration) -> None:
        """Make it readable, or writable where it asks for no more."""
        file, label = registered.file, registered.label
        if file.kind == "user":
            self._add("set", label, Readiness(int(registered.interest & ~file.value) or int(registered.interest)))
        elif file.kind == "listener":
            client = self._new_label()
            self._add("fresh", client)
            self._add("connect", client, label)
        elif not registered.interest & R:
            if file.peer and file.peer.is_open:
                self._add("drain", file.peer.labels[0])
        elif file.kind == "eventfd":
            self._add("send", label, 1)
        elif file.peer and file.peer.is_open:
            self._add("send", file.peer.labels[0], 1)

    def _make_unready(self, registered: Registration) -> None:
        """Drain it, fill it, or withdraw what was set."""
        label = registered.label
        if registered.file.kind == "user":
            self._add("set", label, Readiness(0))
        else:
            self._add("drain" if registered.interest & R else "fill", label)

    def _choose_cycle(self) -> None:
        if picked := self._product(self._registered(), (False, True), (True, False)):
            registered, polls_ready, polls_unready = picked
            self._make_ready(registered)
            if polls_ready:
                self._choose_poll()
            self._make_unready(registered)
            if polls_unready:
                self._choose_poll()
            self._make_ready(registered)

    def _choose_send(self) -> None:
        watched = [reg.file.peer for reg in self._registered() if reg.interest & R and reg.file.peer]
        labels = [file.labels[0] for file in watched if file.is_open]
        labels += [reg.label for reg in self._registered() if reg.file.kind == "eventfd"]
        if picked := self._product(labels or self._labels("unix", "tcp", "udp", "write end", "eventfd"), (1, 7, 300)):
            if self.slots.kind(picked[0]) == "udp" and not self.below(4):
                self._add("empty", picked[0])
            else:
                self._add("send", *picked)

    def _choose_drain(self) -> None:
        readers = [reg.file for reg in self._registered() if reg.file.kind not in ("user", "write end", "fresh")]
        registered = [label for file in readers for label in file.labels]
        if picked := self._product(registered or self._labels("unix", "tcp", "udp", "read end", "eventfd", "listener")):
            self._add("drain", picked[0])
        full = [reg.file.peer for reg in self._registered() if reg.file.is_full and reg.file.peer]
        if full and full[0].is_open:
            self._add("drain", full[0].labels[0])

    def _choose_recv(self) -> None:
        if picked := self._product([label for label, file in self.slots.files.items() if file.unread], (1, 4)):
            self._add("recv", *picked)

    def _choose_peek(self) -> None:
        sockets = self._labels("unix", "tcp", "udp")
        edges = [reg.label for reg in self._registered() if reg.trigger & Trigger.EDGE and reg.label in sockets]
        if picked := self._product(edges or sockets):
            self._add("peek", picked[0])

    def _choose_fill(self) -> None:
        registered = [reg.label for reg in self._registered() if reg.interest & W]
        if picked := self._product(registered or self._labels("unix", "tcp", "write end", "eventfd")):
            self._add("fill", picked[0])

    def _choose_poll(self) -> None:
        self._add("poll", self._pick((0.0, 0.0, 0.0, 0.0, 0.0009)), self.swarm.capacity)

    def _choose_wait(self) -> None:
        self._add("poll", self._pick((None, None, 0.12, 86_400.0)), self.swarm.capacity)

    def _choose_settle(self) -> None:
        self._add("settle", self.swarm.capacity)

    def _choose_close(self) -> None:
        if picked := self._product(self._labels()):
            self._give_up(picked[0])

    def _give_up(self, label: int) -> None:
        if not self.capabilities & Capability.CLOSE_FORGETS and label in self.slots.registrations:
            self._add("deregister", label)
        self._add("close", label)

    def _peers(self) -> list[int]:
        """The other ends of what is registered."""
        peers = [reg.file.peer for reg in self._registered()]
        return [file.labels[0] for file in peers if file and file.is_open]

    def _choose_close_peer(self) -> None:
        if picked := self._product(self._peers()):
            self._give_up(picked[0])

    def _choose_fill_and_close_peer(self) -> None:
        full = [reg for reg in self._registered() if reg.interest & W and reg.file.peer and reg.file.peer.is_open]
        if picked := self._product(full):
            self._add("fill", picked[0].label)
            self._give_up(picked[0].file.peer.labels[0])

    def _choose_close_and_reuse(self) -> None:
        if picked := self._product(self._registered()):
            label = picked[0].label
            if picked[0].file.kind == "user":
                return
            self._give_up(label)
            self._choose_open()
            self._choose_register()

    def _choose_reset(self) -> None:
        if picked := self._product(
            [label for label in self._peers() or self._labels("tcp") if self.slots.kind(label) == "tcp"]
        ):
            self._add("reset", picked[0])

    def _choose_shutdown(self) -> None:
        if picked := self._product(self._peers() + self._labels("tcp", "unix"), ("wr", "rdwr", "rd")):
            self._add("shutdown", *picked)

    def _choose_urgent(self) -> None:
        tcp = [reg for reg in self._registered() if reg.file.kind == "tcp" and reg.file.peer and reg.file.peer.is_open]
        if picked := self._product(tcp):
            registered = picked[0]
            if not registered.interest & P and self.capabilities & Capability.PRIORITY:
                self._add("reregister", registered.label, registered.token, R | P, registered.trigger)
            self._add("urgent", registered.file.peer.labels[0])
        elif labels := self._labels("tcp"):
            self._add("urgent", self._pick(labels))

    def _fresh(self) -> int:
        """A socket that is not connected; one in two times it is registered before it will be."""
        fresh = [label for label in self._labels("fresh") if self.below(2)]
        if fresh:
            return fresh[0]
        label = self._new_label()
        self._add("fresh", label)
        if self.below(2):
            self._add(
                "register",
                label,
                self._new_token(),
                self._pick(self._interests("fresh")),
                self._pick(self.swarm.triggers),
            )
        return label

    def _choose_connect(self) -> None:
        if not self._labels("listener"):
            self._add("listen", self._new_label())
        self._add("connect", self._fresh(), self._pick(self._labels("listener")))

    def _choose_refuse(self) -> None:
        self._add("refuse", self._fresh())

    def _choose_accept(self) -> None:
        if picked := self._product(self._labels("listener")):
            self._add("accept", picked[0], self._new_label())

    def _choose_set(self) -> None:
        values = (Readiness(1), Readiness(3), Readiness(0), Readiness(2))
        if picked := self._product(self._labels("user"), values, (None, None, *values)):
            label, first, second = picked
            self._add("set", label, first)
            if second is not None:
                self._add("set", label, second)

    def _choose_wake(self) -> None:
        if WAKER not in self.slots.registrations and self.capabilities & Capability.WAKE:
            self._add("waker", self._new_token())
        if self.below(4):
            self._add("wake", self._pick((1, 1, 1, 1, 2, 2, 2, 5_000)))

    def _choose_dup(self) -> None:
        files = [label for label in self._labels() if self.slots.kind(label) != "user"]
        if picked := self._product(files, (False, True)):
            label = self._new_label()
            self._add("dup", picked[0], label)
            if picked[1] and (interests := self._interests(self.slots.kind(label))):
                self._add("register", label, self._new_token(), self._pick(interests), self._pick(self.swarm.triggers))

    def _choose_dispatch(self) -> None:
        """Call the handler for something that is ready, as far as can be said, and have it change something."""
        if self.below(4):
            self._choose_send()
        inside = self._gathered(_INSIDE, self.below(4))
        self.actions.append(Action("dispatch", (self._pick((0.0, 0.0, 0.0, None)), inside)))
        self._estimate_fired()

    def _gathered(self, choices: Sequence[str], times: int) -> Scenario | None:
        """Make so many choices, and take back what they appended, so that it can be done within a step."""
        done = len(self.actions)
        for _ in range(times):
            _CHOICES[self._pick(choices)](self)
        gathered = tuple(action for action in self.actions[done:] if not action.row.polls)
        del self.actions[done:]
        return gathered or None

    def _choose_rest(self) -> None:
        self._add("rest", 0.0009)

    def _choose_signals(self) -> None:
        self._add("signals", 0.02)

    # ── endings ─────────────────────────────────────────────────────────────────────────────────────────────

    def _ending(self) -> None:
        """Two in five: rest - as it stands, with all deregistered and open, or calm - or be woken from a long wait."""
        ending = self.below(30)
        if ending < 3:
            for registered in list(self._registered()):
                self._add("deregister", registered.label)
            self._add("rest", 0.0009)
        elif ending < 5:
            self._add("rest", 0.0009)
        elif ending < 8:
            self._calm(drains=bool(self.below(2)))
            self._add("rest", 0.0009)
        elif ending < 9:
            self._calm(drains=False)
            for registered in list(self._registered()):
                self._reregister(registered, changes=False)
            self._add("rest", 0.0009)
        elif ending < 12:
            self._calm(drains=bool(self.below(2)))
            self._await()
        elif ending < 15 and self.capabilities & Capability.MULTI_THREAD:
            self._calm(drains=bool(self.below(2)))
            self._meanwhile()

    def _calm(self, *, drains: bool) -> None:
        """Take away what lawfully keeps a poller awake: level registrations that are ready. Edges and the fired stay."""
        for registered in list(self._registered()):
            label, is_level = registered.label, registered.trigger & Trigger.LEVEL
            if registered.file.kind == "user":
                self._add("set", label, Readiness(0))
            elif is_level and (registered.interest & W or not drains):
                self._add("deregister", label)
            elif drains:
                self._add("drain", label)
        self._add("settle", self.swarm.capacity)

    def _await(self) -> None:
        wait = self._pick((None, None, 0.12, 1.5, 86_400.0, 2_000_000.0))
        acts = list(self._acts())
        first = self.below(len(acts)) if acts else 0
        for act, label in acts[first:] + acts[:first]:
            if self._add("await", wait, act, label):
                return

    def _meanwhile(self) -> None:
        before = copy.deepcopy(self.slots)
        acts = self._gathered(_ELSEWHERE, 1 + self.below(3)) or ()
        if acts and all(act.verb in FROM_A_THREAD for act in acts):
            self.actions.append(Action("meanwhile", (self._pick((0.04, None, 1.5)), acts)))
        else:
            self.slots = before
        self._add("settle", self.swarm.capacity)

    def _acts(self) -> Iterator[tuple[str, int]]:
        if WAKER in self.slots.registrations:
            yield "wake", WAKER
        for registered in self._registered():
            file = registered.file
            if file.kind in ("user", "eventfd"):
                yield ("set" if file.kind == "user" else "send"), registered.label
            elif file.peer and file.peer.is_open:
                yield "send", file.peer.labels[0]


_CHOICES: dict[str, Callable[[_Drawing], None]] = {
    name: getattr(_Drawing, f"_choose_{name.replace(' ', '_')}") for name in _WEIGHTS
}
