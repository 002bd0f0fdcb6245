"""Pivotal tuning: small changes of a generator's weights that explain one picture; torch only.

Roich et al. 2021 (Pivotal Tuning for Latent-based Editing of Real Images, arXiv 2106.05744): the
latent found by inversion is the pivot and stays; the weights move. Their locality regularisation
(section 3.3) is always on here, because a drag leaves the pivot: at latents away from it the tuned
generator must draw what the frozen one drew.

Convolutions change by products of two thin matrices (Hu et al. 2021, LoRA, arXiv 2106.09685) in
half precision, which keeps what is saved small, and the other latents' pictures where they were.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from .errors import BadInput
from .generator import Generator, WeightDelta
from .losses import psnr, pyramid_loss
from .precision import halved

ANCHORS = 8  # latents at which the frozen generator's picture is to be kept
SEED = 2**20  # of the anchors: away from the seeds that people try first


@dataclass(frozen=True)
class TuningOptions:
    """How far the weights may go for one picture."""

    steps: int = 20  # 0: the weights stay
    lr: float = 0.006  # of Adam, as a share of each tensor's root mean square
    smallest_block: int = 16  # px: weights of coarser blocks stay, they hold the geometry
    rank: int = 8  # of each convolution's change
    locality: float = 1.0  # weight of the pictures at the anchors
    reach: tuple[float, float] = (0.4, 1.0)  # how far anchors lie from pivot to random sample


QUALITIES = MappingProxyType(
    {
        "fast": TuningOptions(steps=0),
        "balanced": TuningOptions(),
        "best": TuningOptions(steps=80, locality=2.0),
    }
)


@dataclass(frozen=True)
class TuningStep:
    """The weights so far, as differences; psnr (dB) is that of the picture with `delta` in it."""

    index: int  # from 1 to total
    total: int
    delta: WeightDelta  # float16
    loss: float
    psnr: float


def tunable(generator: Generator, smallest_block: int) -> Mapping[str, Tensor]:
    """The convolution and toRGB weights of blocks from `smallest_block` px on, by name."""
    network = getattr(generator, "network", None)
    if not isinstance(network, nn.Module):
        return {}
    blocks = tuple(f"synthesis.b{r}." for r in generator.blocks if r >= smallest_block)
    return {
        name: tensor.detach()
        for name, tensor in network.named_parameters()
        if name.startswith(blocks) and name.endswith(".weight") and ".affine." not in name
    }


def tune(
    generator: Generator,
    ws: Tensor,
    image: Tensor,
    *,
    weight: Tensor | None = None,
    options: TuningOptions = QUALITIES["balanced"],
) -> Iterator[TuningStep]:
    """Tune the generator so that `ws` (1, num_ws, w_dim) renders `image` (1, 3, H, W) in [-1, 1].

    `weight` (1, 1, H, W) in [0, 1] says where. `generator.with_weights(step.delta)` is the tuned
    one. The last step's delta is the best; earlier ones are whole too, leaving is allowed.

    Raises BadInput for a generator whose weights have no names known here.
    """
    weights = tunable(generator, options.smallest_block)
    if not weights:
        raise BadInput("The weights of this kind of model cannot be tuned.")
    image = image.to(generator.device, generator.dtype)
    weight = torch.ones_like(image[:, :1]) if weight is None else weight.to(image)
    return _Tuning(generator, ws, image, weight, weights if options.steps else {}, options).run()


class _Tuning:
    """The working state of one tuning."""

    def __init__(
        self,
        generator: Generator,
        ws: Tensor,
        image: Tensor,
        weight: Tensor,
        weights: Mapping[str, Tensor],
        options: TuningOptions,
    ) -> None:
        self.generator, self.options = generator, options
        self.ws, self.image, self.weight = ws.detach(), image, weight
        self.anchors = self._anchors() if weights and options.locality else self.ws[:0]
        with torch.no_grad():
            self.kept = [generator.render(w[None]) for w in self.anchors]
        self.changes = self._changes(weights) if weights else {}
        self.variables = [x for change in self.changes.values() for x in change.variables]

    def run(self) -> Iterator[TuningStep]:
        total = self.options.steps + 1
        if self.options.steps:
            yield from self._descend(total)
        with torch.no_grad():
            picture = self.generator.with_weights(self._delta()).render(self.ws)
            loss = pyramid_loss(picture, self.image, self.weight).sum()
        yield self._step(total, total, picture, loss)

    def _descend(self, total: int) -> Iterator[TuningStep]:
        optimiser = torch.optim.Adam(self.variables, betas=(0.9, 0.99))
        for i in range(self.options.steps):
            optimiser.param_groups[0]["lr"] = self._lr(i)
            with torch.enable_grad():
                tuned = self.generator.with_weights(self._delta())
                picture = tuned.render(self.ws)
                loss = pyramid_loss(picture, self.image, self.weight).sum()
                gradients = torch.autograd.grad(loss + self._locality(tuned, i), self.variables)
            yield self._step(i + 1, total, picture, loss)
            for variable, gradient in zip(self.variables, gradients, strict=True):
                variable.grad = gradient
            optimiser.step()

    def _lr(self, i: int) -> float:
        """Warm-up, then a cosine: Adam's first steps all have full length and one direction."""
        steps = self.options.steps
        cosine = 0.05 + 0.95 * (0.5 + 0.5 * math.cos(math.pi * i / steps))
        return self.options.lr * cosine * min(1.0, (i + 1) / (0.2 * steps))

    def _anchors(self) -> Tensor:
        """Latents on the way from the pivot to random samples, (ANCHORS, num_ws, w_dim)."""
        others = self.generator.sample(range(SEED, SEED + ANCHORS))
        near, far = self.options.reach
        shares = torch.linspace(near, far, ANCHORS).to(others)
        return self.ws + shares[:, None, None] * (others - self.ws)

    def _locality(self, tuned: Generator, i: int) -> Tensor:
        """One anchor each step: its picture's distance from the frozen generator's."""
        if not self.kept:
            return self.ws.new_zeros(())
        k = i % len(self.kept)
        difference = pyramid_loss(tuned.render(self.anchors[k : k + 1]), self.kept[k])
        return self.options.locality * difference.sum()

    def _changes(self, weights: Mapping[str, Tensor]) -> dict[str, _Change]:
        """One for each weight; of convolutions, along the directions that the picture asks for."""
        probes = {n: torch.zeros_like(w, requires_grad=True) for n, w in weights.items()}
        with torch.enable_grad():
            picture = self.generator.with_weights(WeightDelta(probes)).render(self.ws)
            loss = pyramid_loss(picture, self.image, self.weight).sum()
            pulls = torch.autograd.grad(loss, list(probes.values()))
        return {
            name: _Change.starting(weight, pull, self.options.rank)
            for (name, weight), pull in zip(weights.items(), pulls, strict=True)
        }

    def _delta(self) -> WeightDelta:
        whole = {n: c.whole() for n, c in self.changes.items() if len(c.variables) == 1}
        factors = {n: c.factors() for n, c in self.changes.items() if len(c.variables) == 2}
        return WeightDelta(whole, factors)

    def _step(self, index: int, total: int, picture: Tensor, loss: Tensor) -> TuningStep:
        with torch.no_grad():
            delta = self._delta().to(torch.float16)
        quality = float(psnr(picture.detach(), self.image, self.weight))
        return TuningStep(index, total, delta, float(loss.detach()), quality)


@dataclass(frozen=True)
class _Change:
    """What is added to one weight: its only variable, or the product of two, at a scale."""

    variables: tuple[Tensor, ...]
    scale: float

    @classmethod
    def starting(cls, weight: Tensor, pull: Tensor, rank: int) -> _Change:
        """No change yet. `pull` is the loss's gradient: its main directions are the right factor,
        so that the left one, which is 0, sees the most of it from the first step on."""
        scale = float(weight.square().mean().sqrt())
        if pull[0, 0].numel() == 1 or 2 * rank > len(weight):
            return cls((torch.zeros_like(weight, requires_grad=True),), scale)
        matrix = pull.flatten(1).double()
        _, vectors = torch.linalg.eigh(matrix @ matrix.t())
        right = torch.linalg.qr((vectors[:, -rank:].t() @ matrix).t())[0].t()  # (rank, I * k * k)
        right = (right * math.sqrt(right.shape[1])).to(weight).view(rank, *weight.shape[1:])
        left = weight.new_zeros(len(weight), rank)
        return cls((left.requires_grad_(True), right.requires_grad_(True)), scale / math.sqrt(rank))

    def whole(self) -> Tensor:
        return halved(self.variables[0] * self.scale)

    def factors(self) -> tuple[Tensor, Tensor]:
        return halved(self.variables[0] * self.scale), halved(self.variables[1])
