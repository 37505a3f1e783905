"""Scenarios drawn by Hypothesis against the slots, so that they make sense.

A free list of random actions hardly ever registers, fires and rearms the same file. Here each step is drawn from what applies now:
first a verb by weight, then its arguments in one number. Three swarm decisions come first - which kinds of file, which triggers,
which verbs are off - because a scenario that does everything seldom does one thing thoroughly.

Hypothesis gives each scenario a seed, and the steps are drawn from a generator of that seed. Drawn one by one by Hypothesis they cost
some 35 us each, and of 500 scenarios 109 were copies of others, since it begins with small ones and goes on by mutating what it has;
we need none of it, for shrinking is `minimise.py`'s, by deletion, which works since every sub-sequence is a scenario.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from conformance.actions import Action
from conformance.choices import ALWAYS, CHOICES, ELSEWHERE, ONLY_FOR, WEIGHTS, Chooser
from conformance.draft import Swarm
from conformance.protocol import MAX_TOKEN, Capability, Interest, Readiness, Trigger
from conformance.scenario import Scenario
from conformance.slots import FROM_A_THREAD, WAKER

__all__ = ["scenarios", "stepwise"]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
MOST_STEPS = 24
_EXTREME_TOKENS = (0, 2**32, MAX_TOKEN, 2**32 + 1, 2**31, 2**63 - 2, 2**48)

_KINDS = (("unix",), ("tcp",), ("pipe",), ("eventfd",), ("listen", "fresh"), ("udp",), ("user",), ("user",))
"""What a scenario opens; the swarm takes two. No two kinds of file have as much to get wrong as user readiness has."""

_FAR = 6_906_609_342_611
"""Hypothesis also tries the integers that it finds in the modules at hand; no module has any so far out, so that equal seeds draw
equal scenarios whatever else is loaded."""
_PART = 1 << 16
"""A seed is drawn in parts, because of larger integers Hypothesis prefers the small ones."""


@st.composite
def scenarios(draw: st.DrawFn, capabilities: Capability) -> Scenario:
    """Draw one scenario for a poller that claims `capabilities`: mostly some 30 actions, ending in a settle."""
    seed = 0
    for _ in range(4):
        seed = seed * _PART + draw(_PARTS) - _FAR
    return _Drawing(random.Random(seed).randrange, capabilities).scenario()


@st.composite
def stepwise(draw: st.DrawFn, capabilities: Capability) -> Scenario:
    """Draw one scenario, each decision by Hypothesis: slower, and what shrinking and fuzzers that mutate bytes need."""
    return _Drawing(lambda n: draw(st.integers(0, n - 1)), capabilities).scenario()


_PARTS = st.integers(_FAR, _FAR + _PART - 1)


class _Drawing(Chooser):
    """One whole scenario: a swarm, steps, a settle and an ending."""

    def __init__(self, below: Callable[[int], int], capabilities: Capability) -> None:
        super().__init__(below, capabilities)
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

    def _swarm(self) -> Swarm:
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
            for index, (name, weight) in enumerate(WEIGHTS.items())
            if name in ALWAYS or not (off >> index % 16) & (off >> (index * 5 + 3) % 16) & 1
            if name not in ONLY_FOR or not opened.isdisjoint(ONLY_FOR[name])
            if name != "dispatch" or caps & Capability.DISPATCH
        )
        capacity = self._pick((None, None, None, 1, 2, 3)) if caps & Capability.MAX_EVENTS else None
        return Swarm(
            kinds=tuple(dict.fromkeys([*first, *second])),
            triggers=tuple(t for index, t in enumerate(triggers) if mask >> index & 1),
            capacity=capacity,
            weights=weights,
            tokens=_EXTREME_TOKENS if self.below(7) == 6 else (),
        )

    # ── steps ───────────────────────────────────────────────────────────────────────────────────────────────

    def _step(self) -> None:
        weights = self.swarm.weights
        ticket = self.below(sum(weight for _, weight in weights))
        for name, weight in weights:
            if ticket < weight:
                done = len(self.actions)
                CHOICES[name](self)
                if len(self.actions) == done:
                    self._choose_something()
                return
            ticket -= weight

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

    # ── endings ─────────────────────────────────────────────────────────────────────────────────────────────

    def _ending(self) -> None:
        """Two in three: rest - as it stands, with all deregistered and open, or calm - or be woken from a long wait."""
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
        elif ending < 13:
            self._calm(drains=bool(self.below(2)))
            self._await()
        elif ending < 19 and self.capabilities & Capability.MULTI_THREAD:
            self._calm(drains=bool(self.below(2)))
            self._meanwhile()

    def _calm(self, *, drains: bool) -> None:
        """Take away what lawfully keeps a poller awake: level registrations that are ready. Edges and the fired stay."""
        for registered in list(self._registered()):
            label, is_level = registered.label, registered.trigger & Trigger.LEVEL
            if registered.file.kind == "user":
                if is_level or drains:
                    self._add("set", label, Readiness(0))
            elif is_level and registered.is_enabled and (registered.interest & W or not drains):
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
        """Have another thread do some of what it may, and then make ready what was registered before."""
        plot, wait = self._pick(
            (
                (self._anything, None),
                (self._anything, 0.04),
                (self._news, None),
                (self._news, None),
                (self._edge, None),
                (self._retired, 0.04),
            )
        )
        touched = self._registered()
        if acts := plot():
            self.actions.append(Action("meanwhile", (wait, acts)))
            for registered in touched:
                self._make_ready(registered)
        self._add("settle", self.swarm.capacity)

    def _anything(self) -> Scenario | None:
        """What comes, to what there is."""
        self.only = FROM_A_THREAD
        acts = self._gathered([*(self._pick(ELSEWHERE) for _ in range(1 + self.below(3))), "send"])
        self.only = ()
        return acts

    def _news(self) -> Scenario | None:
        """One file becomes of interest: it is registered, rearmed, or asked for one direction more."""
        label = self._newcomer(is_readable=(is_new := bool(self.below(2))))
        if not is_new:
            trigger = self._pick(self.swarm.triggers)
            interest = R if trigger == Trigger.LEVEL else self._pick(self._interests(self.slots.kind(label)))
            self._add("register", label, self._new_token(), interest, trigger)
            self._add("settle", self.swarm.capacity)
        registered = self.slots.registrations.get(label)
        how = "register" if registered is None else "widen" if registered.is_enabled else "rearm"
        self.focus, self.only = (label,), FROM_A_THREAD
        acts = self._gathered([how])
        self.focus, self.only = (), ()
        return acts

    def _edge(self) -> Scenario | None:
        """An edge becomes ready: one that was told and is drained first, or one beside which another registration goes."""
        label = self._newcomer(is_readable=(was_told := bool(self.below(2))))
        others = self._registered()
        self._add("register", label, self._new_token(), R, self.swarm.triggers[-1] & ~Trigger.ONESHOT)
        self._add("settle", self.swarm.capacity)
        if not (registered := self.slots.registrations.get(label)):
            return None
        done, self.only = len(self.actions), FROM_A_THREAD
        if was_told:
            self._add("drain", label)
        elif others:
            self._add("deregister", others[0].label)
        self._make_ready(registered)
        self.only = ()
        return self._taken_back(done)

    def _retired(self) -> Scenario | None:
        """One file is given up, or its token is, and then it becomes ready."""
        quiet = [reg for reg in self._registered() if not self._is_ready(reg)]
        if not quiet:
            return None
        registered, done = self._pick(quiet), len(self.actions)
        if self.below(2):
            self._add("deregister", registered.label)
        else:
            self._add("reregister", registered.label, self._new_token(), registered.interest, registered.trigger)
        return self._taken_back(done)

    def _newcomer(self, *, is_readable: bool) -> int:
        """Open a file that is ready to write, and to read if so wanted; answer its label."""
        label = self._open()
        file = self.slots.files[label]
        if file.kind == "user":
            self._add("set", label, Readiness(3 if is_readable else 2))
        elif is_readable:
            self._add("send", label if file.kind == "eventfd" else label + 1, 1)
        return label

    def _acts(self) -> Iterator[tuple[str, int]]:
        if WAKER in self.slots.registrations:
            yield "wake", WAKER
        for registered in self._registered():
            file = registered.file
            if file.kind == "user" and registered.interest & R and not file.value & R:
                yield "set", registered.label
            elif file.kind == "eventfd":
                yield "send", registered.label
            elif file.peer and file.peer.is_open:
                yield "send", file.peer.labels[0]
