"""How well a model itself knows a picture, as a number and in words for an artist; torch only.

It is asked of the latent alone, before weights are tuned or features added: those can paint any
picture, and a car painted by a model of faces still has no face to be turned. Shapes count, not
colours: the correlation of gradients says whether the model's edges lie where the picture's do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

SIDES = (32, 64)  # px, of the pictures that are compared: shapes, not grain
FAINT = 1e-3  # mean square of gradients in [-1, 1] units below which there is nothing to compare

VERDICTS = (  # from a score on: what to tell a user
    (0.85, "very close"),
    (0.65, "close"),
    (0.45, "rough: fine detail will come from the original"),
    (-1.0, "poor: this model does not know such pictures, expect little of a drag"),
)


@dataclass(frozen=True)
class Likeness:
    """`score` from 0, nothing in common, to 1."""

    score: float

    @property
    def words(self) -> str:
        """What to tell a user."""
        return next(words for least, words in VERDICTS if self.score >= least)


def likeness_score(picture: Tensor, image: Tensor, weight: Tensor | None = None) -> float:
    """How far the shapes of the model's `picture` are those of `image`, (1, 3, H, W) in [-1, 1].

    `weight` (1, 1, H, W) in [0, 1] says where. A picture without any shapes is like any other: 1
    where both have none.
    """
    if weight is None:
        weight = torch.ones_like(image[:, :1])
    scores = [_correlation(picture.clamp(-1, 1), image, weight, side) for side in SIDES]
    return max(0.0, sum(scores) / len(scores))


def _correlation(picture: Tensor, image: Tensor, weight: Tensor, side: int) -> float:
    height, width = image.shape[-2:]
    size = [max(2, round(x * side / max(height, width))) for x in (height, width)]
    mass = F.interpolate(weight, size, mode="area")
    ours, theirs = (_gradients(_seen(x, weight, mass, size)) for x in (picture, image))
    shares = mass[..., 1:, 1:]
    own, other, both = (
        float((a * b * shares).sum() / shares.sum().clamp_min(1e-6))
        for a, b in ((ours, ours), (theirs, theirs), (ours, theirs))
    )
    return (both + FAINT) / ((own + FAINT) * (other + FAINT)) ** 0.5


def _seen(x: Tensor, weight: Tensor, mass: Tensor, size: list[int]) -> Tensor:
    return F.interpolate(x * weight, size, mode="area") / mass.clamp_min(1e-6)


def _gradients(x: Tensor) -> Tensor:
    """Along both axes, (1, 6, h - 1, w - 1)."""
    across = x[..., 1:, 1:] - x[..., 1:, :-1]
    down = x[..., 1:, 1:] - x[..., :-1, 1:]
    return torch.cat((across, down), 1)
