"""The camera: from pixels to the head's space and back; torch only.

Picture space is [-1, 1] x [-1, 1] with y up. Head space has the head's centre at its origin and is
smaller by the animal's scale; all shapes are given in head space.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from draggan.critters.geometry import per_picture

HEAD_BELOW_CENTRE = 0.10  # so that long ears stay inside the picture


class View(NamedTuple):
    """Every pixel's centre in both spaces, and what leads from one to the other."""

    picture_x: Tensor  # (1, 1, W)
    picture_y: Tensor  # (1, H, 1)
    x: Tensor  # (B, H, W) in head space
    y: Tensor  # (B, H, W)
    shift: Tensor  # (B, 2) of the head in picture space
    scale: Tensor  # (B,)
    pixel: Tensor  # (B,) width of a pixel in head space
    size: int

    def coverage(self, distance: Tensor) -> Tensor:
        """Share of each pixel that lies inside, from the signed distance to an edge (B, H, W)."""
        return (distance / per_picture(self.pixel) + 0.5).clamp(0, 1)

    def to_pixels(self, points: Tensor) -> Tensor:
        """Points of head space (B, N, >= 2) -> picture points (x, y) (B, N, 2), y down."""
        scale, shift = self.scale[:, None], self.shift[:, None]
        x = points[..., 0] * scale + shift[..., 0]
        y = points[..., 1] * scale + shift[..., 1]
        return torch.stack([x + 1, 1 - y], -1) * (self.size / 2)


def look(values: Mapping[str, Tensor], size: int) -> View:
    """The view of animals with parameter `values` (B,) each, in a square of `size` pixels."""
    scale = values["scale"]
    shift = torch.stack([values["tx"], values["ty"] - HEAD_BELOW_CENTRE], -1)
    pixel = 2.0 / size
    steps = torch.arange(size, device=scale.device, dtype=scale.dtype)
    grid = (steps + 0.5) * pixel - 1
    picture_x, picture_y = grid[None, None, :], -grid[None, :, None]
    x = (picture_x - per_picture(shift[:, 0])) / per_picture(scale)
    y = (picture_y - per_picture(shift[:, 1])) / per_picture(scale)
    count = scale.shape[0]
    return View(
        picture_x,
        picture_y,
        x + grid.new_zeros(1, size, 1),  # whole planes: cheaper below than broadcasting again
        y + grid.new_zeros(count, 1, size),
        shift,
        scale,
        pixel / scale,
        size,
    )
