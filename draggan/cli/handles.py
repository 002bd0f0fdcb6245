"""Handles as they are typed: the grammar of --handle and --pin; standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from draggan.errors import BadInput

Point = tuple[float, float]

_HANDLE_FORM = "Write X,Y:X,Y in pixels, from the handle to its target: --handle 120,80:160,84"
_PIN_FORM = "Write X,Y in pixels: --pin 30,30"


@dataclass(frozen=True)
class Handle:
    """(x, y) of a handle and of its target, in pixels of the picture."""

    start: Point
    target: Point

    @property
    def pinned(self) -> bool:
        """A handle of zero length stays where it is."""
        return self.start == self.target


def parse_handle(text: str) -> Handle:
    """Reads X,Y:X,Y. Raises BadInput."""
    halves = text.split(":")
    points = [_point(half) for half in halves]
    start, target = points[0], points[-1]
    if len(halves) != 2 or start is None or target is None:
        raise BadInput(f"--handle {text!r} is not a pair of points.", hint=_HANDLE_FORM)
    return Handle(start, target)


def parse_pin(text: str) -> Handle:
    """Reads X,Y. Raises BadInput."""
    point = _point(text)
    if point is None:
        raise BadInput(f"--pin {text!r} is not a point.", hint=_PIN_FORM)
    return Handle(point, point)


def check_handles(handles: Sequence[Handle], size: tuple[int, int]) -> None:
    """Refuses with BadInput what cannot be dragged in a picture of `size` (W, H)."""
    if all(handle.pinned for handle in handles):
        raise BadInput(
            "There is no handle to drag." if not handles else "Pins alone move nothing.",
            hint=_HANDLE_FORM,
        )
    for handle in handles:
        _check_inside(handle.start, "handle" if not handle.pinned else "pin", size)
        _check_inside(handle.target, "target", size)
    starts = [handle.start for handle in handles]
    for start in starts:
        if starts.count(start) > 1:
            raise BadInput(
                f"There are {starts.count(start)} handles or pins at {written(start)}.",
                hint="Keep one of them.",
            )


def written(point: Point) -> str:
    """A point the way it is typed: 120,80.5"""
    return ",".join(f"{value:.1f}".rstrip("0").rstrip(".") for value in point)


def as_typed(handles: Sequence[Handle]) -> str:
    """The handles as arguments of `draggan drag`, to be copied."""
    return " ".join(
        f"--pin {written(handle.start)}"
        if handle.pinned
        else f"--handle {written(handle.start)}:{written(handle.target)}"
        for handle in handles
    )


def _point(text: str) -> Point | None:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def _check_inside(point: Point, what: str, size: tuple[int, int]) -> None:
    width, height = size
    if not (0 <= point[0] <= width and 0 <= point[1] <= height):
        raise BadInput(
            f"The {what} {written(point)} lies outside the picture, which has "
            f"{width} x {height} pixels.",
            hint=f"Use x from 0 to {width} and y from 0 to {height}, counted from the top left.",
        )
