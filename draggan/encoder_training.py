"""Teaching an encoder on pictures of its own generator: lessons, what counts, and the steps; torch.

Errors count by what they do to the picture: e' M e with M = E[J' J], J the derivative of the
generator's small pictures by v, estimated once. That is the picture loss to second order, without
a render in any step.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .disguises import disguised
from .encoder import COARSE, FOLD, SIDE, EncoderNetwork, average_picture, differences, reduced, show
from .generator import Generator
from .precision import fast_precision
from .training.muon import Muon

BATCH = 32
REGRESSED = 8192  # lessons of the linear part
NOISE = 0.1  # variance that the correction expects in a coarse pixel, in [-1, 1] units
RIDGE = 0.003  # of the mean square of what it reads
LR, SCALE = 0.02, 0.2  # of Muon, in sizes of a weight; of Adam, as a share of that
WARM_UP = 50  # steps
AVERAGE = 0.995  # decay of the moving average that is kept in the end
PLAIN_ERROR = 0.1  # what all directions of v share of the loss; the rest is M's
CURVED = (0.0, 0.2, 0.8)  # shares of samples: pulled to another up to .2, to the mean beyond .8


@dataclass(frozen=True)
class Lessons:
    """Samples of a generator: where they lie and what they look like."""

    v: Tensor  # (N, w_dim), standard deviations
    pictures: Tensor  # (N, 3, SIDE, SIDE), uint8

    def __len__(self) -> int:
        return len(self.v)


def joined(parts: Sequence[Lessons]) -> Lessons:
    return Lessons(torch.cat([p.v for p in parts]), torch.cat([p.pictures for p in parts]))


@torch.no_grad()
def draw_lessons(generator: Generator, count: int, random: torch.Generator) -> Lessons:
    """Samples, some of them truncated, some on the way to another sample."""
    prior = generator.prior()
    z = torch.randn(2 * count, generator.z_dim, generator=random)
    label = None
    if generator.label_dim:
        label = int(torch.randint(generator.label_dim, (1,), generator=random))
    ends, others = generator.from_z(z, label=label)[:, 0].split(count)
    kind, share = torch.rand((2, count, 1), generator=random).to(ends)
    w = torch.where(kind < CURVED[1], torch.lerp(ends, others, share / 2), ends)
    w = torch.where(kind > CURVED[2], torch.lerp(prior.mean, w, 0.5 + share / 2), w)
    pictures = ((reduced(show(generator, w)) + 1) * 127.5).round().byte().cpu()
    return Lessons(((w - prior.mean) @ prior.roots()[1]).float().cpu(), pictures)


def draw_metric(generator: Generator, count: int, random: torch.Generator) -> Iterator[Tensor]:
    """What counts, (w_dim, w_dim), better and better: from `count` samples in the end.

    M over its mean diagonal, and a little of every direction.
    """
    prior = generator.prior()
    root, inverse = prior.roots()
    precision = fast_precision(generator.device)
    total = torch.zeros(generator.w_dim, generator.w_dim)
    while count > 0:
        z = torch.randn(min(count, 8), generator.z_dim, generator=random)
        v = (generator.from_z(z)[:, 0] - prior.mean) @ inverse
        with torch.enable_grad():
            v.requires_grad_(True)
            ws = (prior.mean + v @ root)[:, None].expand(-1, generator.num_ws, -1)
            picture = generator.render(ws, precision=precision).float()
            # A random mixture of all pixels: its gradients g have E[g g'] = J' J.
            seen = [F.interpolate(picture, (s, s), mode="area") / s for s in (32, 16, 8)]
            parts = [(p * torch.randn(p.shape, generator=random).to(p)).sum() for p in seen]
            (gradient,) = torch.autograd.grad(torch.stack(parts).sum(), [v])
        gradient = gradient.float().cpu()
        total += gradient.t() @ gradient
        count -= len(z)
        metric = total / total.diagonal().mean().clamp_min(1e-12)
        yield (1 - PLAIN_ERROR) * metric + PLAIN_ERROR * torch.eye(generator.w_dim)


class Teaching:
    """A network in training: weights, their moving average, momenta, steps."""

    def __init__(self, generator: Generator, metric: Tensor, *, seed: int = 0) -> None:
        self.generator = generator
        self.random = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = EncoderNetwork(generator.w_dim)
        self.network.average.copy_(average_picture(generator))
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.metric = metric
        self.muon, self.adam = _optimisers(self.network)
        self.steps, self.loss = 0, float("nan")
        side = len(self.network.linear)
        self._gram, self._moments = torch.zeros(side, side), torch.zeros(side, generator.w_dim)
        self._since = 0  # steps in this run: the momenta warm up

    @torch.no_grad()
    def read(self, lessons: Lessons) -> None:
        """Take one batch into the sums of the linear part's regression."""
        seen, known, wanted = self._lesson(lessons)
        x = differences(seen, known, self.network.average, FOLD)
        self._gram += x.t() @ x
        self._moments += x.t() @ wanted

    @torch.no_grad()
    def solve(self, lessons: Lessons) -> None:
        """Solve the linear part from all batches that were read; the network goes on from there.

        And what corrects its answers, from the lessons as they are.
        """
        ridge = RIDGE * self._gram.diagonal().mean() * torch.eye(len(self._gram)) + 1e-6
        solved = torch.linalg.solve((self._gram + ridge).double(), self._moments.double())
        plain = _plain(lessons, self.network.average)
        for network in (self.network, self.average):
            network.linear.copy_(solved)
            network.plain.copy_(plain)

    def _lesson(self, lessons: Lessons) -> tuple[Tensor, Tensor, Tensor]:
        """Disguised pictures, what is known of them, and their v."""
        chosen = torch.randint(len(lessons), (2, BATCH), generator=self.random)
        pictures, backdrops = (lessons.pictures[i].float() / 127.5 - 1 for i in chosen)
        seen, known = disguised(pictures, backdrops, self.random)
        return seen, known, lessons.v[chosen[0]]

    def step(self, lessons: Lessons, *, rate: float) -> None:
        """One batch, with the learning rate at `rate` in (0, 1] of its full size."""
        seen, known, wanted = self._lesson(lessons)
        with torch.enable_grad(), _autocast():
            error = self.network(seen, known).float() - wanted
        with torch.enable_grad():
            # The root keeps hopeless disguises from outweighing the rest.
            each = ((error @ self.metric) * error).mean(1).add(1e-3).sqrt()
            each.mean().backward()
        rate *= min(1.0, (self._since + 1) / WARM_UP)
        for optimiser, full in ((self.muon, LR), (self.adam, LR * SCALE)):
            for group in optimiser.param_groups:
                group["lr"] = full * rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        decay = min(AVERAGE, (1 + self.steps) / (10 + self.steps))
        pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
        for kept, learnt in pairs:
            kept.lerp_(learnt.detach(), 1 - decay)
        self.steps, self._since = self.steps + 1, self._since + 1
        now = float(each.detach().mean())
        self.loss = now if self.steps == 1 or math.isnan(self.loss) else self._smoothed(now)

    def _smoothed(self, loss: float) -> float:
        return self.loss + 0.02 * (loss - self.loss)


def _plain(lessons: Lessons, average: Tensor) -> Tensor:
    """The ridge regression of v by coarse, undisguised pictures, (numbers, w_dim)."""
    known = torch.ones(1, 1, SIDE, SIDE)
    parts = [
        differences(p.float() / 127.5 - 1, known, average, COARSE)
        for p in lessons.pictures.split(256)
    ]
    x = torch.cat(parts).double()
    gram = x.t() @ x + NOISE * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    return torch.linalg.solve(gram, x.t() @ lessons.v.double()).float()


def _autocast() -> AbstractContextManager[object]:
    kind = fast_precision(torch.device("cpu"))
    return nullcontext() if kind is None else torch.autocast("cpu", dtype=kind)


def _optimisers(network: nn.Module) -> tuple[Muon, torch.optim.Adam]:
    groups = [
        # Sizes of a weight: what its own fan-in asks for.
        {"params": [p], "scale": float(p[0].numel()) ** -0.5}
        for p in network.parameters()
        if p.ndim >= 2
    ]
    small = [p for p in network.parameters() if p.ndim < 2]
    return Muon(groups), torch.optim.Adam(small, lr=LR * SCALE, betas=(0.9, 0.99))
