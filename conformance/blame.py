"""Which of the guarantees that broke are to blame, and which broke only because of those.

One bug breaks many guarantees. A loop that drops a file at POLLERR breaks "a reset connection is reported readable", always; and now
and then, when a reset happens to meet them, also "token 0 is a token like any other" and "of several reregisters the last is in
force". Accusing it of those would be wrong, and would bury the finding. So the scenarios that failed are explained by few guarantees,
those that broke most reliably first; one that was kept elsewhere, and broke only in scenarios that are explained, is not accused.

The shares are taken from the library's scenarios, which are the same in every run, so that a second run blames the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from conformance.guarantees import lookup
from conformance.shard import Tally
from conformance.verdict import Strength

__all__ = ["explain", "responsible"]


def responsible(
    library: Tally, whole: Tally, *, confirmed: Iterable[str] = (), doubted: Iterable[str] = ()
) -> tuple[str, ...]:
    """The guarantees to blame for everything that broke in `whole`, the most reliable first.

    Args:
        library: what the library's scenarios alone have found.
        confirmed: those that attribution has made findings; what they cover is explained.
        doubted: those that attribution could not confirm; they explain nothing.
    """
    out = dict.fromkeys(doubted)
    blamed = dict.fromkeys(confirmed)
    shares = _shares(library, whole)
    always = [id for id, share in shares.items() if share == 1.0 and id not in out and library.failed[id]]
    blamed |= dict.fromkeys(always)
    unexplained = [ids for ids in whole.together if not _is_explained(ids, blamed, out)]
    while unexplained:
        worth = Counter(id for ids in unexplained for id in _explaining(ids, out))
        if not worth:
            break
        best = max(worth, key=lambda id: (shares[id], worth[id], [-ord(letter) for letter in id]))
        blamed[best] = None
        unexplained = [ids for ids in unexplained if not _is_explained(ids, blamed, out)]
    done = dict.fromkeys(confirmed)
    return tuple(id for id in blamed if id not in done)


def explain(broken: Sequence[str], whole: Tally, findings: Mapping[str, object]) -> dict[str, str]:
    """For each of `broken` that is no finding: the finding that broke together with it most often."""
    explained = {}
    for id in broken:
        beside = Counter(
            {other: times for ids, times in whole.together.items() if id in ids for other in ids if other in findings}
        )
        if id not in findings and beside:
            explained[id] = max(beside, key=lambda other: (beside[other], other))
    return explained


def _explaining(ids: tuple[str, ...], out: Mapping[str, None]) -> Sequence[str]:
    """Those of what broke in a scenario that can explain it: a broken MUST only a MUST, so that a SHOULD never hides one."""
    left = [id for id in ids if id not in out]
    return [id for id in left if lookup(id).strength is Strength.MUST] or left


def _is_explained(ids: tuple[str, ...], blamed: Mapping[str, None], out: Mapping[str, None]) -> bool:
    return any(id in blamed for id in _explaining(ids, out))


def _shares(library: Tally, whole: Tally) -> dict[str, float]:
    """Guarantee -> which share of its facts broke; in the library where it was put to the test there."""
    shares = {}
    for id in whole.failed:
        tally = library if library.exercised[id] else whole
        shares[id] = tally.failed[id] / max(1, tally.exercised[id])
    return shares
