"""Where each spot of a drawn animal was before, from the renderer's own coordinates; torch only."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan.critters import PARTS, part_index, render_dense
from draggan.frame import cell_centres

FINE = 512  # pixels a side at which the charts are compared
NEAREST = 1.5  # [fine px]: a spot farther than this from any that was seen was hidden
CHUNK = 2048


@torch.no_grad()
def true_motion(source: Tensor, goal: Tensor, size: int, model: int) -> tuple[Tensor, Tensor]:
    """For each cell of a `size` grid on the picture of `goal`: its place in that of `source`.

    Both (1, 31) physical parameters. Returns places (1, 2, size, size), in pixels of a `model` px
    picture, and 1 where the place was seen before, 0 where it was hidden (1, 1, size, size).
    """
    before = render_dense(source, FINE).canonical[0]
    after = render_dense(goal, FINE).canonical[0]
    step = FINE // size
    picked = after[:, step // 2 :: step, step // 2 :: step]  # half a fine pixel off the centre
    fine = cell_centres(FINE, FINE)
    places = fine[step // 2 :: step, step // 2 :: step].clone()
    seen = torch.zeros(size, size)
    shift = cell_centres(size, size) * step - places
    for part in range(len(PARTS)):
        here, there = picked[0] == part, before[0] == part
        if not here.any():
            continue
        if part == part_index("background"):
            seen[here] = there[step // 2 :: step, step // 2 :: step][here].float()
        elif there.any():
            uv = picked[1:, here].t()
            places[here], seen[here] = _nearest(uv, before[1:], there, fine)
    places = (places + shift) * (model / FINE)
    return places.permute(2, 0, 1)[None], seen[None, None]


def _nearest(uv: Tensor, chart: Tensor, there: Tensor, fine: Tensor) -> tuple[Tensor, Tensor]:
    """The places (N, 2) where a part's chart (2, h, w) says `uv` (N, 2), and which are near."""
    known, at = chart[:, there].t(), fine[there]
    slopes = _slopes(chart, there)
    places, near = [], []
    for some in uv.split(CHUNK):
        k = torch.cdist(some, known).argmin(1)
        step = torch.linalg.lstsq(slopes[k], (some - known[k])[..., None]).solution[..., 0]
        length = step.norm(dim=1)
        near.append(((length < NEAREST) & length.isfinite()).float())
        step = step.nan_to_num(0, 0, 0).clamp(-1, 1)
        places.append(at[k] + step)
    return torch.cat(places), torch.cat(near)


def _slopes(chart: Tensor, there: Tensor) -> Tensor:
    """d(u, v) / d(x, y) at each pixel of a part, (N, 2, 2), within the part."""
    found = []
    for axis in (2, 1):
        ahead, behind = torch.roll(chart, -1, axis), torch.roll(chart, 1, axis)
        inside_a, inside_b = (torch.roll(there, s, axis - 1) for s in (-1, 1))
        up = torch.where(inside_a, ahead - chart, torch.zeros(1))
        down = torch.where(inside_b, chart - behind, torch.zeros(1))
        found.append((up + down) / (inside_a.float() + inside_b.float()).clamp_min(1))
    slopes = torch.stack(found, -1)[:, there].permute(1, 0, 2)
    return slopes + 1e-6 * torch.eye(2)
