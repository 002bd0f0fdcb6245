"""`draggand invite, authorize, revoke, clients, key`: who may come from other machines; no torch.

They change files of the settings folder, which a running daemon reads again by itself.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from dataclasses import fields
from datetime import datetime, timezone
from typing import Any

from draggan_wire.errors import BadInput

from ..access.access import Access
from ..access.authorized import Allowance, AuthorizedKey
from ..access.invitations import InvitationLine, Remote, read_remote
from ..access.keys import (
    CLIENT,
    SERVER,
    fingerprint,
    key_file,
    make_pair,
    own_pair,
    read_key,
    replace_pair,
)
from ..config import Config, load_config
from ..exit_codes import OK
from ..settings_folder import settings_folder

DAY = 86_400.0
LONGEST_DAYS = 90.0


def register(commands: Any) -> None:
    """Adds the commands about access to the daemon's."""
    _add_invite(commands.add_parser("invite", help="let somebody in from another computer"))
    _add_authorize(commands.add_parser("authorize", help="let a key in that you were given"))
    revoke = commands.add_parser("revoke", help="let somebody in no longer")
    revoke.description = (
        "Takes out the key and the open invitation of NAME. A running daemon ends the connections "
        "that came by them within seconds."
    )
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(run=_revoke)
    clients = commands.add_parser("clients", help="list who may come from other computers")
    clients.set_defaults(run=_clients)
    _add_key(commands.add_parser("key", help="show or replace this computer's key"))


def _add_invite(invite: argparse.ArgumentParser) -> None:
    invite.description = (
        "Prints one line that lets its reader in, once. Send it by a way that only NAME reads; "
        "NAME gives it to `draggand relay`."
    )
    invite.add_argument("name", metavar="NAME", help="such as anna, or anna-laptop")
    invite.add_argument(
        "--host",
        metavar="HOST[:PORT]",
        help="how NAME reaches this computer (default: name and port of [remote], else its own)",
    )
    invite.add_argument(
        "--days", metavar="N", type=_days, default=1.0, help="how long it holds (default: 1)"
    )
    invite.set_defaults(run=_invite)


def _add_authorize(authorize: argparse.ArgumentParser) -> None:
    authorize.description = "Lets in whoever has the secret half of KEY, until it is revoked."
    authorize.add_argument("name", metavar="NAME")
    authorize.add_argument(
        "key", metavar="KEY", help="what `draggand key show client` prints at NAME's"
    )
    authorize.add_argument("--max-sessions", metavar="N", type=int, help="pictures open at once")
    authorize.set_defaults(run=_authorize)


def _add_key(key: argparse.ArgumentParser) -> None:
    actions = key.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print the public key and its fingerprint")
    show.add_argument(
        "whose",
        nargs="?",
        choices=(SERVER, CLIENT),
        default=SERVER,
        help="the daemon's (default), or the one that `draggand relay` comes with",
    )
    show.set_defaults(run=_show_key)
    rotate = actions.add_parser("rotate", help="replace the daemon's key by a new one")
    rotate.set_defaults(run=_rotate_key)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"more than 0 and at most {LONGEST_DAYS:g} days")
    return days


# Letting in.


def _invite(options: argparse.Namespace) -> int:
    config = load_config()
    remote = _address(config, options.host)
    access = Access()
    invitation, expires = make_pair(), time.time() + options.days * DAY
    access.invite(options.name, invitation.public, expires)
    server = access.server_pair()
    print(InvitationLine(options.name, remote, server.public, invitation.secret), flush=True)
    _note(f"This lets {options.name} in once, until {_moment(expires)}.")
    _note(f"Send it by a way that only {options.name} reads. There: `draggand relay LINE`.")
    _note(f"This daemon's fingerprint is {fingerprint(server.public)}.")
    _note_silence(config)
    return OK


def _authorize(options: argparse.Namespace) -> int:
    config = load_config()
    if options.max_sessions is not None and options.max_sessions < 1:
        raise BadInput("--max-sessions must be at least 1.", hint="Leave it away for no bound.")
    access = Access()
    key = read_key(options.key)
    access.authorize(AuthorizedKey(key, options.name, Allowance(options.max_sessions)))
    print(f"{options.name} may come in with the key {fingerprint(key)}")
    _print_known_line(config, access.server_pair().public)
    _note_silence(config)
    return OK


def _revoke(options: argparse.Namespace) -> int:
    if not Access().revoke(options.name):
        raise BadInput(
            f"There is no key and no invitation of {options.name}.",
            hint="`draggand clients` lists who may come in.",
        )
    print(f"{options.name} may come in no longer")
    return OK


def _clients(options: argparse.Namespace) -> int:
    access = Access()
    for entry in sorted(access.authorized, key=lambda entry: entry.name):
        values = ((f.name, getattr(entry.allowance, f.name)) for f in fields(Allowance))
        limits = "".join(f"  {name}={value}" for name, value in values if value is not None)
        print(f"{entry.name:20} {fingerprint(entry.key)}{limits}")
    for invitation in sorted(access.invitations, key=lambda entry: entry.name):
        print(f"{invitation.name:20} invited until {_moment(invitation.expires)}")
    if not access.authorized and not access.invitations:
        print("nobody may come in from other computers")
    return OK


# Keys.


def _show_key(options: argparse.Namespace) -> int:
    folder = settings_folder()
    pair = own_pair(folder, options.whose)
    print(f"fingerprint  {fingerprint(pair.public)}")
    print(f"public key   {pair.public.hex()}")
    print(f"secret key   in {key_file(folder, options.whose)}")
    if options.whose == SERVER:
        _print_known_line(load_config(), pair.public)
    return OK


def _rotate_key(options: argparse.Namespace) -> int:
    access = Access()
    pair = replace_pair(settings_folder(), SERVER)
    for invitation in access.invitations:  # their lines name the old key
        access.revoke_invitation(invitation.name)
    print(f"the daemon's new key is {fingerprint(pair.public)}")
    _print_known_line(load_config(), pair.public)
    _note("Start the daemon again to use it. Then put the line in the place of the old one there,")
    _note(
        "and start the relays again. Keys of clients stay as they are; open invitations have ended."
    )
    return OK


def _print_known_line(config: Config, public: bytes) -> None:
    """What an artist's `known_servers` needs who comes without an invitation."""
    print("for ~/.config/draggand/known_servers on the other computers, with the name they use:")
    print(f"  {_address(config, None)} {public.hex()}")


def _address(config: Config, host: str | None) -> Remote:
    """How other machines reach this one, as far as it can know."""
    _, _, port = config.remote.listen.rpartition(":")
    here = read_remote(f"{config.remote.name or socket.gethostname()}:{port or Remote('').port}")
    if host is None:
        return here
    given = read_remote(host)
    return given if host.strip().endswith(f":{given.port}") else Remote(given.host, here.port)


def _note_silence(config: Config) -> None:
    if not config.remote.listen:
        _note(
            "By its settings the daemon does not listen to other computers: write "
            f'listen = "0.0.0.0:{Remote("").port}" under [remote] in {_config_file()} and start '
            "it again, or start it with --listen."
        )


def _config_file() -> str:
    return str(settings_folder() / "config.toml")


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M} UTC"


def _note(sentence: str) -> None:
    print(sentence, file=sys.stderr)
