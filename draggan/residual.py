"""A feature residual: what one picture has and its latent cannot say, added to a map; torch, numpy.

Kang et al. 2021 (BDInvert, arXiv 2108.08998) and Yao et al. 2022 (FeatureStyle, arXiv 2202.02183)
explain what W+ cannot in a feature map of a middle block. Here it is the drag's own block, so that
it moves with what the drag moves, and a difference dF to the generator's own map, which is 0
wherever the latent explains the picture already: there the generator keeps its say.

dF is `channels` x `maps`, a few channel directions times a plane each, in half precision from the
first step on: what is saved is exactly what was fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .correspondence import Correspondence
from .errors import BadInput
from .generator import Features, Generator, Grid
from .losses import psnr, pyramid_loss
from .precision import halved
from .saved_arrays import demand

RANK = 16  # channel directions at most
MAX_BYTES = 300_000  # of both factors; larger maps get fewer directions
SQUARES = 5.0  # weight of the mean square beside the pyramid's absolute values


@dataclass(frozen=True)
class ResidualOptions:
    """How long to fit, and what is too little to be explained."""

    steps: int = 25
    lr: float = 0.3  # of Adam, in standard deviations of the generator's own map
    rank: int = RANK
    explained: float = 0.02  # mean error, in [-1, 1], up to which a region is left alone
    unexplained: float = 0.08  # and from which on dF is free
    size: float = 1e-2  # weight of the mean square of dF, in variances of the map
    roughness: float = 1e-2  # weight of the mean square of its gradients


QUALITIES = MappingProxyType(
    {
        "fast": ResidualOptions(steps=10),
        "balanced": ResidualOptions(),
        "best": ResidualOptions(steps=60),
    }
)


@dataclass(frozen=True)
class FeatureResidual:
    """What is added to the features of a picture's own latent at the output of `block`."""

    block: int
    channels: Tensor  # (C, r) float16
    maps: Tensor  # (r, h, w) float16

    def map(self, like: Tensor) -> Tensor:
        """dF (1, C, h, w), in the place and precision of `like`."""
        return _product(self.channels.to(like), self.maps.to(like))

    def added(self, features: Features) -> Features:
        """The same features with dF in them. Raises BadInput where it does not fit."""
        return added(features, self.map(features.map))

    def compact(self) -> dict[str, NDArray]:
        """What is to be saved: "channels" (C, r) and "maps" (r, h, w), both float16."""
        return {"channels": self.channels.cpu().numpy(), "maps": self.maps.cpu().numpy()}

    @classmethod
    def expanded(cls, arrays: Mapping[str, NDArray], generator: Generator) -> FeatureResidual:
        """What `compact` gave, or a stranger, for the features that `generator`'s drags read.

        Raises BadSaved for what cannot be a residual of such features.
        """
        demand(arrays.keys() == {"channels", "maps"})
        channels, maps = arrays["channels"], arrays["maps"]
        demand(channels.dtype == maps.dtype == np.float16)
        block = generator.drag_block()
        count, *size = generator.map_shape(block)
        rank = maps.shape[0] if maps.ndim == 3 else 0
        demand(0 < rank <= RANK and maps.shape == (rank, *size) and channels.shape == (count, rank))
        demand(bool(np.isfinite(channels).all() and np.isfinite(maps).all()))
        place = generator.device
        return cls(block, torch.tensor(channels, device=place), torch.tensor(maps, device=place))


@dataclass(frozen=True)
class ResidualStep:
    """The residual so far; psnr (dB) is that of the picture with it."""

    index: int  # from 1 to total
    total: int
    residual: FeatureResidual
    loss: float
    psnr: float


def added(features: Features, change: Tensor) -> Features:
    """Whole features with `change` (1, C, h, w) added. Raises BadInput for another shape."""
    if features.corners is not None or features.map.shape[1:] != change.shape[1:]:
        raise BadInput("The feature residual does not fit the model's features.")
    return replace(features, map=features.map + change)


def carried(residual: FeatureResidual, correspondence: Correspondence) -> Tensor:
    """dF (1, C, h, w) for the picture after, moved along with what it belongs to.

    Where `correspondence` says that every cell stays, it is dF bit for bit; where something is
    newly visible, 0.
    """
    height, width = residual.maps.shape[-2:]
    match = correspondence.at((height, width))
    places = match.source[0].permute(1, 2, 0)
    cells = Grid.covering(width, height, match.picture).from_picture(places) - 0.5
    channels, maps = residual.channels.to(places), residual.maps.to(places)
    return _product(channels, _sampled(maps, cells) * match.confidence[0])


def fit(
    generator: Generator,
    ws: Tensor,
    image: Tensor,
    *,
    weight: Tensor | None = None,
    options: ResidualOptions = QUALITIES["balanced"],
    features: Features | None = None,
    free: Tensor | None = None,
) -> Iterator[ResidualStep]:
    """Fit dF so that the features of `ws` (1, num_ws, w_dim) and dF give `image`.

    `image` (1, 3, H, W) in [-1, 1]; `weight` (1, 1, H, W) in [0, 1] says where. `features`: those
    that dF is added to, whole; None: of `ws` at the drag's block. `free` (1, 1, h, w) in [0, 1]:
    how much of dF each of its cells may have; None: as much as the picture lacks there. Only what
    comes after the features is computed. The last step is the best; leaving earlier is allowed.
    """
    image = image.to(generator.device, generator.dtype)
    weight = torch.ones_like(image[:, :1]) if weight is None else weight.to(image)
    with torch.no_grad():
        if features is None:
            features = generator.features(ws, generator.drag_block())
        if free is None:
            height, width = features.map.shape[-2:]
            picture = generator.render_from(features, ws)
            free = unexplained(picture, image, weight, (height, width), options)
    return _Fit(generator, ws.detach(), image, weight, features, free, options).run()


def unexplained(
    picture: Tensor, image: Tensor, weight: Tensor, size: tuple[int, int], options: ResidualOptions
) -> Tensor:
    """How freely each cell of a map of `size` (h, w) may change, (1, 1, h, w) in [0, 1]."""
    error = ((picture.clamp(-1, 1) - image).abs() * weight).mean(1, keepdim=True)
    error = F.adaptive_avg_pool2d(error, size)
    error = F.avg_pool2d(F.pad(error, (2, 2, 2, 2), mode="replicate"), 5, 1)
    free = (error - options.explained) / (options.unexplained - options.explained)
    free = free.clamp(0, 1)
    return free * free * (3 - 2 * free)


class _Fit:
    """The working state of one fit."""

    def __init__(
        self,
        generator: Generator,
        ws: Tensor,
        image: Tensor,
        weight: Tensor,
        features: Features,
        free: Tensor,
        options: ResidualOptions,
    ) -> None:
        self.generator, self.ws, self.options = generator, ws, options
        self.image, self.weight, self.features = image, weight, features
        own, self.gate = features.map.float(), free[0].float()
        rank = _rank(own[0], options.rank)
        self.channels = self._directions(rank).requires_grad_(True)
        self.planes = self.gate.new_zeros(rank, *own.shape[-2:]).requires_grad_(True)
        self.unit = float(own.std()) * math.sqrt(own.shape[1] / rank)

    def run(self) -> Iterator[ResidualStep]:
        lr = self.options.lr
        groups = [{"params": [self.planes], "lr": lr}, {"params": [self.channels], "lr": 0.1 * lr}]
        optimiser = torch.optim.Adam(groups, betas=(0.9, 0.99))
        total = self.options.steps + 1
        for i in range(self.options.steps):
            for group, full in zip(optimiser.param_groups, (lr, 0.1 * lr), strict=True):
                group["lr"] = full * _schedule(i, self.options.steps)
            with torch.enable_grad():
                residual, picture, loss = self._rendered()
                gradients = torch.autograd.grad(
                    loss + self._penalty(), [self.planes, self.channels]
                )
            yield self._step(i + 1, total, residual, picture, loss)
            self.planes.grad, self.channels.grad = gradients
            optimiser.step()
        with torch.no_grad():
            yield self._step(total, total, *self._rendered())

    def _directions(self, rank: int) -> Tensor:
        """The channel directions (C, rank) along which the loss falls most, orthonormal."""
        own = self.features.map.detach().requires_grad_(True)
        with torch.enable_grad():
            picture = self.generator.render_from(replace(self.features, map=own), self.ws)
            (gradient,) = torch.autograd.grad(self._loss(picture), [own])
        pull = (gradient.float()[0] * self.gate).flatten(1).double()
        _, vectors = torch.linalg.eigh(pull @ pull.t())
        return vectors[:, -rank:].flip(1).to(gradient.device, torch.float32)

    def _rendered(self) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
        """-> the factors as they are kept, the picture with them, and its loss."""
        channels, maps = halved(self.channels), halved(self.planes * self.gate * self.unit)
        change = _product(channels, maps).to(self.features.map)
        picture = self.generator.render_from(added(self.features, change), self.ws)
        return (channels, maps), picture, self._loss(picture)

    def _loss(self, picture: Tensor) -> Tensor:
        squares = ((picture - self.image).square() * self.weight).mean()
        share = self.weight.mean().clamp_min(1e-6)
        pyramid = pyramid_loss(picture, self.image, self.weight).sum()
        return pyramid + SQUARES * squares / share

    def _penalty(self) -> Tensor:
        planes = self.planes * self.gate
        across, down = planes.diff(dim=-1), planes.diff(dim=-2)
        rough = across.square().mean() + down.square().mean()
        return self.options.size * planes.square().mean() + self.options.roughness * rough

    def _step(
        self, index: int, total: int, factors: tuple[Tensor, Tensor], picture: Tensor, loss: Tensor
    ) -> ResidualStep:
        channels, maps = (factor.detach().to(torch.float16) for factor in factors)
        residual = FeatureResidual(self.features.block, channels, maps)
        quality = float(psnr(picture.detach().float(), self.image.float(), self.weight.float()))
        return ResidualStep(index, total, residual, float(loss.detach()), quality)


def _rank(own: Tensor, most: int) -> int:
    """How many directions fit into the bytes that a residual may have."""
    channels, height, width = own.shape
    return max(1, min(most, channels, MAX_BYTES // (2 * (height * width + channels))))


def _schedule(i: int, steps: int) -> float:
    """Warm-up, then a cosine."""
    cosine = 0.05 + 0.95 * (0.5 + 0.5 * math.cos(math.pi * i / steps))
    return cosine * min(1.0, (i + 1) / (0.1 * steps))


def _product(channels: Tensor, maps: Tensor) -> Tensor:
    return torch.einsum("cr,rhw->chw", channels, maps)[None]


def _sampled(maps: Tensor, cells: Tensor) -> Tensor:
    """Bilinear values (r, h, w) of `maps` (r, H, W) at columns and rows `cells` (h, w, 2).

    At whole numbers they are the cells' own values, which `grid_sample` does not promise.
    """
    height, width = maps.shape[-2:]
    x, y = cells[..., 0].clamp(0, width - 1), cells[..., 1].clamp(0, height - 1)
    left, top = x.floor(), y.floor()
    across, down = x - left, y - top
    columns, rows = left.long(), top.long()
    right, below = (columns + 1).clamp(max=width - 1), (rows + 1).clamp(max=height - 1)
    upper = maps[:, rows, columns] * (1 - across) + maps[:, rows, right] * across
    lower = maps[:, below, columns] * (1 - across) + maps[:, below, right] * across
    return upper * (1 - down) + lower * down
