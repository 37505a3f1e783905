"""Amnesiacs: pollers that forget what is still owed - a repetition, an edge, a one-shot."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import SOCKETS, Asked, Deaf, R, W, Wrapper, bits_of, inode, key_of, remove
from conformance.protocol import Event, Interest, Source, Trigger

LEVEL, EDGE, ONESHOT = Trigger

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


@mutant("EDG-01", "shadow/shadow #1623", "unix 1 2; register 1 7 r edge; send 2 1; settle", "REG-01", "EDG-05")
class MissesTheFirstEdge(Deaf):
    """Under edge, does not tell the first time that a file becomes ready."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        if not asked.is_plain_edge or asked.is_lost or asked.was_ready(direction):
            return True
        asked.is_lost = True
        return False


@mutant("EDG-02", "mio #533 (2017)", "unix 1 2; register 1 7 w edge; settle", "REG-02", "EDG-06")
class WaitsForAChange(Deaf):
    """Under edge, what is ready at register is no edge."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_first = asked.before is None and not asked.polls
        return not (asked.is_plain_edge and is_first and asked.was_ready(direction))


@mutant(
    "EDG-03", "mio #1078, #1082 (2019)", "unix 1 2; register 1 7 r edge; send 2 1; poll 0; drain 1; send 2 1; settle",
    "EDG-07", "EDG-04",
)  # fmt: skip
class TellsOneEdge(Deaf):
    """WouldBlock does not arm: an edge is told once per registration and direction."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_plain_edge and asked.told.get(direction))


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
        return not (asked.is_plain_edge and asked.polls and bits_of(asked.last) & direction)


@mutant(
    "EDG-05", "mio #1895 (2025)", "unix 1 2; register 1 7 r edge; poll 0; drain 1; send 2 1; settle", "EDG-01", "EDG-03"
)
class ArmsOnlyAfterAnEvent(Deaf):
    """WouldBlock arms only where an event was told before."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_plain_edge and not asked.told and asked.unready & direction)


@mutant("EDG-06", "mio #1370 (2020)", "unix 1 2; register 1 7 rw edge; poll 0; send 2 1; settle", "EDG-01", "REG-01")
class DisarmsBothDirections(Deaf):
    """Under edge, an event for writing disarms reading."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_plain_edge and direction is R and asked.told.get(W) and not asked.told.get(R))


@mutant(
    "EDG-07", "mio #725 (2017)", "unix 1 2; register 1 7 w edge; poll 0; fill 1; drain 2; settle", "EDG-03", "PIP-04"
)
class ForgetsBackPressure(Deaf):
    """Under edge, room after a full buffer is not told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_plain_edge and direction is W and asked.told.get(W))


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
        return not (is_peekable and is_untold and asked.is_plain_edge)


@mutant("EDG-12", "mio:LVL-10", "unix 1 2; register 1 7 w level; reregister 1 7 w edge; settle", "REG-07", "REG-02")
class DropsPendingAtEdge(Deaf):
    """When a level registration is made edge, what was ready is taken for told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_changed = asked.before is not None and asked.before.is_level and asked.is_plain_edge
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
