"""Motion supervision: the loss that pulls each handle a little towards its target; torch only.

DragGAN (arXiv 2305.10973) section 3.2, equation 1:

    L = sum_i sum_{q in Omega_1(p_i, r_1)} || F(q) - F(q + d_i) ||_1
        + lambda || (F - F_0) (1 - M) ||_1,        d_i = (t_i - p_i) / || t_i - p_i ||,

with F(q) held constant. Three things differ from the equation. A step is never longer than the way
that is left, so that arrived handles are held where they are instead of being let go. Pins, which
never were anywhere else, are held to the *first* picture's features. And the handles that move are
not: content that has to look different on its way (a lip, as the mouth opens) would rather take the
whole head along than change.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .generator import Features
from .sampling import disc_offsets, sample


class MotionSupervision:
    """The loss for a fixed set of handles, on the native feature grid.

    `start`: features of the first picture; `handles` (N, 2) in picture pixels; `pins` (N,): which
    of them are to stay; `radius` (r_1) and `step` (the length of d_i) in cells of the grid.
    """

    def __init__(
        self, start: Features, handles: Tensor, pins: Tensor, *, radius: float, step: float
    ) -> None:
        self.grid = start.grid
        self.pins = pins[:, None, None]
        self.step = step
        self.offsets = disc_offsets(radius, spacing=0.5).to(start.map)  # (K, 2)
        p = self.grid.from_picture(handles)  # (N, 2)
        self.template = sample(start, p[:, None] + self.offsets).detach()  # (N, K, C)
        self.scale = self.template.abs().mean().clamp_min(1e-8)

    def loss(self, features: Features, points: Tensor, targets: Tensor) -> Tensor:
        """Equation 1's first term for `points` on their way to `targets` (N, 2), picture pixels.

        Mean over patch and channels, in units of the features' own size; summed over handles.
        """
        p = self.grid.from_picture(points)  # (N, 2)
        way = self.grid.from_picture(targets) - p
        length = way.norm(dim=-1, keepdim=True)
        d = way * (self.step / length.clamp_min(self.step))  # at most `step` cells
        with torch.no_grad():
            here = sample(features, p[:, None] + self.offsets)  # (N, K, C)
        there = sample(features, (p + d)[:, None] + self.offsets)
        wanted = torch.where(self.pins, self.template, here)
        return (there - wanted).abs().mean((1, 2)).sum() / self.scale


class FixedRegion:
    """Equation 1's second term: what may not move keeps its features, those of `block`.

    `mask` (H, W): 1 where the picture may move. It is averaged over each cell of the grid, and the
    mean is taken over the fixed area alone, so that the term's strength does not depend on how
    much is fixed. Differences are taken at least in float32, whatever type the maps have.
    """

    def __init__(self, start: Features, mask: Tensor, *, block: int) -> None:
        self.block = block
        self.start = self._map(start).detach()  # (1, C, h, w)
        h, w = self.start.shape[-2:]
        movable = F.adaptive_avg_pool2d(mask.to(self.start)[None, None], (h, w))  # (1, 1, h, w)
        self.fixed = 1 - movable
        self.weight = 1 / (self.fixed.sum() * self.start.shape[1]).clamp_min(1)
        self.scale = self.start.abs().mean().clamp_min(1e-8)

    def loss(self, features: Features) -> Tensor:
        """Mean change of the features in the fixed area, in units of the features' own size."""
        change = (self._map(features) - self.start).abs() * self.fixed
        return change.sum() * self.weight / self.scale

    def _map(self, features: Features) -> Tensor:
        x = features.whole(self.block)
        return x.to(torch.promote_types(x.dtype, torch.float32))
