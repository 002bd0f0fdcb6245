"""Whether what a drag uncovers belongs to a cut-out or to the emptiness around it; torch only.

What was not seen before has no alpha to be carried along. But the generator's features know a
cheek from a background, whatever colours both have: a cell that is newly visible is as opaque as
those cells around it, in the picture before, whose features are most like its own.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .dense_flow import condensed, normalised
from .generator import Features

COMPONENTS = 24  # of the features: enough to tell places apart
AROUND = 0.2  # how far to look, as a share of the map's side
SHARPNESS = 12.0  # of the choice between opaque and clear, per squared distance


@torch.no_grad()
def uncovered_alpha(before: Features, after: Features, opaque: Tensor, hidden: Tensor) -> Tensor:
    """Alpha (1, 1, H, W) where `hidden` (1, 1, H, W) is above a half; elsewhere 0.

    `before` and `after`: whole maps of one block. `opaque` (1, 1, H, W): alpha before.
    """
    size = (after.map.shape[-2], after.map.shape[-1])
    values = torch.cat([normalised(f.map) for f in (after, before)])
    now, then = condensed(values, size, COMPONENTS).flatten(2).transpose(1, 2).cpu()  # (n, C)
    cover = F.interpolate(opaque, size, mode="area").flatten()
    # With the neighbours, between whom and these the answer is interpolated.
    wanted = F.max_pool2d(F.adaptive_max_pool2d(hidden, size), 3, 1, 1).flatten() > 0.5
    found = torch.zeros(len(cover))
    if bool(wanted.any()) and bool((cover > 0.9).any()) and bool((cover < 0.1).any()):
        found[wanted] = _chosen(now[wanted], then, cover, torch.nonzero(wanted)[:, 0], size)
    else:
        found[wanted] = (cover > 0.5).float().mean().round()
    grid = F.interpolate(found.view(1, 1, *size), opaque.shape[-2:], mode="bilinear")
    return grid * (hidden > 0.5)


def _chosen(
    now: Tensor, then: Tensor, cover: Tensor, index: Tensor, size: tuple[int, int]
) -> Tensor:
    """How surely each of the cells `now` (m, C), at `index`, is like an opaque one near it."""
    distance = torch.cdist(now, then).square()  # (m, n)
    cells = torch.arange(size[0] * size[1])
    y, x = cells // size[1], cells % size[1]
    far = torch.maximum(abs(y - y[index][:, None]), abs(x - x[index][:, None]))
    distance = distance + 1e3 * (far > AROUND * max(size))
    nearest = [
        torch.where(which, distance, torch.inf).amin(1) for which in (cover > 0.9, cover < 0.1)
    ]
    scale = torch.stack(nearest).amin(0).median().clamp_min(1e-6)
    return torch.sigmoid(SHARPNESS * (nearest[1] - nearest[0]) / (nearest[0] + nearest[1] + scale))
