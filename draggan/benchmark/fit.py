"""The judge: finds a critter's parameters in a picture by drawing it again and again; torch only.

Analysis by synthesis: the renderer is differentiable, so gradient descent on its parameters brings
its drawing to the picture. It sees pictures alone, never a generator's latents or features, so what
it says about where a landmark went does not depend on what moved it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan.critters import from_unit, render, to_unit
from draggan.errors import BadInput

MARGIN = 0.02  # starts keep this far from the ends of their ranges, where a sigmoid is flat
POOL = 4  # the second term compares pictures shrunk by this: it pulls over longer distances


@dataclass(frozen=True)
class Stage:
    """`steps` of Adam at `size` pixels, from learning rate `lr` down to a tenth of it."""

    size: int
    steps: int
    lr: float


COARSE = Stage(32, 40, 0.15)
FINE = (Stage(64, 24, 0.08), Stage(128, 8, 0.03))


@dataclass(frozen=True)
class Fit:
    """What the judge sees in each picture."""

    parameters: Tensor  # (B, 31) physical
    landmarks: Tensor  # (B, 17, 2) in the picture's pixels
    residual: Tensor  # (B,) mean absolute difference that is left, in [-1, 1] units

    def one(self, k: int) -> Fit:
        """What it sees in picture k, as a batch of one."""
        return Fit(self.parameters[k : k + 1], self.landmarks[k : k + 1], self.residual[k : k + 1])


def fit(
    pictures: Tensor,
    starts: Sequence[Tensor],
    *,
    weight: Tensor | None = None,
    coarse: Stage = COARSE,
    fine: Sequence[Stage] = FINE,
) -> Fit:
    """Find the parameters of `pictures` (B, 3, S, S) in [-1, 1].

    `starts`: one or more guesses (B, 31) in physical values. All of them are followed through the
    coarse stage, from then on each picture keeps the one that explains it best. `weight`
    (B, 1, S, S) in [0, 1] says where to look (None: everywhere). Raises BadInput for pictures that
    are not square or without a start.
    """
    if pictures.ndim != 4 or pictures.shape[2] != pictures.shape[3] or not starts:
        raise BadInput("The judge needs square pictures and at least one guess for each.")
    pictures = pictures.detach().clamp(-1, 1)
    if weight is None:
        weight = torch.ones_like(pictures[:, :1])
    count, size = len(pictures), pictures.shape[-1]
    logits = torch.cat([_logits(start) for start in starts])  # (K * B, 31)
    every = [x.repeat(len(starts), 1, 1, 1) for x in (pictures, weight)]
    logits, loss = _descend(every[0], every[1], logits, coarse)
    best = loss.view(len(starts), count).argmin(0)
    logits = logits.view(len(starts), count, -1)[best, torch.arange(count)]
    for stage in fine:
        if stage.size <= size:
            logits, _ = _descend(pictures, weight, logits, stage)
    parameters = from_unit(logits.sigmoid())
    with torch.no_grad():
        scene = render(parameters, size)
    residual = _mean((scene.image - pictures).abs(), weight)
    return Fit(parameters, scene.landmarks, residual)


def _logits(parameters: Tensor) -> Tensor:
    return to_unit(parameters).clamp(MARGIN, 1 - MARGIN).logit()


def _descend(
    pictures: Tensor, weight: Tensor, logits: Tensor, stage: Stage
) -> tuple[Tensor, Tensor]:
    """-> logits (B, 31) after the stage, and each picture's loss (B,) before its last step."""
    mass = F.adaptive_avg_pool2d(weight, stage.size)
    wanted = F.adaptive_avg_pool2d(pictures * weight, stage.size) / mass.clamp_min(1e-6)
    variable = logits.clone().requires_grad_()
    optimiser = torch.optim.Adam([variable], lr=stage.lr, betas=(0.9, 0.99))
    loss = torch.zeros(len(logits))
    for step in range(stage.steps):
        optimiser.param_groups[0]["lr"] = stage.lr * (1 - 0.9 * step / stage.steps)
        with torch.enable_grad():
            drawn = render(from_unit(variable.sigmoid()), stage.size).image
            loss = _difference(drawn, wanted, mass)
            (gradient,) = torch.autograd.grad(loss.sum(), variable)
        variable.grad = gradient.nan_to_num(0.0, 0.0, 0.0)
        optimiser.step()
    return variable.detach(), loss.detach()


def _difference(drawn: Tensor, wanted: Tensor, mass: Tensor) -> Tensor:
    away = (drawn - wanted) * mass
    far = F.avg_pool2d(away, POOL) / F.avg_pool2d(mass, POOL).clamp_min(1e-6)
    return _mean((drawn - wanted).abs(), mass) + _mean(far.abs(), F.avg_pool2d(mass, POOL))


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over all but the first dimension: (B,)."""
    return (values * weight).mean((1, 2, 3)) / weight.mean((1, 2, 3)).clamp_min(1e-6)
