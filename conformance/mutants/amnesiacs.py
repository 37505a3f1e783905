"""Amnesiacs: pollers that forget what is still owed - an edge, a repetition, a one-shot, a registration."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import SOCKETS, Asked, Deaf, R, W, Wrapper, bits_of, inode, key_of, remove
from conformance.protocol import Event, Interest, Source, Trigger

LEVEL, EDGE, ONESHOT = Trigger

# ── registering ─────────────────────────────────────────────────────────────────────────────────────────────────


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
        self.gone: list[object] = []

    def deregister(self, source: Source) -> None:
        """Leave the mark on the object, not on its number."""
        super().deregister(source)
        self.gone.append(source)

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.source not in self.gone


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
        return asked.source is None or self.dead.get(asked.token, asked.source) == asked.source


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
        return self.owners.get(asked.token, asked.source) == asked.source


@mutant(
    "REG-13", "mio #1222 (2020), jolt-lang/jolt #654", "eventfd 1; regular 2; register 2 8 r level; register 1 7 r level",
    "REG-18",
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


# ── level ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _held(asked: Asked, direction: Interest) -> bool:
    """A level registration that was told, and has been ready ever since, as far as polls could see."""
    is_level = asked.is_level and not asked.is_oneshot
    return is_level and bool(asked.told.get(direction) and bits_of(asked.last) & direction)


@mutant("LVL-01", "shadow/shadow #169", "unix 1 2; register 1 7 r level; send 2 1; settle", "DGR-03", "USR-05")
class TellsReadableOnce(Deaf):
    """Under level, tells readable once for as long as it lasts."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (direction is R and _held(asked, direction))


@mutant("LVL-03", "shadow/shadow #169", "unix 1 2; register 1 7 w level; settle", "LVL-01", "DGR-02")
class TellsWritableOnce(Deaf):
    """Under level, tells writable once for as long as it lasts."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (direction is W and _held(asked, direction))


@mutant(
    "LVL-04",
    "rcore-os/tgoskits #504",
    "unix 1 2; register 1 7 r level; send 2 1; poll 0; drain 1; poll 0; send 2 1; settle",
    "LVL-01",
    "DGR-01",
)
class LosesTheDrained(Deaf):
    """A level registration that was told, and that a poll then finds drained, never comes back."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.is_edge or not asked.is_lost

    def take_note(self, told: list[Event]) -> None:
        """Take the drained ones off the list."""
        super().take_note(told)
        for asked in self.book.values():
            asked.is_lost |= bool(asked.told and not bits_of(asked.last) & asked.interest)


@mutant("LVL-08", "mio:LVL-10", "unix 1 2; register 1 7 w edge; reregister 1 7 w level; settle", "REG-07", "LVL-01")
class StaysEdge(Wrapper):
    """A registration that was edge stays edge, whatever reregister says."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Put the old EDGE back in."""
        before = self.book.get(key_of(source))
        if before is not None and before.is_edge:
            trigger = trigger & ~LEVEL | EDGE
        super().reregister(source, token, interest, trigger)


# ── edge ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_plain_edge(asked: Asked) -> bool:
    return asked.is_edge and not asked.is_oneshot and asked.source is not None


@mutant("EDG-01", "shadow/shadow #1623", "unix 1 2; register 1 7 r edge; send 2 1; settle", "REG-01", "EDG-05")
class MissesTheFirstEdge(Deaf):
    """Under edge, does not tell the first time that a file becomes ready."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        if not _is_plain_edge(asked) or asked.is_lost or asked.was_ready(direction):
            return True
        asked.is_lost = True
        return False


@mutant("EDG-02", "mio #533 (2017)", "unix 1 2; register 1 7 w edge; settle", "REG-02", "EDG-06")
class WaitsForAChange(Deaf):
    """Under edge, what is ready at register is no edge."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_first = asked.before is None and not asked.polls
        return not (_is_plain_edge(asked) and is_first and asked.was_ready(direction))


@mutant(
    "EDG-03", "mio #1078, #1082 (2019)", "unix 1 2; register 1 7 r edge; send 2 1; poll 0; drain 1; send 2 1; settle",
    "EDG-07", "EDG-04",
)  # fmt: skip
class TellsOneEdge(Deaf):
    """WouldBlock does not arm: an edge is told once per registration and direction."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_is_plain_edge(asked) and asked.told.get(direction))


@mutant(
    "EDG-04",
    "rcore-os/tgoskits #1034",
    "unix 1 2; register 1 7 r edge; send 2 1; poll 0; drain 1; send 2 1; settle",
    "EDG-03",
    "EDG-07",
)
class ComparesSamples(Deaf):
    """Takes for an edge only what differs from the last poll: drained and ready again in between is lost."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_is_plain_edge(asked) and asked.polls and bits_of(asked.last) & direction)


@mutant(
    "EDG-05", "mio #1895 (2025)", "unix 1 2; register 1 7 r edge; poll 0; drain 1; send 2 1; settle", "EDG-01", "EDG-03"
)
class ArmsOnlyAfterAnEvent(Deaf):
    """WouldBlock arms only where an event was told before."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_is_plain_edge(asked) and not asked.told and asked.unready & direction)


@mutant("EDG-06", "mio #1370 (2020)", "unix 1 2; register 1 7 rw edge; poll 0; send 2 1; settle", "EDG-01", "REG-01")
class DisarmsBothDirections(Deaf):
    """Under edge, an event for writing disarms reading."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_is_plain_edge(asked) and direction is R and asked.told.get(W) and not asked.told.get(R))


@mutant(
    "EDG-07", "mio #725 (2017)", "unix 1 2; register 1 7 w edge; poll 0; fill 1; drain 2; settle", "EDG-03", "PIP-04"
)
class ForgetsBackPressure(Deaf):
    """Under edge, room after a full buffer is not told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_is_plain_edge(asked) and direction is W and asked.told.get(W))


@mutant(
    "EDG-11",
    "mio #1755, tokio #3789 (2021)",
    "unix 1 2; register 1 7 r edge; peek 1; send 2 1; settle",
    "EDG-01",
    "EDG-05",
)
class IgnoresPeeks(Deaf):
    """A socket on which nothing was told yet is not armed by a peek that meets WouldBlock."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_peekable = asked.kind in SOCKETS and asked.kind != "listener"
        is_untold = direction is R and not asked.told.get(R) and not asked.was_ready(R)
        return not (is_peekable and is_untold and _is_plain_edge(asked))


@mutant("EDG-12", "mio:LVL-10", "unix 1 2; register 1 7 w level; reregister 1 7 w edge; settle", "REG-07", "REG-02")
class DropsPendingAtEdge(Deaf):
    """When a level registration is made edge, what was ready is taken for told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_changed = asked.before is not None and asked.before.is_level and _is_plain_edge(asked)
        return not (is_changed and not asked.polls and asked.was_ready(direction))


@mutant(
    "LIF-07", "gramine #80", "unix 1 2; dup 1 3; register 1 7 w level; register 3 8 w level; settle", "REG-02", "LVL-02"
)
class HearsOneOfTwoDups(Deaf):
    """Of two fds of one file, tells of the first only."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        twins = [other for other in self.book.values() if _name_of(other) == _name_of(asked)]
        return not _name_of(asked) or twins[0] is asked


@mutant(
    "LIF-08",
    "asterinas #1277, mio:LIFE-06",
    "unix 1 2; dup 1 3; register 1 7 r edge; register 3 8 r edge; drain 3; send 2 1; settle",
    "LIF-07",
    "EDG-05",
)
class TellsTheLastDup(Deaf):
    """Under edge, of two fds of one file only the last registered is woken."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        twins = [other for other in self.book.values() if _name_of(other) == _name_of(asked)]
        return not _name_of(asked) or asked.is_level or twins[-1] is asked


def _name_of(asked: Asked) -> object:
    """What dups of one socket have in common."""
    if asked.kind not in ("unix", "tcp", "udp") or asked.source.fileno() < 0:
        return None
    return inode(asked.source.fileno())


# ── one-shot ────────────────────────────────────────────────────────────────────────────────────────────────────


@mutant("ONE-03", "mio #351, #911", "unix 1 2; register 1 7 w edge+oneshot; poll 0; deregister 1", "REG-13", "ONE-04")
class RemovesTheFired(Wrapper):
    """A one-shot that has fired is removed, not disabled."""

    def take_note(self, told: list[Event]) -> None:
        """Take the fired ones out."""
        super().take_note(told)
        for asked in list(self.book.values()):
            if asked.has_fired and asked.source is not None and not asked.is_lost:
                asked.is_lost = True
                remove(self.honest, asked.source)


@mutant(
    "ONE-04",
    "shadow/shadow #349",
    "unix 1 2; register 1 7 w edge+oneshot; poll 0; reregister 1 7 w edge+oneshot; settle",
    "ONE-06",
    "LSN-05",
)
class DoesNotRearm(Deaf):
    """reregister does not enable a one-shot that has fired."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not asked.is_rearmed


@mutant(
    "ONE-05",
    "mio #394 (2016)",
    "unix 1 2; register 1 7 w edge+oneshot; poll 0; send 2 1; reregister 1 7 r edge+oneshot; settle",
    "ONE-04",
    "EOF-08",
)
class SleepsWhileDisabled(Deaf):
    """What became ready while a one-shot was disabled is not told after reregister."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        before = asked.before
        is_gained = before is not None and asked.was_ready(direction) and not bits_of(before.fired_mask) & direction
        return not (asked.is_rearmed and is_gained)


@mutant(
    "ONE-06",
    "shadow/shadow #349",
    "unix 1 2; register 1 7 w edge+oneshot; poll 0; reregister 1 7 w edge+oneshot; settle",
    "ONE-04",
    "LSN-05",
)
class RemembersWhatItTold(Deaf):
    """A one-shot that is reregistered without being drained is not told again."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        before = asked.before
        is_undrained = before is not None and asked.was_ready(direction) and before.fired_mask & asked.mask
        return not (asked.is_rearmed and is_undrained)


@mutant("ONE-10", "mio:ONE-12", "unix 1 2; register 1 7 r edge+oneshot; poll 0; send 2 1; settle", "REG-01", "ONE-04")
class FiresOnEmptyPolls(Deaf):
    """A poll that has nothing to tell disables a one-shot."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_oneshot and asked.polls)


# ── too many at once ────────────────────────────────────────────────────────────────────────────────────────────


class Overflowing(Wrapper):
    """Harvests everything, keeps what fits, and forgets some of the rest."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Cut off what does not fit."""
        events = super().harvest(timeout, None)
        limit = len(events) if max_events is None else max_events
        for token, _ in events[limit:]:
            asked = self.of(token)
            if asked is None or asked.source is None:
                continue
            if self.forgets(asked):
                asked.is_lost = True
            else:
                self.rearm(asked)
        return events[:limit]

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """What was forgotten stays so."""
        return [] if asked.is_lost else [event]

    def forgets(self, asked: Asked) -> bool:
        """Whether an event of `asked` that did not fit is lost."""
        raise NotImplementedError


@mutant("CAP-02", "mio:POLL-13", "unix 1 2; register 1 7 w level; register 2 8 w level; settle 1", "CAP-03", "EDG-10")
class ForgetsTheOverflow(Overflowing):
    """What did not fit into max_events is off the list for good."""

    def forgets(self, asked: Asked) -> bool:
        return True


@mutant("EDG-10", "mio:EDGE-16", "unix 1 2; register 1 7 w edge; register 2 8 w edge; settle 1", "CAP-02", "EDG-02")
class LosesOverflowingEdges(Overflowing):
    """An edge that did not fit into max_events is lost."""

    def forgets(self, asked: Asked) -> bool:
        return _is_plain_edge(asked)


@mutant(
    "ONE-07", "mio:ONE-09", "unix 1 2; register 1 7 w edge+oneshot; register 2 8 w edge+oneshot; settle 1",
    "CAP-02", "CAP-05",
)  # fmt: skip
class FiresTheOverflow(Overflowing):
    """A one-shot is disabled when it is queued: one that did not fit into max_events is never told."""

    def forgets(self, asked: Asked) -> bool:
        return asked.is_oneshot
