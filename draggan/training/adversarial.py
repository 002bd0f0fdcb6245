"""The adversarial finish: sharper pictures, while the regression loss keeps everything in place.

Non-saturating logistic loss with lazy R1 on the renderer's pictures (Karras et al. 2020, section
3.2 and appendix B). Pure regression leaves fine lines soft; a discriminator sees that. Its weight
stays small, and whoever runs it compares drags before and after. Imports torch and the networks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from draggan.discriminator import Discriminator, DiscriminatorArchitecture

from .lessons import draw_lesson
from .loss import regression_loss
from .regression import Regression, draw

R1_EVERY = 16  # steps
R1_GAMMA = 2e-4  # times R^2 / batch, the published rule of thumb
REPORT_EVERY = 60.0  # seconds


def finish(run: Regression) -> Iterator[str]:
    """Train for the recipe's adversarial minutes; yields a line of figures every minute."""
    recipe = run.recipe
    if recipe.adversarial_minutes <= 0:
        return
    duel = _Duel(run)
    started = reported = time.monotonic()
    while time.monotonic() - started < recipe.adversarial_minutes * 60:
        duel.round()
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            yield duel.figures((reported - started) / 60)


class _Duel:
    """Generator against discriminator, one round at a time."""

    def __init__(self, run: Regression) -> None:
        self.run, recipe = run, run.recipe
        architecture = DiscriminatorArchitecture(run.network.architecture.channels)
        self.discriminator = Discriminator(architecture).to(run.device)
        lr = recipe.adversarial_lr
        self.critic = torch.optim.Adam(
            self.discriminator.parameters(), lr=lr * 5, betas=(0.0, 0.99)
        )
        self.drawer = torch.optim.Adam(run.network.parameters(), lr=lr, betas=(0.0, 0.99))
        self.rounds = 0
        self.gap = 0.0  # running mean of D(real) - D(fake)

    def round(self) -> None:
        lesson = draw_lesson(
            self.run.recipe.adversarial_batch,
            self.run.recipe.resolution,
            z_dim=self.run.recipe.z_dim,
            mixing=self.run.recipe.style_mixing,
            generator=self.run.random,
            device=self.run.device,
        )
        fake, w = draw(self.run.network, lesson)
        self._criticise(fake.detach(), lesson.scene.image)
        self.discriminator.requires_grad_(False)
        fooled = F.softplus(-self.discriminator(fake)).mean()
        loss = regression_loss(fake, lesson.scene) + self.run.recipe.adversarial_weight * fooled
        _descend(self.drawer, loss)
        self.discriminator.requires_grad_(True)
        self.run.follow(w.detach())
        self.rounds += 1

    def _criticise(self, fake: Tensor, real: Tensor) -> None:
        lazy = self.rounds % R1_EVERY == 0
        real = real.detach().requires_grad_(lazy)
        said_real, said_fake = self.discriminator(real), self.discriminator(fake)
        loss = F.softplus(said_fake).mean() + F.softplus(-said_real).mean()
        if lazy:
            (slope,) = torch.autograd.grad(said_real.sum(), real, create_graph=True)
            gamma = R1_GAMMA * real.shape[-1] ** 2 / len(real)
            loss = loss + R1_EVERY * gamma / 2 * slope.square().sum((1, 2, 3)).mean()
        _descend(self.critic, loss)
        gap = float((said_real.mean() - said_fake.mean()).detach())
        self.gap = gap if not self.rounds else 0.98 * self.gap + 0.02 * gap

    def figures(self, minutes: float) -> str:
        return f"adversarial  {minutes:6.1f} min  {self.rounds} rounds  D gap {self.gap:.2f}"


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
