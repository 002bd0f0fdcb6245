"""`draggand reload`: the daemon reads its settings and keys again."""

from __future__ import annotations

import argparse
from typing import Any

from ..exit_codes import OK
from .asking import manage
from .place import add_endpoint, place


def register(commands: Any) -> None:
    reload = commands.add_parser("reload", help="read limits, log level and keys again")
    reload.description = (
        "Makes the daemon read its settings again, as SIGHUP does: limits, the lease, the log's "
        "level, and who is authorised. Addresses, devices and folders change with a new start."
    )
    add_endpoint(reload)
    reload.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    path = place(options)
    manage(path, "reload")
    print(f"the daemon at ipc://{path} has read its settings again")
    return OK
