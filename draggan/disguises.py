"""Pictures of a generator made to look like other people's: what an encoder learns to see through.

Torch only. Only what is seen changes, never the latent that is to be found: other colours, blur,
noise, coarse compression, another background, spots and bars in front, parts that are not known, a
view that is shifted, turned or larger.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

PLAIN = 0.2  # share of the pictures that stay as they are
SHIFT, TURN, ZOOM = 0.08, 0.10, 0.08  # half widths, radians, share: the most that a view differs


def disguised(
    pictures: Tensor, backdrops: Tensor, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) in [-1, 1] as they might look elsewhere, and their weight (B, 1, S, S).

    `backdrops` (B, 3, S, S): what may stand behind or in front of them.
    """
    dice = _Dice(len(pictures), random)
    x = _viewed(pictures, dice)
    junk = _junk(backdrops, dice)
    x = torch.lerp(x, junk, _behind(x, dice))
    x = torch.lerp(x, junk.flip(0), _blobs(x, dice.chance(0.3), dice, low=0.08, high=0.3))
    for _ in range(2):
        x = torch.lerp(x, dice.uniform(-1, 1, 3, 1, 1), _bars(x, dice.chance(0.25), dice))
    x = _softened(_tinted(x, dice), dice)
    x = x + torch.randn(x.shape, generator=random) * (dice.chance(0.5) * dice.uniform(0, 0.12))
    plain = dice.chance(PLAIN)
    x = torch.lerp(x, pictures, plain).clamp(-1, 1)
    weight = 1 - _unknown(x, dice) * (1 - plain)
    return torch.where(weight > 0, x, torch.zeros_like(x)), weight


class _Dice:
    """Random numbers for each picture of a batch, (B, 1, 1, 1)."""

    def __init__(self, count: int, random: torch.Generator) -> None:
        self.count, self.random = count, random

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        size = (self.count, *(shape or (1, 1, 1)))
        return low + (high - low) * torch.rand(size, generator=self.random)

    def chance(self, share: float) -> Tensor:
        """1 for about that share of the pictures, 0 for the others."""
        return (self.uniform(0, 1) < share).float()

    def smooth(self, channels: int, cells: int, side: int) -> Tensor:
        """Noise that varies over `cells` cells, (B, channels, side, side), about normal."""
        coarse = torch.randn((self.count, channels, cells, cells), generator=self.random)
        return F.interpolate(coarse, (side, side), mode="bilinear", align_corners=False)


def _viewed(x: Tensor, dice: _Dice) -> Tensor:
    """Shifted, turned and scaled a little; beyond its border a picture goes on as it ended."""
    on = dice.chance(0.4).view(-1)
    angle = dice.uniform(-TURN, TURN).view(-1) * on
    scale = 1 + dice.uniform(-ZOOM, ZOOM).view(-1) * on
    shift = dice.uniform(-SHIFT, SHIFT, 2) * on[:, None]
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = torch.stack((cos, -sin, shift[:, 0], sin, cos, shift[:, 1]), -1).view(-1, 2, 3)
    grid = F.affine_grid(rows, list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return torch.where(on.view(-1, 1, 1, 1) > 0, moved, x)


def _junk(backdrops: Tensor, dice: _Dice) -> Tensor:
    """Flat colours, soft clouds, and parts of other pictures."""
    side = backdrops.shape[-1]
    flat = dice.uniform(-1, 1, 3, 1, 1)
    clouds = flat + dice.smooth(3, 4, side) * dice.uniform(0, 0.6)
    rough = clouds + dice.smooth(3, 16, side) * dice.uniform(0, 0.5)
    kind = dice.uniform(0, 1)
    turned = backdrops.roll((side // 2, side // 2), (-2, -1))
    x = torch.where(kind < 0.2, flat, torch.where(kind < 0.5, clouds, rough))
    return torch.where(kind > 0.75, turned, x).clamp(-1, 1)


def _behind(x: Tensor, dice: _Dice) -> Tensor:
    """The share (B, 1, S, S) of another background: where the picture looks as at its border.

    Or, where that says nothing, outside of a blob about the middle.
    """
    by_colour = _like_the_border(x, dice)
    covered = by_colour.mean((1, 2, 3), keepdim=True)
    sensible = ((covered > 0.08) & (covered < 0.9)).float()
    side = x.shape[-1]
    line = (torch.arange(side) + 0.5) * (2 / side) - 1
    distance = (line[:, None].square() + line[None].square()).sqrt()
    wavy = distance + 0.15 * dice.smooth(1, 4, side)
    outside = ((wavy - dice.uniform(0.75, 1.1)) * dice.uniform(4, 30) + 0.5).clamp(0, 1)
    shape = torch.lerp(outside, by_colour, dice.chance(0.8) * sensible)
    return shape * dice.chance(0.55) * dice.uniform(0.6, 1.6).clamp_max(1)


def _like_the_border(x: Tensor, dice: _Dice) -> Tensor:
    """How well a plane of colour through the border's pixels explains each pixel, (B, 1, S, S)."""
    side = x.shape[-1]
    line = (torch.arange(side) + 0.5) * (2 / side) - 1
    plane = torch.stack((torch.ones(side, side), *torch.meshgrid(line, line, indexing="ij")), -1)
    at_border = torch.zeros(side, side, dtype=torch.bool)
    at_border[: side // 2, [0, 1, -2, -1]] = True  # below, a subject often leaves the picture
    at_border[:2] = True
    solved = torch.linalg.pinv(plane[at_border]) @ x[..., at_border].transpose(1, 2)
    expected = (plane @ solved[:, None]).permute(0, 3, 1, 2)
    difference = (x - expected).abs().amax(1, keepdim=True)
    return ((dice.uniform(0.12, 0.3) - difference) * 12 + 0.5).clamp(0, 1)


def _blobs(x: Tensor, on: Tensor, dice: _Dice, *, low: float, high: float) -> Tensor:
    """A wavy spot somewhere in the picture, (B, 1, S, S), of a radius in half widths."""
    side = x.shape[-1]
    line = (torch.arange(side) + 0.5) * (2 / side) - 1
    across, down = dice.uniform(-0.9, 0.9), dice.uniform(-0.9, 0.9)
    stretch = dice.uniform(-0.5, 0.5).exp()
    distance = (((line - across) * stretch).square() + (line[:, None] - down).square()).sqrt()
    wavy = distance * (1 + 0.25 * dice.smooth(1, 5, side))
    return on * ((dice.uniform(low, high) - wavy) * dice.uniform(6, 30) + 0.5).clamp(0, 1)


def _bars(x: Tensor, on: Tensor, dice: _Dice) -> Tensor:
    """A straight bar somewhere in the picture, short or through all of it, (B, 1, S, S)."""
    side = x.shape[-1]
    line = (torch.arange(side) + 0.5) * (2 / side) - 1
    across, down = line - dice.uniform(-0.8, 0.8), line[:, None] - dice.uniform(-0.8, 0.8)
    angle = dice.uniform(-math.pi, math.pi)
    along = (across * angle.cos() + down * angle.sin()).abs() - dice.uniform(0.1, 1.0)
    beside = (down * angle.cos() - across * angle.sin()).abs() - dice.uniform(0.03, 0.15)
    return on * (torch.maximum(along, beside) * (-side / 2) + 0.5).clamp(0, 1)


def _tinted(x: Tensor, dice: _Dice) -> Tensor:
    """Another exposure, white balance and contrast, and darker corners."""
    on = dice.chance(0.5)
    gain = dice.uniform(-0.12, 0.12, 3, 1, 1) + dice.uniform(-0.15, 0.15)
    x = x * (1 + gain * on) + dice.uniform(-0.08, 0.08, 3, 1, 1) * on
    line = (torch.arange(x.shape[-1]) + 0.5) * (2 / x.shape[-1]) - 1
    corners = (line.square()[:, None] + line.square()) * dice.uniform(0, 0.3) * dice.chance(0.4)
    return (x + 1) * (1 - corners) - 1


def _softened(x: Tensor, dice: _Dice) -> Tensor:
    """Blurred, sharpened, or coarse in colour as JPEG files are."""
    soft = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    x = torch.lerp(x, soft, dice.chance(0.4) * dice.uniform(-0.5, 1.0))
    grey = x.mean(1, keepdim=True)
    coarse = F.interpolate(F.avg_pool2d(x - grey, 4), scale_factor=4.0, mode="nearest") + grey
    return torch.lerp(x, coarse, dice.chance(0.2))


def _unknown(x: Tensor, dice: _Dice) -> Tensor:
    """What is transparent or beyond the document: a half plane or a spot, (B, 1, S, S) of 0, 1."""
    side = x.shape[-1]
    line = (torch.arange(side) + 0.5) * (2 / side) - 1
    angle = dice.uniform(-math.pi, math.pi)
    along = line * angle.cos() + line[:, None] * angle.sin()
    beyond = (along > dice.uniform(0.3, 1.0)).float() * dice.chance(0.15)
    spot = _blobs(x, dice.chance(0.12), dice, low=0.2, high=0.6)
    return torch.maximum(beyond, (spot > 0.5).float())
