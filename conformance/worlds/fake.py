"""The fake world: the files, the clock and the threads of a `fakepoll` kernel. The only module that imports it.

Each scenario gets a kernel of its own, and the poller is constructed while its modules live on it. What another thread does is an
action scheduled on the virtual clock; a call that can never return is a `Deadlock`, known at once, where the real world has to wait.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any

import fakepoll
from conformance.history import Masks
from conformance.luck import Luck
from conformance.protocol import Capability, Interest, Trigger
from conformance.worlds import Outcome, Source, World
from conformance.worlds.handle import Handle
from fakepoll.faults import KINDS, LEGAL, NO_ROOM, Decider, Fault, Site, profile
from fakepoll.schedule import Written

__all__ = ["FakeWorld", "density_of", "judged_kinds", "opened", "reaches"]

_ASIDE = 900
_DENSITIES = (15, 7, 3, 1, 0)


class FakeWorld(World):
    """Files of one fake kernel."""

    name = "fake"
    stuck = (fakepoll.Deadlock, fakepoll.Livelock)
    unmodelled = (fakepoll.NotModelled,)
    harmless = ("arrive", "late", "late_room", "room", "slow", "wake", "first", "signal")
    """Faults under which every byte still arrives, in order."""
    lacks = MappingProxyType({"regular": "the fake kernel has no regular files"})

    def __init__(self, kernel: fakepoll.Kernel, refused: Mapping[str, str] = MappingProxyType({})) -> None:
        self.kernel = kernel
        self._refused = refused
        """Written faults that cannot fall here, and why."""
        self._named: dict[tuple[int, int], None] = {}
        self.aside = kernel.fds.first + _ASIDE
        super().__init__(kernel)

    def now_ns(self) -> int:
        return self.kernel.time.monotonic_ns()

    def later(self, delay_s: float, act: Callable[[], None]) -> Callable[[], None]:
        is_done = False

        def once() -> None:
            nonlocal is_done
            is_done = True
            # a thread, for a loop may ask in which one it is called; the clock stands still until it is done
            thread = threading.Thread(target=act, daemon=True)
            thread.start()
            thread.join()

        def join() -> None:
            if not is_done:
                self.kernel.time.sleep(delay_s)

        self.kernel.schedule(round(delay_s * 1e9), once)
        return join

    def signals(self, every_s: float, times: int) -> Callable[[], None]:
        is_over = False
        before = self.kernel.signal.signal(signal.SIGALRM, lambda _number, _frame: None)

        def deliver() -> None:
            if not is_over:
                self.kernel.signal.raise_signal(signal.SIGALRM)

        def stop() -> None:
            nonlocal is_over
            is_over = True
            self.kernel.signal.signal(signal.SIGALRM, before)

        for turn in range(1, times + 1):
            self.kernel.schedule(round(turn * every_s * 1e9), deliver)
        return stop

    def quietly(self) -> AbstractContextManager[None]:
        return self.kernel.muted()

    def exposed(self) -> AbstractContextManager[None]:
        return self.kernel.fault_scope()

    def trusts_bytes(self) -> bool:
        return self.kernel.faults is None or all(fault.kind in self.harmless for _, fault in self.kernel.fired)

    def is_prompt(self) -> bool:
        return self.kernel.faults is None

    def fault(self, line: str) -> Outcome:
        """The kernel was made with it; nothing is left to do."""
        if line in self._refused:
            raise fakepoll.NotModelled(self._refused[line])
        return Outcome()

    def _open(self, label: int, handle: Handle) -> Outcome:
        """As every world; and call the file after its first label, which no other step changes, for the sites of faults."""
        opened = super()._open(label, handle)
        if self.kernel.faults is not None and handle.identity not in self._named:
            self._named[handle.identity] = None
            self.kernel.name(handle.fd, f"label{label}")
        return opened

    def masks(self, labels: Iterable[int]) -> Masks:
        """As on any world, but nobody need be asked by a call: half of the calls of a scenario would be these."""
        handles = self.handles
        return self.kernel.shows({label: handles[label].fd for label in labels})

    def numbers(self) -> list[int]:
        return [fd for fd, _ in self.kernel.fds.items()]


def judged_kinds() -> tuple[str, ...]:
    """The kinds of fault under which pollers are judged: the legal ones, but for full tables.

    Those fall on opening calls; here they would hit the harness, which opens the scenario's files, and no poller.
    """
    return tuple(name for name in profile(LEGAL) if KINDS[name].family != NO_ROOM)


def density_of(seed: int) -> int:
    """How many choices of "nothing" stand before the faults of a seed: few, for a scenario has some twenty sites and no more."""
    return _DENSITIES[seed % len(_DENSITIES)]


class _Teller:
    """Who decides on the faults of one scenario, and tells of those that fall."""

    def __init__(self, luck: Luck, schedule: fakepoll.Schedule, tell: Callable[[str], None]) -> None:
        decider: Decider = Written(schedule) if luck.seed is None else _drawn(luck.seed)
        self.decide = decider.decide
        self._tell = tell

    def fell(self, site: Site, fault: Fault) -> None:
        """As `fakepoll.faults.Decider` has it."""
        self._tell(f"{site} = {fault}")


def _schedule(lines: Iterable[str]) -> tuple[fakepoll.Schedule, Mapping[str, str]]:
    """Read written faults; those that no poller is judged under are left out, with the reason."""
    kinds, good, refused = judged_kinds(), fakepoll.Schedule(), dict[str, str]()
    for line in lines:
        try:
            ((_, fault),) = fakepoll.Schedule.parse(line)
            if fault.kind not in kinds:
                raise ValueError(f"pollers are judged under {', '.join(kinds)}")
            good = fakepoll.Schedule.parse(f"{good}{line}")
        except ValueError as error:
            refused[line] = str(error)
    return good, refused


def _drawn(seed: int) -> fakepoll.Drawn:
    return fakepoll.Drawn(seed, kinds=judged_kinds(), density=density_of(seed))


@contextmanager
def opened(
    modules: Sequence[str],
    profiles: Sequence[str],
    luck: Luck | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[FakeWorld]:
    """Put a new kernel's stand-ins into `modules` and the loops of `profiles`, and give its world.

    Args:
        modules: exact names: the factory's own module and its `fake_modules`.
        profiles: its `fake_profiles`.
        luck: the faults that fall on what the scenario opens; None if none do.
        tell: is called with each fault that falls, in the spelling of a `fault` action.
    """
    schedule, refused = _schedule(() if luck is None else luck.faults)
    kernel = fakepoll.Kernel(faults=None if luck is None else _Teller(luck, schedule, tell), trace=False)
    with fakepoll.patched(kernel, modules=modules, profiles=profiles):
        with kernel.muted():
            world = FakeWorld(kernel, refused)
        yield world
        kernel.close()


def reaches(make: Callable[[], Any], modules: Sequence[str], profiles: Sequence[str]) -> bool:
    """Whether a poller that `make()` constructs asks the fake kernel when it is polled, and not Linux behind its back.

    It is given an fd whose number does not exist outside: a call that escapes fails with EBADF. Whatever else the poller raises is
    passed on, and nothing is closed: the process in which this is called should have no further use.
    """
    kernel = fakepoll.Kernel(first_fd=1 << 20)
    with fakepoll.patched(kernel, modules=modules, profiles=profiles):
        poller = make()
        asked = len(kernel.trace)
        try:
            trigger = Trigger.LEVEL if poller.capabilities & Capability.LEVEL else Trigger.EDGE
            poller.register(Source(kernel.os.eventfd(1)), 1, Interest.READABLE, trigger)
            poller.poll(0.0)
        except (OSError, ValueError, KeyError):
            return len(kernel.trace) > asked + 1
    return len(kernel.trace) > asked
