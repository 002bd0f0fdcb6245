"""Writes the file by which our user's programs find the running daemon; the wire reads it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from draggan_wire.connection_file import FILE_NAME, ConnectionFile, read_connection_file
from draggan_wire.errors import AccessRefused
from draggan_wire.runtime_folder import make_socket_folder

from .settings_folder import write_private

TOKEN_BYTES = 32


def new_token() -> str:
    """A password for the loopback listener: 256 random bits, to be made at each start."""
    return secrets.token_hex(TOKEN_BYTES)


@contextmanager
def published(facts: ConnectionFile, *, beside: Path) -> Iterator[None]:
    """While the block lasts, `facts` lie in `connection.json` beside the socket.

    Raises AccessRefused for a folder that others may enter, and ConfigError where it is full. The
    file of another daemon that has taken the place meanwhile is left alone.
    """
    path = beside.parent / FILE_NAME
    make_socket_folder(str(path))
    path.unlink(missing_ok=True)  # also one whose rights others could have
    write_private(path, json.dumps({**asdict(facts), "pid": os.getpid()}, indent=1) + "\n")
    try:
        yield
    finally:
        if _is_ours(path):
            path.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    try:
        found = read_connection_file(path)
    except AccessRefused:
        return False
    return found is not None and found.pid == os.getpid()
