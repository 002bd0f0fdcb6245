"""What a parent knows of its child's sessions without asking: who is there, at work, waiting.

Neither sockets nor processes. A session's stay has a number, so that what the child still says of
an earlier stay of the same session is told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from draggan_wire.errors import Busy
from draggan_wire.messages import Ready

from .worker import Event, no_session, shutting_down, still_at_work


@dataclass
class _Stay:
    number: int
    re: int | None
    opening: bool = False
    restoring: bool = False
    silent: bool = False  # a restoring without a drag: nothing that could be stopped
    at_work: bool = True
    waiting: bool = False
    refining: bool = False  # at rest for its client, though its model still learns


class Roster:
    """The sessions of one child, and those that were lost with the one before it."""

    def __init__(self) -> None:
        self._stays: dict[str, _Stay] = {}
        self._lost: set[str] = set()
        self._numbers = 0

    def __len__(self) -> int:
        return len(self._stays)

    def opening(self, session: str, re: int | None) -> int:
        """A session comes; its stay's number."""
        return self._admit(session, _Stay(self._next(), re, opening=True))

    def restoring(self, session: str, re: int | None, *, drags: bool) -> int:
        return self._admit(session, _Stay(self._next(), re, restoring=True, silent=not drags))

    def ask(self, session: str, *, ending: bool) -> None:
        """A request for a session; raises UnknownSession or Busy where it cannot be taken."""
        stay = self._stays.get(session)
        if stay is None:
            raise _on_its_way_back() if session in self._lost else no_session(session)
        if ending:
            raise shutting_down()
        if not stay.at_work:
            stay.at_work = True
        elif stay.restoring and not stay.waiting:
            stay.waiting = True
        else:
            raise still_at_work()

    def can_stop(self, session: str) -> bool:
        stay = self._stays.get(session)
        if stay is None or not stay.at_work:
            return stay is not None and stay.refining
        return stay.waiting or not (stay.restoring and stay.silent)

    def has(self, session: str) -> bool:
        return session in self._stays

    def remove(self, session: str) -> None:
        self._stays.pop(session, None)
        self._lost.discard(session)

    def heard(self, event: Event, number: int) -> bool:
        """Whether the event is of a present stay; what it ends is ended."""
        stay = self._stays.get(event.session)
        if stay is None or stay.number != number:
            return False
        if isinstance(event.message, Ready):
            stay.refining = not event.message.final
        if event.ends_session:
            self.remove(event.session)
        elif event.ends_job:
            stay.at_work, stay.waiting = stay.waiting, False
            stay.opening = stay.restoring = False
        return True

    def lose(self) -> tuple[str, ...]:
        """The child is gone, and these sessions with it."""
        lost = tuple(self._stays)
        self._lost.update(lost)
        self._stays.clear()
        return lost

    def give_up_openings(self) -> list[tuple[str, int | None]]:
        """Sessions that were never there, and the requests that opened them."""
        given_up = [(name, stay.re) for name, stay in self._stays.items() if stay.opening]
        for session, _ in given_up:
            self.remove(session)
        return given_up

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _admit(self, session: str, stay: _Stay) -> int:
        self._lost.discard(session)
        self._stays[session] = stay
        return stay.number


def _on_its_way_back() -> Busy:
    return Busy("The session is being brought back after a fault.", hint="Try again in a moment.")
