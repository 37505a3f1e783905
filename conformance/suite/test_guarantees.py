"""One item per guarantee, poller and world; `session.py` has made the runs that they report on."""

from __future__ import annotations

import pytest

from conformance.suite.session import Judging, Question


def test_guarantee(question: Question, judging: Judging, request: pytest.FixtureRequest) -> None:
    """The poller keeps the guarantee."""
    judging.answer(question, request.node)


def test_claims(question: Question, judging: Judging) -> None:
    """The poller has whatever it claims to have."""
    judging.answer_claims(question)
