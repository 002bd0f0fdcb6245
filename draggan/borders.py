"""The borders of what the model sees: how an edit ends there, and whether it misses something.

Torch only, on the model's grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .change import feather, spread
from .frame import Frame, cell_centres

RIM = 0.03  # width of the soft rim where the picture goes on, as a share of what the model sees
MISSED = 0.12  # (white = 1): differences up to here are not missed where they are cut off
LENGTH = 0.04  # of the model's picture: so long at least is a cut that can be seen ...
SURFACE = 0.001  # ... and so large what fades out in the soft rim
NEAR = 1.5  # [model px] from an edge of the picture: there it is reached


@dataclass(frozen=True)
class Cut:
    """Where what moves is visibly cut off.

    `inside`: at the border of the area that the model sees, beyond which the picture goes on;
    `edges`: at those of the picture itself, of "left", "top", "right" and "bottom".
    """

    inside: bool = False
    edges: tuple[str, ...] = ()


def rim(frame: Frame, size: tuple[int, int], goes_on: Sequence[str] = ()) -> Tensor:
    """1 inside the frame, falling to 0 at those of its borders beyond which the picture goes on.

    `size` (H, W) -> (1, 1, H, W). `goes_on`: the sides at which the picture is itself a part of a
    larger one; there it falls to 0 as well.
    """
    soft = max(1, round(RIM * max(size) / 2))
    pad = 1
    ways = _ways(frame, cell_centres(size[1] + 2 * pad, size[0] + 2 * pad) - pad)
    beyond = torch.stack([way > 0 for way in ways.values()]).all(0)
    beyond[pad:-pad, pad:-pad] = False
    for side in goes_on:
        beyond |= ways[side] <= 0
    if not beyond.any():
        return torch.ones(1, 1, *size)
    inside = 1 - spread(beyond[None, None].float(), 2 * soft + 2)
    return feather(inside, soft)[..., pad:-pad, pad:-pad]


def _ways(frame: Frame, places: Tensor) -> dict[str, Tensor]:
    """Of places (H, W, 2) of the model: how far inside of each of the picture's sides they are."""
    x, y = frame.to_picture(places).unbind(-1)
    width, height = frame.picture
    return {"left": x, "top": y, "right": width - x, "bottom": height - y}


def find_cut(effect: Tensor, frame: Frame) -> Cut:
    """`effect` (1, 1, H, W): by how much what moves changes the picture (white = 1), uncut."""
    size = (effect.shape[-2], effect.shape[-1])
    lost = effect * (1 - rim(frame, size)) > MISSED
    away = _ways(frame, cell_centres(size[1], size[0]))
    within = torch.stack([way >= 0 for way in away.values()]).all(0)
    seen = (effect[0, 0] > MISSED) & within
    near, length = NEAR * frame.scale, max(2, round(LENGTH * max(size)))
    edges = (name for name, way in away.items() if int((seen & (way < near)).sum()) >= length)
    return Cut(int(lost.sum()) >= max(4, SURFACE * size[0] * size[1]), tuple(edges))
