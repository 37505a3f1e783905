"""`python -m tests.fakepoll.echoes LOOP`: print the trace of the echo program of a loop on a fake kernel."""

from __future__ import annotations

import sys
from importlib import import_module

import fakepoll
from tests.fakepoll.echoes import patched


def main(loop: str) -> None:
    """Run one program and print its trace."""
    program = import_module(f"tests.fakepoll.echoes.with_{loop}")
    kernel = fakepoll.Kernel()
    with patched(kernel, loop):
        program.echoes()
    sys.stdout.write(str(kernel.trace))


main(sys.argv[1])
