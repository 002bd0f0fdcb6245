"""How a drag moves the latent: which numbers the optimiser sees, and the bounds; torch only.

Three spaces. `w+`: the leading rows of W+ themselves, as in the paper. `w`: one offset shared by
those rows. `prior`: offsets in units of the mapping network's own covariance, one shared by all
rows and a weaker one for each; a step there is as long in every direction that pictures really
vary in, and learning rates mean the same for every checkpoint.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from .generator import Prior

Space = Literal["prior", "w+", "w"]


class LatentPath:
    """The latent as a function of what is optimised: `parameters` -> `ws()` (1, num_ws, w_dim).

    `start` (1, num_ws, w_dim); `rows`: how many leading rows may change; `local`: in the prior
    space, the weight of each row's own offset beside the shared one.
    """

    def __init__(
        self, start: Tensor, prior: Prior, *, rows: int, space: Space, local: float
    ) -> None:
        self.start = start.detach()
        self.prior = prior
        self.rows = rows
        self.space = space
        self.local = torch.tensor(local).to(start)  # a tensor: its changes reach recorded steps
        self.loosened = False
        shape = (1, rows, start.shape[-1])
        self.own = torch.zeros(shape if space != "w" else (1, 1, shape[-1])).to(start)
        self.shared = torch.zeros(1, 1, shape[-1]).to(start)
        self.root: Tensor | None = None
        self.inverse: Tensor | None = None
        if space == "prior":
            self.root, self.inverse = prior.roots()
        for parameter in self.parameters:
            parameter.requires_grad_(True)

    @property
    def parameters(self) -> list[Tensor]:
        """The leaves that an optimiser changes."""
        return [self.own, self.shared] if self.space == "prior" else [self.own]

    def ws(self) -> Tensor:
        """The latent now, differentiable in `parameters`."""
        offset = self.own
        if self.root is not None:
            offset = (self.shared + self.local * self.own) @ self.root
        moved = self.start[:, : self.rows] + offset  # (1, rows, w_dim)
        return torch.cat((moved, self.start[:, self.rows :]), 1)

    @torch.no_grad()
    def loosen(self) -> None:
        """Let each row of the prior space go its own way as freely as all of them together."""
        if self.space == "prior":
            self.own.mul_(self.local)
            self.keep_loose()

    def keep_loose(self) -> None:
        """Be as after `loosen` without changing the offsets: they are about to be set."""
        self.local.fill_(1)
        self.loosened = True

    @torch.no_grad()
    def bound(self, *, clip: float | None, ball: float | None) -> None:
        """Project back: `clip` keeps every number within that many standard deviations of the mean
        (or of where it started, if that was further out); `ball` keeps the rows' root mean square
        distance from the start below that many standard deviations."""
        if clip is None and ball is None:
            return
        offset = self.ws()[:, : self.rows] - self.start[:, : self.rows]
        std = self.prior.std.clamp_min(1e-6)
        if clip is not None:
            offset = _clip(self.start[:, : self.rows], offset, self.prior.mean, clip * std)
        if ball is not None:
            length = (offset / std).square().mean().sqrt()
            offset = offset * (ball / length.clamp_min(ball))
        self._set(offset)

    def _set(self, offset: Tensor) -> None:
        """Make `offset` (1, rows, w_dim) the present one."""
        if self.inverse is None:
            self.own.copy_(offset if self.space == "w+" else offset.mean(1, keepdim=True))
            return
        white = offset @ self.inverse
        self.shared.copy_(white.mean(1, keepdim=True))
        self.own.copy_((white - self.shared) / self.local.clamp_min(1e-6))


def _clip(start: Tensor, offset: Tensor, mean: Tensor, reach: Tensor) -> Tensor:
    low = torch.minimum(mean - reach, start)
    high = torch.maximum(mean + reach, start)
    return (start + offset).clamp(low, high) - start
