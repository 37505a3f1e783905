"""The pages of `docs/` that are printed from the catalogue: `python -m conformance.report.pages` writes them anew.

A test holds that they are what the code prints, so that a page cannot say what the judge does not do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from conformance.guarantees import Guarantee, catalogue
from conformance.report.markdown import coverage_page, guarantees_page

__all__ = ["PAGES", "main", "write"]

PAGES: dict[str, Callable[[Iterable[Guarantee]], str]] = {
    "guarantees.md": guarantees_page,
    "mio-coverage.md": coverage_page,
}
"""Name of the page -> what prints it."""


def write(directory: Path) -> None:
    """Print every page into `directory`."""
    for name, page in PAGES.items():
        (directory / name).write_text(page(catalogue()), encoding="utf-8")


def main() -> None:
    """Write into the directory that the command line names, `docs` where it names none."""
    write(Path(*sys.argv[1:2] or ["docs"]))


if __name__ == "__main__":
    main()
