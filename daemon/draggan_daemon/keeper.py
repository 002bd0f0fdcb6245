"""Keeps one child process alive: starts it, reads it, watches it, replaces it; Unix only.

All in one thread, which therefore outlives every child. The child beats every second; one that is
not heard of, or stays in one turn for too long, is killed. One that dies is replaced at once, but
while it keeps dying before it is ready, after 0.5, 1, 2 ... 30 seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from draggan_wire.pixels import Bytes

from .child_link import ChildLink, Outbox, in_words
from .pipe import PipeBroken
from .pipe_messages import Buffers, Line, Standing, TurnOf, notice, pack, unpack

log = logging.getLogger("draggand.child")

TICK = 0.25  # seconds between looks at a silent child
STALLED = 2.0  # a tick so late was late because this process was not running itself
START_SECONDS = 300.0  # until a child is ready: torch may come from a slow disk
LONGEST_PAUSE = 30.0
FARE_WELL = 2.0  # for a child that has closed its pipe, until it has ended


@dataclass(frozen=True)
class Patience:
    """In seconds: how long a child may be silent, be in one turn, and live without a session."""

    hang_after: float = 30.0
    longest_turn: float = 600.0
    end_after: float = 3600.0


class Owner(Protocol):
    """Who is told, in the keeper's thread; all but `heard` and `finished` with the lock held."""

    def needed(self) -> bool:
        """Whether there are sessions, or somebody waits for the child."""

    def heard(self, head: dict[str, Any], buffers: Sequence[Bytes]) -> None:
        """An event of the child's; raises PipeBroken where it is none."""

    def lost(self, reason: str, culprit: str | None) -> None:
        """The child, which was ready, is gone with all that it had been sent."""

    def unable(self, reason: str) -> None:
        """The child keeps dying before it is ready; what was sent waits for the next."""

    def finished(self) -> None:
        """The last child is gone, and so is the keeper."""


class _Hung(Exception):
    """The child has to be killed; the argument is what it did, as a part of a sentence."""


class Keeper:
    """`state` is "starting", "running" or "stopped". `lock` guards what owner and keeper share."""

    def __init__(
        self,
        command: Sequence[str],
        owner: Owner,
        *,
        name: str,
        device: str,
        patience: Patience,
        lock: threading.Condition,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command, self._owner, self._name = command, owner, name
        self._patience, self._changed, self._clock = patience, lock, clock
        self._outbox: Outbox[Buffers | None] = SimpleQueue()
        self._link: ChildLink | None = None
        self._ready = self._leaving = self._resting = self._ending = self._gone = False
        self._cut = False  # we have shut the pipe ourselves
        self._lives = 0
        self._turn: str | None = None
        self._since: float | None = None  # when that turn began, about
        self._heard = self._ticked = self._needed = clock()
        self.device = device
        self.failures = 0  # in a row, before the child was ready
        self._thread = threading.Thread(target=self._run, name=f"keeper {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, buffers: Buffers) -> None:
        """To the child, or to the next one where it is not ready; never blocks. Lock held."""
        self._outbox.put(buffers)
        self._changed.notify_all()

    def state(self) -> str:
        with self._changed:
            if self._link is not None:
                return "running" if self._ready else "starting"
            rests = self._resting and not self._owner.needed()
            return "stopped" if self._ending or rests else "starting"

    def pid(self) -> int | None:
        link = self._link
        return None if link is None else link.pid

    @property
    def restarts(self) -> int:
        return max(0, self._lives - 1)

    def turn_seconds(self) -> float:
        """Age of the turn that the child is in, 0 where it is in none."""
        with self._changed:
            return 0.0 if self._since is None else max(0.0, self._clock() - self._since)

    def end(self) -> None:
        """Ask the child to finish; `gone()` tells when it has."""
        with self._changed:
            self._ending = True
            self._outbox.put(pack("end"))
            self._changed.notify_all()

    def gone(self) -> bool:
        return self._gone

    def release(self) -> None:
        """Kill the child if it still runs, and wait for the thread."""
        with self._changed:
            self._ending = True
            self._cut = True
            if self._link is not None:
                self._link.pipe.shut()
            self._changed.notify_all()
        self._thread.join()

    # The thread.

    def _run(self) -> None:
        while self._wait_until_needed():
            try:
                link = ChildLink(self._command)
            except OSError as error:
                self._over(f"could not be started: {error.strerror}")
                continue
            self._lives += 1
            self._over(self._live(link))
        self._gone = True
        self._owner.finished()

    def _wait_until_needed(self) -> bool:
        """After the pause that failures earn, a rest while nobody needs one; False at the end."""
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** (self.failures - 2)) if self.failures > 1 else 0.0
        until = self._clock() + pause
        with self._changed:
            while not self._ending:
                left = until - self._clock()
                if left <= 0 and (not self._resting or self._owner.needed()):
                    return True
                self._changed.wait(left if left > 0 else None)
            return False

    def _live(self, link: ChildLink) -> str:
        """One child from its first word to its last; how it ended, as a part of a sentence."""
        with self._changed:
            self._link = link
            self._heard = self._ticked = self._needed = self._clock()
        try:
            while True:
                buffers = link.pipe.receive(self._tick, every=TICK)
                self._heard = self._clock()
                self._take(link, *unpack(buffers))
        except EOFError:
            if not self._cut:
                link.wait(FARE_WELL)
            return in_words(self._reaped(link))
        except _Hung as hung:
            self._reaped(link)
            return str(hung)
        except PipeBroken as error:
            log.error("%s: nonsense on its pipe: %s", self._name, error)
        except Exception:
            log.exception("%s: what it sent could not be taken", self._name)
        self._reaped(link)
        return "sent what it should not"

    def _reaped(self, link: ChildLink) -> int:
        """From now on there is no child, and what it was sent is lost with it if it was ready."""
        with self._changed:
            self._link = None
        return link.end()

    def _over(self, how: str) -> None:
        reason = f"The computing process {self._name} {how}."
        with self._changed:
            ready, turn, left = self._ready, self._turn, self._leaving
            self._ready, self._leaving, self._resting = False, False, left
            self._turn = self._since = None
            self.failures = 0 if ready else self.failures + 1
            if self._ending or left:
                log.info("%s has ended", self._name)
            elif ready:
                log.error("%s", reason)
                self._outbox = SimpleQueue()
                self._owner.lost(reason, turn)
            else:
                log.error("%s It had not even begun.", reason)
                if self.failures > 1:
                    self._owner.unable(reason)

    def _take(self, link: ChildLink, op: str, head: dict[str, Any], rest: Sequence[Bytes]) -> None:
        if op == "event":
            self._owner.heard(head, rest)
        elif op == "turn":
            with self._changed:
                self._turn = notice(TurnOf, head).session
                self._since = None if self._turn is None else self._clock()
        elif op in ("ready", "beat"):
            self._stands(link, notice(Standing, head), ready=op == "ready")
        elif op == "line":
            _write(notice(Line, head))
        else:
            raise PipeBroken(f"nothing is called {op[:40]!r}")

    def _stands(self, link: ChildLink, standing: Standing, *, ready: bool) -> None:
        with self._changed:
            self.device = standing.device or self.device
            self._since = self._clock() - standing.age if standing.age else None
            if ready and not self._ready:
                self._ready = True
                self.failures = 0
                link.write_from(self._outbox)
        self._look(link)
        if standing.age > self._patience.longest_turn:
            raise _Hung(f"was in one turn for {standing.age:.0f} seconds, and was ended")

    def _tick(self) -> None:
        if (link := self._link) is not None:
            self._look(link)

    def _look(self, link: ChildLink) -> None:
        """Is it alive, does it get anywhere, is it needed?"""
        now, patience = self._clock(), self._patience
        if now - self._ticked > STALLED + TICK:  # stopped or starved ourselves: begin to count anew
            self._heard = now
        self._ticked = now
        silent = now - self._heard
        if silent > (patience.hang_after if self._ready else START_SECONDS):
            raise _Hung(f"was not heard of for {silent:.0f} seconds, and was ended")
        with self._changed:
            if self._owner.needed():
                self._needed = now
            elif self._ready and not self._leaving and now - self._needed > patience.end_after:
                log.info("%s is not needed any more", self._name)
                self._leaving = True
                self._outbox.put(pack("end"))
                self._outbox = SimpleQueue()  # what comes now is for the next child
            if self._ending and not self._ready:  # it has nothing that could be finished
                self._cut = True
                link.pipe.shut()


def _write(line: Line) -> None:
    """Into this process's log, a traceback line by line."""
    for words in line.words.splitlines():
        logging.getLogger(line.name).log(line.level, "%s", words)
