"""A bell between threads that a poller can wait for; standard library only."""

from __future__ import annotations

import socket
from contextlib import suppress


class Bell:
    """`fileno()` is readable after `ring()` until `heard()`. All but `close` from any thread."""

    def __init__(self) -> None:
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)

    def ring(self) -> None:
        with suppress(OSError):  # enough unheard rings already, or nobody listens any more
            self._bell.send(b"!")

    def heard(self) -> None:
        with suppress(OSError):
            while self._ear.recv(4096):
                pass

    def fileno(self) -> int:
        return self._ear.fileno()

    def close(self) -> None:
        self._bell.close()
        self._ear.close()
