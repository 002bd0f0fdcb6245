"""The one line that lets somebody in: draggan://NAME@host:port/SERVERKEY.SECRET; no sockets.

It holds the daemon's public key and the secret half of a key of its own, good for handing in one
permanent key. Nothing in it means anything to a shell, so it can be pasted without quotes.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from draggan_wire.errors import BadInput

from .authorized import check_name
from .keys import read_key, write_base64

PORT = 7417  # unassigned by IANA; the daemon's, where no other is said
SCHEME = "draggan://"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
_LITERAL = ".ipv6-literal.net"  # how Windows writes an IPv6 address as a name


@dataclass(frozen=True)
class Remote:
    """A machine and a port."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class InvitationLine:
    """What an invited user pastes. `server` is the daemon's public key; `secret` stays unseen."""

    name: str
    remote: Remote
    server: bytes
    secret: bytes = field(repr=False)

    def __str__(self) -> str:
        keys = f"{write_base64(self.server)}.{write_base64(self.secret)}"
        host = self.remote.host
        if ":" in host:  # brackets would mean something to a shell
            host = host.replace(":", "-") + _LITERAL
        return f"{SCHEME}{self.name}@{host}:{self.remote.port}/{keys}"


def read_remote(text: str) -> Remote:
    """`host`, `host:port`, `[::1]:port` or tcp:// before any of them. Raises BadInput."""
    rest = text.strip()
    rest = rest[len("tcp://") :] if rest.startswith("tcp://") else rest
    bare = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::(\d{1,5}))?", rest, re.ASCII)
    host = (bare[1] or bare[2] or "") if bare else ""
    port = int(bare[3]) if bare and bare[3] else PORT
    good = _is_ipv6(host) if bare and bare[1] else _HOST.fullmatch(host)
    if not good or not 0 < port < 65536:
        raise BadInput(
            f"{text[:200]!r} is no address of a machine.",
            hint=f"Write its name, and a port if it is not {PORT}: box.example, box.example:7000.",
        )
    return Remote(host.lower(), port)


def read_invitation_line(text: str) -> InvitationLine:
    """The parts of a line that `draggand invite` has printed. Raises BadInput.

    The line is never repeated in the error: it holds a secret.
    """
    form = r"draggan://([^@/]{1,40})@([^@/:]{1,253}):(\d{1,5})/([\w-]{43})\.([\w-]{43})"
    found = re.fullmatch(form, text.strip(), re.ASCII)
    try:
        if found is None:
            raise BadInput("")
        host = found[2]
        if host.endswith(_LITERAL):
            host = f"[{host[: -len(_LITERAL)].replace('-', ':')}]"
        remote = read_remote(f"{host}:{found[3]}")
        return InvitationLine(check_name(found[1]), remote, read_key(found[4]), read_key(found[5]))
    except BadInput:
        raise BadInput(
            "The invitation is not whole.",
            hint="Paste the line that `draggand invite` printed, from draggan:// to its last "
            "character.",
        ) from None


def _is_ipv6(host: str) -> bool:
    try:
        return not ipaddress.IPv6Address(host).scope_id
    except ValueError:
        return False
