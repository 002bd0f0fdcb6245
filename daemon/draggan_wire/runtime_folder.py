"""The folder of the user's sockets, which nobody else may enter; standard library only."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from .errors import AccessRefused

SOCKET_NAME = "draggand.sock"


def runtime_folder() -> Path:
    """`$XDG_RUNTIME_DIR/draggand`, or where a daemon lies that outlives the login, if it must be.

    It is `lasting_folder` where the system gives no runtime folder, and where a socket lies there
    and none in the runtime folder.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    lasting = lasting_folder()
    if os.path.isabs(runtime) and _is_ours(Path(runtime)):
        folder = Path(runtime) / "draggand"
        if (folder / SOCKET_NAME).exists() or not (
            _is_ours(lasting) and (lasting / SOCKET_NAME).exists()
        ):
            return folder
    return lasting


def lasting_folder() -> Path:
    """`draggand-<uid>` among temporary files: it outlives the login that made it."""
    return Path(tempfile.gettempdir()) / f"draggand-{_our_id()}"


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


def _is_ours(folder: Path) -> bool:
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == _our_id() and os.access(folder, os.W_OK)


def _our_id() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
