"""What has been taken of each session's numbered events, and what the daemon is told of it; stdlib.

The daemon keeps an event until it is acknowledged, and sends it again after a reconnect: whatever
comes twice is dropped here. One that was killed has forgotten the numbers that it gave, and sends
the kept frames that were not acknowledged under new ones: those are known by their steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Dict, List, Optional, Tuple

from .messages import Ack, SessionKey

ACK_EVERY = 0.1  # seconds


@dataclass
class _Account:
    token: str
    heard: int = 0
    told: int = 0
    drag: Optional[int] = None  # the request whose kept frames were taken last
    kept: int = 0  # and the last one's step


class Receipts:
    """The sessions of one client. Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._accounts: Dict[str, _Account] = {}
        self._next = 0.0  # no acknowledgement before

    def opened(self, session: str, token: str) -> None:
        """A session is ours, with the events that have come of it so far."""
        self._accounts.setdefault(session, _Account(token)).token = token

    def closed(self, session: str) -> None:
        """Nothing is expected of a session any more."""
        self._accounts.pop(session, None)

    def keys(self) -> Tuple[SessionKey, ...]:
        """What `hello` says to have all sessions back."""
        pairs = self._accounts.items()
        return tuple(SessionKey(session, own.token, own.heard) for session, own in pairs)

    def resumed(self, sessions: Collection[str]) -> None:
        """A new connection knows these sessions, and no others."""
        self._accounts = {s: own for s, own in self._accounts.items() if s in sessions}

    def take(self, session: str, event: Optional[int]) -> bool:
        """Whether an event is new; events without a number always are."""
        account = self._accounts.get(session)
        if event is None or account is None:
            return True
        if event <= account.heard:
            return False
        account.heard = event
        return True

    def take_kept(self, session: str, drag: Optional[int], step: int) -> bool:
        """Whether a kept frame of a drag is new: those of one drag come in the order of steps."""
        account = self._accounts.get(session)
        if account is None or drag is None:
            return True
        if drag == account.drag and step <= account.kept:
            return False
        account.drag, account.kept = drag, step
        return True

    def wait(self, now: float) -> Optional[float]:
        """Seconds until there is something to tell; None for nothing."""
        return max(0.0, self._next - now) if any(self._untold()) else None

    def due(self, now: float, *, at_once: bool = False) -> List[Ack]:
        """What the daemon is to be told now; `at_once` does not wait for its time."""
        if not at_once and now < self._next:
            return []
        found = [Ack(session, own.heard) for session, own in self._untold()]
        if found:
            self._next = now + ACK_EVERY
        for _, own in self._untold():
            own.told = own.heard
        return found

    def _untold(self) -> List[Tuple[str, _Account]]:
        return [(s, own) for s, own in self._accounts.items() if own.heard > own.told]
