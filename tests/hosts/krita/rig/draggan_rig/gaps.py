"""How long Krita's user interface stood still: the gaps of a 10 ms timer."""

from __future__ import annotations

import time

from .qt import QtCore

INTERVAL = 10


class GapMeter:
    """Measures from start() to stop()."""

    def __init__(self):
        self._timer = QtCore.QTimer()
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._gaps = []

    def start(self):
        self._gaps, self._last = [], time.perf_counter()
        self._timer.start(INTERVAL)

    def stop(self):
        """Milliseconds: {"median", "p95", "max", "count"}."""
        self._timer.stop()
        gaps = sorted(self._gaps)
        return {
            "median": round(gaps[len(gaps) // 2], 1),
            "p95": round(gaps[len(gaps) * 95 // 100], 1),
            "max": round(gaps[-1], 1),
            "count": len(gaps),
        }

    def _tick(self):
        now = time.perf_counter()
        self._gaps.append(1000 * (now - self._last))
        self._last = now
