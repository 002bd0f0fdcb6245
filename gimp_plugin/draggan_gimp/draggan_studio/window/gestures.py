"""What presses, drags and releases in the picture area do with each tool; imports no Gtk."""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Point
from ..draggan_wire.workbench.gestures import Placing
from ..draggan_wire.workbench.handles import Grip, HandleSet
from ..draggan_wire.workbench.strokes import Strokes
from .brush import nothing_left
from .history import History
from .view import Viewport

REACH = 10.0  # logical pixels: how near to a grip is on it
TOOLS = ("handles", "paint", "erase")


class Gestures:
    """Takes points of the widget; `changed` hears of every change, with a refusal or ""."""

    def __init__(
        self,
        handles: HandleSet,
        strokes: Strokes,
        history: History,
        viewport: Viewport,
        changed: Callable[[str], None],
    ) -> None:
        self.tool = "handles"
        self.brush = 20.0  # document pixels
        self.box = Crop(0, 0, 0, 0)  # where handles may be
        self.off = False
        self._handles, self._strokes, self._history = handles, strokes, history
        self._viewport = viewport
        self._changed = changed
        self._refusal = ""
        self._placing = Placing(handles, self._limits, self._refuse)
        self._painting: Optional[_Painting] = None
        self._lines_before = 0
        self._nudged: Optional[int] = None  # the handles' revision after a nudge
        self._fresh: Optional[int] = None  # the handles' revision after a click that put a pin

    @property
    def active(self) -> bool:
        return self._placing.active or self._painting is not None

    def hovered(self, at: Optional[Point]) -> Optional[Grip]:
        """What a press there would take."""
        if at is None or self.off or self.tool != "handles":
            return None
        return self._placing.hover(self._document(at), self._reach)

    def press(self, at: Point, *, whole: bool = False) -> None:
        """`whole`: on a pin, move it in place of taking its target out."""
        if self.off:
            return
        self._history.note()
        if self.tool == "handles":
            self._press_handle(self._document(at), whole)
        else:
            self._painting = _Painting(self._strokes)
            self._painting.begin(self._document(at), self.brush, self.tool == "erase")
        self._tell()

    def move(self, at: Point) -> None:
        point = self._document(at)
        if self._painting is not None:
            self._painting.extend(point)
            self._tell()
        elif self._placing.active:
            self._placing.move(self._inside(point))
            self._tell()

    def release(self, at: Point) -> None:
        if not self.active:
            return
        self.move(at)
        self._fresh = None
        if self._painting is not None:
            self._painting = None
            if self.tool == "erase" and nothing_left(self._strokes, self.box):
                self._strokes.clear()
        else:
            placed = len(self._handles.lines) > self._lines_before
            self._placing.release(self._inside(self._document(at)))
            selected = self._handles.selected
            if placed and selected is not None and self._handles.lines[selected].pinned:
                self._fresh = self._handles.revision
        self._history.note()
        self._tell()

    def double_press(self, at: Point) -> bool:
        """Whether it was on nothing; a pin that its first click has put there goes again."""
        point = self._document(at)
        if self._placing.active:
            self._placing.cancel()
        if self._fresh is not None and self._fresh == self._handles.revision:
            self._fresh = None
            self._history.undo()
            self._tell()
            return True
        return not self._near(point) and self._handles.grip_at(point, self._reach) is None

    def nudge(self, right: float, down: float) -> bool:
        """Moves the selected handle's target, or its pin, by document pixels; all that come one
        after the other are one step to undo. Whether there is one selected.
        """
        index = self._handles.selected
        if index is None:
            return False
        if not self.off and not self.active:
            going_on = self._nudged == self._handles.revision
            self._history.note()
            self._move(index, right, down)
            (self._history.amend if going_on else self._history.note)()
            self._nudged = self._handles.revision
            self._tell()
        return True

    def remove_selected(self) -> bool:
        """Whether there was one."""
        if self.off or self.active:
            return False
        self._history.note()
        if not self._handles.remove_selected():
            return False
        self._history.note()
        self._tell()
        return True

    def cancel(self) -> bool:
        """Takes a gesture back that is under way; whether there was one."""
        painting, self._painting = self._painting, None
        if painting is not None:
            painting.take_back()
        elif not self._placing.cancel():
            return False
        self._tell()
        return True

    def _press_handle(self, point: Point, whole: bool) -> None:
        self._lines_before = len(self._handles.lines)
        if self._near(point) or self._handles.grip_at(point, self._reach) is not None:
            self._placing.press(point, self._reach, whole=whole)
        else:
            self._handles.select(None)

    def _move(self, index: int, right: float, down: float) -> None:
        line = self._handles.lines[index]
        to = self._inside((line.target[0] + right, line.target[1] + down))
        (self._handles.move if line.pinned else self._handles.move_target)(index, to)

    def _tell(self) -> None:
        refusal, self._refusal = self._refusal, ""
        self._changed(refusal)

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence

    def _limits(self) -> Tuple[int, int]:
        return self.box.left + self.box.width, self.box.top + self.box.height

    def _near(self, point: Point) -> bool:
        """Whether a press there is meant for the picture."""
        x, y = self._inside(point)
        return abs(x - point[0]) <= self._reach and abs(y - point[1]) <= self._reach

    def _inside(self, point: Point) -> Point:
        box = self.box
        x = min(max(point[0], box.left), box.left + box.width)
        return float(x), float(min(max(point[1], box.top), box.top + box.height))

    def _document(self, at: Point) -> Point:
        return self._viewport.view.to_document(at)

    @property
    def _reach(self) -> float:
        return REACH / self._viewport.view.zoom


class _Painting:
    """A stroke that has not ended yet, and what there was before it."""

    def __init__(self, strokes: Strokes) -> None:
        self._strokes = strokes
        self._before = strokes.strokes
        self._revision = strokes.revision

    def begin(self, point: Point, radius: float, erase: bool) -> None:
        self._strokes.begin(point, radius, erase)
        self._revision = self._strokes.revision

    def extend(self, point: Point) -> None:
        if self._revision == self._strokes.revision:
            self._strokes.extend(point)
            self._revision = self._strokes.revision

    def take_back(self) -> None:
        """Unless somebody else has changed the strokes since."""
        if self._revision == self._strokes.revision:
            self._strokes.replace(self._before)
