"""Handles: an open file of a scenario, and the byte streams that run through it.

Every byte stream carries a known pattern, so a byte that a poller took, or one that was lost, shows at the next read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Handle", "Outcome", "Source", "Stream"]

_PATTERN = bytes(range(251)) * 600
_PERIOD = 251


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action on files came to, in the words of `history.Did`."""

    outcome: str = "ok"
    opened: tuple[int, ...] = ()
    """The labels that it opened."""
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A source that is no socket: any object with `fileno()` will do."""

    fd: int

    def fileno(self) -> int:
        return self.fd


@dataclass(slots=True)
class Stream:
    """What is on its way in one direction: bytes, datagrams, or the counts of an eventfd.

    `is_sure` says of each read whether what comes must be what was sent; a fault may have ended or robbed a connection.
    """

    sent: int = 0
    read: int = 0
    is_torn: bool = False
    """An error on either half makes the pattern meaningless."""
    datagrams: list[bytes] = field(default_factory=list)
    """Those on their way, where it is no stream."""

    def next(self, count: int) -> bytes:
        """The next bytes to send, at most `count`."""
        start = self.sent % _PERIOD
        return _PATTERN[start : start + count]

    def took(self, data: bytes, *, is_sure: bool) -> Outcome:
        """What a read of `data` came to."""
        start = self.read % _PERIOD
        self.read += len(data)
        if self.is_torn or not is_sure:
            return Outcome(str(len(data)) if data else "EOF")
        if not data:
            missing = self.sent - self.read
            return Outcome("EOF", flaw=f"end of stream, and {missing} bytes never came" if missing else "")
        same = data == _PATTERN[start : start + len(data)]
        return Outcome(str(len(data)), flaw="" if same else f"{len(data)} bytes that are not the next ones sent")

    def took_datagram(self, data: bytes, count: int, *, is_sure: bool) -> Outcome:
        """What a read of at most `count` bytes of a datagram came to."""
        sent = self.datagrams.pop(0) if self.datagrams else data
        is_next = data == sent[:count] or self.is_torn or not is_sure
        return Outcome(str(len(data)), flaw="" if is_next else f"{len(data)} bytes that are not the next datagram")

    def took_count(self, count: int, *, is_sure: bool) -> Outcome:
        """What a read of an eventfd came to."""
        self.read += count
        is_whole = self.read == self.sent or not is_sure
        return Outcome(str(count), flaw="" if is_whole else f"{self.sent - self.read} of the counter is gone")

    def took_nothing(self, *, is_sure: bool) -> Outcome:
        """What WouldBlock from a read came to."""
        missing = self.sent - self.read if is_sure and not self.is_torn else 0
        return Outcome("WouldBlock", flaw=f"WouldBlock, and {missing} bytes never came" if missing else "")


@dataclass(slots=True)
class Handle:
    """One open label."""

    kind: str
    object: Any
    reads: Stream = field(default_factory=Stream)
    writes: Stream = field(default_factory=Stream)
    accepts: list[Handle] = field(default_factory=list)
    """A listener's clients in the order in which they came."""
    identity: tuple[int, int] = (0, 0)
    fd: int = field(init=False)
    """Its number, also once somebody has closed the object behind our back."""

    def __post_init__(self) -> None:
        self.fd = self.object.fileno()
