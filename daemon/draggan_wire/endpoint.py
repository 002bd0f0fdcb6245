"""Where daemon and clients meet: addresses, and a socket folder that only we can enter; stdlib.

Three kinds of address: `ipc:///path/to/socket`, `tcp://127.0.0.1:port` (loopback only), and
`ssh://[user@]host[:port]` for the same user's daemon on another machine (see `ssh_address`).
"""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .errors import AccessRefused, BadInput
from .ssh_address import FORM as SSH_FORM
from .ssh_address import SshHost, parse_ssh

SOCKET_NAME = "draggand.sock"
LONGEST_PATH = 107  # bytes: what `sockaddr_un` holds beside its final zero
LOOPBACK = ("127.0.0.1", "::1", "localhost")


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

    That folder is `$XDG_RUNTIME_DIR/draggand`. It is the one of `lasting_endpoint` where the system
    gives no runtime folder, and where a socket lies there and none in the runtime folder.
    """
    given = os.environ.get("DRAGGAND_SOCKET", "").strip()
    if given:
        return given if "://" in given else f"ipc://{os.path.abspath(os.path.expanduser(given))}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    lasting = _lasting_folder()
    if os.path.isabs(runtime) and _is_ours(Path(runtime)):
        place = Path(runtime) / "draggand" / SOCKET_NAME
        if place.exists() or not (_is_ours(lasting) and (lasting / SOCKET_NAME).exists()):
            return f"ipc://{place}"
    return f"ipc://{lasting / SOCKET_NAME}"


def lasting_endpoint() -> str:
    """Where a socket outlives the login that made it: in `draggand-<uid>` among temporary files."""
    return f"ipc://{_lasting_folder() / SOCKET_NAME}"


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


def check_socket_folder(path: str) -> None:
    """Raises AccessRefused unless the socket's folder is ours alone: others could listen there."""
    folder = Path(path).parent
    try:
        found = os.lstat(folder)
    except OSError:
        return  # nobody can listen in a folder that is not there: connecting says the rest
    if not hasattr(os, "getuid"):
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise AccessRefused(
            f"The folder {folder} is open to other users, so its socket cannot be trusted.",
            hint="Put the socket into a folder that only you can enter (`mkdir -m 700 FOLDER`).",
        )


def make_socket_folder(path: str) -> None:
    """Makes the socket's folder (0700) if it is missing; raises AccessRefused if it is not ours."""
    folder = Path(path).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AccessRefused(
            f"The folder {folder} cannot be made: {error.strerror}.",
            hint="Name another place with DRAGGAND_SOCKET=/path/to/socket.",
        ) from error
    check_socket_folder(path)


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
    if host not in LOOPBACK:
        raise BadInput(
            f"The address tcp://{rest[:200]} is not on this machine.",
            hint=f"Plain TCP stays on 127.0.0.1; for another machine write {SSH_FORM}.",
        )
    if not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
        raise BadInput(f"The port {port[:20]!r} is no number from 1 to 65535.", hint="Check it.")
    return Endpoint(host=host, port=int(port))


def _lasting_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"draggand-{_our_id()}"


def _is_ours(folder: Path) -> bool:
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == _our_id() and os.access(folder, os.W_OK)


def _our_id() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
