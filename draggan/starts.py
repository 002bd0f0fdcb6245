"""First looks at a picture: latents from which to search for it; imports torch only.

A look is the encoder's, or a regression's where the model has none. Where a part of the picture is
of something else, one look at all of it is led astray; with that part covered it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .encoder import Encoder
from .samples import SampleBank

LEAST = 0.01  # share of a picture that must be left to be looked at


@dataclass(frozen=True)
class Looks:
    """Of one model; latents are single rows, (N, w_dim)."""

    samples: SampleBank
    encoder: Encoder | None

    def first(
        self, image: Tensor, weight: Tensor, *, nearest: int, covered: bool = False
    ) -> Tensor:
        """What one look says and the `nearest` samples; `covered`: all that looks at all of
        it and with one part covered say."""
        if covered:
            parts = [weight, *(weight * part for part in uncovered(image))]
            found = [self._look(image, part) for part in parts if float(part.mean()) >= LEAST]
        else:
            found = [self.one(image, weight)]
        if nearest:
            found.append(self.samples.nearest(image, weight, nearest).to(image))
        return torch.cat(found)

    def one(self, image: Tensor, weight: Tensor) -> Tensor:
        """The best guess, (1, w_dim), for `image` (1, 3, H, W) in [-1, 1] where it weighs."""
        return self._look(image, weight)[:1]

    def cheap(self, image: Tensor, weight: Tensor) -> Tensor:
        """A guess, (1, w_dim), that takes next to no time."""
        return self.samples.estimate(image, weight).to(image)

    def _look(self, image: Tensor, weight: Tensor) -> Tensor:
        if self.encoder is None:
            return self.cheap(image, weight)
        return self.encoder.starts(image, weight).to(image)


def uncovered(image: Tensor) -> Tensor:
    """What is left of a picture of which one part or another is covered, (N, 1, 1, H, W) of 0, 1.

    The parts are the thirds from top to bottom, the sides, the middle and all around it.
    """
    height, width = image.shape[-2:]
    y = ((torch.arange(height) + 0.5) / height)[:, None].expand(height, width)
    x = ((torch.arange(width) + 0.5) / width)[None].expand(height, width)
    far = ((x - 0.5).square() + (y - 0.5).square()).sqrt()
    thirds = (y > 1 / 3, (y < 1 / 3) | (y > 2 / 3), y < 2 / 3)
    left = (*thirds, x > 0.4, x < 0.6, far > 0.25, far < 0.38)
    return torch.stack(left)[:, None, None].to(image)
