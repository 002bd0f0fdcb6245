"""Teaching the generator to draw what the renderer draws; torch, the generator and critters."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from draggan.precision import fast_precision
from draggan.stylegan2 import Architecture, StyleGAN2, channel_schedule

from .lessons import Lesson, draw_lesson, fast_renderer, mixed_ws
from .loss import regression_loss
from .muon import Muon
from .recipe import Recipe, Stage

AVERAGE = 0.999  # decay of the moving average of the weights that is kept in the end
WARM_UP = 100  # steps over which the learning rate rises


@dataclass(frozen=True)
class Progress:
    """Where a run is: for the progress line and for checkpoints."""

    stage: int
    seconds: float  # of training in this stage
    images: int  # in the whole run
    loss: float  # running mean
    done: bool = False


class Regression:
    """A generator in training: weights, their moving average, optimiser, and where it stands."""

    def __init__(self, recipe: Recipe, *, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.random = torch.Generator().manual_seed(recipe.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            network = StyleGAN2(architecture_of(recipe))
        self.network = network.to(device)
        for weight in self.network.parameters():
            if weight.ndim == 4:  # the layout that convolutions on CPUs and tensor cores prefer
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.muon, self.adam = _optimisers(self.network, recipe.stages[0].lr)
        self.progress = Progress(stage=0, seconds=0.0, images=0, loss=math.nan)
        self.steps = 0

    def run(self) -> Iterator[Progress]:
        """Train through the stages that are left; one Progress a step. Leaving it is stopping."""
        for index in range(self.progress.stage, len(self.recipe.stages)):
            stage = self.recipe.stages[index]
            before = self.progress.seconds if index == self.progress.stage else 0.0
            yield from self._stage(index, stage, before)
        self.progress = Progress(
            len(self.recipe.stages), 0.0, self.progress.images, self.progress.loss, done=True
        )
        yield self.progress

    def _stage(self, index: int, stage: Stage, before: float) -> Iterator[Progress]:
        renderer = fast_renderer(stage.resolution, stage.minutes - before / 60)
        started, step = time.monotonic(), 0
        last = index == len(self.recipe.stages) - 1
        while (seconds := before + time.monotonic() - started) < stage.minutes * 60:
            step += 1
            share = seconds / (stage.minutes * 60)
            self._set_lr(stage.lr * min(1, step / WARM_UP) * (_cosine(share) if last else 1.0))
            lesson = draw_lesson(
                stage.batch,
                stage.resolution,
                z_dim=self.recipe.z_dim,
                mixing=self.recipe.style_mixing,
                generator=self.random,
                device=self.device,
                renderer=renderer,
            )
            loss = self.learn(lesson)
            images = self.progress.images + stage.batch
            mean = (
                loss if math.isnan(self.progress.loss) else 0.98 * self.progress.loss + 0.02 * loss
            )
            self.progress = Progress(index, seconds, images, mean)
            yield self.progress

    def learn(self, lesson: Lesson) -> float:
        """One step on one lesson; returns its loss."""
        image, w = draw(self.network, lesson)
        loss = regression_loss(image, lesson.scene)
        for optimiser in (self.muon, self.adam):
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.muon.step()
        self.adam.step()
        self.follow(w.detach())
        return float(loss.detach())

    @torch.no_grad()
    def follow(self, w: Tensor) -> None:
        """Move the average of w and the average of the weights along."""
        self.steps += 1
        self.network.mapping.w_avg.lerp_(w.mean(0), 0.005)
        self.average.mapping.w_avg.copy_(self.network.mapping.w_avg)
        decay = min(AVERAGE, self.steps / (self.steps + 20))
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.network.parameters()), 1 - decay
        )

    def _set_lr(self, lr: float) -> None:
        for group in (*self.muon.param_groups, *self.adam.param_groups):
            group["lr"] = lr


def architecture_of(recipe: Recipe) -> Architecture:
    return Architecture(
        channels=channel_schedule(
            recipe.resolution, channel_base=recipe.channel_base, channel_max=recipe.channel_max
        ),
        z_dim=recipe.z_dim,
        w_dim=recipe.w_dim,
        mapping_layers=recipe.mapping_layers,
        mapping_lr=recipe.mapping_lr,
        use_noise=False,  # nothing in a critter is random, and noise disturbs tracking
    )


def draw(network: StyleGAN2, lesson: Lesson) -> tuple[Tensor, Tensor]:
    """The network's pictures (B, 3, R, R) of a lesson, at its resolution, and w (B, w_dim)."""
    w = network.mapping.to_w(torch.cat((lesson.z_shape, lesson.z_colour)))
    w_shape, w_colour = w.chunk(2)
    ws = mixed_ws(w_shape, w_colour, network.architecture.num_ws)
    resolution = lesson.scene.image.shape[-1]
    outputs = network.synthesis.features(ws, resolution, precision=fast_precision(ws.device))
    image = network.synthesis.picture(outputs, ws)
    assert image is not None  # the skip architecture has a picture at every block
    return image, w_shape


def _optimisers(network: nn.Module, lr: float) -> tuple[Muon, torch.optim.Adam]:
    """Muon for matrices and convolutions; Adam for the rest: biases, the constant, toRGB."""
    matrices: list[nn.Parameter] = []
    mapping: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        plain = parameter.ndim < 2 or name.endswith("const") or name.endswith("torgb.weight")
        (others if plain else mapping if "mapping" in name else matrices).append(parameter)
    groups: list[dict[str, object]] = [
        {"params": matrices, "lr": lr, "scale": 1.0},
        {"params": mapping, "lr": lr, "scale": 2.0},
    ]
    return Muon(groups), torch.optim.Adam(others, lr=lr, betas=(0.9, 0.99))


def _cosine(share: float) -> float:
    """From 1 down to 0.02."""
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(share, 1)))
