"""What the daemon tells an administrator, as it travels: JSON; imports the wire alone."""

from __future__ import annotations

import json
from collections.abc import Mapping

from draggan_wire.messages import Blob, Report


def as_report(facts: Mapping[str, object]) -> Report:
    return Report(Blob(json.dumps(facts).encode()))


def from_report(report: Report) -> dict[str, object]:
    """Raises ValueError for what is no such report."""
    facts = json.loads(bytes(report.facts.data))
    if not isinstance(facts, dict):
        raise ValueError("no report")
    return facts
