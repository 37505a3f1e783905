"""One call of poll_each, written down in two parts: up to the handler that acts, and the rest of the batch.

What the handler does stands between the two, entry by entry, like any other step, so that the model reads a batch in the order in
which it happened. Where no event came, or the handler has nothing to do, the call is one entry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.answers import part_events, show_error
from conformance.history import EACH, FIRST, HANDLER, HUNG, REST, Masks, Poll
from conformance.scenario import Scenario

if TYPE_CHECKING:
    from conformance.runner import Stage

__all__ = ["Batch"]


class Batch:
    """A dispatch in progress: its own `on_event` is the handler that the poller calls."""

    def __init__(self, stage: Stage, step: int, wait: float | None, acts: Scenario) -> None:
        self._stage, self._step, self._wait, self._acts = stage, step, wait, acts
        self._part = EACH
        self._told: list[Any] = []
        self._before: Masks = {}
        self._began = self._patience = 0.0

    def run(self, patience_s: float) -> None:
        """Call poll_each once and write it down; it may take `patience_s`, and as long again once the handler has acted."""
        stage = self._stage
        self._patience, self._began = patience_s, stage.world.now_ns()
        self._open(EACH)
        raised = ""
        try:
            stage.poller.poll_each(self._wait, self.on_event)
        except stage.world.stuck:
            stage.write(self._entry(ended=HUNG))
            stage.is_over = stage.is_stuck = True
            return
        except BaseException as error:  # noqa: BLE001 - the child's boundary: whatever a poller raises is its own fault
            raised = show_error(error)
        self._close(self._part, raised)

    def on_event(self, event: Any) -> None:
        """Be the handler: note the event; the first one leads to what the scenario asks for."""
        self._told.append(event)
        if self._acts and self._part == EACH:
            self._close(FIRST)
            self._act()
            self._open(REST)

    def _act(self) -> None:
        self._stage.within = HANDLER
        for act in self._acts:
            if not self._stage.perform(self._step, act):
                break
        self._stage.within = ""

    def _open(self, part: str) -> None:
        self._part, self._told, self._before = part, [], self._stage.masks()
        self._stage.log.ahead(self._entry(ended=HUNG), self._patience)

    def _close(self, part: str, raised: str = "") -> None:
        stage = self._stage
        events, flaws = part_events(self._told)
        elapsed = stage.world.now_ns() - int(self._began)
        entry = self._entry(events=events, flaws=flaws, raised=raised, elapsed_ns=elapsed)
        stage.write(replace(entry, part=part, after=stage.masks()))
        stage.is_over |= bool(raised or flaws)

    def _entry(self, **fields: Any) -> Poll:
        return Poll(
            step=self._step, timeout=self._wait, max_events=None, before=self._before, part=self._part, **fields
        )
