"""Judging a drag after each step: who has arrived, who is lost, whether anything still moves.

Imports torch only.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

HandleStatus = Literal["moving", "reached", "stuck", "lost", "pinned"]
Ending = Literal["reached", "stuck", "lost", "cap"]

LOST = 0.75  # mismatch from which a handle's content counts as gone (1 = unrelated content)
PATIENCE = 40  # steps without progress after which the drag is stuck


class Progress:
    """The judge of one drag. `stop`: how near a target is there, in pixels; `pins` (N,)."""

    def __init__(self, stop: float, pins: Tensor) -> None:
        self.stop = stop
        self.pins: list[bool] = pins.tolist()
        self.best = math.inf
        self.since = 0  # steps without progress
        self.distances: list[float] = []
        self.lost: list[bool] = []

    def look(self, distances: list[float], mismatch: list[float]) -> Ending | None:
        """Why the drag ends here, or None: it goes on. Both lists have a value per handle."""
        self.distances = distances
        self.lost = [m > LOST for m in mismatch]
        moving = [k for k, pin in enumerate(self.pins) if not pin]
        if all(distances[k] <= self.stop for k in moving):
            return "reached"
        if all(self.lost[k] or distances[k] <= self.stop for k in moving):
            return "lost"
        left = sum(distances[k] for k in moving)
        if left < self.best - 0.05 * self.stop:
            self.best, self.since = left, 0
        self.since += 1
        return "stuck" if self.since > PATIENCE else None

    def statuses(self, ending: Ending | None) -> tuple[HandleStatus, ...]:
        """How each handle fares, after `look`."""
        return tuple(self._status(k, ending) for k in range(len(self.pins)))

    def _status(self, k: int, ending: Ending | None) -> HandleStatus:
        if self.pins[k]:
            return "pinned"
        if self.lost[k]:
            return "lost"
        if self.distances[k] <= self.stop:
            return "reached"
        return "moving" if ending is None else "stuck"
