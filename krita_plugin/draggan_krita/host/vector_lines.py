"""Arrows from lines that were drawn on a vector layer with Krita's own line tool."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, List, Optional, Tuple

from ..draggan_wire.errors import BadInput
from ..draggan_wire.messages import MAX_HANDLES, Point
from ..draggan_wire.workbench.handles import HandleLine
from ..qt import QtGui

_TRANSFORM = re.compile(r'transform="(\w+)\(([^)]*)\)"')
_PATH = re.compile(r'<path[^>]*\sd="([^"]*)"')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_STRAIGHT = re.compile(r"[MmLlHhVvCcZz\d\s.,eE+-]*")
_DOT = 2.0  # pixels: a shorter line is a pin

Matrix = Tuple[float, float, float, float, float, float]


def lines_of(document: Any) -> List[HandleLine]:
    """The two-point lines of the active vector layer, in document points, as they were drawn.

    Raises BadInput when that layer is no vector layer or holds no such lines.
    """
    layer = document.activeNode()
    if layer is None or layer.type() != "vectorlayer":
        raise BadInput(
            "The active layer is no vector layer.",
            hint="Draw lines with the line tool on a vector layer, and choose that layer.",
        )
    size = document.width(), document.height()
    scale = document.xRes() / 72.0  # shapes are measured in points
    found = (_line(shape.toSvg(False, False), scale, size) for shape in layer.shapes())
    lines = [line for line in found if line is not None][:MAX_HANDLES]
    if not lines:
        raise BadInput(
            "There are no straight lines on this layer.",
            hint="Draw each from the point that is grabbed to where it goes.",
        )
    return lines


def _line(svg: str, scale: float, size: Tuple[int, int]) -> Optional[HandleLine]:
    ends = line_in_svg(svg)
    if ends is None:
        return None
    start, target = (_inside((x * scale, y * scale), size) for x, y in ends)
    short = abs(start[0] - target[0]) + abs(start[1] - target[1]) < _DOT
    return HandleLine(start, start if short else target)


def _inside(point: Point, size: Tuple[int, int]) -> Point:
    return min(max(point[0], 0.0), float(size[0])), min(max(point[1], 0.0), float(size[1]))


def line_in_svg(svg: str) -> Optional[Tuple[Point, Point]]:
    """The ends of a path of one straight piece, in the SVG's user units; None for anything else."""
    path = _PATH.search(svg)
    if path is None or not _STRAIGHT.fullmatch(path.group(1)):
        return None
    points = _walk(path.group(1))
    if len(points) != 2:
        return None
    matrix = _matrix(svg)
    start, target = (_apply(matrix, point) for point in points)
    return (start, target) if all(map(isfinite, (*start, *target))) else None


def _walk(text: str) -> List[Point]:
    """The corners of a path of straight pieces (a curve counts by its end)."""
    points: List[Point] = []
    here: Point = (0.0, 0.0)
    for command, rest in re.findall(r"([MmLlHhVvCcZz])([^MmLlHhVvCcZz]*)", text):
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        base = here if command.islower() else (0.0, 0.0)
        kind = command.upper()
        if kind == "Z":
            continue
        if kind in "HV" and numbers:
            along = (numbers[-1] + base[0], here[1]) if kind == "H" else None
            here = along or (here[0], numbers[-1] + base[1])
        elif len(numbers) >= 2:
            here = (numbers[-2] + base[0], numbers[-1] + base[1])
        points.append(here)
    return points


def _matrix(svg: str) -> Matrix:
    found = _TRANSFORM.search(svg)
    numbers = [float(number) for number in _NUMBER.findall(found.group(2))] if found else []
    kind = found.group(1) if found else ""
    if kind == "translate" and numbers:
        return 1.0, 0.0, 0.0, 1.0, numbers[0], numbers[1] if len(numbers) > 1 else 0.0
    if kind == "scale" and numbers:
        return numbers[0], 0.0, 0.0, numbers[-1], 0.0, 0.0
    if kind == "rotate" and numbers:
        turn = QtGui.QTransform().rotate(numbers[0])
        return turn.m11(), turn.m12(), turn.m21(), turn.m22(), 0.0, 0.0
    if kind == "matrix" and len(numbers) == 6:
        a, b, c, d, e, f = numbers
        return a, b, c, d, e, f
    return 1.0, 0.0, 0.0, 1.0, 0.0, 0.0


def _apply(matrix: Matrix, point: Point) -> Point:
    (a, b, c, d, e, f), (x, y) = matrix, point
    return a * x + c * y + e, b * x + d * y + f
