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
LEVEL = Refinement()
PICTURE = Refinement(warps=1)

SAME_COLOUR = 2 / 127.5  # [-1, 1] what nobody sees in 8 bits
SAME_FEATURE = 0.1  # squared distance of normalised features
AROUND = 9  # pixels: a place stands still if all of this window looks the same
DISAGREE = 1.5  # model px: how far both ways may miss each other
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
    after. The grid is the pictures', or without them that of the features."""
    blocks = [2 ** (k + 2) for k in range(len(after.below))] + [after.block]
    blocks = [block for block in blocks if block >= COARSEST] or blocks[-1:]
    ahead = torch.cat((after.whole(blocks[-1]), before.whole(blocks[-1])))
    still = _still(normalised(ahead), pictures)
    flow: Tensor | None = None
    for k, block in enumerate(blocks):
        maps = torch.cat((after.whole(block), before.whole(block)))
        maps = condensed(normalised(maps), COMPONENTS)
        size = (maps.shape[-2], maps.shape[-1])
        flow = maps.new_zeros(2, 2, *size) if flow is None else resized(flow, size)
        if k < len(REACH):
            flow = searched(maps, flow, radius=REACH[k], penalty=PENALTY)
        flow = refined(maps, flow, LEVEL, still=F.adaptive_avg_pool2d(still, size))
    assert flow is not None
    if pictures is not None:
        seen = torch.cat((pictures[1], pictures[0])).float().clamp(-1, 1)
        flow = refined(seen, resized(flow, _size(seen)), PICTURE, still=still)
    return _concluded(flow, still, _extent(after))


def _concluded(flow: Tensor, still: Tensor, picture: tuple[int, int]) -> Correspondence:
    """The way back alone, and what the way there says of it."""
    height, width = flow.shape[-2:]
    scale = flow.new_tensor([picture[0] / width, picture[1] / height]).view(1, 2, 1, 1)
    miss = (flow[:1] + warped(flow[1:], flow[:1])) * scale
    confidence = (-(miss / DISAGREE).square().sum(1, keepdim=True)).exp()
    way = flow[:1] * scale
    length = way.square().sum(1, keepdim=True).sqrt()
    length = F.max_pool2d(length, 3, 1, 1)
    share = ((length - SNAP[0]) / (SNAP[1] - SNAP[0])).clamp(0, 1) * (still < 0.99)
    way, confidence = way * share, torch.where(share > 0, confidence, 1.0)
    return Correspondence(_centres((height, width), picture, like=way) + way, confidence, picture)


def _still(maps: Tensor, pictures: tuple[Tensor, Tensor] | None) -> Tensor:
    """How sure it is that nothing moved, (1, 1, h, w) in [0, 1], on the finest grid there is."""
    change = (maps[:1] - maps[1:]).square().sum(1, keepdim=True) / SAME_FEATURE
    if pictures is not None:
        before, after = (picture.float().clamp(-1, 1) for picture in pictures)
        colour = (after - before).abs().amax(1, keepdim=True) / SAME_COLOUR
        change = torch.maximum(colour, F.interpolate(change, size=_size(colour)))
    change = F.max_pool2d(change, AROUND, 1, AROUND // 2)
    return (-change.square()).exp()


def _centres(size: tuple[int, int], picture: tuple[int, int], *, like: Tensor) -> Tensor:
    scale = torch.tensor([picture[0] / size[1], picture[1] / size[0]], device=like.device)
    return cells(*size, like=like) * scale.view(1, 2, 1, 1)


def _extent(features: Features) -> tuple[int, int]:
    """The model picture's (width, height)."""
    grid = features.grid
    return round(grid.width / grid.scale[0]), round(grid.height / grid.scale[1])


def _size(maps: Tensor) -> tuple[int, int]:
    return maps.shape[-2], maps.shape[-1]
