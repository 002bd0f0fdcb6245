"""Where in a picture the model should look: a similarity found together with the latent; torch.

A model knows its subject in one size, place and pose. Four numbers, a shift, a size and an angle,
move the frame in which it sees the picture; they are found on small pictures, by gradient, from
the best of a few guesses. The frame may not wander: staying costs nothing, and what is lost
outside of the picture counts against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .frame import Frame
from .losses import pyramid_loss
from .viewing import View

# The numbers: shift right and down as a share of the model's sides, log of the size, angle.
FARTHEST = (0.2, 0.2, math.log(1.5), math.radians(35.0))
USUAL = (0.1, 0.1, 0.25, math.radians(15.0))  # that far costs PRICE
PRICE = 0.004
MARGIN = 2  # the surroundings are that many times as wide as the model's picture
FINER = 2  # and that many times as fine

GUESSES = (
    (0.0, 0.0, 0.0, 0.0),
    *((0.0, 0.0, 0.0, sign * math.radians(22.0)) for sign in (-1, 1)),
    *((0.0, 0.0, size, 0.0) for size in (-0.3, 0.3)),
    *((0.12 * x, 0.12 * y, 0.0, 0.0) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))),
)

MORE_GUESSES = (  # for who has the time
    *GUESSES,
    *((0.0, 0.0, size, sign * math.radians(22.0)) for size in (-0.3, 0.3) for sign in (-1, 1)),
    *((0.12 * x, 0.12 * y, 0.0, 0.0) for x in (-1, 1) for y in (-1, 1)),
)


@dataclass(frozen=True)
class Surroundings:
    """A picture that can be looked at through any frame."""

    frame: Frame
    look: Callable[[Frame], View]

    def placed(self, numbers: Tensor) -> Frame:
        """The frame moved by `numbers` (4,)."""
        x, y, size, angle = numbers.tolist()
        frame = self.frame
        width, height = frame.model
        middle = torch.tensor([(0.5 + x) * width, (0.5 + y) * height], dtype=torch.float64)
        cx, cy = frame.to_picture(middle).tolist()
        scale = frame.scale * math.exp(size)
        return Frame(frame.picture, frame.model, (cx, cy), scale, frame.angle + angle)


class Alignment:
    """The surroundings in one small size, seen through moved frames; differentiable."""

    def __init__(self, surroundings: Surroundings, size: tuple[int, int], like: Tensor) -> None:
        """`size` (width, height) of what is seen; `like` says where and in which type."""
        frame, self.size = surroundings.frame, size
        wide = size[0] * MARGIN * FINER, size[1] * MARGIN * FINER
        scale = frame.scale * frame.model[0] / (size[0] * FINER)
        seen = surroundings.look(Frame(frame.picture, wide, frame.centre, scale, frame.angle))
        weight = seen.weight.to(like)
        self.wide = torch.cat((seen.image.to(like) * weight, weight), 1)  # (1, 4, h, w)
        width, height = (side * FINER for side in size)
        y, x = torch.meshgrid(_centres(height), _centres(width), indexing="ij")
        self.x, self.y = (c.to(like) for c in (x, y))  # shares of the model's sides
        self.aspect = size[0] / size[1]
        image, weight = self._looked(like.new_zeros(1, 4))
        self.mass, self.contrast = weight.mean(), _contrast(image, weight)

    def seen(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """`numbers` (B, 4) -> the pictures (B, 3, h, w) and weights (B, 1, h, w) seen so."""
        return self._looked(numbers)

    def cost(self, numbers: Tensor, weight: Tensor) -> Tensor:
        """What it costs to look there, (B,), beside the pictures' distance."""
        far = (numbers / numbers.new_tensor(USUAL)).square().sum(1)
        lost = (1 - weight.mean((1, 2, 3)) / self.mass.clamp_min(1e-6)).clamp_min(0)
        return PRICE * far + lost

    def fairness(self, images: Tensor, weights: Tensor) -> Tensor:
        """By what to multiply distances, (B,): a frame on something flat is easily explained."""
        return self.contrast / _contrast(images, weights).clamp_min(1e-6)

    def _looked(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        right, down, size, angle = (n[:, None, None] for n in numbers.unbind(1))
        cos, sin, grown = angle.cos(), angle.sin(), size.exp()
        x = right + grown * (cos * self.x - sin * self.y / self.aspect)
        y = down + grown * (sin * self.x * self.aspect + cos * self.y)
        grid = torch.stack((x, y), -1) * (2 / MARGIN)
        wide = self.wide.expand(len(numbers), -1, -1, -1)
        found = F.grid_sample(wide, grid, padding_mode="zeros", align_corners=False)
        found = F.avg_pool2d(found, FINER)
        weight = found[:, 3:]
        return found[:, :3] / weight.clamp_min(1e-6), weight


def bounded(numbers: Tensor) -> Tensor:
    """`numbers` (B, 4), no farther than allowed."""
    farthest = numbers.new_tensor(FARTHEST)
    return torch.minimum(torch.maximum(numbers, -farthest), farthest)


def _contrast(images: Tensor, weights: Tensor) -> Tensor:
    """What a picture of one colour would lack, (B,)."""
    mass = weights.sum((2, 3), keepdim=True).clamp_min(1e-6)
    mean = (images * weights).sum((2, 3), keepdim=True) / mass
    return pyramid_loss(mean.expand_as(images), images, weights)


def _centres(count: int) -> Tensor:
    return (torch.arange(count) + 0.5) / count - 0.5
