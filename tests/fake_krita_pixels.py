"""The pixels of the small Krita in memory: planes without borders, conversion, blending."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SRGB = "sRGB-elle-V2-srgbtrc.icc"
Space = tuple[str, str, str]  # model, depth, profile
Area = tuple[int, int, int, int]  # left, top, width, height

_CHANNELS = {"RGBA": 4, "GRAYA": 2, "A": 1}
_TYPES = {"U8": np.uint8, "U16": np.uint16}


class Plane:
    """Samples of one colour space, transparent wherever nothing was written."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._left = self._top = 0
        self._samples = _empty(space, 0, 0)

    def read(self, area: Area) -> bytes:
        return self.array(area).tobytes()

    def write(self, data: bytes, area: Area) -> None:
        """A buffer that is too short is taken in silence, as Krita does."""
        _, _, width, height = area
        samples = _empty(self.space, width, height)
        raw = data[: samples.nbytes].ljust(samples.nbytes, b"\0")
        self.put(np.frombuffer(raw, samples.dtype).reshape(samples.shape), area)

    def array(self, area: Area) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """A copy of what is inside the area, height x width x channels."""
        left, top, width, height = area
        found = _empty(self.space, width, height)
        x0, y0 = max(left, self._left), max(top, self._top)
        x1, y1 = min(left + width, self._right), min(top + height, self._bottom)
        if x1 > x0 and y1 > y0:
            own = self._samples[y0 - self._top : y1 - self._top, x0 - self._left : x1 - self._left]
            found[y0 - top : y1 - top, x0 - left : x1 - left] = own
        return found

    def put(self, samples: NDArray[np.uint8], area: Area) -> None:
        left, top, width, height = area
        if self._samples.size == 0:
            self._left, self._top = left, top
        x0, y0 = min(left, self._left), min(top, self._top)
        x1, y1 = max(left + width, self._right), max(top + height, self._bottom)
        grown = self.array((x0, y0, x1 - x0, y1 - y0))
        grown[top - y0 : top - y0 + height, left - x0 : left - x0 + width] = samples
        self._left, self._top, self._samples = x0, y0, grown

    def paint(self, value: int, area: Area) -> None:
        """Opaque grey; `value` is of 8 bits."""
        full = int(np.iinfo(self._samples.dtype).max)
        samples = np.full_like(_empty(self.space, area[2], area[3]), value * full // 255)
        samples[..., -1] = full
        self.put(samples, area)

    def fill_with_noise(self, width: int, height: int) -> None:
        """An opaque picture in which no two places look alike."""
        samples = _empty(self.space, width, height)
        top = np.iinfo(samples.dtype).max + 1
        samples[:] = np.random.default_rng(7).integers(0, top, samples.shape)
        samples[..., -1] = top - 1
        self.put(samples, (0, 0, width, height))

    def masked(self, masks: Sequence[Plane], area: Area) -> Plane:
        samples = self.array(area)
        for mask in masks:
            weight = mask.array(area)[..., 0].astype(np.float64) / 255
            samples[..., -1] = np.rint(samples[..., -1] * weight)
        found = Plane(self.space)
        found.put(samples, area)
        return found

    def copy(self) -> Plane:
        twin = Plane(self.space)
        twin._left, twin._top, twin._samples = self._left, self._top, self._samples.copy()
        return twin

    @property
    def bounds(self) -> Area:
        """Around all that is not zero."""
        rows, columns = np.nonzero(self._samples.any(axis=2))
        if not len(rows):
            return 0, 0, 0, 0
        x, y = int(columns.min()), int(rows.min())
        size = int(columns.max()) - x + 1, int(rows.max()) - y + 1
        return x + self._left, y + self._top, *size

    @property
    def area(self) -> Area:
        return self._left, self._top, self._right - self._left, self._bottom - self._top

    @property
    def _right(self) -> int:
        return self._left + int(self._samples.shape[1])

    @property
    def _bottom(self) -> int:
        return self._top + int(self._samples.shape[0])


def converted(plane: Plane, space: Space) -> Plane:
    """8 and 16 bits, grey and colour; profiles are taken for the same."""
    samples = plane.array(plane.area)
    if plane.space[0] == "GRAYA" and space[0] == "RGBA":
        samples = samples[..., [0, 0, 0, 1]]
    elif plane.space[0] == "RGBA" and space[0] == "GRAYA":
        samples = samples[..., [1, 3]]
    if plane.space[1] == "U8" and space[1] == "U16":
        samples = samples.astype(np.uint16) * 257
    elif plane.space[1] == "U16" and space[1] == "U8":
        samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    found = Plane(space)
    found.put(samples, plane.area)
    return found


def over(below: Plane, above: Plane, area: Area) -> Plane:
    """One plane upon another of the same colours; exact where the upper one is opaque or clear."""
    a, b = above.array(area).astype(np.float64), below.array(area).astype(np.float64)
    full = np.iinfo(_TYPES[above.space[1]]).max
    cover, rest = a[..., -1:] / full, b[..., -1:] / full
    alpha = cover + rest * (1 - cover)
    mixed = a * cover + b * rest * (1 - cover)
    colour = np.divide(mixed, alpha, out=np.zeros_like(mixed), where=alpha > 0)
    colour[..., -1:] = alpha * full
    found = Plane(above.space)
    found.put(np.rint(colour).astype(_TYPES[above.space[1]]), area)
    return found


def erased(below: Plane, above: Plane, area: Area) -> Plane:
    """What is left of a plane where another one rubs it out."""
    a, b = above.array(area), below.array(area)
    full = int(np.iinfo(a.dtype).max)
    b[..., -1] = np.rint(b[..., -1] * ((full - a[..., -1]) / full))
    b[b[..., -1] == 0] = 0
    found = Plane(below.space)
    found.put(b, area)
    return found


def _empty(space: Space, width: int, height: int) -> NDArray[np.uint8]:
    return np.zeros((height, width, _CHANNELS[space[0]]), dtype=_TYPES[space[1]])
