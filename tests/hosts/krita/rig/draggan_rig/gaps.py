"""How long Krita's user interface stood still: the gaps of a 10 ms timer.

Where other programs keep all cores busy, Krita stands still without any doing of its own: "own"
leaves out the time for which its main thread could have run but was given no core.
"""

from __future__ import annotations

import time
from pathlib import Path

from .qt import QtCore

INTERVAL = 10
# Of the main thread, nanoseconds: those it ran, those it waited for a core, and a count.
SCHEDULED = Path("/proc/self/schedstat")


class GapMeter:
    """Measures from start() to stop()."""

    def __init__(self):
        self._timer = QtCore.QTimer()
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self):
        self._gaps, self._own = [], []
        self._last = time.perf_counter(), waited()
        self._timer.start(INTERVAL)

    def stop(self):
        """Milliseconds: {"median", "p95", "max", "own": the three longest}, and their count."""
        self._timer.stop()
        gaps = sorted(self._gaps)
        return {
            "median": round(gaps[len(gaps) // 2], 1),
            "p95": round(gaps[len(gaps) * 95 // 100], 1),
            "max": round(gaps[-1], 1),
            "own": [round(gap, 1) for gap in sorted(self._own)[-3:]],
            "count": len(gaps),
        }

    def _tick(self):
        now = time.perf_counter(), waited()
        gap = 1000 * (now[0] - self._last[0])
        self._gaps.append(gap)
        self._own.append(gap - 1000 * (now[1] - self._last[1]))
        self._last = now


def waited():
    """Seconds for which the main thread waited for a core, since Krita's start."""
    return int(SCHEDULED.read_text().split()[1]) / 1e9
