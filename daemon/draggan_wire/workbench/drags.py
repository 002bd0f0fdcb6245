"""The drags that have made an edit's timeline, and where they leave its handles; stdlib only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence, Tuple

from ..messages import Point
from .handles import HandleLine, HandleSet

ARRIVED = 1 / 200  # of the picture's longer side: what is left of a way that a handle has gone
Lines = Tuple[HandleLine, ...]


@dataclass(frozen=True)
class PastDrag:
    """One drag of the timeline: the step where it began, and its handles as they were then."""

    base: int
    lines: Lines


class Drags:
    """Lets the handles of one document follow its drags, until the user moves them."""

    def __init__(self, handles: HandleSet) -> None:
        self.past: Tuple[PastDrag, ...] = ()  # the timeline's, oldest first
        self._handles = handles
        self._ours: Lines = ()  # the handles as this class has placed them last

    def begin(self, base: int, lines: Lines) -> None:
        """A drag from a step, of the handles as they are; what came after that step is no more."""
        kept = (drag for drag in self.past if drag.base < base)
        self.past = (*kept, PastDrag(base, lines))
        self._ours = lines

    def take_up(self, past: Tuple[PastDrag, ...], lines: Lines) -> None:
        """Those of an edit that is opened again, and its handles."""
        self._handles.replace(lines)
        self.past, self._ours = past, lines

    def forget(self) -> None:
        """The timeline is gone; the handles stay."""
        self.past, self._ours = (), ()

    def place(
        self, step: int, points: Sequence[Point], statuses: Sequence[str], *, side: float
    ) -> None:
        """Arrows begin where the handles are at that step, unless the user has moved them.

        `points` are the document's; `statuses` are the daemon's, where it has said them; `side` is
        the longer one of the picture in the document's pixels.
        """
        if not self.past or not self._untouched:
            return
        drag = self._of(step)
        if step <= drag.base:
            lines = drag.lines
        elif len(points) == len(drag.lines):
            arrived = _arrived(drag, points, statuses, side * ARRIVED)
            lines = tuple(map(HandleLine.moved, drag.lines, points, arrived))
        else:
            return
        if lines != self._ours:
            self._handles.replace(lines, self._handles.selected)
            self._ours = self._handles.lines

    def standings(self, step: int, statuses: Tuple[str, ...]) -> Tuple[str, ...]:
        """In a word, how each handle stands at that step; `statuses` as in `place`."""
        lines, untouched = self._handles.lines, self._untouched
        if len(statuses) == len(lines) and untouched:
            return statuses
        dragged = self._of(step).lines if self.past and untouched else lines
        return tuple(map(_standing, lines, dragged))

    @property
    def _untouched(self) -> bool:
        return self._handles.lines == self._ours

    def _of(self, step: int) -> PastDrag:
        """The drag that began at a step, or else the one that made it."""
        near = [drag for drag in self.past if drag.base <= step]
        return near[-1] if near else self.past[0]


def _arrived(
    drag: PastDrag, points: Sequence[Point], statuses: Sequence[str], near: float
) -> Sequence[bool]:
    """As the daemon says at a drag's end; of other steps, by what is left of the way."""
    if len(statuses) == len(points):
        return [status == "reached" for status in statuses]
    return [math.dist(p, line.target) < near for line, p in zip(drag.lines, points)]


def _standing(line: HandleLine, dragged: HandleLine) -> str:
    """A handle that has arrived holds its place, but nobody has pinned it."""
    if not line.pinned:
        return "placed"
    return "pinned" if dragged.pinned else "reached"
