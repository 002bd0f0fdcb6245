"""Where daemon and clients meet: addresses, and a socket folder that only we can enter; stdlib.

Three kinds of address: `ipc:///path/to/socket`, `tcp://127.0.0.1:port` (loopback only), and
`ssh://[user@]host[:port]` for the same user's daemon on another machine (see `ssh_address`).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Optional

from .connection_file import LOOPBACK_HOSTS, loopback_endpoint
from .errors import BadInput
from .runtime_folder import (
    SOCKET_NAME,
    check_socket_folder,
    lasting_folder,
    make_socket_folder,
    runtime_folder,
)
from .ssh_address import FORM as SSH_FORM
from .ssh_address import SshHost, parse_ssh

__all__ = [
    "DEFAULT_PORT",
    "LONGEST_PATH",
    "Endpoint",
    "check_socket_folder",
    "default_endpoint",
    "lasting_endpoint",
    "make_socket_folder",
    "parse_endpoint",
]

LONGEST_PATH = 107  # bytes: what `sockaddr_un` holds beside its final zero
DEFAULT_PORT = 7417  # the daemon's on TCP where no other is said; unassigned by IANA


@dataclass(frozen=True)
class Endpoint:
    """A parsed address: a socket's `path`, a loopback `host` with a `port`, or whom `ssh` asks."""

    path: str = ""
    host: str = ""
    port: int = 0
    ssh: Optional[SshHost] = None

    def __str__(self) -> str:
        if self.ssh is not None:
            return f"ssh://{self.ssh}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ipc://{self.path}" if self.path else f"tcp://{host}:{self.port}"


def default_endpoint() -> str:
    """DRAGGAND_SOCKET if set (an address or a path), else the user's own runtime folder's socket.

    That folder is `$XDG_RUNTIME_DIR/draggand`, see `runtime_folder`. Where the system has no unix
    sockets it is the loopback address that the daemon has left in its connection file.
    """
    given = os.environ.get("DRAGGAND_SOCKET", "").strip()
    if given:
        return given if "://" in given else f"ipc://{os.path.abspath(os.path.expanduser(given))}"
    if not hasattr(socket, "AF_UNIX"):
        return loopback_endpoint() or f"tcp://127.0.0.1:{DEFAULT_PORT}"
    return f"ipc://{runtime_folder() / SOCKET_NAME}"


def lasting_endpoint() -> str:
    """Where a socket outlives the login that made it: in `draggand-<uid>` among temporary files."""
    return f"ipc://{lasting_folder() / SOCKET_NAME}"


def parse_endpoint(address: str) -> Endpoint:
    """An address in its parts; raises BadInput with what is wrong about it."""
    scheme, _, rest = address.strip().partition("://")
    if scheme == "ipc":
        return _parse_path(rest)
    if scheme == "tcp":
        return _parse_host(rest)
    if scheme == "ssh":
        return Endpoint(ssh=parse_ssh(rest))
    raise BadInput(
        f"The address {address[:200]!r} is not understood.",
        hint=f"Write ipc:///path/to/socket, tcp://127.0.0.1:port, or {SSH_FORM}.",
    )


def _parse_path(path: str) -> Endpoint:
    if not os.path.isabs(path) or "\0" in path:
        raise BadInput(
            f"The socket path {path[:200]!r} is not absolute.", hint="Start it with '/'."
        )
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise BadInput(
            f"The socket path {path[:200]} is too long: at most {LONGEST_PATH} bytes are possible.",
            hint="Name a shorter one with DRAGGAND_SOCKET=/path/to/socket.",
        )
    return Endpoint(path=path)


def _parse_host(rest: str) -> Endpoint:
    host, _, port = rest.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if host not in LOOPBACK_HOSTS:
        raise BadInput(
            f"The address tcp://{rest[:200]} is not on this machine.",
            hint=f"For another machine write {SSH_FORM}, or run `draggand relay` for it and leave "
            "the address away.",
        )
    if not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
        raise BadInput(f"The port {port[:20]!r} is no number from 1 to 65535.", hint="Check it.")
    return Endpoint(host=host, port=int(port))
