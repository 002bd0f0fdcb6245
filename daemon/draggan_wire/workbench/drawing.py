"""What is drawn over a picture of handles, targets and a drag under way, as values; stdlib only.

A handle is a disc, its target an open ring with an arrow head, a pin a diamond. While
dragging, the disc is where the handle is now; a small ring is where it came from, and a badge
says how it stands. Sizes are logical pixels of the screen, at every zoom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..messages import Point
from .handles import Grip, HandleLine

Box = Tuple[float, float, float, float]  # left, top, right, bottom in document points

HANDLE_RADIUS = 5.0
TARGET_RADIUS = 7.0
PIN_RADIUS = 8.0
BADGE_RADIUS = 7.0
START_RADIUS = 2.5  # of the ring where a handle came from
HEAD_LENGTH, HEAD_WIDTH = 10.0, 9.0
LINE = 2.0
BOLD = 1.25  # how much larger what is selected or under the pointer is
BOLD_LINE = 1.6  # how much wider the lines of what is selected are
HALO, OUTLINE = 6.0, 3.0  # how much wider than the colour
LABEL_HEIGHT = 13
DASH = 4.0  # of the box's frame, and the gap after it
BADGE_AWAY = 19.0  # from the handle to the middle of its badge
LABEL_AWAY, LABEL_AWAY_SELECTED = 15.0, 19.0  # from the handle to the middle of its number
MARGIN = 40.0  # no mark reaches further from its point
TRAIL_POINTS = 100  # drawn of one trail, at most
TRAIL_STEP = 4.0  # from one of them to the next, at least


@dataclass(frozen=True)
class Drawing:
    """All that is drawn over a picture; points in document points."""

    lines: Tuple[HandleLine, ...] = ()
    selected: Optional[int] = None
    hovered: Optional[Grip] = None
    points: Tuple[Point, ...] = ()  # where the handles are now; () where nothing was dragged
    trails: Tuple[Tuple[Point, ...], ...] = ()
    statuses: Tuple[str, ...] = ()
    box: Optional[Box] = None  # what the model looks at ...
    turn: float = 0.0  # ... turned about its middle, clockwise, in degrees
