"""From a picture to a latent: samples -> starts -> W -> W+, as a stream of steps; torch only.

The latent is w = mean + v R with R the square root of the mapping network's covariance ("P_N
space", Zhu et al. 2020, Improved StyleGAN Embedding, without its leaky ReLU): one learning rate
and one prior |v|^2 serve every checkpoint, and v cannot leave the directions in which w varies.
W+ is a shared v plus an offset for each row, kept small, so that a drag, which moves the leading
rows alone, still finds a latent that the generator knows. What then lacks is tuning's business.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from .errors import BadInput, BadPicture
from .generator import Generator
from .losses import psnr, pyramid_loss
from .samples import COUNT, SampleBank, bank

SEEN = 0.01  # the least share of a picture that must be visible


@dataclass(frozen=True)
class InversionOptions:
    """How long to look, and how far from the prior."""

    samples: int = COUNT  # in the bank
    starts: int = 4  # candidates: the regression's estimate, the mean, the nearest samples
    start_steps: int = 10
    w_steps: int = 60
    wplus_steps: int = 60
    lr: float = 0.1  # of Adam, in standard deviations of w
    prior: float = 0.01  # weight of mean |v|^2
    offsets: float = 0.05  # weight of the mean square of each row's own offset


QUALITIES = MappingProxyType(
    {
        "fast": InversionOptions(starts=2, start_steps=4, w_steps=30, wplus_steps=15),
        "balanced": InversionOptions(),
        "best": InversionOptions(starts=6, start_steps=15, w_steps=120, wplus_steps=180),
    }
)


@dataclass(frozen=True)
class InversionStep:
    """The latent so far. The stages are "samples", "starts", "w", "w+" and, last, "done"."""

    index: int  # from 1 to total
    total: int
    stage: str
    ws: Tensor  # (1, num_ws, w_dim)
    loss: float
    psnr: float  # dB, where the picture weighs; 0 while samples are made
    generator: Generator


def invert(
    generator: Generator,
    image: Tensor,
    *,
    weight: Tensor | None = None,
    options: InversionOptions = QUALITIES["balanced"],
    samples: SampleBank | None = None,
) -> Iterator[InversionStep]:
    """Find the latent of `image` (1, 3, height, width) in [-1, 1], of the generator's own size.

    `weight` (1, 1, height, width) in [0, 1] says where the picture is to be explained. `samples`
    is the generator's bank; read from the cache or made where it is not given. The last step holds
    the best latent; leaving the loop early keeps whatever the caller took from it.

    Raises BadInput for pictures of another size, BadPicture where nothing of it weighs.
    """
    image, weight = _checked(generator, image, weight)
    return _Inversion(generator, image, weight, options).run(samples)


class _Inversion:
    """The working state of one inversion."""

    def __init__(
        self, generator: Generator, image: Tensor, weight: Tensor, options: InversionOptions
    ) -> None:
        self.generator, self.options = generator, options
        self.image, self.weight = image, weight
        prior = generator.prior()
        self.mean = prior.mean
        self.root, self.inverse = prior.roots()
        self.index = 0
        self.total = options.start_steps + options.w_steps + options.wplus_steps + 1

    def run(self, samples: SampleBank | None) -> Iterator[InversionStep]:
        if samples is None:
            samples = yield from self._samples()
        v = yield from self._fit("starts", self._starts(samples), self.options.start_steps)
        if len(v) > 1:
            v = v[self._loss(v).argmin()][None]
        v = yield from self._fit("w", v, self.options.w_steps)
        v = v.repeat(1, self.generator.num_ws, 1)
        v = yield from self._fit("w+", v, self.options.wplus_steps)
        with torch.no_grad():
            picture = self.generator.render(self._ws(v))
        yield self._step("done", v, picture, pyramid_loss(picture, self.image, self.weight))

    def _samples(self) -> Steps[InversionStep, None, SampleBank]:
        making = bank(self.generator, count=self.options.samples)
        v = torch.zeros_like(self.mean)[None, None]
        while True:
            try:
                done, total = next(making)
            except StopIteration as end:
                return end.value
            yield InversionStep(done, total, "samples", self._ws(v), 0.0, 0.0, self.generator)

    def _starts(self, samples: SampleBank) -> Tensor:
        """Candidates (B, 1, w_dim), in standard deviations."""
        nearest = samples.nearest(self.image, self.weight, max(0, self.options.starts - 2))
        known = torch.cat((samples.estimate(self.image, self.weight), nearest))
        v = (known.to(self.mean) - self.mean) @ self.inverse
        if self.options.starts > 1:
            v = torch.cat((v[:1], torch.zeros_like(v[:1]), v[1:]))
        return v[:, None]

    def _fit(self, stage: str, v: Tensor, steps: int) -> Steps[InversionStep, None, Tensor]:
        """Adam with a short warm-up and a cosine, on (B, 1 or num_ws, w_dim)."""
        v = v.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([v], betas=(0.9, 0.99))
        for i in range(steps):
            optimiser.param_groups[0]["lr"] = self._lr(stage, i, steps)
            with torch.enable_grad():
                picture = self.generator.render(self._ws(v))
                loss = pyramid_loss(picture, self.image, self.weight)
                (gradient,) = torch.autograd.grad((loss + self._penalty(v)).sum(), [v])
            yield self._step(stage, v, picture, loss)
            v.grad = gradient
            optimiser.step()
        return v.detach()

    def _lr(self, stage: str, i: int, steps: int) -> float:
        full = self.options.lr * (0.5 if stage == "w+" else 1)
        if stage == "starts":
            return full
        cosine = 0.1 + 0.9 * (0.5 + 0.5 * math.cos(math.pi * i / steps))
        return full * cosine * min(1.0, (i + 1) / (0.1 * steps))

    def _penalty(self, v: Tensor) -> Tensor:
        shared = v.mean(1, keepdim=True)
        own = (v - shared).square().mean((1, 2))
        return self.options.prior * shared.square().mean((1, 2)) + self.options.offsets * own

    def _ws(self, v: Tensor) -> Tensor:
        """(B, 1 or num_ws, w_dim) standard deviations -> latents (B, num_ws, w_dim)."""
        return (self.mean + v @ self.root).expand(-1, self.generator.num_ws, -1)

    def _loss(self, v: Tensor) -> Tensor:
        with torch.no_grad():
            return pyramid_loss(self.generator.render(self._ws(v)), self.image, self.weight)

    def _step(self, stage: str, v: Tensor, picture: Tensor, loss: Tensor) -> InversionStep:
        """What is known before the update; of several candidates, the best."""
        self.index += 1
        loss = loss.detach()
        best = int(loss.argmin())
        ws = self._ws(v.detach()[best : best + 1]).clone()
        quality = psnr(picture.detach()[best : best + 1], self.image, self.weight)
        return InversionStep(
            self.index, self.total, stage, ws, float(loss[best]), float(quality), self.generator
        )


def _checked(generator: Generator, image: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    size = (generator.height, generator.width)
    if image.shape != (1, 3, *size):
        raise BadInput(
            f"The model makes pictures of {size[1]} x {size[0]} pixels, not {tuple(image.shape)}.",
            hint="Bring the picture to the model's size first (viewing.view does).",
        )
    if weight is None:
        weight = torch.ones(1, 1, *size)
    if weight.shape != (1, 1, *size):
        raise BadInput(f"A weight of shape {tuple(weight.shape)} does not fit the picture.")
    if float(weight.mean()) < SEEN:
        raise BadPicture(
            "There is next to nothing to see in the picture.",
            hint="Choose a part that is not transparent.",
        )
    place, kind = generator.device, generator.dtype
    return image.to(place, kind), weight.to(place, kind)
