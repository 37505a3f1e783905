"""What a blocking file does when it would block: it waits for the file, on the kernel's clock, and tries again."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fakepoll.abi import mask_text
from fakepoll.file import File

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

Result = TypeVar("Result")


class Sleeper:
    """A call that waits on one file, for explanations."""

    __slots__ = ("call", "file")

    def __init__(self, call: str, file: File) -> None:
        self.call = call
        self.file = file

    def explain(self) -> list[str]:
        """Name the call and the state of its file."""
        mask = self.file.mask()
        return [f"{self.call} on file {self.file.serial} ({self.file.describe()}), which shows {mask_text(mask, '')}"]


def until_done(
    kernel: Kernel, file: File, call: str, attempt: Callable[[], Result], *, dontwait: bool = False
) -> Result:
    """Return what `attempt()` returns; a file without O_NONBLOCK waits while it raises EAGAIN."""
    if dontwait or file.flags & os.O_NONBLOCK:
        return attempt()

    def look() -> tuple[Result] | None:
        try:
            return (attempt(),)
        except BlockingIOError:
            return None

    if (done := look()) is None:
        done = kernel.clock.wait(look, None, Sleeper(call, file))
    assert done is not None, "an endless wait ends only when there is something"
    return done[0]


def until_all_sent(
    kernel: Kernel, file: File, call: str, send: Callable[[bytes], int], data: bytes, *, dontwait: bool = False
) -> int:
    """Send `data` with `send(rest)`; a file without O_NONBLOCK waits until the last byte is taken."""
    if dontwait or file.flags & os.O_NONBLOCK:
        return send(data)
    sent = until_done(kernel, file, call, lambda: send(data))
    while sent < len(data) and not file.flags & os.O_NONBLOCK:
        rest = data[sent:]
        sent += until_done(kernel, file, call, lambda: send(rest))  # noqa: B023 - called before the next turn
    return sent
