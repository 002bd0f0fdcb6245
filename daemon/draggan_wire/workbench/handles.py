"""The handles that a painter has put on one document; imports the wire's limits only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import Iterable, Optional, Tuple

from ..messages import MAX_HANDLES, Point


@dataclass(frozen=True)
class HandleLine:
    """Where the picture is grabbed and where that place goes, in document points."""

    start: Point
    target: Point

    @property
    def pinned(self) -> bool:
        """Whether the place is to stay where it is."""
        return self.start == self.target

    def moved(self, point: Point, arrived: bool) -> HandleLine:
        """The handle on its way; one that has arrived holds its place from then on."""
        if self.pinned:
            return self
        return HandleLine(self.target, self.target) if arrived else replace(self, start=point)


@dataclass(frozen=True)
class Grip:
    """One end of a handle that can be taken; `end` is "start" or "target" (a pin: "start")."""

    index: int
    end: str


class HandleSet:
    """The handles of one document, in the order in which they were placed; at most MAX_HANDLES."""

    def __init__(self) -> None:
        self._lines: Tuple[HandleLine, ...] = ()
        self._selected: Optional[int] = None
        self._revision = 0

    @property
    def lines(self) -> Tuple[HandleLine, ...]:
        return self._lines

    @property
    def selected(self) -> Optional[int]:
        return self._selected

    @property
    def revision(self) -> int:
        """Another number after every change, of the selection too."""
        return self._revision

    @property
    def full(self) -> bool:
        return len(self._lines) >= MAX_HANDLES

    def add(self, line: HandleLine) -> int:
        """Its index; it is selected. Raises ValueError when the set is full: ask `full` before."""
        if self.full:
            raise ValueError(f"more than {MAX_HANDLES} handles")
        self._become((*self._lines, line), len(self._lines))
        return len(self._lines) - 1

    def move(self, index: int, point: Point) -> None:
        """Makes the handle a pin at that point; moves one that is a pin already."""
        self._put(index, HandleLine(point, point))

    def move_start(self, index: int, point: Point) -> None:
        self._put(index, replace(self._lines[index], start=point))

    def move_target(self, index: int, point: Point) -> None:
        """Also what turns a pin into an arrow."""
        self._put(index, replace(self._lines[index], target=point))

    def remove(self, index: int) -> None:
        lines = self._lines[:index] + self._lines[index + 1 :]
        selected = self._selected
        if selected is not None and selected >= index:
            selected = selected - 1 if selected > index else None
        self._become(lines, selected)

    def remove_selected(self) -> bool:
        """Whether there was one."""
        if self._selected is None:
            return False
        self.remove(self._selected)
        return True

    def clear(self) -> None:
        self._become((), None)

    def replace(self, lines: Iterable[HandleLine], selected: Optional[int] = None) -> None:
        """Other handles in place of all. Raises ValueError when they are more than MAX_HANDLES."""
        new = tuple(lines)
        if len(new) > MAX_HANDLES:
            raise ValueError(f"more than {MAX_HANDLES} handles")
        self._become(new, selected)

    def select(self, index: Optional[int]) -> None:
        """Marks one handle, or none. Raises IndexError for one that is not there."""
        if index is not None and not 0 <= index < len(self._lines):
            raise IndexError(f"no handle {index}")
        self._become(self._lines, index)

    def grip_at(self, point: Point, reach: float) -> Optional[Grip]:
        """The nearest end within `reach` (document pixels).

        At the same distance a target wins over a start, then what was placed last, since that is
        drawn on top.
        """
        near = [found for found in self._grips_by_distance(point) if found[0] <= reach]
        return min(near, key=lambda found: found[:3])[3] if near else None

    def _grips_by_distance(self, point: Point) -> Iterable[Tuple[float, bool, int, Grip]]:
        for index, line in enumerate(self._lines):
            yield _distance(point, line.start), True, -index, Grip(index, "start")
            if not line.pinned:
                yield _distance(point, line.target), False, -index, Grip(index, "target")

    def _put(self, index: int, line: HandleLine) -> None:
        lines = list(self._lines)
        lines[index] = line
        self._become(tuple(lines), self._selected)

    def _become(self, lines: Tuple[HandleLine, ...], selected: Optional[int]) -> None:
        if (lines, selected) == (self._lines, self._selected):
            return
        self._lines, self._selected = lines, selected
        self._revision += 1


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])
