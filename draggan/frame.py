"""The similarity between a picture and the model's picture, points and pixels; no networks.

The model's picture lies in the picture at one scale, turned by one angle about its middle. What it
covers beyond the picture is the picture's edge, repeated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .pixels import finite
from .resampling import Axis, grow, shrink

SUBSAMPLES = 4  # along each axis of a cell, where grids are turned against each other

Box = tuple[int, int, int, int]  # left, top, right, bottom
Read = Callable[[NDArray], NDArray]  # some pixels of a picture -> (h, w, C) float32


@dataclass(frozen=True, init=False)
class Frame:
    """Where the model's picture (width, height) lies in a picture (width, height)."""

    picture: tuple[int, int]
    model: tuple[int, int]
    centre: tuple[float, float]  # the picture point at the middle of the model's picture
    scale: float  # picture pixels per model pixel
    angle: float  # radians by which the model's picture is turned, clockwise as y points down

    def __init__(
        self,
        picture: tuple[int, int],
        model: tuple[int, int],
        centre: tuple[float, float] | None = None,
        scale: float | None = None,
        angle: float = 0.0,
    ) -> None:
        """Without `centre` the picture's own; without `scale` the whole picture just fits."""
        values = {
            "picture": picture,
            "model": model,
            "centre": centre or (picture[0] / 2, picture[1] / 2),
            "scale": scale or max(picture[0] / model[0], picture[1] / model[1]),
            "angle": angle,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def around(
        cls,
        picture: tuple[int, int],
        model: tuple[int, int],
        box: tuple[float, float, float, float],
        *,
        angle: float = 0.0,
    ) -> Frame:
        """The frame that just holds `box` (left, top, right, bottom), turned about its middle."""
        left, top, right, bottom = box
        scale = max((right - left) / model[0], (bottom - top) / model[1])
        return cls(picture, model, ((left + right) / 2, (top + bottom) / 2), scale, angle)

    def to_model(self, points: Tensor) -> Tensor:
        """Picture points (..., 2) -> model points (..., 2)."""
        x, y = ((points - points.new_tensor(self.centre)) / self.scale).unbind(-1)
        return _turned(x, y, -self.angle) + points.new_tensor(self.model) / 2

    def to_picture(self, points: Tensor) -> Tensor:
        """Model points (..., 2) -> picture points (..., 2)."""
        x, y = ((points - points.new_tensor(self.model) / 2) * self.scale).unbind(-1)
        return _turned(x, y, self.angle) + points.new_tensor(self.centre)

    def vectors_to_picture(self, vectors: Tensor) -> Tensor:
        """Differences of model points (..., 2) -> differences of picture points (..., 2)."""
        x, y = (vectors * self.scale).unbind(-1)
        return _turned(x, y, self.angle)

    def reduced(self, max_side: int) -> Frame:
        """The frame of the same picture made smaller, to at most `max_side` pixels a side."""
        factor = min(1.0, max_side / max(self.picture))
        width, height = (max(1, round(side * factor)) for side in self.picture)
        return self.resized((width, height))

    def resized(self, size: tuple[int, int]) -> Frame:
        """The frame of the same picture in another size (width, height)."""
        x, y = (c * new / old for c, new, old in zip(self.centre, size, self.picture, strict=True))
        scale = self.scale * max(size) / max(self.picture)
        return Frame(size, self.model, (x, y), scale, self.angle)

    def box(self, area: tuple[float, float, float, float] | None = None) -> Box:
        """The picture's pixels that touch `area` of the model's picture (None: all of it).

        It is empty (right <= left or bottom <= top) where the picture lies elsewhere.
        """
        left, top, right, bottom = area or (0.0, 0.0, *map(float, self.model))
        corners = torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom]])
        points = self.to_picture(corners.double())
        low, high = points.amin(0).floor().tolist(), points.amax(0).ceil().tolist()
        width, height = self.picture
        return (
            max(0, min(int(low[0]), width)),
            max(0, min(int(low[1]), height)),
            min(width, max(int(high[0]), 0)),
            min(height, max(int(high[1]), 0)),
        )

    def covered(self) -> Tensor:
        """How much of each model pixel the picture covers, the repeated edge not: (1, 1, H, W)."""
        if self.angle == 0:
            x, y = (self._overlap(i) for i in (0, 1))
            return (y[:, None] * x)[None, None]
        points = self.to_picture(_centres(*(side * SUBSAMPLES for side in self.model)) / SUBSAMPLES)
        inside = ((points >= 0) & (points <= points.new_tensor(self.picture))).all(-1)
        return F.avg_pool2d(inside.float()[None, None], SUBSAMPLES)

    def mask_to_model(self, mask: NDArray) -> Tensor:
        """A picture mask (h, w) in [0, 1] -> coverage of each model pixel, (H, W)."""
        return self.from_picture(mask[..., None], finite)[0, 0].clamp(0, 1)

    def from_picture(self, native: NDArray, read: Read) -> Tensor:
        """The model's view of what `read` makes of a picture's pixels: (1, C, H, W), averaged."""
        if self.angle == 0:
            starts = (self._start(i) for i in (0, 1))
            return _planes(_averaged(native, read, tuple(starts), self.scale, self.model))
        finer = max(1.0, self.scale / SUBSAMPLES)
        width, height = self.model
        around = self.to_picture(torch.tensor([[0, 0], [width, 0], [width, height], [0, height]]))
        low = [math.floor(v) - 2 for v in around.amin(0).tolist()]
        high = [math.ceil(v) + 2 for v in around.amax(0).tolist()]
        cells = [math.ceil((b - a) / finer) for a, b in zip(low, high, strict=True)]
        upright = _planes(_averaged(native, read, (low[0], low[1]), finer, (cells[0], cells[1])))
        times = SUBSAMPLES if self.scale > 1 else 1
        points = self.to_picture(_centres(width * times, height * times) / times)
        found = sample(upright, (points - points.new_tensor(low)) / finer, smooth=times == 1)
        return F.avg_pool2d(found, times)

    def part_to_picture(self, image: Tensor, box: Box) -> Tensor:
        """A part of the picture's grid from a model picture (1, C, H, W): (1, C, rows, columns)."""
        left, top, right, bottom = box
        if self.angle == 0:
            flat = image[0].permute(1, 2, 0).contiguous().float().cpu().numpy()
            axes = [self._outward(i) for i in (1, 0)]
            return _planes(grow(flat, axes[0], axes[1], (top, bottom), (left, right)))
        times = min(SUBSAMPLES, math.ceil(1 / self.scale - 1e-6))
        points = _centres((right - left) * times, (bottom - top) * times) / times
        points = self.to_model(points + points.new_tensor([left, top]))
        return F.avg_pool2d(sample(image.float().cpu(), points), times)

    def _start(self, i: int) -> float:
        """Where the model's corner lies along an axis of the picture, if it is not turned."""
        return self.centre[i] - self.model[i] * self.scale / 2

    def _outward(self, i: int) -> Axis:
        return Axis(self.picture[i], self.model[i], -self._start(i) / self.scale, 1 / self.scale)

    def _overlap(self, i: int) -> Tensor:
        left = self._start(i) + torch.arange(self.model[i], dtype=torch.float64) * self.scale
        inside = (left + self.scale).clamp(max=self.picture[i]) - left.clamp(min=0)
        return (inside / self.scale).clamp(0, 1).float()


def sample(image: Tensor, points: Tensor, *, smooth: bool = True) -> Tensor:
    """`image` (1, C, h, w) at points (m, n, 2), its pixel (i, j) at (i + .5, j + .5): (1, C, m, n).

    Cubic if `smooth`, else linear; beyond the ends the edge is repeated.
    """
    size = points.new_tensor([image.shape[-1], image.shape[-2]])
    mode = "bicubic" if smooth else "bilinear"
    grid = (points / size * 2 - 1)[None].to(image)
    return F.grid_sample(image, grid, mode=mode, padding_mode="border", align_corners=False)


def cell_centres(width: int, height: int) -> Tensor:
    """The middle (x, y) of each cell of a grid, (height, width, 2)."""
    return _centres(width, height)


def _centres(width: int, height: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack((x, y), -1)


def _turned(x: Tensor, y: Tensor, angle: float) -> Tensor:
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.stack((x * cos - y * sin, x * sin + y * cos), -1)


def _averaged(
    native: NDArray,
    read: Read,
    start: tuple[float, ...],
    step: float,
    cells: tuple[int, int],
) -> NDArray:
    """Upright cells of a picture, (cells[1], cells[0], C); only pixels that are needed are read."""
    axes, ranges = [], []
    for i, length in enumerate((native.shape[1], native.shape[0])):
        first = min(max(0, math.floor(start[i]) - 2), length - 1)
        last = max(first + 1, min(length, math.ceil(start[i] + step * cells[i]) + 2))
        axes.append(Axis(cells[i], last - first, start[i] - first, step))
        ranges.append(slice(first, last))
    part = native[ranges[1], ranges[0]]
    return shrink(lambda a, b: read(part[a:b]), axes[1], axes[0])


def _planes(pixels: NDArray) -> Tensor:
    """(h, w, C) -> (1, C, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
