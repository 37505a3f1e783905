"""Mutants: deliberately broken pollers that judge the judge, and honest ones that must never be accused.

A mutant wraps an honest poller (reached by entry point, never imported) and tells one lie. Its row says which guarantee must catch it,
which two more are as good, and how short the scenario is that does; the row was written before the mutant was first run. So `pollcheck
selfcheck` can show anywhere that the judge still sees, and a guarantee without a mutant is a test that fails.

`registrars` keep wrong books, `deaf` never tells one kind of news, `amnesiacs` forget what is owed, `liars` tell what is not so, `crowds`
fail where there is too much, `sluggards` have the time wrong, `users` fail those who set and wake, `dispatchers` those whose handlers
change registrations, `strangers` those who call from another thread, `parkers` files that others touch, `ruffians` are the bad
pollers to survive. `honest` and `watchful` use every legal freedom, one variant each.
"""

from __future__ import annotations

from conformance.mutants import (
    amnesiacs,
    crowds,
    deaf,
    dispatchers,
    honest,
    liars,
    parkers,
    registrars,
    ruffians,
    sluggards,
    strangers,
    users,
    watchful,
)
from conformance.mutants.rows import Factory, Honest, Mutant, honest_rows, mutant_rows

__all__ = ["FACTORIES", "HONEST", "MUTANTS", "OF_THE_42", "Honest", "Mutant"]

_MODULES = (
    registrars,
    deaf,
    amnesiacs,
    liars,
    crowds,
    sluggards,
    users,
    dispatchers,
    strangers,
    parkers,
    ruffians,
    honest,
    watchful,
)
"""Importing them has filled the tables."""

MUTANTS: tuple[Mutant, ...] = mutant_rows()
HONEST: tuple[Honest, ...] = honest_rows()

OF_THE_42: dict[int, tuple[str, ...] | str] = {
    1: ("waits_for_a_change", "does_not_sample_at_register"),
    2: ("adds_to_the_interest", "keeps_oneshot", "stays_edge"),
    3: ("keeps_the_old_token",),
    4: ("keeps_pending_outside_interest",),
    5: ("remembers_what_it_told", "makes_no_edge_at_reregister", "drops_pending_at_new_token"),
    6: ("ignores_deregister", "deregisters_reading_twice", "tells_pending_after_deregister"),
    7: ("tells_pending_after_deregister",),
    8: ("compares_samples",),
    9: ("ignores_peeks", "does_not_rearm_after_accept", "loses_udp_registrations"),
    10: ("arms_only_after_an_event",),
    11: ("disarms_both_directions",),
    12: "a SHOULD about repetition under edge: a needless event is a freedom here (DESIGN 4, rule 1)",
    13: ("tells_readable_once", "tells_writable_once", "fills_with_one"),
    14: ("ignores_level_oneshot", "ignores_user_oneshot"),
    15: ("fires_the_overflow",),
    16: ("removes_the_fired",),
    17: ("lets_hangup_pierce",),
    18: ("sleeps_while_disabled",),
    19: ("disables_one_direction",),
    20: ("says_half_is_whole",),
    21: ("ignores_closed_peers", "says_hangup_instead", "hides_resets_from_readers"),
    22: ("ignores_vanished_writers", "ignores_vanished_readers"),
    23: ("throws_away_the_rest",),
    24: "reading is the scenario's: a poller never sees the length of a datagram",
    25: ("does_not_clear_events",),
    26: ("forgets_the_overflow", "loses_overflowing_edges", "favours_the_first"),
    27: ("starves_users", "starves_the_waker"),
    28: ("rounds_down", "adds_a_millisecond", "wraps_long_waits", "overflows_on_long_waits"),
    29: ("starts_anew_on_signals", "raises_on_signals"),
    30: ("looks_at_nothing", "collects_until_the_timeout", "sleeps_through_the_timeout"),
    31: ("sets_wake_nobody",),
    32: ("merges_sets", "keeps_the_first_set"),
    33: ("forgets_earlier_sets", "tells_default_token"),
    34: ("leaves_users_in_the_queue",),
    35: ("ignores_sets_while_disabled",),
    36: ("wakes_once", "forgets_early_wakes"),
    37: ("puts_off_registers", "refuses_meanwhile"),
    38: ("trusts_numbers", "keeps_tokens_of_the_closed"),
    39: ("refuses_and_forgets",),
    40: ("drops_the_batch", "sulks_after_refusal"),
    41: ("forgets_back_pressure", "forgets_full_pipes"),
    42: ("ignores_failed_connects", "hides_failed_connects_from_readers"),
}
"""The 42 mutants that mio's history suggests (by number) -> ours, or why a poller behind our contract cannot be it."""


FACTORIES: dict[str, Factory] = {mutant.name: mutant.factory for mutant in MUTANTS}
FACTORIES |= {variant.name: variant.factory for variant in HONEST}
"""By name; `factories.py` makes attributes of them."""
