"""Pollers that misbehave, addressed as `tests.conformance.pollers:Name`: each is raw epoll but for one thing."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from typing import Any

from conformance.protocol import Capability, Event, HasFileno, Interest, Readiness, Trigger
from impl.adapters.raw_epoll import EpollPoller
from impl.adapters.reference import ReferencePoller

METHODS = ("register", "reregister", "deregister", "poll", "close")
ANSWERS: dict[str, Any] = {
    "none": None,
    "tuple": ((7, 1),),
    "strings": ["ab"],
    "bools": [(True, 1)],
    "floats": [(7, 1.0)],
    "unknown_bits": [(7, 64)],
    "long": [(7, 1, 2)],
    "lists": [[7, 1]],
    "plain": [(7, 1)],
}


class Hangs(EpollPoller):
    """Sleeps through everything."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        select.select([], [], [])
        raise AssertionError("the end of time")


class HangsInRegister(EpollPoller):
    """Never comes back from register."""

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        select.select([], [], [])


class HangsInClose(EpollPoller):
    """Never comes back from close."""

    def close(self) -> None:
        select.select([], [], [])


class Aborts(EpollPoller):
    """Takes the process with it."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        os.abort()


class Leaves(EpollPoller):
    """Ends the process in good order."""

    def reregister(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        os._exit(0)


class Hoards(EpollPoller):
    """Opens fds with each poll, to the last, and keeps them."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        self.hoard = []
        while True:
            self.hoard.append(os.dup(self._epoll.fileno()))


class HoardsQuietly(Hoards):
    """The same, and says nothing of it."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        try:
            return super().poll(timeout, max_events)
        except OSError:
            return []


class Leaks(EpollPoller):
    """Leaves one fd behind."""

    def close(self) -> None:
        os.dup(self._epoll.fileno())
        super().close()


class LetsGo(EpollPoller):
    """Leaves its fd to the collector: untidy, and yet nothing is lost."""

    def close(self) -> None:
        ring: list[object] = [self._epoll]
        ring.append(ring)
        del self._epoll


class ClosesAll(EpollPoller):
    """Closes every fd there is, those of the harness among them."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        os.closerange(3, 1 << 16)
        return []


class ClosesSources(EpollPoller):
    """Closes what it watched."""

    def deregister(self, source: HasFileno) -> None:
        super().deregister(source)
        os.close(source.fileno())


class MakesBlocking(EpollPoller):
    """Takes O_NONBLOCK away."""

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        super().register(source, token, interest, trigger)
        os.set_blocking(source.fileno(), True)


class TakesBytes(EpollPoller):
    """Reads to find out."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        for fd in self._asked:
            os.read(fd, 1)
        return super().poll(timeout, max_events)


class Listens(EpollPoller):
    """Keeps what it was asked, and says nothing; `calls` is of the class, for the poller is gone when it is read."""

    capabilities = Capability.LEVEL
    calls: list[tuple[Any, ...]] = []  # noqa: RUF012 - see above

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        self.calls.append(("register", source))

    def deregister(self, source: HasFileno) -> None:
        self.calls.append(("deregister", source))

    def poll(self, *asked: Any) -> list[Event]:
        self.calls.append(("poll", *asked))
        return []


class Boasts(EpollPoller):
    """Claims a waker that it does not have."""

    capabilities = EpollPoller.capabilities | Capability.WAKE


class Forgets(ReferencePoller):
    """Its setters answer what was set first."""

    def user_readiness(self) -> Any:
        source, _ = super().user_readiness()
        return source, Stubborn()


class Stubborn:
    """A setter that is impressed only once."""

    def __init__(self) -> None:
        self.value: Readiness | None = None

    def set(self, readiness: Readiness) -> None:
        self.value = readiness if self.value is None else self.value

    def get(self) -> Readiness | None:
        return self.value


class LosesWhatIsLate(EpollPoller):
    """Forgets what came while it waited, unless it waited long: without faults nothing comes so soon, but not at once."""

    fake_modules = ("impl.adapters.raw_epoll",)

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        began = time.monotonic()
        events = super().poll(timeout, max_events)
        return [] if 30e-6 < time.monotonic() - began < 15e-3 else events


class SpinsOnce(LosesWhatIsLate):
    """Never comes back from a wait of 7 ms, whatever kernel it lives on."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        while timeout == 0.007:
            pass
        return super().poll(timeout, max_events)


def __getattr__(name: str) -> Callable[[], EpollPoller]:
    """`raises_in_poll` raises TypeError there, `exits_in_poll` SystemExit; `answers_none` returns None from poll."""
    verb, _, what = name.partition("_")
    if verb == "answers" and what in ANSWERS:
        return lambda: _with("poll", lambda *_: ANSWERS[what])
    method = what.removeprefix("in_")
    if verb in ("raises", "exits") and method in METHODS:
        return lambda: _with(method, _raiser(TypeError if verb == "raises" else SystemExit))
    raise AttributeError(name)


def _with(method: str, function: Callable[..., Any]) -> EpollPoller:
    poller = EpollPoller()
    setattr(poller, method, function)
    return poller


def _raiser(kind: type[BaseException]) -> Callable[..., Any]:
    def function(*_: object) -> None:
        raise kind("out of luck")

    return function


_made: list[EpollPoller] = []


def tires() -> EpollPoller:
    """A factory that makes two pollers in a process and no more."""
    if len(_made) == 2:
        raise RuntimeError("tired")
    _made.append(EpollPoller())
    return _made[-1]


class DiesLater(EpollPoller):
    """Leaves a thread behind that ends the process once there is a file of the name in the environment variable `DIES_WHEN`."""

    def close(self) -> None:
        super().close()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while not os.path.exists(os.environ["DIES_WHEN"]):
            time.sleep(0.01)
        os._exit(0)


class Forks(EpollPoller):
    """Lets both of itself go on after each poll."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        os.fork()
        return super().poll(timeout, max_events)


class LeavesDaemons(EpollPoller):
    """Starts a process in a session of its own with each poller, and never ends it."""

    def __init__(self) -> None:
        super().__init__()
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
