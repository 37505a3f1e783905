"""What a step of a drawn scenario may be: a table of choices, their weights, and what each does to the draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from conformance.actions import Action
from conformance.draft import Draft
from conformance.protocol import Capability, Interest, Readiness, Trigger
from conformance.scenario import Scenario
from conformance.slots import WAKER, Registration

__all__ = ["ALWAYS", "CHOICES", "ELSEWHERE", "ONLY_FOR", "WEIGHTS", "Chooser"]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
MOST_LABELS = 14

WEIGHTS = {
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
    "rearm": 12,
    "reregister": 6,
    "repeat": 5,
    "widen": 3,
    "ready": 4,
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
    "dispatch": 14,
    "rest": 1,
    "signals": 2,
}
"""Choice -> weight. `cycle` makes a file ready, not ready and ready again, `rearm` reregisters what may have fired, `repeat` reregisters
unchanged, `widen` adds a direction, `ready` makes ready what is not, `again` deregisters and registers, `stray` calls for what is not
there, `dispatch` puts other choices into a handler."""

_INSIDE = (
    "deregister",
    "deregister",
    "reregister",
    "rearm",
    "again",
    "drain",
    "drain",
    "close and reuse",
    "close and reuse",
    "close and reuse",
    "close",
    "register",
    "ready",
    "ready",
    "wake",
)
"""What a handler does."""
ELSEWHERE = (
    "deregister",
    "reregister",
    "widen",
    "widen",
    "widen",
    "rearm",
    "rearm",
    "register",
    "register",
    "register",
    "again",
    "again",
    "drain",
    "send",
)
"""What another thread does."""

ONLY_FOR = {
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

ALWAYS = ("open", "register", "send", "poll", "settle", "drain")
"""Choices that the swarm never switches off."""


class Chooser(Draft):
    """A draft with its choices; one that comes to nothing appends nothing."""

    def _choose_open(self) -> None:
        if self.next_label <= MOST_LABELS:
            self._open()

    def _open(self) -> int:
        """Open something of the scenario's kinds; answer its first label."""
        kind = self._pick(self.swarm.kinds)
        labels = [self._new_label() for _ in Action(kind).row.opens]
        self._add(kind, *labels)
        return labels[0]

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

    def _choose_register(self) -> None:
        if picked := self._product(self._free(), self.swarm.triggers):
            label, trigger = picked
            interest = self._pick(self._interests(self.slots.kind(label)))
            self._add("register", label, self._new_token(), interest, trigger)

    def _choose_rearm(self) -> None:
        """Rearm what may have fired: as it is, with something new to tell, with nothing left to tell, or turned to reading."""
        fired = [reg for reg in self._registered() if not reg.is_enabled]
        if picked := self._product(fired, (False, False, True), ("as it is", "ready", "unready", "turned")):
            registered, changes, how = picked
            if how == "turned":
                registered = replace(registered, interest=R)
            if how in ("ready", "turned"):
                self._make_ready(registered)
            elif how == "unready":
                self._make_unready(registered)
            self._reregister(registered, changes=changes)

    def _choose_reregister(self) -> None:
        if picked := self._product(self._registered()):
            self._reregister(picked[0], changes=True)

    def _choose_repeat(self) -> None:
        """Reregister unchanged; one in two times what is ready and was told."""
        if picked := self._product(self._edges_first(), (False, True)):
            registered, is_told = picked
            if is_told:
                self._make_ready(registered)
                self._choose_poll()
            self._reregister(registered, changes=False)

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

    def _choose_widen(self) -> None:
        """Ask for one direction more, and for nothing else."""
        narrow = [reg for reg in self._registered() if reg.interest in (R, W)]
        if picked := self._product(narrow):
            both = picked[0].interest | R | W
            if both in self._interests(self.slots.kind(picked[0].label)):
                self._add("reregister", picked[0].label, picked[0].token, both, picked[0].trigger)

    def _choose_ready(self) -> None:
        every = (reg for label, reg in self.slots.registrations.items() if label != WAKER)
        if picked := self._product([reg for reg in every if not self._is_ready(reg)]):
            self._make_ready(picked[0])

    def _edges_first(self) -> list[Registration]:
        """What is registered; three in four times the plain edges alone, which can lose more than what is looked at again."""
        registered = self._registered()
        edges = [reg for reg in registered if reg.trigger == Trigger.EDGE]
        return edges if edges and self.below(4) else registered

    def _choose_deregister(self) -> None:
        """Deregister; half of the time what has something to tell, which is then read all the same."""
        if picked := self._product(self._registered(), (False, True)):
            if picked[1]:
                self._make_ready(picked[0])
            self._add("deregister", picked[0].label)
            if picked[1]:
                self._add("drain", picked[0].label)

    def _choose_again(self) -> None:
        if picked := self._product(self._registered()):
            old = picked[0]
            self._add("deregister", old.label)
            self._add("register", old.label, self._new_token(), old.interest, self._pick(self.swarm.triggers))

    def _choose_cycle(self) -> None:
        if picked := self._product(self._edges_first(), (False, True), (True, False)):
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
            is_udp = self.slots.kind(picked[0]) == "udp"
            for _ in range(1 + self.below(2) if is_udp else 1):  # two datagrams have an order, which luck may change
                if is_udp and not self.below(4):
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
            old, label = picked[0], picked[0].label
            if old.file.kind == "user":
                return
            if self.below(3):
                self._add("deregister", label)
            self._give_up(label)
            heir = self.next_label
            self._choose_open()
            if heir in self.slots.files:
                interests = self._interests(self.slots.kind(heir))
                interest = old.interest if old.interest in interests else interests[0]
                self._add("register", heir, self._new_token(), interest, self._pick(self.swarm.triggers))

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
        for _ in range(1 + self.below(2)):  # two that wait have an order, too
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
            self._add("wake", 2_000 if not self.below(16) else 1 + self.below(2))

    def _choose_dup(self) -> None:
        files = [label for label in self._labels() if self.slots.kind(label) != "user"]
        if picked := self._product(files, (False, True)):
            label = self._new_label()
            self._add("dup", picked[0], label)
            if picked[1] and (interests := self._interests(self.slots.kind(label))):
                self._add("register", label, self._new_token(), self._pick(interests), self._pick(self.swarm.triggers))

    def _choose_dispatch(self) -> None:
        """Call handlers for some that are ready, as far as can be said, and have the first change something, mostly of theirs."""
        if len(self._registered()) < 2:
            self._choose_open()
            self._choose_register()
        # what is pending behind the first handler is what that can do harm to
        for registered in self._registered()[: 1 + self.below(3)]:
            self._make_ready(registered)
        ready = tuple(reg.label for reg in self._registered() if reg.is_enabled and self._is_ready(reg))
        self.focus = self._pick((ready, ready[1:] or ready, ready[1:] or ready, ()))
        inside = self._gathered(self._pick(_INSIDE) for _ in range(self._pick((0, 1, 1, 2, 2, 3))))
        self.focus = ()
        self.actions.append(Action("dispatch", (self._pick((0.0, 0.0, 0.0, None)), inside)))
        self._estimate_fired()
        # a debt that the handler has left behind is seen by who looks for it before anything else happens
        if after := self.below(3):
            self._choose_settle()
        for registered in self._registered() if after == 1 else ():
            self._make_ready(registered)

    def _gathered(self, choices: Iterable[str]) -> Scenario | None:
        """Make these choices, and take back what they appended, so that it can be done within a step."""
        done = len(self.actions)
        for name in choices:
            CHOICES[name](self)
        return self._taken_back(done)

    def _taken_back(self, done: int) -> Scenario | None:
        taken = tuple(action for action in self.actions[done:] if not action.row.polls)
        del self.actions[done:]
        return taken or None

    def _choose_rest(self) -> None:
        self._add("rest", 0.0009)

    def _choose_signals(self) -> None:
        self._add("signals", 0.02)


CHOICES: dict[str, Callable[[Chooser], None]] = {
    name: getattr(Chooser, f"_choose_{name.replace(' ', '_')}") for name in WEIGHTS
}
