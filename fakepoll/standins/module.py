"""What every stand-in module has in common, and the conversions of arguments that CPython does in C."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from fakepoll.abi import NS_PER_S, NotModelled

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

Made = TypeVar("Made")

INT_MAX = (1 << 31) - 1
TIME_MAX = (1 << 63) - 1


class StandIn(ModuleType):
    """A module over a kernel. Subclasses define what is modelled; the rest comes from `real`, as `pure` allows.

    `pure` names the functions of the real module that touch no fd, no address and no clock. Classes are pure.
    """

    real: ModuleType
    pure: frozenset[str] = frozenset()

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(self.real.__name__, self.real.__doc__)
        self._kernel = kernel
        self._calls = kernel.calls

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, name)
        if callable(value) and not isinstance(value, type) and name not in self.pure:
            value = refused(f"{self.real.__name__}.{name}")
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return dir(self.real)


def refused(name: str) -> Callable[..., Any]:
    """Make a function that is there, and says that it is not modelled when it is called."""

    def not_modelled(*_args: Any, **_keywords: Any) -> Any:
        raise NotModelled(name)

    not_modelled.__name__ = name.rpartition(".")[2]
    return not_modelled


def over(kernel: Kernel, base: type[Made], name: str) -> type[Made]:
    """Make the class of one kernel, called `module.name`, from the class that all kernels share."""
    module, _, short = name.partition(".")
    return type(short, (base,), {"kernel": kernel, "__slots__": (), "__module__": module, "__doc__": base.__doc__})


def as_int(value: object) -> int:
    """Convert what C takes as an `int`."""
    if type(value) is int and -INT_MAX - 1 <= value <= INT_MAX:
        return value
    if not isinstance(value, int):
        index = getattr(value, "__index__", None)
        if index is None:
            raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
        value = index()
        assert isinstance(value, int)
    if not -INT_MAX - 1 <= value <= INT_MAX:
        raise OverflowError("Python int too large to convert to C int")
    return int(value)


def as_fd(value: object) -> int:
    """Convert a number or an object with `fileno()` (Objects/fileobject.c:PyObject_AsFileDescriptor)."""
    if not isinstance(value, int):
        fileno = getattr(value, "fileno", None)
        if fileno is None:
            raise TypeError("argument must be an int, or have a fileno() method.")
        value = fileno()
        if not isinstance(value, int):
            raise TypeError("fileno() returned a non-integer")
    fd = as_int(value)
    if fd < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({fd})")
    return fd


def as_bytes(data: object) -> bytes:
    """Copy what C takes as a buffer."""
    if type(data) is bytes:
        return data
    try:
        return bytes(memoryview(data))  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not '{type(data).__name__}'") from None


def as_ns(value: object, unit_ns: int = NS_PER_S, *, complaint: str) -> int:
    """Convert a number of seconds (or of another unit) to nanoseconds, away from zero (_PyTime_ROUND_TIMEOUT)."""
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("Invalid value NaN (not a number)")
        scaled = value * unit_ns
        if not -TIME_MAX <= scaled <= TIME_MAX:
            raise OverflowError("timestamp out of range for platform time_t")
        return math.ceil(scaled) if scaled >= 0 else math.floor(scaled)
    index = getattr(value, "__index__", None)
    if index is None:
        raise TypeError(complaint)
    number: int = index() * unit_ns
    if not -TIME_MAX <= number <= TIME_MAX:
        raise OverflowError("timestamp too large to convert to C _PyTime_t")
    return number


def as_ms(timeout_ns: int) -> int:
    """Round up to milliseconds; anything negative is -1; what does not fit into a C int is an OverflowError."""
    ms = -(-timeout_ns // 1_000_000)
    if ms > INT_MAX:
        raise OverflowError("timeout is too large")
    return ms if timeout_ns >= 0 else -1
