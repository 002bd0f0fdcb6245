"""Where each pixel of one critter's picture lies in another's, exactly; torch only.

The renderer knows what spot of the animal every pixel shows (`draggan.critters.charts`). The same
spot is looked up in the picture before, drawn finer, and placed between its pixels by the chart's
slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from draggan.critters import part_index, render_dense

FINER = 4  # times the picture's size
SEEN, HIDDEN = 0.4, 1.5  # pixels to the nearest visible spot: closer is seen, farther is hidden
MOVED = 0.5  # pixels
AROUND = 5  # pixels: the window in which nothing may have moved around what stands still
ROWS = 512  # compared at once
NOWHERE = 1e9


@dataclass(frozen=True)
class DenseTruth:
    """Of every pixel of the picture after, (S, S) each; the rest of the pixels is in doubt."""

    source: Tensor  # (1, 2, S, S) x, y in the picture before, pixels
    moved: Tensor  # seen before too, elsewhere
    still: Tensor  # seen before too, there, as all around it
    hidden: Tensor  # newly visible


@torch.no_grad()
def dense_truth(before: Tensor, after: Tensor, size: int) -> DenseTruth:
    """Of animals with physical parameters (1, 31). The body's cloth counts as nothing: it turns
    with the head, but shows nothing by which one could see it."""
    old = render_dense(before, FINER * size).canonical[0]
    new = render_dense(after, size).canonical[0]
    here = _centres(size)
    source, gap = here.clone(), torch.full((size, size), NOWHERE)
    for part in new[0].round().unique().tolist():
        want, have = new[0].round() == part, old[0].round() == part
        if part == part_index("background"):
            gap[want] = _background_gap(have)[want]
        elif have.any():
            source[:, want], gap[want] = _looked_up(new[1:, want].t(), old, have)
    way = (source - here).norm(dim=0)
    seen, known = gap < SEEN, new[0].round() != part_index("body")
    unquiet = ((way > 0.1 * MOVED) & known) | ~seen
    still = F.max_pool2d(unquiet[None].float(), AROUND, 1, AROUND // 2)[0] == 0
    return DenseTruth(source[None], seen & known & (way > MOVED), still, gap > HIDDEN)


def _centres(size: int) -> Tensor:
    line = torch.arange(size) + 0.5
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y))


def _background_gap(have: Tensor) -> Tensor:
    """It never moves: 0 where it was seen, 1 close by, much elsewhere."""
    seen = F.avg_pool2d(have[None].float(), FINER)[0] >= 0.5
    near = F.max_pool2d(seen[None].float(), AROUND, 1, AROUND // 2)[0] > 0
    return torch.where(seen, 0.0, torch.where(near, 0.5 * (SEEN + HIDDEN), NOWHERE))


def _looked_up(spots: Tensor, old: Tensor, have: Tensor) -> tuple[Tensor, Tensor]:
    """Of `spots` (N, 2), u and v on the part that `have` marks: places (2, N) in pixels and how far
    they are from the nearest visible one (N,)."""
    row, column = have.nonzero(as_tuple=True)
    known = old[1:, row, column].t()
    parts = spots.split(ROWS)
    exactly = "donot_use_mm_for_euclid_dist"
    best = torch.cat([torch.cdist(p, known, compute_mode=exactly).argmin(1) for p in parts])
    row, column = row[best], column[best]
    along_x, fine_x = _slope(old, have, row, column, (0, 1))
    along_y, fine_y = _slope(old, have, row, column, (1, 0))
    rest = (spots - known[best]).t()
    area = along_x[0] * along_y[1] - along_y[0] * along_x[1]
    usable = fine_x & fine_y & (area.abs() > 1e-9)
    area = torch.where(usable, area, 1.0)
    step = torch.stack(
        (
            (along_y[1] * rest[0] - along_y[0] * rest[1]) / area,
            (along_x[0] * rest[1] - along_x[1] * rest[0]) / area,
        )
    )
    gap = torch.where(usable, step.norm(dim=0) / FINER, NOWHERE)
    inside = torch.where(usable, step.clamp(-1, 1), 0.0)
    return (torch.stack((column, row)) + 0.5 + inside) / FINER, gap


def _slope(
    old: Tensor, have: Tensor, row: Tensor, column: Tensor, way: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """d(u, v) (2, N) for one pixel's step, on this part alone, and whether it could be told."""
    here, last = old[1:, row, column], len(old[0]) - 1
    total, count = torch.zeros_like(here), torch.zeros(len(row))
    for sign in (1, -1):
        r, c = row + sign * way[0], column + sign * way[1]
        inside = (r >= 0) & (r <= last) & (c >= 0) & (c <= last)
        r, c = r.clamp(0, last), c.clamp(0, last)
        usable = inside & have[r, c]
        total += torch.where(usable, sign * (old[1:, r, c] - here), 0.0)
        count += usable
    return total / count.clamp_min(1), count > 0
