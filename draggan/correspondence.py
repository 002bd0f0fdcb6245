"""Where the content of each place of the picture after was in the picture before; torch and our
own modules only.

The features of two latents are matched coarse to fine, both ways at once, then the model's two
pictures themselves. Nothing else is read: the same two latents give the same answer bit for bit,
whatever way led from one to the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .dense_flow import Refinement, cells, condensed, normalised, refined, resized, searched, warped
from .generator import Features

COARSEST = 16  # px: the first block to be searched
REACH = (3, 2)  # cells to search around the estimate, in the first block and the second
PENALTY = 0.004  # of a squared cell's way, in squared distances of features
COMPONENTS = 24  # of the features: enough to tell places apart
LEVEL = Refinement(smoothness=1.0, edge=8.0, tear=1.0, warps=3)
PICTURE = Refinement(smoothness=1.0, edge=8.0, tear=1.0, warps=1)

SAME_COLOUR = 3 / 127.5  # [-1, 1] what nobody sees in 8 bits
SAME_FEATURE = 0.1  # squared distance of described cells, where there are no pictures
STILLNESS = 64  # cells along a side, on which it is looked for
AROUND = 9  # cells: the wide window
GROWTH = 6  # cells: how far from a wide window's middle a place may be joined to it
DISAGREE = 1.2  # model px: how far both ways may miss each other
OTHER_COLOUR = 40 / 127.5  # [-1, 1] a difference that makes content doubtful
SNAP = (0.1, 0.3)  # model px: less displacement than the first is none, more than the second all


@dataclass(frozen=True)
class Correspondence:
    """For every cell of the picture after: its place in the picture before, and how sure it is.

    `source` (1, 2, h, w): x, y in the model's pixels. `confidence` (1, 1, h, w) in [0, 1]: 0 where
    what is seen was not seen before. Where nothing moved the source is the cell's own centre,
    exactly, and the confidence 1. `picture` is the model's (width, height).
    """

    source: Tensor
    confidence: Tensor
    picture: tuple[int, int]

    @classmethod
    def identity(
        cls, size: tuple[int, int], picture: tuple[int, int], *, like: Tensor | None = None
    ) -> Correspondence:
        """Nothing moved, on a grid of `size` (h, w) cells, on the device of `like`."""
        here = _centres(size, picture, like=torch.empty(0) if like is None else like)
        return cls(here, torch.ones_like(here[:, :1]), picture)

    def at(self, size: tuple[int, int]) -> Correspondence:
        """The same on a grid of `size` (h, w) cells; sources stay in the model's pixels."""
        if size == _size(self.source):
            return self
        way = F.interpolate(self._way, size=size, mode="bilinear", align_corners=False)
        confidence = F.interpolate(self.confidence, size=size, mode="bilinear", align_corners=False)
        here = _centres(size, self.picture, like=way)
        return Correspondence(here + way, confidence, self.picture)

    @property
    def _way(self) -> Tensor:
        return self.source - _centres(_size(self.source), self.picture, like=self.source)


@torch.no_grad()
def correspondence(
    before: Features, after: Features, *, pictures: tuple[Tensor, Tensor] | None = None
) -> Correspondence:
    """Match whole maps with all of their `below`; `pictures` (1, 3, H, W) are those before and
    after. The grid is the pictures', but at most twice as fine as that of the features, which it is
    without them."""
    blocks = [2 ** (k + 2) for k in range(len(after.below))] + [after.block]
    blocks = [block for block in blocks if block >= COARSEST] or blocks[-1:]
    matched = [_described(before, after, block) for block in blocks]
    if pictures is not None:
        pictures = _reduced(pictures[0], matched[-1]), _reduced(pictures[1], matched[-1])
    still = _still(matched[-1], pictures)
    flow: Tensor | None = None
    for k, maps in enumerate(matched):
        size = _size(maps)
        flow = maps.new_zeros(2, 2, *size) if flow is None else resized(flow, size)
        if k < len(REACH):
            flow = searched(maps, flow, radius=REACH[k], penalty=PENALTY)
        flow = refined(maps, maps.flip(0), flow, LEVEL, still=F.adaptive_avg_pool2d(still, size))
    assert flow is not None
    way, back = flow.split(1)
    if pictures is None:
        return _concluded(way, back, torch.zeros_like(way[:, :1]), still, _extent(after))
    first, second = pictures
    way = refined(second, first, resized(way, _size(second)), PICTURE, still=still)
    rest = (warped(first, way) - second).abs().amax(1, keepdim=True)
    return _concluded(way, resized(back, _size(way)), rest, still, _extent(after))


def _concluded(
    way: Tensor, back: Tensor, rest: Tensor, still: Tensor, picture: tuple[int, int]
) -> Correspondence:
    """`way` leads from the picture after to the one before, `back` from there to here; `rest` is
    how much colours then differ."""
    height, width = _size(way)
    scale = way.new_tensor([picture[0] / width, picture[1] / height]).view(1, 2, 1, 1)
    miss = (way + warped(back, way)) * scale / DISAGREE
    rest = F.avg_pool2d(rest, 3, 1, 1, count_include_pad=False) / OTHER_COLOUR
    confidence = (-miss.square().sum(1, keepdim=True) - rest.square()).exp()
    way = way * scale
    length = F.max_pool2d(way.square().sum(1, keepdim=True).sqrt(), 3, 1, 1)
    share = ((length - SNAP[0]) / (SNAP[1] - SNAP[0])).clamp(0, 1) * (still < 1)
    confidence = torch.where(share > 0, confidence, 1.0)
    here = _centres((height, width), picture, like=way)
    return Correspondence(here + way * share, confidence, picture)


def _reduced(picture: Tensor, maps: Tensor) -> Tensor:
    """What is shown of it, at most twice as fine as the maps: finer structure is the picture's own
    business, and would take most of the time."""
    (height, width), (h, w) = _size(picture), _size(maps)
    size = min(height, 2 * h), min(width, 2 * w)
    return F.adaptive_avg_pool2d(picture.float().clamp(-1, 1), size)


def _described(before: Features, after: Features, block: int) -> Tensor:
    """The block's maps after and before, (2, C, h, w), ready to be compared."""
    values = torch.cat([normalised(features.whole(block)) for features in (after, before)])
    return condensed(values, _size(after.whole(block)), COMPONENTS)


def _still(maps: Tensor, pictures: tuple[Tensor, Tensor] | None) -> Tensor:
    """Where nothing moved, (1, 1, h, w), 1 or 0, on the finest grid there is.

    Flat content looks the same when it moves. So a place stands still if a wide window around it
    looks the same, or if it does itself and is joined by such places to one whose window does:
    what moves is fenced off by its outline.
    """
    if pictures is None:
        change = (maps[:1] - maps[1:]).square().sum(1, keepdim=True) / SAME_FEATURE
    else:
        change = (pictures[1] - pictures[0]).abs().amax(1, keepdim=True) / SAME_COLOUR
    grid = [min(side, STILLNESS) for side in _size(change)]
    coarse = F.adaptive_max_pool2d(change, grid)
    same = (coarse < 1).float()
    wide = F.max_pool2d(coarse, (AROUND, 1), 1, (AROUND // 2, 0))
    grown = (F.max_pool2d(wide, (1, AROUND), 1, (0, AROUND // 2)) < 1).float()
    for _ in range(GROWTH):
        grown = F.max_pool2d(grown, 3, 1, 1) * same
    return F.interpolate(grown, size=_size(change))


def _centres(size: tuple[int, int], picture: tuple[int, int], *, like: Tensor) -> Tensor:
    scale = torch.tensor([picture[0] / size[1], picture[1] / size[0]], device=like.device)
    return cells(*size, like=like) * scale.view(1, 2, 1, 1)


def _extent(features: Features) -> tuple[int, int]:
    """The model picture's (width, height)."""
    grid = features.grid
    return round(grid.width / grid.scale[0]), round(grid.height / grid.scale[1])


def _size(maps: Tensor) -> tuple[int, int]:
    return maps.shape[-2], maps.shape[-1]
