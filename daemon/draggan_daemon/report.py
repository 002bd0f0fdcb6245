"""What the daemon tells an administrator: facts as JSON; imports the wire and nothing else.

Nothing in here opens anything: no token, no key, no picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from draggan_wire.messages import Blob, Report

from .listeners import Route
from .sessions import Session, Sessions

if TYPE_CHECKING:
    from .journal import Journal


def as_report(facts: Mapping[str, object]) -> Report:
    return Report(Blob(json.dumps(facts).encode()))


def from_report(report: Report) -> dict[str, object]:
    """Raises ValueError for what is no such report."""
    facts = json.loads(bytes(report.facts.data))
    if not isinstance(facts, dict):
        raise ValueError("no report")
    return facts


def sessions_counts(sessions: Sessions) -> dict[str, object]:
    return {
        "sessions": len(sessions),
        "detached": sum(session.route is None for session in sessions),
        "parked": sum(session.parked for session in sessions),
    }


def sessions_facts(
    sessions: Sessions, clients: Mapping[Route, str], now: float
) -> list[dict[str, object]]:
    """`clients` are the programs at the connections, `now` is of the sessions' clock."""
    return [
        session_facts(session, clients.get(session.route) if session.route else None, now)
        for session in sessions
    ]


def session_facts(session: Session, client: str | None, now: float) -> dict[str, object]:
    """`client` is the program that it is attached to, `now` is of the session's clock."""
    return {
        "session": session.id,
        "user": session.principal,
        "client": client or "",
        "attached": session.route is not None,
        "state": session.state,
        "model": session.model,
        "size": session.size,
        "step": session.step,
        "age_s": round(now - session.created, 1),
        "idle_s": round(now - session.used, 1),
    }


def journal_facts(journal: Journal | None, sessions: int) -> dict[str, object] | None:
    if journal is None:
        return None
    cost = journal.cost()
    return {
        "folder": str(journal.folder),
        "sessions": sessions,
        "bytes": cost.bytes,
        "writes": cost.writes,
        "commit_ms_p50": round(cost.p50_ms, 3),
        "commit_ms_p95": round(cost.p95_ms, 3),
        "trouble": journal.trouble,
        "notes": list(journal.notes),
    }
