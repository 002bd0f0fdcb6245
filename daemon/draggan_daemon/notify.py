"""Tells systemd how the daemon fares: datagrams to its notify socket; standard library only.

Without a notify socket, which is everywhere but under systemd, all of it does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """Speaks to the socket that `environ` names. Never raises and never waits."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        abstract = name.startswith("@")
        self._address = f"\0{name[1:]}" if abstract else name if name.startswith("/") else ""
        self.watchdog = self._seconds(environ)

    def ready(self, status: str) -> None:
        """All sockets are bound: dependants may start."""
        self._tell(f"READY=1\nMAINPID={os.getpid()}\nSTATUS={_line(status)}")

    def status(self, text: str) -> None:
        """What `systemctl status` shows beside the state."""
        self._tell(f"STATUS={_line(text)}")

    def stopping(self) -> None:
        self._tell("STOPPING=1\nSTATUS=Ending")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def _seconds(self, environ: Mapping[str, str]) -> float | None:
        """How long systemd waits for a sign of life of this process, if it does."""
        microseconds = environ.get("WATCHDOG_USEC", "")
        process = environ.get("WATCHDOG_PID", str(os.getpid()))
        if not self._address or process != str(os.getpid()):
            return None
        return int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) else None

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        with suppress(OSError, ValueError), _datagrams() as sender:
            sender.sendto(state.encode(), self._address)


class WatchedClock:
    """Monotonic seconds for a loop that looks at its clock in each turn.

    A loop that hangs does not look, the watchdog gets no sign of life, and systemd starts the
    daemon anew.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._pause = None if notifier.watchdog is None else notifier.watchdog / 4
        self._told = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if self._pause is not None and now - self._told >= self._pause:
            self._told = now
            self._notifier.alive()
        return now


def _datagrams() -> socket.socket:
    kind = socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)
    sender = socket.socket(socket.AF_UNIX, kind)
    sender.setblocking(False)
    return sender


def _line(text: str) -> str:
    return text.replace("\n", " ")[:500]
