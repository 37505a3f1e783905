"""ACTIONS: one frozen row per verb: its parameters, its text form, what it does.

An action is a verb and its arguments; in text `register 1 7 rw edge+oneshot`, in JSON the same line as a string. Labels (1, 2, ...)
name the fds of a scenario: the runner gives each whatever number the kernel hands out. When an action applies is `slots.py`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from conformance.protocol import MAX_TIMEOUT, MAX_TOKEN, Interest, Readiness, Trigger

__all__ = ["ACTIONS", "ACTS", "FAULT", "Action", "BadScenario", "Param", "Verb", "show_wait"]


class BadScenario(ValueError):
    """A line that is no action; the message names the line and says what it should be."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its name in help and docs, and its text form, both ways. `simplest` is where minimising aims."""

    name: str
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str
    optional: bool = False
    simplest: Any = None
    takes_rest: bool = False
    """The rest of the line is its text; only the last parameter may."""


_UNITS = {"us": Decimal("1e-6"), "ms": Decimal("1e-3"), "s": Decimal(1), "day": Decimal(86_400)}
"""In decimal, so that what is printed reads back to the very same float."""
_WAIT = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|day)")


def _parse_wait(text: str) -> float | None:
    if text in ("none", "0"):
        return None if text == "none" else 0.0
    parts = _WAIT.fullmatch(text)
    seconds = parts and float(Decimal(parts[1]) * _UNITS[parts[2]])
    if seconds is None or seconds > MAX_TIMEOUT:
        raise ValueError(f"{text!r} should be a wait: 0, none, or a number with us, ms, s or day, 2000000s at most")
    return seconds


def show_wait(seconds: float | None) -> str:
    """Print a timeout as scenarios spell it: `none`, `0`, `0.9ms`, `1.5s`, `1day`."""
    if not seconds:
        return "none" if seconds is None else "0"
    unit = "day" if seconds == _UNITS["day"] else "s" if seconds >= 1 else "ms"
    return f"{(Decimal(repr(seconds)) / _UNITS[unit]).normalize():f}{unit}"


def _flags(kind: type[Interest | Readiness], letters: str) -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    bits = {letter: kind(1 << index) for index, letter in enumerate(letters)}

    def parse(text: str) -> Any:
        value = kind(0)
        for letter in text.replace("-", ""):
            if letter not in bits:
                raise ValueError(f"{text!r} should be made of the letters {letters}")
            value |= bits[letter]
        return value

    def show(value: Any) -> str:
        return "".join(letter for letter, bit in bits.items() if value & bit) or "-"

    return parse, show


_TRIGGERS = {
    "level": Trigger.LEVEL,
    "edge": Trigger.EDGE,
    "level+oneshot": Trigger.LEVEL | Trigger.ONESHOT,
    "edge+oneshot": Trigger.EDGE | Trigger.ONESHOT,
}
_TRIGGER_NAMES = {trigger: name for name, trigger in _TRIGGERS.items()}


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} should be one of {', '.join(words)}")
        return text

    return parse


def _parse_trigger(text: str) -> Trigger:
    return _TRIGGERS[_one_of(*_TRIGGERS)(text)]


def _whole(name: str, low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"{text!r} should be a {name}: a whole number from {low} to {high}")
        return int(text)

    return parse


_LABEL = _whole("label", 0, 9_999)
A = Param("label", _LABEL)
B = Param("new label", _LABEL)
N = Param("bytes", _whole("number of bytes", 1, 1 << 20), simplest=1)
TIMES = Param("times", _whole("count", 1, 100_000), simplest=1)
TOKEN = Param("token", _whole("token", 0, MAX_TOKEN))
INTEREST = Param("interest", *_flags(Interest, "rwp"))
READINESS = Param("readiness", *_flags(Readiness, "rwpexy"))
TRIGGER = Param("trigger", _parse_trigger, _TRIGGER_NAMES.__getitem__)
WAIT = Param("wait", _parse_wait, show_wait)
SEED = Param("seed", _whole("seed", 0, 2**32 - 1))
CAPACITY = Param("max_events", _whole("capacity", 1, 1 << 20), optional=True, simplest=None)
HOW = Param("how", _one_of("rd", "wr", "rdwr"))
ACT = Param("act", _one_of("send", "wake", "set"))
_AND = " and "


def _parse_acts(text: str) -> tuple[Action, ...]:
    acts = tuple(map(Action.parse, text.split(_AND)))
    for act in acts:
        if act.row.polls:
            raise ValueError(f"{str(act)!r} polls, but what is done inside a poll should not")
    return acts


def _show_acts(acts: tuple[Action, ...]) -> str:
    return _AND.join(map(str, acts))


_FAULT = re.compile(r"(\w+(?:@[\w.-]+#\d+)?\[[1-9]\d*\])\s*=\s*(\w+(?:\([\w.#-]+\))?)")


def _parse_fault(text: str) -> str:
    parts = _FAULT.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} should be a site and a fault, like recv@label2#1[3] = arrive(2)")
    return f"{parts[1]} = {parts[2]}"


FAULT = Param("fault", _parse_fault, takes_rest=True)
"""Which sites and kinds there are is the fake kernel's to say."""
ACTS = Param("actions", _parse_acts, _show_acts, optional=True, takes_rest=True)


@dataclass(frozen=True, slots=True)
class Verb:
    """One row: the verb, its parameters, one sentence for people, and what it does to the slots (`opens`, `polls`)."""

    name: str
    params: tuple[Param, ...]
    says: str
    opens: tuple[int, ...] = ()
    """Which arguments are labels that this action brings into being."""
    polls: bool = False
    calls: bool = False
    """Calls the poller other than to poll."""


def _rows(*verbs: Verb) -> dict[str, Verb]:
    return {verb.name: verb for verb in verbs}


ACTIONS = _rows(
    Verb("unix", (B, B), "make a connected pair of AF_UNIX stream sockets", opens=(0, 1)),
    Verb("tcp", (B, B), "make a connected pair of TCP sockets on loopback, without Nagle's delay", opens=(0, 1)),
    Verb("udp", (B, B), "make two UDP sockets on loopback, each connected to the other", opens=(0, 1)),
    Verb("pipe", (B, B), "make a pipe: read end, write end", opens=(0, 1)),
    Verb("eventfd", (B,), "make an eventfd with counter 0", opens=(0,)),
    Verb("listen", (B,), "make a TCP listener on loopback", opens=(0,)),
    Verb("fresh", (B,), "make a TCP socket that is not connected", opens=(0,)),
    Verb("regular", (B,), "open a regular file, which epoll refuses", opens=(0,)),
    Verb("user", (B,), "ask the poller for a user source and its setter", opens=(0,), calls=True),
    Verb("faults", (SEED,), "let the fake kernel have the bad luck of this seed, from the first action on"),
    Verb("fault", (FAULT,), "let this fault fall: the n-th call of that name on the file that was first called so"),
    Verb("dup", (A, B), "duplicate an fd: two numbers, one file", opens=(1,)),
    Verb("connect", (A, A), "begin to connect a fresh socket to a listener"),
    Verb("refuse", (A,), "begin to connect a fresh socket to a port where nobody listens"),
    Verb("accept", (A, B), "accept one connection from a listener", opens=(1,)),
    Verb("send", (A, N), "write that many bytes (an eventfd: add that number)"),
    Verb("empty", (A,), "send a datagram of no bytes"),
    Verb("fill", (A,), "write until WouldBlock"),
    Verb("recv", (A, N), "read at most that many bytes, once"),
    Verb("peek", (A,), "look at the next byte and leave it there"),
    Verb("drain", (A,), "read until WouldBlock or end of stream (a listener: accept until WouldBlock)"),
    Verb("urgent", (A,), "send one byte of out-of-band data"),
    Verb("shutdown", (A, HOW), "shut down reading, writing or both"),
    Verb("reset", (A,), "close with SO_LINGER 0, so that the peer is reset"),
    Verb("close", (A,), "close an fd"),
    Verb("register", (A, TOKEN, INTEREST, TRIGGER), "call register", calls=True),
    Verb("reregister", (A, TOKEN, INTEREST, TRIGGER), "call reregister", calls=True),
    Verb("deregister", (A,), "call deregister", calls=True),
    Verb("set", (A, READINESS), "set the readiness of a user source", calls=True),
    Verb("waker", (TOKEN,), "ask the poller for its waker", calls=True),
    Verb("wake", (TIMES,), "call wake() that many times", calls=True),
    Verb("poll", (WAIT, CAPACITY), "call poll once; a wait of 60 ms or more only while something is owed", polls=True),
    Verb("settle", (CAPACITY,), "poll(0) until everything owed at the start was told, twice over", polls=True),
    Verb("rest", (WAIT,), "12 waits that should last, since nothing is owed", polls=True),
    Verb("await", (WAIT, ACT, A), "wait while another thread sends, wakes or sets after 20 ms", polls=True),
    Verb("dispatch", (WAIT, ACTS), "call poll_each once; the handler of its first event does these", polls=True),
    Verb("meanwhile", (WAIT, ACTS), "wait while another thread does these after 20 ms", polls=True),
    Verb("signals", (WAIT,), "wait once while a signal handler runs every few milliseconds", polls=True),
)
"""Verb -> row, in the order in which the documentation lists them."""


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a scenario: a verb of ACTIONS and its arguments, in the order of its parameters."""

    verb: str
    args: tuple[Any, ...] = ()

    @property
    def row(self) -> Verb:
        return ACTIONS[self.verb]

    @property
    def label(self) -> int:
        """The label that the action is about; only for verbs that have one."""
        for param, arg in zip(self.row.params, self.args, strict=True):
            if param.parse is _LABEL:
                return int(arg)
        raise ValueError(f"{self} is about no label")

    @property
    def labels(self) -> tuple[int, ...]:
        """Every label that the action names."""
        return tuple(arg for param, arg in zip(self.row.params, self.args, strict=True) if param.parse is _LABEL)

    def relabelled(self, labels: Mapping[int, int]) -> Action:
        """The same action on other files: old label -> new; what is done within it keeps its own."""
        args = (
            labels.get(arg, arg) if param.parse is _LABEL else arg
            for param, arg in zip(self.row.params, self.args, strict=True)
        )
        return Action(self.verb, tuple(args))

    @property
    def acts(self) -> tuple[Action, ...]:
        """What is done while it polls, by a handler or another thread."""
        return (self.args[-1] or ()) if self.row.params[-1] is ACTS else ()

    def __str__(self) -> str:
        shown = [
            param.show(arg)
            for param, arg in zip(self.row.params, self.args, strict=True)
            if arg is not None or not param.optional
        ]
        return " ".join([self.verb, *shown])

    @classmethod
    def parse(cls, line: str) -> Action:
        """Read one line.

        Raises:
            BadScenario: no such verb, a wrong number of arguments, or an argument of the wrong form.
        """
        verb, *words = line.split()
        row = ACTIONS.get(verb)
        if row is None:
            raise BadScenario(f"{line!r}: no verb {verb!r}; there are {', '.join(ACTIONS)}")
        rest = len(row.params) - 1
        if row.params and row.params[-1].takes_rest and len(words) > rest:
            words[rest:] = [" ".join(words[rest:])]
        least = sum(not param.optional for param in row.params)
        if not least <= len(words) <= len(row.params):
            form = " ".join(f"<{param.name}>" for param in row.params)
            raise BadScenario(f"{line!r} should read: {verb} {form}")
        try:
            args = [param.parse(word) for param, word in zip(row.params, words, strict=False)]
        except ValueError as error:
            raise BadScenario(f"{line!r}: {error}") from None
        return cls(verb, (*args, *[None] * (len(row.params) - len(words))))
