"""What a running daemon leaves beside its socket for its own user's programs; stdlib only.

`connection.json` (0600, written as a whole) names the addresses, the token for loopback TCP, and
the daemon. The token is a new one at each start, so it is read again for every connection: whoever
has taken the port of a daemon that has ended learns nothing of use.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Tuple

from .errors import AccessRefused
from .runtime_folder import check_socket_folder, runtime_folder
from .zmtp import Credentials

if TYPE_CHECKING:
    from .endpoint import Endpoint

FILE_NAME = "connection.json"
LOOPBACK_USER = "loopback"  # PLAIN's user name; the token is the password
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")

_LARGEST = 1 << 16


@dataclass(frozen=True)
class ConnectionFile:
    """What the file says: `endpoints` are addresses, `port` is the loopback listener's (0: none).

    `fingerprint` is that of the key by which other machines know the daemon, "" where it does not
    listen to them.
    """

    endpoints: Tuple[str, ...] = ()
    port: int = 0
    token: str = field(default="", repr=False)
    fingerprint: str = ""
    pid: int = 0
    protocol: int = 1


def connection_file() -> Path:
    """Where the user's own daemon leaves its file."""
    return runtime_folder() / FILE_NAME


def read_connection_file(path: Path) -> Optional[ConnectionFile]:
    """What a daemon left there; None where there is nothing, or nothing of use.

    Raises AccessRefused if other users could have written it.
    """
    check_socket_folder(str(path))
    text = _read_own(path)
    try:
        found = json.loads(text)
        return _checked(found) if isinstance(found, dict) else None
    except (ValueError, TypeError, RecursionError):
        return None


def loopback_endpoint() -> Optional[str]:
    """The address at which the user's own daemon listens on loopback TCP, if it says so."""
    found = read_connection_file(connection_file())
    return f"tcp://127.0.0.1:{found.port}" if found is not None and found.port else None


def loopback_credentials(endpoint: "Endpoint") -> Optional[Credentials]:
    """The name and password for an address, if the user's own daemon listens there on loopback.

    None for every other address: the token is told to nobody else. To be read at each connect.
    """
    if endpoint.host not in LOOPBACK_HOSTS:
        return None
    found = read_connection_file(connection_file())
    if found is None or not found.token or found.port != endpoint.port:
        return None
    return Credentials(LOOPBACK_USER, found.token)


def _read_own(path: Path) -> str:
    """The file's text, "" where there is none; AccessRefused if it is not ours alone."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        file = os.open(path, flags)
    except OSError:
        return ""
    try:
        found = os.fstat(file)
        ours = not hasattr(os, "getuid") or (
            found.st_uid == os.getuid() and not found.st_mode & 0o077
        )
        if not ours or not stat.S_ISREG(found.st_mode):
            raise AccessRefused(
                f"The file {path} is open to other users, so it cannot be trusted.",
                hint="Remove it and start the daemon again.",
            )
        return os.read(file, _LARGEST).decode("utf-8", "replace")
    finally:
        os.close(file)


def _checked(found: Any) -> Optional[ConnectionFile]:
    """The fields that are of their type and size; an odd one makes the whole file useless."""
    endpoints = found.get("endpoints", [])
    numbers = [found.get("port", 0), found.get("pid", 0), found.get("protocol", 1)]
    texts = [found.get("token", ""), found.get("fingerprint", "")]
    if not isinstance(endpoints, list) or not all(type(number) is int for number in numbers):
        return None
    if not all(isinstance(text, str) and len(text) <= 250 for text in [*texts, *endpoints]):
        return None
    if not 0 <= numbers[0] < 65536:
        return None
    return ConnectionFile(
        endpoints=tuple(endpoints[:8]),
        port=numbers[0],
        token=texts[0],
        fingerprint=texts[1],
        pid=numbers[1],
        protocol=numbers[2],
    )
