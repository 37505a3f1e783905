"""Registrars: pollers whose books are wrong - a registration that is lost, kept, refused or taken for another."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import Asked, Deaf, Wrapper, key_of
from conformance.protocol import Event, Interest, Source, Trigger

ONESHOT = Trigger.ONESHOT


@mutant("REG-01", "shadow/shadow #1623", "unix 1 2; register 1 7 r level; send 2 1; settle", "LVL-02", "LVL-04")
class SleepsAfterRegister(Deaf):
    """Under level, never tells of what was not ready when it was registered."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.is_edge or asked.before is not None or asked.was_ready(direction)


@mutant("REG-02", "hermit-os/kernel #2491", "unix 1 2; register 1 7 w level; settle", "LVL-02", "LVL-03")
class DoesNotSampleAtRegister(Deaf):
    """Under level, does not look when a file is registered: what is ready by then is never told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.is_edge or asked.before is not None or not asked.was_ready(direction)


@mutant("REG-05", "jolt-lang/jolt #653", "unix 1 2; register 1 7 r edge; reregister 1 7 rw edge; settle", "REG-15")
class IgnoresAddedInterest(Deaf):
    """Never tells a direction that a reregister has added."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.before is None or bool(direction & asked.before.interest)


@mutant(
    "REG-07", "mio:REG-07", "unix 1 2; register 1 7 w level+oneshot; reregister 1 7 w level; settle",
    "LVL-01", "LVL-03",
)  # fmt: skip
class KeepsOneshot(Wrapper):
    """A registration that was one-shot stays one-shot, whatever reregister says."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Put the old ONESHOT back in."""
        before = self.book.get(key_of(source))
        super().reregister(source, token, interest, trigger | ONESHOT if before and before.is_oneshot else trigger)


@mutant("REG-08", "libkqueue #58", "unix 1 2; reregister 1 7 w level; settle", "REG-02", "LVL-02")
class SwallowsStrayReregisters(Wrapper):
    """reregister of what is not registered returns as if it were done, and does nothing."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Say nothing to the refusal."""
        try:
            super().reregister(source, token, interest, trigger)
        except FileNotFoundError:
            return


@mutant(
    "REG-11", "mio #633, #1043", "unix 1 2; register 1 7 w level; deregister 1; register 1 7 w level; settle",
    "REG-02", "LVL-02",
)  # fmt: skip
class LosesWhatComesBack(Deaf):
    """A source that was deregistered keeps a mark of it, and is never told again."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.marked: list[object] = []

    def deregister(self, source: Source) -> None:
        """Leave the mark on the object, not on its number."""
        super().deregister(source)
        self.marked.append(source)

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.source not in self.marked


@mutant(
    "REG-12", "mio 1.2.2, mio:REG-23", "unix 1 2; register 1 7 w level; register 1 8 w level; settle",
    "REG-14", "REG-02",
)  # fmt: skip
class RefusesAndForgets(Wrapper):
    """A second register is refused, and takes the first registration with it."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Clean up after the refusal, too well."""
        try:
            super().register(source, token, interest, trigger)
        except FileExistsError:
            self.honest.deregister(source)
            raise


@mutant("REG-14", "netflector #27", "unix 1 2; register 1 7 w level; register 1 8 w level; settle", "TOK-04", "TOK-05")
class SwallowsSecondRegisters(Wrapper):
    """A second register returns as if it were done, and changes nothing."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Say nothing to the refusal."""
        try:
            super().register(source, token, interest, trigger)
        except FileExistsError:
            return


@mutant(
    "REG-15",
    "shadow/shadow #343",
    "unix 1 2; register 1 7 w edge; poll 0; reregister 1 7 w edge; rest 0.9ms",
)
class MakesNoEdgeAtReregister(Deaf):
    """A plain reregister of an edge on a ready file makes no event: the status has not changed."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        before = asked.before
        is_plain = before is not None and not before.is_oneshot and not asked.is_oneshot and asked.is_edge
        is_same = before is not None and before.interest == asked.interest and bool(before.told.get(direction))
        return not (is_plain and is_same and asked.was_ready(direction))


@mutant(
    "REG-16",
    "mio #342 (2016)",
    "unix 1 2; register 1 7 r level; reregister 1 7 r level; reregister 1 7 w level; settle",
    "REG-05",
    "REG-04",
)
class KeepsTheFirstOfTwo(Wrapper):
    """Of two reregisters without a poll between them, the first stays in force."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Drop what comes too soon after another."""
        before = self.book.get(key_of(source))
        if before is None or before.before is None or before.polls:
            super().reregister(source, token, interest, trigger)


@mutant(
    "REG-20", "asyncio remove_writer(), remove_reader()", "unix 1 2; register 1 7 rw level; reregister 1 7 w level; settle",
    "REG-05", "LVL-02",
)  # fmt: skip
class DropsTheKept(Deaf):
    """A reregister that gives up one direction silences the other as well."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        before = asked.before
        return before is None or not before.interest & ~asked.interest or bool(asked.interest & ~before.interest)


@mutant(
    "TOK-05", "rcore-os/tgoskits #314", "unix 1 2; register 1 7 w edge; reregister 1 8 w edge; settle", "REG-02",
    "EDG-02",
)  # fmt: skip
class DropsPendingAtNewToken(Deaf):
    """A reregister with another token throws away what was ready and not yet told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        before = asked.before
        return before is None or before.token == asked.token or asked.is_oneshot or not asked.was_ready(direction)


@mutant(
    "TOK-06", "mio:TOK-06, mio #184 (2015)",
    "unix 1 2; register 1 7 w level; deregister 1; register 2 7 w level; settle",
    "REG-02", "LVL-02",
)  # fmt: skip
class BuriesTokens(Deaf):
    """A token that was deregistered stays dead, also for another file."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.dead: dict[int, object] = {}

    def deregister(self, source: Source) -> None:
        """Note whose token it was."""
        asked = self.book.get(key_of(source))
        super().deregister(source)
        if asked is not None:
            self.dead[asked.token] = asked.source

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return bool(self.dead.get(asked.token, asked.source) == asked.source)


@mutant("TOK-02", "mio #556 (2017), mio:TOK-04", "unix 1 2; register 1 0 w level; settle", "REG-02", "LVL-02")
class TakesZeroForNone(Deaf):
    """Takes token 0 for no token, and tells nothing."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return bool(asked.token)


@mutant(
    "LIF-02",
    "socketry/io-event #71",
    "unix 1 2; register 1 7 w level; close 1; unix 3 4; register 3 8 w level; settle",
    "LIF-09",
    "REG-02",
)
class TrustsNumbers(Wrapper):
    """Takes a new file with an old number for the old one, and does not register it."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.cache: dict[object, Source] = {}

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Skip what the cache says is registered."""
        known = self.cache.setdefault(key_of(source), source)
        if known is source or known == source or not hasattr(source, "family"):
            super().register(source, token, interest, trigger)

    def deregister(self, source: Source) -> None:
        """Forget it in the cache as well."""
        super().deregister(source)
        self.cache.pop(key_of(source), None)


@mutant(
    "LIF-09",
    "mio #1604, #1687 (2022)",
    "unix 1 2; register 1 7 w level; close 1; unix 3 4; register 3 7 w level; settle",
    "LIF-02",
    "REG-02",
)
class KeepsTokensOfTheClosed(Deaf):
    """The token of a file that was closed without deregister stays with the closed file."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.owners: dict[int, object] = {}

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """The first owner keeps it until it deregisters."""
        super().register(source, token, interest, trigger)
        self.owners.setdefault(token, source)

    def deregister(self, source: Source) -> None:
        """Give its token back."""
        super().deregister(source)
        self.owners = {token: owner for token, owner in self.owners.items() if owner != source}

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return bool(self.owners.get(asked.token, asked.source) == asked.source)


@mutant(
    "REG-13", "mio #1222 (2020), jolt-lang/jolt #654", "eventfd 1; regular 2; register 2 8 r level; register 1 7 r level",
    "REG-18", only_real="the fake kernel has no regular files",
)  # fmt: skip
class SulksAfterRefusal(Wrapper):
    """After one refused call, the next register fails, too."""

    is_sulking = False

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Report the error of the call before."""
        if self.is_sulking:
            self.is_sulking = False
            raise OSError("an earlier change has failed")
        try:
            super().register(source, token, interest, trigger)
        except OSError:
            self.is_sulking = True
            raise


@mutant(
    "REG-02",
    "mio #276 (2015), jolt-lang/jolt #655",
    "unix 1 2; register 1 7 w level; regular 3; register 3 8 r level; settle",
    "REG-12",
    "LVL-02",
    only_real="the fake kernel has no regular files",
)
class DropsTheBatch(Deaf):
    """One refused register drops every registration that was made since the last poll."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Apply changes together, and fail together."""
        try:
            super().register(source, token, interest, trigger)
        except OSError:
            for asked in self.book.values():
                asked.is_lost |= not asked.polls
            raise

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not asked.is_lost
