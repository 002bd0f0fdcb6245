"""What an edit moves, and what is to be shown of it, on the model's grid; imports torch only.

A pixel is moved where the model's two pictures visibly differ, or where its content comes from
elsewhere. Differences that 8 bits could not show move nothing, whatever the picture's depth, and
specks that are connected with nothing are the model's unrest.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

UNREST = 0.02  # differences (white = 1) up to here count as the model's own unrest
CHANGED = 0.06  # from here on a pixel is new content
STILL, MOVING = 0.3, 0.8  # [model px]: up to here content is at rest; from here on it moves
INVISIBLE = 0.5 / 255  # what 8 bits cannot show
REACH = 0.01  # a share of the model's picture: the width of the edit's soft edge, half of it
ISLAND = 0.0004  # of the model's picture: changes that cover less in all are specks
COARSE = 32  # cells a side in which connected changes are found


@dataclass(frozen=True)
class Change:
    """Shares in [0, 1], (1, 1, H, W)."""

    shown: Tensor  # of the edit; exactly 0 where nothing moved
    moved: Tensor  # how surely this is something else than before


def find_change(before: Tensor, after: Tensor, shift: Tensor, confidence: Tensor) -> Change:
    """Compare pictures (1, 3, H, W) with white at 1.

    `shift` (1, 2, H, W), in pixels, leads from content after to where it was before; where
    `confidence` (1, 1, H, W) is low it says nothing.
    """
    difference = _blurred((after - before).abs().amax(1, keepdim=True), 1)
    drift = shift.square().sum(1, keepdim=True).sqrt()
    moved = ramp(difference, UNREST, CHANGED)
    # Flow alone is believed only beside something that is seen to change.
    near = spread(moved, _reach(moved, 6))
    moved = torch.maximum(moved, near * confidence * ramp(drift, STILL, MOVING))
    moved = moved * _connected(moved)
    shown = feather(closed(spread(moved, _reach(moved, 4)), _reach(moved, 3)), _reach(moved))
    return Change(shown, moved)


def trimmed(change: Change, effect: Tensor, drift: Tensor) -> Change:
    """Shown only as far as `effect` (1, 1, H, W), the result's difference, can be seen.

    Where content moves by a `drift` in pixels, finer detail than the model's moves as well.
    """
    seen = (change.shown * effect > INVISIBLE) | (change.moved * drift > STILL)
    seen = closed(spread(seen.float(), 3), _reach(seen, 3))
    return Change(change.shown * feather(seen, 1), change.moved)


def ramp(values: Tensor, low: float, high: float) -> Tensor:
    """0 below `low`, 1 above `high`, smooth between."""
    t = ((values - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def spread(mask: Tensor, radius: int) -> Tensor:
    """The largest value within a square of that radius."""
    side = 2 * radius + 1  # one axis after the other: the cost grows with the radius alone
    return F.max_pool2d(F.max_pool2d(mask, (1, side), 1, (0, radius)), (side, 1), 1, (radius, 0))


def closed(mask: Tensor, radius: int) -> Tensor:
    """Holes and gaps up to twice the radius are filled."""
    return -spread(-spread(mask, radius), radius)


def feather(mask: Tensor, radius: int) -> Tensor:
    """Soften edges; two box filters, so the support stays finite and zeros stay zeros."""
    return _blurred(_blurred(mask, radius), radius)


def _blurred(mask: Tensor, radius: int) -> Tensor:
    for kernel, pad in (((1, 2 * radius + 1), (0, radius)), ((2 * radius + 1, 1), (radius, 0))):
        mask = F.avg_pool2d(mask, kernel, 1, pad, count_include_pad=False)
    return mask


def _reach(grid: Tensor, times: int = 1) -> int:
    return max(1, round(REACH * times * max(grid.shape[-2:])))


def _connected(moved: Tensor) -> Tensor:
    """1 around changes that are large enough together, 0 around specks: like `moved`."""
    height, width = moved.shape[-2:]
    size = (min(COARSE, height), min(COARSE, width))
    mass = F.adaptive_avg_pool2d(moved, size)[0, 0] * (height * width / (size[0] * size[1]))
    keep = torch.zeros(size)
    for cells in _components((mass > 0).tolist()):
        rows, columns = zip(*cells, strict=True)
        if mass[list(rows), list(columns)].sum() >= ISLAND * height * width:
            keep[list(rows), list(columns)] = 1
    # A coarse cell and its neighbours, so that no change is cut at a cell's border.
    kept = spread(keep[None, None], 1)
    return F.interpolate(kept, (height, width), mode="nearest")


def _components(active: list[list[bool]]) -> list[list[tuple[int, int]]]:
    """Cells (row, column) that hang together, corners included."""
    left = {(i, j) for i, row in enumerate(active) for j, on in enumerate(row) if on}
    found = []
    while left:
        cells, front = [], [left.pop()]
        while front:
            i, j = cell = front.pop()
            cells.append(cell)
            near = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            left -= near
            front.extend(near)
        found.append(cells)
    return found
