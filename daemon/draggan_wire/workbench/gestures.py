"""What a press, a drag and a release on the canvas do to the handles; imports handles.py only.

On nothing:      a click puts a pin, a drag draws an arrow from the press to the release.
On a grip:       a click selects the handle, a drag moves that end.
On a pin:        a drag pulls its target out, which makes it an arrow; with Shift the pin moves.
A target that is dropped on its own start becomes a pin.
Outside of the picture: a click selects nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Callable, Optional, Tuple

from ..messages import MAX_HANDLES, Point
from .handles import Grip, HandleLine, HandleSet

DRAG_BEGINS = 0.4  # of the reach: 4 pixels of the screen where the reach is 10
FULL = f"There are {MAX_HANDLES} handles already, and no room for more."


_State = Tuple[Tuple[HandleLine, ...], Optional[int]]  # lines, selected


def _nobody(sentence: str) -> None:
    pass


@dataclass
class _Gesture:
    """One press that has not ended yet."""

    pressed: Point
    slack: float  # a shorter way than this is a click
    grip: Grip
    moves: str  # "start", "target" or "both"
    offset: Tuple[float, float]  # from the pointer to the end that it holds
    before: _State
    revision: int  # of the handles, as this gesture has left them
    dragging: bool = False


class Placing:
    """Turns pointer events, in document points, into handles.

    `limits` tells the document's width and height: all points stay inside of it.
    `refuse` hears a sentence when something cannot be done.
    """

    def __init__(
        self,
        handles: HandleSet,
        limits: Callable[[], Tuple[int, int]],
        refuse: Callable[[str], None] = _nobody,
    ) -> None:
        self.handles = handles
        self._limits = limits
        self._refuse = refuse
        self._gesture: Optional[_Gesture] = None

    @property
    def active(self) -> bool:
        """Whether a press has not been released yet."""
        return self._gesture is not None

    def hover(self, point: Point, reach: float) -> Optional[Grip]:
        """What a press here would take."""
        return self._gesture.grip if self._gesture else self.handles.grip_at(point, reach)

    def press(self, point: Point, reach: float, *, whole: bool = False) -> None:
        """Begins a gesture. `reach` (document pixels) is how near to a grip is on it.

        `whole`: on a pin, move it in place of taking its target out.
        """
        self.cancel()
        slack = reach * DRAG_BEGINS
        grip = self.handles.grip_at(point, reach)
        if grip is not None:
            self._take(grip, point, slack, whole)
        elif not self._inside(point, reach):
            self.handles.select(None)
        elif self.handles.full:
            self._refuse(FULL)
        else:
            self._begin_line(point, slack)

    def move(self, point: Point) -> None:
        gesture = self._ours()
        if gesture is None:
            return
        if not gesture.dragging and _distance(point, gesture.pressed) < gesture.slack:
            return
        gesture.dragging = True
        where = self._clamp((point[0] + gesture.offset[0], point[1] + gesture.offset[1]))
        index = gesture.grip.index
        if gesture.moves == "both":
            self.handles.move(index, where)
        elif gesture.moves == "start":
            self.handles.move_start(index, where)
        else:
            start = self.handles.lines[index].start
            near = _distance(where, start) < gesture.slack
            self.handles.move_target(index, start if near else where)
        gesture.revision = self.handles.revision

    def release(self, point: Point) -> None:
        self.move(point)
        self._gesture = None

    def cancel(self) -> bool:
        """Takes a gesture back that is under way; whether there was one."""
        gesture = self._ours()
        if gesture is None:
            return False
        self._gesture = None
        self.handles.replace(*gesture.before)
        return True

    def _ours(self) -> Optional[_Gesture]:
        """The gesture, unless somebody else has changed the handles since: then it is over."""
        if self._gesture and self._gesture.revision != self.handles.revision:
            self._gesture = None
        return self._gesture

    def _take(self, grip: Grip, point: Point, slack: float, whole: bool) -> None:
        line = self.handles.lines[grip.index]
        moves = grip.end
        if line.pinned:
            moves = "both" if whole else "target"
        held = line.target if moves == "target" else line.start
        before = (self.handles.lines, self.handles.selected)
        self.handles.select(grip.index)
        offset = (held[0] - point[0], held[1] - point[1])
        self._gesture = _Gesture(point, slack, grip, moves, offset, before, self.handles.revision)

    def _begin_line(self, point: Point, slack: float) -> None:
        before = (self.handles.lines, self.handles.selected)
        where = self._clamp(point)
        grip = Grip(self.handles.add(HandleLine(where, where)), "target")
        self._gesture = _Gesture(
            point, slack, grip, "target", (0.0, 0.0), before, self.handles.revision
        )

    def _inside(self, point: Point, margin: float) -> bool:
        width, height = self._limits()
        x, y = point
        return bool(
            width and height and -margin <= x <= width + margin and -margin <= y <= height + margin
        )

    def _clamp(self, point: Point) -> Point:
        width, height = self._limits()
        return min(max(point[0], 0.0), float(width)), min(max(point[1], 0.0), float(height))


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])
