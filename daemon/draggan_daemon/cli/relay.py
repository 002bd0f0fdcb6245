"""`draggand relay`: the daemon of another machine at a socket of this one; no torch, no models."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draggan_wire.endpoint import default_endpoint

from ..access.invitations import SCHEME, read_invitation_line
from ..access.keys import CLIENT, KeyPair, fingerprint, own_pair
from ..config import LogSettings, load_config
from ..exit_codes import OK
from ..local_socket import claimed, socket_path
from ..logs import begin_log
from ..relay.known_servers import KnownServer, KnownServers
from ..settings_folder import settings_folder

if TYPE_CHECKING:
    from types import FrameType

    from ..relay.relay import Relay

log = logging.getLogger("draggand.relay")


def register(commands: Any) -> None:
    relay = commands.add_parser("relay", help="use the daemon of another computer from here")
    relay.description = (
        "Offers the daemon of another computer to the editors of this one, encrypted, until Ctrl+C "
        "or SIGTERM. The first time, paste the line that `draggand invite` printed there; later "
        "the name of the computer is enough, or nothing if only one is known."
    )
    relay.add_argument("where", nargs="?", metavar="LINE|HOST[:PORT]")
    relay.add_argument(
        "--endpoint", metavar="ipc:///PATH", help="the socket (default: the user's own)"
    )
    relay.add_argument(
        "--attached", action="store_true", help="end when standard input ends; for programs"
    )
    relay.add_argument("-v", "--verbose", action="store_true", help="log more")
    relay.set_defaults(run=_relay)


def _relay(options: argparse.Namespace) -> int:
    begin_log(LogSettings(), verbose=options.verbose)
    path = socket_path(options.endpoint or load_config().endpoint or default_endpoint())
    folder = settings_folder()
    with claimed(path):
        own = own_pair(folder, CLIENT)
        server = _server(options.where, own, KnownServers(folder))
        _serve(server, own, KnownServers(folder), path, attached=options.attached)
    return OK


def _server(where: str | None, own: KeyPair, known: KnownServers) -> KnownServer:
    """The daemon that is meant; an invitation is redeemed on the way."""
    if where is None or not where.strip().startswith(SCHEME):
        return known.choose(where)
    from ..relay.login import redeem

    line = read_invitation_line(where)
    redeem(line, own, known)
    log.info("%s knows this computer now as %s", line.remote, line.name)
    return known.choose(str(line.remote))


def _serve(
    server: KnownServer, own: KeyPair, known: KnownServers, path: Path, *, attached: bool
) -> None:
    from ..relay.relay import Relay
    from ..relay.remote import Destination

    relay = Relay(Destination(server.remote, server.key, known.file, server.line), own)

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
        relay.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if attached:
        threading.Thread(target=_end_with_input, args=(relay,), daemon=True).start()
    relay.bind(path)
    log.info(
        "ipc://%s leads to the daemon at %s (%s)", path, server.remote, fingerprint(server.key)
    )
    relay.serve()


def _end_with_input(relay: Relay) -> None:
    while os.read(sys.stdin.fileno(), 1 << 12):
        pass
    relay.end()
