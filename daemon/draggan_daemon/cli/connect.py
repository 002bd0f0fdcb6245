"""`draggand connect`: what ssh:// addresses run at the far end; standard library only."""

from __future__ import annotations

import argparse
from typing import Any

from ..exit_codes import OK
from ..local_socket import answers
from .place import add_endpoint, place


def register(commands: Any) -> None:
    connect = commands.add_parser("connect", help="what ssh:// addresses run at the far end")
    connect.description = (
        "Passes standard input and output on to this user's daemon, which is started if none "
        "answers. An editor elsewhere uses it as ssh://user@host; a key can be bound to it with "
        'command="draggand connect",restrict in ~/.ssh/authorized_keys.'
    )
    add_endpoint(connect)
    connect.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from draggan_wire.connection import open_socket
    from draggan_wire.endpoint import Endpoint

    from ..detached import ensure_daemon, lasting_path
    from ..stream import pass_stream

    path = place(options)
    if options.endpoint is None and not answers(path):
        path = lasting_path(path)
    ensure_daemon(path)
    with open_socket(Endpoint(path=str(path))) as daemon:
        daemon.setblocking(True)
        pass_stream(daemon)
    return OK
