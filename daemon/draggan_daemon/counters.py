"""What the daemon counts of its own work, for `draggand status`; standard library only."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles

STEPS_KEPT = 512


@dataclass
class Counters:
    """Since the daemon's start. `clock` gives seconds that only go forward."""

    clock: Callable[[], float] = time.monotonic
    bytes_in: int = 0
    bytes_out: int = 0
    frames_sent: int = 0
    steps: int = 0
    refused_messages: int = 0
    workers_lost: int = 0
    _steps: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=STEPS_KEPT))

    def step(self, seconds: float) -> None:
        """A drag has taken a step in so many seconds."""
        self.steps += 1
        self._steps.append((self.clock(), seconds))

    def facts(self) -> dict[str, float | None]:
        """Steps of the last ten seconds, and how long the latest ones took."""
        now = self.clock()
        recent = sum(1 for when, _ in self._steps if now - when < 10.0)
        taken = sorted(1000 * seconds for _, seconds in self._steps)
        middle, late = _middle_and_late(taken)
        return {
            "steps": self.steps,
            "steps_per_s": round(recent / 10.0, 2),
            "step_ms_p50": middle,
            "step_ms_p95": late,
            "frames_sent": self.frames_sent,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "refused_messages": self.refused_messages,
            "workers_lost": self.workers_lost,
        }


def _middle_and_late(values: list[float]) -> tuple[float | None, float | None]:
    """p50 and p95 of sorted values; None without any."""
    if len(values) < 2:
        only = round(values[0], 2) if values else None
        return only, only
    cuts = quantiles(values, n=20)
    return round(cuts[9], 2), round(cuts[18], 2)
