"""An ssh:// address in parts, checked so that neither ssh nor a shell can misread it; stdlib.

`ssh://[user@]host[:port][/path/to/draggand]`; a path that starts with `/~/` is in the far home.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Tuple

from .errors import BadInput

FORM = "ssh://user@host, ssh://host:2222 or ssh://host/path/to/draggand"

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")
_PATH = re.compile(r"(/~)?(/[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,254}){1,32}")


@dataclass(frozen=True)
class SshHost:
    """Whom ssh is asked for. `user` "" and `port` 0 leave the choice to ssh's own settings.

    `program` is the far draggand's path (absolute, or `~/...`); "": the far side looks for it.
    """

    name: str
    user: str = ""
    port: int = 0
    program: str = ""

    def __str__(self) -> str:
        """As it is written in an address, without the scheme."""
        user = f"{self.user}@" if self.user else ""
        name = f"[{self.name}]" if ":" in self.name else self.name
        port = f":{self.port}" if self.port else ""
        path = f"/{self.program}" if self.program.startswith("~") else self.program
        return f"{user}{name}{port}{path}"

    @property
    def by_hand(self) -> str:
        """What a user types to log in there."""
        port = f"-p {self.port} " if self.port else ""
        return f"ssh {port}{self.user}@{self.name}" if self.user else f"ssh {port}{self.name}"


def parse_ssh(rest: str) -> SshHost:
    """What follows `ssh://`, in parts; raises BadInput with what is wrong about it."""
    authority, slash, path = rest.partition("/")
    user, at, place = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise _bad(rest, f"{user[:80]!r} is no user's name")
    name, port = _split_port(rest, place)
    if not _is_host(name):
        raise _bad(rest, f"{name[:80]!r} is no machine's name")
    if path and not _PATH.fullmatch(f"/{path}"):
        raise _bad(rest, "its path must be absolute and of letters, digits, '.', '_', '+' and '-'")
    program = path if path.startswith("~/") else (slash + path if path else "")
    return SshHost(name=name.strip("[]"), user=user, port=port, program=program)


def _split_port(rest: str, place: str) -> Tuple[str, int]:
    name, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        return place, 0
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise _bad(rest, f"its port {port[:20]!r} is no number from 1 to 65535")
    return name, int(port)


def _is_host(name: str) -> bool:
    if not name.startswith("["):
        return bool(_NAME.fullmatch(name))
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]{2,45}\]", name):
        return False
    try:
        ipaddress.IPv6Address(name[1:-1])
    except ValueError:
        return False
    return True


def _bad(rest: str, reason: str) -> BadInput:
    return BadInput(
        f"The address ssh://{rest[:200]} cannot be used: {reason}.", hint=f"Write {FORM}."
    )
