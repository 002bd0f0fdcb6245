"""How long the dialog stands still: gaps of a quick timer, for host tests; needs GLib only."""

from __future__ import annotations

import time
from typing import Dict, List

from gi.repository import GLib

TICK = 10  # ms between two ticks of an idle dialog


class Pace:
    """Measures from now on; `end` tells what came of it."""

    def __init__(self) -> None:
        self._gaps: List[float] = []
        self._own: List[float] = []  # of each gap what this thread has computed, not waited
        self._last = self._begin = time.perf_counter()
        self._computed = time.thread_time()
        self._source = GLib.timeout_add(TICK, self._tick)

    def end(self) -> Dict[str, float]:
        """Milliseconds between ticks (median, p95, the two longest), and seconds in all.

        `own` is the longest time that was computed between two ticks: the rest of a long gap is
        others', who held the cores.
        """
        GLib.source_remove(self._source)
        gaps = sorted(self._gaps) or [0.0]
        return {
            "median": gaps[len(gaps) // 2],
            "p95": gaps[int(0.95 * (len(gaps) - 1))],
            "second": gaps[-2:][0],
            "longest": gaps[-1],
            "own": max(self._own, default=0.0),
            "seconds": time.perf_counter() - self._begin,
        }

    def _tick(self) -> bool:
        now = time.perf_counter()
        self._gaps.append(round(1000 * (now - self._last), 1))
        self._last = now
        computed = time.thread_time()
        self._own.append(round(1000 * (computed - self._computed), 1))
        self._computed = computed
        return True
