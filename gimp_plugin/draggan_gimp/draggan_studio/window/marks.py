"""Paints handles, targets and a drag under way over the picture; needs cairo.py, no Gtk."""

from __future__ import annotations

from math import radians
from typing import Optional

from ..draggan_wire.workbench import marks
from ..draggan_wire.workbench.drawing import DASH, LABEL_HEIGHT, Drawing
from ..draggan_wire.workbench.ink import DASHED
from ..draggan_wire.workbench.shapes import Circle, Hook, Label, Shape
from .cairo import Context
from .view import Rectangle, View


def paint_drawing(context: Context, view: View, drawing: Drawing) -> None:
    """Draws in the widget's logical pixels."""
    ink = marks.ink_of(drawing, view.to_widget)
    for coat in ink.coats:
        _trace(context, ink.shapes[coat.shape])
        context.set_colour(coat.colour, coat.opacity)
        if coat.width is None:
            context.fill()
        elif coat.pen == DASHED:
            with context.saved():
                context.set_dashes(DASH, DASH)
                _stroke(context, coat.width)
        else:
            _stroke(context, coat.width)


def bounds(view: View, drawing: Drawing) -> Optional[Rectangle]:
    """Where in the widget something is drawn; None for an empty drawing."""
    return marks.bounds(drawing, view.to_widget)


def _trace(context: Context, shape: Shape) -> None:
    """Makes the shape the context's path."""
    if isinstance(shape, Circle):
        context.circle(shape.centre[0], shape.centre[1], shape.radius)
    elif isinstance(shape, Hook):
        x, y = shape.centre
        context.arc(x, y, shape.radius, radians(shape.begin), radians(shape.end))
        context.line_to(*shape.tip)
    elif isinstance(shape, Label):
        context.centred_text(shape.text, shape.middle[0], shape.middle[1], LABEL_HEIGHT)
    else:
        context.polyline(shape.points, closed=shape.closed)


def _stroke(context: Context, width: float) -> None:
    context.set_pen(width)
    context.stroke()
