"""`draggand drain`: the daemon takes nothing new and ends when what it computes is done."""

from __future__ import annotations

import argparse
from typing import Any

from ..exit_codes import OK
from .asking import manage
from .place import add_endpoint, place


def register(commands: Any) -> None:
    drain = commands.add_parser("drain", help="take nothing new; end when all work is done")
    drain.description = (
        "Lets the daemon end when it disturbs nobody: what it computes is finished, nothing new is "
        "taken, then it ends. The journal keeps the sessions for the next daemon."
    )
    add_endpoint(drain)
    drain.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    path = place(options)
    manage(path, "drain")
    print(f"the daemon at ipc://{path} takes nothing new and ends when its work is done")
    return OK
