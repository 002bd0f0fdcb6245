"""`draggand drain`: the daemon takes no new sessions and ends when the last one is closed."""

from __future__ import annotations

import argparse
from typing import Any

from ..exit_codes import OK
from .asking import manage
from .place import add_endpoint, place


def register(commands: Any) -> None:
    drain = commands.add_parser("drain", help="take no new sessions; end after the last")
    drain.description = (
        "Lets the daemon end when it disturbs nobody: sessions that are open go on, new ones are "
        "refused, and it ends with the last of them."
    )
    add_endpoint(drain)
    drain.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    path = place(options)
    facts = manage(path, "drain")
    left = facts.get("sessions", 0) if isinstance(facts, dict) else 0
    if left:
        print(f"draining: the daemon at ipc://{path} ends when {_counted(left)} closed")
    else:
        print(f"draining: the daemon at ipc://{path} has no session and ends now")
    return OK


def _counted(sessions: int) -> str:
    return "1 session is" if sessions == 1 else f"{sessions} sessions are"
