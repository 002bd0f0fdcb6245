"""Handles from paths that were drawn on the image with GIMP's own tool."""

from __future__ import annotations

from math import isfinite
from typing import Any, Iterator, List, Sequence, Tuple

from ..draggan_wire.errors import BadInput
from ..draggan_wire.messages import MAX_HANDLES
from ..draggan_wire.workbench.handles import HandleLine

_HOW = "Draw lines with the Paths tool: each from the point that is grabbed to where it goes."
_ANCHOR = 6  # numbers: a control point, the anchor itself, a control point


def path_lines(image: Any, name: str = "") -> Tuple[HandleLine, ...]:
    """Each stroke as a handle from its first anchor to its last; a single anchor is a pin.

    Of the path of that name, else of the selected paths, else of the newest one. Points of the
    image, as they were drawn. Raises BadInput where there are none, or too many.
    """
    lines: List[HandleLine] = []
    for path in _paths(image, name):
        for line in _lines_of(path):
            if len(lines) == MAX_HANDLES:
                raise BadInput(
                    f"The path has more than {MAX_HANDLES} strokes.",
                    hint="Each is a handle: remove some.",
                )
            lines.append(line)
    if not lines:
        raise BadInput("There is nothing on the path.", hint=_HOW)
    return tuple(lines)


def _paths(image: Any, name: str) -> Sequence[Any]:
    every = image.get_paths() or []
    if name:
        named = [path for path in every if path.get_name() == name]
        if not named:
            known = ", ".join(repr(path.get_name()) for path in every[:5])
            hint = f"The image has: {known}." if known else "The image has no path at all."
            raise BadInput(f"There is no path called {name!r}.", hint=hint)
        return named[:1]
    if not every:
        raise BadInput("There is no path in this image.", hint=_HOW)
    return image.get_selected_paths() or every[:1]


def _lines_of(path: Any) -> Iterator[HandleLine]:
    for stroke in path.get_strokes() or []:
        _, numbers, closed = path.stroke_get_points(stroke)
        anchors = [
            (float(numbers[k + 2]), float(numbers[k + 3]))
            for k in range(0, len(numbers) - _ANCHOR + 1, _ANCHOR)
        ]
        if not all(isfinite(value) for anchor in anchors for value in anchor):
            raise BadInput("A point of the path lies nowhere.", hint=_HOW)
        if closed and len(anchors) > 1:
            raise BadInput(
                "A stroke of the path is closed, so it has no end to drag to.",
                hint="Draw open strokes: " + _HOW[0].lower() + _HOW[1:],
            )
        if anchors:
            yield HandleLine(anchors[0], anchors[-1])
