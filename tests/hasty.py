"""Qualities for tests: a few steps of every stage that finding a picture goes through."""

from __future__ import annotations

import pytest

from draggan.finding import Better, Quality
from draggan.inversion import InversionOptions
from draggan.residual import ResidualOptions
from draggan.tuning import TuningOptions

INVERSION = InversionOptions(samples=8, starts=1, placed=1, start_steps=1, w_steps=3, wplus_steps=2)
FAST = Quality(INVERSION, None, ResidualOptions(steps=2))
BALANCED = Quality(
    INVERSION,
    None,
    ResidualOptions(steps=2),
    Better(INVERSION, TuningOptions(steps=3), ResidualOptions(steps=2)),
)


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """All qualities take a moment from here on, as long as the test runs."""
    monkeypatch.setattr(
        "draggan.finding.QUALITIES", {"fast": FAST, "balanced": BALANCED, "best": BALANCED}
    )
