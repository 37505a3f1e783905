"""How far a run has come, on stderr: a bar on a terminal after two seconds, elsewhere a line every ten."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from conformance.campaign import Progress

__all__ = ["shown"]

_PATIENCE = 2.0
_BETWEEN_LINES = 10.0


@contextlib.contextmanager
def shown(stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[Progress], None]]:
    """Show each progress that is passed to what this yields, in the way that suits `stream`."""
    if not stream.isatty():
        yield _line_by_line(stream, clock)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Bar(*columns, console=Console(file=stream), transient=True)
    try:
        yield _on_bar(bar, clock)
    finally:
        bar.stop()


def _line_by_line(stream: TextIO, clock: Callable[[], float]) -> Callable[[Progress], None]:
    due = clock() + _BETWEEN_LINES

    def show(progress: Progress) -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + _BETWEEN_LINES
            stream.write(f"pollcheck: {_describe(progress)} {progress.done}/{progress.planned}\n")
            stream.flush()

    return show


def _on_bar(bar: Bar, clock: Callable[[], float]) -> Callable[[Progress], None]:
    due = clock() + _PATIENCE
    task = bar.add_task("", total=None)

    def show(progress: Progress) -> None:
        if clock() >= due:
            bar.update(task, description=_describe(progress), completed=progress.done, total=progress.planned)
            bar.start()

    return show


def _describe(progress: Progress) -> str:
    suspects = f", {progress.suspects} suspected" if progress.suspects else ""
    return f"{progress.poller} on the {progress.world} world, {progress.phase}{suspects}"
