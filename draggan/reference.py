"""The supervision and tracking of the paper and of its released code, as they are; torch only.

They are the baselines that every table shows, so their habits are kept: feature maps enlarged to
the picture's size, the current features as what is pulled, whole-pixel tracking by one feature
vector, points within a pixel of their target left alone, and the fixed region's term averaged over
the whole map (DragGAN, arXiv 2305.10973, sections 3.2 and 3.3).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from .generator import Features
from .tracking import Tracked


class FullMapMotion:
    """Equation 1 on the enlarged map; `radius` (r_1) in pixels of a `size` (W, H) picture.

    `stretched`: the disc is looked for as the released code does, which takes the last of n pixels
    to lie at n instead of n - 1, and so misses by up to a pixel.
    """

    def __init__(self, size: tuple[int, int], *, radius: int, stretched: bool = False) -> None:
        self.size = size
        self.pixels = _grid(size, (size[0] - 1, size[1] - 1))  # (H, W, 2), indices
        self.places = _grid(size, size) if stretched else self.pixels
        self.radius = radius

    def loss(self, features: Features, points: Tensor, targets: Tensor) -> Tensor:
        """Sum over the points that are more than a pixel away from their targets."""
        f = enlarge(features, self.size)  # (1, C, H, W)
        total = f.sum() * 0
        for p, t in zip(points - 0.5, targets - 0.5, strict=True):
            way = t - p
            if way.norm() <= 1:
                continue
            inside = (self.places.to(p) - p).norm(dim=-1) < max(self.radius, 1)
            q = self.pixels.to(p)[inside]  # (K, 2)
            here = f[0, :, q[:, 1].long(), q[:, 0].long()].detach()  # (C, K)
            total = total + (self._there(f, q + way / way.norm()) - here).abs().mean()
        return total

    def _there(self, f: Tensor, q: Tensor) -> Tensor:
        """Values at fractional pixel indices (K, 2), zero outside of the picture: (C, K)."""
        scale = q.new_tensor((max(self.size[0] - 1, 1), max(self.size[1] - 1, 1)))
        where = (q * 2 / scale - 1)[None, None].to(f.dtype)
        return F.grid_sample(f, where, align_corners=True)[0, :, 0]


class NearestTracker:
    """Equation 2 on the enlarged map, in whole pixels; `radius` (r_2) in pixels, a square."""

    def __init__(
        self,
        start: Features,
        handles: Tensor,
        size: tuple[int, int],
        *,
        radius: int,
        norm: Literal[1, 2],
    ) -> None:
        self.size, self.radius, self.norm = size, radius, norm
        index = self._index(handles)
        f = enlarge(start, size).detach()
        self.template = f[0, :, index[:, 1], index[:, 0]]  # (C, N)

    @torch.no_grad()
    def track(self, features: Features, points: Tensor) -> Tracked:
        f = enlarge(features, self.size)[0]  # (C, H, W)
        found = [self._nearest(f, k, x, y) for k, (x, y) in enumerate(self._index(points).tolist())]
        return Tracked(points.new_tensor(found) + 0.5, points.new_zeros(len(found)))

    def _nearest(self, f: Tensor, handle: int, x: int, y: int) -> tuple[int, int]:
        left, top = max(x - self.radius, 0), max(y - self.radius, 0)
        window = f[:, top : y + self.radius + 1, left : x + self.radius + 1]
        template = self.template[:, handle, None, None]
        best = int(torch.linalg.vector_norm(window - template, self.norm, dim=0).argmin())
        return left + best % window.shape[2], top + best // window.shape[2]

    def _index(self, points: Tensor) -> Tensor:
        limit = torch.tensor(self.size, device=points.device) - 1
        return torch.minimum((points - 0.5).round().long().clamp_min(0), limit)


class FullMapFixedRegion:
    """Equation 1's second term as the released code has it: a mean over the whole enlarged map."""

    def __init__(self, start: Features, mask: Tensor) -> None:
        self.size = (mask.shape[1], mask.shape[0])
        self.fixed = 1 - mask.to(start.map)
        self.start = enlarge(start, self.size).detach()

    def loss(self, features: Features) -> Tensor:
        f = enlarge(features, self.size)
        return (f * self.fixed - self.start * self.fixed).abs().mean()


def _grid(size: tuple[int, int], last: tuple[int, int]) -> Tensor:
    """Places (H, W, 2) of pixels, evenly spaced from 0 to `last` (x, y)."""
    lines = (torch.linspace(0, end, count) for count, end in zip(size, last, strict=True))
    x, y = torch.meshgrid(*lines, indexing="xy")
    return torch.stack((x, y), -1)


def enlarge(features: Features, size: tuple[int, int]) -> Tensor:
    """The map (1, C, h, w) enlarged bilinearly to a picture of `size` (W, H)."""
    if features.map.shape[-2:] == (size[1], size[0]):
        return features.map
    return F.interpolate(features.map, (size[1], size[0]), mode="bilinear", align_corners=False)
