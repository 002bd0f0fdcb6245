"""Point tracking: where the content of each handle is now; imports torch only.

DragGAN (arXiv 2305.10973) section 3.3, equation 2: the nearest neighbour of the handle's first
feature f_i among the features around its last position,

    p_i = argmin_{q in Omega_2(p_i, r_2)} || F(q) - f_i ||_1.

Here f_i is a small patch, the neighbourhood is searched in fractions of a cell on the native grid,
and the minimum is refined below that by a parabola, so that a handle's position is good to a small
part of a pixel instead of a whole one. Patches overlap: the map is read once for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .generator import Features
from .sampling import disc_offsets, sample, square_offsets

PLACES = 4  # along each side of the picture, for what is unrelated
SPACING = 0.25  # of the search, in cells; features vary too slowly for less to pay


@dataclass(frozen=True)
class Tracked:
    """Positions (N, 2) in picture pixels; mismatch (N,): 0 = the same content, 1 = any other."""

    points: Tensor
    mismatch: Tensor


@dataclass(frozen=True)
class Search:
    """Where the tracker looks: a lattice within `radius` (r_2) of the last position, for a patch
    of radius `patch`; both in cells."""

    radius: float
    patch: float = 1.0

    @property
    def steps(self) -> int:
        """How many steps of the lattice the radius holds."""
        return int(self.radius / SPACING + 1e-6)

    @property
    def margin(self) -> int:
        """The same of the patch."""
        return int(self.patch / SPACING + 1e-6)

    @property
    def travel(self) -> float:
        """How far a handle may go in one step, in cells along each axis."""
        return (self.steps + 0.5) * SPACING

    @property
    def reach(self) -> float:
        """How far from a handle the map is read, in cells along each axis."""
        return (self.steps + self.margin) * SPACING


def places(width: float, height: float) -> Tensor:
    """Points (M, 2) all over a picture, around which unrelated content is looked at."""
    line = (torch.arange(PLACES) + 0.5) / PLACES
    y, x = torch.meshgrid(line * height, line * width, indexing="ij")
    return torch.stack((x, y), -1).reshape(-1, 2)


class PatchTracker:
    """Tracks a fixed set of handles by the patch that lay around each of them at the start.

    `start` are the first picture's features around `handles` (N, 2), in picture pixels, and
    `elsewhere` those around `others` (M, 2), in the same order.
    """

    def __init__(
        self, start: Features, handles: Tensor, elsewhere: Features, others: Tensor, search: Search
    ) -> None:
        self.grid = start.grid
        offsets = disc_offsets(search.patch, spacing=2 * SPACING)
        self.patch = offsets.to(start.map)  # (K, 2)
        self.search = square_offsets(search.radius, SPACING).to(start.map)  # (S, 2)
        self.read = square_offsets(search.reach, SPACING).to(start.map)  # (R, 2)
        self.shifts = (offsets / SPACING).round().long().add(search.margin).tolist()  # x, y
        p = self.grid.from_picture(handles)  # (N, 2)
        self.template = sample(start, p[:, None] + self.patch).detach()  # (N, K, C)
        self.background = self._background(elsewhere, others, search)  # (N,)

    @torch.no_grad()
    def track(self, features: Features, points: Tensor) -> Tracked:
        """New positions of the handles that were last seen at `points` (N, 2), picture pixels."""
        p = self.grid.from_picture(points)  # (N, 2)
        cost = self._cost(sample(features, p[:, None] + self.read), self.template)  # (N, S)
        best = cost.argmin(-1)  # (N,)
        found = p + self.search[best] + SPACING * _parabola(cost, best)
        x, y = found[:, 0].clamp(0, self.grid.width), found[:, 1].clamp(0, self.grid.height)
        mismatch = cost.gather(1, best[:, None])[:, 0] / self.background
        return Tracked(self.grid.to_picture(torch.stack((x, y), -1)), mismatch)

    def _cost(self, values: Tensor, template: Tensor) -> Tensor:
        """Mean L1 distance (N, S) of each place of the search to `template` (N or 1, K, C), from
        the map's values (N, R, C) at all the points that a patch may cover."""
        distance = torch.cdist(values, template, p=1) / values.shape[-1]  # (N, R, K)
        side = round(len(self.read) ** 0.5)
        inner = round(len(self.search) ** 0.5)
        distance = distance.view(len(values), side, side, -1)
        total = sum(
            distance[:, y : y + inner, x : x + inner, k] for k, (x, y) in enumerate(self.shifts)
        )
        assert isinstance(total, Tensor)
        return total.reshape(len(values), -1) / len(self.shifts)

    @torch.no_grad()
    def _background(self, elsewhere: Features, others: Tensor, search: Search) -> Tensor:
        """What the distance to unrelated content is: the mean around all of those places."""
        around = square_offsets(search.radius, 1.0).to(others)  # (A, 2)
        p = self.grid.from_picture(others)[:, None, None] + around[:, None]  # (M, A, 1, 2)
        values = sample(elsewhere, p + self.patch)  # (M, A, K, C)
        return torch.stack([(values - template).abs().mean() for template in self.template])


def _parabola(cost: Tensor, best: Tensor) -> Tensor:
    """Sub-lattice offset (N, 2) of the minimum, from its two neighbours along each axis.

    `cost` (N, S) over a square lattice, row by row; no refinement at the lattice's border.
    """
    side = round(cost.shape[1] ** 0.5)
    grid = cost.view(-1, side, side)
    n = torch.arange(len(grid), device=cost.device)
    y, x = best // side, best % side
    inner = ((x > 0) & (x < side - 1), (y > 0) & (y < side - 1))
    left, right = grid[n, y, (x - 1).clamp_min(0)], grid[n, y, (x + 1).clamp_max(side - 1)]
    above, below = grid[n, (y - 1).clamp_min(0), x], grid[n, (y + 1).clamp_max(side - 1), x]
    here = grid[n, y, x]

    def vertex(before: Tensor, after: Tensor, valid: Tensor) -> Tensor:
        bend = (before + after - 2 * here).clamp_min(1e-12)
        return torch.where(valid, (0.5 * (before - after) / bend).clamp(-0.5, 0.5), 0 * here)

    return torch.stack((vertex(left, right, inner[0]), vertex(above, below, inner[1])), -1)
