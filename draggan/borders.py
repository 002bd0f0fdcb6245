"""The borders of what the model sees: how an edit ends there, and whether it misses something.

Torch only, on the model's grid.
"""

from __future__ import annotations

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


def rim(frame: Frame, size: tuple[int, int]) -> Tensor:
    """1 inside the frame, falling to 0 at those of its borders beyond which the picture goes on.

    `size` (H, W) -> (1, 1, H, W).
    """
    soft = max(1, round(RIM * max(size) / 2))
    pad = 1
    around = frame.to_picture(cell_centres(size[1] + 2 * pad, size[0] + 2 * pad) - pad)
    beyond = ((around > 0) & (around < around.new_tensor(frame.picture))).all(-1).float()
    beyond[pad:-pad, pad:-pad] = 0
    if not beyond.any():
        return torch.ones(1, 1, *size)
    inside = 1 - spread(beyond[None, None], 2 * soft + 2)
    return feather(inside, soft)[..., pad:-pad, pad:-pad]


def find_cut(effect: Tensor, frame: Frame) -> Cut:
    """`effect` (1, 1, H, W): by how much what moves changes the picture (white = 1), uncut."""
    size = (effect.shape[-2], effect.shape[-1])
    lost = effect * (1 - rim(frame, size)) > MISSED
    places = frame.to_picture(cell_centres(size[1], size[0]))
    within = ((places >= 0) & (places <= places.new_tensor(frame.picture))).all(-1)
    seen = (effect[0, 0] > MISSED) & within
    left, top = places.unbind(-1)
    away = {
        "left": left,
        "top": top,
        "right": frame.picture[0] - left,
        "bottom": frame.picture[1] - top,
    }
    near, length = NEAR * frame.scale, max(2, round(LENGTH * max(size)))
    edges = (name for name, way in away.items() if int((seen & (way < near)).sum()) >= length)
    return Cut(int(lost.sum()) >= max(4, SURFACE * size[0] * size[1]), tuple(edges))
