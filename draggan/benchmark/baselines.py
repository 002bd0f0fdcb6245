"""Inversions as others publish them, with our loss in place of their trained ones; torch only.

The same loss for all of them, `losses.pyramid_loss`, since no outside weights are here (they use
LPIPS). The learning rates are the best of a search on other pictures (see `rates` in the table's
footing); the schedules are the authors'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from draggan.generator import Generator, WeightDelta
from draggan.losses import psnr, pyramid_loss

RAMP_UP, RAMP_DOWN = 0.05, 0.25  # shares of all steps (Karras et al. 2020, projector.py's schedule)


@dataclass(frozen=True)
class Rates:
    """Learning rates of Adam: of latents in standard deviations of w, of weights as they are."""

    w: float = 0.1
    wplus: float = 0.05
    weights: float = 3e-3


@dataclass(frozen=True)
class Inverted:
    """A picture found: its latent (1, num_ws, w_dim), and the generator to draw it with."""

    ws: Tensor
    generator: Generator


def w_only(
    generator: Generator, image: Tensor, *, steps: int = 1000, lr: float = Rates.w
) -> Inverted:
    """One w for all layers, from the mean (Karras et al. 2020, StyleGAN2's projector, without its
    noise maps, which the models here do not have)."""
    return Inverted(_descend(generator, image, rows=1, steps=steps, lr=lr), generator)


def wplus_only(
    generator: Generator, image: Tensor, *, steps: int = 1000, lr: float = Rates.wplus
) -> Inverted:
    """A w for each layer, from the mean, without a prior (Abdal et al. 2019, Image2StyleGAN)."""
    rows = generator.num_ws
    return Inverted(_descend(generator, image, rows=rows, steps=steps, lr=lr), generator)


def pivotal_tuning(
    generator: Generator,
    image: Tensor,
    *,
    w_steps: int = 450,
    weight_steps: int = 350,
    rates: Rates = Rates(),
) -> Inverted:
    """PTI (Roich et al. 2021): w, then all weights of the synthesis network, locality off as in
    their configuration; no early end, which would need LPIPS."""
    ws = _descend(generator, image, rows=1, steps=w_steps, lr=rates.w)
    network = getattr(generator, "network", None)
    assert isinstance(network, nn.Module)
    weights = {n: p.detach() for n, p in network.named_parameters() if n.startswith("synthesis.")}
    changes = {n: torch.zeros_like(p, requires_grad=True) for n, p in weights.items()}
    optimiser = torch.optim.Adam(list(changes.values()), lr=rates.weights)
    best, found = -math.inf, WeightDelta()
    for _ in range(weight_steps):
        with torch.enable_grad():
            picture = generator.with_weights(WeightDelta(changes)).render(ws)
            loss = pyramid_loss(picture, image).sum()
            gradients = torch.autograd.grad(loss, list(changes.values()), allow_unused=True)
        quality = float(psnr(picture.detach(), image))
        if quality > best:
            best, found = quality, WeightDelta({n: c.detach().clone() for n, c in changes.items()})
        for change, gradient in zip(changes.values(), gradients, strict=True):
            change.grad = gradient
        optimiser.step()
    return Inverted(ws, generator.with_weights(found))


def _descend(generator: Generator, image: Tensor, *, rows: int, steps: int, lr: float) -> Tensor:
    prior = generator.prior()
    deviation = prior.std.mean()
    offset = prior.mean.new_zeros(1, rows, generator.w_dim).requires_grad_(True)
    optimiser = torch.optim.Adam([offset], betas=(0.9, 0.999))
    best, found = -math.inf, offset.detach()
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = lr * _ramp(step / steps)
        with torch.enable_grad():
            ws = (prior.mean + offset * deviation).expand(1, generator.num_ws, -1)
            picture = generator.render(ws)
            (gradient,) = torch.autograd.grad(pyramid_loss(picture, image).sum(), [offset])
        quality = float(psnr(picture.detach(), image))
        if quality > best:
            best, found = quality, ws.detach().clone()
        offset.grad = gradient
        optimiser.step()
    return found


def _ramp(t: float) -> float:
    down = min(1.0, (1 - t) / RAMP_DOWN)
    return (0.5 - 0.5 * math.cos(math.pi * down)) * min(1.0, t / RAMP_UP)
