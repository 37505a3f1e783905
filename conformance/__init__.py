"""The judge: which documented guarantees of readiness does a poller keep?

Follow one scenario through the house:

1. `drawing.py` draws it (or `library.py` has it): a tuple of actions, `tcp 1 2; register 1 7 r edge; send 2 3; poll 0; ...`.
2. `child.py` hands it to a process of its own, where the poller under test may hang or die without harm.
3. There `runner.py` performs it on a world (`worlds/`): it makes files, calls the poller, and asks poll(2) what is true.
   It judges nothing. What it writes down is the history (`history.py`).
4. `model/` reads the history: a ledger of tokens, arming and firing that knows what each poll may, must and must not report.
   It knows no poller. What comes out is an account: facts, each kept or broken (`facts.py`).
5. `guarantees/` holds a row and a check for each guarantee; a check picks the facts that concern it (`judging.py`).
6. What broke is a suspect. `minimise.py` deletes what does not matter; `attribution.py` runs the rest again, on the poller and on a
   control that is known to be right. Only what the poller breaks and the control keeps becomes a finding (`verdict.py`).
7. `campaign.py` does this some thousand times and writes a `Report`; `report/` prints it.

`judge()` is all of it in one call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.verdict import Report

__all__ = ["CATALOGUE", "Report", "judge"]


def judge(
    make: str | Callable[[], object],
    *,
    world: str = "real",
    profile: str = "quick",
    seed: int | None = None,
    only: Sequence[str] = (),
) -> Report:
    """Judge one poller, as `pollcheck run` does, without a terminal.

    Args:
        make: the factory, importable by its module and name, or the name of a poller (`pollcheck pollers` lists them).
        world: `real`, `fake` or `both`.
        profile: `quick` (200 drawn scenarios), `ci` (2,000) or `nightly` (100,000).
        seed: repeats an earlier run; random if None.
        only: the IDs of the guarantees to judge; all if empty.

    Raises:
        conformance.loading.UsageError: the poller cannot be imported or constructed, or something asked for does not exist.
    """
    from conformance import campaign
    from conformance.guarantees import lookup
    from conformance.loading import UsageError, resolve, worlds_of

    targets = (resolve(make if isinstance(make, str) else f"{make.__module__}:{make.__qualname__}"),)
    for what, word, words in (
        ("world", world, ("real", "fake", "both")),
        ("profile", profile, tuple(campaign.PROFILES)),
    ):
        if word not in words:
            raise UsageError(f"there is no {what} {word!r}; there are {', '.join(words)}")
    for id in only:
        try:
            lookup(id)
        except KeyError:
            raise UsageError(f"there is no guarantee {id!r}; `pollcheck list` lists them") from None
    plan = campaign.Plan(
        targets=targets,
        worlds=worlds_of(world, targets),
        profile=profile,
        seed=secrets.randbits(32) if seed is None else seed,
        only=tuple(only),
    )
    return campaign.run(plan)


def __getattr__(name: str) -> object:
    """CATALOGUE and Report, imported when they are asked for: the pytest plugin imports this package in every run."""
    if name == "CATALOGUE":
        from conformance.guarantees import catalogue

        return catalogue()
    if name == "Report":
        from conformance.verdict import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
