"""The picture that an edit is about, and how the model sees it; imports torch and numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .editor_input import picture_mask
from .errors import BadInput
from .frame import Frame
from .pixels import as_native
from .viewing import View, view

Area = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Source:
    """A picture that was set, with what was asked of its inversion."""

    native: NDArray  # (h, w, C), a copy
    flat: bool  # it came without a channel axis
    frame: Frame
    seen: View
    weight: NDArray | None  # (h, w) in [0, 1]
    quality: str

    @classmethod
    def of(
        cls,
        picture: NDArray,
        model: tuple[int, int],
        *,
        quality: str,
        weight: NDArray | None = None,
        area: Area | None = None,
        angle: float = 0.0,
    ) -> Source:
        """Look at a caller's picture, or an `area` of it (left, top, right, bottom), as a model of
        (width, height) does; turned clockwise by an `angle` in degrees.

        Raises BadPicture for arrays that are no pictures, BadInput for a wrong weight or area.
        """
        native = as_native(picture).copy()
        size = native.shape[1], native.shape[0]
        if weight is not None:
            weight = picture_mask(weight, size, "weight")
        box = (0.0, 0.0, float(size[0]), float(size[1])) if area is None else _inside(area, size)
        frame = Frame.around(size, model, box, angle=math.radians(angle))
        seen = view(native, frame, weight)
        return cls(native, np.ndim(picture) == 2, frame, seen, weight, quality)

    def look(self, frame: Frame) -> View:
        """The picture through another frame."""
        return view(self.native, frame, self.weight)

    def through(self, frame: Frame) -> Source:
        """The same picture, seen through that frame from now on."""
        if frame == self.frame:
            return self
        return replace(self, frame=frame, seen=self.look(frame))


def _inside(area: Area, size: tuple[int, int]) -> Area:
    left, top, right, bottom = area
    if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
        raise BadInput(
            f"The area {area} does not lie inside the picture of {size[0]} x {size[1]} pixels.",
            hint="Give left, top, right and bottom in pixels.",
        )
    return area
