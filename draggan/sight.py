"""What an inversion compares: the given picture in one size, and the model's in it; torch only.

Small pictures are true ones (`thumbnail.py`), or else the whole ones. What weighs nothing is not
compared. Which latent, in which frame, is the inversion's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .alignment import Alignment, Surroundings
from .generator import Generator
from .losses import feature_distance
from .penalties import PictureFeatures
from .precision import fast_precision
from .thumbnail import TRUE, Readout


@dataclass(frozen=True)
class Sight:
    """One size in which the model's pictures are compared with the given one."""

    show: Callable[[Tensor], Tensor]  # ws (B, num_ws, w_dim) -> (B, 3, h, w)
    image: Tensor  # (1, 3, h, w)
    weight: Tensor  # (1, 1, h, w)
    alignment: Alignment | None = None
    features: PictureFeatures | None = None
    maps: list[Tensor] | None = None  # features of `image`

    def target(self, numbers: Tensor | None) -> tuple[Tensor, Tensor]:
        """The given picture and its weight, through frames moved by `numbers` (B, 4), if any."""
        if numbers is None or self.alignment is None:
            return self.image, self.weight
        return self.alignment.seen(numbers)

    def features_apart(self, picture: Tensor, image: Tensor, weight: Tensor) -> Tensor | None:
        """How far the features of `picture` are from those of the target, (B,), if they count."""
        if self.features is None or self.maps is None:
            return None
        # What weighs nothing is the picture's own in both: features look around.
        seen = image + weight * (picture - image)
        return feature_distance(seen, self.maps, self.features)


def small_sight(
    generator: Generator,
    image: Tensor,
    weight: Tensor,
    *,
    readouts: Sequence[Readout],
    surroundings: Surroundings | None,
) -> Sight:
    """The smallest true pictures that the model can show; `readouts` ascend.

    `image` (1, 3, H, W) and `weight` (1, 1, H, W) are of the generator's size. With `surroundings`
    the frame can be moved.
    """
    readout = next((r for r in readouts if r.psnr >= TRUE), None)
    if readout is None:
        show = _whole(generator)
    else:
        show = _thumbnails(generator, readout)
        image, weight = _reduced(generator, readout, image, weight)
    alignment = None
    if surroundings is not None:
        size = image.shape[-1], image.shape[-2]
        alignment = Alignment(surroundings, size, image)
    return Sight(show, image, weight, alignment)


def whole_sight(
    generator: Generator, image: Tensor, weight: Tensor, features: PictureFeatures | None
) -> Sight:
    """The whole picture, whose `features` count where they are given; sizes as in `small_sight`."""
    with torch.no_grad():
        maps = None if features is None else features(image)
    return Sight(_whole(generator), image, weight, features=features, maps=maps)


def _whole(generator: Generator) -> Callable[[Tensor], Tensor]:
    precision = fast_precision(generator.device)
    return lambda ws: generator.render(ws, precision=precision)


def _thumbnails(generator: Generator, readout: Readout) -> Callable[[Tensor], Tensor]:
    precision = fast_precision(generator.device)
    return lambda ws: readout.picture(generator, ws, precision=precision)


def _reduced(
    generator: Generator, readout: Readout, image: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """The picture and its weight in the readout's size."""
    size = max(generator.width, generator.height) // readout.block
    mass = F.avg_pool2d(weight, size)
    return F.avg_pool2d(image * weight, size) / mass.clamp_min(1e-6), mass
