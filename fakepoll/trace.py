"""The trace: every call in the form of strace, one line each, equal runs equal bytes.

A line begins with the virtual time in seconds, as `strace -ttt` prints it. Calls are recorded as values and written
out only when somebody reads them, so that tracing costs little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakepoll.strace import Args, Failure, format_call


class Trace:
    """The calls of one kernel, oldest first; iterate it for lines, `str()` it for the whole text."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._calls: list[tuple[int, str, Args, Any]] = []

    def record(self, time_ns: int, name: str, args: Args, result: Any) -> None:
        """Keep one call: when it began, its arguments, and its result or the exception it raised."""
        if isinstance(result, BaseException):
            result = (result.errno or 0) if isinstance(result, OSError) else type(result)
            self._calls.append((time_ns, name, args, Failure(result)))
        else:
            self._calls.append((time_ns, name, args, result))

    def note(self, time_ns: int, text: str) -> None:
        """Keep a line that is no call, such as a signal; it is printed between `---`, as strace does."""
        self._calls.append((time_ns, "", (), text))

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[str]:
        return map(format_call, self._calls)

    def __str__(self) -> str:
        return "".join(line + "\n" for line in self)

    def last(self, count: int) -> list[str]:
        """Write out the last `count` lines only."""
        return [format_call(call) for call in self._calls[-count:]]
