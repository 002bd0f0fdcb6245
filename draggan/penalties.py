"""Optional terms of a drag's loss that look at the picture itself, off by default; torch only.

They need a rendered picture in every step, so each costs several times a plain step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

PictureFeatures = Callable[[Tensor], list[Tensor]]  # (1, 3, H, W) in [-1, 1] -> feature maps


class PicturePenalty:
    """Keeps the picture, or features of it, near the picture at the start.

    `start` (1, 3, H, W) in [-1, 1]; `keep` (1, 1, H, W): weight of each pixel; `reconstruction`
    and `perceptual`: weights of the two terms; `perceptual_features`: what the second one compares,
    for example the discriminator's features or `draggan.vgg16.VGG16`.
    """

    def __init__(
        self,
        start: Tensor,
        keep: Tensor,
        *,
        reconstruction: float,
        perceptual: float,
        perceptual_features: PictureFeatures | None,
    ) -> None:
        self.start = start.detach()
        self.keep = keep
        self.reconstruction = reconstruction
        self.perceptual = perceptual if perceptual_features else 0.0
        self.features = perceptual_features
        with torch.no_grad():
            self.start_features = (
                [_unit(f) for f in perceptual_features(self.start)]
                if perceptual_features and perceptual
                else []
            )

    def loss(self, picture: Tensor) -> Tensor:
        """Weighted sum of the two terms for a picture (1, 3, H, W)."""
        change = (picture - self.start).abs() * self.keep
        total = self.reconstruction * change.mean()
        if self.features is not None and self.perceptual:
            now = [_unit(f) for f in self.features(picture)]
            terms = [
                (a - b).square().sum(1).mean()
                for a, b in zip(now, self.start_features, strict=True)
            ]
            total = total + self.perceptual * torch.stack(terms).mean()
        return total


def _unit(f: Tensor) -> Tensor:
    """Channels scaled to unit length at each position, as in LPIPS (arXiv 1801.03924, eq. 1)."""
    return f / f.square().sum(1, keepdim=True).add(1e-10).sqrt()
