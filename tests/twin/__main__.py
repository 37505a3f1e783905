"""`python -m tests.twin`: the long run; exit 1 and a small program where the kernels differ."""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.twin.calls import FAMILIES
from tests.twin.compare import twins
from tests.twin.worlds import SKIPPED, contiguous

LENGTH = 500
SCARCE = 10
"""Every fourth program has room for so few fds that it meets EMFILE."""


def main() -> int:
    """Compare random programs until enough calls were made on both kernels."""
    parser = argparse.ArgumentParser(prog="python -m tests.twin", description=__doc__)
    parser.add_argument("--ops", type=int, default=100_000, help="calls to make on each kernel")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first program")
    parser.add_argument("--kinds", choices=FAMILIES, default="local")
    options = parser.parse_args()
    started = shown = time.monotonic()
    made = programs = 0
    with contiguous() as base:
        plenty, scarce = twins(base), twins(base, SCARCE)
        while made < options.ops:
            pair = scarce if programs % 4 == 3 else plenty
            source = random.Random(f"{options.kinds}-{options.seed + programs}")
            program, answers = pair.draw(source.randrange, options.kinds, LENGTH)
            difference = pair.check(program, answers)
            if difference is not None:
                print(f"seed {options.seed + programs} differs; shrinking", file=sys.stderr)
                print(pair.shrink(difference))
                return 1
            made += sum(answer is not SKIPPED for answer in answers)
            programs += 1
            if time.monotonic() - shown > 5.0 or made >= options.ops:
                shown = time.monotonic()
                rate = made / (shown - started)
                print(f"{options.kinds}: {made} calls, {programs} programs, {rate:.0f}/s, "
                      f"0 differences", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
