"""Separable resampling between grids of different step and offset; imports numpy and nothing else.

Area averaging where cells grow, Catmull-Rom cubic interpolation (Keys 1981, a = -1/2) where they
shrink; beyond the ends the last sample is repeated. The offset may be fractional, so a picture of
any size lands on the model's grid without being padded or shifted first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 64  # output rows worked on at a time: bounds the memory that a large picture needs


@dataclass(frozen=True)
class Axis:
    """Output cell j covers [start + j * step, start + (j + 1) * step] of `length` input cells."""

    cells: int
    length: int
    start: float
    step: float

    def weights(self, first: int = 0, last: int | None = None) -> tuple[int, NDArray]:
        """For output cells first..last-1: the first input cell needed, and (n, inputs) weights."""
        j = np.arange(first, self.cells if last is None else last)
        taps, values = self._area(j) if self.step >= 1 else self._cubic(j)
        taps = np.clip(taps, 0, self.length - 1)  # edge replication
        low = int(taps.min())
        matrix = np.zeros((len(j), int(taps.max()) - low + 1), np.float32)
        np.add.at(matrix, (np.arange(len(j))[:, None], taps - low), values)
        return low, matrix

    def _area(self, j: NDArray) -> tuple[NDArray, NDArray]:
        """Each input cell weighs by its overlap with the output cell."""
        left = self.start + j[:, None] * self.step
        taps = np.floor(left).astype(int) + np.arange(int(np.ceil(self.step)) + 1)
        overlap = np.minimum(taps + 1, left + self.step) - np.maximum(taps, left)
        return taps, np.clip(overlap, 0, None) / self.step

    def _cubic(self, j: NDArray) -> tuple[NDArray, NDArray]:
        """Catmull-Rom at the output cell's centre, from the four nearest input centres."""
        centre = self.start + (j[:, None] + 0.5) * self.step - 0.5
        taps = np.floor(centre).astype(int) + np.arange(-1, 3)
        t = np.abs(centre - taps)
        near = (1.5 * t - 2.5) * t * t + 1
        far = ((-0.5 * t + 2.5) * t - 4) * t + 2
        return taps, np.where(t < 1, near, np.where(t < 2, far, 0))


Rows = Callable[[int, int], NDArray]  # (first, last) -> rows of the input, (n, w, C) float32


def shrink(rows: Rows, vertical: Axis, horizontal: Axis) -> NDArray:
    """Resample an input, read some rows at a time, to (vertical.cells, horizontal.cells, C)."""
    low, across = horizontal.weights()
    parts = []
    for first in range(0, vertical.cells, BLOCK):
        top, down = vertical.weights(first, min(first + BLOCK, vertical.cells))
        band = np.tensordot(down, rows(top, top + down.shape[1]), axes=1)
        parts.append(_across(band, low, across))
    return np.concatenate(parts)


def grow(
    image: NDArray,
    vertical: Axis,
    horizontal: Axis,
    rows: tuple[int, int],
    columns: tuple[int, int],
) -> NDArray:
    """The part [first, last) x [first, last) of `image` (h, w, C) resampled along both axes."""
    top, down = vertical.weights(*rows)
    band = np.tensordot(down, image[top : top + down.shape[1]], axes=1)
    # A few columns at a time need a few columns of the image: the weights stay small and dense.
    starts = range(columns[0], columns[1], 4 * BLOCK)
    parts = [_across(band, *horizontal.weights(c, min(c + 4 * BLOCK, columns[1]))) for c in starts]
    return np.concatenate(parts, axis=1)


def _across(band: NDArray, low: int, weights: NDArray) -> NDArray:
    """Apply horizontal weights (W, n) to columns low.. of `band` (h, w, C): (h, W, C)."""
    return np.matmul(weights, band[:, low : low + weights.shape[1]])
