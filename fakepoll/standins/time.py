"""`time`: the clocks of the kernel. Asking for the time is a call, and ticks like one."""

from __future__ import annotations

import errno
import time
from time import struct_time

from fakepoll.abi import NS_PER_S, fail
from fakepoll.clock import BOOT_NS, EPOCH_NS
from fakepoll.standins.module import StandIn, as_ns

OFFSETS = {
    time.CLOCK_REALTIME: EPOCH_NS,
    time.CLOCK_TAI: EPOCH_NS,
    time.CLOCK_MONOTONIC: 0,
    time.CLOCK_MONOTONIC_RAW: 0,
    time.CLOCK_BOOTTIME: 0,
    time.CLOCK_PROCESS_CPUTIME_ID: -BOOT_NS,
    time.CLOCK_THREAD_CPUTIME_ID: -BOOT_NS,
}
"""How far each clock is ahead of CLOCK_MONOTONIC; processor time stands for the time since the start."""


class TimeModule(StandIn):
    """The `time` module over a kernel."""

    real = time
    pure = frozenset(["asctime", "mktime", "strptime", "clock_getres", "get_clock_info"])

    def _now_ns(self, clock: int) -> int:
        self._kernel.clock.now_ns += self._kernel.clock.tick_ns
        return self._kernel.clock.now_ns + OFFSETS[clock]

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds."""
        return self._now_ns(time.CLOCK_MONOTONIC)

    def monotonic(self) -> float:
        """CLOCK_MONOTONIC in seconds."""
        return self._now_ns(time.CLOCK_MONOTONIC) / NS_PER_S

    perf_counter_ns = monotonic_ns
    perf_counter = monotonic

    def time_ns(self) -> int:
        """CLOCK_REALTIME in nanoseconds since 1970."""
        return self._now_ns(time.CLOCK_REALTIME)

    def time(self) -> float:
        """CLOCK_REALTIME in seconds since 1970."""
        return self._now_ns(time.CLOCK_REALTIME) / NS_PER_S

    def process_time_ns(self) -> int:
        """Processor time in nanoseconds."""
        return self._now_ns(time.CLOCK_PROCESS_CPUTIME_ID)

    def process_time(self) -> float:
        """Processor time in seconds."""
        return self._now_ns(time.CLOCK_PROCESS_CPUTIME_ID) / NS_PER_S

    thread_time_ns = process_time_ns
    thread_time = process_time

    def clock_gettime_ns(self, clk_id: int, /) -> int:
        """`clock_gettime(2)` in nanoseconds."""
        if clk_id not in OFFSETS:
            fail(errno.EINVAL)
        return self._now_ns(clk_id)

    def clock_gettime(self, clk_id: int, /) -> float:
        """`clock_gettime(2)` in seconds."""
        return self.clock_gettime_ns(clk_id) / NS_PER_S

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        complaint = f"'{type(seconds).__name__}' object cannot be interpreted as an integer"
        duration_ns = as_ns(seconds, complaint=complaint)
        if duration_ns < 0:
            raise ValueError("sleep length must be non-negative")
        self._calls.nanosleep(duration_ns)

    def gmtime(self, seconds: float | None = None, /) -> struct_time:
        """Break a time, by default the kernel's, into UTC fields."""
        return time.gmtime(self.time() if seconds is None else seconds)

    def localtime(self, seconds: float | None = None, /) -> struct_time:
        """Break a time, by default the kernel's, into local fields."""
        return time.localtime(self.time() if seconds is None else seconds)

    def ctime(self, seconds: float | None = None, /) -> str:
        """Write a time, by default the kernel's, as text."""
        return time.ctime(self.time() if seconds is None else seconds)

    def strftime(self, format: str, t: struct_time | None = None, /) -> str:
        """Write a time, by default the kernel's, in a format."""
        return time.strftime(format, self.localtime() if t is None else t)
