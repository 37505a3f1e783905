"""fakepoll: a deterministic fake Linux for code that waits for file descriptors."""

from fakepoll.abi import Limits, NotModelled
from fakepoll.clock import Deadlock, Livelock
from fakepoll.kernel import Kernel

__all__ = ["Deadlock", "Kernel", "Limits", "Livelock", "NotModelled"]
