"""Reading feature maps at points: bilinear, clamped at the border; torch and `generator` only.

Points are grid coordinates as `draggan.generator` defines them: (x, y), cell centres at .5.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .generator import Features


def sample(features: Features, points: Tensor) -> Tensor:
    """Values at grid points (N, ..., 2): (N, ..., C); of windows, point n's are of window n."""
    if features.corners is None:
        return sample_bilinear(features.map, points)
    corners = features.corners.view(-1, *[1] * (points.ndim - 2), 2)
    return sample_bilinear(features.map, points - corners)


def sample_bilinear(feature_map: Tensor, points: Tensor) -> Tensor:
    """Values of a map (1, C, h, w) at grid points (..., 2): (..., C).

    Of several maps (N, C, h, w) at points (N, ..., 2): (N, ..., C), each in its own map.

    Equal to enlarging the map bilinearly (`align_corners=False`) and indexing it. Outside of the
    outermost cell centres the border's value holds. Differentiable in the map.
    """
    height, width = feature_map.shape[-2:]
    where = torch.stack((points[..., 0] * (2 / width) - 1, points[..., 1] * (2 / height) - 1), -1)
    where = where.reshape(len(feature_map), 1, -1, 2).to(feature_map.dtype)
    values = F.grid_sample(feature_map, where, padding_mode="border", align_corners=False)
    return values[:, :, 0].transpose(1, 2).reshape(*points.shape[:-1], -1)  # (..., C)


def disc_offsets(radius: float, spacing: float = 1.0) -> Tensor:
    """Offsets (K, 2) of a lattice of the given spacing within `radius`, (0, 0) among them."""
    offsets = square_offsets(radius, spacing)
    return offsets[offsets.square().sum(-1) <= (radius + 1e-6) ** 2]


def square_offsets(radius: float, spacing: float = 1.0) -> Tensor:
    """Offsets ((2n + 1)^2, 2) of a square lattice, row by row, n = floor(radius / spacing)."""
    n = int(radius / spacing + 1e-6)
    line = torch.arange(-n, n + 1) * spacing
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y), -1).reshape(-1, 2)
